package server_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/server"
)

// TestS15OnlyProxiesAreBelieved: forwarding headers of strangers say nothing.
func TestS15OnlyProxiesAreBelieved(t *testing.T) {
	ask := func(s *site, headers ...string) string {
		s.do(t, "", "POST", "/functions/v1/echo", "{}", headers...)
		return s.calls.invocation().Request.IP
	}
	s := start(t)
	for _, h := range []string{"X-Forwarded-For", "X-Real-Ip", "Forwarded", "True-Client-Ip"} {
		if ip := ask(s, h, "203.0.113.9"); ip != "127.0.0.1" {
			t.Errorf("%s is believed: %s", h, ip)
		}
	}
	s = start(t, func(o *server.Options) {
		o.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8")}
	})
	for list, want := range map[string]string{
		"203.0.113.9": "203.0.113.9", "6.6.6.6, 203.0.113.9": "203.0.113.9", "203.0.113.9, 10.1.2.3": "203.0.113.9", "10.1.2.3": "10.1.2.3",
		"6.6.6.6, 203.0.113.9, 10.0.0.1, 10.0.0.2": "203.0.113.9", "6.6.6.6, nonsense": "127.0.0.1", "": "127.0.0.1", "2001:db8::1": "2001:db8::1",
		"[2001:db8::1]:443": "2001:db8::1", "203.0.113.9:4000": "203.0.113.9", "::ffff:203.0.113.9": "203.0.113.9",
	} {
		if ip := ask(s, "X-Forwarded-For", list); ip != want {
			t.Errorf("%q: %s, want %s", list, ip, want)
		}
	}
}

