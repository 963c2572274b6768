package auth_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// securityKey is a device that is a second factor.
type securityKey struct {
	*device
	b  *bench
	id string
}

func (b *bench) plugIn(s *auth.Session, d *device) *securityKey {
	b.t.Helper()
	e, err := b.Enroll(b.t.Context(), bearer(s.AccessToken), []byte(`{"factor_type":"webauthn","friendly_name":"key"}`))
	if err != nil {
		b.t.Fatal(err)
	}
	if e.Type != "webauthn" || e.FriendlyName != "key" || e.TOTP != nil {
		b.t.Errorf("enrolled %s", asJSON(b.t, e))
	}
	return &securityKey{device: d, b: b, id: e.ID}
}

// ask gives a challenge and what the device answers.
func (k *securityKey) ask(s *auth.Session) (c *auth.FactorChallenge, answer string) {
	k.b.t.Helper()
	// The request's rpId and rpOrigins are those of another page: nobody looks.
	c, err := k.b.ChallengeFactor(k.b.t.Context(), bearer(s.AccessToken), k.id, []byte(`{"webauthn":{"rpId":"evil.example","rpOrigins":["https://evil.example"]}}`))
	if err != nil {
		k.b.t.Fatal(err)
	}
	a := read(k.b.t, &auth.PasskeyChallenge{Options: c.WebAuthn.Options.PublicKey})
	if c.WebAuthn.Type == "create" {
		return c, k.create(k.b.t, a)
	}
	if len(a.Allow) != 1 || a.Allow[0].ID != b64(k.device.id) || a.RPID != "shop.example" {
		k.b.t.Errorf("request %+v", a)
	}
	return c, k.get(k.b.t, a)
}

func (k *securityKey) verify(s *auth.Session, c *auth.FactorChallenge, kind, answer string) (*auth.Session, error) {
	body := fmt.Appendf(nil, `{"challenge_id":%q,"webauthn":{"type":%q,"rpId":"evil.example","rpOrigins":["https://evil.example"],"credential_response":%s}}`, c.ID, kind, answer)
	return k.b.VerifyFactor(k.b.t.Context(), bearer(s.AccessToken), k.id, body, auth.Client{ServiceKey: true})
}

func (k *securityKey) prove(s *auth.Session) (*auth.Session, error) {
	k.b.t.Helper()
	c, answer := k.ask(s)
	return k.verify(s, c, c.WebAuthn.Type, answer)
}

func TestASecurityKeyIsASecondFactor(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	d := newDevice(t, -7)
	d.flags = userPresent // a touch is enough
	key := b.plugIn(s, d)
	out, err := key.prove(s)
	if err != nil {
		t.Fatal(err)
	}
	if got := strength(t, out.AccessToken); got != "aal2 mfa/webauthn password" {
		t.Error(got)
	}
	next := b.signinOK("ann@shop.example")
	if who := b.mustVerify(next.AccessToken); who.Kind != hutch.Guest {
		t.Errorf("without the key: %+v", who)
	}
	if _, err = b.Passkeys(t.Context(), bearer(next.AccessToken)); hutch.CodeOf(err) != hutch.InsufficientAAL {
		t.Errorf("passkeys at aal1: %v", err)
	}
	if _, err = b.PasskeyOptions(t.Context(), bearer(next.AccessToken), here(1)); hutch.CodeOf(err) != hutch.InsufficientAAL {
		t.Errorf("a passkey at aal1: %v", err)
	}
	if next, err = key.prove(next); err != nil {
		t.Fatal(err)
	}
	if who := b.mustVerify(next.AccessToken); who.AAL != "aal2" || who.Kind != hutch.User {
		t.Errorf("with the key: %+v", who)
	}
	// It is no way in by itself.
	c := b.challenge()
	_, err = b.enterWith(c.ChallengeID, d.get(t, read(t, c)))
	wrong(t, "as a passkey", err, hutch.WebAuthnFailed)
}

