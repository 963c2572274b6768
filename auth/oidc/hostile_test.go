package oidc_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/auth/oidc"
)

// S36: all of a token's claims are judged by the configured row.
func TestS36IDTokens(t *testing.T) {
	f := newFake(t)
	p := f.provider()
	now := f.now
	at := func(d time.Duration) int64 { return now.Add(d).Unix() }
	for _, c := range []struct {
		name   string
		claims map[string]any // over good ones; nil removes
		good   bool
	}{
		{"a good one", nil, true},
		{"of the native client", map[string]any{"aud": "shop-ios"}, true},
		{"for both clients", map[string]any{"aud": []string{"shop", "shop-ios"}, "azp": "shop-ios"}, true},
		{"almost too old", map[string]any{"iat": at(-10 * time.Minute)}, true},
		{"a clock a minute off", map[string]any{"iat": at(50 * time.Second), "exp": at(-50 * time.Second)}, true},
		{"another issuer", map[string]any{"iss": "https://evil.example"}, false},
		{"the issuer with a slash", map[string]any{"iss": f.URL + "/"}, false},
		{"no issuer", map[string]any{"iss": nil}, false},
		{"another audience", map[string]any{"aud": "another-app"}, false},
		{"another audience too", map[string]any{"aud": []string{"shop", "another-app"}, "azp": "shop"}, false},
		{"two audiences, no party", map[string]any{"aud": []string{"shop", "shop-ios"}}, false},
		{"another party", map[string]any{"azp": "another-app"}, false},
		{"a party that is no text", map[string]any{"azp": 1}, false},
		{"no audience", map[string]any{"aud": nil}, false},
		{"an empty list", map[string]any{"aud": []string{}}, false},
		{"expired", map[string]any{"exp": at(-time.Minute)}, false},
		{"without an end", map[string]any{"exp": nil}, false},
		{"too old", map[string]any{"iat": at(-11*time.Minute - time.Second)}, false},
		{"from the future", map[string]any{"iat": at(2 * time.Minute)}, false},
		{"without a beginning", map[string]any{"iat": nil}, false},
		{"not valid yet", map[string]any{"nbf": at(2 * time.Minute)}, false},
		{"another nonce", map[string]any{"nonce": "other"}, false},
		{"the nonce as it is, not hashed", map[string]any{"nonce": "n"}, false},
		{"no nonce", map[string]any{"nonce": nil}, false},
		{"no subject", map[string]any{"sub": nil}, false},
		{"a long subject", map[string]any{"sub": strings.Repeat("s", 256)}, false},
		{"another access token", map[string]any{"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f.issued = c.claims
			who, err := p.VerifyIDToken(t.Context(), auth.ProviderToken{
				IDToken: f.sign(jose.RS256, f.key, f.claims(nativeNonce())), Nonce: "n", AccessToken: "an access token",
			})
			if c.good {
				if err != nil || who.Subject != "person-1" || who.Issuer != f.URL || !who.Until.After(now.Add(11*time.Minute)) {
					t.Fatalf("%+v %v", who, err)
				}
				return
			}
			if hutch.CodeOf(err) != hutch.InvalidCredentials || who != nil {
				t.Fatalf("%+v %v", who, err)
			}
		})
	}
	f.issued = nil
	_, err := p.VerifyIDToken(t.Context(), auth.ProviderToken{IDToken: f.sign(jose.RS256, f.key, f.claims("")), Nonce: ""})
	if hutch.CodeOf(err) != hutch.InvalidCredentials {
		t.Errorf("no nonce on either side: %v", err)
	}
}

