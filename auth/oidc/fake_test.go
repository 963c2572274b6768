package oidc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth/oidc"
)

const (
	clientID = "shop"
	secret   = "the-secret-of-the-client"
	callback = "https://shop.example/auth/v1/callback"
)

var (
	rsaKeys = sync.OnceValue(func() []*rsa.PrivateKey {
		var keys []*rsa.PrivateKey
		for range 2 {
			k, err := rsa.GenerateKey(rand.Reader, 2048)
			if err != nil {
				panic(err)
			}
			keys = append(keys, k)
		}
		return keys
	})
	ecKey = sync.OnceValue(func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		return k
	})
)

// fake is a provider on loopback that does as the test says.
type fake struct {
	*httptest.Server
	t *testing.T

	mu     sync.Mutex // guards the rest
	now    time.Time
	kid    string
	key    *rsa.PrivateKey
	codes  map[string]url.Values // what Begin asked
	issued map[string]any        // claims over the usual ones
	meta   map[string]any        // over the usual metadata
	paths  map[string]http.HandlerFunc
	asked  map[string]int
	person map[string]any // userinfo
}

func newFake(t *testing.T) *fake {
	f := &fake{
		t: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), kid: "one", key: rsaKeys()[0], codes: map[string]url.Values{},
		issued: map[string]any{}, meta: map[string]any{}, paths: map[string]http.HandlerFunc{}, asked: map[string]int{}, person: map[string]any{},
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fake) do(edit func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	edit()
}

func (f *fake) times(path string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked[path]
}

// provider is the product's side of it.
func (f *fake) provider(edit ...func(*oidc.Row)) *oidc.Provider {
	f.t.Helper()
	r := oidc.Row{Name: "corp", Issuer: f.URL, ClientID: clientID, Secret: hutch.Secret(secret), ClientIDs: []string{"shop-ios"}}
	for _, e := range edit {
		e(&r)
	}
	p, err := oidc.New(r, oidc.Options{Now: f.clock})
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[r.URL.Path]++
	if h := f.paths[r.URL.Path]; h != nil {
		f.mu.Unlock()
		defer f.mu.Lock()
		h(w, r)
		return
	}
	var out any
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		m := map[string]any{
			"issuer": f.URL, "authorization_endpoint": f.URL + "/authorize?kept=1", "token_endpoint": f.URL + "/token",
			"jwks_uri": f.URL + "/keys", "userinfo_endpoint": f.URL + "/userinfo", "authorization_response_iss_parameter_supported": true,
		}
		maps.Copy(m, f.meta)
		out = m
	case "/keys":
		k := jose.JSONWebKey{Key: f.key.Public(), KeyID: f.kid, Use: "sig"}
		out = map[string]any{"keys": []any{map[string]string{"kty": "unheard-of"}, k, map[string]string{"kty": "oct", "kid": f.kid, "k": "c2VjcmV0"}}}
	case "/token":
		if out = f.trade(w, r); out == nil {
			return
		}
	case "/userinfo":
		out = f.person
	}
	if out == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(out)
}

// trade judges a code as a provider does.
func (f *fake) trade(w http.ResponseWriter, r *http.Request) any {
	id, pass, _ := r.BasicAuth()
	asked := f.codes[r.FormValue("code")]
	delete(f.codes, r.FormValue("code"))
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if id != clientID || pass != secret || asked == nil || asked.Get("redirect_uri") != r.FormValue("redirect_uri") ||
		asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant","error_description":"` + pass + `"}`))
		return nil
	}
	return map[string]any{
		"access_token": "access", "token_type": "Bearer", "expires_in": 3600,
		"id_token": f.sign(jose.RS256, f.key, f.claims(asked.Get("nonce"))),
	}
}

// claims are those of a good token, with what the test issues besides.
func (f *fake) claims(nonce string) map[string]any {
	c := map[string]any{
		"iss": f.URL, "sub": "person-1", "aud": clientID, "iat": f.now.Unix(), "exp": f.now.Add(time.Hour).Unix(), "nonce": nonce,
		"email": "ann@corp.example", "email_verified": true, "name": "Ann",
	}
	for k, v := range f.issued {
		if c[k] = v; v == nil {
			delete(c, k)
		}
	}
	return c
}

func (f *fake) sign(alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: f.kid}}, nil)
	if err != nil {
		panic(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	sig, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	token, err := sig.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return token
}

// signIn plays a person who agrees.
func (f *fake) signIn(t *testing.T, at string) url.Values {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	code := base64.RawURLEncoding.EncodeToString([]byte(t.Name()))[:8] + "-code"
	f.codes[code] = u.Query()
	return url.Values{"code": {code}, "state": {u.Query().Get("state")}, "iss": {f.URL}}
}

// nativeNonce is what a native app gives to the provider for the nonce "n".
func nativeNonce() string {
	sum := sha256.Sum256([]byte("n"))
	const hex = "0123456789abcdef"
	out := make([]byte, 0, 64)
	for _, b := range sum {
		out = append(out, hex[b>>4], hex[b&15])
	}
	return string(out)
}
