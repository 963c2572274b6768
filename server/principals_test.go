package server_test

import (
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/server"
)

// guests, users, another user, service keys of two scopes, and credentials that
// are not valid: what each gets of a route. ann owns the note n1.
type access struct{ guest, ann, bob, data, ops, bad int }

var accessTable = map[string]struct {
	path, body string // of the request; path "" is the route's
	want       access
}{
	"DELETE /auth/v1/admin/users/{id}/sessions/{session}":    {"/auth/v1/admin/users/ann/sessions/s1", "", access{401, 403, 403, 403, 403, 401}},
	"DELETE /auth/v1/admin/users/{id}/identities/{identity}": {"/auth/v1/admin/users/ann/identities/i1", "", access{401, 403, 403, 403, 403, 401}},

	"POST /data/v1/docs/{collection}":        {"/data/v1/docs/notes", `{"owner":"ann"}`, access{401, 201, 201, 201, 403, 401}},
	"GET /data/v1/docs/{collection}":         {"/data/v1/docs/secret", "", access{401, 403, 403, 200, 403, 401}},
	"GET /data/v1/docs/{collection}/{id}":    {"/data/v1/docs/notes/n1", "", access{404, 200, 404, 200, 404, 401}},
	"PUT /data/v1/docs/{collection}/{id}":    {"/data/v1/docs/notes/n1", `{"owner":"ann"}`, access{401, 200, 403, 200, 403, 401}},
	"PATCH /data/v1/docs/{collection}/{id}":  {"/data/v1/docs/notes/n1", `{"owner":"ann"}`, access{404, 200, 404, 200, 404, 401}},
	"DELETE /data/v1/docs/{collection}/{id}": {"/data/v1/docs/notes/n1", "", access{404, 204, 404, 204, 404, 401}},
	"POST /data/v1/query":                    {"", `{"from":"secret"}`, access{401, 403, 403, 200, 403, 401}},
	"POST /data/v1/commit":                   {"", `{"writes":[{"op":"create","in":"secret","data":{}}]}`, access{401, 403, 403, 200, 403, 401}},
	"GET /realtime/v1":                       {"", "", access{426, 426, 426, 426, 426, 401}},
	"POST /functions/v1/{name}":              {"/functions/v1/members", "{}", access{401, 200, 200, 200, 200, 401}},
	"GET /healthz":                           {"", "", access{200, 200, 200, 200, 200, 401}},
	"GET /readyz":                            {"", "", access{200, 200, 200, 200, 200, 401}},
	"GET /metrics":                           {"", "", access{401, 403, 403, 403, 200, 401}},
	"GET /admin/v1/metrics":                  {"", "", access{404, 404, 404, 403, 503, 401}},
	"GET /admin/v1/overview":                 {"", "", access{404, 404, 404, 403, 503, 401}},
	"GET /openapi.json":                      {"", "", access{200, 200, 200, 200, 200, 401}},
	// Routes that need no user ignore all but service keys.
	"POST /auth/v1/signup":                                {"", `{"email":"a@b.test","password":"long enough 1"}`, access{200, 200, 200, 200, 200, 200}},
	"POST /auth/v1/token":                                 {"/auth/v1/token?grant_type=password", `{"email":"a@b.test","password":"x"}`, access{200, 200, 200, 200, 200, 200}},
	"POST /auth/v1/logout":                                {"", "", access{401, 204, 204, 401, 401, 401}},
	"GET /auth/v1/user":                                   {"", "", access{401, 200, 200, 401, 401, 401}},
	"PUT /auth/v1/user":                                   {"", `{"data":{}}`, access{401, 200, 200, 401, 401, 401}},
	"DELETE /auth/v1/user":                                {"", "", access{401, 204, 204, 401, 401, 401}},
	"GET /auth/v1/authorize":                              {"/auth/v1/authorize?provider=google", "", access{302, 302, 302, 302, 302, 302}},
	"GET /auth/v1/callback":                               {"", "", access{302, 302, 302, 302, 302, 302}},
	"POST /auth/v1/callback":                              {"", "", access{303, 303, 303, 303, 303, 303}},
	"GET /auth/v1/user/identities/authorize":              {"", "", access{401, 302, 302, 401, 401, 401}},
	"DELETE /auth/v1/user/identities/{id}":                {"/auth/v1/user/identities/i1", "", access{401, 200, 200, 401, 401, 401}},
	"GET /auth/v1/verify":                                 {"/auth/v1/verify?type=magiclink&token=good", "", access{200, 200, 200, 200, 200, 200}},
	"POST /auth/v1/verify":                                {"", `{"type":"magiclink","token_hash":"good"}`, access{200, 200, 200, 200, 200, 200}},
	"POST /auth/v1/recover":                               {"", `{"email":"a@b.example"}`, access{200, 200, 200, 200, 200, 200}},
	"POST /auth/v1/otp":                                   {"", `{"email":"a@b.example"}`, access{200, 200, 200, 200, 200, 200}},
	"POST /auth/v1/magiclink":                             {"", `{"email":"a@b.example"}`, access{200, 200, 200, 200, 200, 200}},
	"POST /auth/v1/resend":                                {"", `{"email":"a@b.example","type":"signup"}`, access{200, 200, 200, 200, 200, 200}},
	"GET /auth/v1/reauthenticate":                         {"", "", access{401, 200, 200, 401, 401, 401}},
	"GET /auth/v1/sessions":                               {"", "", access{401, 200, 200, 401, 401, 401}},
	"DELETE /auth/v1/sessions/{id}":                       {"/auth/v1/sessions/s1", "", access{401, 204, 204, 401, 401, 401}},
	"POST /auth/v1/factors":                               {"", `{"factor_type":"totp"}`, access{401, 200, 200, 401, 401, 401}},
	"POST /auth/v1/factors/{id}/challenge":                {"/auth/v1/factors/f1/challenge", "", access{401, 200, 200, 401, 401, 401}},
	"POST /auth/v1/factors/{id}/verify":                   {"/auth/v1/factors/f1/verify", `{"challenge_id":"c1","code":"000000"}`, access{401, 200, 200, 401, 401, 401}},
	"GET /auth/v1/factors/recovery-codes":                 {"", "", access{401, 200, 200, 401, 401, 401}},
	"POST /auth/v1/factors/recovery-codes":                {"", "", access{401, 200, 200, 401, 401, 401}},
	"DELETE /auth/v1/factors/recovery-codes":              {"", "", access{401, 200, 200, 401, 401, 401}},
	"POST /auth/v1/factors/recovery-codes/regenerate":     {"", "", access{401, 200, 200, 401, 401, 401}},
	"POST /auth/v1/factors/recovery-codes/verify":         {"", `{"code":"x"}`, access{401, 200, 200, 401, 401, 401}},
	"GET /auth/v1/admin/users/{id}/factors":               {"/auth/v1/admin/users/ann/factors", "", access{401, 403, 403, 403, 403, 401}},
	"DELETE /auth/v1/admin/users/{id}/factors/{factor}":   {"/auth/v1/admin/users/ann/factors/f1", "", access{401, 403, 403, 403, 403, 401}},
	"DELETE /auth/v1/factors/{id}":                        {"/auth/v1/factors/f1", "", access{401, 200, 200, 401, 401, 401}},
	"GET /auth/v1/admin/users":                            {"", "", access{401, 403, 403, 403, 403, 401}},
	"POST /auth/v1/admin/users":                           {"", `{"email":"a@b.example"}`, access{401, 403, 403, 403, 403, 401}},
	"POST /auth/v1/invite":                                {"", `{"email":"a@b.example"}`, access{401, 403, 403, 403, 403, 401}},
	"POST /auth/v1/admin/generate_link":                   {"", `{"type":"magiclink","email":"a@b.example"}`, access{401, 403, 403, 403, 403, 401}},
	"GET /auth/v1/admin/users/{id}":                       {"/auth/v1/admin/users/ann", "", access{401, 403, 403, 403, 403, 401}},
	"PUT /auth/v1/admin/users/{id}":                       {"/auth/v1/admin/users/ann", `{}`, access{401, 403, 403, 403, 403, 401}},
	"DELETE /auth/v1/admin/users/{id}":                    {"/auth/v1/admin/users/ann", "", access{401, 403, 403, 403, 403, 401}},
	"GET /auth/v1/admin/users/{id}/sessions":              {"/auth/v1/admin/users/ann/sessions", "", access{401, 403, 403, 403, 403, 401}},
	"DELETE /auth/v1/admin/users/{id}/sessions":           {"/auth/v1/admin/users/ann/sessions", "", access{401, 403, 403, 403, 403, 401}},
	"POST /auth/v1/passkeys/registration/options":         {"", "{}", access{401, 200, 200, 401, 401, 401}},
	"POST /auth/v1/passkeys/registration/verify":          {"", "{}", access{401, 200, 200, 401, 401, 401}},
	"POST /auth/v1/passkeys/authentication/options":       {"", "{}", access{200, 200, 200, 200, 200, 200}},
	"POST /auth/v1/passkeys/authentication/verify":        {"", "{}", access{200, 200, 200, 200, 200, 200}},
	"GET /auth/v1/passkeys":                               {"", "", access{401, 200, 200, 401, 401, 401}},
	"PATCH /auth/v1/passkeys/{id}":                        {"/auth/v1/passkeys/p1", "{}", access{401, 200, 200, 401, 401, 401}},
	"DELETE /auth/v1/passkeys/{id}":                       {"/auth/v1/passkeys/p1", "", access{401, 204, 204, 401, 401, 401}},
	"GET /auth/v1/admin/users/{id}/passkeys":              {"/auth/v1/admin/users/ann/passkeys", "", access{401, 403, 403, 403, 403, 401}},
	"DELETE /auth/v1/admin/users/{id}/passkeys/{passkey}": {"/auth/v1/admin/users/ann/passkeys/p1", "", access{401, 403, 403, 403, 403, 401}},
	"GET /.well-known/webauthn":                           {"", "", access{200, 200, 200, 200, 200, 200}},
	"POST /admin/v1/auth/tokens":                          {"", `{"user":"ann"}`, access{404, 404, 404, 403, 403, 401}},
	"POST /admin/v1/auth/impersonate":                     {"", `{"user":"ann","reason":"x"}`, access{404, 404, 404, 403, 403, 401}},
	"GET /admin/v1/collections":                           {"", "", access{404, 404, 404, 403, 403, 401}},
	"GET /admin/v1/collections/{collection}/fields":       {"", "", access{404, 404, 404, 403, 403, 401}},
	"POST /admin/v1/explain":                              {"", `{"query":{"from":"open"}}`, access{404, 404, 404, 403, 403, 401}},
	"POST /admin/v1/data/query":                           {"", `{"query":{"from":"open"},"as":"guest"}`, access{404, 404, 404, 403, 403, 401}},
	"POST /admin/v1/data/get":                             {"", `{"in":"open","id":"a","as":"guest"}`, access{404, 404, 404, 403, 403, 401}},
	"POST /admin/v1/collections/{collection}/imports":     {"", `{"format":"jsonl","mode":"set"}`, access{404, 404, 404, 403, 403, 401}},
	"GET /admin/v1/imports":                               {"", "", access{404, 404, 404, 403, 403, 401}},
	"GET /admin/v1/imports/{id}":                          {"", "", access{404, 404, 404, 403, 403, 401}},
	"PUT /admin/v1/imports/{id}/parts/{part}":             {"/admin/v1/imports/a/parts/1", "{}", access{404, 404, 404, 403, 403, 401}},
	"DELETE /admin/v1/imports/{id}":                       {"", "", access{404, 404, 404, 403, 403, 401}},
	"GET /admin/v1/collections/{collection}/export":       {"", "", access{404, 404, 404, 403, 403, 401}},
	"GET /admin/v1/views":                                 {"", "", access{404, 404, 404, 403, 403, 401}},
	"POST /admin/v1/views":                                {"", `{"collection":"open","name":"a","view":{}}`, access{404, 404, 404, 403, 403, 401}},
	"PUT /admin/v1/views/{id}":                            {"/admin/v1/views/a", `{"collection":"open","name":"a","view":{}}`, access{404, 404, 404, 403, 403, 401}},
	"DELETE /admin/v1/views/{id}":                         {"/admin/v1/views/a", "", access{404, 404, 404, 403, 403, 401}},
	"GET /admin/v1/live":                                  {"", "", access{404, 404, 404, 403, 501, 401}},
	"GET /admin/v1/live/connections":                      {"", "", access{404, 404, 404, 403, 403, 401}},
	"GET /admin/v1/live/connections/{id}":                 {"/admin/v1/live/connections/x", "", access{404, 404, 404, 403, 403, 401}},
	"DELETE /admin/v1/live/connections/{id}":              {"/admin/v1/live/connections/x", "", access{404, 404, 404, 403, 403, 401}},
	"GET /admin/v1/live/groups":                           {"", "", access{404, 404, 404, 403, 403, 401}},
	"GET /admin/v1/rules":                                 {"", "", access{404, 404, 404, 403, 403, 401}},
	"POST /admin/v1/rules/check":                          {"", `{}`, access{404, 404, 404, 403, 403, 401}},
	"POST /admin/v1/rules/explain":                        {"", `{}`, access{404, 404, 404, 403, 403, 401}},
	"GET /admin/v1/functions":                             {"", "", access{404, 404, 404, 403, 403, 401}},
	"GET /admin/v1/functions/{name}":                      {"/admin/v1/functions/buy", "", access{404, 404, 404, 403, 403, 401}},
	"POST /admin/v1/functions/{name}/invoke":              {"/admin/v1/functions/buy/invoke", "{}", access{404, 404, 404, 403, 403, 401}},
	"GET /admin/v1/runs":                                  {"", "", access{404, 404, 404, 403, 200, 401}},
	"GET /admin/v1/runs/{id}":                             {"/admin/v1/runs/r1", "", access{404, 404, 404, 403, 200, 401}},
	"GET /admin/v1/logs":                                  {"", "", access{404, 404, 404, 403, 200, 401}},
	"GET /admin/v1/logs/{id}":                             {"/admin/v1/logs/x", "", access{404, 404, 404, 403, 404, 401}},
	"GET /admin/v1/tail":                                  {"/admin/v1/tail?kind=runs", "", access{404, 404, 404, 403, 200, 401}},
	"GET /admin/v1/audit":                                 {"", "", access{404, 404, 404, 403, 200, 401}},
	"GET /admin/v1/operators":                             {"", "", access{404, 404, 404, 403, 403, 401}},
	"POST /admin/v1/operators":                            {"", `{"email":"a@b.example"}`, access{404, 404, 404, 403, 403, 401}},
	"DELETE /admin/v1/operators/{id}":                     {"/admin/v1/operators/x", "", access{404, 404, 404, 403, 403, 401}},
	"GET /auth/v1/settings":                               {"", "", access{200, 200, 200, 200, 200, 200}},
	"GET /auth/v1/health":                                 {"", "", access{200, 200, 200, 200, 200, 200}},
	"GET /auth/v1/.well-known/jwks.json":                  {"", "", access{200, 200, 200, 200, 200, 200}},
	"GET /auth/v1/.well-known/openid-configuration":       {"", "", access{200, 200, 200, 200, 200, 200}},
	"GET /.well-known/jwks.json":                          {"", "", access{200, 200, 200, 200, 200, 200}},
	"GET /.well-known/openid-configuration":               {"", "", access{200, 200, 200, 200, 200, 200}},
}

