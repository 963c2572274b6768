package auth_test

import (
	"fmt"
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

// TestS35AnEnrolmentInParallel: the code that proves an app proves it once.
func TestS35AnEnrolmentInParallel(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	f, err := b.enroll(s, "app")
	if err != nil {
		t.Fatal(err)
	}
	c, err := f.challenge(s)
	if err != nil {
		t.Fatal(err)
	}
	code := f.code(0)
	onlyOne(t, func() error { return second(f.answer(s, c, code)) }, hutch.ChallengeExpired, hutch.FactorRefused, hutch.OverRequestRateLimit)
	if fs := b.user(b.signinOK("ann@shop.example")).Factors; len(fs) != 1 || fs[0].Status != "verified" {
		t.Errorf("factors: %+v", fs)
	}
}

// TestS35ARecoveryInParallel: as a link and as a code.
func TestS35ARecoveryInParallel(t *testing.T) {
	for name, use := range map[string]func(b *mailBench, m auth.Mail) error{
		"a link": func(b *mailBench, m auth.Mail) error {
			return second(b.verify(1, auth.VerifyRequest{Type: "recovery", TokenHash: linkOf(b.t, m).Token}))
		},
		"a code": func(b *mailBench, m auth.Mail) error {
			return second(b.code(1, "recovery", "ann@shop.example", m.Code))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := mailSetup(t)
			b.confirmed(1, "ann@shop.example")
			b.recover(1, "ann@shop.example")
			m := b.mail(auth.MailRecover, "ann@shop.example")
			onlyOne(t, func() error { return use(b, m) }, hutch.OTPExpired, hutch.OverRequestRateLimit)
		})
	}
}

// TestS35AConfirmationInParallel: of a sign-up, by its link with the password and
// by its code.
func TestS35AConfirmationInParallel(t *testing.T) {
	for name, use := range map[string]func(b *mailBench, m auth.Mail) error{
		"a link": func(b *mailBench, m auth.Mail) error {
			return second(b.verify(1, auth.VerifyRequest{Type: "signup", TokenHash: linkOf(b.t, m).Token, Password: password}))
		},
		"a code": func(b *mailBench, m auth.Mail) error {
			return second(b.code(1, "signup", "ann@shop.example", m.Code))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := mailSetup(t)
			b.signupAs(1, "ann@shop.example", password)
			m := b.mail(auth.MailConfirm, "ann@shop.example")
			onlyOne(t, func() error { return use(b, m) }, hutch.OTPExpired, hutch.OverRequestRateLimit)
			if n := b.store.count("_sessions"); n != 1 {
				t.Errorf("%d sessions", n)
			}
		})
	}
}

// TestS63AnOperatorsInvitationInParallel: it makes one operator, with one password.
func TestS63AnOperatorsInvitationInParallel(t *testing.T) {
	b := setup(t)
	o, ctx := b.Operators(), t.Context()
	b.first()
	l, err := o.Invite(ctx, "bob@ops.example", "op_x", false)
	if err != nil {
		t.Fatal(err)
	}
	onlyOne(t, func() error { return second(o.SetUp(ctx, l.Token, "", opPassword, auth.Client{ServiceKey: true})) }, hutch.OTPExpired)
}

// TestS35AnOperatorsCodeInParallel: in one session that waits for it, in 20 of
// them, and while the app is being added.
func TestS35AnOperatorsCodeInParallel(t *testing.T) {
	refused := []hutch.Code{hutch.FactorRefused, hutch.Unauthenticated, hutch.OverRequestRateLimit}
	t.Run("one session", func(t *testing.T) {
		b := setup(t)
		_, secret := b.guardedOperator()
		b.clock.add(time.Minute)
		half, code := b.half(here(1)), b.codeOf(secret)
		onlyOne(t, func() error { return second(b.Operators().ProveTOTP(t.Context(), half.Token, code, here(1))) }, refused...)
	})
	t.Run("20 sessions", func(t *testing.T) {
		b := setup(t)
		_, secret := b.guardedOperator()
		b.clock.add(time.Minute)
		code, halves := b.codeOf(secret), make(chan *auth.Entered, 20)
		for i := range 20 {
			halves <- b.half(at(fmt.Sprintf("10.9.%d.1", i)))
		}
		onlyOne(t, func() error {
			return second(b.Operators().ProveTOTP(t.Context(), (<-halves).Token, code, auth.Client{ServiceKey: true}))
		}, refused...)
	})
	t.Run("an app that is added", func(t *testing.T) {
		b := setup(t)
		e := b.first()
		shown, err := b.Operators().EnrollTOTP(t.Context(), e.Token)
		if err != nil {
			t.Fatal(err)
		}
		code := b.codeOf(shown.Secret)
		onlyOne(t, func() error { return second(b.Operators().ProveTOTP(t.Context(), e.Token, code, here(1))) }, refused...)
	})
}

// TestS44AnOperatorsPasskeyInParallel: one answer adds one, and signs in once.
func TestS44AnOperatorsPasskeyInParallel(t *testing.T) {
	const origin = "https://admin.shop.example"
	b := setup(t, func(o *auth.Options) { o.Operators.Origin = func() string { return origin } })
	o, ctx := b.Operators(), t.Context()
	e, d := b.first(), newDevice(t, -7)
	d.origin = origin
	ch, err := o.EnrollPasskey(ctx, e.Token, here(1))
	if err != nil {
		t.Fatal(err)
	}
	answer := made(t, d, ch)
	onlyOne(t, func() error {
		return second(o.AddPasskey(ctx, e.Token, ch.ChallengeID, answer, "laptop", here(1)))
	}, hutch.WebAuthnExpired, hutch.Unauthenticated)
	if ch, err = o.PasskeyOptions(ctx, "", here(1)); err != nil {
		t.Fatal(err)
	}
	answer = signedBy(t, d, ch)
	onlyOne(t, func() error {
		return second(o.ProvePasskey(ctx, "", ch.ChallengeID, answer, here(1)))
	}, hutch.WebAuthnExpired)
}
