package captcha_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth/captcha"
)

const secret = "0x4AAAAAAA-the-secret-of-the-site"

// provider answers as the documented API of both: a form of secret and response,
// tokens good once.
type provider struct {
	*httptest.Server
	asked atomic.Int64
	host  atomic.Pointer[string]
}

func open(t *testing.T) *provider {
	t.Helper()
	p := &provider{}
	used := map[string]bool{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.ParseForm() != nil {
			t.Errorf("%s %v", r.Method, r.Header)
		}
		if r.URL.RawQuery != "" || len(r.PostForm) != 2 {
			t.Errorf("asked %s with %v", r.URL, r.PostForm)
		}
		token := r.PostForm.Get("response")
		a := map[string]any{"success": true, "challenge_ts": "2026-03-01T12:00:00Z", "error-codes": []string{}, "action": "login", "cdata": ""}
		if h := p.host.Load(); h != nil {
			a["hostname"] = *h
		}
		refuse := func(code string) {
			a = map[string]any{"success": false, "error-codes": []string{code}}
		}
		switch {
		case r.PostForm.Get("secret") != secret:
			refuse("invalid-input-secret")
		case !strings.HasPrefix(token, "good"):
			refuse("invalid-input-response")
			w.WriteHeader(http.StatusBadRequest)
		case used[token]:
			refuse("timeout-or-duplicate")
		}
		used[token] = true
		if err := json.NewEncoder(w).Encode(a); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func checker(t *testing.T, endpoint, key string, hosts ...string) *captcha.Checker {
	t.Helper()
	o := captcha.Options{Provider: "turnstile", Secret: hutch.Secret(key), Endpoint: endpoint}
	if len(hosts) > 0 {
		o.Hosts = func() []string { return hosts }
	}
	c, err := captcha.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wants(t *testing.T, err error, want hutch.Code) {
	t.Helper()
	if got := hutch.CodeOf(err); got != want {
		t.Fatalf("got %v, want %q", err, want)
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if strings.Contains(e.Error(), secret) || strings.Contains(e.Error(), "good") {
			t.Fatalf("the error tells: %v", e)
		}
	}
}

func TestS86CaptchaIsGoodOnce(t *testing.T) {
	p := open(t)
	c := checker(t, p.URL, secret)
	wants(t, c.Check(t.Context(), "good-1"), "")
	wants(t, c.Check(t.Context(), "good-1"), hutch.CaptchaFailed)
	wants(t, c.Check(t.Context(), "bad"), hutch.CaptchaFailed)
	asked := p.asked.Load()
	wants(t, c.Check(t.Context(), ""), hutch.CaptchaFailed)
	wants(t, c.Check(t.Context(), "good"+strings.Repeat("x", 8<<10)), hutch.CaptchaFailed)
	if p.asked.Load() != asked {
		t.Error("the provider is asked about what cannot be a token")
	}
}

func TestS86CaptchaOfAnotherSite(t *testing.T) {
	p := open(t)
	for _, tc := range []struct {
		told, page string
		want       hutch.Code
	}{
		{"shop.example", "shop.example", ""},
		{"SHOP.example", "shop.example", ""},
		{"", "shop.example", ""},
		{"not-provided", "shop.example", ""},
		{"evil.example", "shop.example", hutch.CaptchaFailed},
		{"shop.example.evil.example", "shop.example", hutch.CaptchaFailed},
		{"www.shop.example", "shop.example", hutch.CaptchaFailed},
		{"localhost", "shop.example", hutch.CaptchaFailed},
		{"example.com", "localhost", ""}, // the providers' keys for tests say so
		{"example.com", "127.0.0.1", ""},
	} {
		p.host.Store(&tc.told)
		if got := hutch.CodeOf(checker(t, p.URL, secret, "app.example", tc.page).Check(t.Context(), "good "+tc.told+tc.page)); got != tc.want {
			t.Errorf("solved at %q, the page is %q: %q, want %q", tc.told, tc.page, got, tc.want)
		}
	}
	evil := "evil.example"
	p.host.Store(&evil)
	c, err := captcha.New(captcha.Options{Provider: "hcaptcha", Secret: secret, Endpoint: p.URL, Hosts: func() []string { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	wants(t, c.Check(t.Context(), "good any"), "")
}

// TestS86CaptchaFailsClosed: whatever a provider does, nobody passes unchecked,
// and its troubles are no fault of who asks.
func TestS86CaptchaFailsClosed(t *testing.T) {
	elsewhere := open(t)
	hang := make(chan struct{})
	for name, h := range map[string]http.HandlerFunc{
		"nothing":      func(w http.ResponseWriter, _ *http.Request) {},
		"no JSON":      func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>yes")) },
		"null":         func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("null")) },
		"no verdict":   func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("{}")) },
		"a text":       func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"success":"true"}`)) },
		"yes with 500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); w.Write([]byte(`{"success":true}`)) },
		"500":          func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"internal error": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"success":false,"error-codes":["internal-error"]}`))
		},
		"a wrong secret": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"success":false,"error-codes":["invalid-input-secret"]}`))
		},
		"much": func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`{"success":true,"x":"` + strings.Repeat("x", 64<<10) + `"}`))
		},
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		},
		"an early end": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Write([]byte(`{"success":true}`))
		},
		"no end": func(w http.ResponseWriter, r *http.Request) {
			w.Write([]byte(`{"success":`))
			w.(http.Flusher).Flush()
			select {
			case <-hang:
			case <-r.Context().Done():
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(h)
			defer s.Close()
			ctx := t.Context()
			if name == "no end" {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, 50*time.Millisecond)
				defer cancel()
			}
			wants(t, checker(t, s.URL, secret).Check(ctx, "good"), hutch.Unavailable)
		})
	}
	close(hang)
	if elsewhere.asked.Load() != 0 {
		t.Error("a redirect was followed")
	}
	t.Run("nobody there", func(t *testing.T) {
		s := httptest.NewServer(http.NotFoundHandler())
		s.Close()
		wants(t, checker(t, s.URL, secret).Check(t.Context(), "good"), hutch.Unavailable)
	})
	t.Run("another secret", func(t *testing.T) {
		wants(t, checker(t, elsewhere.URL, "another").Check(t.Context(), "good"), hutch.Unavailable)
	})
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []captcha.Options{
		{},
		{Provider: "recaptcha", Secret: secret},
		{Provider: "turnstile"},
		{Secret: secret},
		{Provider: "turnstile", Secret: secret, Endpoint: "http://shop.example/"},
		{Provider: "turnstile", Secret: secret, Endpoint: "ftp://127.0.0.1/"},
	} {
		if _, err := captcha.New(o); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for _, p := range []string{"turnstile", "hcaptcha"} {
		if _, err := captcha.New(captcha.Options{Provider: p, Secret: secret}); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
}
