package auth_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// atOnce calls f n times in parallel and counts what succeeds.
func atOnce(n int, f func() error) (ok int, codes map[hutch.Code]int) {
	var wg sync.WaitGroup
	var mu sync.Mutex // guards ok, codes
	codes = map[hutch.Code]int{}
	for range n {
		wg.Go(func() {
			err := f()
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				ok++
			} else {
				codes[hutch.CodeOf(err)]++
			}
		})
	}
	wg.Wait()
	return ok, codes
}

func TestS35AChallengeAndACodeAreUsedOnce(t *testing.T) {
	b := setup(t)
	_, f := b.withFactor("ann@shop.example")
	s := b.signinOK("ann@shop.example")
	c, err := f.challenge(s)
	if err != nil {
		t.Fatal(err)
	}
	code := f.code(0)
	ok, codes := atOnce(20, func() error { _, err := f.answer(s, c, code); return err })
	if ok != 1 || codes[hutch.ChallengeExpired]+codes[hutch.FactorRefused]+codes[hutch.OverRequestRateLimit] != 19 {
		t.Errorf("one challenge in parallel: %d won, %v", ok, codes)
	}
	// The code is used up in every session.
	other := b.signinOK("ann@shop.example")
	_, err = f.prove(other, code)
	wantCode(t, err, hutch.FactorRefused)
	_, err = f.prove(other, f.code(-1))
	wantCode(t, err, hutch.FactorRefused)
	b.clock.add(30 * time.Second)
	var sessions []*auth.Session
	var challenges []string
	for range 20 {
		s := b.signinOK("ann@shop.example")
		c, err := f.challenge(s)
		if err != nil {
			t.Fatal(err)
		}
		sessions, challenges = append(sessions, s), append(challenges, c)
	}
	var mu sync.Mutex // guards next
	next := 0
	code = f.code(0)
	ok, codes = atOnce(20, func() error {
		mu.Lock()
		i := next
		next++
		mu.Unlock()
		_, err := f.answer(sessions[i], challenges[i], code)
		return err
	})
	if ok != 1 || codes[hutch.FactorRefused]+codes[hutch.OverRequestRateLimit] != 19 {
		t.Errorf("one code in 20 sessions: %d won, %v", ok, codes)
	}
}

func TestS35AChallengeBelongsToItsSessionAndFactor(t *testing.T) {
	b := setup(t)
	first, f := b.withFactor("ann@shop.example")
	_, g := b.withFactor("bob@shop.example")
	s, other, bob := b.signinOK("ann@shop.example"), b.signinOK("ann@shop.example"), b.signinOK("bob@shop.example")
	c, err := f.challenge(s)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.answer(other, c, f.code(0))
	wantCode(t, err, hutch.ChallengeExpired)
	_, err = f.answer(bob, c, f.code(0))
	wantCode(t, err, hutch.FactorNotFound)
	_, err = g.answer(bob, c, g.code(0))
	wantCode(t, err, hutch.ChallengeExpired)
	_, err = f.challenge(bob)
	wantCode(t, err, hutch.FactorNotFound)
	wantCode(t, b.Unenroll(t.Context(), bearer(bob.AccessToken), f.id), hutch.FactorNotFound)
	for _, id := range []string{"", "x", "recovery_code:" + first.User.ID, first.User.ID} {
		_, err := b.ChallengeFactor(t.Context(), bearer(first.AccessToken), id, nil)
		wantCode(t, err, hutch.FactorNotFound)
	}
	for _, code := range []string{"000000", "", "12345", f.code(2), f.code(-3), f.code(0) + "0", "+" + f.code(0)[1:]} {
		if _, err := f.answer(s, c, code); err == nil {
			t.Errorf("code %q is taken", code)
		}
	}
	b.clock.add(5 * time.Minute)
	_, err = f.answer(s, c, f.code(0))
	wantCode(t, err, hutch.ChallengeExpired)
	if _, err = f.prove(s, f.code(1)); err != nil { // a clock may be off by one period
		t.Error(err)
	}
}

