package auth_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func token(t testing.TB, m auth.Mail) auth.VerifyRequest {
	l := linkOf(t, m)
	return auth.VerifyRequest{Type: l.Type, TokenHash: l.Token}
}

// changed moves ann to new@shop.example and gives the session and the undo mail.
func (b *mailBench) changed(s *auth.Session) (*auth.Session, auth.Mail) {
	b.t.Helper()
	if _, err := b.put(1, s.AccessToken, `{"email":"new@shop.example"}`); err != nil {
		b.t.Fatal(err)
	}
	got := b.mails()
	if len(got) != 2 || got[0].To != "ann@shop.example" || got[1].To != "new@shop.example" || got[0].NewEmail != "new@shop.example" {
		b.t.Fatalf("mails: %+v", got)
	}
	half, err := b.verify(1, token(b.t, got[0]))
	if err != nil || half.AccessToken != "" || half.User.Email != "ann@shop.example" {
		b.t.Fatalf("the first of two: %+v %v", half, err)
	}
	full, err := b.verify(1, token(b.t, got[1]))
	if err != nil || full.User.Email != "new@shop.example" || full.AccessToken == "" {
		b.t.Fatalf("the second: %+v %v", full, err)
	}
	return full, b.mail(auth.MailChanged, "ann@shop.example")
}

func TestS39AChangeOfAddressIsConfirmedByBoth(t *testing.T) {
	b := mailSetup(t)
	s := b.confirmed(1, "ann@shop.example")
	other, err := b.signIn(1, "ann@shop.example", password)
	if err != nil {
		t.Fatal(err)
	}
	b.recover(1, "ann@shop.example")
	pending := b.mail(auth.MailRecover, "ann@shop.example")
	full, undo := b.changed(s)
	for name, old := range map[string]string{"the session that asked": s.AccessToken, "another": other.AccessToken} {
		if _, err := b.bench.verify(old); hutch.CodeOf(err) != hutch.Unauthenticated {
			t.Errorf("%s goes on: %v", name, err)
		}
	}
	if p := b.mustVerify(full.AccessToken); p.Email != "new@shop.example" || !p.EmailVerified {
		t.Errorf("principal %+v", p)
	}
	_, err = b.verify(1, token(t, pending))
	b.codeIs(err, hutch.OTPExpired)
	if _, err = b.signIn(1, "new@shop.example", password); err != nil {
		t.Error(err)
	}
	_, err = b.signIn(1, "ann@shop.example", password)
	b.codeIs(err, hutch.InvalidCredentials)
	if undo.Until.Sub(undo.At) != 7*24*time.Hour || undo.NewEmail != "new@shop.example" {
		t.Errorf("undo: %+v", undo)
	}
}

