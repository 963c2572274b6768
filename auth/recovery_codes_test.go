package auth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func (b *bench) useCode(s *auth.Session, code string) (*auth.Session, error) {
	return b.VerifyRecoveryCode(b.t.Context(), bearer(s.AccessToken), fmt.Appendf(nil, `{"code":%q}`, code), here(1))
}

func (b *bench) codes(s *auth.Session) []string {
	b.t.Helper()
	r, err := b.AddRecoveryCodes(b.t.Context(), bearer(s.AccessToken), []byte(`{"friendly_name":"paper"}`))
	if err != nil {
		b.t.Fatal(err)
	}
	if len(r.Codes) != 10 || r.Total != 10 || r.Type != "recovery_code" || r.FriendlyName != "paper" || len(r.Codes[0]) != 16 {
		b.t.Fatalf("codes: %+v", r)
	}
	return r.Codes
}

func TestS35ARecoveryCodeIsUsedOnce(t *testing.T) {
	b := setup(t)
	first, _ := b.withFactor("ann@shop.example")
	codes := b.codes(first)
	for _, code := range codes {
		if strings.Contains(b.store.all(), code) {
			t.Error("a code stands in the store")
		}
	}
	s := b.signinOK("ann@shop.example")
	out, err := b.useCode(s, strings.ToUpper(codes[0][:8]+"-"+codes[0][8:])+" ")
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, b, out, hutch.User, "aal2")
	if got := fmt.Sprint(claims(t, out.AccessToken)["amr"]); !strings.Contains(got, "mfa/recovery_code") {
		t.Errorf("amr %s", got)
	}
	_, err = b.useCode(s, codes[0])
	wantCode(t, err, hutch.FactorRefused)
	ok, errs := atOnce(20, func() error { _, err := b.useCode(s, codes[1]); return err })
	if ok != 1 {
		t.Errorf("20 at once: %d won, %v", ok, errs)
	}
	b.clock.add(49 * time.Hour) // the 19 were counted
	s = b.signinOK("ann@shop.example")
	if out, err = b.useCode(s, codes[3]); err != nil {
		t.Fatal(err)
	}
	left, err := b.RecoveryCodes(t.Context(), bearer(out.AccessToken))
	if err != nil || *left.Remaining != 7 || left.Total != 10 || left.Codes != nil {
		t.Errorf("left: %+v %v", left, err)
	}
	_, err = b.AddRecoveryCodes(t.Context(), bearer(out.AccessToken), nil)
	wantCode(t, err, hutch.RecoveryExists)
	fresh, err := b.RenewRecoveryCodes(t.Context(), bearer(out.AccessToken))
	if err != nil || fresh.ID != left.ID || fresh.FriendlyName != "paper" {
		t.Fatalf("renewed: %+v %v", fresh, err)
	}
	_, err = b.useCode(s, codes[2])
	wantCode(t, err, hutch.FactorRefused)
	if _, err = b.useCode(s, fresh.Codes[2]); err != nil {
		t.Error(err)
	}
}

func TestS35RecoveryCodesStandInForAFactor(t *testing.T) {
	b := setup(t)
	eve := b.signup("eve@shop.example")
	_, err := b.AddRecoveryCodes(t.Context(), bearer(eve.AccessToken), nil)
	wantCode(t, err, hutch.RecoveryAlone)
	_, err = b.useCode(eve, "0123456789abcdef")
	wantCode(t, err, hutch.FactorRefused)
	s, f := b.withFactor("ann@shop.example")
	codes := b.codes(s)
	_, err = b.useCode(eve, codes[0]) // another's
	wantCode(t, err, hutch.FactorRefused)
	lost, err := b.useCode(b.signinOK("ann@shop.example"), codes[0])
	if err != nil {
		t.Fatal(err)
	}
	if fs := b.user(lost).Factors; len(fs) != 1 {
		t.Errorf("codes are no factor of a user: %+v", fs)
	}
	if err := b.Unenroll(t.Context(), bearer(lost.AccessToken), f.id); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.store.all(), "recovery_code:"+lost.User.ID) {
		t.Error("codes outlive the last factor")
	}
	wantKind(t, b, lost, hutch.User, "aal1")
	_, err = b.useCode(lost, codes[1])
	wantCode(t, err, hutch.FactorRefused)
	_, err = b.RecoveryCodes(t.Context(), bearer(lost.AccessToken))
	wantCode(t, err, hutch.FactorNotFound)
}

