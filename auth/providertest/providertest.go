// Package providertest is what each adapter of auth.Provider passes: that a
// flow asks for what binds it, and that nothing but its own answer ends it.
package providertest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// Subject is a provider under test with a person at it.
type Subject struct {
	Provider auth.Provider
	Redirect string // a callback that the provider knows
	Secret   string // of the client: it must show nowhere
	// SignIn plays the person at the address of Begin; it gives the parameters
	// of the callback.
	SignIn func(t *testing.T, at string) url.Values
	Want   auth.Foreign // Until is not compared
	Nonce  bool         // the provider carries one
}

const verifier = "a-verifier-of-the-flow-with-43-characters--"

func challenge(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Run runs the suite; open makes a subject anew.
func Run(t *testing.T, open func(t *testing.T) Subject) {
	begin := func(t *testing.T, s *Subject) string {
		t.Helper()
		at, err := s.Provider.Begin(t.Context(), auth.ProviderBegin{
			State: "the-state", Nonce: "the-nonce", Challenge: challenge(verifier), Redirect: s.Redirect,
		})
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	answer := func(t *testing.T, s *Subject) auth.ProviderCode {
		t.Helper()
		q := s.SignIn(t, begin(t, s))
		if q.Get("state") != "the-state" {
			t.Fatalf("the state did not come back: %v", q)
		}
		return auth.ProviderCode{Code: q.Get("code"), Issuer: q.Get("iss"), Verifier: verifier, Nonce: "the-nonce", Redirect: s.Redirect}
	}
	t.Run("begins with what binds the flow", func(t *testing.T) {
		s := open(t)
		at := begin(t, &s)
		u, err := url.Parse(at)
		if err != nil || u.Host == "" {
			t.Fatalf("%s: %v", at, err)
		}
		q := u.Query()
		for name, want := range map[string]string{
			"response_type": "code", "state": "the-state", "redirect_uri": s.Redirect,
			"code_challenge": challenge(verifier), "code_challenge_method": "S256",
		} {
			if q.Get(name) != want {
				t.Errorf("%s is %q, want %q", name, q.Get(name), want)
			}
		}
		if s.Nonce && q.Get("nonce") != "the-nonce" {
			t.Errorf("nonce is %q", q.Get("nonce"))
		}
		if strings.Contains(at, verifier) || s.Secret != "" && strings.Contains(at, s.Secret) {
			t.Error("the address shows a secret")
		}
	})
	t.Run("says who signed in", func(t *testing.T) {
		s := open(t)
		who, err := s.Provider.Exchange(t.Context(), answer(t, &s))
		if err != nil {
			t.Fatal(err)
		}
		got := *who
		got.Until = s.Want.Until
		if got != s.Want {
			t.Errorf("got %+v, want %+v", got, s.Want)
		}
	})
	wrong := map[string]func(*auth.ProviderCode){
		"another code":     func(r *auth.ProviderCode) { r.Code += "x" },
		"another verifier": func(r *auth.ProviderCode) { r.Verifier = strings.ToUpper(verifier) },
		"no verifier":      func(r *auth.ProviderCode) { r.Verifier = "" },
	}
	if s := open(t); s.Nonce {
		wrong["another nonce"] = func(r *auth.ProviderCode) { r.Nonce = "other" }
		wrong["another issuer's answer"] = func(r *auth.ProviderCode) { r.Issuer = "https://evil.example" }
	}
	for name, edit := range wrong {
		t.Run("refuses "+name, func(t *testing.T) {
			s := open(t)
			r := answer(t, &s)
			edit(&r)
			who, err := s.Provider.Exchange(t.Context(), r)
			if c := hutch.CodeOf(err); who != nil || c != hutch.BadOAuthCallback {
				t.Fatalf("%+v, %v", who, err)
			}
			if s.Secret != "" && strings.Contains(err.Error(), s.Secret) {
				t.Error("the error shows the secret")
			}
		})
	}
	t.Run("takes no answer twice", func(t *testing.T) {
		s := open(t)
		r := answer(t, &s)
		if _, err := s.Provider.Exchange(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if who, err := s.Provider.Exchange(t.Context(), r); err == nil {
			t.Fatalf("%+v", who)
		}
	})
	t.Run("gives up with its caller", func(t *testing.T) {
		s := open(t)
		r := answer(t, &s)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if who, err := s.Provider.Exchange(ctx, r); err == nil {
			t.Fatalf("%+v", who)
		}
	})
	t.Run("takes no id_token that is none", func(t *testing.T) {
		s := open(t)
		for _, token := range []string{"", "a.b.c", "e30.e30.", strings.Repeat("a", 1<<20)} {
			who, err := s.Provider.VerifyIDToken(t.Context(), auth.ProviderToken{IDToken: token, Nonce: "n"})
			if c := hutch.CodeOf(err); who != nil || c != hutch.InvalidCredentials && c != hutch.ValidationFailed {
				t.Errorf("%+v, %v", who, err)
			}
		}
	})
}
