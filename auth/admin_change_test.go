package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func TestAdminChanges(t *testing.T) {
	const other = "another long password"
	t.Run("a ban holds and is lifted", func(t *testing.T) {
		b := adminSetup(t)
		s := b.signup("ann@shop.example")
		b.mustVerify(s.AccessToken)
		if u := b.changed(s.User.ID, `{"ban_duration":"24h"}`); u.BannedUntil != "2026-03-02T12:00:00.000Z" {
			t.Errorf("banned until %s", u.BannedUntil)
		}
		wantCode(t, second(b.verify(s.AccessToken)), hutch.Unauthenticated)
		wantCode(t, second(b.refresh(s.RefreshToken)), hutch.UserBanned)
		wantCode(t, second(b.signin("ann@shop.example", password, here(1))), hutch.UserBanned)
		if u := b.changed(s.User.ID, `{"ban_duration":"none"}`); u.BannedUntil != "" {
			t.Errorf("banned until %s", u.BannedUntil)
		}
		b.mustVerify(s.AccessToken)
	})
	t.Run("metadata is merged, roles replaced", func(t *testing.T) {
		b := adminSetup(t)
		s := b.signup("ann@shop.example")
		b.mustVerify(s.AccessToken)
		b.changed(s.User.ID, `{"user_metadata":{"a":1,"b":2},"app_metadata":{"plan":"pro","org":7,"roles":["keeper"]}}`)
		u := b.changed(s.User.ID, `{"user_metadata":{"a":null,"c":{"d":[ 1 ]}},"app_metadata":{"org":null}}`)
		if string(u.UserMetadata) != `{"b":2,"c":{"d":[1]}}` || string(u.AppMetadata) != `{"plan":"pro","provider":"email","providers":["email"],"roles":["keeper"]}` {
			t.Errorf("user: %s", asJSON(t, u))
		}
		if p := b.mustVerify(s.AccessToken); strings.Join(p.Roles, " ") != "keeper" {
			t.Errorf("roles: %v", p.Roles)
		}
		b.changed(s.User.ID, `{"roles":[]}`)
		if p := b.mustVerify(s.AccessToken); len(p.Roles) != 0 {
			t.Errorf("roles: %v", p.Roles)
		}
	})
	t.Run("a password ends all sessions", func(t *testing.T) {
		b := adminSetup(t)
		s := b.signup("ann@shop.example")
		b.mustVerify(s.AccessToken)
		b.changed(s.User.ID, `{"password":"`+other+`"}`)
		wantCode(t, second(b.verify(s.AccessToken)), hutch.Unauthenticated)
		wantCode(t, second(b.refresh(s.RefreshToken)), hutch.RefreshTokenNotFound)
		wantCode(t, second(b.signin("ann@shop.example", password, here(1))), hutch.InvalidCredentials)
		if _, err := b.signin("ann@shop.example", other, here(1)); err != nil {
			t.Error(err)
		}
	})
	t.Run("an address moves, ends the sessions and is proven by nobody", func(t *testing.T) {
		b := adminSetup(t)
		u := b.add(`{"email":"ann@shop.example","password":"` + password + `","email_confirm":true}`)
		s := b.signinOK("ann@shop.example")
		u2 := b.changed(u.ID, `{"email":"New@shop.example"}`)
		if u2.Email != "New@shop.example" || u2.EmailConfirmedAt != "" || b.store.count("_identities") != 1 {
			t.Errorf("user: %s", asJSON(t, u2))
		}
		wantCode(t, second(b.verify(s.AccessToken)), hutch.Unauthenticated)
		wantCode(t, second(b.signin("ann@shop.example", password, here(1))), hutch.InvalidCredentials)
		s = b.signinOK("new@shop.example")
		if p := b.mustVerify(s.AccessToken); p.EmailVerified {
			t.Error("verified")
		}
		b.add(`{"email":"ann@shop.example"}`) // it is free again
		if u3 := b.changed(u.ID, `{"email":"NEW@shop.example"}`); u3.Email != "NEW@shop.example" {
			t.Errorf("email %s", u3.Email)
		}
		b.mustVerify(s.AccessToken) // the same address in other letters ends nothing
		if u4 := b.changed(u.ID, `{"email":"third@shop.example","email_confirm":true}`); u4.EmailConfirmedAt == "" {
			t.Error("not confirmed")
		}
		b.signinOK("third@shop.example")
	})
	t.Run("nothing changes nothing but the time", func(t *testing.T) {
		b := adminSetup(t)
		s := b.signup("ann@shop.example")
		b.changed(s.User.ID, `{}`)
		b.mustVerify(s.AccessToken)
	})
}

