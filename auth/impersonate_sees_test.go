package auth_test

import (
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// TestS42AnImpersonatorSeesWhatTheUserSees: rules know the user, also where a
// second factor is asked of them, which is not said to be shown; a custom sign-in
// waits for it.
func TestS42AnImpersonatorSeesWhatTheUserSees(t *testing.T) {
	b := adminSetup(t)
	ann, f := b.withFactor("ann@shop.example")
	i := b.impersonated(ann.User.ID)
	p := b.mustVerify(i.AccessToken)
	if p.Kind != hutch.User || p.UID != ann.User.ID || p.AAL != "aal1" || p.Actor == "" {
		t.Errorf("%+v", p)
	}
	if err := b.StillValid(t.Context(), p); err != nil {
		t.Error(err)
	}
	_, err := f.challenge(&auth.Session{AccessToken: i.AccessToken})
	wantCode(t, err, hutch.InsufficientAAL)
	_, err = b.put(&auth.Session{AccessToken: i.AccessToken}, `{"data":{"a":1}}`, here(1))
	wantCode(t, err, hutch.InsufficientAAL)

	custom, err := b.signInFor(ann.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, b.bench, custom, hutch.Guest, "")
	raised, err := f.prove(custom, f.code(0))
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, b.bench, raised, hutch.User, "aal2")
}

// TestS42ImpersonationEndsWithItsKeysTime: whoever keeps a connection is told so.
func TestS42ImpersonationEndsWithItsKeysTime(t *testing.T) {
	b := adminSetup(t)
	ann := b.signup("ann@shop.example")
	key, k, err := b.CreateKey(t.Context(), "today", "auth", 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	b.key = bearer(key)
	token := b.impersonated(ann.User.ID).AccessToken
	_, end, err := b.Verify(t.Context(), token)
	if err != nil || !end.Equal(*k.ExpiresAt) {
		t.Errorf("%v %v, not %v", end, err, *k.ExpiresAt)
	}
	b.clock.add(5 * time.Minute)
	_, err = b.verify(token)
	wantCode(t, err, hutch.Unauthenticated)
}
