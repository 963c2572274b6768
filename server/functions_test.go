package server_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/server"
)

func withRoutes(routes ...functions.Route) func(*server.Options) {
	return func(o *server.Options) { o.Parts.Functions.(*code).routes = routes }
}

// TestCalls: body, key, scope, principal and answer of a call.
func TestCalls(t *testing.T) {
	s := start(t)
	var who hutch.Principal
	s.calls.answer = func(ctx context.Context, in *functions.Invocation) (*functions.Answer, error) {
		who = hutch.PrincipalFrom(ctx)
		return &functions.Answer{Body: []byte(`{"order":1}`), Position: "00000000000000aa", Replayed: in.Key == "again"}, nil
	}
	a := s.do(t, "ann", "POST", "/functions/v1/pur%63hase", `{"quantity":2}`, "Idempotency-Key", "again")
	in := s.calls.invocation()
	if a.StatusCode != 200 || a.body != `{"order":1}` || a.Header.Get("Hutch-Position") != "00000000000000aa" || a.Header.Get("Idempotency-Replayed") != "true" {
		t.Fatal(a.StatusCode, a.body, a.Header)
	}
	if in.Function != "purchase" || string(in.Body) != `{"quantity":2}` || in.Key != "again" || in.HTTP != nil || who.UID != "ann" || in.Request.IP != "127.0.0.1" || in.Request.Time.IsZero() {
		t.Fatalf("%+v %+v", in, who)
	}
	if s.do(t, "", "POST", "/functions/v1/purchase", ""); len(s.calls.invocation().Body) != 0 || s.calls.invocation().Key != "" || who.Kind != hutch.Guest {
		t.Fatalf("%+v", s.calls.invocation())
	}
	other := s.do(t, "ann", "POST", "/functions/v1/other", `{}`, "Idempotency-Key", "again")
	if other.StatusCode != 200 || s.calls.invocation().Scope == in.Scope {
		t.Fatal("two functions share a scope:", in.Scope)
	}
	s.calls.answer = nil
	wantError(t, s.do(t, "ann", "POST", "/functions/v1/nosuch", "{}"), 404, "not_found")
}

// TestS91OperatorsCallsAreTold: by name and by route, before they run; nobody
// else's, and none that there is not.
func TestS91OperatorsCallsAreTold(t *testing.T) {
	s := start(t, withRoutes(functions.Route{Method: "POST", Path: "/api/echo", Function: "echo"}), func(o *server.Options) {
		o.Parts.App.Functions = []functions.Function{{Name: "echo"}}
	})
	told := func() []string {
		s.auth.mu.Lock()
		defer s.auth.mu.Unlock()
		return slices.Clone(s.auth.acts)
	}
	var before []string
	s.calls.answer = func(context.Context, *functions.Invocation) (*functions.Answer, error) {
		before = told()
		return &functions.Answer{Body: []byte(`1`)}, nil
	}
	for _, as := range []string{"ann", "data", ""} {
		s.do(t, as, "POST", "/functions/v1/echo", `{}`)
		s.do(t, as, "POST", "/api/echo", `{}`)
	}
	s.do(t, "operator", "POST", "/functions/v1/nosuch", `{}`)
	if got := told(); len(got) != 0 {
		t.Fatalf("told %q", got)
	}
	for i, path := range []string{"/functions/v1/echo", "/api/echo"} {
		if a := s.do(t, "operator", "POST", path, `{}`); a.StatusCode != 200 {
			t.Fatal(a.StatusCode, a.body)
		}
		if len(before) != i+1 || !strings.HasSuffix(before[i], " function_invoked echo") {
			t.Errorf("%s: told %q", path, before)
		}
	}
}

