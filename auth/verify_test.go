package auth_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// revocations end what a token may do.
var revocations = map[string]func(b *bench, s *auth.Session) error{
	"signed out": func(b *bench, s *auth.Session) error {
		return b.Logout(b.t.Context(), bearer(s.AccessToken), "local")
	},
	"signed out everywhere": func(b *bench, s *auth.Session) error {
		return b.Logout(b.t.Context(), bearer(b.signinOK(s.User.Email).AccessToken), "global")
	},
	"banned": func(b *bench, s *auth.Session) error {
		_, err := b.Ban(b.t.Context(), s.User.Email, b.clock.Now().Add(time.Hour))
		return err
	},
	"password changed elsewhere": func(b *bench, s *auth.Session) error {
		_, err := b.UpdateUser(b.t.Context(), bearer(b.signinOK(s.User.Email).AccessToken), auth.UpdateRequest{Password: "another password"}, here(1))
		return err
	},
	"refresh token reused": func(b *bench, s *auth.Session) error {
		n, err := b.refresh(s.RefreshToken)
		if err == nil {
			_, err = b.refresh(n.RefreshToken)
		}
		if err != nil {
			return err
		}
		_, err = b.refresh(s.RefreshToken)
		if hutch.CodeOf(err) == hutch.RefreshTokenAlreadyUsed {
			return nil
		}
		return fmt.Errorf("reuse: %w", err)
	},
	"erased": func(b *bench, s *auth.Session) error {
		return b.erase("_users", s.User.ID)
	},
	"session deleted by another node": func(b *bench, s *auth.Session) error {
		return b.erase("_sessions", claims(b.t, s.AccessToken)["session_id"].(string))
	},
}

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

// until waits for a condition that other goroutines bring about.
func until(t *testing.T, f func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for !f() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("it does not come about")
		}
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
	if reads() == 0 || reads() != 0 {
		t.Fatal("a verification is not remembered")
	}
	b.store.hold()
	b.clock.add(3 * time.Second)
	if reads() != 0 {
		t.Error("silent for 3 s: still remembered")
	}
	b.clock.add(time.Millisecond)
	if reads() == 0 || reads() == 0 {
		t.Error("silent for more than 3 s: every use is a miss")
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
	s := b.signup("ann@shop.example")
	payload := claims(t, s.AccessToken)
	edit := func(k string, v any) []byte {
		m := map[string]any{}
		for key, val := range payload {
			m[key] = val
		}
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
	if _, err := b.verify(s.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("an ended token that is remembered: %v", err)
	}
	_, err = b.User(t.Context(), bearer(s.AccessToken))
	wantCode(t, err, hutch.BadJWT)
}

func TestS48WatchersHearOfRevocations(t *testing.T) {
	for name, revoke := range revocations {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			s := b.signup("ann@shop.example")
			b.store.settle(t)
			session := claims(t, s.AccessToken)["session_id"]
			var mu sync.Mutex
			told := false
			stop := b.Watch(func(c auth.Change) {
				// A socket asks again when it hears of itself; by then the answer is the new one.
				_, err := b.verify(s.AccessToken)
				mu.Lock()
				defer mu.Unlock()
				if c.Session == session || c.UID == s.User.ID && c.Session == "" {
					told = told || hutch.CodeOf(err) == hutch.Unauthenticated
				}
			})
			defer stop()
			if err := revoke(b, s); err != nil {
				t.Fatal(err)
			}
			b.store.settle(t)
			mu.Lock()
			defer mu.Unlock()
			if !told {
				t.Error("the socket would stay open")
			}
		})
	}
}

func TestWatchersHearOfWhatMatters(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	b.store.settle(t)
	var mu sync.Mutex
	var heard []auth.Change
	stop := b.Watch(func(c auth.Change) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, c)
	})
	take := func() []auth.Change {
		b.store.settle(t)
		mu.Lock()
		defer mu.Unlock()
		h := heard
		heard = nil
		return h
	}
	b.signinOK("ann@shop.example")
	n, err := b.refresh(s.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	b.mustVerify(n.AccessToken)
	if h := take(); len(h) != 0 {
		t.Errorf("sign-in and refresh change no principal: %v", h)
	}
	if _, err := b.SetRoles(t.Context(), "ann@shop.example", []string{"keeper"}); err != nil {
		t.Fatal(err)
	}
	if h := take(); !slices.Equal(h, []auth.Change{{UID: s.User.ID}}) {
		t.Errorf("roles: %v", h)
	}
	stop()
	if _, err := b.SetRoles(t.Context(), "ann@shop.example", nil); err != nil {
		t.Fatal(err)
	}
	if h := take(); len(h) != 0 {
		t.Errorf("heard after stop: %v", h)
	}
}

