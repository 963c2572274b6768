package auth_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// totpFactor is an authenticator app with one factor of one user.
type totpFactor struct {
	b          *bench
	id, secret string
}

func (b *bench) enroll(s *auth.Session, name string) (*totpFactor, error) {
	b.t.Helper()
	e, err := b.Enroll(b.t.Context(), bearer(s.AccessToken), fmt.Appendf(nil, `{"factor_type":"totp","friendly_name":%q}`, name))
	if err != nil {
		return nil, err
	}
	return &totpFactor{b: b, id: e.ID, secret: e.TOTP.Secret}, nil
}

// code is what the app shows, periods from now.
func (f *totpFactor) code(periods int) string {
	f.b.t.Helper()
	code, err := totp.GenerateCode(f.secret, f.b.clock.Now().Add(time.Duration(periods)*30*time.Second))
	if err != nil {
		f.b.t.Fatal(err)
	}
	return code
}

func (f *totpFactor) challenge(s *auth.Session) (string, error) {
	c, err := f.b.ChallengeFactor(f.b.t.Context(), bearer(s.AccessToken), f.id, nil)
	if err != nil {
		return "", err
	}
	return c.ID, nil
}

func (f *totpFactor) answer(s *auth.Session, challenge, code string) (*auth.Session, error) {
	body := fmt.Appendf(nil, `{"challenge_id":%q,"code":%q}`, challenge, code)
	return f.b.VerifyFactor(f.b.t.Context(), bearer(s.AccessToken), f.id, body, here(1))
}

func (f *totpFactor) prove(s *auth.Session, code string) (*auth.Session, error) {
	c, err := f.challenge(s)
	if err != nil {
		return nil, err
	}
	return f.answer(s, c, code)
}

// withFactor signs a new user in and gives it a verified factor.
func (b *bench) withFactor(address string) (*auth.Session, *totpFactor) {
	b.t.Helper()
	s := b.signup(address)
	f, err := b.enroll(s, "app")
	if err != nil {
		b.t.Fatal(err)
	}
	out, err := f.prove(s, f.code(0))
	if err != nil {
		b.t.Fatal(err)
	}
	b.clock.add(time.Minute) // codes of before were taken
	return out, f
}

func TestAFactorIsEnrolledAndProven(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	e, err := b.Enroll(t.Context(), bearer(s.AccessToken), []byte(`{"factor_type":"totp","friendly_name":" Phone ","issuer":"Pet: Store"}`))
	if err != nil {
		t.Fatal(err)
	}
	if e.Type != "totp" || e.FriendlyName != "Phone" || len(e.TOTP.Secret) != 32 ||
		!strings.HasPrefix(e.TOTP.URI, "otpauth://totp/Pet%20%20Store:ann@shop.example?") || !strings.Contains(e.TOTP.URI, "secret="+e.TOTP.Secret) {
		t.Errorf("enrolled: %+v %+v", e, e.TOTP)
	}
	if !strings.HasPrefix(e.TOTP.QRCode, "<svg ") || strings.ContainsAny(e.TOTP.QRCode, `#%"`) {
		t.Errorf("QR code: %s", e.TOTP.QRCode)
	}
	if fs := b.user(s).Factors; len(fs) != 1 || fs[0].Status != "unverified" || fs[0].ID != e.ID || fs[0].FactorType != "totp" {
		t.Errorf("factors before the proof: %+v", fs)
	}
	f := &totpFactor{b: b, id: e.ID, secret: e.TOTP.Secret}
	c, err := b.ChallengeFactor(t.Context(), bearer(s.AccessToken), e.ID, []byte(`{"factorId":"x"}`))
	if err != nil || c.Type != "totp" || c.ExpiresAt != b.clock.Now().Add(5*time.Minute).Unix() {
		t.Fatalf("challenge: %+v %v", c, err)
	}
	b.clock.add(time.Second)
	out, err := f.answer(s, c.ID, f.code(0))
	if err != nil {
		t.Fatal(err)
	}
	if sessionOf(t, out) != sessionOf(t, s) {
		t.Error("another session")
	}
	got := claims(t, out.AccessToken)
	amr, err := json.Marshal(got["amr"])
	if err != nil {
		t.Fatal(err)
	}
	now := b.clock.Now().Unix()
	if want := fmt.Sprintf(`[{"method":"totp","timestamp":%d},{"method":"password","timestamp":%d}]`, now, now-1); got["aal"] != "aal2" || string(amr) != want {
		t.Errorf("aal %v, amr %s, want %s", got["aal"], amr, want)
	}
	if out.User.Factors[0].Status != "verified" {
		t.Errorf("user: %+v", out.User.Factors)
	}
	again, err := b.refresh(out.RefreshToken)
	if err != nil || claims(t, again.AccessToken)["aal"] != "aal2" {
		t.Errorf("after a refresh: %v %v", claims(t, again.AccessToken)["aal"], err)
	}
}

func TestS35ASessionIsAGuestUntilItsSecondFactor(t *testing.T) {
	b := setup(t)
	first, f := b.withFactor("ann@shop.example")
	wantKind(t, b, first, hutch.User, "aal2")
	second := b.signinOK("ann@shop.example")
	wantKind(t, b, second, hutch.Guest, "")
	if u := b.user(second); len(u.Factors) != 1 {
		t.Errorf("a user at aal1 sees its factors: %+v", u.Factors)
	}
	raised, err := f.prove(second, f.code(0))
	if err != nil {
		t.Fatal(err)
	}
	wantKind(t, b, raised, hutch.User, "aal2")
	wantKind(t, b, second, hutch.User, "aal2") // what is stored decides
}

func wantKind(t *testing.T, b *bench, s *auth.Session, kind hutch.Kind, aal string) {
	t.Helper()
	p, _, err := b.Verify(t.Context(), s.AccessToken)
	if err != nil || p.Kind != kind || p.AAL != aal {
		t.Errorf("principal: %v at %q, %v; want %v at %q", p.Kind, p.AAL, err, kind, aal)
	}
}

func TestS35TheFirstFactorEndsOtherSessions(t *testing.T) {
	b := setup(t)
	thief := b.signup("ann@shop.example")
	owner := b.signinOK("ann@shop.example")
	f, err := b.enroll(owner, "app")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.User(t.Context(), bearer(thief.AccessToken)); err != nil {
		t.Fatalf("a factor that waits ends nothing: %v", err)
	}
	out, err := f.prove(owner, f.code(0))
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.User(t.Context(), bearer(thief.AccessToken))
	wantCode(t, err, hutch.SessionNotFound)
	_, err = b.refresh(thief.RefreshToken)
	wantCode(t, err, hutch.RefreshTokenNotFound)
	b.user(out)
	// A second factor ends none.
	b.clock.add(time.Minute)
	other := b.signinOK("ann@shop.example")
	g, err := b.enroll(out, "second app")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = g.prove(out, g.code(0)); err != nil {
		t.Fatal(err)
	}
	b.user(other)
}

func (b *bench) user(s *auth.Session) *auth.User {
	b.t.Helper()
	u, err := b.User(b.t.Context(), bearer(s.AccessToken))
	if err != nil {
		b.t.Fatal(err)
	}
	return u
}
