package e2e_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// provider starts the certified one of provider.mjs.
func provider(t *testing.T) (issuer string) {
	t.Helper()
	if testing.Short() {
		t.Skip("Node.js")
	}
	cmd := exec.Command("bash", "-ec", ". scripts/tools.sh; need_packages internal/e2e/provider >&2; "+
		"exec node internal/e2e/provider/provider.mjs")
	cmd.Dir = filepath.Join("..", "..")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	sc := bufio.NewScanner(out)
	for sc.Scan() {
		if after, ok := strings.CutPrefix(sc.Text(), "issuer "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return after
		}
	}
	t.Fatal("the provider did not start")
	return ""
}

const oidcApp = `name: elsewhere
auth:
  providers:
    corp: { issuer: "%s", clientId: shop, clientSecret: a-secret-that-the-shop-has }
    google: { clientId: shop, clientSecret: "${GOOGLE_SECRET:-}" }
`

var (
	formAction = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)
	formPrompt = regexp.MustCompile(`name="prompt" value="([^"]+)"`)
)

// surf follows a browser from an address through the provider's pages, where
// it signs in as name, until stop holds.
func surf(at, name string, stop func(*url.URL) bool) (*url.URL, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	web := &http.Client{Jar: jar, Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequest(http.MethodGet, at, http.NoBody)
	for range 20 {
		if err != nil {
			return nil, err
		}
		res, err := web.Do(req)
		if err != nil {
			return nil, err
		}
		page, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return nil, err
		}
		var next *url.URL
		form := url.Values{}
		if location := res.Header.Get("Location"); location != "" {
			if next, err = req.URL.Parse(location); err != nil || stop(next) {
				return next, err
			}
		} else {
			action, prompt := formAction.FindSubmatch(page), formPrompt.FindSubmatch(page)
			if action == nil || prompt == nil {
				return nil, fmt.Errorf("%s: %d %s", req.URL, res.StatusCode, page)
			}
			if next, err = req.URL.Parse(string(action[1])); err != nil {
				return nil, err
			}
			form = url.Values{"prompt": {string(prompt[1])}, "login": {name}, "password": {"any"}}
		}
		if len(form) > 0 {
			req, err = http.NewRequest(http.MethodPost, next.String(), strings.NewReader(form.Encode()))
			if err == nil {
				req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
		} else {
			req, err = http.NewRequest(http.MethodGet, next.String(), http.NoBody)
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, errors.New("the browser goes in circles")
}

// landed reports whether a browser is back at the app.
func landed(u *url.URL) bool {
	return u.Query().Has("code") && u.Path != "/auth/v1/callback" || u.Query().Has("error_code")
}

// nativeToken is the id_token that an app gets which goes to the provider itself.
func nativeToken(issuer, name, nonce string) (id, access string, err error) {
	q := url.Values{
		"client_id": {"shop"}, "response_type": {"code"}, "scope": {"openid email"}, "state": {"s"},
		"redirect_uri": {"http://127.0.0.1:1/auth/v1/callback"}, "nonce": {hex.EncodeToString(sha(nonce))},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sha(clientVerifier))}, "code_challenge_method": {"S256"},
	}
	back, err := surf(issuer+"/auth?"+q.Encode(), name, func(u *url.URL) bool { return u.Port() == "1" })
	if err != nil {
		return "", "", err
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")},
		"redirect_uri": {q.Get("redirect_uri")}, "code_verifier": {clientVerifier},
	}
	req, err := http.NewRequest(http.MethodPost, issuer+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("shop", "a-secret-that-the-shop-has")
	res, err := client.Do(req)
	if err != nil {
		return "", "", err
	}
	defer res.Body.Close()
	var tokens struct {
		ID     string `json:"id_token"`
		Access string `json:"access_token"`
	}
	err = json.NewDecoder(res.Body).Decode(&tokens)
	return tokens.ID, tokens.Access, err
}

type signedIn struct {
	AccessToken string `json:"access_token"`
	User        struct {
		ID, Email  string
		Identities []struct {
			IdentityID string `json:"identity_id"`
			ID         string
			Provider   string
		}
	}
}

const clientVerifier = "a-verifier-of-the-client-with-43-characters-"

func sha(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

// back surfs until the browser is back at the app, and trades the code.
func (s *shop) back(t *testing.T, at, name string) signedIn {
	t.Helper()
	to, err := surf(at, name, landed)
	if err != nil {
		t.Fatal(err)
	}
	if to.Query().Get("code") == "" || to.Scheme+"://"+to.Host != s.url {
		t.Fatalf("landed at %s", to)
	}
	a := s.do("POST", "/auth/v1/token?grant_type=pkce", "", map[string]string{
		"auth_code": to.Query().Get("code"), "code_verifier": clientVerifier,
	})
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var session signedIn
	a.into(&session)
	return session
}

func TestSignInAtACertifiedProvider(t *testing.T) {
	issuer := provider(t)
	s := app(t, "hutch.yaml", fmt.Sprintf(oidcApp, issuer))
	flow := "provider=corp&code_challenge_method=s256&code_challenge=" + base64.RawURLEncoding.EncodeToString(sha(clientVerifier))

	if a := s.do("GET", "/auth/v1/settings", "", nil); !strings.Contains(a.body, `"corp":true`) || strings.Contains(a.body, `"google":true`) {
		t.Errorf("settings: %s", a.body)
	}
	if !strings.Contains(s.log.String(), "a provider is off") {
		t.Error("the log does not say that google is off")
	}
	if a := s.do("GET", "/auth/v1/authorize?provider=google&code_challenge=x", "", nil); a.code() != "provider_disabled" {
		t.Errorf("google: %s", a.body)
	}

	ann := s.back(t, s.url+"/auth/v1/authorize?"+flow, "ann")
	if ann.User.Email != "ann@corp.example" || len(ann.User.Identities) != 1 || ann.User.Identities[0].ID != "ann" {
		t.Fatalf("%+v", ann.User)
	}
	if again := s.back(t, s.url+"/auth/v1/authorize?"+flow, "ann"); again.User.ID != ann.User.ID {
		t.Error("another account the second time")
	}
	unproven := s.back(t, s.url+"/auth/v1/authorize?"+flow, "unproven-bob")
	if unproven.User.Email != "" {
		t.Errorf("an address that nobody proved: %+v", unproven.User)
	}

	t.Run("link and unlink", func(t *testing.T) {
		who := s.signUp()
		a := s.do("GET", "/auth/v1/user/identities/authorize?skip_http_redirect=true&"+flow, who.token, nil)
		var to struct{ URL string }
		a.into(&to)
		linked := s.back(t, to.URL, "carol")
		if linked.User.ID != who.uid || len(linked.User.Identities) != 2 {
			t.Fatalf("%+v", linked.User)
		}
		if came := s.back(t, s.url+"/auth/v1/authorize?"+flow, "carol"); came.User.ID != who.uid {
			t.Error("the identity signs in another")
		}
		id := linked.User.Identities[1].IdentityID
		if a := s.do("DELETE", "/auth/v1/user/identities/"+id, linked.AccessToken, nil); a.status != 200 || a.body != "{}" {
			t.Errorf("%d %s", a.status, a.body)
		}
		if came := s.back(t, s.url+"/auth/v1/authorize?"+flow, "carol"); came.User.ID == who.uid {
			t.Error("the identity still signs in")
		}
	})

	t.Run("a native app's id_token", func(t *testing.T) {
		id, access, err := nativeToken(issuer, "dora", "native")
		if err != nil {
			t.Fatal(err)
		}
		show := func(nonce string) answer {
			return s.do("POST", "/auth/v1/token?grant_type=id_token", "", map[string]string{
				"provider": "corp", "id_token": id, "access_token": access, "nonce": nonce,
			})
		}
		if a := show("another"); a.code() != "invalid_credentials" {
			t.Errorf("another nonce: %d %s", a.status, a.body)
		}
		a := show("native")
		if a.status != 200 || !strings.Contains(a.body, `"id":"dora"`) {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if a := show("native"); a.code() != "invalid_credentials" {
			t.Errorf("twice: %d %s", a.status, a.body)
		}
	})
}
