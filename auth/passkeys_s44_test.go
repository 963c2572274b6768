package auth_test

import (
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// lies are what an authenticator or a browser may say that is not so.
var lies = map[string]func(d *device){
	"another origin":      func(d *device) { d.origin = "https://evil.example" },
	"a sub-domain":        func(d *device) { d.origin = "https://a.shop.example" },
	"another port":        func(d *device) { d.origin = "https://shop.example:444" },
	"without TLS":         func(d *device) { d.origin = "http://shop.example" },
	"a path":              func(d *device) { d.origin = "https://shop.example/" },
	"a user":              func(d *device) { d.origin = "https://shop.example@evil.example" },
	"a user before ours":  func(d *device) { d.origin = "https://evil@shop.example" },
	"upper case":          func(d *device) { d.origin = "https://SHOP.example" },
	"no origin":           func(d *device) { d.origin = "" },
	"null":                func(d *device) { d.origin = "null" },
	"an app":              func(d *device) { d.origin = "android:apk-key-hash:" + strings.Repeat("A", 43) },
	"another domain":      func(d *device) { d.party = "evil.example" },
	"the domain above":    func(d *device) { d.party = "example" },
	"not verified":        func(d *device) { d.flags &^= userVerified },
	"not present":         func(d *device) { d.flags &^= userPresent },
	"backed up, never to": func(d *device) { d.flags |= 0x10 },
	"another ceremony":    func(d *device) { d.client = map[string]any{"type": "payment.get"} },
	"another challenge":   func(d *device) { d.client = map[string]any{"challenge": b64(make([]byte, 32))} },
	"no challenge":        func(d *device) { d.client = map[string]any{"challenge": ""} },
	"in a foreign frame":  func(d *device) { d.client = map[string]any{"crossOrigin": true} },
	"in a named frame":    func(d *device) { d.client = map[string]any{"crossOrigin": true, "topOrigin": "https://evil.example"} },
	"client data as text": func(d *device) { d.lie = func(r map[string]any) { r["clientDataJSON"] = `{"type":"webauthn.get"}` } },
	"no client data":      func(d *device) { d.lie = func(r map[string]any) { delete(r, "clientDataJSON") } },
}

func TestS44PasskeysNoLieRegisters(t *testing.T) {
	more := map[string]func(d *device){
		"none as algorithm": func(d *device) { d.cose = map[int]any{3: 0} },
		"ES384":             func(d *device) { d.cose = map[int]any{3: -35} },
		"RS1":               func(d *device) { d.cose = map[int]any{3: -65535} },
		"another curve":     func(d *device) { d.cose = map[int]any{-1: 2} },
		"not on the curve":  func(d *device) { d.cose = map[int]any{-2: make([]byte, 32)} },
		"a long coordinate": func(d *device) { d.cose = map[int]any{-2: make([]byte, 2000)} },
		"a long member":     func(d *device) { d.cose = map[int]any{-9: make([]byte, 2000)} },
		"no id":             func(d *device) { d.id = []byte{} },
		"a long id":         func(d *device) { d.id = make([]byte, 1100) },
		"of a TPM":          func(d *device) { d.format = "tpm" },
		"of Apple":          func(d *device) { d.format = "apple" },
		"of no format":      func(d *device) { d.format = "" },
		"self-attested by another": func(d *device) {
			d.format = "packed"
			d.signer = newDevice(t, -7).signer
			d.cose = map[int]any{-2: make([]byte, 32)}
		},
		"no object": func(d *device) { d.lie = func(r map[string]any) { delete(r, "attestationObject") } },
		"half of one": func(d *device) {
			d.lie = func(r map[string]any) { r["attestationObject"] = r["attestationObject"].(string)[:200] }
		},
		"more of one": func(d *device) {
			d.lie = func(r map[string]any) { r["attestationObject"] = r["attestationObject"].(string) + "AAAA" }
		},
		"huge CBOR": func(d *device) {
			d.lie = func(r map[string]any) {
				r["attestationObject"] = b64([]byte{0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
			}
		},
		"deep CBOR": func(d *device) {
			d.lie = func(r map[string]any) { r["attestationObject"] = b64([]byte(strings.Repeat("\x81", 9000))) }
		},
	}
	maps.Copy(more, lies)
	b := setup(t, func(o *auth.Options) { o.Limits.SignupsPerNetwork = 1000 })
	s := b.signup("ann@shop.example")
	for name, lie := range more {
		d := newDevice(t, -7)
		lie(d)
		_, err := b.add(s, d)
		if hutch.CodeOf(err) != hutch.WebAuthnFailed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all, err := b.Passkeys(t.Context(), bearer(s.AccessToken)); err != nil || len(all) != 0 || b.store.count("_factors") != 0 {
		t.Errorf("passkeys %v, %v", all, err)
	}
}

func TestS44PasskeysNoLieSignsIn(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	bob := b.signup("bob@shop.example")
	other := newDevice(t, -7)
	b.mustAdd(bob, other)
	more := map[string]func(d *device){
		"another's signature": func(d *device) { d.signer = other.signer },
		"another's handle":    func(d *device) { d.handle = other.handle },
		"no handle":           func(d *device) { d.handle = nil },
		"no signature":        func(d *device) { d.lie = func(r map[string]any) { r["signature"] = "" } },
		"a tampered signature": func(d *device) {
			d.lie = func(r map[string]any) { r["signature"] = flip(t, r["signature"].(string)) }
		},
		"tampered data": func(d *device) {
			d.lie = func(r map[string]any) { r["authenticatorData"] = flip(t, r["authenticatorData"].(string)) }
		},
		"the flag set afterwards": func(d *device) {
			d.flags &^= userVerified
			d.lie = func(r map[string]any) {
				raw := unb64(t, r["authenticatorData"].(string))
				raw[32] |= userVerified
				r["authenticatorData"] = b64(raw)
			}
		},
		"eligible for backup, suddenly": func(d *device) { d.flags |= 0x08 },
		"no data":                       func(d *device) { d.lie = func(r map[string]any) { r["authenticatorData"] = "" } },
		"unknown":                       func(d *device) { d.id = newDevice(t, -7).id },
		"unknown, and nobody's":         func(d *device) { *d = *newDevice(t, -7) },
	}
	maps.Copy(more, lies)
	d := newDevice(t, -7)
	b.mustAdd(s, d)
	for name, lie := range more {
		c := *d
		lie(&c)
		challenge := b.challenge()
		signed := c.get(t, read(t, challenge))
		_, err := b.enterWith(challenge.ChallengeID, signed)
		wrong(t, name, err, hutch.WebAuthnFailed)
		if e := hutch.AsError(err); e.Message != "the answer of the authenticator does not verify" || e.Field != "credential" {
			t.Errorf("%s: %v tells more than the others", name, e)
		}
	}
	d.count += 10
	if _, err := b.enter(d); err != nil {
		t.Errorf("the truth: %v", err)
	}
}

func wrong(t testing.TB, name string, err error, want hutch.Code) {
	t.Helper()
	if err == nil || hutch.CodeOf(err) != want {
		t.Errorf("%s: %v, want %s", name, err, want)
	}
}

func flip(t testing.TB, s string) string {
	raw := unb64(t, s)
	raw[len(raw)-1] ^= 1
	return b64(raw)
}

func TestS44PasskeysCounterMayNotGoBack(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	d := newDevice(t, -7)
	p := b.mustAdd(s, d)
	copied := *d
	if _, err := b.enter(d); err != nil {
		t.Fatal(err)
	}
	_, err := b.enter(&copied) // counts as the first did before
	wrong(t, "the same count", err, hutch.WebAuthnFailed)
	copied.count = 0
	d.count = 100
	if _, err = b.enter(d); err != nil {
		t.Fatal(err)
	}
	_, err = b.enter(&copied)
	wrong(t, "a smaller count", err, hutch.WebAuthnFailed)
	if rows := b.rows("passkey_copied"); len(rows) != 2 || rows[0] != s.User.ID+" "+p.ID {
		t.Errorf("audit %q", rows)
	}
	if _, err = b.enter(d); err != nil { // the larger one goes on
		t.Error(err)
	}
}

// rows are user and detail of the rows of _audit of an event.
func (b *bench) rows(event string) (out []string) {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	for _, d := range b.store.docs["_audit"] {
		if d.Lookup("event").StringValue() == event {
			detail, _ := d.Lookup("detail").StringValueOK()
			out = append(out, d.Lookup("user").StringValue()+" "+detail)
		}
	}
	return out
}

func TestS44PasskeysChallengesServeOnce(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	d := newDevice(t, -7)
	b.mustAdd(s, d)
	expired := func(name, challenge, credential string) {
		t.Helper()
		_, err := b.enterWith(challenge, credential)
		wrong(t, name, err, hutch.WebAuthnExpired)
	}
	c := b.challenge()
	signed := d.get(t, read(t, c))
	if _, err := b.enterWith(c.ChallengeID, signed); err != nil {
		t.Fatal(err)
	}
	expired("again", c.ChallengeID, signed)
	again := b.challenge()
	_, err := b.enterWith(again.ChallengeID, signed)
	wrong(t, "for another challenge", err, hutch.WebAuthnFailed)
	expired("after a failure", again.ChallengeID, d.get(t, read(t, again)))

	late := b.challenge()
	b.clock.add(5 * time.Minute)
	expired("5 minutes later", late.ChallengeID, d.get(t, read(t, late)))
	almost := b.challenge()
	b.clock.add(5*time.Minute - time.Second)
	if _, err := b.enterWith(almost.ChallengeID, d.get(t, read(t, almost))); err != nil {
		t.Errorf("a second before: %v", err)
	}
	for _, id := range []string{"x", strings.Repeat("0", 65), almost.ChallengeID[1:], "passkey:00"} {
		expired(id, id, signed)
	}

	// A challenge of one route is none of the other.
	s = b.signinOK("ann@shop.example")
	reg, err := b.PasskeyOptions(t.Context(), bearer(s.AccessToken), here(1))
	if err != nil {
		t.Fatal(err)
	}
	a := read(t, reg)
	a.RPID = "shop.example"
	expired("of a registration", reg.ChallengeID, d.get(t, a))
	c = b.challenge()
	a = read(t, c)
	a.RP.ID, a.User.ID = "shop.example", b64(d.handle)
	_, err = b.AddPasskey(t.Context(), bearer(s.AccessToken), verifyBody(c.ChallengeID, newDevice(t, -7).create(t, a)), here(1))
	wrong(t, "of a sign-in", err, hutch.WebAuthnExpired)
}

func TestS44PasskeysAreOfTheSessionThatAsked(t *testing.T) {
	b := setup(t)
	ann, bob := b.signup("ann@shop.example"), b.signup("bob@shop.example")
	second := b.signinOK("ann@shop.example")
	c, err := b.PasskeyOptions(t.Context(), bearer(ann.AccessToken), here(1))
	if err != nil {
		t.Fatal(err)
	}
	body := verifyBody(c.ChallengeID, newDevice(t, -7).create(t, read(t, c)))
	for name, s := range map[string]*auth.Session{"another user": bob, "another session": second} {
		_, err = b.AddPasskey(t.Context(), bearer(s.AccessToken), body, here(1))
		wrong(t, name, err, hutch.WebAuthnExpired)
	}
	if _, err = b.AddPasskey(t.Context(), bearer(ann.AccessToken), body, here(1)); err != nil { // nobody used it up
		t.Fatal(err)
	}
	c, err = b.PasskeyOptions(t.Context(), bearer(ann.AccessToken), here(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = b.PasskeyOptions(t.Context(), bearer(ann.AccessToken), here(1)); err != nil {
		t.Fatal(err)
	}
	_, err = b.AddPasskey(t.Context(), bearer(ann.AccessToken), verifyBody(c.ChallengeID, newDevice(t, -7).create(t, read(t, c))), here(1))
	wrong(t, "the challenge before", err, hutch.WebAuthnExpired)
}

// Each thing good for one use, used 20 times at once.
func TestS44PasskeysInParallel(t *testing.T) {
	twenty := func(f func(i int) error) (won int32, codes map[hutch.Code]int) {
		var ok atomic.Int32
		var mu sync.Mutex
		var wg sync.WaitGroup
		codes = map[hutch.Code]int{}
		for i := range 20 {
			wg.Go(func() {
				err := f(i)
				if err == nil {
					ok.Add(1)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				codes[hutch.CodeOf(err)]++
			})
		}
		wg.Wait()
		return ok.Load(), codes
	}
	b := setup(t)
	s := b.signup("ann@shop.example")
	d := newDevice(t, -7)
	t.Run("a registration", func(t *testing.T) {
		c, err := b.PasskeyOptions(t.Context(), bearer(s.AccessToken), here(1))
		if err != nil {
			t.Fatal(err)
		}
		body := verifyBody(c.ChallengeID, d.create(t, read(t, c)))
		won, codes := twenty(func(int) error {
			_, err := b.AddPasskey(t.Context(), bearer(s.AccessToken), body, here(1))
			return err
		})
		if won != 1 || codes[hutch.WebAuthnExpired] != 19 || b.store.count("_factors") != 1 {
			t.Errorf("%d won, %v", won, codes)
		}
	})
	t.Run("a sign-in", func(t *testing.T) {
		c := b.challenge()
		signed := d.get(t, read(t, c))
		won, codes := twenty(func(int) error { _, err := b.enterWith(c.ChallengeID, signed); return err })
		if won != 1 || codes[hutch.WebAuthnExpired] != 19 {
			t.Errorf("%d won, %v", won, codes)
		}
	})
	t.Run("a count", func(t *testing.T) { // one copy of the key, with challenges of their own
		type answer struct{ id, signed string }
		answers := make([]answer, 20)
		for i := range answers {
			c, twin := b.challenge(), *d
			answers[i] = answer{c.ChallengeID, twin.get(t, read(t, c))}
		}
		won, codes := twenty(func(i int) error { _, err := b.enterWith(answers[i].id, answers[i].signed); return err })
		if won != 1 || codes[hutch.WebAuthnFailed] != 19 {
			t.Errorf("%d won, %v", won, codes)
		}
	})
	t.Run("the tenth passkey", func(t *testing.T) {
		u := b.signup("eve@shop.example")
		for range 9 {
			b.mustAdd(u, newDevice(t, -7))
		}
		bodies, in := make([][]byte, 20), make([]*auth.Session, 20)
		for i := range bodies {
			in[i] = b.signinOK("eve@shop.example")
			c, err := b.PasskeyOptions(t.Context(), bearer(in[i].AccessToken), here(1))
			if err != nil {
				t.Fatal(err)
			}
			bodies[i] = verifyBody(c.ChallengeID, newDevice(t, -7).create(t, read(t, c)))
		}
		won, codes := twenty(func(i int) error {
			_, err := b.AddPasskey(t.Context(), bearer(in[i].AccessToken), bodies[i], here(1))
			return err
		})
		if won != 1 || codes[hutch.TooManyPasskeys] != 19 {
			t.Errorf("%d won, %v", won, codes)
		}
		_, err := b.PasskeyOptions(t.Context(), bearer(u.AccessToken), here(1))
		wrong(t, "an eleventh", err, hutch.TooManyPasskeys)
	})
}