// TestS89RequestIDs: ours, or a listed proxy's where it is well-formed.
func TestS89RequestIDs(t *testing.T) {
	id := func(s *site, sent string) string {
		return s.do(t, "", "GET", "/healthz", "", "X-Request-Id", sent).Header.Get("X-Request-Id")
	}
	s := start(t)
	if id(s, "from-a-stranger-1") == "from-a-stranger-1" {
		t.Error("a stranger's id is taken")
	}
	s = start(t, func(o *server.Options) { o.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	if got := id(s, "from_a-proxy-1"); got != "from_a-proxy-1" {
		t.Error("a proxy's id is not taken:", got)
	}
	for _, bad := range []string{"short", strings.Repeat("x", 65), "with space 12", `quote"12345`, "new\tline12", "ünicode-123"} {
		if id(s, bad) == bad {
			t.Errorf("%q is taken", bad)
		}
	}
	seen := map[string]bool{}
	for range 200 {
		if got := id(s, ""); seen[got] || len(got) < 8 {
			t.Fatalf("id %q", got)
		} else {
			seen[got] = true
		}
	}
}

// TestS65CORS: exact origins, never credentials, never null, no cookie read.
func TestS65CORS(t *testing.T) {
	list := start(t, func(o *server.Options) { o.Parts.CORS = []string{"https://shop.example", "capacitor://localhost"} })
	every := start(t, func(o *server.Options) { o.Parts.CORS = []string{"*"} })
	dev := start(t, func(o *server.Options) { o.Dev = true })
	none := start(t)
	for _, tc := range []struct {
		site         *site
		origin, want string
	}{
		{list, "https://shop.example", "https://shop.example"},
		{list, "capacitor://localhost", "capacitor://localhost"},
		{list, "https://shop.example.evil", ""},
		{list, "http://shop.example", ""},
		{list, "https://shop.example:444", ""},
		{list, "https://a.shop.example", ""},
		{list, "null", ""},
		{list, "http://localhost:3000", ""},
		{every, "https://any.example", "*"},
		{every, "null", ""},
		{dev, "http://localhost:5173", "http://localhost:5173"},
		{dev, "http://127.0.0.1:1", "http://127.0.0.1:1"},
		{dev, "https://evil.example", ""},
		{dev, "http://localhost.evil.example", ""},
		{none, "https://shop.example", ""},
		{none, "http://localhost:3000", ""},
	} {
		for _, path := range []string{"/data/v1/docs/open/a", "/auth/v1/settings", "/nothing"} {
			a := tc.site.do(t, "", "GET", path, "", "Origin", tc.origin)
			if got := a.Header.Get("Access-Control-Allow-Origin"); got != tc.want {
				t.Errorf("%s from %s: %q, want %q", path, tc.origin, got, tc.want)
			}
			if a.Header.Get("Access-Control-Allow-Credentials") != "" || !strings.Contains(a.Header.Get("Vary"), "Origin") {
				t.Error(a.Header)
			}
		}
		a := tc.site.do(t, "", "OPTIONS", "/data/v1/docs/open/a", "", "Origin", tc.origin, "Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "authorization")
		if got := a.Header.Get("Access-Control-Allow-Origin"); got != tc.want || (a.StatusCode == 204) != (tc.want != "") {
			t.Errorf("preflight from %s: %d %q", tc.origin, a.StatusCode, got)
		}
		if a.StatusCode == 204 && (!strings.Contains(a.Header.Get("Access-Control-Allow-Methods"), "PATCH") || !strings.Contains(a.Header.Get("Access-Control-Allow-Headers"), "idempotency-key")) {
			t.Error(a.Header)
		}
	}
	a := list.do(t, "", "GET", "/data/v1/docs/notes/n1", "", "Cookie", "sb-access-token=token-ann; token=token-ann")
	wantError(t, a, 404, "not_found")
	if len(a.Header.Values("Set-Cookie")) > 0 {
		t.Error("a cookie is set")
	}
}

// TestBadOrigins: an origin that is none is a config error.
func TestBadOrigins(t *testing.T) {
	s := start(t)
	for _, o := range []string{"shop.example", "https://shop.example/", "https://*.example", "null", "https://", "https://a:b@c", "https://a?b"} {
		if s.Use(server.Parts{CORS: []string{o}}) == nil {
			t.Errorf("%q is taken", o)
		}
	}
}

// TestS11ServiceKeysInBrowsers: a key with the marks of a browser is refused.
func TestS11ServiceKeysInBrowsers(t *testing.T) {
	s := start(t, func(o *server.Options) { o.Parts.CORS = []string{"*"} })
	for _, h := range [][]string{{"Origin", "https://shop.example"}, {"Sec-Fetch-Site", "same-origin"}, {"Origin", "null"}} {
		for _, as := range []string{"data", "ops"} {
			wantError(t, s.do(t, as, "GET", "/data/v1/docs/open/a", "", h...), 401, "unauthenticated")
			wantError(t, s.do(t, "", "GET", "/data/v1/docs/open/a", "", append(h, "apikey", s.auth.token(as))...), 401, "unauthenticated")
			wantError(t, s.do(t, as, "POST", "/auth/v1/signup", `{"email":"a@b.test","password":"long enough 1"}`, h...), 401, "unauthenticated")
		}
		if a := s.do(t, "ann", "GET", "/data/v1/docs/open/a", "", h...); a.StatusCode != 404 {
			t.Error("a user in a browser:", a.StatusCode)
		}
	}
}

// TestS11AuthorizationDecides: a key in apikey counts only without it.
func TestS11AuthorizationDecides(t *testing.T) {
	s := start(t)
	s.docs.put("notes", "n1", "ann", "x")
	for _, tc := range []struct {
		authorization, apikey string
		want                  int
	}{
		{"", "data", 200}, {"Bearer anon", "data", 404}, {"Bearer token-bob", "data", 404}, {"Bearer token-bad", "data", 401}, {"", "no key", 404}, {"", "token-ann", 404}, {"Bearer token-ann", "ops", 200},
	} {
		h := []string{}
		if tc.authorization != "" {
			h = append(h, "Authorization", tc.authorization)
		}
		if k := tc.apikey; k == "data" || k == "ops" {
			h = append(h, "apikey", s.auth.token(k))
		} else {
			h = append(h, "apikey", k)
		}
		if a := s.do(t, "", "GET", "/data/v1/docs/notes/n1", "", h...); a.StatusCode != tc.want {
			t.Errorf("%v: %d, want %d", tc, a.StatusCode, tc.want)
		}
	}
}

// TestS63DevAnswersLocalhost: a name that was rebound to 127.0.0.1 is refused.
func TestS63DevAnswersLocalhost(t *testing.T) {
	dev := start(t, func(o *server.Options) { o.Dev = true })
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8090": 200, "127.0.0.1:9": 200, "[::1]:8090": 200, "[::1]": 200, "LOCALHOST": 200,
		"evil.example": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "192.168.1.5": 421, "[::2]": 421, "0.0.0.0": 421,
	} {
		a := dev.do(t, "", "GET", "/healthz", "", "Host", host)
		if a.StatusCode != want {
			t.Errorf("%s: %d", host, a.StatusCode)
		}
		if want == 421 {
			wantError(t, a, 421, "invalid_argument")
		}
	}
	serve := start(t)
	if a := serve.do(t, "", "GET", "/healthz", "", "Host", "shop.example"); a.StatusCode != 200 {
		t.Error(a.StatusCode)
	}
}

// TestS103HSTS goes with an https public URL.
func TestS103HSTS(t *testing.T) {
	s := start(t, func(o *server.Options) { o.PublicURL = "https://Shop.example/" })
	if s.PublicURL() != "https://shop.example" {
		t.Error(s.PublicURL())
	}
	for _, p := range []string{"/healthz", "/nothing", "/data/v1/docs/open/a"} {
		if got := s.do(t, "", "GET", p, "").Header.Get("Strict-Transport-Security"); got != "max-age=31536000; includeSubDomains" {
			t.Errorf("%s: %q", p, got)
		}
	}
	if start(t).do(t, "", "GET", "/healthz", "").Header.Get("Strict-Transport-Security") != "" {
		t.Error("HSTS over http")
	}
	for _, bad := range []string{"shop.example", "ftp://a", "https://", "https://a/b", "https://a?b", "https://u@a"} {
		if _, err := server.New(server.Options{Data: newDocuments(), Auth: newPeople(), PublicURL: bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestS95PublicURLIsNotTheRequests: what a request says of its host is nowhere
// the server's address.
func TestS95PublicURLIsNotTheRequests(t *testing.T) {
	s := start(t)
	before := s.PublicURL()
	s.do(t, "", "GET", "/.well-known/openid-configuration", "", "Host", "evil.example", "X-Forwarded-Host", "evil2.example", "X-Forwarded-Proto", "https")
	if s.PublicURL() != before || !strings.HasPrefix(before, "http://127.0.0.1:") {
		t.Error(s.PublicURL())
	}
}

// TestS54CachesKeepNothing: with credentials no-store; guests' documents by
// Authorization and Origin.
func TestS54CachesKeepNothing(t *testing.T) {
	s := start(t, func(o *server.Options) {
		o.Parts.Functions = &code{routes: []functions.Route{{Method: "GET", Path: "/api/echo", Function: "echo"}}}
		o.Parts.Web = webOf(t, map[string]string{"index.html": "x"})
	})
	s.docs.put("open", "a", "", "x")
	for _, p := range []string{"/data/v1/docs/open/a", "/data/v1/docs/open", "/api/echo", "/nothing", "/healthz", "/"} {
		for _, as := range []string{"ann", "data"} {
			if got := s.do(t, as, "GET", p, "").Header.Get("Cache-Control"); got != "private, no-store" && p != "/" && p != "/nothing" {
				t.Errorf("%s as %s: %q", p, as, got)
			}
		}
		a := s.do(t, "", "GET", p, "")
		if a.Header.Get("Cache-Control") != "no-cache" || !strings.Contains(a.Header.Get("Vary"), "Authorization") {
			t.Errorf("%s: %v", p, a.Header)
		}
	}
	if a := s.do(t, "", "POST", "/auth/v1/signup", `{"email":"a@b.test","password":"long enough 1"}`); a.Header.Get("Cache-Control") != "private, no-store" {
		t.Error("tokens may be cached:", a.Header)
	}
	a := s.do(t, "ann", "GET", "/data/v1/docs/open/a", "")
	if b := s.do(t, "ann", "GET", "/data/v1/docs/open/a", "", "If-None-Match", a.Header.Get("ETag")); b.StatusCode != http.StatusNotModified || b.body != "" {
		t.Error(b.StatusCode)
	}
	s.docs.put("notes", "n1", "ann", "x")
	tag := s.do(t, "ann", "GET", "/data/v1/docs/notes/n1", "").Header.Get("ETag")
	wantError(t, s.do(t, "bob", "GET", "/data/v1/docs/notes/n1", "", "If-None-Match", tag), 404, "not_found")
	wantError(t, s.do(t, "bob", "GET", "/data/v1/docs/notes/n1", "", "If-None-Match", "*"), 404, "not_found")
}
