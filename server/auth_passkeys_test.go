package server_test

import (
	"strings"
	"testing"
)

// The routes as auth-js 2.109 calls them; what they do is auth's to test.
func TestPasskeyRoutes(t *testing.T) {
	s := start(t)
	const path = "/auth/v1/passkeys"
	for _, tc := range []struct {
		as, method, path, body string
		status                 int
		has                    string
	}{
		{"ann", "POST", path + "/registration/options", `{}`, 200, `{"challenge_id":"c1"`},
		{"ann", "POST", path + "/registration/verify", `{"challenge_id":"c1","credential":{}}`, 200, `{"id":"p1"`},
		{"guest", "POST", path + "/authentication/options", `{"gotrue_meta_security":{}}`, 200, `gotrue_meta_security`},
		{"guest", "POST", path + "/authentication/options", ``, 200, `{"challenge_id":"c2","options":""`},
		{"guest", "POST", path + "/authentication/verify", `{"challenge_id":"c2"}`, 200, `{"access_token":"t"`},
		{"guest", "POST", path + "/authentication/verify", `{"challenge_id":"used"}`, 400, `"code":"webauthn_challenge_expired"`},
		{"ann", "GET", path, "", 200, `[{"id":"p1"`},
		{"ann", "PATCH", path + "/p1", `{"friendly_name":"phone"}`, 200, `"id":"p1"`},
		{"ann", "DELETE", path + "/p1", "", 204, ""},
		{"ann", "DELETE", path + "/p2", "", 404, `"code":"webauthn_credential_not_found"`},
		{"auth", "GET", "/auth/v1/admin/users/ann/passkeys", "", 200, `[{"id":"p1"`},
		{"auth", "DELETE", "/auth/v1/admin/users/ann/passkeys/p1", "", 204, ""},
		{"auth", "DELETE", "/auth/v1/admin/users/p1/passkeys/ann", "", 404, `"code":"webauthn_credential_not_found"`},
		{"guest", "GET", "/.well-known/webauthn", "", 200, `{"origins":["https://shop.example"]}`},
		{"guest", "POST", path + "/authentication/verify", `{"credential":"` + strings.Repeat("a", 65<<10) + `"}`, 413, "payload_too_large"},
	} {
		a := s.do(t, tc.as, tc.method, tc.path, tc.body)
		if a.StatusCode != tc.status || !strings.Contains(a.body, tc.has) {
			t.Errorf("%s %s: %d %s, want %d %s", tc.method, tc.path, a.StatusCode, a.body, tc.status, tc.has)
		}
	}
}
