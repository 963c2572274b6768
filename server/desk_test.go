package server_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/server"
)

const (
	deskHost     = "admin.pets.test"
	deskPassword = "an operator's password"
)

// deskSite is a real server with a dashboard at a listener of its own and under
// a name on the app's, and an operator who is signed in.
type deskSite struct {
	*real
	app, desk string // addresses
	token     string // of the operator
	id        string
	sockets   chan server.Handshake
}

// shaken takes sockets and closes them.
type shaken chan server.Handshake

func (s shaken) Serve(_ *websocket.Conn, h server.Handshake) { s <- h }
func (s shaken) Shutdown(context.Context) error              { return nil }

var deskFiles = fstest.MapFS{
	"index.html":     {Data: []byte("<!doctype html><title>Hutch</title>" + strings.Repeat("<p>x", 600))},
	"assets/main.js": {Data: []byte("document.title")},
}

func startDesk(t *testing.T, edit ...func(*server.Options)) *deskSite {
	t.Helper()
	d := &deskSite{sockets: make(chan server.Handshake, 8)}
	d.real = startRealAs(t, func(o *server.Options) {
		o.Parts.CORS = []string{"*"}
		o.Parts.Web = webOf(t, map[string]string{"index.html": "<p>the app"})
		o.Desk = server.Desk{Operators: o.Auth.(*auth.Service).Operators(), Files: deskFiles, Host: deskHost, App: "pets"}
		o.Sockets = shaken(d.sockets)
		for _, f := range edit {
			f(o)
		}
	}, func(o *auth.Options) { o.Operators.MFA, o.Hasher = auth.MFAOptional, quickHasher{} })
	d.app, d.desk = d.addr, d.addr
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- d.srv.ServeDesk(ln) }()
	t.Cleanup(func() {
		_ = ln.Close()
		<-done
	})
	d.desk = ln.Addr().String()
	witnessed(t, d.srv, d.desk, false)
	l, err := d.auth.Operators().FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.auth.Operators().SetUp(t.Context(), l.Token, "ann@ops.test", deskPassword, auth.Client{ServiceKey: true})
	if err != nil {
		t.Fatal(err)
	}
	d.token, d.id = e.Token, e.State.Operator.ID
	return d
}

// ours are the headers of the dashboard's own requests.
var ours = []string{"Sec-Fetch-Site", "same-origin", "X-Hutch-Admin", "1"}

// at sends a request to an address; a header that is empty is not sent.
func (d *deskSite) at(t *testing.T, addr, token, method, path, body string, headers ...string) *answer {
	t.Helper()
	on := *d.real
	on.addr = addr
	kept := []string{}
	if body != "" {
		kept = append(kept, "Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] != "" {
			kept = append(kept, headers[i], headers[i+1])
		}
	}
	return on.do(t, token, method, path, body, kept...)
}

// operator sends one as the dashboard does; more headers win.
func (d *deskSite) operator(t *testing.T, method, path, body string, more ...string) *answer {
	t.Helper()
	return d.at(t, d.desk, "", method, path, body, append(append([]string{"Cookie", "hutch-admin=" + d.token}, ours...), more...)...)
}

func wantStatus(t *testing.T, a *answer, want int) {
	t.Helper()
	if a.StatusCode != want {
		t.Errorf("%s %s: %d %s, want %d", a.Request.Method, a.Request.URL.Path, a.StatusCode, a.body, want)
	}
}

