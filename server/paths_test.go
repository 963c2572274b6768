package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/server"
)

// TestS57Paths: one spelling a resource.
func TestS57Paths(t *testing.T) {
	s := start(t, func(o *server.Options) { o.Parts.Web = webOf(t, map[string]string{"index.html": "page"}) })
	s.docs.put("open", "a", "", "there")
	s.docs.put("open", "a b", "", "there")
	for path, want := range map[string]int{
		"/data/v1/docs/open/a": 200, "/data/v1/docs/open/%61": 200, "/data/v1/docs/open/a%20b": 200, "/data/v1/docs/%6fpen/a": 200,
		"/DATA/v1/docs/open/a": 404, "/data/V1/docs/open/a": 404, "/data/v1/docs/open/a/": 404, "/data/v1/docs/open/": 404, "/data/v1/docs/OPEN/a": 404,
		"/d%61ta/v1/docs/open/a": 404, "/healthz/": 404, "/Healthz": 404, "/readyz/": 404,
		"//data/v1/docs/open/a": 400, "/data//v1/docs/open/a": 400, "/data/v1/docs/open//a": 400, "/data/v1/docs/open/a//": 400,
		"/data/v1/docs/open/.": 400, "/data/v1/docs/open/..": 400, "/data/v1/docs/../docs/open/a": 400, "/./data/v1/docs/open/a": 400,
		"/data/v1/docs/open/%2e": 400, "/data/v1/docs/open/%2E%2e": 400, "/data/v1/docs/open/.%2e": 400, "/data/v1/docs/open/%2e.": 400, "/data/v1/%2e%2e/docs/open/a": 400,
		"/data/v1/docs/open/a%2fb": 400, "/data/v1/docs/open/a%2Fb": 400, "/data/v1/docs/open/a%5cb": 400, "/data/v1/docs/open/a\\b": 400, "/data/v1/docs/open/a%00": 400,
		"/data/v1/docs/open/%": 400, "/data/v1/docs/open/%4": 400, "/data/v1/docs/open/%zz": 400, "/data/v1/docs/open/%u0061": 400, "/data/v1/docs/open/%ff": 400, "/data/v1/docs/open/%c0%ae": 400,
		"/data/v1/docs/open/a#b": 400, "/data/v1/docs/open/a\x7f": 400, "/data/v1/docs/open/...": 404, "/data/v1/docs/open/a;x=1": 404,
	} {
		resp, body, _ := send(t, s.addr, "GET "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if resp.StatusCode != want {
			t.Errorf("%q: %d %s, want %d", path, resp.StatusCode, body, want)
		}
	}
	for _, id := range []string{"%23", "%3F", "a%25b", "%01", "e%CC%81", strings.Repeat("x", 129)} { // characters no id has
		a := s.do(t, "", "PUT", "/data/v1/docs/open/"+id, "{}")
		wantError(t, a, 400, "invalid_argument")
	}
	if a := s.do(t, "", "PUT", "/data/v1/docs/open/"+strings.Repeat("x", 128), "{}"); a.StatusCode != 201 {
		t.Error(a.StatusCode)
	}
}

// TestS14OneConnectionManyUsers: on one connection requests of changing users
// follow each other; every principal that was kept stays what it was.
func TestS14OneConnectionManyUsers(t *testing.T) {
	s := start(t)
	names := []string{"ann", "bob", "a-long-name-that-needs-more-room", "z"}
	for _, n := range names {
		s.auth.known[n] = hutch.Principal{Kind: hutch.User, UID: n}.Sealed()
		s.docs.put("notes", "of-"+n, n, "words of "+n)
	}
	const conns, rounds = 4, 100
	var wg sync.WaitGroup
	for k := range conns {
		wg.Go(func() {
			c, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
				t.Error(err)
			}
			br := bufio.NewReader(c)
			for i := range rounds {
				me, other := names[(i+k)%len(names)], names[(i+k+1)%len(names)]
				fmt.Fprintf(c, "GET /data/v1/docs/notes/of-%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-%s\r\n\r\nGET /data/v1/docs/notes/of-%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer token-%s\r\n\r\n", me, me, other, me)
				for _, want := range []int{200, 404} {
					resp, err := http.ReadResponse(br, nil)
					if err != nil {
						t.Error(err)
						return
					}
					b, _ := io.ReadAll(resp.Body)
					if resp.StatusCode != want || want == 200 && !strings.Contains(string(b), "words of "+me) {
						t.Errorf("%s: %d %s", me, resp.StatusCode, b)
					}
				}
			}
		})
	}
	wg.Wait()
	seen := s.docs.seen()
	if len(seen) != conns*rounds*2 {
		t.Fatalf("%d principals", len(seen))
	}
	for _, p := range seen {
		want := s.auth.known[p.UID]
		if p.Key != want.Key || p.Key == "" {
			t.Fatalf("a kept principal has changed: %+v", p)
		}
	}
}