// TestAppRoutes: the gateway matches, decodes once and hands everything on.
func TestAppRoutes(t *testing.T) {
	s := start(t, withRoutes(
		functions.Route{Method: "GET", Path: "/api/search", Function: "search"},
		functions.Route{Method: "GET", Path: "/api/{a}", Function: "one"},
		functions.Route{Method: "POST", Path: "/api/pets/{id}/toys/{toy}", Function: "toys"},
	))
	s.calls.answer = func(_ context.Context, in *functions.Invocation) (*functions.Answer, error) {
		return &functions.Answer{Body: []byte(`"` + in.Function + `"`)}, nil
	}
	for path, want := range map[string]string{
		"/api/search": `"search"`, "/api/search?q=fish&q=a%20b&page=2": `"search"`, "/api/x": `"one"`, "/api/a%20b": `"one"`, "/api/%73earch": `"one"`,
	} {
		if a := s.do(t, "", "GET", path, ""); a.StatusCode != 200 || a.body != want {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
	if h := s.calls.invocation().HTTP; h == nil {
		t.Fatal("no request")
	}
	s.do(t, "", "GET", "/api/search?q=fish&q=a%20b+c&page=2&e", "")
	if q := s.calls.invocation().HTTP.Query; fmt.Sprint(q) != "map[e:[] page:[2] q:[fish a b c]]" {
		t.Error(q)
	}
	a := s.do(t, "ann", "POST", "/api/pets/p%201/toys/ball", "raw bytes", "Content-Type", "text/plain", "X-Own", "1", "Idempotency-Key", "k")
	in := s.calls.invocation()
	if a.body != `"toys"` || fmt.Sprint(in.HTTP.Params) != "map[id:p 1 toy:ball]" || in.HTTP.Path != "/api/pets/p 1/toys/ball" || in.HTTP.ContentType != "text/plain" ||
		string(in.Body) != "raw bytes" || in.Key != "k" || in.HTTP.Headers["x-own"] != "1" || in.HTTP.Method != "POST" {
		t.Fatalf("%s %+v %+v", a.body, in, in.HTTP)
	}
	for _, path := range []string{"/api", "/api/", "/api/x/y", "/API/search", "/api/search/"} {
		if a := s.do(t, "", "GET", path, ""); a.StatusCode != 404 {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	if a := s.do(t, "", "GET", "/api/search?q=%zz", ""); a.StatusCode != 400 {
		t.Error(a.StatusCode)
	}
	if a := s.do(t, "", "GET", "/api/search", ""); a.Header.Get("Content-Security-Policy") != "" {
		t.Error("the system's policy on the app's route")
	}
}

// TestReloadOfRoutes: Use switches routes without losing the listener, and
// refuses those that belong to the system.
func TestReloadOfRoutes(t *testing.T) {
	s := start(t)
	next := &code{routes: []functions.Route{{Method: "GET", Path: "/api/new", Function: "echo"}}}
	if a := s.do(t, "", "GET", "/api/new", ""); a.StatusCode != 404 {
		t.Fatal(a.StatusCode)
	}
	if err := s.Use(server.Parts{Functions: next}); err != nil {
		t.Fatal(err)
	}
	if a := s.do(t, "", "GET", "/api/new", ""); a.StatusCode != 200 {
		t.Fatal(a.StatusCode)
	}
	for _, path := range []string{"/data/x", "/auth/v1/x", "/functions", "/realtime/x", "/storage", "/admin", "/_/x", "/.well-known/x", "/hutch/x", "/healthz", "/readyz", "/metrics", "/openapi.json", "api"} {
		if s.Use(server.Parts{Functions: &code{routes: []functions.Route{{Method: "GET", Path: path, Function: "echo"}}}}) == nil {
			t.Errorf("%s is taken", path)
		}
	}
	if a := s.do(t, "", "GET", "/api/new", ""); a.StatusCode != 200 {
		t.Fatal("a reload that failed took the old one away")
	}
}

// TestResponses: what a Response may set, and what not.
func TestResponses(t *testing.T) {
	s := start(t, withRoutes(functions.Route{Method: "GET", Path: "/x", Function: "x"}), func(o *server.Options) { o.Parts.CORS = []string{"https://a.example"} })
	respond := func(status int, body string, headers ...[2]string) *answer {
		s.calls.answer = func(context.Context, *functions.Invocation) (*functions.Answer, error) {
			return &functions.Answer{Response: &functions.Response{Status: status, Headers: headers, Body: []byte(body)}}, nil
		}
		return s.do(t, "", "GET", "/x", "")
	}
	a := respond(302, "go", [2]string{"location", "https://elsewhere.example"}, [2]string{"content-type", "text/html"}, [2]string{"x-a", "1"}, [2]string{"x-a", "2"}, [2]string{"vary", "Accept"}, [2]string{"cache-control", "max-age=60"})
	if a.StatusCode != 302 || a.body != "go" || a.Header.Get("Location") != "https://elsewhere.example" || a.Header.Get("Content-Type") != "text/html" || len(a.Header.Values("X-A")) != 2 ||
		!strings.Contains(a.Header.Get("Vary"), "Accept") || !strings.Contains(a.Header.Get("Vary"), "Authorization") || a.Header.Get("Cache-Control") != "max-age=60" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Fatal(a.StatusCode, a.body, a.Header)
	}
	if a := s.do(t, "ann", "GET", "/x", ""); a.Header.Get("Cache-Control") != "private, no-store" {
		t.Error("a function lets a shared cache keep a user's answer:", a.Header)
	}
	if a := respond(204, "x"); a.StatusCode != 204 || a.body != "" {
		t.Error(a.StatusCode, a.body)
	}
	for _, h := range [][2]string{
		{"set-cookie", "a=b"},
		{"Set-Cookie", "a=b"},
		{"connection", "close"},
		{"transfer-encoding", "chunked"},
		{"content-length", "1"},
		{"access-control-allow-origin", "*"},
		{"strict-transport-security", "x"},
		{"hutch-position", "1"},
		{"x-request-id", "1"},
		{"x", "a\r\nset-cookie: a=b"},
		{"x\r\ny", "a"},
		{"", "a"},
		{"x y", "a"},
		{"upgrade", "h2"},
		{"x", "a\x00"},
	} {
		a := respond(200, "x", h)
		wantError(t, a, 500, "internal")
		if a.Header.Get("Set-Cookie") != "" || a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Error(h, a.Header)
		}
	}
	for _, status := range []int{0, 100, 101, 199, 600, 999} {
		wantError(t, respond(status, "x"), 500, "internal")
	}
}

// TestS60HeadersOfFunctions: credentials and proxies' words stay out.
func TestS60HeadersOfFunctions(t *testing.T) {
	s := start(t, withRoutes(functions.Route{Method: "GET", Path: "/x", Function: "echo"}))
	hidden := []string{"Authorization", "Cookie", "Apikey", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Forwarded", "Via", "Proxy-Authorization"}
	var h []string
	for _, name := range hidden {
		v := "secret-" + name
		if name == "Authorization" {
			v = "Bearer " + s.auth.token("ann")
		}
		h = append(h, name, v)
	}
	s.do(t, "", "GET", "/x", "", append(h, "X-Own", "kept")...)
	got := s.calls.invocation().HTTP.Headers
	for _, name := range hidden {
		if v, ok := got[strings.ToLower(name)]; ok {
			t.Errorf("%s: %s", name, v)
		}
	}
	if got["x-own"] != "kept" {
		t.Error(got)
	}
}

// TestS90LogsKeepRoutes: no URL, query, body or token is in a log line.
func TestS90LogsKeepRoutes(t *testing.T) {
	s := start(t, withRoutes(functions.Route{Method: "GET", Path: "/api/{id}", Function: "echo"}), func(o *server.Options) { o.Parts.Web = webOf(t, map[string]string{"index.html": "x"}) })
	s.do(t, "ann", "GET", "/data/v1/docs/open/id4711?token=4711", "")
	s.do(t, "ann", "GET", "/data/v1/docs/c4711?where=%7B%22a%22%3A%224711%22%7D", "")
	s.do(t, "", "GET", "/data/v1/docs/open/x", "", "Authorization", "Bearer t4711", "Cookie", "c4711", "User-Agent", "u4711")
	s.do(t, "ann", "POST", "/data/v1/docs/open", `{"a":"4711"}`, "Idempotency-Key", "k4711")
	s.do(t, "", "POST", "/auth/v1/token?grant_type=password&x=4711", `{"email":"4711@x.test","password":"4711"}`)
	s.do(t, "", "GET", "/api/4711?x=4711", "")
	s.do(t, "", "GET", "/nothing4711", "", "Accept", "text/html")
	s.do(t, "", "BREW", "/4711", "")
	log := s.logs.String()
	if strings.Contains(log, "4711") {
		t.Fatal(log)
	}
	for _, want := range []string{`"route":"GET /data/v1/docs/{collection}/{id}"`, `"route":"GET /api/{id}"`, `"request_id":`, `"status":401`} {
		if !strings.Contains(log, want) {
			t.Errorf("%s is not in the log", want)
		}
	}
}

// TestS66MetricsNameNothing: labels hold no id, path or collection of a request,
// and nothing tells strangers the version.
func TestS66MetricsNameNothing(t *testing.T) {
	s := start(t)
	s.do(t, "ann", "GET", "/data/v1/docs/c4711/id4711", "")
	s.do(t, "ann", "POST", "/functions/v1/f4711", "{}")
	s.do(t, "", "GET", "/x4711", "")
	a := s.do(t, "ops", "GET", "/metrics", "")
	if a.StatusCode != 200 || strings.Contains(a.body, "4711") || !strings.Contains(a.body, `hutch_http_requests_total{class="4xx",route="GET /data/v1/docs/{collection}/{id}"} 1`) {
		t.Fatal(a.StatusCode, a.body)
	}
	wantError(t, s.do(t, "", "GET", "/readyz?verbose", ""), 401, "unauthenticated")
	wantError(t, s.do(t, "ann", "GET", "/readyz?verbose", ""), 403, "permission_denied")
	wantError(t, s.do(t, "data", "GET", "/readyz?verbose=1", ""), 403, "permission_denied")
	if a := s.do(t, "ops", "GET", "/readyz?verbose", ""); a.StatusCode != 200 || !strings.Contains(a.body, hutch.Version) {
		t.Fatal(a.StatusCode, a.body)
	}
	for _, p := range []string{"/healthz", "/readyz", "/auth/v1/health", "/auth/v1/settings", "/nothing", "/data/v1/docs/open/x"} {
		a := s.do(t, "", "GET", p, "")
		if strings.Contains(a.body, hutch.Version) || a.Header.Get("Server") != "" || a.Header.Get("X-Powered-By") != "" {
			t.Errorf("%s: %s %v", p, a.body, a.Header)
		}
	}
}

// TestReadiness: 503 until the app is served, and while it shuts down.
func TestReadiness(t *testing.T) {
	err := fmt.Errorf("seeds are not in")
	s := start(t, func(o *server.Options) { o.Ready = func() error { return err } })
	a := s.do(t, "", "GET", "/readyz", "")
	wantError(t, a, 503, "unavailable")
	if a.Header.Get("Retry-After") != "1" || strings.Contains(a.body, "seeds") {
		t.Error(a.Header, a.body)
	}
	if a := s.do(t, "ops", "GET", "/readyz?verbose", ""); a.StatusCode != 503 || !strings.Contains(a.body, "seeds") {
		t.Error(a.StatusCode, a.body)
	}
	err = nil
	if a := s.do(t, "", "GET", "/readyz", ""); a.StatusCode != 200 || a.body != `{"status":"ok"}` {
		t.Error(a.StatusCode, a.body)
	}
	if a := s.do(t, "", "GET", "/healthz", ""); a.StatusCode != 200 || a.body != `{"status":"ok"}` {
		t.Error(a.StatusCode, a.body)
	}
}

// TestAServerWithoutItsStore: /readyz says why, the rest is answered as far as
// the store does, and recovers by itself.
func TestAServerWithoutItsStore(t *testing.T) {
	var lost atomic.Bool
	s := start(t, func(o *server.Options) {
		o.Sound = func() error {
			if lost.Load() {
				return hutch.Errorf(hutch.Unavailable, "the store (mongodb) does not answer: %w", io.ErrUnexpectedEOF)
			}
			return nil
		}
	})
	s.docs.put("open", "a", "", "x")
	lost.Store(true)
	a := s.do(t, "", "GET", "/readyz", "")
	wantError(t, a, 503, "unavailable")
	if a.Header.Get("Retry-After") != "1" || !strings.Contains(a.body, "not ready: the store (mongodb) does not answer") || strings.Contains(a.body, "EOF") {
		t.Error(a.Header, a.body)
	}
	if a := s.do(t, "", "GET", "/data/v1/docs/open/a", ""); a.StatusCode != 200 {
		t.Error("a request is refused that the store would answer:", a.StatusCode, a.body)
	}
	s.calls.answer = failing(hutch.Errorf(hutch.Unavailable, "no primary yet"))
	a = s.do(t, "", "POST", "/functions/v1/x", "{}")
	wantError(t, a, 503, "unavailable")
	if a.Header.Get("Retry-After") != "1" {
		t.Error("an election is answered without Retry-After:", a.Header)
	}
	lost.Store(false)
	if a := s.do(t, "", "GET", "/readyz", ""); a.StatusCode != 200 {
		t.Error(a.StatusCode, a.body)
	}
}
