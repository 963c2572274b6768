package auth_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// No text is a good credential unless it is one we gave.
func FuzzVerify(f *testing.F) {
	b := setup(f)
	s := b.signup("ann@shop.example")
	key, _, err := b.CreateKey(f.Context(), "ci", "data", 0)
	if err != nil {
		f.Fatal(err)
	}
	given := map[string]bool{s.AccessToken: true, key: true}
	parts := strings.Split(s.AccessToken, ".")
	for _, seed := range []string{
		s.AccessToken, key, s.RefreshToken, "", "..", "a.b.c", parts[0] + ".." + parts[2], "eyJhbGciOiJub25lIn0.e30.",
		`{"payload":"","signatures":[]}`, key[:30], "hutch_sk_", strings.Repeat("A", 5000),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		p, _, err := b.Verify(t.Context(), token)
		if given[token] {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		if hutch.CodeOf(err) != hutch.Unauthenticated || p.Kind != hutch.Guest || p.Key != "" {
			t.Fatalf("%q: %+v, %v", token, p, err)
		}
		if _, _, err := b.Authenticate(t.Context(), auth.Credentials{Authorization: token}); err == nil && token != "" && token != "Bearer anon" && !strings.EqualFold(token, "bearer anon") {
			if rest, ok := strings.CutPrefix(strings.ToLower(token), "bearer "); !ok || !given[token[len(token)-len(rest):]] {
				t.Fatalf("Authorization: %q is let in", token)
			}
		}
	})
}

func FuzzRefreshToken(f *testing.F) {
	b := setup(f)
	s := b.signup("ann@shop.example")
	f.Add(s.RefreshToken)
	f.Add(s.RefreshToken + "=")
	f.Add(s.RefreshToken[:90] + "\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		if b.ParseRefresh(token) != (token == s.RefreshToken) {
			t.Fatalf("%q", token)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add("hutch_sk_data_0123456789abcde_" + strings.Repeat("a", 43))
	f.Add("hutch_sk_ops_0123456789abcde_" + strings.Repeat("_", 43))
	f.Add("hutch_sk_")
	f.Fuzz(func(t *testing.T, s string) {
		scope, id, ok := auth.ParseKey(s)
		if !ok {
			return
		}
		if scope != "data" && scope != "ops" && scope != "auth" || len(id) != 15 || !strings.HasPrefix(s, "hutch_sk_"+scope+"_"+id+"_") || strings.Count(s, "_") != 4 {
			t.Fatalf("%q: %q %q", s, scope, id)
		}
	})
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg")
	f.Add("$argon2id$v=19$m=4294967296,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg")
	f.Fuzz(func(t *testing.T, s string) {
		p, _, sum, err := auth.ParsePHC(s)
		if err == nil && (p.Memory > 256<<10 || p.Time > 10 || p.Threads > 8 || p.Threads == 0 || p.Time == 0 || len(sum) < 16) {
			t.Fatalf("%q: %+v", s, p)
		}
	})
}

// Bodies are read or refused with a code of /auth below 500, and what is read is
// within bounds.
func FuzzBodies(f *testing.F) {
	for _, s := range []string{
		`{"email":"a@b.test","password":"0123456789","data":{"a":[1,{"b":null}]}}`, `{"refresh_token":"x"}`, `{"role":"x"}`, `{"data":{"a": 1e999}}`,
		`{"email":null}`, "{\"email\":\"\\ud800\"}", `{"a":{"a":{"a":{}}}}`, `[`, ``, `{"email":"a","email":"b"}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		signup, e1 := auth.ParseSignup(body)
		_, e2 := auth.ParsePassword(body)
		_, e3 := auth.ParseRefresh(body)
		update, e4 := auth.ParseUpdate(body)
		for _, err := range []error{e1, e2, e3, e4} {
			if err != nil && hutch.AsError(err).Status() >= 500 {
				t.Fatalf("%q: %v", body, err)
			}
		}
		for _, data := range []map[string]json.RawMessage{signup.Data, update.Data} {
			if _, err := json.Marshal(data); err != nil {
				t.Fatalf("%q: %v", body, err)
			}
		}
	})
}

func FuzzClaims(f *testing.F) {
	f.Add([]byte(`{"a":1.50,"b":[null,9007199254740993],"c":{"d":null}}`))
	f.Add([]byte(`{"a":1e400}`))
	f.Fuzz(func(t *testing.T, app []byte) {
		out, dropped := auth.Claims(app)
		if !json.Valid(out) || strings.Contains(string(out), ":null") && !strings.Contains(string(app), ":null") {
			t.Fatalf("%q: %q", app, out)
		}
		again, more := auth.Claims(out)
		if string(again) != string(out) || len(more) != 0 {
			t.Fatalf("%q: %q then %q, dropped %v then %v", app, out, again, dropped, more)
		}
	})
}