func TestS77StillValid(t *testing.T) {
	for name, revoke := range revocations {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			s := b.signup("ann@shop.example")
			p := b.mustVerify(s.AccessToken)
			if err := b.StillValid(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			b.store.hold() // the answer does not wait for the feed
			if err := revoke(b, s); err != nil {
				t.Fatal(err)
			}
			wantCode(t, b.StillValid(t.Context(), p), hutch.Unauthenticated)
			b.store.release()
		})
	}
	b := setup(t)
	if err := b.StillValid(t.Context(), hutch.Principal{}); err != nil {
		t.Errorf("a guest: %v", err)
	}
}

func TestS77WhatIsRememberedIsAsOldAsTheFeed(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	b.store.progress(t, b.clock.Now())
	b.mustVerify(s.AccessToken)
	spoke := b.clock.Now()
	b.store.hold()
	b.clock.add(2 * time.Second)
	b.mustVerify(s.AccessToken) // still remembered
	if got := b.Seen(); !got.Equal(spoke) {
		t.Errorf("seen at %v, want %v: a write would pass for verified just now", got, spoke)
	}
	o := b.opts
	o.Feed = nil
	n, err := auth.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !n.Seen().IsZero() {
		t.Error("seen without a feed")
	}
}

func TestS3NoRoleBypasses(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	roles := []string{"admin", "service", "service_role", "operator", "system", "data", "supabase_admin"}
	if _, err := b.SetRoles(t.Context(), "ann@shop.example", roles); err != nil {
		t.Fatal(err)
	}
	p := b.mustVerify(s.AccessToken)
	if !slices.Equal(p.Roles, roles) || p.Bypasses() || p.Kind != hutch.User || len(p.Scopes) != 0 {
		t.Errorf("principal: %+v", p)
	}
}

func TestS4AnAddressWithoutProofIsUnverified(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	if p := b.mustVerify(s.AccessToken); p.EmailVerified || p.Email != "ann@shop.example" {
		t.Errorf("sign-up: %+v", p)
	}
	js, err := json.Marshal(s.User)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(js), "email_confirmed_at") || !strings.Contains(string(js), `"email_verified":false`) {
		t.Errorf("user: %s", js)
	}
	u, _, err := b.CreateUser(t.Context(), "bob@shop.example", password, nil)
	if err != nil || u.EmailConfirmedAt != "" {
		t.Errorf("made by command: %+v, %v", u, err)
	}
}

