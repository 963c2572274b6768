package auth_test

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// spelt are the ways in which the secret of an authenticator app may be stored so
// that who has a backup makes its codes.
func spelt(t testing.TB, secret string) map[string]string {
	t.Helper()
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil || len(raw) != 20 {
		t.Fatalf("%q: %v", secret, err)
	}
	return map[string]string{
		"as it is shown": secret, "decoded": string(raw), "in hex": hex.EncodeToString(raw),
		"in base64": base64.RawStdEncoding.EncodeToString(raw), "its text in base64": base64.RawStdEncoding.EncodeToString([]byte(secret)),
	}
}

func (b *bench) storesNot(what, secret string) {
	b.t.Helper()
	all := b.store.all()
	for how, s := range spelt(b.t, secret) {
		if strings.Contains(all, s) {
			b.t.Errorf("%s: the store has the secret, %s", what, how)
		}
	}
}

// TestS40TOTPSecretsAreSealed: of users and of operators, from the moment that
// they are made until after their use; and a seal is its factor's own.
func TestS40TOTPSecretsAreSealed(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	f, err := b.enroll(s, "app")
	if err != nil {
		t.Fatal(err)
	}
	b.storesNot("a factor that waits", f.secret)
	if s, err = f.prove(s, f.code(0)); err != nil {
		t.Fatal(err)
	}
	b.storesNot("a verified factor", f.secret)
	b.clock.add(30 * time.Second)
	if _, err = f.prove(b.signinOK("ann@shop.example"), f.code(0)); err != nil {
		t.Fatal(err)
	}
	b.storesNot("a factor that was used", f.secret)
	if _, err := b.refresh(s.RefreshToken); err != nil {
		t.Fatal(err)
	}
	_, secret := b.guardedOperator()
	b.storesNot("an operator's factor", secret)

	// Who can write into the store but has no key gains nothing by moving seals.
	thief, g := b.withFactor("eve@shop.example")
	b.swapSecret(f.id, g.id)
	_, err = g.prove(thief, f.code(1))
	wantCode(t, err, hutch.Internal)
	_, err = g.prove(thief, g.code(1))
	wantCode(t, err, hutch.Internal)
}

// swapSecret puts the sealed secret of one factor in the place of another's.
func (b *bench) swapSecret(from, to string) {
	b.t.Helper()
	var sealed any
	for _, id := range []string{from, to} {
		if err := b.edit("_factors", id, func(m bson.M) bson.M {
			if sealed == nil {
				sealed = m["secret"]
			}
			m["secret"] = sealed
			return m
		}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// TestS40FlowsLeaveNoSecret: what binds a flow at a provider to its browser, its
// client and the provider's answer is not in the store, nor what it ends in.
func TestS40FlowsLeaveNoSecret(t *testing.T) {
	b, p := abroad(t)
	p.who = someone("1", "ann@shop.example", true)
	without := func(when string, secrets ...string) {
		t.Helper()
		all := b.store.all()
		for _, s := range secrets {
			if s == "" || strings.Contains(all, s) {
				t.Errorf("%s: the store has %q", when, s)
			}
		}
	}
	w := browser{}
	state := b.authorize(w, request())
	without("a flow that began", append(slices.Collect(maps.Values(w)), state, p.begun.Nonce)...)
	code := b.callback(w, state).Get("code")
	without("a flow that came back", code, clientProof, state)
	s, err := b.trade(code, clientProof)
	if err != nil {
		t.Fatal(err)
	}
	without("a session", s.AccessToken, s.RefreshToken, code)
}
