package boot_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/auth/captcha"
	"github.com/hutch-dev/hutch/internal/boot"
)

// TestS86CaptchaByConfig: with auth.captcha a sign-up over HTTP wants a captcha
// that was solved on a page of ours.
func TestS86CaptchaByConfig(t *testing.T) {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, ok := strings.CutPrefix(r.PostFormValue("response"), "solved-at-")
		if r.PostFormValue("secret") != "the-secret" || !ok {
			_, _ = w.Write([]byte(`{"success":false,"error-codes":["invalid-input-response"]}`))
			return
		}
		_, _ = w.Write([]byte(`{"success":true,"hostname":"` + host + `","error-codes":[]}`))
	}))
	defer provider.Close()
	f := newFolder(t, "hutch.yaml", "name: shop\npublicUrl: https://shop.example\ncors: { origins: [\"https://app.example\"] }\nauth: { captcha: { provider: hcaptcha, secret: the-secret } }\n")
	o := f.options(t)
	o.Captcha = func(o boot.CaptchaOptions) (auth.Captcha, error) {
		return captcha.New(captcha.Options{Provider: o.Provider, Secret: o.Secret, Hosts: o.Hosts, Endpoint: provider.URL})
	}
	r := f.startWith(t, o).ready(t)
	signup := func(meta string) (int, string) {
		return r.post(t, "/auth/v1/signup", strings.TrimSuffix(annSignsUp, "}")+`,"gotrue_meta_security":`+meta+`}`)
	}
	for _, meta := range []string{`{}`, `{"captcha_token":"made up"}`, `{"captcha_token":"solved-at-evil.example"}`} {
		if status, body := signup(meta); status != 400 || !strings.Contains(body, `"code":"captcha_failed"`) {
			t.Errorf("%s: %d %s", meta, status, body)
		}
	}
	for _, page := range []string{"shop.example", "app.example"} {
		if status, body := signup(`{"captcha_token":"solved-at-` + page + `"}`); status != 200 && !strings.Contains(body, "user_already_exists") {
			t.Errorf("%s: %d %s", page, status, body)
		}
	}
	provider.Close()
	if status, body := signup(`{"captcha_token":"solved-at-shop.example"}`); status != 503 || strings.Contains(body, provider.URL) {
		t.Errorf("while the provider is away: %d %s", status, body)
	}
}

// TestCaptchaIsOffWithAnEmptySecret: the app starts, and the log says so.
func TestCaptchaIsOffWithAnEmptySecret(t *testing.T) {
	f := newFolder(t, "hutch.yaml", "name: shop\nauth: { captcha: { provider: turnstile, secret: \"${CAPTCHA_SECRET:-}\" } }\n")
	r := f.start(t).ready(t)
	if status, body := r.post(t, "/auth/v1/signup", annSignsUp); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
}