// S36: keys and algorithms come from the row, never from the token.
func TestS36Signatures(t *testing.T) {
	f := newFake(t)
	p := f.provider()
	good := f.claims(nativeNonce())
	payload, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	raw := func(header string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	}
	der, err := x509.MarshalPKIXPublicKey(f.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	jwk, err := json.Marshal(jose.JSONWebKey{Key: rsaKeys()[1].Public(), KeyID: "one"})
	if err != nil {
		t.Fatal(err)
	}
	other := f.sign(jose.RS256, rsaKeys()[1], good)
	ok := f.sign(jose.RS256, f.key, good)
	for name, token := range map[string]string{
		"none":                         raw(`{"alg":"none"}`) + ".",
		"NONE":                         raw(`{"alg":"NONE","kid":"one"}`) + ".",
		"HS256 with the public key":    f.sign(jose.HS256, public, good),
		"HS256 with its DER":           f.sign(jose.HS256, der, good),
		"HS256 with the symmetric key": f.sign(jose.HS256, []byte("secret-secret-secret-secret-secret"), good),
		"HS256 with the client secret": f.sign(jose.HS256, []byte(secret+secret), good),
		"another key":                  other,
		"a key in the header":          raw(`{"alg":"RS256","kid":"one","jwk":`+string(jwk)+`}`) + other[strings.LastIndex(other, "."):],
		"an address in the header":     raw(`{"alg":"RS256","kid":"one","jku":"`+f.URL+`/keys"}`) + other[strings.LastIndex(other, "."):],
		"another type of key":          f.sign(jose.ES256, ecKey(), good),
		"no signature":                 ok[:strings.LastIndex(ok, ".")+1],
		"claims changed":               raw(`{"alg":"RS256","kid":"one"}`) + ok[strings.LastIndex(ok, "."):] + "x",
		"a critical header":            raw(`{"alg":"RS256","kid":"one","crit":["x"],"x":1}`) + ok[strings.LastIndex(ok, "."):],
		"JSON instead of three parts":  `{"payload":"` + base64.RawURLEncoding.EncodeToString(payload) + `"}`,
		"more than 16 KiB":             strings.Repeat("a", 17<<10),
		"a fourth part":                ok + ".x",
	} {
		who, err := p.VerifyIDToken(t.Context(), auth.ProviderToken{IDToken: token, Nonce: "n"})
		if hutch.CodeOf(err) != hutch.InvalidCredentials || who != nil {
			t.Errorf("%s: %+v %v", name, who, err)
		}
	}
	if _, err := p.VerifyIDToken(t.Context(), auth.ProviderToken{IDToken: ok, Nonce: "n"}); err != nil {
		t.Fatal(err)
	}
}

// S36: a token has one spelling: who remembers it by its text knows it again.
func TestS36OneSpellingOfAToken(t *testing.T) {
	f := newFake(t)
	p := f.provider()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	verify := func(token string) error {
		_, err := p.VerifyIDToken(t.Context(), auth.ProviderToken{IDToken: token, Nonce: "n"})
		return err
	}
	altered := map[int]bool{}
	for pad := range 3 { // so that the claims end in any number of spare bits
		claims := f.claims(nativeNonce())
		claims["pad"] = strings.Repeat("p", pad)
		ok := f.sign(jose.RS256, f.key, claims)
		if err := verify(ok); err != nil {
			t.Fatal(err)
		}
		parts := strings.Split(ok, ".")
		for i, part := range parts {
			in := func(s string) string {
				all := append([]string{}, parts...)
				all[i] = s
				return strings.Join(all, ".")
			}
			for _, c := range []string{"\n", "\r", "\r\n", " ", "\t", "="} {
				for _, token := range []string{in(c + part), in(part[:3] + c + part[3:]), in(part + c)} {
					if err := verify(token); hutch.CodeOf(err) != hutch.InvalidCredentials {
						t.Errorf("part %d with %q: %v", i, c, err)
					}
				}
			}
			if len(part)%4 == 0 {
				continue
			}
			altered[i] = true
			last := strings.IndexByte(alphabet, part[len(part)-1])
			token := in(part[:len(part)-1] + alphabet[last^1:last^1+1])
			if err := verify(token); hutch.CodeOf(err) != hutch.InvalidCredentials {
				t.Errorf("part %d with other spare bits: %v", i, err)
			}
		}
	}
	if !altered[1] || !altered[2] {
		t.Errorf("altered the last characters of parts %v only", altered)
	}
}

// S36: an address is verified only by the claim that the row names.
func TestS36VerifiedByTheRowsClaim(t *testing.T) {
	for _, c := range []struct {
		row, proof string
		claims     map[string]any
		want       bool
	}{
		{"corp", "", map[string]any{"email_verified": true}, true},
		{"corp", "", map[string]any{"email_verified": "true"}, true},
		{"corp", "", map[string]any{"email_verified": false}, false},
		{"corp", "", map[string]any{"email_verified": nil}, false},
		{"corp", "", map[string]any{"email_verified": "yes"}, false},
		{"corp", "", map[string]any{"email_verified": []any{true}}, false},
		{"corp", "", map[string]any{"email": nil, "email_verified": true}, false},
		{"corp", "none", map[string]any{"email_verified": true}, false},
		{"corp", "proved", map[string]any{"email_verified": true}, false},
		{"corp", "proved", map[string]any{"email_verified": false, "proved": true}, true},
		{"microsoft", "", map[string]any{"email_verified": true}, false},
		{"microsoft", "", map[string]any{"email_verified": nil, "xms_edov": "1"}, true},
		{"azure", "", map[string]any{"email_verified": true}, false},
		{"azure", "", map[string]any{"email_verified": nil, "xms_edov": "1"}, true},
		{"microsoft", "", map[string]any{"email_verified": nil, "xms_edov": false}, false},
	} {
		f := newFake(t)
		f.issued = c.claims
		who, err := f.provider(func(r *oidc.Row) { r.Name, r.Proof = c.row, c.proof }).VerifyIDToken(t.Context(), auth.ProviderToken{
			IDToken: f.sign(jose.RS256, f.key, f.claims(nativeNonce())), Nonce: "n",
		})
		if err != nil || who.EmailVerified != c.want {
			t.Errorf("%+v: %+v %v", c, who, err)
		}
	}
}

// An issuer of many tenants: each token's issuer is its own tenant's.
func TestS36Tenants(t *testing.T) {
	f := newFake(t)
	const tenant = "9188040d-6c67-4c5b-b112-36a304b66dad"
	row := f.provider(func(r *oidc.Row) { r.Issuer = f.URL + "/{tenantid}" })
	f.paths["/{tenantid}/.well-known/openid-configuration"] = func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":"%s/{tenantid}","authorization_endpoint":"%[1]s/a","token_endpoint":"%[1]s/token","jwks_uri":"%[1]s/keys"}`, f.URL)
	}
	for _, c := range []struct {
		iss, tid string
		good     bool
	}{
		{f.URL + "/" + tenant, tenant, true},
		{f.URL + "/" + tenant, "00000000-0000-0000-0000-000000000000", false},
		{f.URL + "/{tenantid}", "{tenantid}", false},
		{f.URL + "/x", "x", false},
		{f.URL + "/", "", false},
	} {
		f.issued = map[string]any{"iss": c.iss, "tid": c.tid}
		who, err := row.VerifyIDToken(t.Context(), auth.ProviderToken{IDToken: f.sign(jose.RS256, f.key, f.claims(nativeNonce())), Nonce: "n"})
		if c.good != (err == nil) || c.good && who.Issuer != c.iss {
			t.Errorf("%+v: %+v %v", c, who, err)
		}
	}
}

