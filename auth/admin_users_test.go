package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func TestAdminEndsOneSession(t *testing.T) {
	b := adminSetup(t)
	ann := b.signup("ann@shop.example")
	b.clock.add(time.Second)
	other, err := b.signin("ann@shop.example", password, auth.Client{ServiceKey: true})
	if err != nil {
		t.Fatal(err)
	}
	eve := b.signup("eve@shop.example")
	list := func() []auth.Device {
		ds, err := b.SessionsOf(t.Context(), b.key, ann.User.ID)
		if err != nil {
			t.Fatal(err)
		}
		return ds
	}
	evil, err := b.SessionsOf(t.Context(), b.key, eve.User.ID)
	if err != nil || len(evil) != 1 || len(list()) != 2 {
		t.Fatal(err, len(evil), len(list()))
	}
	for _, id := range []string{"", "x", evil[0].ID} {
		wantCode(t, b.EndSessionOf(t.Context(), b.key, ann.User.ID, id), hutch.NotFound)
	}
	wantCode(t, b.EndSessionOf(t.Context(), b.key, "nobody", list()[0].ID), hutch.UserNotFound)
	wantCode(t, b.EndSessionOf(t.Context(), bearer(ann.AccessToken), ann.User.ID, list()[0].ID), hutch.NotAdmin)
	b.mustVerify(other.AccessToken)
	if err := b.EndSessionOf(t.Context(), b.key, ann.User.ID, list()[0].ID); err != nil { // the newest
		t.Fatal(err)
	}
	if _, err := b.verify(other.AccessToken); err == nil {
		t.Error("the session lives")
	}
	b.mustVerify(ann.AccessToken)
	b.mustVerify(eve.AccessToken)
	if rows := b.auditOf("session_ended"); len(rows) != 1 || len(b.auditOf("signed_out")) != 0 {
		t.Errorf("%d rows", len(rows))
	}
}

func TestAdminUnlinks(t *testing.T) {
	b, p := abroad(t)
	key := bearer(b.keyOf("auth"))
	p.who = someone("1", "", false)
	s := b.signup(theAddress)
	own := s.User.Identities[0].IdentityID
	wantCode(t, b.UnlinkOf(t.Context(), key, s.User.ID, own), hutch.SingleIdentity)
	s, err := b.signedLink(s)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, b.UnlinkOf(t.Context(), key, s.User.ID, ""), hutch.IdentityNotFound)
	wantCode(t, b.UnlinkOf(t.Context(), key, "nobody", own), hutch.UserNotFound)
	wantCode(t, b.UnlinkOf(t.Context(), bearer(s.AccessToken), s.User.ID, own), hutch.NotAdmin)
	if p, err := b.Users(t.Context(), key, auth.UserQuery{Provider: s.User.Identities[1].Provider}); err != nil || len(p.Users) != 1 {
		t.Errorf("%+v %v", p, err)
	}
	if err := b.UnlinkOf(t.Context(), key, s.User.ID, s.User.Identities[1].IdentityID); err != nil {
		t.Fatal(err)
	}
	if _, err := b.verify(s.AccessToken); err == nil {
		t.Error("a session of before lives")
	}
	if other, err := b.elsewhere(); err != nil || other.User.ID == s.User.ID {
		t.Errorf("the identity still signs in: %v", err)
	}
	if len(b.auditOf("identity_unlinked")) != 1 {
		t.Error("no row in _audit")
	}
}

func TestAdminFiltersUsers(t *testing.T) {
	b := adminSetup(t, withAnonymous)
	proven := b.add(`{"email":"ann@shop.example","email_confirm":true}`).ID
	b.clock.add(time.Second)
	unproven := b.add(`{"email":"bob@shop.example"}`).ID
	guest := b.anonymous().User.ID
	for name, c := range map[string]struct {
		q    auth.UserQuery
		want []string
	}{
		"proven":                 {auth.UserQuery{Confirmed: "true"}, []string{proven}},
		"not proven":             {auth.UserQuery{Confirmed: "false", Anonymous: "false"}, []string{unproven}},
		"guests":                 {auth.UserQuery{Anonymous: "true"}, []string{guest}},
		"by mail":                {auth.UserQuery{Provider: "email"}, []string{proven, unproven}},
		"elsewhere":              {auth.UserQuery{Provider: "google"}, nil},
		"an address, not proven": {auth.UserQuery{Filter: "ann@shop.example", Confirmed: "false"}, nil},
	} {
		p, err := b.Users(t.Context(), b.key, c.q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, u := range p.Users {
			got = append(got, u.ID)
		}
		if strings.Join(got, " ") != strings.Join(c.want, " ") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	for _, q := range []auth.UserQuery{{Confirmed: "1"}, {Anonymous: "yes"}, {Provider: strings.Repeat("x", 65)}} {
		wantCode(t, second(b.Users(t.Context(), b.key, q)), hutch.ValidationFailed)
	}
	if _, err := b.Users(t.Context(), b.key, auth.UserQuery{Provider: strings.Repeat("x", 64)}); err != nil {
		t.Error(err)
	}
}
