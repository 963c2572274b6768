package auth_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func TestS33RevokedTokensStayOut(t *testing.T) {
	for name, revoke := range revocations {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			other := b.node() // has remembered too, and learns by the feed alone
			s, bystander := b.signup("ann@shop.example"), b.signup("bob@shop.example")
			for _, n := range []*auth.Service{b.Service, other} {
				for _, token := range []string{s.AccessToken, bystander.AccessToken} {
					if _, _, err := n.Verify(t.Context(), token); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := revoke(b, s); err != nil {
				t.Fatal(err)
			}
			b.store.settle(t)
			// Both nodes have to be through: each is asked until it refuses, which
			// it then does for good.
			for i, n := range []*auth.Service{b.Service, other} {
				until(t, func() bool {
					_, _, err := n.Verify(t.Context(), s.AccessToken)
					return hutch.CodeOf(err) == hutch.Unauthenticated
				})
				for range 3 {
					if _, _, err := n.Verify(t.Context(), s.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
						t.Errorf("node %d lets it in again: %v", i, err)
					}
				}
				if _, _, err := n.Verify(t.Context(), bystander.AccessToken); err != nil {
					t.Errorf("node %d: a bystander is out: %v", i, err)
				}
			}
		})
	}
}

func TestS33RolesAreTheStoredOnes(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	before := b.mustVerify(s.AccessToken)
	if len(before.Roles) != 0 {
		t.Fatalf("roles: %v", before.Roles)
	}
	if _, err := b.SetRoles(t.Context(), "ann@shop.example", []string{"keeper"}); err != nil {
		t.Fatal(err)
	}
	b.store.settle(t)
	p := b.mustVerify(s.AccessToken)
	if !slices.Equal(p.Roles, []string{"keeper"}) || p.Key == before.Key || !strings.Contains(string(p.Claims), "keeper") {
		t.Errorf("the same token, roles of now: %+v", p)
	}
	if _, err := b.SetRoles(t.Context(), "ann@shop.example", nil); err != nil {
		t.Fatal(err)
	}
	b.store.settle(t)
	if p := b.mustVerify(s.AccessToken); len(p.Roles) != 0 || p.Key != before.Key {
		t.Errorf("roles taken: %+v", p)
	}
}

func TestS33WithoutTheFeedNothingIsRemembered(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	b.store.settle(t)
	reads := func() (n int) {
		b.store.mu.Lock()
		before := b.store.reads
		b.store.mu.Unlock()
		b.mustVerify(s.AccessToken)
		b.store.mu.Lock()
		defer b.store.mu.Unlock()
		return b.store.reads - before
	}
	reads()
	if reads() != 0 {
		t.Fatal("a verification is not remembered")
	}
	b.store.hold()
	b.clock.add(3 * time.Second)
	if reads() != 0 {
		t.Error("silent for 3 s: still remembered")
	}
	b.clock.add(time.Millisecond)
	for range 2 {
		if reads() == 0 {
			t.Error("silent for more than 3 s: every use is a miss")
		}
	}
	b.store.release()
	b.store.progress(t, b.clock.Now().Add(-10*time.Second)) // of a reader that lags
	if reads() == 0 {
		t.Error("an old commit counts as hearing the feed")
	}
	b.store.progress(t, b.clock.Now())
	reads()
	if reads() != 0 {
		t.Error("the feed is back: remembered again")
	}
}

// A change that is committed while a miss reads the documents and shown before
// it stores the entry must not be outlived by the entry.
func TestS33AMissRacingAChange(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	for range 200 {
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for range 2 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						_, _, _ = b.Verify(t.Context(), s.AccessToken)
					}
				}
			})
		}
		_, err := b.Ban(t.Context(), "ann@shop.example", b.clock.Now().Add(time.Hour))
		b.store.settle(t)
		_, verr := b.verify(s.AccessToken)
		close(stop)
		wg.Wait()
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, verr, hutch.Unauthenticated)
		if _, err := b.Ban(t.Context(), "ann@shop.example", time.Time{}); err != nil {
			t.Fatal(err)
		}
		b.mustVerify(s.AccessToken)
	}
}

// What changes while the feed has a gap is shown to nobody.
func TestS33AGapOfTheFeedEmptiesTheMemory(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	b.store.progress(t, b.clock.Now())
	b.mustVerify(s.AccessToken)
	heard := b.heardAll()
	b.store.hold()
	if err := b.erase("_users", s.User.ID); err != nil {
		t.Fatal(err)
	}
	b.mustVerify(s.AccessToken) // not yet heard of
	b.store.lose()
	until(t, func() bool {
		_, err := b.verify(s.AccessToken)
		return hutch.CodeOf(err) == hutch.Unauthenticated
	})
	if !heard() {
		t.Error("the gap is told to nobody")
	}
}