func TestS31ClaimsAreAppMetadataOnly(t *testing.T) {
	b := setup(t)
	r, err := auth.ParseSignup([]byte(`{"email":"ann@shop.example","password":"` + password + `","data":{"plan":"pro","roles":["keeper"],"app_metadata":{"plan":"pro"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.Signup(t.Context(), r, here(1))
	if err != nil {
		t.Fatal(err)
	}
	p := b.mustVerify(s.AccessToken)
	if strings.Contains(string(p.Claims), "plan") || strings.Contains(string(p.Claims), "keeper") || len(p.Roles) != 0 {
		t.Errorf("user_metadata reaches rules: %s", p.Claims)
	}
	if string(p.Claims) != `{"provider":"email","providers":["email"],"roles":[]}` {
		t.Errorf("claims: %s", p.Claims)
	}
}

func TestS19NumbersThatAreNotExactAreDropped(t *testing.T) {
	for s, want := range map[string]bool{
		"0": true, "-1": true, "9007199254740993": true, "9223372036854775807": true, "9223372036854775808": true,
		"1.5": true, "1e3": true, "-0.1": true, "1234567890123456789012345678901234": true,
		"12345678901234567890123456789012345": false, "12345678901234567890123456789012340": true,
		"1e6144": true, "1e6145": false, "1e-6176": true, "1e-6177": false, "0.10e-6175": true, "1e99999999999": false,
		"10e6144": false, "0e1": true, "0.000": true,
	} {
		if got := auth.ExactNumber(s); got != want {
			t.Errorf("%s: %v", s, got)
		}
	}
	got, dropped := auth.Claims([]byte(`{"a":9007199254740993,"b":12345678901234567890123456789012345,"c":[1,null,1e9999],"d":{"e":null,"f":1.10}}`))
	if string(got) != `{"a":9007199254740993,"c":[1],"d":{"f":1.10}}` || !slices.Equal(sorted(dropped), []string{"app_metadata.b", "app_metadata.c[2]"}) {
		t.Errorf("%s, dropped %v", got, dropped)
	}
	b := setup(t)
	b.signup("ann@shop.example")
	b.setApp("ann@shop.example", `{"org":12345678901234567890123456789012345,"team":7}`)
	s := b.signinOK("ann@shop.example")
	if p := b.mustVerify(s.AccessToken); strings.Contains(string(p.Claims), "org") || !strings.Contains(string(p.Claims), `"team":7`) {
		t.Errorf("claims: %s", p.Claims)
	}
	if !strings.Contains(b.log.String(), "app_metadata.org") {
		t.Errorf("no warning: %s", b.log)
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func TestS47OneWayToAPrincipal(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	http, exp, err := b.Authenticate(t.Context(), bearer(s.AccessToken))
	if err != nil {
		t.Fatal(err)
	}
	socket, exp2, err := b.Verify(t.Context(), s.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := b.Verify(t.Context(), s.AccessToken) // remembered
	if err != nil {
		t.Fatal(err)
	}
	if http.Key != socket.Key || again.Key != socket.Key || !exp.Equal(exp2) || http.Key != http.Sealed().Key {
		t.Errorf("principals differ: %+v, %+v", http, socket)
	}
	if _, err := b.verify("bad"); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("a bad token on a socket: %v", err)
	}
}

func TestCredentials(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	key, _, err := b.CreateKey(t.Context(), "ci", "data", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, authorization, apikey string
		kind                        hutch.Kind
		code                        hutch.Code
	}{
		{"nothing", "", "", hutch.Guest, ""},
		{"anon", "Bearer anon", "", hutch.Guest, ""},
		{"anon in both", "Bearer anon", "anon", hutch.Guest, ""},
		{"anything in apikey", "", "eyJhbGciOi", hutch.Guest, ""},
		{"a token in apikey", "", s.AccessToken, hutch.Guest, ""},
		{"a token", "Bearer " + s.AccessToken, "", hutch.User, ""},
		{"a token, lower case", "bearer " + s.AccessToken, "anon", hutch.User, ""},
		{"a token beside a key", "Bearer " + s.AccessToken, key, hutch.User, ""},
		{"anon beside a key", "Bearer anon", key, hutch.Guest, ""},
		{"a key", "Bearer " + key, "", hutch.Service, ""},
		{"a key in apikey", "", key, hutch.Service, ""},
		{"a bad token beside a key", "Bearer x", key, 0, hutch.Unauthenticated},
		{"a bad key in apikey", "", key + "x", 0, hutch.Unauthenticated},
		{"a bad key", "Bearer " + key[:len(key)-1], "", 0, hutch.Unauthenticated},
		{"another scheme", "Basic YTpi", "", 0, hutch.Unauthenticated},
		{"no scheme", s.AccessToken, "", 0, hutch.Unauthenticated},
		{"no token", "Bearer ", "", 0, hutch.Unauthenticated},
		{"a scheme alone", "Bearer", "", 0, hutch.Unauthenticated},
		{"two spaces", "Bearer  " + s.AccessToken, "", 0, hutch.Unauthenticated},
		{"Anon", "Bearer Anon", "", 0, hutch.Unauthenticated},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, _, err := b.Authenticate(t.Context(), auth.Credentials{Authorization: c.authorization, APIKey: c.apikey})
			if hutch.CodeOf(err) != c.code || p.Kind != c.kind {
				t.Errorf("%v %v", p.Kind, err)
			}
			if err == nil && p.Key == "" {
				t.Error("not sealed")
			}
		})
	}
}