func TestS35WrongRecoveryCodesAreCounted(t *testing.T) {
	b := setup(t)
	s, f := b.withFactor("ann@shop.example")
	codes := b.codes(s)
	low := b.signinOK("ann@shop.example")
	for i := range 20 {
		_, err := b.VerifyRecoveryCode(t.Context(), bearer(low.AccessToken), fmt.Appendf(nil, `{"code":"%016d"}`, i), here(byte(100+i)))
		wantCode(t, err, hutch.FactorRefused)
	}
	_, err := b.VerifyRecoveryCode(t.Context(), bearer(low.AccessToken), fmt.Appendf(nil, `{"code":%q}`, codes[0]), here(99))
	wantCode(t, err, hutch.OverRequestRateLimit)
	if _, err = f.prove(low, f.code(0)); err != nil { // the factor has a count of its own
		t.Error(err)
	}
}

func TestS35ARecoveryByMailNeedsTheFactor(t *testing.T) {
	b := mailSetup(t)
	s := b.confirmed(1, "ann@shop.example")
	f, err := b.enroll(s, "app")
	if err != nil {
		t.Fatal(err)
	}
	if s, err = f.prove(s, f.code(0)); err != nil {
		t.Fatal(err)
	}
	b.mail(auth.MailFactorAdded, "ann@shop.example")
	codes := b.codes(s)
	for name, prove := range map[string]func(r *auth.Session) (*auth.Session, error){
		"the factor":      func(r *auth.Session) (*auth.Session, error) { return f.prove(r, f.code(0)) },
		"a recovery code": func(r *auth.Session) (*auth.Session, error) { return b.useCode(r, codes[0]) },
	} {
		b.clock.add(2 * time.Hour)
		b.recover(1, "ann@shop.example")
		r, err := b.code(1, "recovery", "ann@shop.example", b.mail(auth.MailRecover, "ann@shop.example").Code)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.put(1, r.AccessToken, `{"password":"a password by mail"}`)
		b.codeIs(err, hutch.InsufficientAAL)
		b.codeIs(b.Unenroll(t.Context(), bearer(r.AccessToken), f.id), hutch.ReauthenticationNeeded)
		_, err = b.enroll(r, "another")
		b.codeIs(err, hutch.ReauthenticationNeeded)
		up, err := prove(r)
		if err != nil {
			t.Fatal(name, err)
		}
		if p := b.mustVerify(up.AccessToken); p.Kind != hutch.Guest {
			t.Errorf("%s: a recovery is a guest until the password: %+v", name, p)
		}
		b.codeIs(b.Unenroll(t.Context(), bearer(up.AccessToken), f.id), hutch.ReauthenticationNeeded)
		if _, err = b.put(1, up.AccessToken, `{"password":"a password by `+name+`"}`); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		b.mail(auth.MailPassword, "ann@shop.example")
	}
}

func TestS35AnUndoneChangeTakesFactorsThatCameSince(t *testing.T) {
	b := mailSetup(t)
	s := b.confirmed(1, "ann@shop.example")
	thief, undo := b.changed(s)
	b.clock.add(time.Minute)
	f, err := b.enroll(thief, "thief")
	if err != nil {
		t.Fatal(err)
	}
	if thief, err = f.prove(thief, f.code(0)); err != nil {
		t.Fatal(err)
	}
	b.codes(thief)
	if _, err := b.Follow(t.Context(), linkOf(t, undo), here(1)); err != nil {
		t.Fatal(err)
	}
	if n := b.store.count("_factors"); n != 0 {
		t.Errorf("%d factors or codes of the thief's are left", n)
	}
}

