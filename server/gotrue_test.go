package server_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/server"
)

// TestDeletesTakeAnEmptyObject: Dart's client of GoTrue sends {} with each DELETE.
func TestDeletesTakeAnEmptyObject(t *testing.T) {
	o := openOffice(t)
	n := 0
	authTable(t, o, func(route *server.Route, r *authRow) {
		if route.Method != http.MethodDelete || route.Service != server.ServiceAuth {
			return
		}
		n++
		who := map[base]string{users: "aal2", keys: "auth"}[r.who]
		for _, body := range []string{"{}", " {\r\n\t} "} {
			row := *r // its address is not taken
			row.body = body
			a := o.ask(t, route, &row, o.be(who), "Content-Type", "application/json")
			status, code, _ := strings.Cut(r.want(who), " ")
			if strconv.Itoa(a.StatusCode) != status || code != "" && a.field("code") != code {
				t.Errorf("%s with %q: %d %s, want %s", route.Name, body, a.StatusCode, a.body, r.want(who))
			}
		}
	})
	if n < 12 {
		t.Errorf("%d routes", n)
	}
}

// TestDeletesTakeNothingElse: what says more than {} is refused, and nothing is
// read without an end.
func TestDeletesTakeNothingElse(t *testing.T) {
	s := start(t)
	for _, route := range s.Routes() {
		if route.Method != http.MethodDelete || route.Service != server.ServiceAuth {
			continue
		}
		as, path := "ann", accessTable[route.Name].path
		if path == "" {
			path = route.Path
		}
		if route.Need == server.NeedAuth {
			as = "auth"
		}
		wantError(t, s.do(t, as, "DELETE", path, `{"a":"`+strings.Repeat("a", 64<<10)+`"}`), 413, "payload_too_large")
		if route.In != nil { // it has a body of its own
			continue
		}
		for _, body := range []string{`{"a":1}`, "[]", "{", "}", "{}{}", "null", "x", "\u00a0{}"} {
			a := s.do(t, as, "DELETE", path, body)
			wantError(t, a, 400, "validation_failed")
			if !strings.Contains(a.body, "DELETE") {
				t.Errorf("%s with %q: %s", route.Name, body, a.body)
			}
		}
	}
	for _, path := range []string{"/data/v1/docs/open/a", "/admin/v1/auth/users/ann", "/auth/v1", "/auth/v12/user"} {
		wantError(t, s.do(t, "data", "DELETE", path, "{}"), 400, "invalid_argument")
	}
	resp, body, open := send(t, s.addr, "DELETE /auth/v1/user HTTP/1.1\r\nHost: x\r\nContent-Length: 16777217\r\n\r\n{}")
	if resp.StatusCode != 413 || open {
		t.Errorf("17 MiB: %d %s, open %v", resp.StatusCode, body, open)
	}
}

// TestGoTruesClientsReadOurErrors: what each of them looks at, in all answers
// below /auth/v1, also of what no route has taken.
func TestGoTruesClientsReadOurErrors(t *testing.T) {
	s := start(t)
	type failed struct {
		Code      string `json:"code"`
		ErrorCode string `json:"error_code"`
		Message   string `json:"message"`
		Weak      *struct {
			Reasons []string `json:"reasons"`
		} `json:"weak_password"`
	}
	byHeader := func(h http.Header, f *failed) (code, text string) { // auth-js, Dart, Python, Swift
		if h.Get("X-Supabase-Api-Version") >= "2024-01-01" {
			return f.Code, f.Message
		}
		return f.ErrorCode, f.Message
	}
	kotlin := func(_ http.Header, f *failed) (code, text string) { return f.ErrorCode, f.Message }
	const H = " HTTP/1.1\r\nHost: x\r\n"
	for _, tc := range []struct{ raw, code string }{
		{"POST /auth/v1/token?grant_type=magic" + H + "Content-Length: 2\r\n\r\n{}", "validation_failed"},
		{"GET /auth/v1/user" + H + "\r\n", "no_authorization"},
		{"GET /auth/v1/user" + H + "Authorization: Bearer x\r\n\r\n", "bad_jwt"},
		{"GET /auth/v1/none" + H + "\r\n", "not_found"},
		{"PATCH /auth/v1/user" + H + "Content-Length: 0\r\n\r\n", "invalid_argument"},
		{"GET /auth/v1/user" + H + "Content-Length: 2\r\n\r\n{}", "invalid_argument"},
		{"POST /auth/v1/signup" + H + "Content-Length: 17000000\r\n\r\n{}", "payload_too_large"},
		{"GET /auth/v1/admin/users" + H + "Authorization: Bearer token-ann\r\n\r\n", "not_admin"},
	} {
		resp, body, _ := send(t, s.addr, tc.raw)
		var f failed
		if err := json.Unmarshal([]byte(body), &f); err != nil {
			t.Fatal(body, err)
		}
		for name, read := range map[string]func(http.Header, *failed) (code, text string){"by header": byHeader, "Kotlin": kotlin} {
			if code, text := read(resp.Header, &f); code != tc.code || text == "" {
				t.Errorf("%s, %.40q: %q %q of %s", name, tc.raw, code, text, body)
			}
		}
		if err := flat(resp.Header, body); err != "" {
			t.Error(err, body)
		}
	}
	if _, body, _ := send(t, s.addr, "GET /data/v1/none"+H+"\r\n"); strings.Contains(body, "error_code") {
		t.Error("outside /auth:", body)
	}
}