// authKey is what a service key of scope auth gets where that is not what one
// of scope ops gets.
var authKey = map[string]int{
	"DELETE /auth/v1/admin/users/{id}/sessions/{session}": 204, "DELETE /auth/v1/admin/users/{id}/identities/{identity}": 204,

	"GET /metrics": 403, "GET /admin/v1/audit": 403, "GET /admin/v1/live": 403, "GET /admin/v1/metrics": 403, "GET /admin/v1/overview": 403, "GET /admin/v1/runs": 403, "GET /admin/v1/runs/{id}": 403, "GET /admin/v1/logs": 403, "GET /admin/v1/logs/{id}": 403, "GET /admin/v1/tail": 403,
	"POST /admin/v1/auth/tokens": 200, "POST /admin/v1/auth/impersonate": 200,
	"GET /auth/v1/admin/users": 200, "POST /auth/v1/admin/users": 200, "POST /auth/v1/invite": 200, "POST /auth/v1/admin/generate_link": 200, "GET /auth/v1/admin/users/{id}": 200,
	"PUT /auth/v1/admin/users/{id}": 200, "DELETE /auth/v1/admin/users/{id}": 200,
	"GET /auth/v1/admin/users/{id}/factors": 200, "DELETE /auth/v1/admin/users/{id}/factors/{factor}": 200,
	"GET /auth/v1/admin/users/{id}/sessions": 200, "DELETE /auth/v1/admin/users/{id}/sessions": 204,
	"GET /auth/v1/admin/users/{id}/passkeys": 200, "DELETE /auth/v1/admin/users/{id}/passkeys/{passkey}": 204,
}