func TestS33ARemovedSigningKeyEmptiesTheMemory(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	b.store.progress(t, b.clock.Now())
	b.mustVerify(s.AccessToken)
	heard := b.heardAll()
	// Another node puts a new key in the place of one that has leaked.
	if err := b.erase("_signing", kid(t, s.AccessToken)); err != nil {
		t.Fatal(err)
	}
	b.store.settle(t)
	if _, err := b.verify(s.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("got %v", err)
	}
	if !heard() {
		t.Error("told to nobody")
	}
	n, err := b.refresh(s.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	b.mustVerify(n.AccessToken)
}

func TestS33TheMemoryIsBounded(t *testing.T) {
	b := setup(t, func(o *auth.Options) { o.Remember = 128 })
	s := b.signup("ann@shop.example")
	b.store.settle(t)
	for range 300 {
		n, err := b.refresh(s.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		b.mustVerify(n.AccessToken)
		s = n
	}
	if n := b.Remembered(); n == 0 || n > 128 {
		t.Errorf("%d remembered, want at most 128", n)
	}
}

func TestS33ForeignTokens(t *testing.T) {
	b := setup(t)
	s, bob := b.signup("ann@shop.example"), b.signup("bob@shop.example")
	payload := claims(t, s.AccessToken)
	edit := func(k string, v any) []byte {
		m := map[string]any{}
		maps.Copy(m, payload)
		if v == nil {
			delete(m, k)
		} else {
			m[k] = v
		}
		js, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return js
	}
	b.mustVerify(b.Sign(edit("x", 1))) // the tool makes good tokens
	parts := strings.Split(s.AccessToken, ".")
	header := func(h string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(h)) + "." + parts[1] + "." + parts[2]
	}
	hs, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(strings.Repeat("k", 32))}, (&jose.SignerOptions{}).WithType("at+jwt"))
	if err != nil {
		t.Fatal(err)
	}
	sig, err := hs.Sign(edit("x", 1))
	if err != nil {
		t.Fatal(err)
	}
	symmetric, err := sig.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := setup(t)
	foreign := elsewhere.signup("ann@shop.example")
	for name, token := range map[string]string{
		"another issuer":           b.Sign(edit("iss", "https://evil.example")),
		"no issuer":                b.Sign(edit("iss", nil)),
		"another audience":         b.Sign(edit("aud", "hutch-admin")),
		"a list as audience":       b.Sign(edit("aud", []string{"authenticated"})),
		"ended":                    b.Sign(edit("exp", b.clock.Now().Unix())),
		"no end":                   b.Sign(edit("exp", nil)),
		"no subject":               b.Sign(edit("sub", nil)),
		"another subject":          b.Sign(edit("sub", "0195-0")),
		"another user":             b.Sign(edit("sub", bob.User.ID)),
		"another session":          b.Sign(edit("session_id", "0195-0")),
		"no session":               b.Sign(edit("session_id", nil)),
		"a generation to come":     b.Sign(edit("jti", "7.x")),
		"no generation":            b.Sign(edit("jti", "x")),
		"no claims":                b.Sign([]byte(`null`)),
		"no JSON":                  b.Sign([]byte(`x`)),
		"no algorithm":             header(`{"alg":"none","typ":"at+jwt"}`),
		"a symmetric algorithm":    symmetric,
		"another installation's":   foreign.AccessToken,
		"an unknown kid":           header(`{"alg":"ES256","kid":"x","typ":"at+jwt"}`),
		"an ID token":              b.SignAs("JWT", edit("x", 1)),
		"another type":             b.SignAs("at+jws", edit("x", 1)),
		"no type":                  header(`{"alg":"ES256","kid":"x"}`),
		"a changed payload":        parts[0] + "." + base64.RawURLEncoding.EncodeToString(edit("role", "admin")) + "." + parts[2],
		"no signature":             parts[0] + "." + parts[1] + ".",
		"two parts":                parts[0] + "." + parts[1],
		"empty":                    "",
		"text":                     "hello",
		"the refresh token":        s.RefreshToken,
		"a token that is too long": s.AccessToken + strings.Repeat("A", 16<<10),
	} {
		for range 2 {
			if _, err := b.verify(token); hutch.CodeOf(err) != hutch.Unauthenticated {
				t.Errorf("%s: got %v", name, err)
			}
			if token == "" {
				continue
			}
			if _, err := b.User(t.Context(), bearer(token)); hutch.CodeOf(err) != hutch.BadJWT && hutch.CodeOf(err) != hutch.SessionNotFound {
				t.Errorf("%s, GET user: got %v", name, err)
			}
		}
	}
}

func TestTokensEnd(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	_, exp, err := b.Verify(t.Context(), s.AccessToken)
	if err != nil || !exp.Equal(b.clock.Now().Add(15*time.Minute)) {
		t.Fatalf("%v, %v", exp, err)
	}
	b.clock.add(15*time.Minute - time.Second)
	b.store.progress(t, b.clock.Now())
	b.mustVerify(s.AccessToken)
	b.clock.add(time.Second)
	if _, err = b.verify(s.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("an ended token that is remembered: %v", err)
	}
	_, err = b.User(t.Context(), bearer(s.AccessToken))
	wantCode(t, err, hutch.BadJWT)
}
