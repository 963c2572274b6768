package auth_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// pressed begins a change of ann's address as a client with a verifier and
// presses the buttons of both mails: the codes that the pages lead to.
func (b *mailBench) pressed(s *auth.Session) (first, second string) {
	b.t.Helper()
	if _, err := b.put(1, s.AccessToken, `{"email":"new@shop.example"`+pkce+`}`); err != nil {
		b.t.Fatal(err)
	}
	got := b.mails()
	if len(got) != 2 {
		b.t.Fatalf("%d mails", len(got))
	}
	return b.follow(linkOf(b.t, got[0])), b.follow(linkOf(b.t, got[1]))
}

// TestS39AChangeOnPagesSignsInWhoBeganIt: once, by the verifier, and no session
// begins on the page.
func TestS39AChangeOnPagesSignsInWhoBeganIt(t *testing.T) {
	b := mailSetup(t)
	s := b.confirmed(1, "ann@shop.example")
	sessions := b.store.count("_sessions")
	first, code := b.pressed(s)
	if first != "" || code == "" {
		t.Fatalf("codes %q and %q", first, code)
	}
	if n := b.store.count("_sessions"); n != sessions {
		t.Errorf("%d sessions on the page", n-sessions)
	}
	if _, err := b.bench.verify(s.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("the session that asked: %v", err)
	}
	var wg sync.WaitGroup
	var won atomic.Int32
	for range 20 {
		wg.Go(func() {
			switch got, err := b.pkce(t.Context(), 1, code, pkceVerifier); hutch.CodeOf(err) {
			case "":
				won.Add(1)
				if got.User.Email != "new@shop.example" || b.mustVerify(got.AccessToken).UID != s.User.ID {
					t.Errorf("%+v", got.User)
				}
			case hutch.FlowStateNotFound:
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 20", won.Load())
	}
}

func TestS39ACodeOfAChangeIsNobodyElses(t *testing.T) {
	b := mailSetup(t)
	_, code := b.pressed(b.confirmed(1, "ann@shop.example"))
	_, err := b.pkce(t.Context(), 66, code, strings.Repeat("x", 43))
	b.codeIs(err, hutch.BadCodeVerifier)
	_, err = b.pkce(t.Context(), 1, code, pkceVerifier)
	b.codeIs(err, hutch.FlowStateNotFound)
}

// TestS39WhatEndsSessionsEndsTheCodeOfAChange: the owner signs out everywhere.
func TestS39WhatEndsSessionsEndsTheCodeOfAChange(t *testing.T) {
	b := mailSetup(t)
	_, code := b.pressed(b.confirmed(1, "ann@shop.example"))
	s, err := b.signIn(1, "new@shop.example", password)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Logout(t.Context(), auth.Credentials{Authorization: "Bearer " + s.AccessToken}, "global"); err != nil {
		t.Fatal(err)
	}
	_, err = b.pkce(t.Context(), 1, code, pkceVerifier)
	b.codeIs(err, hutch.FlowStateNotFound)
}

// TestS4AChangeOnAPageKeepsNothingOfAnUnprovenAccount: nor the verifier of who made it.
func TestS4AChangeOnAPageKeepsNothingOfAnUnprovenAccount(t *testing.T) {
	b := mailSetup(t, func(o *auth.Options) { o.Mail.Confirm = false })
	s := b.signup("evil@evil.example")
	if _, err := b.put(66, s.AccessToken, `{"email":"ann@shop.example"`+pkce+`}`); err != nil {
		t.Fatal(err)
	}
	if code := b.follow(linkOf(t, b.mail(auth.MailChange, "ann@shop.example"))); code != "" {
		t.Errorf("a code for who made the account: %s", code)
	}
	if u := b.store.count("_sessions"); u > 1 {
		t.Errorf("%d sessions", u)
	}
}

// TestS85AChangeIsMailedAgainToBothWithinTheLimits of the address it goes to.
func TestS85AChangeIsMailedAgainToBothWithinTheLimits(t *testing.T) {
	b := mailSetup(t, func(o *auth.Options) { o.Limits.MailsPerAddress = 3 })
	const target = "target@shop.example"
	again := func(address string) (hutch.Code, []auth.Mail) {
		err := b.Resend(t.Context(), auth.RecoverRequest{Email: address, Type: "email_change"}, here(1))
		return hutch.CodeOf(err), b.mails()
	}
	sent := 0
	for _, address := range []string{"ann@shop.example", "bob@shop.example"} {
		s := b.confirmed(1, address)
		if _, err := b.put(1, s.AccessToken, `{"email":"`+target+`"}`); err != nil {
			t.Fatal(err)
		}
		for _, m := range b.mails() {
			if m.To == target {
				sent++
			}
		}
		code, mails := again(address)
		if sent == 1 {
			if code != "" || len(mails) != 2 || mails[0].To == mails[1].To {
				t.Fatalf("%s %+v", code, mails)
			}
			sent++
			continue
		}
		if code != hutch.OverEmailSendRateLimit || len(mails) != 0 {
			t.Errorf("the fourth mail to an address: %s %+v", code, mails)
		}
	}
	if code, mails := again("nobody@shop.example"); code != "" || len(mails) != 0 {
		t.Errorf("an address without an account: %s %+v", code, mails)
	}
}

// again asks for the mails of ann's change once more.
func (b *mailBench) again() []auth.Mail {
	b.t.Helper()
	if err := b.Resend(b.t.Context(), auth.RecoverRequest{Email: "ann@shop.example", Type: "email_change"}, here(1)); err != nil {
		b.t.Fatal(err)
	}
	return b.mails()
}

// TestAChangeIsMailedAgainToWhoHasNotConfirmed, be that the new address or the
// present one, and to nobody else.
func TestAChangeIsMailedAgainToWhoHasNotConfirmed(t *testing.T) {
	for first, left := range map[string]string{"ann@shop.example": "new@shop.example", "new@shop.example": "ann@shop.example"} {
		t.Run(left, func(t *testing.T) {
			b := mailSetup(t)
			s := b.confirmed(1, "ann@shop.example")
			if _, err := b.put(1, s.AccessToken, `{"email":"new@shop.example"}`); err != nil {
				t.Fatal(err)
			}
			for _, m := range b.mails() {
				if m.To != first {
					continue
				}
				if _, err := b.verify(1, token(t, m)); err != nil {
					t.Fatal(err)
				}
			}
			got := b.again()
			if len(got) != 1 || got[0].Kind != auth.MailChange || got[0].To != left || got[0].NewEmail != "new@shop.example" {
				t.Fatalf("mails: %+v", got)
			}
			full, err := b.code(1, "email_change", left, got[0].Code)
			if err != nil || full.User.Email != "new@shop.example" || full.AccessToken == "" {
				t.Errorf("%+v %v", full, err)
			}
			b.mails() // what tells of the change
			if got = b.again(); len(got) != 0 {
				t.Errorf("after the change: %+v", got)
			}
		})
	}
}

// TestAChangeThatIsMailedAgainWaitsAnew: its code is good past the time of the
// first, and it can be asked for again as long as the last mail's links are good.
func TestAChangeThatIsMailedAgainWaitsAnew(t *testing.T) {
	b := mailSetup(t)
	s := b.confirmed(1, "ann@shop.example")
	ask := func() {
		t.Helper()
		if _, err := b.put(1, s.AccessToken, `{"email":"new@shop.example"}`); err != nil {
			t.Fatal(err)
		}
		b.mails()
	}
	ask()
	b.clock.add(15*time.Minute + time.Second)
	if got := b.again(); len(got) != 0 {
		t.Fatalf("past its time: %+v", got)
	}
	s = b.signinOK("ann@shop.example")
	ask()
	for range 2 {
		b.clock.add(14 * time.Minute)
		got := b.again()
		if len(got) != 2 || got[1].To != "new@shop.example" {
			t.Fatalf("mails: %+v", got)
		}
	}
	got := b.again()
	b.clock.add(9 * time.Minute)
	if half, err := b.code(1, "email_change", "new@shop.example", got[1].Code); err != nil || half.User.Email != "ann@shop.example" {
		t.Fatalf("the code of the last mail: %+v %v", half, err)
	}
	if full, err := b.verify(1, token(t, got[0])); err != nil || full.User.Email != "new@shop.example" {
		t.Errorf("its link: %+v %v", full, err)
	}
}