// TestEveryRouteByPrincipal: a route without a row fails, so each new one is
// judged for everybody.
func TestEveryRouteByPrincipal(t *testing.T) {
	s := start(t)
	for _, route := range s.Routes() {
		row, ok := accessTable[route.Name]
		byAuth, other := authKey[route.Name]
		if like, mirrors := mirrored(route.Name); mirrors { // the same act for operators
			row, ok = accessTable[like]
			row.path, row.want = operatorPath(row.path), access{404, 404, 404, 403, 403, 401}
			byAuth, other = authKey[like]
		}
		if route.Need == server.NeedDesk { // at the app's origin it is not there
			row.path, row.want, ok = strings.ReplaceAll(route.Path, "{id}", "x"), access{404, 404, 404, 404, 404, 404}, true
		}
		if !ok && route.Need == server.NeedAdmin && route.Scope == "" { // operators alone
			row.path, row.want, ok = strings.ReplaceAll(route.Path, "{id}", "x"), access{404, 404, 404, 403, 403, 401}, true
		}
		if !ok {
			t.Errorf("%s is not in the table of access", route.Name)
			continue
		}
		path := row.path
		if path == "" {
			path = route.Path
		}
		check := func(as string, want int, headers ...string) {
			t.Run(route.Name+" as "+as, func(t *testing.T) {
				s.docs.put("notes", "n1", "ann", "private words")
				a := s.do(t, as, route.Method, path, row.body, headers...)
				if a.StatusCode != want {
					t.Fatalf("got %d %s, want %d", a.StatusCode, a.body, want)
				}
				if want >= 400 {
					if err := flat(a.Header, a.body); err != "" {
						t.Fatal(err, a.body)
					}
					if strings.Contains(a.body, "private words") {
						t.Fatal("the refusal tells")
					}
				}
				for name, want := range map[string]string{"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
					if !strings.Contains(a.Header.Get(name), want) {
						t.Errorf("a route of the system with %s %q", name, a.Header.Get(name))
					}
				}
			})
		}
		check("guest", row.want.guest)
		check("guest", row.want.guest, "Authorization", "Bearer anon")
		check("guest", row.want.guest, "apikey", "public-anon-key")
		check("ann", row.want.ann)
		check("bob", row.want.bob)
		check("data", row.want.data)
		check("ops", row.want.ops)
		if !other {
			byAuth = row.want.ops
		}
		check("auth", byAuth)
		check("guest", row.want.data, "apikey", s.auth.token("data"))
		for name, bad := range map[string]string{
			"expired": "Bearer token-expired", "tampered": "Bearer token-annX", "another scheme": "Basic YTpi", "no token": "Bearer",
		} {
			check("guest ("+name+")", row.want.bad, "Authorization", bad)
		}
		if row.want.ann != row.want.bad { // Authorization decides alone
			check("guest (bad token, good key)", row.want.bad, "Authorization", "Bearer token-expired", "apikey", s.auth.token("data"))
		}
	}
}