// TestS10TheAppsOriginIsNotTheDashboards: neither has what is the other's.
func TestS10TheAppsOriginIsNotTheDashboards(t *testing.T) {
	d := startDesk(t)
	cookie := append([]string{"Cookie", "hutch-admin=" + d.token + "; __Host-hutch-admin=" + d.token}, ours...)
	for _, p := range []string{"/_/", "/_", "/_/setup", "/_/assets/main.js", "/admin/v1/session", "/admin/v1/operators", "/admin/v1/audit", "/admin/v1/account/sessions"} {
		wantStatus(t, d.at(t, d.app, "", "GET", p, "", append(cookie, "Accept", "text/html")...), 404)
	}
	wantStatus(t, d.at(t, d.app, "", "POST", "/admin/v1/session", `{"email":"ann@ops.test","password":"`+deskPassword+`"}`, ours...), 404)
	wantStatus(t, d.at(t, d.app, "", "POST", "/data/v1/docs/notes", `{"text":"x"}`, cookie...), 401)
	wantStatus(t, d.at(t, d.app, "", "GET", "/metrics", "", cookie...), 401)
	if a := d.at(t, d.app, "", "GET", "/anything", "", "Accept", "text/html"); a.StatusCode != 200 || !strings.Contains(a.body, "the app") {
		t.Error(a.StatusCode, a.body)
	}
	key, _, err := d.auth.CreateKey(t.Context(), "k", "ops", 0)
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, d.at(t, d.app, key, "GET", "/admin/v1/audit", ""), 200)

	for _, host := range []string{"", deskHost} { // by its listener, by its name
		addr, name := d.desk, "hutch-admin"
		if host != "" {
			addr, name = d.app, "__Host-hutch-admin"
		}
		ask := func(method, path, body string, more ...string) *answer {
			return d.atHost(t, addr, host, method, path, body, more...)
		}
		for _, p := range []string{"POST /auth/v1/token?grant_type=password", "GET /auth/v1/settings", "GET /.well-known/jwks.json", "GET /index.html", "GET /anything"} {
			method, path, _ := strings.Cut(p, " ")
			body := ""
			if method == "POST" {
				body = "{}"
			}
			if a := ask(method, path, body, "Accept", "text/html"); a.StatusCode != 404 || strings.Contains(a.body, "the app") {
				t.Errorf("%s at %q: %d %s", p, host, a.StatusCode, a.body)
			}
		}
		if a := ask("GET", "/", ""); a.StatusCode != 302 || a.Header.Get("Location") != "/_/" {
			t.Error(a.StatusCode, a.Header)
		}
		with := append([]string{"Cookie", name + "=" + d.token}, ours...)
		wantStatus(t, ask("GET", "/admin/v1/operators", "", with...), 200)
		wantStatus(t, ask("POST", "/data/v1/docs/notes", `{"text":"x"}`, with...), 201)
		wantStatus(t, ask("GET", "/metrics", "", with...), 200)
		a := ask("OPTIONS", "/data/v1/query", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
		if a.Header.Get("Access-Control-Allow-Origin") != "" || a.StatusCode < 400 {
			t.Error("a preflight is answered:", a.StatusCode, a.Header)
		}
		if a := ask("GET", "/_/", "", "Origin", "https://evil.example"); a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Error("CORS", a.Header)
		}
	}
}

func (d *deskSite) atHost(t *testing.T, addr, host, method, path, body string, headers ...string) *answer {
	t.Helper()
	if host == "" {
		return d.at(t, addr, "", method, path, body, headers...)
	}
	s := &site{Server: d.srv, addr: addr}
	return s.do(t, "", method, path, body, append([]string{"Host", host}, headers...)...)
}

// TestS63ReboundNamesReachNoDashboard: a page of another name that resolves to the
// listener may not even try passwords there.
func TestS63ReboundNamesReachNoDashboard(t *testing.T) {
	d := startDesk(t)
	for _, host := range []string{"evil.example", "evil.example:8091", "localhost.evil.example"} {
		for _, p := range []string{"/_/", "/admin/v1/session", "/data/v1/docs/notes"} {
			if a := d.atHost(t, d.desk, host, "GET", p, "", ours...); a.StatusCode != 421 {
				t.Errorf("%s as %s: %d %s", p, host, a.StatusCode, a.body)
			}
		}
	}
	for _, host := range []string{"localhost:1", "127.0.0.1", "[::1]:8091", d.desk, deskHost} {
		if a := d.atHost(t, d.desk, host, "GET", "/admin/v1/session", "", ours...); a.StatusCode != 200 {
			t.Errorf("as %s: %d %s", host, a.StatusCode, a.body)
		}
	}
}

