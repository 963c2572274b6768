package auth_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// add gives a session a passkey of a device.
func (b *bench) add(s *auth.Session, d *device) (*auth.Passkey, error) {
	b.t.Helper()
	c, err := b.PasskeyOptions(b.t.Context(), bearer(s.AccessToken), here(1))
	if err != nil {
		return nil, err
	}
	return b.AddPasskey(b.t.Context(), bearer(s.AccessToken), verifyBody(c.ChallengeID, d.create(b.t, read(b.t, c))), here(1))
}

func (b *bench) mustAdd(s *auth.Session, d *device) *auth.Passkey {
	b.t.Helper()
	p, err := b.add(s, d)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *bench) challenge() *auth.PasskeyChallenge {
	b.t.Helper()
	c, err := b.PasskeyChallenge(b.t.Context(), []byte(`{"gotrue_meta_security":{}}`), here(2))
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b *bench) enterWith(challenge, credential string) (*auth.Session, error) {
	return b.EnterByPasskey(b.t.Context(), verifyBody(challenge, credential), here(2))
}

// enter signs in with a device.
func (b *bench) enter(d *device) (*auth.Session, error) {
	b.t.Helper()
	c := b.challenge()
	return b.enterWith(c.ChallengeID, d.get(b.t, read(b.t, c)))
}

func TestPasskeySignsIn(t *testing.T) {
	b := setup(t)
	ann := b.signup("ann@shop.example")
	for name, alg := range map[string]int{"ES256": -7, "EdDSA": -8, "RS256": -257} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, alg)
			if name == "EdDSA" {
				d.format = "packed" // attests itself, unasked
			}
			p := b.mustAdd(ann, d)
			if p.LastUsedAt != "" || p.CreatedAt == "" {
				t.Errorf("%+v", p)
			}
			b.clock.add(time.Second)
			s, err := b.enter(d)
			if err != nil {
				t.Fatal(err)
			}
			if s.User.ID != ann.User.ID || len(s.User.Factors) != 0 {
				t.Errorf("user %+v", s.User)
			}
			who := b.mustVerify(s.AccessToken)
			if who.AAL != "aal2" || who.UID != ann.User.ID {
				t.Errorf("principal %+v", who)
			}
			if got := strength(t, s.AccessToken); got != "aal2 passkey" {
				t.Error(got)
			}
			if s, err = b.refresh(s.RefreshToken); err != nil || strength(t, s.AccessToken) != "aal2 passkey" {
				t.Errorf("refreshed: %+v, %v", s, err)
			}
			all, err := b.Passkeys(t.Context(), bearer(s.AccessToken))
			if err != nil || all[len(all)-1].ID != p.ID || all[len(all)-1].LastUsedAt == "" {
				t.Errorf("passkeys %s, %v", asJSON(t, all), err)
			}
		})
	}
	// A passkey is a way in and no second factor: the password goes on alone.
	if who := b.mustVerify(ann.AccessToken); who.Kind != hutch.User || who.AAL != "aal1" {
		t.Errorf("the session of the password: %+v", who)
	}
}

// strength is aal and the methods of a token.
func strength(t testing.TB, token string) string {
	t.Helper()
	c := claims(t, token)
	out, _ := c["aal"].(string)
	all, _ := c["amr"].([]any)
	for _, m := range all {
		out += " " + m.(map[string]any)["method"].(string)
	}
	return out
}

func TestPasskeyOptions(t *testing.T) {
	b := setup(t)
	ann := b.signup("ann@shop.example")
	d := newDevice(t, -7)
	p := b.mustAdd(ann, d)
	c, err := b.PasskeyOptions(t.Context(), bearer(ann.AccessToken), here(1))
	if err != nil {
		t.Fatal(err)
	}
	a := read(t, c)
	if a.RP.ID != "shop.example" || a.Attest != "none" || a.Timeout != 300_000 || len(unb64(t, a.Challenge)) != 32 ||
		a.Selection["userVerification"] != "required" || a.Selection["residentKey"] != "required" || a.Selection["requireResidentKey"] != true {
		t.Errorf("creation %s", asJSON(t, c.Options))
	}
	if len(a.Params) != 3 || a.Params[0].Alg != -7 || a.Params[1].Alg != -8 || a.Params[2].Alg != -257 {
		t.Errorf("algorithms %+v", a.Params)
	}
	if len(a.Exclude) != 1 || a.Exclude[0].ID != b64(d.id) {
		t.Errorf("excluded %+v", a.Exclude)
	}
	if c.ExpiresAt != b.clock.Now().Add(5*time.Minute).Unix() {
		t.Errorf("expires %d", c.ExpiresAt)
	}
	if got := read(t, b.challenge()); got.RPID != "shop.example" || got.UV != "required" || len(got.Allow) != 0 {
		t.Errorf("request %+v", got)
	}
	if js := asJSON(t, p); strings.Contains(js, "last_used_at") || strings.Contains(js, "friendly_name") {
		t.Errorf("a new passkey is %s", js)
	}
}

func TestS44PasskeysUserHandlesAreRandom(t *testing.T) {
	b := setup(t)
	seen := map[string]bool{}
	for _, who := range []string{"ann", "bob"} {
		s := b.signup(who + "@shop.example")
		var before string
		for range 2 {
			c, err := b.PasskeyOptions(t.Context(), bearer(s.AccessToken), here(1))
			if err != nil {
				t.Fatal(err)
			}
			id := read(t, c).User.ID
			if before != "" && id != before {
				t.Error("a user's handle changes")
			}
			before = id
		}
		raw := unb64(t, before)
		if len(raw) != 32 || bytes.Contains(raw, []byte(s.User.ID)) || seen[before] {
			t.Errorf("handle %x of %s", raw, s.User.ID)
		}
		seen[before] = true
	}
}

// Keys of an implementation that is not ours, which attests itself.
func TestPasskeyOfAnotherMaker(t *testing.T) {
	for _, kind := range []virtualwebauthn.KeyType{virtualwebauthn.KeyTypeEC2, virtualwebauthn.KeyTypeRSA} {
		t.Run(string(kind), func(t *testing.T) {
			b := setup(t)
			ann := b.signup("ann@shop.example")
			c, err := b.PasskeyOptions(t.Context(), bearer(ann.AccessToken), here(1))
			if err != nil {
				t.Fatal(err)
			}
			o, err := virtualwebauthn.ParseAttestationOptions(asJSON(t, c.Options))
			if err != nil {
				t.Fatal(err)
			}
			rp := virtualwebauthn.RelyingParty{ID: "shop.example", Origin: "https://shop.example"}
			maker := virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte(o.UserID)})
			key := virtualwebauthn.NewCredential(kind)
			for len(key.Key.AttestationData()) < 77 { // it drops leading zeros of a point, which are part of it
				key = virtualwebauthn.NewCredential(kind)
			}
			body := verifyBody(c.ChallengeID, virtualwebauthn.CreateAttestationResponse(rp, maker, key, *o))
			if _, err := b.AddPasskey(t.Context(), bearer(ann.AccessToken), body, here(1)); err != nil {
				t.Fatal(err)
			}
			c = b.challenge()
			q, err := virtualwebauthn.ParseAssertionOptions(asJSON(t, c.Options))
			if err != nil {
				t.Fatal(err)
			}
			// It does not count: 0 stays 0, and is no copy.
			if _, err := b.enterWith(c.ChallengeID, virtualwebauthn.CreateAssertionResponse(rp, maker, key, *q)); err != nil {
				t.Fatal(err)
			}
		})
	}
}