// TestRoutesOfLaterVersionsAre404: what is not built is not there.
func TestRoutesOfLaterVersionsAre404(t *testing.T) {
	s := start(t)
	for _, path := range []string{
		"GET /admin/v1/users", "GET /_/", "GET /_", "POST /data/v1/aggregate",
		"GET /storage/v1/object/a",
		"GET /data/v1", "GET /data", "GET /healthz/", "GET /HEALTHZ", "GET /Data/v1/docs/open/a", "GET /data/v1/docs/open/a/b",
		"POST /functions/v1", "GET /", "POST /nothing", "GET /hutch.yaml", "GET /.hutch/data", "GET /hutch/x",
	} {
		for _, as := range []string{"guest", "ann", "data"} {
			method, p, _ := strings.Cut(path, " ")
			a := s.do(t, as, method, p, "")
			if a.StatusCode != 404 {
				t.Errorf("%s as %s: %d %s", path, as, a.StatusCode, a.body)
			}
			if err := flat(a.Header, a.body); err != "" {
				t.Errorf("%s: %s", path, err)
			}
		}
	}
}

// TestS10AdminIsNotHere: the app's origin has no admin routes and no dashboard.
func TestS10AdminIsNotHere(t *testing.T) {
	s := start(t, func(o *server.Options) {
		o.Parts.Web = webOf(t, map[string]string{"index.html": "<p>the app"})
	})
	for _, p := range []string{"/_/", "/_", "/admin/v1/users", "/admin", "/_/index.html"} {
		if a := s.do(t, "guest", "GET", p, "", "Accept", "text/html"); a.StatusCode != 404 {
			t.Errorf("%s: %d %s", p, a.StatusCode, a.body)
		}
	}
}