func TestS35WrongCodesAreCountedByAccount(t *testing.T) {
	b := setup(t)
	_, f := b.withFactor("ann@shop.example")
	s := b.signinOK("ann@shop.example")
	c, err := f.challenge(s)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		_, err := b.VerifyFactor(t.Context(), bearer(s.AccessToken), f.id, fmt.Appendf(nil, `{"challenge_id":%q,"code":"%06d"}`, c, i), here(byte(100+i)))
		wantCode(t, err, hutch.FactorRefused)
	}
	s = b.signinOK("ann@shop.example")
	if c, err = f.challenge(s); err != nil {
		t.Fatal(err)
	}
	_, err = b.VerifyFactor(t.Context(), bearer(s.AccessToken), f.id, fmt.Appendf(nil, `{"challenge_id":%q,"code":%q}`, c, f.code(0)), here(99))
	wantCode(t, err, hutch.OverRequestRateLimit)
	b.clock.add(49 * time.Hour)
	if _, err = f.prove(b.signinOK("ann@shop.example"), f.code(0)); err != nil {
		t.Errorf("the next day: %v", err)
	}
}

func TestS35WhatChangesAnAccountNeedsTheSecondFactor(t *testing.T) {
	b := setup(t, func(o *auth.Options) { o.AnyLevel = true })
	raised, f := b.withFactor("ann@shop.example")
	low := b.signinOK("ann@shop.example")
	tests := map[string]func(s *auth.Session) error{
		"password": func(s *auth.Session) error {
			_, err := b.put(s, `{"password":"another long one","current_password":"`+password+`"}`, here(1))
			return err
		},
		"address":  func(s *auth.Session) error { _, err := b.put(s, `{"email":"eve@shop.example"}`, here(1)); return err },
		"enrol":    func(s *auth.Session) error { _, err := b.enroll(s, "second"); return err },
		"unenrol":  func(s *auth.Session) error { return b.Unenroll(t.Context(), bearer(s.AccessToken), f.id) },
		"unlink":   func(s *auth.Session) error { return b.Unlink(t.Context(), bearer(s.AccessToken), "x") },
		"sessions": func(s *auth.Session) error { _, err := b.Sessions(t.Context(), bearer(s.AccessToken)); return err },
		"codes": func(s *auth.Session) error {
			_, err := b.AddRecoveryCodes(t.Context(), bearer(s.AccessToken), nil)
			return err
		},
		"codes left": func(s *auth.Session) error { _, err := b.RecoveryCodes(t.Context(), bearer(s.AccessToken)); return err },
		"new codes": func(s *auth.Session) error {
			_, err := b.RenewRecoveryCodes(t.Context(), bearer(s.AccessToken))
			return err
		},
		"no codes": func(s *auth.Session) error {
			_, err := b.RemoveRecoveryCodes(t.Context(), bearer(s.AccessToken))
			return err
		},
	}
	for name, do := range tests {
		if err := do(low); hutch.CodeOf(err) != hutch.InsufficientAAL {
			t.Errorf("%s at aal1: %v", name, err)
		}
	}
	if _, err := b.put(low, `{"data":{"a":1}}`, here(1)); err != nil { // it counts, and so do its data
		t.Error(err)
	}
	wantKind(t, b, low, hutch.User, "aal1")
	b.clock.add(10 * time.Minute)
	for _, name := range []string{"enrol", "unenrol", "unlink", "codes", "codes left", "new codes", "no codes"} {
		if err := tests[name](raised); hutch.CodeOf(err) != hutch.ReauthenticationNeeded {
			t.Errorf("%s after 10 minutes: %v", name, err)
		}
	}
	again, err := f.prove(raised, f.code(0))
	if err != nil {
		t.Fatal(err)
	}
	if err := tests["enrol"](again); err != nil {
		t.Errorf("after a new proof: %v", err)
	}
}

func TestS35DataOfAGuestToBe(t *testing.T) {
	b := setup(t)
	b.withFactor("ann@shop.example")
	_, err := b.put(b.signinOK("ann@shop.example"), `{"data":{"a":1}}`, here(1))
	wantCode(t, err, hutch.InsufficientAAL)
}

