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
		{name: "and nowhere else", as: "ann", method: "DELETE", path: "/auth/v1/sessions/s1", body: `{"scope":"all"}`, status: 400, has: []string{"has no body"}},
		{name: "nor with GET", as: "auth", method: "GET", path: "/auth/v1/admin/users/u1", body: `{}`, status: 400, has: []string{"has no body"}},
		{name: "a large body", as: "auth", method: "POST", path: "/auth/v1/admin/users", body: `{"a":"` + strings.Repeat("x", 65<<10) + `"}`, status: 413},
		{name: "a page in a browser", as: "auth", method: "GET", path: "/auth/v1/admin/users", headers: []string{"Origin", "https://shop.example"}, status: 401},
		{name: "one's sessions", as: "ann", method: "GET", path: "/auth/v1/sessions", status: 200, has: []string{`{"sessions":[{"id":"s1"`, `"current":true`}},
		{name: "another's session", as: "ann", method: "DELETE", path: "/auth/v1/sessions/s2", status: 404, has: []string{`"code":"not_found"`}},
	})
}

// mirrored gives the route of a service key whose act an operator's is.
func mirrored(name string) (string, bool) {
	method, path, _ := strings.Cut(name, " ")
	rest, ok := strings.CutPrefix(path, "/admin/v1/auth/")
	switch {
	case !ok, rest == "tokens", rest == "impersonate":
		return "", false
	case rest == "invite":
		return method + " /auth/v1/invite", true
	}
	return method + " /auth/v1/admin/" + rest, true
}

// operatorPath is a path of a service key as operators ask for it.
func operatorPath(path string) string {
	return strings.Replace(path, "/auth/v1/admin/", "/admin/v1/auth/", 1)
}

// TestOperatorsRoutesOfUsersAreStrict: what GoTrue's clients may send is an error there.
func TestOperatorsRoutesOfUsersAreStrict(t *testing.T) {
	run(t, start(t), []scenario{
		{name: "a parameter that is not known", as: "auth", method: "GET", path: "/admin/v1/auth/users?x=1", status: 400, has: []string{`"field":"x"`}},
		{name: "pages are cursors", as: "auth", method: "GET", path: "/admin/v1/auth/users?page=2", status: 400, has: []string{`"field":"page"`}},
		{name: "one that is known elsewhere", as: "auth", method: "GET", path: "/admin/v1/auth/users/u?page=1", status: 400, has: []string{`"field":"page"`}},
		{
			name: "a page says where the next begins", as: "auth", method: "GET", path: "/admin/v1/auth/users?provider=google&anonymous=false&confirmed=true", status: 200,
			has: []string{`{"users":[{"id":"u",`, `"next":"u","total":420}`}, hasNot: []string{"Link:", "X-Total-Count"},
		},
		{name: "a body with DELETE", as: "auth", method: "DELETE", path: "/admin/v1/auth/users/u1", body: `{}`, status: 400, has: []string{"has no body"}},
		{name: "a large body", as: "auth", method: "PUT", path: "/admin/v1/auth/users/u1", body: `{"a":"` + strings.Repeat("x", 65<<10) + `"}`, status: 413},
		{name: "GoTrue's may send what they like", as: "auth", method: "GET", path: "/auth/v1/admin/users?x=1", status: 200},
	})
}
