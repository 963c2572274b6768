package auth_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

func withAnonymous(o *auth.Options) { o.Anonymous = true }

// someone new, without an address.
func (b *bench) nobody(c auth.Client) (*auth.Session, error) {
	b.t.Helper()
	r, err := auth.ParseSignup([]byte(`{"data":{"cart":"c1"},"gotrue_meta_security":{}}`))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.Signup(b.t.Context(), r, c)
}

func (b *bench) anonymous() *auth.Session {
	b.t.Helper()
	s, err := b.nobody(auth.Client{ServiceKey: true})
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func TestAnonymousUsers(t *testing.T) {
	b := setup(t, withAnonymous)
	if !b.Settings().External["anonymous_users"] {
		t.Error("settings do not offer it")
	}
	s := b.anonymous()
	u, token := s.User, claims(t, s.AccessToken)
	if !u.IsAnonymous || u.Email != "" || len(u.Identities) != 0 || string(u.AppMetadata) != `{"roles":[]}` || string(u.UserMetadata) != `{"cart":"c1"}` {
		t.Errorf("user: %s", asJSON(t, u))
	}
	if token["is_anonymous"] != true || token["aal"] != "aal1" || !strings.Contains(fmt.Sprint(token["amr"]), "anonymous") {
		t.Errorf("token: %v", token)
	}
	p := b.mustVerify(s.AccessToken)
	if !p.Anonymous || p.Kind != hutch.User || p.Provider != "anonymous" || p.EmailVerified || p.Email != "" {
		t.Errorf("principal: %+v", p)
	}
	next, err := b.refresh(s.RefreshToken)
	if err != nil || next.User.ID != u.ID || !next.User.IsAnonymous {
		t.Errorf("refreshed: %v", err)
	}
	if ordinary := b.signup("ann@shop.example"); ordinary.User.IsAnonymous || claims(t, ordinary.AccessToken)["is_anonymous"] != false {
		t.Error("who has an address is anonymous")
	}
	if _, err := b.signin("", "", here(1)); hutch.CodeOf(err) != hutch.ValidationFailed {
		t.Errorf("no address signs in: %v", err)
	}
}

// TestS87AnonymousSignUpsAreLimited: 10 an hour a network, and off by default
// and where accounts are by invitation.
func TestS87AnonymousSignUpsAreLimited(t *testing.T) {
	b := setup(t, withAnonymous)
	var ok atomic.Int32
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			switch _, err := b.nobody(here(1)); hutch.CodeOf(err) {
			case "":
				ok.Add(1)
			case hutch.OverRequestRateLimit:
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if ok.Load() != 10 {
		t.Errorf("%d of 30 in an hour, want 10", ok.Load())
	}
	if _, err := b.nobody(here(2)); err != nil {
		t.Errorf("another network: %v", err)
	}
	b.clock.add(2 * time.Hour)
	if _, err := b.nobody(here(1)); err != nil {
		t.Errorf("hours later: %v", err)
	}
	off := setup(t)
	_, err := off.nobody(here(1))
	wantCode(t, err, hutch.AnonymousDisabled)
	if off.Settings().External["anonymous_users"] || off.store.count("_users") != 0 {
		t.Error("anonymous users without the key in the config")
	}
	invited := setup(t, withAnonymous, func(o *auth.Options) { o.Signup = false })
	_, err = invited.nobody(here(1))
	wantCode(t, err, hutch.SignupDisabled)
	if invited.Settings().External["anonymous_users"] {
		t.Error("settings offer what sign-up refuses")
	}
}

// unusedFor lets time go by and sweeps.
func (b *bench) unusedFor(d time.Duration) {
	b.t.Helper()
	b.clock.add(d)
	if err := b.SweepWaiting(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
}

// TestS87UnusedAnonymousUsersAreDeleted: after 30 days without use, with what
// they have; one that is used or has become permanent stays.
func TestS87UnusedAnonymousUsersAreDeleted(t *testing.T) {
	b := setup(t, withAnonymous, func(o *auth.Options) { o.Lifetimes.Idle = 100 * 24 * time.Hour })
	idle, used := b.anonymous(), b.anonymous()
	ann := b.signup("ann@shop.example")
	b.unusedFor(29 * 24 * time.Hour)
	used, err := b.refresh(used.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	b.unusedFor(24*time.Hour - time.Minute)
	if n := b.store.count("_users"); n != 3 {
		t.Fatalf("%d users before the limit", n)
	}
	b.unusedFor(2 * time.Minute)
	if _, err = b.refresh(idle.RefreshToken); hutch.CodeOf(err) != hutch.RefreshTokenNotFound {
		t.Errorf("the idle one: %v", err)
	}
	if used, err = b.refresh(used.RefreshToken); err != nil {
		t.Errorf("the used one: %v", err)
	}
	if _, err = b.refresh(ann.RefreshToken); err != nil {
		t.Errorf("an ordinary one: %v", err)
	}
	if rows := b.auditOf("anonymous_users_swept"); len(rows) != 1 || rows[0].Lookup("detail").StringValue() != "1" {
		t.Errorf("audit: %v", rows)
	}
	b.unusedFor(30*24*time.Hour + time.Minute)
	if _, err = b.refresh(used.RefreshToken); hutch.CodeOf(err) != hutch.RefreshTokenNotFound || b.store.count("_users") != 1 || b.store.count("_sessions") != 1 {
		t.Errorf("the used one is not swept later: %v", err)
	}
}

// auditOf are the rows of an event.
func (b *bench) auditOf(event string) (rows []data.Doc) {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	for _, d := range b.store.docs["_audit"] {
		if d.Lookup("event").StringValue() == event {
			rows = append(rows, d)
		}
	}
	return rows
}
