package auth_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// guess tries wrong codes of a factor, n from each network, waiting as told, and
// reports how many were looked at.
func (f *totpFactor) guess(s *auth.Session, n int, cs ...auth.Client) (looked int) {
	f.b.t.Helper()
	c, err := f.challenge(s)
	if err != nil {
		f.b.t.Fatal(err)
	}
	for _, from := range cs {
		for range n {
			_, err := f.b.VerifyFactor(f.b.t.Context(), bearer(s.AccessToken), f.id, fmt.Appendf(nil, `{"challenge_id":%q,"code":"12345"}`, c), from)
			switch hutch.CodeOf(err) {
			case hutch.FactorRefused:
				looked++
			case hutch.OverRequestRateLimit:
			default:
				f.b.t.Fatal(err)
			}
		}
	}
	return looked
}

func networks(from, n int) (cs []auth.Client) {
	for i := range n {
		cs = append(cs, at(fmt.Sprintf("198.51.%d.%d", (from+i)/250, (from+i)%250+1)))
	}
	return cs
}

// guarded is an account with an identity at the provider and a factor.
func guarded(t *testing.T) (*mailBench, *totpFactor) {
	t.Helper()
	p := &idp{who: someone("1", "ann@shop.example", true)}
	b := mailSetup(t, func(o *auth.Options) { o.Providers = auth.Providers{"corp": p} })
	s, err := b.signedLink(b.confirmed(1, "ann@shop.example"))
	if err != nil {
		t.Fatal(err)
	}
	f, err := b.enroll(s, "app")
	if err != nil {
		t.Fatal(err)
	}
	mustProve(t, f, s)
	b.clock.add(time.Minute) // codes of before were taken
	return b, f
}

// halves are the ways in that leave the second factor to be proven.
var halves = map[string]func(*mailBench, auth.Client) (*auth.Session, error){
	"password": func(b *mailBench, c auth.Client) (*auth.Session, error) {
		return b.signin("ann@shop.example", password, c)
	},
	"provider": func(b *mailBench, c auth.Client) (*auth.Session, error) { return b.elsewhereFrom(c) },
	"provider's id_token": func(b *mailBench, c auth.Client) (*auth.Session, error) {
		return b.Token(b.t.Context(), "id_token", fmt.Appendf(nil, `{"provider":"corp","id_token":"head.%s.sig","nonce":"n"}`, c.Addr), c)
	},
	"link": func(b *mailBench, c auth.Client) (*auth.Session, error) {
		return b.VerifyMailed(b.t.Context(), token(b.t, b.magic()), c)
	},
	"code": func(b *mailBench, c auth.Client) (*auth.Session, error) {
		return b.VerifyMailed(b.t.Context(), auth.VerifyRequest{Type: "email", Email: "ann@shop.example", Token: b.magic().Code}, c)
	},
	"recovery": func(b *mailBench, c auth.Client) (*auth.Session, error) {
		b.mails()
		b.recover(1, "ann@shop.example")
		return b.VerifyMailed(b.t.Context(), token(b.t, b.mail(auth.MailRecover, "ann@shop.example")), c)
	},
}

// magic asks for a mail that signs ann in.
func (b *mailBench) magic() auth.Mail {
	b.t.Helper()
	b.mails()
	if err := b.otp(1, `{"email":"ann@shop.example"}`); err != nil {
		b.t.Fatal(err)
	}
	return b.mail(auth.MailMagicLink, "ann@shop.example")
}

