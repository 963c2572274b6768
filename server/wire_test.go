package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/server"
)

// TestContextOfARequest: it has a deadline, contexts made from it end with it,
// and it ends when the request is over.
func TestContextOfARequest(t *testing.T) {
	s := start(t)
	var ctx, child context.Context
	s.calls.answer = func(c context.Context, _ *functions.Invocation) (*functions.Answer, error) {
		ctx = c
		if _, ok := c.Deadline(); !ok || c.Err() != nil {
			t.Error("no deadline, or over already:", c.Err())
		}
		var cancel context.CancelFunc
		child, cancel = context.WithTimeout(c, time.Hour)
		context.AfterFunc(child, cancel)
		if d, _ := child.Deadline(); time.Until(d) > 20*time.Minute {
			t.Error("a child outlives the request:", d)
		}
		if child.Err() != nil || c.Err() != nil {
			t.Error("over already:", c.Err())
		}
		return &functions.Answer{Body: []byte("null")}, nil
	}
	for range 2 {
		s.do(t, "ann", "POST", "/functions/v1/x", "{}")
		<-ctx.Done()
		<-child.Done()
		if !errors.Is(ctx.Err(), context.Canceled) || !errors.Is(child.Err(), context.Canceled) {
			t.Error(ctx.Err(), child.Err())
		}
	}
	s.calls.answer = func(c context.Context, _ *functions.Invocation) (*functions.Answer, error) {
		ctx = c // nobody asks for Done before the end
		return &functions.Answer{Body: []byte("null")}, nil
	}
	s.do(t, "ann", "POST", "/functions/v1/x", "{}")
	waitFor(t, "the request is over", func() bool { return ctx.Err() != nil })
	<-ctx.Done()
}

// TestErrorsAreJSONWhateverTheyName: a field that a client made up is quoted.
func TestErrorsAreJSONWhateverTheyName(t *testing.T) {
	s := start(t)
	for escaped, want := range map[string]string{
		"%22%5c%0a%09%0d%00%1f%7f": "\"\\\n\t\r\x00\x1f\x7f", "%e2%82%ac%f0%9f%90%9f": "€🐟", "%ff%c0": "\ufffd", "%3Cscript%3E": "<script>", "a+b": "a b",
	} {
		a := s.do(t, "", "GET", "/data/v1/docs/open/x?"+escaped+"=1", "")
		var body struct{ Field string }
		if err := json.Unmarshal([]byte(a.body), &body); err != nil || a.StatusCode != 400 || body.Field != want {
			t.Errorf("%s: %d %q %v", escaped, a.StatusCode, a.body, err)
		}
	}
}

// TestS53BehindAProxy: the name and scheme that a listed proxy tells count.
func TestS53BehindAProxy(t *testing.T) {
	for _, listed := range []bool{true, false} {
		s := startSockets(t, &sockets{}, func(o *server.Options) {
			o.PublicURL = "https://shop.example"
			if listed {
				o.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
			}
		})
		c, a, err := s.tryDial("Host", "internal.example", "X-Forwarded-Host", "shop.example", "X-Forwarded-Proto", "https", "Origin", "https://shop.example")
		if err == nil {
			c.Close()
		}
		if want := map[bool]int{true: 101, false: 421}[listed]; a.StatusCode != want {
			t.Errorf("listed %v: %d", listed, a.StatusCode)
		}
	}
}

// TestS63Exposed: with a listener off loopback dev answers addresses, and still
// no name but its own.
func TestS63Exposed(t *testing.T) {
	s := start(t, func(o *server.Options) { o.Dev, o.Exposed, o.PublicURL = true, true, "http://phone.test:8090" })
	for host, want := range map[string]int{"192.168.1.5:8090": 200, "[2001:db8::1]": 200, "phone.test:8090": 200, "localhost": 200, "evil.example": 421, "192.168.1.5.evil.example": 421} {
		if a := s.do(t, "", "GET", "/healthz", "", "Host", host); a.StatusCode != want {
			t.Errorf("%s: %d", host, a.StatusCode)
		}
	}
}

// TestServeAfterShutdown: a server that was told to end does not begin.
func TestServeAfterShutdown(t *testing.T) {
	srv, err := server.New(server.Options{Data: newDocuments(), Auth: newPeople()})
	if err != nil {
		t.Fatal(err)
	}
	if err = srv.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err = srv.Serve(t.Context(), ln); err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		c.Close()
		t.Fatal("it listens")
	}
}

// TestOptionsThatCannotBe are refused.
func TestOptionsThatCannotBe(t *testing.T) {
	for name, o := range map[string]server.Options{
		"no data":     {Auth: newPeople()},
		"no auth":     {Data: newDocuments()},
		"a huge body": {Data: newDocuments(), Auth: newPeople(), Limits: server.Limits{Body: 17 << 20}},
		"no folder":   {Data: newDocuments(), Auth: newPeople(), Parts: server.Parts{Web: &server.Web{Dir: t.TempDir() + "/absent"}}},
	} {
		if _, err := server.New(o); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// TestAuthCodes: GoTrue's clients read the code beside the version of the API.
func TestAuthCodes(t *testing.T) {
	s := start(t)
	for _, tc := range []struct{ method, path, body, code string }{
		{"POST", "/auth/v1/token?grant_type=magic", "{}", "validation_failed"}, {"POST", "/auth/v1/token?grant_type=password", "{", "bad_json"}, {"GET", "/auth/v1/user", "", "no_authorization"},
	} {
		a := s.do(t, "", tc.method, tc.path, tc.body)
		if a.field("code") != tc.code || a.Header.Get("X-Supabase-Api-Version") != "2024-01-01" || a.StatusCode >= 500 || a.Header.Get("Cache-Control") != "private, no-store" {
			t.Errorf("%s: %d %s %v", tc.path, a.StatusCode, a.body, a.Header)
		}
	}
	if a := s.do(t, "", "GET", "/auth/v1/user", "", "Authorization", "Bearer x"); a.field("code") != "bad_jwt" || !strings.HasPrefix(a.Header.Get("Www-Authenticate"), "Bearer") {
		t.Error(a.body, a.Header)
	}
}