func TestS44PasskeysAsSecondFactorBelieveNothing(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	key := b.plugIn(s, newDevice(t, -7))
	good := *key.device
	bad := func(name string, want hutch.Code, lie func(), kind string) {
		t.Helper()
		lie()
		c, answer := key.ask(s)
		if kind == "" {
			kind = c.WebAuthn.Type
		}
		_, err := key.verify(s, c, kind, answer)
		wrong(t, name, err, want)
		count := max(key.count, good.count+10)
		*key.device = good
		good.count = count
		key.count = count
		if want == hutch.FactorRefused { // one answer a challenge
			_, err = key.verify(s, c, c.WebAuthn.Type, answer)
			wrong(t, name+", again", err, hutch.ChallengeExpired)
		}
	}
	for range 2 { // before it is verified, and afterwards
		bad("the page of the request", hutch.FactorRefused, func() { key.origin = "https://evil.example" }, "")
		bad("the domain of the request", hutch.FactorRefused, func() { key.party = "evil.example" }, "")
		bad("nobody there", hutch.FactorRefused, func() { key.flags = 0 }, "")
		bad("another type", hutch.ValidationFailed, func() {}, "other")
		out, err := key.prove(s)
		if err != nil {
			t.Fatal(err)
		}
		s, good = out, *key.device
	}
	bad("another key", hutch.FactorRefused, func() { key.signer = newDevice(t, -7).signer }, "")
	bad("a new key", hutch.ValidationFailed, func() {}, "create")
	bad("a count that goes back", hutch.FactorRefused, func() { key.count = 0 }, "")
	if rows := b.rows("passkey_copied"); len(rows) != 1 || rows[0] != s.User.ID+" "+key.id {
		t.Errorf("audit %q", rows)
	}
	c, answer := key.ask(s)
	other := b.signinOK("ann@shop.example")
	_, err := key.verify(other, c, "request", answer)
	wrong(t, "another session", err, hutch.ChallengeExpired)
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := key.verify(s, c, "request", answer); err == nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 20 parallel answers are taken", won.Load())
	}
}

// TestS44PasskeysAndFactorsAreKeysOfTheirOwn: a key that is known is no further
// factor, and browsers are told which are.
func TestS44PasskeysAndFactorsAreKeysOfTheirOwn(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	d, passkey := newDevice(t, -7), newDevice(t, -7)
	b.mustAdd(s, passkey)
	s, err := b.plugIn(s, d).prove(s)
	if err != nil {
		t.Fatal(err)
	}
	for name, again := range map[string]*device{"factor": d, "passkey": passkey} {
		e, err := b.Enroll(t.Context(), bearer(s.AccessToken), []byte(`{"factor_type":"webauthn","friendly_name":"again"}`))
		if err != nil {
			t.Fatal(err)
		}
		key := &securityKey{device: again, b: b, id: e.ID}
		c, answer := key.ask(s)
		a := read(t, &auth.PasskeyChallenge{Options: c.WebAuthn.Options.PublicKey})
		if len(a.Exclude) != 1 || a.Exclude[0].ID != b64(d.id) {
			t.Errorf("excluded: %+v", a.Exclude)
		}
		_, err = key.verify(s, c, "create", answer)
		wrong(t, "a "+name+" again", err, hutch.WebAuthnExists)
	}
	factor := *d
	_, err = b.add(s, &factor)
	wrong(t, "a factor as passkey", err, hutch.WebAuthnExists)
	var won atomic.Int32
	third := newDevice(t, -7)
	var verify [3]func() error
	for i := range verify { // of parallel ones that wait, one counts
		e, err := b.Enroll(t.Context(), bearer(s.AccessToken), fmt.Appendf(nil, `{"factor_type":"webauthn","friendly_name":"third %d"}`, i))
		if err != nil {
			t.Fatal(err)
		}
		key := &securityKey{device: third, b: b, id: e.ID}
		c, answer := key.ask(s)
		verify[i] = func() error { return second(key.verify(s, c, "create", answer)) }
	}
	var wg sync.WaitGroup
	for _, f := range verify {
		wg.Go(func() {
			if f() == nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 3 factors of one key", won.Load())
	}
}