// TestS65TheCookie: HttpOnly, Strict, of the whole origin and no other; with its
// prefix everywhere but on loopback without TLS, and taken by its own name only.
func TestS65TheCookie(t *testing.T) {
	d := startDesk(t)
	body := `{"email":"ann@ops.test","password":"` + deskPassword + `"}`
	for host, want := range map[string]string{
		"":       "hutch-admin=TOKEN; Path=/; Max-Age=AGE; HttpOnly; SameSite=Strict",
		deskHost: "__Host-hutch-admin=TOKEN; Path=/; Max-Age=AGE; HttpOnly; Secure; SameSite=Strict",
	} {
		addr := d.desk
		if host != "" {
			addr = d.app
		}
		a := d.atHost(t, addr, host, "POST", "/admin/v1/session", body, append([]string{"Content-Type", "application/json"}, ours...)...)
		wantStatus(t, a, 200)
		cs := a.Cookies()
		if len(cs) != 1 || cs[0].MaxAge < 12*3600-5 || cs[0].MaxAge > 12*3600 || len(cs[0].Value) < 100 {
			t.Fatal(a.Header)
		}
		line := a.Header.Get("Set-Cookie")
		line = strings.Replace(line, cs[0].Value, "TOKEN", 1)
		if i := strings.Index(line, "Max-Age="); i >= 0 {
			end := strings.IndexByte(line[i:], ';') + i
			line = line[:i] + "Max-Age=AGE" + line[end:]
		}
		if line != want {
			t.Errorf("%q: %s", host, line)
		}
		if !strings.Contains(a.Header.Get("Cache-Control"), "no-store") || strings.Contains(a.body, cs[0].Value) {
			t.Error(a.Header, a.body)
		}
		other := map[string]string{"": "__Host-hutch-admin", deskHost: "hutch-admin"}[host]
		wantStatus(t, d.atHost(t, addr, host, "GET", "/admin/v1/operators", "", append([]string{"Cookie", other + "=" + cs[0].Value}, ours...)...), 401)
		if a := d.atHost(t, addr, host, "DELETE", "/admin/v1/session", "", append([]string{"Cookie", cs[0].Name + "=" + cs[0].Value}, ours...)...); a.StatusCode != 204 ||
			!strings.HasPrefix(a.Header.Get("Set-Cookie"), cs[0].Name+"=; Path=/; Max-Age=0;") {
			t.Error(a.StatusCode, a.Header)
		}
		wantStatus(t, d.atHost(t, addr, host, "GET", "/admin/v1/operators", "", append([]string{"Cookie", cs[0].Name + "=" + cs[0].Value}, ours...)...), 401)
	}
}

