package server_test

import (
	"strings"
	"testing"
)

func TestAdminOfUsers(t *testing.T) {
	run(t, start(t), []scenario{
		{
			name: "a page has GoTrue's headers", as: "auth", method: "GET", path: "/auth/v1/admin/users?page=2&per_page=50&filter=a%20b", status: 200,
			has: []string{
				`{"users":[{"id":"u"`, `"aud":"authenticated"}`, "X-Total-Count: 420\r",
				`Link: </auth/v1/admin/users?page=3&filter=a+b&per_page=50>; rel="next", </auth/v1/admin/users?page=9&filter=a+b&per_page=50>; rel="last"`,
				"Cache-Control: private, no-store",
			},
		},
		{
			name: "a number that is not known", as: "auth", method: "GET", path: "/auth/v1/admin/users?page=1", status: 200,
			has: []string{`page=2&per_page=50>; rel="next"`}, hasNot: []string{"X-Total-Count", "last"},
		},
		{name: "a body goes with DELETE, as clients send one", as: "auth", method: "DELETE", path: "/auth/v1/admin/users/u1", body: `{"should_soft_delete":true}`, status: 400, has: []string{"validation_failed", "should_soft_delete"}},
		{name: "and nowhere else", as: "ann", method: "DELETE", path: "/auth/v1/sessions/s1", body: `{}`, status: 400, has: []string{"has no body"}},
		{name: "nor with GET", as: "auth", method: "GET", path: "/auth/v1/admin/users/u1", body: `{}`, status: 400, has: []string{"has no body"}},
		{name: "a large body", as: "auth", method: "POST", path: "/auth/v1/admin/users", body: `{"a":"` + strings.Repeat("x", 65<<10) + `"}`, status: 413},
		{name: "a page in a browser", as: "auth", method: "GET", path: "/auth/v1/admin/users", headers: []string{"Origin", "https://shop.example"}, status: 401},
		{name: "one's sessions", as: "ann", method: "GET", path: "/auth/v1/sessions", status: 200, has: []string{`{"sessions":[{"id":"s1"`, `"current":true`}},
		{name: "another's session", as: "ann", method: "DELETE", path: "/auth/v1/sessions/s2", status: 404, has: []string{`"code":"not_found"`}},
	})
}
