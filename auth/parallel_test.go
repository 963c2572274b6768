package auth_test

import (
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// onlyOne wants one of 20 uses at once to succeed, and the others refused.
func onlyOne(t *testing.T, use func() error, allowed ...hutch.Code) {
	t.Helper()
	won, codes := atOnce(20, use)
	lost := 0
	for _, c := range allowed {
		lost += codes[c]
	}
	if won != 1 || lost != 19 {
		t.Errorf("%d of 20 succeed, the others: %v", won, codes)
	}
}

// TestS35ANonceInParallel: it allows one change.
func TestS35ANonceInParallel(t *testing.T) {
	b := mailSetup(t)
	s := b.confirmed(1, "ann@shop.example")
	b.clock.add(11 * time.Minute)
	if err := b.Reauthenticate(t.Context(), bearer(s.AccessToken), here(1)); err != nil {
		t.Fatal(err)
	}
	nonce := b.mail(auth.MailReauthenticate, "ann@shop.example").Code
	onlyOne(t, func() error {
		return second(b.put(1, s.AccessToken, `{"password":"a password that is new","nonce":"`+nonce+`"}`))
	}, hutch.OTPExpired, hutch.ReauthenticationNeeded, hutch.OverRequestRateLimit)
}

// TestS35AnInvitationInParallel: made by a key, as a link and as a code, it
// signs in once.
func TestS35AnInvitationInParallel(t *testing.T) {
	for name, use := range map[string]func(b *linkBench, m auth.Mail) error{
		"a link": func(b *linkBench, m auth.Mail) error {
			return second(b.verify(1, auth.VerifyRequest{Type: "invite", TokenHash: linkOf(b.t, m).Token}))
		},
		"a code": func(b *linkBench, m auth.Mail) error {
			return second(b.code(1, "invite", "ann@shop.example", m.Code))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := linkSetup(t)
			if _, err := b.InviteUser(t.Context(), b.key, []byte(`{"email":"ann@shop.example"}`), ""); err != nil {
				t.Fatal(err)
			}
			m := b.mail(auth.MailInvite, "ann@shop.example")
			onlyOne(t, func() error { return use(b, m) }, hutch.OTPExpired, hutch.OverRequestRateLimit)
			if n := b.store.count("_sessions"); n != 1 {
				t.Errorf("%d sessions", n)
			}
		})
	}
}
