package auth_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// doorman is a captcha whose provider is at hand.
type doorman struct {
	mu    sync.Mutex // guards asked
	asked []string
	down  bool
}

func (d *doorman) Check(_ context.Context, token string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, token)
	switch {
	case d.down:
		return &hutch.Error{Code: hutch.Unavailable, Message: "not just now", Err: errors.New("no answer")}
	case token != "solved":
		return &hutch.Error{Code: hutch.CaptchaFailed, Message: "no"}
	}
	return nil
}

// forms are the requests that ask for a captcha, as GoTrue's clients send them.
func (b *mailBench) forms(address, meta string, c auth.Client) map[string]error {
	b.t.Helper()
	with := func(body string) []byte {
		return []byte(strings.Replace(body, "@@", address, 1) + `,"gotrue_meta_security":` + meta + "}")
	}
	ctx := b.t.Context()
	out := map[string]error{}
	signup, err := auth.ParseSignup(with(`{"email":"@@","password":"` + password + `"`))
	if err == nil {
		_, err = b.Signup(ctx, signup, c)
	}
	out["signup"] = err
	_, out["token"] = b.Token(ctx, "password", with(`{"email":"@@","password":"`+password+`"`), c)
	for name, f := range map[string]func(context.Context, auth.RecoverRequest, auth.Client) error{
		"recover": b.Recover, "otp": b.MagicLink, "resend": b.Resend,
	} {
		r, err := auth.ParseRecover(with(`{"email":"@@","type":"signup"`))
		if err == nil {
			err = f(ctx, r, c)
		}
		out[name] = err
	}
	return out
}

func TestS86ACaptchaComesFirst(t *testing.T) {
	d := &doorman{}
	b := mailSetup(t, func(o *auth.Options) { o.Captcha = d })
	before := b.store.all()
	for meta, want := range map[string]hutch.Code{
		`null`: hutch.CaptchaFailed, `{}`: hutch.CaptchaFailed, `{"captcha_token":null}`: hutch.CaptchaFailed, `{"captcha_token":""}`: hutch.CaptchaFailed,
		`{"captcha_token":"no"}`: hutch.CaptchaFailed, `{"captcha_token":1}`: hutch.ValidationFailed, `[]`: hutch.ValidationFailed,
	} {
		for name, err := range b.forms("ann@shop.example", meta, here(1)) {
			if hutch.CodeOf(err) != want {
				t.Errorf("%s with %s: %v, want %s", name, meta, err, want)
			}
		}
	}
	hashed, tested, _ := b.hash.counts()
	if b.store.all() != before || hashed+tested > 0 || len(b.mails()) > 0 {
		t.Error("a form without a captcha did something")
	}
	if slices.Contains(d.asked, "") {
		t.Error("the provider is asked about nothing")
	}
	d.down = true
	for name, err := range b.forms("ann@shop.example", `{"captcha_token":"solved"}`, here(1)) {
		if hutch.CodeOf(err) != hutch.Unavailable {
			t.Errorf("%s while nobody can tell: %v", name, err)
		}
	}
	d.down = false
	for name, err := range b.forms("ann@shop.example", `{"captcha_token":"solved"}`, here(1)) {
		if err != nil && (name != "token" || hutch.CodeOf(err) == hutch.CaptchaFailed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if log := b.log.String(); strings.Contains(log, "solved") {
		t.Error("a token is logged")
	}
}

func TestS86ServiceKeysNeedNoCaptcha(t *testing.T) {
	d := &doorman{}
	b := mailSetup(t, func(o *auth.Options) { o.Captcha = d })
	c := here(1)
	c.ServiceKey = true
	for name, err := range b.forms("ann@shop.example", `{}`, c) {
		if err != nil && name != "token" || hutch.CodeOf(err) == hutch.CaptchaFailed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(d.asked) != 0 {
		t.Error("the provider is asked for a key")
	}
}

// TestS86CaptchasCount: each is a call to the provider.
func TestS86CaptchasCount(t *testing.T) {
	d := &doorman{}
	b := setup(t, func(o *auth.Options) { o.Captcha = d })
	body := []byte(`{"email":"ann@shop.example","password":"x","gotrue_meta_security":{"captcha_token":"no"}}`)
	var last error
	for range 700 {
		_, last = b.Token(t.Context(), "password", body, here(1))
	}
	wantCode(t, last, hutch.OverRequestRateLimit)
	if n := len(d.asked); n != 600 {
		t.Errorf("%d calls of one network in an hour", n)
	}
}

// TestCaptchaIsOffByDefault: what stands in bodies is ignored then.
func TestCaptchaIsOffByDefault(t *testing.T) {
	b := mailSetup(t)
	for name, err := range b.forms("ann@shop.example", `{"captcha_token":"x"}`, here(1)) {
		if err != nil && name != "token" || hutch.CodeOf(err) == hutch.CaptchaFailed {
			t.Errorf("%s: %v", name, err)
		}
	}
}
