package auth_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hutch-dev/hutch"
)

// TestAsIsWhomAnImpersonationMakes: the same principal but for who acts and the
// session, which there is none of.
func TestAsIsWhomAnImpersonationMakes(t *testing.T) {
	b := adminSetup(t)
	op := hutch.Principal{Kind: hutch.Operator, UID: "op1"}.Sealed()
	ann, _ := b.withFactor("ann@shop.example")
	want := b.mustVerify(b.impersonated(ann.User.ID).AccessToken)
	got, err := b.As(t.Context(), op, ann.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Actor != "op1" || got.SessionID != "" {
		t.Errorf("%+v", got)
	}
	want.Actor, want.SessionID = got.Actor, ""
	if want = want.Sealed(); cmp.Diff(want, got) != "" {
		t.Error(cmp.Diff(want, got))
	}
	before := b.store.count("_sessions")
	if g, err := b.As(t.Context(), op, ""); err != nil || !g.IsGuest() {
		t.Errorf("%+v %v", g, err)
	}
	if n := b.store.count("_sessions"); n != before {
		t.Errorf("%d sessions were made", n-before)
	}
	for _, who := range []hutch.Principal{{}, {Kind: hutch.User, UID: "u"}, {Kind: hutch.Service, Scopes: []string{hutch.ScopeAuth}}} {
		_, err = b.As(t.Context(), who, ann.User.ID)
		wantCode(t, err, hutch.PermissionDenied)
	}
	_, err = b.As(t.Context(), op, "nobody")
	wantCode(t, err, hutch.UserNotFound)
	b.changed(ann.User.ID, `{"ban_duration":"1h"}`)
	_, err = b.As(t.Context(), op, ann.User.ID)
	wantCode(t, err, hutch.UserBanned)
}