// TestS4AnAdminConfirms: the key vouches for the password of a sign-up, and for
// nothing else that came before the proof.
func TestS4AnAdminConfirms(t *testing.T) {
	b := adminSetup(t)
	s := b.signup("ann@shop.example")
	if u := b.changed(s.User.ID, `{"email_confirm":true}`); u.EmailConfirmedAt == "" {
		t.Fatal("not confirmed")
	}
	wantCode(t, second(b.verify(s.AccessToken)), hutch.Unauthenticated)
	s = b.signinOK("ann@shop.example")
	if p := b.mustVerify(s.AccessToken); !p.EmailVerified {
		t.Error("not verified")
	}
	b.changed(s.User.ID, `{"email_confirm":true}`) // again: nothing
	b.mustVerify(s.AccessToken)

	m := mailSetup(t)
	a := &adminBench{m.bench, bearer(m.keyOf("auth"))}
	m.signupAs(1, "bob@shop.example", password)
	m.signupAs(2, "bob@shop.example", "the password of another")
	page, err := a.Users(t.Context(), a.key, auth.UserQuery{Filter: "bob@shop.example"})
	if err != nil || len(page.Users) != 1 {
		t.Fatal(err)
	}
	a.changed(page.Users[0].ID, `{"email_confirm":true}`)
	for _, pw := range []string{password, "the password of another"} { // whose it was is not known
		wantCode(t, second(m.signIn(3, "bob@shop.example", pw)), hutch.InvalidCredentials)
	}
}

func TestS39AdminsChangesAreNotUndoneByOldLinks(t *testing.T) {
	m := mailSetup(t)
	a := &adminBench{m.bench, bearer(m.keyOf("auth"))}
	s := m.confirmed(1, "ann@shop.example")
	m.recover(1, "ann@shop.example")
	link := linkOf(t, m.mail(auth.MailRecover, "ann@shop.example"))
	a.changed(s.User.ID, `{"email":"new@shop.example","email_confirm":true}`)
	_, err := m.verify(1, auth.VerifyRequest{Type: "recovery", TokenHash: link.Token})
	wantCode(t, err, hutch.OTPExpired)
}

func TestAdminDeletes(t *testing.T) {
	b := adminSetup(t)
	s, bob := b.signup("ann@shop.example"), b.signup("bob@shop.example")
	b.signinOK("ann@shop.example")
	b.mustVerify(s.AccessToken)
	for body, want := range map[string]hutch.Code{
		`{"should_soft_delete":true}`: hutch.ValidationFailed, `{"should_soft_delete":1}`: hutch.ValidationFailed, `[]`: hutch.BadJSON,
	} {
		wantCode(t, b.RemoveUser(t.Context(), b.key, s.User.ID, []byte(body)), want)
	}
	if err := b.RemoveUser(t.Context(), b.key, s.User.ID, []byte(`{"should_soft_delete":false}`)); err != nil {
		t.Fatal(err)
	}
	wantCode(t, second(b.verify(s.AccessToken)), hutch.Unauthenticated)
	wantCode(t, second(b.refresh(s.RefreshToken)), hutch.RefreshTokenNotFound)
	wantCode(t, second(b.signin("ann@shop.example", password, here(1))), hutch.InvalidCredentials)
	if u, i, d := b.store.count("_users"), b.store.count("_identities"), b.store.count("_sessions"); u != 1 || i != 1 || d != 1 {
		t.Errorf("%d users, %d identities, %d sessions are left", u, i, d)
	}
	b.mustVerify(bob.AccessToken)
	again := b.signup("ann@shop.example") // the address is free
	if again.User.ID == s.User.ID {
		t.Error("the same id")
	}
	m := mailSetup(t)
	a := &adminBench{m.bench, bearer(m.keyOf("auth"))}
	cat := m.confirmed(1, "cat@shop.example")
	m.recover(1, "cat@shop.example")
	link := linkOf(t, m.mail(auth.MailRecover, "cat@shop.example"))
	if err := a.RemoveUser(t.Context(), a.key, cat.User.ID, nil); err != nil {
		t.Fatal(err)
	}
	_, err := m.verify(1, auth.VerifyRequest{Type: "recovery", TokenHash: link.Token})
	wantCode(t, err, hutch.OTPExpired)
	if n := m.store.count("_otps"); n != 0 {
		t.Errorf("%d one-time secrets are left", n)
	}
}