// TestS35AnUndoneChangeTakesFactorsOfTheWeekBefore: a factor that the thief made
// before changing the address would lock the owner out; an older one is the owner's.
func TestS35AnUndoneChangeTakesFactorsOfTheWeekBefore(t *testing.T) {
	for _, c := range []struct {
		before time.Duration
		want   hutch.Code
	}{{time.Minute, ""}, {7*24*time.Hour - time.Minute, ""}, {7*24*time.Hour + time.Minute, hutch.InsufficientAAL}} {
		b := mailSetup(t)
		s := b.confirmed(1, "ann@shop.example")
		f, err := b.enroll(s, "phone")
		if err != nil {
			t.Fatal(err)
		}
		raised, err := f.prove(s, f.code(0))
		if err != nil {
			t.Fatal(err)
		}
		b.clock.add(c.before)
		if raised, err = b.refresh(raised.RefreshToken); err != nil {
			t.Fatal(err)
		}
		if c.before > 10*time.Minute {
			if raised, err = f.prove(raised, f.code(0)); err != nil {
				t.Fatal(err)
			}
		}
		b.mails()
		_, undo := b.changed(raised)
		if _, err := b.Follow(t.Context(), linkOf(t, undo), here(2)); err != nil {
			t.Fatal(err)
		}
		r, err := b.verify(2, token(t, b.mail(auth.MailRecover, "ann@shop.example")))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = b.put(2, r.AccessToken, `{"password":"a password that is new"}`); hutch.CodeOf(err) != c.want {
			t.Errorf("a factor of %s before: %v", c.before, err)
		}
	}
}

func TestAdminsListAndRemoveFactors(t *testing.T) {
	b := setup(t)
	s, f := b.withFactor("ann@shop.example")
	b.codes(s)
	key := bearer(b.keyOf(hutch.ScopeAuth))
	for name, c := range map[string]auth.Credentials{
		"a user": bearer(s.AccessToken), "a key of another scope": bearer(b.keyOf(hutch.ScopeData)),
	} {
		if _, err := b.FactorsOf(t.Context(), c, s.User.ID); hutch.CodeOf(err) != hutch.NotAdmin {
			t.Errorf("%s lists: %v", name, err)
		}
		if _, err := b.RemoveFactorOf(t.Context(), c, s.User.ID, f.id); hutch.CodeOf(err) != hutch.NotAdmin {
			t.Errorf("%s removes: %v", name, err)
		}
	}
	fs, err := b.FactorsOf(t.Context(), key, s.User.ID)
	if err != nil || len(fs) != 1 || fs[0].ID != f.id {
		t.Fatalf("factors: %+v %v", fs, err)
	}
	_, err = b.RemoveFactorOf(t.Context(), key, b.signup("bob@shop.example").User.ID, f.id)
	wantCode(t, err, hutch.FactorNotFound)
	gone, err := b.RemoveFactorOf(t.Context(), key, s.User.ID, f.id)
	if err != nil || gone.ID != f.id {
		t.Fatalf("removed: %+v %v", gone, err)
	}
	wantKind(t, b, s, hutch.User, "aal1")
	wantKind(t, b, b.signinOK("ann@shop.example"), hutch.User, "aal1")
	s, _ = b.withFactor("eve@shop.example")
	b.codes(s)
	if err := b.RemoveUser(t.Context(), key, s.User.ID, nil); err != nil {
		t.Fatal(err)
	}
	if b.store.count("_factors") > 0 || strings.Contains(b.store.all(), "recovery_code:") {
		t.Error("factors outlive their user")
	}
}
