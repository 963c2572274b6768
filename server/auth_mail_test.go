package server_test

import (
	"net/url"
	"strings"
	"testing"
)

const formType = "application/x-www-form-urlencoded"

func TestMailedLinks(t *testing.T) {
	s := start(t)
	form := func(kind, token, password string) string {
		return url.Values{"type": {kind}, "token": {token}, "password": {password}, "redirect_to": {"https://shop.example/in"}}.Encode()
	}
	for _, c := range []struct {
		name, method, path, body, kind string
		status                         int
		has, hasNot                    []string
	}{
		{"a link shows a page", "GET", "/auth/v1/verify?type=magiclink&token=good&redirect_to=https%3A%2F%2Fshop.example%2Fin", "", "", 200, []string{"<form", "text/html", `value="good"`, `value="https://shop.example/in"`}, []string{"password"}},
		{"a sign-up's page takes the password too", "GET", "/auth/v1/verify?type=signup&token=good", "", "", 200, []string{`type="password"`}, nil},
		{"a link that is over", "GET", "/auth/v1/verify?type=magiclink&token=old", "", "", 403, []string{"Ask for a new one"}, []string{"<form"}},
		{"an unknown type", "GET", "/auth/v1/verify?type=x&token=good", "", "", 403, []string{"not valid"}, []string{"<form"}},
		{"what a link carries is no HTML", "GET", "/auth/v1/verify?type=magiclink&token=good&redirect_to=%22%3E%3Cscript%3E", "", "", 200, []string{"&#34;&gt;&lt;script&gt;"}, []string{"<script"}},
		{"the button", "POST", "/auth/v1/verify", form("magiclink", "good", ""), formType, 303, []string{"Location: https://shop.example/in?code=c"}, nil},
		{"the button of a link that is over", "POST", "/auth/v1/verify", form("magiclink", "old", ""), formType, 403, []string{"Ask for a new one"}, []string{"Location"}},
		{"a wrong password", "POST", "/auth/v1/verify", form("signup", "good", "wrong"), formType, 400, []string{"The password is wrong", `value="good"`}, []string{"Location", "wrong<"}},
		{"data that are refused", "POST", "/auth/v1/verify", form("signup", "good", "taken"), formType, 400, []string{"data.nick: another account has this", `value="good"`, "<form"}, []string{"Location", "not valid"}},
		{"the right password", "POST", "/auth/v1/verify", form("signup", "good", "right"), formType + "; charset=UTF-8", 303, []string{"Location"}, nil},
		{"too many tries", "POST", "/auth/v1/verify", form("signup", "busy", "x"), formType, 429, []string{"over_request_rate_limit"}, nil},
		{"a form that is none", "POST", "/auth/v1/verify", "%zz", formType, 400, nil, nil},
		{"a form that is long", "POST", "/auth/v1/verify", strings.Repeat("a", 9000), formType, 400, nil, nil},
		{"a client", "POST", "/auth/v1/verify", `{"type":"magiclink","token_hash":"good"}`, "application/json", 200, []string{`"access_token":"t"`}, nil},
		{"one of two mails", "POST", "/auth/v1/verify", `{"type":"email_change","token_hash":"half"}`, "application/json", 200, []string{`{"id":"u1"`}, []string{"access_token"}},
		{"an undo", "POST", "/auth/v1/verify", `{"type":"email_undo","token_hash":"undo"}`, "application/json", 200, []string{"{}"}, nil},
		{"a client with a used link", "POST", "/auth/v1/verify", `{"type":"magiclink","token_hash":"x"}`, "application/json", 403, []string{"otp_expired"}, nil},
		{"no type", "POST", "/auth/v1/verify", `{"token_hash":"good"}`, "application/json", 400, []string{"validation_failed"}, nil},
		{"another type of body", "POST", "/auth/v1/verify", `{}`, "text/plain", 415, nil, nil},
		{"recover", "POST", "/auth/v1/recover", `{"email":"a@b.example"}`, "application/json", 200, []string{"{}"}, nil},
		{"otp with redirect_to", "POST", "/auth/v1/otp?redirect_to=https%3A%2F%2Fx.example", `{"email":"a@b.example"}`, "application/json", 400, []string{"https://x.example"}, nil},
		{"otp by phone", "POST", "/auth/v1/otp", `{"phone":"123"}`, "application/json", 400, []string{"validation_failed"}, nil},
		{"magiclink", "POST", "/auth/v1/magiclink", `{"email":"a@b.example"}`, "application/json", 200, []string{"{}"}, nil},
		{"resend", "POST", "/auth/v1/resend", `{"email":"a@b.example","type":"signup"}`, "application/json", 200, []string{"{}"}, nil},
		{"no JSON", "POST", "/auth/v1/recover", `x`, "application/json", 400, []string{"bad_json"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			headers := []string{}
			if c.kind != "" {
				headers = append(headers, "Content-Type", c.kind)
			}
			a := s.do(t, "guest", c.method, c.path, c.body, headers...)
			var all strings.Builder
			for name, vs := range a.Header {
				all.WriteString(name + ": " + strings.Join(vs, ",") + "\r\n")
			}
			all.WriteString(a.body)
			if a.StatusCode != c.status {
				t.Fatalf("%d %s, want %d", a.StatusCode, all.String(), c.status)
			}
			for _, want := range c.has {
				if !strings.Contains(all.String(), want) {
					t.Errorf("no %q in %s", want, all.String())
				}
			}
			for _, no := range c.hasNot {
				if strings.Contains(all.String(), no) {
					t.Errorf("%q in %s", no, all.String())
				}
			}
			if csp := a.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'; frame-ancestors 'none'") {
				t.Errorf("csp: %q", csp)
			}
			if a.Header.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
				t.Errorf("headers: %v", a.Header)
			}
		})
	}
}