func TestAdminEndsSessions(t *testing.T) {
	b := adminSetup(t)
	s, bob := b.signup("ann@shop.example"), b.signup("bob@shop.example")
	b.clock.add(time.Second)
	b.signinOK("ann@shop.example")
	ds, err := b.SessionsOf(t.Context(), b.key, s.User.ID)
	if err != nil || len(ds) != 2 || ds[0].Current || ds[1].Current || ds[1].ID != sessionOf(t, s) {
		t.Fatalf("%+v, %v", ds, err)
	}
	if err := b.EndSessionsOf(t.Context(), b.key, s.User.ID); err != nil {
		t.Fatal(err)
	}
	wantCode(t, second(b.verify(s.AccessToken)), hutch.Unauthenticated)
	if ds, err := b.SessionsOf(t.Context(), b.key, s.User.ID); err != nil || len(ds) != 0 {
		t.Errorf("%+v, %v", ds, err)
	}
	b.mustVerify(bob.AccessToken)
	b.signinOK("ann@shop.example")
}

// TestS91AdminsLeaveRows: what a key does is in _audit, in its commit, without
// what was set.
func TestS91AdminsLeaveRows(t *testing.T) {
	b := adminSetup(t)
	s := b.signup("ann@shop.example")
	before := b.store.count("_audit")
	b.changed(s.User.ID, `{"password":"a password to be kept secret","ban_duration":"1h"}`)
	if err := b.EndSessionsOf(t.Context(), b.key, s.User.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.RemoveUser(t.Context(), b.key, s.User.ID, nil); err != nil {
		t.Fatal(err)
	}
	if n := b.store.count("_audit") - before; n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
	all := b.store.all()
	for _, want := range []string{"user_updated", "password,ban_duration", "sessions_ended", "user_deleted"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(all, "kept secret") {
		t.Error("a password is stored")
	}
}

func TestS33NodesSeeWhatAdminsDo(t *testing.T) {
	nodes := nodesOn(t, 2)
	a, b := nodes[0], nodes[1]
	key := bearer(a.keyOf("auth"))
	for name, do := range map[string]func(id string) error{
		"ban": func(id string) error {
			return second(a.EditUser(t.Context(), key, id, []byte(`{"ban_duration":"1h"}`)))
		},
		"password": func(id string) error {
			return second(a.EditUser(t.Context(), key, id, []byte(`{"password":"another long password"}`)))
		},
		"revoke": func(id string) error { return a.EndSessionsOf(t.Context(), key, id) },
		"delete": func(id string) error { return a.RemoveUser(t.Context(), key, id, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			s := b.signup(name + "@shop.example")
			until(t, func() bool {
				before := b.Remembered()
				b.mustVerify(s.AccessToken)
				return before > 0 && b.Remembered() == before
			})
			if err := do(s.User.ID); err != nil {
				t.Fatal(err)
			}
			until(t, refused(b, s.AccessToken))
		})
	}
}