// TestS65OnlyTheDashboardAsks: another site, another origin of this one, a link, a
// form, a program without the headers: the cookie is no use to them.
func TestS65OnlyTheDashboardAsks(t *testing.T) {
	d := startDesk(t)
	for _, from := range []string{"cross-site", "same-site", "none", "", "same-origin, same-origin", "SAME-ORIGIN"} {
		for _, r := range [][2]string{
			{"GET", "/admin/v1/operators"},
			{"POST", "/admin/v1/operators"},
			{"GET", "/admin/v1/session"},
			{"POST", "/admin/v1/session"},
			{"POST", "/admin/v1/setup"},
			{"DELETE", "/admin/v1/session"},
			{"POST", "/data/v1/query"},
			{"GET", "/metrics"},
			{"DELETE", "/admin/v1/account/sessions"},
		} {
			a := d.at(t, d.desk, "", r[0], r[1], "", "Cookie", "hutch-admin="+d.token, "X-Hutch-Admin", "1", "Sec-Fetch-Site", from)
			if a.StatusCode != 403 || a.field("field") != "Sec-Fetch-Site" || a.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s %s from %q: %d %s", r[0], r[1], from, a.StatusCode, a.body)
			}
		}
	}
	bare := []string{"Cookie", "hutch-admin=" + d.token, "Sec-Fetch-Site", "same-origin"}
	wantStatus(t, d.at(t, d.desk, "", "GET", "/admin/v1/operators", "", bare...), 401)
	wantStatus(t, d.at(t, d.desk, "", "GET", "/admin/v1/session", "", bare...), 403)
	wantStatus(t, d.at(t, d.desk, "", "GET", "/admin/v1/session", "", append(bare, "X-Hutch-Admin", "0")...), 403)
	wantStatus(t, d.at(t, d.desk, "", "GET", "/admin/v1/operators", "", append(bare, "X-Hutch-Admin", "true")...), 403)
	wantStatus(t, d.at(t, d.desk, "", "POST", "/data/v1/docs/notes", `{"text":"x"}`, bare...), 401) // a guest's
	wantStatus(t, d.at(t, d.desk, "operator", "POST", "/data/v1/docs/notes", `{"text":"x"}`, bare...), 403)
	wantStatus(t, d.at(t, d.desk, "operator", "POST", "/data/v1/docs/notes", `{"text":"x"}`, append(bare, "X-Hutch-Admin", "1")...), 201)
	wantStatus(t, d.at(t, d.desk, "operator", "POST", "/data/v1/docs/notes", `{"text":"x"}`, ours...), 401) // without the cookie
	wantStatus(t, d.at(t, d.app, "operator", "POST", "/data/v1/docs/notes", `{"text":"x"}`, append(bare, "X-Hutch-Admin", "1")...), 401)
	// Authorization decides alone: so a page may look as a user.
	user := d.signUp(t, "ann")
	wantStatus(t, d.at(t, d.desk, user, "GET", "/admin/v1/operators", "", append(bare, "X-Hutch-Admin", "1")...), 403)
}

// TestS10SocketsOfTheDashboard: the operator's only from its own origin.
func TestS10SocketsOfTheDashboard(t *testing.T) {
	d := startDesk(t)
	dial := func(addr, origin string, site string) (int, string) {
		t.Helper()
		h := http.Header{"Cookie": {"hutch-admin=" + d.token}}
		if origin != "" {
			h.Set("Origin", origin)
		}
		if site != "" {
			h.Set("Sec-Fetch-Site", site)
		}
		dialer := websocket.Dialer{Subprotocols: []string{server.Subprotocol}, HandshakeTimeout: 5 * time.Second}
		conn, resp, err := dialer.DialContext(t.Context(), "ws://"+addr+"/realtime/v1", h)
		if err != nil {
			if resp == nil {
				t.Fatal(err)
			}
			return resp.StatusCode, ""
		}
		defer conn.Close()
		return 101, (<-d.sockets).Operator
	}
	if code, who := dial(d.desk, "http://"+d.desk, "same-origin"); code != 101 || who != d.token {
		t.Error(code, who)
	}
	for _, origin := range []string{"https://evil.example", "http://" + d.app, "null", "https://" + d.desk, "http://" + d.desk + ".evil.example"} {
		if code, who := dial(d.desk, origin, ""); code == 101 || who != "" {
			t.Errorf("from %s: %d", origin, code)
		}
	}
	if code, who := dial(d.desk, "", ""); code != 101 || who != "" { // a program: nobody's
		t.Error(code, who)
	}
	if code, who := dial(d.app, "http://"+d.app, "same-origin"); code != 101 || who != "" { // the app's own page
		t.Error(code, who)
	}
}

var parameter = regexp.MustCompile(`\{[a-z]+\}`)