func TestS35NobodyFinishesAnothersFactor(t *testing.T) {
	b := setup(t)
	owner := b.signup("ann@shop.example")
	thief := b.signinOK("ann@shop.example")
	f, err := b.enroll(thief, "thief")
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.challenge(owner) // another session
	wantCode(t, err, hutch.FactorNotFound)
	c, err := f.challenge(thief)
	if err != nil {
		t.Fatal(err)
	}
	g, err := b.enroll(owner, "phone")
	if err != nil {
		t.Fatal(err)
	}
	raised, err := g.prove(owner, g.code(0))
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.answer(thief, c, f.code(0))
	wantCode(t, err, hutch.SessionNotFound)
	if fs := b.user(raised).Factors; len(fs) != 1 || fs[0].ID != g.id {
		t.Errorf("what waited is gone: %+v", fs)
	}
	// Too late in the own session, too.
	h, err := b.enroll(raised, "late")
	if err != nil {
		t.Fatal(err)
	}
	b.clock.add(15 * time.Minute)
	if raised, err = b.refresh(raised.RefreshToken); err != nil {
		t.Fatal(err)
	}
	_, err = h.challenge(raised)
	wantCode(t, err, hutch.FactorNotFound)
}

func TestFactorsAreNamedAndBounded(t *testing.T) {
	b := setup(t)
	s, _ := b.withFactor("ann@shop.example")
	_, err := b.enroll(s, "app")
	wantCode(t, err, hutch.FactorNameConflict)
	for i := range 9 {
		name := fmt.Sprint("f", i)
		if _, err := b.enroll(s, name); err != nil {
			t.Fatal(err)
		}
		if _, err := b.enroll(s, name); err != nil { // one that waits is replaced
			t.Fatal(err)
		}
	}
	if n := len(b.user(s).Factors); n != 10 {
		t.Fatalf("%d factors", n)
	}
	_, err = b.enroll(s, "eleventh")
	wantCode(t, err, hutch.TooManyFactors)
	if _, err = b.enroll(s, "f3"); err != nil {
		t.Errorf("in place of one that waits: %v", err)
	}
	for _, body := range []string{`{}`, `{"factor_type":"phone","phone":"+1"}`, `{"factor_type":"recovery_code"}`, `{"factor_type":"totp","friendly_name":"a\nb"}`, `{"factor_type":1}`} {
		_, err := b.Enroll(t.Context(), bearer(s.AccessToken), []byte(body))
		wantCode(t, err, hutch.ValidationFailed)
	}
}

func TestS35AFactorTakesWhatItGave(t *testing.T) {
	b := setup(t)
	first, f := b.withFactor("ann@shop.example")
	g, err := b.enroll(first, "second")
	if err != nil {
		t.Fatal(err)
	}
	both, err := g.prove(first, g.code(0))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Unenroll(t.Context(), bearer(both.AccessToken), g.id); err != nil {
		t.Fatal(err)
	}
	wantKind(t, b, both, hutch.Guest, "")
	wantCode(t, b.Unenroll(t.Context(), bearer(both.AccessToken), f.id), hutch.InsufficientAAL)
	again, err := f.prove(both, f.code(0))
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Unenroll(t.Context(), bearer(again.AccessToken), f.id); err != nil {
		t.Fatal(err)
	}
	wantKind(t, b, again, hutch.User, "aal1")
	next, err := b.refresh(again.RefreshToken)
	if err != nil || claims(t, next.AccessToken)["aal"] != "aal1" {
		t.Errorf("a refresh raises nothing: %v %v", claims(t, next.AccessToken)["aal"], err)
	}
}

// TestS34TheRefreshTokenBeforeTheFactor gives its successor, as after a refresh,
// and ends the session once that was used.
func TestS34TheRefreshTokenBeforeTheFactor(t *testing.T) {
	b := setup(t)
	_, f := b.withFactor("ann@shop.example")
	s := b.signinOK("ann@shop.example")
	out, err := f.prove(s, f.code(0))
	if err != nil {
		t.Fatal(err)
	}
	if out.RefreshToken == s.RefreshToken {
		t.Fatal("the refresh token is the old one")
	}
	lost, err := b.refresh(s.RefreshToken)
	if err != nil || lost.RefreshToken != out.RefreshToken {
		t.Fatalf("a lost answer: %v", err)
	}
	b.mustVerify(out.AccessToken)
	b.clock.add(11 * time.Second)
	_, err = b.refresh(s.RefreshToken)
	wantCode(t, err, hutch.RefreshTokenAlreadyUsed)
	_, err = b.User(t.Context(), bearer(out.AccessToken))
	wantCode(t, err, hutch.SessionNotFound)
}
