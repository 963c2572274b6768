package server_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/server"
)

func TestSignInElsewhere(t *testing.T) {
	run(t, start(t), []scenario{
		{
			name: "the browser goes to the provider with a cookie of its own", method: "GET", path: "/auth/v1/authorize?provider=google", status: 302,
			has: []string{"Location: https://id.example/authorize?x=1", "Set-Cookie: __Host-hutch-state-1=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure", "Cache-Control: private, no-store", "Referrer-Policy: no-referrer"},
		},
		{name: "no provider", method: "GET", path: "/auth/v1/authorize", status: 400, has: []string{"validation_failed"}, hasNot: []string{"Set-Cookie"}},
		{
			name: "back with a code, the cookie goes", method: "GET", path: "/auth/v1/callback?code=abc&state=s", headers: []string{"Cookie", "hutch-state-1=v; other=1"}, status: 302,
			has: []string{"Location: https://shop.example/?code=abcv", "Set-Cookie: hutch-state-1=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax\r"},
		},
		{
			name: "a form becomes a GET", method: "POST", path: "/auth/v1/callback", body: "code=a%26b&state=s&user=%7B%7D&redirect_to=https%3A%2F%2Fevil.example", status: 303,
			headers: []string{"Content-Type", "application/x-www-form-urlencoded", "Origin", "https://appleid.apple.com"},
			has:     []string{"Location: /auth/v1/callback?code=a%26b&state=s\r"}, hasNot: []string{"evil", "Set-Cookie", "Access-Control-Allow-Credentials"},
		},
		{
			name: "a form says what the person is called, and nothing else of them goes on", method: "POST", path: "/auth/v1/callback", status: 303,
			body:    "code=c&state=s&user=" + url.QueryEscape(`{"name":{"firstName":"Ann","lastName":"O'Hara"},"email":"ann@shop.example"}`),
			headers: []string{"Content-Type", "application/x-www-form-urlencoded", "Origin", "https://appleid.apple.com"},
			has:     []string{"Location: /auth/v1/callback?code=c&name=Ann+O%27Hara&state=s\r"}, hasNot: []string{"shop.example"},
		},
		{name: "back with a name", method: "GET", path: "/auth/v1/callback?code=abc&state=s&name=Ann", headers: []string{"Cookie", "hutch-state-1=v"}, status: 302, has: []string{"Location: https://shop.example/?code=abcvAnn\r"}},
		{name: "a form that is none", method: "POST", path: "/auth/v1/callback", body: "%zz", headers: []string{"Content-Type", "text/plain"}, status: 400},
		{name: "a form that is long", method: "POST", path: "/auth/v1/callback", body: "code=" + strings.Repeat("a", 9000), headers: []string{"Content-Type", "text/plain"}, status: 400},
		{name: "link for a client that asks", as: "ann", method: "GET", path: "/auth/v1/user/identities/authorize?provider=google&skip_http_redirect=true", status: 200, has: []string{`{"url":"https://shop.example/auth/v1/authorize?ticket=google"}`}},
		{name: "unlink", as: "ann", method: "DELETE", path: "/auth/v1/user/identities/i1", status: 200, has: []string{"{}"}},
		{name: "unlink another's", as: "ann", method: "DELETE", path: "/auth/v1/user/identities/other", status: 404, has: []string{"identity_not_found"}},
	})
}

// A cookie that binds a flow to localhost would not come back to 127.0.0.1.
func TestSignInElsewhereUnderThePublicName(t *testing.T) {
	s := start(t, func(o *server.Options) { o.PublicURL = "http://localhost:8090" })
	for host, to := range map[string]string{
		"127.0.0.1:8090":           "http://localhost:8090/auth/v1/authorize?provider=google",
		"127.0.0.1:8091":           "https://id.example/authorize?x=1",
		"localhost:8090":           "https://id.example/authorize?x=1",
		"localhost.evil.test:8090": "https://id.example/authorize?x=1",
	} {
		a := s.do(t, "guest", "GET", "/auth/v1/authorize?provider=google", "", "Host", host)
		if got := a.Header.Get("Location"); a.StatusCode != 302 || got != to {
			t.Errorf("%s: %d %s", host, a.StatusCode, got)
		}
	}
}