// TestS3EveryAdminRouteAtTheDashboard: guests are to sign in, users, keys without
// the scope and operators' tokens as bearers are refused, operators pass.
func TestS3EveryAdminRouteAtTheDashboard(t *testing.T) {
	d := startDesk(t)
	user := d.signUp(t, "eve")
	key, _, err := d.auth.CreateKey(t.Context(), "k", "data", 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, route := range d.srv.Routes() {
		if route.Service != server.ServiceAdmin {
			continue
		}
		n++
		path := parameter.ReplaceAllString(route.Path, "x")
		wantStatus(t, d.at(t, d.desk, d.token, route.Method, path, ""), 401)
		if route.Need == server.NeedDesk {
			wantStatus(t, d.at(t, d.desk, "", route.Method, path, ""), 403)
			if strings.HasPrefix(path, "/admin/v1/account") {
				a := d.at(t, d.desk, "", route.Method, path, "", ours...)
				if a.StatusCode != 401 && a.StatusCode != 400 && a.StatusCode != 422 {
					t.Errorf("%s by nobody: %d %s", route.Name, a.StatusCode, a.body)
				}
			}
			continue
		}
		wantStatus(t, d.at(t, d.desk, "", route.Method, path, ""), 401)
		wantStatus(t, d.at(t, d.desk, "", route.Method, path, "", ours...), 401)
		wantStatus(t, d.at(t, d.desk, user, route.Method, path, "", ours...), 403)
		wantStatus(t, d.at(t, d.desk, key, route.Method, path, ""), 403)
		if a := d.operator(t, route.Method, path+"?surely=unknown", ""); a.StatusCode == 401 || a.StatusCode == 403 || a.StatusCode == 405 {
			t.Errorf("%s by an operator: %d %s", route.Name, a.StatusCode, a.body)
		}
	}
	if n < 20 {
		t.Error("few routes:", n)
	}
}

// TestS66MetricsAreForOperators: at the dashboard only.
func TestS66MetricsAreForOperators(t *testing.T) {
	d := startDesk(t)
	for _, p := range []string{"/metrics", "/readyz?verbose"} {
		wantStatus(t, d.operator(t, "GET", p, ""), 200)
		wantStatus(t, d.at(t, d.desk, "", "GET", p, ""), 401)
		wantStatus(t, d.at(t, d.desk, d.signUp(t, "u"+strings.Trim(p, "/?=")), "GET", p, ""), 403)
		wantStatus(t, d.at(t, d.app, "", "GET", p, "", append([]string{"Cookie", "hutch-admin=" + d.token}, ours...)...), 401)
	}
}

// TestTheDashboardsFiles: their own policy, no page for what is a missing file.
func TestTheDashboardsFiles(t *testing.T) {
	d := startDesk(t)
	for _, p := range []string{"/_/", "/_/setup", "/_/data/pets/x", "/_/index.html"} {
		a := d.at(t, d.desk, "", "GET", p, "", "Accept-Encoding", "gzip")
		if a.StatusCode != 200 || a.Header.Get("Content-Encoding") != "gzip" || a.Header.Get("Etag") == "" {
			t.Errorf("%s: %d %v", p, a.StatusCode, a.Header)
		}
		csp := a.Header.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "connect-src 'self'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: no %s in %s", p, want, csp)
			}
		}
		wantStatus(t, d.at(t, d.desk, "", "GET", p, "", "Accept-Encoding", "gzip", "If-None-Match", a.Header.Get("Etag")), 304)
	}
	if a := d.at(t, d.desk, "", "GET", "/_/assets/main.js", ""); a.StatusCode != 200 || a.body != "document.title" || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/javascript") {
		t.Error(a.StatusCode, a.body, a.Header)
	}
	if a := d.at(t, d.desk, "", "GET", "/_", ""); a.StatusCode != 302 || a.Header.Get("Location") != "/_/" {
		t.Error(a.StatusCode, a.Header)
	}
	for _, p := range []string{"/_/assets/none.js", "/_/main.js.map", "/_x", "/admin/v1/nothing"} {
		wantStatus(t, d.at(t, d.desk, "", "GET", p, ""), 404)
	}
	wantStatus(t, d.at(t, d.desk, "", "POST", "/_/", "{}"), 405)
}

