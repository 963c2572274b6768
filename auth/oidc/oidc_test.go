package oidc_test

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/auth/oidc"
	"github.com/hutch-dev/hutch/auth/providertest"
)

func TestProviderByIssuer(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.Subject {
		f := newFake(t)
		return providertest.Subject{
			Provider: f.provider(), Redirect: callback, Secret: secret, SignIn: f.signIn, Nonce: true,
			Want: auth.Foreign{Issuer: f.URL, Subject: "person-1", Email: "ann@corp.example", EmailVerified: true, Name: "Ann"},
		}
	})
}

// oauth answers as GitHub and Discord do: no id_token, an API instead.
func oauth(t *testing.T, name, tokens string, api map[string]string) (*fake, *oidc.Provider) {
	f := newFake(t)
	f.paths[tokens] = func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		r.SetBasicAuth(r.FormValue("client_id"), r.FormValue("client_secret"))
		if out := f.trade(w, r); out != nil {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"access_token":"access","token_type":"bearer"}`))
		}
	}
	for path, answer := range api {
		f.paths[path] = func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer access" {
				http.Error(w, "who", http.StatusUnauthorized)
				return
			}
			_, _ = w.Write([]byte(answer))
		}
	}
	return f, f.provider(func(r *oidc.Row) { r.Name = name })
}

func TestGitHub(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.Subject {
		f, p := oauth(t, "github", "/login/oauth/access_token", map[string]string{
			"/api/v3/user":        `{"id":583231,"login":"ann","name":"Ann","email":"public@elsewhere.example","avatar_url":"https://a.example/1"}`,
			"/api/v3/user/emails": `[{"email":"b@corp.example","primary":false,"verified":true},{"email":"ann@corp.example","primary":true,"verified":true}]`,
		})
		return providertest.Subject{
			Provider: p, Redirect: callback, Secret: secret, SignIn: f.signIn,
			Want: auth.Foreign{Issuer: f.URL, Subject: "583231", Email: "ann@corp.example", EmailVerified: true, Name: "Ann", Username: "ann", Picture: "https://a.example/1"},
		}
	})
}

func TestDiscord(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.Subject {
		f, p := oauth(t, "discord", "/api/oauth2/token", map[string]string{
			"/api/users/@me": `{"id":"80351110224678912","username":"ann","global_name":"Ann","email":"ann@corp.example","verified":false,"avatar":null}`,
		})
		return providertest.Subject{
			Provider: p, Redirect: callback, Secret: secret, SignIn: f.signIn,
			Want: auth.Foreign{Issuer: f.URL, Subject: "80351110224678912", Email: "ann@corp.example", Name: "Ann", Username: "ann"},
		}
	})
}

// called signs in where the browser says a name.
func (f *fake) called(t *testing.T, p *oidc.Provider) *auth.Foreign {
	t.Helper()
	const noVerifier = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
	at, err := p.Begin(t.Context(), auth.ProviderBegin{State: "s", Nonce: "n", Challenge: noVerifier, Redirect: callback})
	if err != nil {
		t.Fatal(err)
	}
	q := f.signIn(t, at)
	who, err := p.Exchange(t.Context(), auth.ProviderCode{Code: q.Get("code"), Issuer: q.Get("iss"), Nonce: "n", Redirect: callback, Called: "Ann Other"})
	if err != nil {
		t.Fatal(err)
	}
	return who
}

// Apple's client secret is a token that its key signs anew; the answer is a form.
func TestApple(t *testing.T) {
	der, err := x509.MarshalPKCS8PrivateKey(ecKey())
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	f := newFake(t)
	row := func(r *oidc.Row) {
		r.Name, r.TeamID, r.KeyID, r.Secret = "apple", "TEAM", "KEY", hutch.Secret(strings.ReplaceAll(text, "\n", `\n`))
	}
	f.meta["token_endpoint_auth_methods_supported"] = []string{"client_secret_post"}
	f.paths["/token"] = func(w http.ResponseWriter, r *http.Request) {
		sig, err := jose.ParseSignedCompact(r.FormValue("client_secret"), []jose.SignatureAlgorithm{jose.ES256})
		if err != nil || sig.Signatures[0].Protected.KeyID != "KEY" {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		var c struct {
			Iss, Sub, Aud string
			Iat, Exp      int64
		}
		payload, err := sig.Verify(ecKey().Public())
		if err != nil || json.Unmarshal(payload, &c) != nil || c.Iss != "TEAM" || c.Sub != clientID || c.Aud != f.URL || c.Exp-c.Iat > 600 {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		r.SetBasicAuth(clientID, secret)
		f.mu.Lock()
		defer f.mu.Unlock()
		if out := f.trade(w, r); out != nil {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(out)
		}
	}
	f.issued["email_verified"] = "true" // as Apple spells it
	p := f.provider(row)
	at, err := p.Begin(t.Context(), auth.ProviderBegin{State: "s", Nonce: "n", Challenge: "ungXZfEUpdxQfvPDxhfOSTfTpsmVzIgQZXQHCJgXbzk", Redirect: callback})
	if err != nil || !strings.Contains(at, "response_mode=form_post") || !strings.Contains(at, "kept=1") {
		t.Fatalf("%s %v", at, err)
	}
	providertest.Run(t, func(t *testing.T) providertest.Subject {
		return providertest.Subject{
			Provider: f.provider(row), Redirect: callback, Secret: "PRIVATE KEY", SignIn: f.signIn, Nonce: true,
			Want: auth.Foreign{Issuer: f.URL, Subject: "person-1", Email: "ann@corp.example", EmailVerified: true, Name: "Ann"},
		}
	})
	if who := f.called(t, f.provider(row)); who.Called != "Ann Other" || who.Name != "Ann" {
		t.Errorf("apple: %+v", who)
	}
	other := newFake(t)
	if who := other.called(t, other.provider()); who.Called != "" {
		t.Errorf("one whose form says no name: %+v", who)
	}
	for _, edit := range []func(*oidc.Row){
		func(r *oidc.Row) { r.TeamID = "" },
		func(r *oidc.Row) { r.Secret = "not a key" },
		func(r *oidc.Row) { r.Secret = hutch.Secret(strings.Replace(text, "M", "A", 1)) },
	} {
		r := oidc.Row{ClientID: "x"}
		row(&r)
		edit(&r)
		if _, err := oidc.New(r, oidc.Options{}); hutch.CodeOf(err) != hutch.InvalidArgument || strings.Contains(err.Error(), "not a key") {
			t.Errorf("%v", err)
		}
	}
}

// What the token leaves out comes from userinfo, of the same subject only.
func TestUserinfo(t *testing.T) {
	f := newFake(t)
	f.issued["email"], f.issued["email_verified"] = nil, nil
	f.person = map[string]any{"sub": "person-1", "email": "ann@corp.example", "email_verified": true, "iss": "https://evil.example", "aud": "x"}
	exchange := func() (*auth.Foreign, error) {
		p := f.provider()
		at, err := p.Begin(t.Context(), auth.ProviderBegin{State: "s", Nonce: "n", Challenge: "ungXZfEUpdxQfvPDxhfOSTfTpsmVzIgQZXQHCJgXbzk", Redirect: callback})
		if err != nil {
			t.Fatal(err)
		}
		q := f.signIn(t, at)
		f.do(func() { f.codes[q.Get("code")].Set("code_challenge", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU") }) // of no verifier
		return p.Exchange(t.Context(), auth.ProviderCode{Code: q.Get("code"), Issuer: f.URL, Nonce: "n", Redirect: callback})
	}
	who, err := exchange()
	if err != nil || who.Email != "ann@corp.example" || !who.EmailVerified || who.Issuer != f.URL {
		t.Fatalf("%+v %v", who, err)
	}
	f.do(func() { f.person["sub"] = "person-2" })
	if who, err = exchange(); hutch.CodeOf(err) != hutch.BadOAuthCallback {
		t.Fatalf("%+v %v", who, err)
	}
}

// Keys rotate: an unknown one is asked for, at most every 10 s; what is known
// holds while the provider is away, for a day.
func TestKeysRotate(t *testing.T) {
	f := newFake(t)
	p := f.provider()
	verify := func() error {
		f.mu.Lock()
		token := f.sign(jose.RS256, f.key, f.claims(nativeNonce()))
		f.mu.Unlock()
		_, err := p.VerifyIDToken(t.Context(), auth.ProviderToken{IDToken: token, Nonce: "n"})
		return err
	}
	if err := verify(); err != nil {
		t.Fatal(err)
	}
	rotate := func() { f.kid, f.key = "two", rsaKeys()[1] }
	f.do(rotate)
	for range 20 {
		if err := verify(); hutch.CodeOf(err) != hutch.InvalidCredentials {
			t.Fatal(err)
		}
	}
	if n := f.times("/keys"); n != 1 {
		t.Errorf("asked %d times within 10 s", n)
	}
	f.do(func() { f.now = f.now.Add(10 * time.Second) })
	if err := verify(); err != nil || f.times("/keys") != 2 {
		t.Fatalf("%v, asked %d times", err, f.times("/keys"))
	}
	away := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "away", http.StatusServiceUnavailable) }
	f.do(func() {
		f.paths["/keys"], f.paths["/.well-known/openid-configuration"] = away, away
		f.now = f.now.Add(23 * time.Hour)
	})
	if err := verify(); err != nil {
		t.Errorf("away for a day: %v", err)
	}
	f.do(func() { f.now = f.now.Add(2 * time.Hour) })
	if err := verify(); hutch.CodeOf(err) != hutch.Unavailable {
		t.Errorf("away for more: %v", err)
	}
}

func TestRows(t *testing.T) {
	for _, name := range oidc.Presets() {
		r := oidc.Row{Name: name, ClientID: "x", Secret: "y"}
		if name == "apple" {
			continue
		}
		if _, err := oidc.New(r, oidc.Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, r := range []oidc.Row{
		{Name: "corp", ClientID: "x"},
		{Name: "corp", Issuer: "https://id.example"},
		{Name: "corp", Issuer: "http://id.example", ClientID: "x"},
		{Name: "corp", Issuer: "https://a:b@id.example", ClientID: "x"},
		{Name: "corp", Issuer: "https://id.example?x=1", ClientID: "x"},
		{Name: "corp", Issuer: "file:///etc/passwd", ClientID: "x"},
		{Name: "corp", Issuer: "id.example", ClientID: "x"},
	} {
		if _, err := oidc.New(r, oidc.Options{}); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%+v: %v", r, err)
		}
	}
}