// S43: calls to a provider stay at its host, in size and in time.
func TestS43ProviderCalls(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a private address was reached")
	}))
	defer elsewhere.Close()
	slow := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	huge := func(w http.ResponseWriter, _ *http.Request) {
		for range 3 << 4 {
			_, _ = w.Write([]byte(strings.Repeat(" ", 64<<10)))
		}
		_, _ = w.Write([]byte("{}"))
	}
	redirect := func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+"/latest/meta-data", http.StatusFound)
	}
	for _, path := range []string{"/.well-known/openid-configuration", "/keys"} {
		for name, h := range map[string]http.HandlerFunc{
			"slow": slow, "huge": huge, "a redirect": redirect,
			"no JSON":  func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
			"an error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) },
		} {
			t.Run(path+" "+name, func(t *testing.T) {
				f := newFake(t)
				f.paths[path] = h
				p := f.provider()
				p.Hurry(200 * time.Millisecond)
				who, err := p.VerifyIDToken(t.Context(), auth.ProviderToken{IDToken: f.sign(jose.RS256, f.key, f.claims(nativeNonce())), Nonce: "n"})
				if hutch.CodeOf(err) != hutch.Unavailable {
					t.Fatalf("%+v %v", who, err)
				}
			})
		}
	}
	for name, to := range map[string]string{
		"another port":     elsewhere.URL + "/keys",
		"another name":     strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1),
		"https, private":   "https://10.0.0.1/keys",
		"https, metadata":  "https://169.254.169.254/latest",
		"https, loopback":  strings.Replace(elsewhere.URL, "http:", "https:", 1),
		"https, mapped":    "https://[::ffff:127.0.0.1]/",
		"https, localhost": "https://localhost/",
		"plain http":       "http://id.example/keys",
		"a file":           "file:///etc/passwd",
		"userinfo":         "https://a@127.0.0.1/",
	} {
		t.Run("keys at "+name, func(t *testing.T) {
			f := newFake(t)
			f.meta["jwks_uri"] = to
			p := f.provider()
			who, err := p.VerifyIDToken(t.Context(), auth.ProviderToken{IDToken: f.sign(jose.RS256, f.key, f.claims(nativeNonce())), Nonce: "n"})
			if hutch.CodeOf(err) != hutch.Unavailable {
				t.Fatalf("%+v %v", who, err)
			}
		})
	}
	t.Run("it calls itself by another name", func(t *testing.T) {
		f := newFake(t)
		f.meta["issuer"] = "https://accounts.google.com"
		_, err := f.provider().Begin(t.Context(), auth.ProviderBegin{})
		if hutch.CodeOf(err) != hutch.Unavailable {
			t.Fatal(err)
		}
	})
	t.Run("a token endpoint that redirects gets no second call", func(t *testing.T) {
		f := newFake(t)
		f.paths["/token"] = func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}
		_, err := f.provider().Exchange(t.Context(), auth.ProviderCode{Code: "c", Issuer: f.URL, Nonce: "n"})
		if c := hutch.CodeOf(err); c != hutch.Unavailable && c != hutch.BadOAuthCallback {
			t.Fatal(err)
		}
	})
}

func TestS43PublicAddresses(t *testing.T) {
	for a, want := range map[string]bool{
		"93.184.216.34": true, "2606:2800:220:1:248:1893:25c8:1946": true,
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.0.1": false, "169.254.169.254": false,
		"100.64.0.1": false, "0.0.0.0": false, "255.255.255.255": false, "224.0.0.1": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fc00::1": false, "fd00:ec2::254": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "::127.0.0.1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001:db8::1": false,
	} {
		if got := oidc.Public(netip.MustParseAddr(a)); got != want {
			t.Errorf("%s: %v", a, got)
		}
	}
}
