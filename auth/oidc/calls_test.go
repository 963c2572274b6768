package oidc_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/auth/oidc"
)

// exchange has somebody sign in at the fake and trades the code.
func (f *fake) exchange(t *testing.T, p *oidc.Provider) (*auth.Foreign, error) {
	t.Helper()
	const verifier = "a verifier of forty-three characters or more"
	sum := sha256.Sum256([]byte(verifier))
	at, err := p.Begin(t.Context(), auth.ProviderBegin{
		Redirect: callback, State: "state", Nonce: "nonce", Challenge: base64.RawURLEncoding.EncodeToString(sum[:]),
	})
	if err != nil {
		return nil, err
	}
	back := f.signIn(t, at)
	return p.Exchange(t.Context(), auth.ProviderCode{
		Code: back.Get("code"), Issuer: back.Get("iss"), Redirect: callback, Verifier: verifier, Nonce: "nonce",
	})
}

// S43: no call of a sign-in is without an end, in size and in time, and none goes
// elsewhere.
func TestS43CallsOfASignInAreBounded(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a private address was reached")
	}))
	t.Cleanup(elsewhere.Close)
	gone := func(r *http.Request) { // waits until the client is; behind a body only that is noticed
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}
	const tokens = `{"access_token":"access","token_type":"bearer"}`
	api := map[string]string{
		"/userinfo": `{"sub":"person-1","email":"ann@corp.example"}`, "/token": tokens,
		"/login/oauth/access_token": tokens, "/api/v3/user": `{"id":583231,"login":"ann"}`, "/api/v3/user/emails": `[]`,
		"/api/oauth2/token": tokens, "/api/users/@me": `{"id":"80351110224678912"}`,
	}
	open := func(t *testing.T, preset string) (*fake, *oidc.Provider) {
		if preset == "corp" {
			f := newFake(t)
			f.issued = map[string]any{"email": nil} // so that userinfo is asked
			f.person = map[string]any{"sub": "person-1", "email": "ann@corp.example"}
			return f, f.provider()
		}
		good := map[string]string{}
		for path, answer := range api {
			if strings.HasPrefix(path, "/api/") && !strings.HasSuffix(path, "/token") {
				good[path] = answer
			}
		}
		return oauth(t, preset, map[string]string{"github": "/login/oauth/access_token", "discord": "/api/oauth2/token"}[preset], good)
	}
	for preset, paths := range map[string][]string{
		"corp":    {"/token", "/userinfo"},
		"github":  {"/login/oauth/access_token", "/api/v3/user", "/api/v3/user/emails"},
		"discord": {"/api/oauth2/token", "/api/users/@me"},
	} {
		f, p := open(t, preset)
		if _, err := f.exchange(t, p); err != nil {
			t.Fatalf("%s as it should be: %v", preset, err)
		}
		for _, path := range paths {
			answer := func(w http.ResponseWriter, before int) {
				w.Header().Set("Content-Type", "application/json")
				space := []byte(strings.Repeat(" ", 64<<10))
				for range before {
					_, _ = w.Write(space)
				}
				_, _ = io.WriteString(w, api[path])
			}
			for name, h := range map[string]http.HandlerFunc{
				"slow": func(_ http.ResponseWriter, r *http.Request) { gone(r) },
				"slow in its middle": func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					_, _ = io.WriteString(w, api[path][:1])
					_ = http.NewResponseController(w).Flush()
					gone(r)
				},
				"huge": func(w http.ResponseWriter, _ *http.Request) { answer(w, 3<<4) },
				"huge, as it says": func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Length", "1073741824")
					answer(w, 1)
				},
				"a redirect": func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, elsewhere.URL+"/latest/meta-data", http.StatusTemporaryRedirect)
				},
				"no JSON":  func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
				"an error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
			} {
				t.Run(preset+path+" "+name, func(t *testing.T) {
					t.Parallel()
					f, p := open(t, preset)
					f.paths[path] = h
					if strings.HasPrefix(name, "slow") { // the others end by themselves
						p.Hurry(2 * time.Second)
					}
					who, err := f.exchange(t, p)
					if hutch.CodeOf(err) != hutch.Unavailable || f.times(path) != 1 {
						t.Fatalf("%+v %v, asked %d times", who, err, f.times(path))
					}
				})
			}
		}
	}
}

// A provider's certificate is one that the system's authorities vouch for, of the
// name that is called. One client makes all calls to it.
func TestCertificatesOfProvidersAreChecked(t *testing.T) {
	secured := func(t *testing.T) (*fake, *x509.CertPool) {
		f := newFake(t)
		s := httptest.NewUnstartedServer(f)
		s.Config.ErrorLog = log.New(io.Discard, "", 0) // of the refused handshakes
		s.StartTLS()
		t.Cleanup(s.Close)
		f.Server = s
		roots := x509.NewCertPool()
		roots.AddCert(s.Certificate())
		return f, roots
	}
	verify := func(f *fake, p *oidc.Provider) error {
		_, err := p.VerifyIDToken(t.Context(), auth.ProviderToken{IDToken: f.sign(jose.RS256, f.key, f.claims(nativeNonce())), Nonce: "n"})
		return err
	}
	t.Run("unknown", func(t *testing.T) {
		f, _ := secured(t)
		if err := verify(f, f.provider()); hutch.CodeOf(err) != hutch.Unavailable || len(f.asked) > 0 {
			t.Errorf("%v, asked %v", err, f.asked)
		}
	})
	t.Run("of another name", func(t *testing.T) {
		f, roots := secured(t)
		u, err := url.Parse(f.URL)
		if err != nil {
			t.Fatal(err)
		}
		f.URL = "https://localhost:" + u.Port() // the certificate is 127.0.0.1's
		p := f.provider()
		p.Trust(roots)
		if err := verify(f, p); hutch.CodeOf(err) != hutch.Unavailable || len(f.asked) > 0 {
			t.Errorf("%v, asked %v", err, f.asked)
		}
	})
	t.Run("known", func(t *testing.T) {
		f, roots := secured(t)
		p := f.provider()
		p.Trust(roots)
		if err := verify(f, p); err != nil {
			t.Error(err)
		}
		if _, err := f.exchange(t, p); err != nil {
			t.Error(err)
		}
	})
}