// TestDevSharesTheOrigin: there the app's own pages, which say nothing of the
// dashboard, are what they were.
func TestDevSharesTheOrigin(t *testing.T) {
	d := startDesk(t, func(o *server.Options) { o.Dev = true })
	with := []string{"Cookie", "hutch-admin=" + d.token, "Sec-Fetch-Site", "same-origin"}
	wantStatus(t, d.at(t, d.app, "", "POST", "/data/v1/docs/notes", `{"text":"x"}`, with...), 401)
	wantStatus(t, d.at(t, d.app, "", "POST", "/data/v1/docs/notes", `{"text":"x"}`, append(with, "X-Hutch-Admin", "1")...), 201)
	wantStatus(t, d.at(t, d.app, "", "GET", "/_/", ""), 200)
	wantStatus(t, d.at(t, d.app, "", "GET", "/auth/v1/settings", "", with...), 200)
	if a := d.at(t, d.app, "", "GET", "/", ""); a.StatusCode != 200 || !strings.Contains(a.body, "the app") {
		t.Error(a.StatusCode, a.body)
	}
	if a := d.at(t, d.app, "", "GET", "/admin/v1/operators", "", append(with, "X-Hutch-Admin", "1", "Origin", "http://localhost:3000")...); a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("CORS on an admin route", a.Header)
	}
	s := &site{Server: d.srv, addr: d.app}
	for _, p := range []string{"/_/", "/admin/v1/session"} {
		if a := s.do(t, "", "GET", p, "", append([]string{"Host", "rebound.example"}, ours...)...); a.StatusCode != 421 {
			t.Errorf("%s of a rebound name: %d", p, a.StatusCode)
		}
	}
}

// TestOperatorsOverTheWire: strict bodies, a link shown once, the last stays.
func TestOperatorsOverTheWire(t *testing.T) {
	d := startDesk(t)
	wantStatus(t, d.operator(t, "POST", "/admin/v1/operators", `{"email":"bob@ops.test","x":1}`), 400)
	wantStatus(t, d.operator(t, "POST", "/admin/v1/operators?x=1", `{"email":"bob@ops.test"}`), 400)
	wantStatus(t, d.operator(t, "POST", "/admin/v1/operators", `{"email":1}`), 400)
	a := d.operator(t, "POST", "/admin/v1/operators", `{"email":"bob@ops.test"}`)
	wantStatus(t, a, 200)
	link, id := a.field("token"), a.field("id")
	if a := d.operator(t, "GET", "/admin/v1/operators", ""); strings.Contains(a.body, link) || !strings.Contains(a.body, `"status":"invited"`) {
		t.Error(a.body)
	}
	a = d.at(t, d.desk, "", "POST", "/admin/v1/setup", `{"token":"`+link+`","password":"`+deskPassword+`"}`, ours...)
	var state struct {
		Operator *struct{ ID, Email string }
		App      string
	}
	if err := json.Unmarshal([]byte(a.body), &state); err != nil || state.Operator == nil || state.Operator.ID != id || state.App != "pets" {
		t.Fatal(a.StatusCode, a.body)
	}
	wantStatus(t, d.at(t, d.desk, "", "POST", "/admin/v1/setup", `{"token":"`+link+`","password":"`+deskPassword+`"}`, ours...), 403)
	wantStatus(t, d.operator(t, "DELETE", "/admin/v1/operators/"+id, ""), 204)
	wantStatus(t, d.operator(t, "DELETE", "/admin/v1/operators/"+d.id, ""), 412)
	if a := d.operator(t, "GET", "/admin/v1/account/sessions", ""); a.StatusCode != 200 || !strings.Contains(a.body, `"current":true`) {
		t.Error(a.StatusCode, a.body)
	}
	if a := d.at(t, d.desk, "", "GET", "/admin/v1/session", "", ours...); a.body != `{"operator":null,"setup":false,"mfa":"optional","dev":false}` {
		t.Error(a.body)
	}
}