func TestS39TheOldAddressTakesItsAccountBack(t *testing.T) {
	b := mailSetup(t)
	s := b.confirmed(1, "ann@shop.example")
	thief, undo := b.changed(s)
	if _, err := b.put(66, thief.AccessToken, `{"password":"the thief's password"}`); err != nil {
		t.Fatal(err)
	}
	b.mails()
	// The thief moves on, so that the undo of that change is his.
	if _, err := b.put(66, thief.AccessToken, `{"email":"thief@evil.example"}`); err != nil {
		t.Fatal(err)
	}
	for _, m := range b.mails() {
		if _, err := b.verify(66, token(t, m)); err != nil {
			t.Fatal(err)
		}
	}
	his := b.mails()[0]
	if his.Kind != auth.MailChanged || his.To != "new@shop.example" {
		t.Fatalf("%+v", his)
	}
	b.clock.add(6 * 24 * time.Hour)
	link := linkOf(t, undo)
	if p, err := b.Landing(t.Context(), link); err != nil || !p.Good {
		t.Fatalf("%+v %v", p, err)
	}
	var wg sync.WaitGroup
	var won atomic.Int32
	for range 20 {
		wg.Go(func() {
			if _, err := b.Follow(t.Context(), link, here(1)); err == nil {
				won.Add(1)
			} else if hutch.CodeOf(err) != hutch.OTPExpired {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 20 undo", won.Load())
	}
	back := b.mail(auth.MailRecover, "ann@shop.example")
	for _, address := range []string{"thief@evil.example", "new@shop.example", "ann@shop.example"} {
		_, err := b.signIn(66, address, "the thief's password")
		b.codeIs(err, hutch.InvalidCredentials)
	}
	if _, err := b.Follow(t.Context(), linkOf(t, his), here(66)); hutch.CodeOf(err) != hutch.OTPExpired {
		t.Errorf("the thief's undo: %v", err)
	}
	r, err := b.verify(1, token(t, back))
	if err != nil || r.User.Email != "ann@shop.example" || r.User.ID != s.User.ID {
		t.Errorf("%+v %v", r, err)
	}
	fresh, undo := b.changed(b.mustRecover(r))
	b.clock.add(7 * 24 * time.Hour)
	if _, err := b.Follow(t.Context(), linkOf(t, undo), here(1)); hutch.CodeOf(err) != hutch.OTPExpired {
		t.Errorf("after 7 days: %v", err)
	}
	_ = fresh
}

// TestS39AnUndoEndsLinkedIdentities: whoever changed the address keeps no way in
// by a provider either, be the identity of the address there or not.
func TestS39AnUndoEndsLinkedIdentities(t *testing.T) {
	for name, alone := range map[string]bool{"beside the address": false, "alone": true} {
		t.Run(name, func(t *testing.T) {
			p := &idp{}
			b := mailSetup(t, func(o *auth.Options) { o.Providers = auth.Providers{"corp": p} })
			s := b.confirmed(1, "ann@shop.example")
			thief, undo := b.changed(s)
			p.who = someone("thief", "", false)
			thief, err := b.idToken("a.b.c", thief.AccessToken)
			if err != nil || len(thief.User.Identities) != 2 {
				t.Fatalf("%+v %v", thief, err)
			}
			if alone {
				if err := b.Unlink(t.Context(), bearer(thief.AccessToken), thief.User.Identities[0].IdentityID); err != nil {
					t.Fatal(err)
				}
			}
			if in, err := b.idToken("a.c.d"); err != nil || in.User.ID != s.User.ID {
				t.Fatalf("the thief's own way in: %+v %v", in, err)
			}
			if _, err := b.Follow(t.Context(), linkOf(t, undo), here(1)); err != nil {
				t.Fatal(err)
			}
			if _, err := b.bench.verify(thief.AccessToken); err == nil {
				t.Error("the thief's session goes on")
			}
			in, err := b.idToken("a.d.e")
			if err != nil || in.User.ID == s.User.ID {
				t.Errorf("the thief signs in to the account: %v", err)
			}
			b.mails()
			b.recover(1, "ann@shop.example")
			r, err := b.verify(1, token(t, b.mail(auth.MailRecover, "ann@shop.example")))
			if err != nil || r.User.ID != s.User.ID || len(r.User.Identities) != 1 || r.User.Identities[0].Provider != "email" {
				t.Errorf("%+v %v", r, err)
			}
		})
	}
}

// mustRecover sets a password in a recovery's session.
func (b *mailBench) mustRecover(s *auth.Session) *auth.Session {
	b.t.Helper()
	if _, err := b.put(1, s.AccessToken, `{"password":"a password that is new"}`); err != nil {
		b.t.Fatal(err)
	}
	b.mails()
	return s
}

func TestS39AChangeNeedsARecentSession(t *testing.T) {
	b := mailSetup(t)
	s := b.confirmed(1, "ann@shop.example")
	b.clock.add(11 * time.Minute)
	_, err := b.put(1, s.AccessToken, `{"email":"new@shop.example"}`)
	b.codeIs(err, hutch.ReauthenticationNeeded)
	if n := len(b.mails()); n != 0 {
		t.Errorf("%d mails", n)
	}
	if err = b.Reauthenticate(t.Context(), bearer(s.AccessToken), here(1)); err != nil {
		t.Fatal(err)
	}
	nonce := b.mail(auth.MailReauthenticate, "ann@shop.example").Code
	if _, err = b.put(1, s.AccessToken, `{"email":"new@shop.example","nonce":"`+nonce+`"}`); err != nil {
		t.Fatal(err)
	}
	if n := len(b.mails()); n != 2 {
		t.Errorf("%d mails", n)
	}
	_, err = b.put(1, s.AccessToken, `{"email":"other@shop.example","nonce":"`+nonce+`"}`)
	b.codeIs(err, hutch.OTPExpired)
}

func TestAChangeToATakenAddressIsNotTold(t *testing.T) {
	b := mailSetup(t)
	b.confirmed(2, "bob@shop.example")
	s := b.confirmed(1, "ann@shop.example")
	if _, err := b.put(1, s.AccessToken, `{"email":"bob@shop.example"}`); err != nil {
		t.Fatal(err)
	}
	got := b.mails()
	if len(got) != 2 || got[0].Kind != auth.MailChange || got[0].To != "ann@shop.example" || got[1].Kind != auth.MailTaken || got[1].To != "bob@shop.example" {
		t.Fatalf("mails: %+v", got)
	}
	if _, err := b.verify(1, token(t, got[0])); err != nil {
		t.Error(err)
	}
	if u, err := b.User(t.Context(), bearer(s.AccessToken)); err != nil || u.Email != "ann@shop.example" {
		t.Errorf("%+v %v", u, err)
	}
}

func TestAChangeMayNeedTheNewAddressAlone(t *testing.T) {
	b := mailSetup(t, func(o *auth.Options) { o.Mail.SingleMail = true })
	s := b.confirmed(1, "ann@shop.example")
	if _, err := b.put(1, s.AccessToken, `{"email":"new@shop.example"}`); err != nil {
		t.Fatal(err)
	}
	m := b.mail(auth.MailChange, "new@shop.example")
	full, err := b.code(1, "email_change", "new@shop.example", m.Code)
	if err != nil || full.User.Email != "new@shop.example" {
		t.Fatalf("%+v %v", full, err)
	}
	b.mail(auth.MailChanged, "ann@shop.example")
}

// TestS4AChangeProvesAnAddressOfAnUnprovenAccount: whoever made it with another's
// address, or moved it there, keeps no password.
func TestS4AChangeProvesAnAddressOfAnUnprovenAccount(t *testing.T) {
	b := mailSetup(t, func(o *auth.Options) { o.Mail.Confirm = false })
	s := b.signup("evil@evil.example")
	if _, err := b.put(66, s.AccessToken, `{"email":"ann@shop.example"}`); err != nil {
		t.Fatal(err)
	}
	full, err := b.verify(1, token(t, b.mail(auth.MailChange, "ann@shop.example")))
	if err != nil || full.User.Email != "ann@shop.example" || full.User.EmailConfirmedAt == "" {
		t.Fatalf("%+v %v", full, err)
	}
	if _, err := b.bench.verify(s.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("the session that asked: %v", err)
	}
	_, err = b.signIn(66, "ann@shop.example", password)
	b.codeIs(err, hutch.InvalidCredentials)
}

func TestTheChangeOfAnAddressInParallel(t *testing.T) {
	b := mailSetup(t)
	s := b.confirmed(1, "ann@shop.example")
	if _, err := b.put(1, s.AccessToken, `{"email":"new@shop.example"}`); err != nil {
		t.Fatal(err)
	}
	got := b.mails()
	var wg sync.WaitGroup
	var full atomic.Int32
	for i := range 20 {
		wg.Go(func() {
			out, err := b.verify(1, token(t, got[i%2]))
			switch {
			case err == nil && out.AccessToken != "":
				full.Add(1)
			case err != nil && hutch.CodeOf(err) != hutch.OTPExpired:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if full.Load() != 1 {
		t.Errorf("%d sessions", full.Load())
	}
	if n := b.store.count("_identities"); n != 1 {
		t.Errorf("%d addresses", n)
	}
}

// TestS39AnUndoTakesPasskeys: one that was made since the change, or in the week
// before it, is no way in any more; an older one is its owner's.
func TestS39AnUndoTakesPasskeys(t *testing.T) {
	b := mailSetup(t)
	s := b.confirmed(1, "ann@shop.example")
	own, early, his := newDevice(t, -7), newDevice(t, -7), newDevice(t, -7)
	b.mustAdd(s, own)
	b.clock.add(7*24*time.Hour + time.Minute)
	s, err := b.enter(own)
	if err != nil {
		t.Fatal(err)
	}
	b.mustAdd(s, early)
	b.mails()
	b.clock.add(time.Second)
	thief, undo := b.changed(s)
	b.mustAdd(thief, his)
	if in, err := b.enter(his); err != nil || in.User.ID != s.User.ID {
		t.Fatalf("before the undo: %v", err)
	}
	if _, err := b.Follow(t.Context(), linkOf(t, undo), here(1)); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*device{"since": his, "the week before": early} {
		_, err := b.enter(d)
		wrong(t, "the passkey of "+name, err, hutch.WebAuthnFailed)
	}
	if in, err := b.enter(own); err != nil || in.User.ID != s.User.ID {
		t.Errorf("the passkey of before: %v", err)
	}
	left := 0
	for _, coll := range []string{"_factors", "_identities"} {
		left += b.store.count(coll)
	}
	if left != 3 { // the owner's passkey, its credential, the address
		t.Errorf("%d documents are left", left)
	}
}