// TestS10AdminRoutesAreForKeysAlone: to all others they are no path, whatever
// method, body or query; no page may call them, with a key neither.
func TestS10AdminRoutesAreForKeysAlone(t *testing.T) {
	s := start(t, func(o *server.Options) { o.Parts.CORS = []string{"*"} })
	nothing := func(as, method, path, body string, headers ...string) string {
		a := s.do(t, as, method, path, body, headers...)
		if a.StatusCode != 404 {
			t.Errorf("%s %s as %s %v: %d %s", method, path, as, headers, a.StatusCode, a.body)
		}
		return strings.Split(a.body, `,"requestId"`)[0]
	}
	missing := nothing("ann", "POST", "/admin/v1/auth/nothing", "{}")
	for _, path := range []string{"/admin/v1/auth/tokens", "/admin/v1/auth/impersonate"} {
		for _, as := range []string{"guest", "ann"} {
			for _, method := range []string{"GET", "PUT", "DELETE", "POST"} {
				if got := nothing(as, method, path, ""); got != missing {
					t.Errorf("%s %s: %s, a missing path is %s", method, path, got, missing)
				}
			}
			nothing(as, "POST", path, "{", "Content-Type", "text/plain")
			nothing(as, "POST", path+"?x=1", "{}")
		}
		nothing("guest", "OPTIONS", path, "", "Origin", "https://shop.example", "Access-Control-Request-Method", "POST")
		for _, browser := range []string{"Origin", "Sec-Fetch-Site"} {
			a := s.do(t, "auth", "POST", path, `{"user":"ann","reason":"x"}`, browser, "https://shop.example")
			if a.StatusCode != 401 || a.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s with %s: %d %v", path, browser, a.StatusCode, a.Header)
			}
		}
		if a := s.do(t, "auth", "POST", path+"?x=1", `{"user":"ann"}`); a.StatusCode != 400 {
			t.Errorf("a query: %d", a.StatusCode)
		}
		if a := s.do(t, "auth", "POST", path, `{"user":"ann"}`); a.StatusCode != 200 || !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
			t.Errorf("%d %v", a.StatusCode, a.Header)
		}
	}
}

// TestMethodsAreAllowed: 405 names what the path has, also for the app's routes.
func TestMethodsAreAllowed(t *testing.T) {
	s := start(t, func(o *server.Options) {
		o.Parts.Functions = &code{routes: []functions.Route{{Method: "GET", Path: "/api/pets/{id}", Function: "echo"}, {Method: "PUT", Path: "/api/pets/{id}", Function: "echo"}}}
	})
	for req, allow := range map[string]string{
		"POST /healthz": "GET, HEAD", "DELETE /data/v1/docs/open": "GET, HEAD, POST", "POST /data/v1/docs/open/a": "DELETE, GET, HEAD, PATCH, PUT",
		"GET /data/v1/commit": "POST", "POST /api/pets/1": "GET, PUT", "HEAD /api/pets/1": "GET, PUT", "OPTIONS /data/v1/query": "POST", "BREW /data/v1/query": "POST",
	} {
		method, p, _ := strings.Cut(req, " ")
		a := s.do(t, "", method, p, "")
		if a.StatusCode != 405 || a.Header.Get("Allow") != allow {
			t.Errorf("%s: %d, Allow %q, want %q", req, a.StatusCode, a.Header.Get("Allow"), allow)
		}
	}
}