func TestS41CodesLockNobodyOut(t *testing.T) {
	for name, enter := range halves {
		t.Run("who has but a "+name+", from many networks", func(t *testing.T) {
			b, f := guarded(t) // proven here(1)
			b.codes(mustProve(t, f, b.signinOK("ann@shop.example")))
			b.clock.add(time.Minute)
			var stolen *auth.Session
			for _, c := range networks(0, 40) { // the first factor alone makes no network known
				s, err := enter(b, c)
				if err != nil {
					t.Fatal(err)
				}
				stolen = s
			}
			if looked := f.guess(stolen, 5, networks(0, 40)...); looked != 20 {
				t.Errorf("%d guesses of a day from 40 networks, want 20", looked)
			}
			for i, from := range networks(0, 40) { // and of recovery codes
				_, err := b.VerifyRecoveryCode(t.Context(), bearer(stolen.AccessToken), []byte(`{"code":"0000000000000000"}`), from)
				if want := map[bool]hutch.Code{true: hutch.FactorRefused, false: hutch.OverRequestRateLimit}[i < 20]; hutch.CodeOf(err) != want {
					t.Fatalf("recovery code %d: %v", i, err)
				}
			}
			own := b.signinOK("ann@shop.example")
			if _, err := f.prove(own, f.code(0)); err != nil {
				t.Errorf("the owner from a network seen before: %v", err)
			}
			_, err := b.bench.useCode(b.signinOK("ann@shop.example"), "0000000000000000")
			wantCode(t, err, hutch.FactorRefused)
		})
	}
	t.Run("a network of a passkey is known", func(t *testing.T) {
		b, f := guarded(t)
		key := newDevice(t, -7)
		b.mustAdd(mustProve(t, f, b.signinOK("ann@shop.example")), key)
		b.clock.add(time.Minute)
		if _, err := b.enter(key); err != nil { // here(2)
			t.Fatal(err)
		}
		s := b.signinOK("ann@shop.example")
		f.guess(s, 1, networks(0, 30)...)
		if looked := f.guess(s, 1, here(3), here(2)); looked != 1 {
			t.Errorf("%d looked at, want that of the passkey's network", looked)
		}
	})
	t.Run("a network of before the first factor is not known", func(t *testing.T) {
		b := setup(t)
		b.signup("ann@shop.example")
		s, err := b.signin("ann@shop.example", password, here(9))
		if err != nil {
			t.Fatal(err)
		}
		f, err := b.enroll(s, "app")
		if err != nil {
			t.Fatal(err)
		}
		mustProve(t, f, s) // here(1)
		b.clock.add(time.Minute)
		s = b.signinOK("ann@shop.example")
		f.guess(s, 1, networks(0, 30)...)
		if looked := f.guess(s, 1, here(9), here(1)); looked != 1 {
			t.Errorf("%d looked at, want that of the factor's network", looked)
		}
	})
	t.Run("a noisy neighbour", func(t *testing.T) {
		b := setup(t)
		_, f := b.withFactor("ann@shop.example")
		for i := range 100 {
			b.try(fmt.Sprintf("user%d@shop.example", i), "wrong", here(1))
		}
		if _, err := f.prove(b.signinOK("ann@shop.example"), f.code(0)); err != nil {
			t.Error(err)
		}
	})
	t.Run("the pair is slowed, then bound, also where it is known", func(t *testing.T) {
		b := setup(t)
		_, f := b.withFactor("ann@shop.example")
		s := b.signinOK("ann@shop.example")
		if looked := f.guess(s, 8, here(1)); looked != 5 {
			t.Errorf("%d guesses at once, want 5", looked)
		}
		c, err := f.challenge(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = f.answer(s, "unknown", "123456"); hutch.CodeOf(err) != hutch.OverRequestRateLimit {
			t.Errorf("a try without a challenge: %v", err)
		}
		looked := 5
		for range 60 { // a try of no challenge clears nothing
			b.clock.add(10 * time.Minute)
			s = b.signinOK("ann@shop.example")
			_, _ = f.answer(s, "unknown", "123456")
			looked += f.guess(s, 1, here(1))
		}
		if looked != 10 {
			t.Errorf("%d guesses of a day, want 10", looked)
		}
		_, err = f.answer(s, c, f.code(0))
		wantCode(t, err, hutch.OverRequestRateLimit)
		b.clock.add(49 * time.Hour)
		if _, err = f.prove(b.signinOK("ann@shop.example"), f.code(0)); err != nil {
			t.Errorf("days later: %v", err)
		}
	})
	t.Run("a right code clears the pair", func(t *testing.T) {
		b := setup(t)
		_, f := b.withFactor("ann@shop.example")
		for range 4 {
			s := b.signinOK("ann@shop.example")
			if looked := f.guess(s, 4, here(1)); looked != 4 {
				t.Fatalf("%d guesses", looked)
			}
			mustProve(t, f, s)
			b.clock.add(time.Minute)
		}
	})
	t.Run("a network where the factor was proven is known", func(t *testing.T) {
		b := setup(t)
		_, f := b.withFactor("ann@shop.example")
		s := b.signinOK("ann@shop.example")
		c, err := f.challenge(s)
		if err != nil {
			t.Fatal(err)
		}
		body := fmt.Appendf(nil, `{"challenge_id":%q,"code":%q}`, c, f.code(0))
		if _, err = b.VerifyFactor(t.Context(), bearer(s.AccessToken), f.id, body, here(9)); err != nil {
			t.Fatal(err)
		}
		b.clock.add(time.Minute)
		s = b.signinOK("ann@shop.example")
		f.guess(s, 1, networks(0, 30)...)
		if looked := f.guess(s, 1, here(9)); looked != 1 {
			t.Error("the owner is locked out")
		}
		if looked := f.guess(s, 1, here(8)); looked != 0 {
			t.Error("the account has no limit")
		}
	})
}

func mustProve(t *testing.T, f *totpFactor, s *auth.Session) *auth.Session {
	t.Helper()
	out, err := f.prove(s, f.code(0))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
