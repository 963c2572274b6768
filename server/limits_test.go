package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/server"
)

func jsonOf(n int) string { return `{"text":"` + strings.Repeat("x", n-11) + `"}` }

// TestBodyLimitsOnBothSides: the limit itself passes, a byte more is 413 on a
// connection that stays usable, up to 16 MiB.
func TestBodyLimitsOnBothSides(t *testing.T) {
	s := start(t)
	post := func(path string, n int) string {
		return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", path, n, jsonOf(n))
	}
	for _, tc := range []struct {
		path   string
		size   int
		status int
	}{
		{"/data/v1/docs/open", 1 << 20, 201},
		{"/data/v1/docs/open", 1<<20 + 1, 413},
		{"/data/v1/docs/open", 2 << 20, 413},
		{"/data/v1/docs/open", 16 << 20, 413},
		{"/auth/v1/signup", 64 << 10, 200},
		{"/auth/v1/signup", 64<<10 + 1, 413},
		{"/auth/v1/signup", 1 << 20, 413},
		{"/functions/v1/echo", 1 << 20, 200},
		{"/functions/v1/echo", 1<<20 + 1, 413},
	} {
		resp, body, open := send(t, s.addr, post(tc.path, tc.size))
		if resp.StatusCode != tc.status || !open {
			t.Errorf("%s of %d: %d, open %v, %.200s", tc.path, tc.size, resp.StatusCode, open, body)
		}
		if tc.status == 413 && !strings.Contains(body, `"code":"payload_too_large"`) {
			t.Error(body)
		}
	}
}

// TestTooLargeBodiesInParallel: nobody sees a reset instead of the answer, not
// even above 16 MiB, where the connection closes.
func TestTooLargeBodiesInParallel(t *testing.T) {
	s := start(t)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			size := 2 << 20
			if i%4 == 0 {
				size = 17 << 20
			}
			resp, err := client.Post("http://"+s.addr+"/data/v1/docs/open", "application/json", bytes.NewReader(make([]byte, size)))
			if err != nil {
				t.Errorf("size %d: %v", size, err)
				return
			}
			defer resp.Body.Close()
			if b, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != 413 {
				t.Errorf("size %d: %d %s %v", size, resp.StatusCode, b, err)
			}
		})
	}
	wg.Wait()
}

// TestS55InflatedBodies: what is compressed is refused before anything inflates it.
func TestS55InflatedBodies(t *testing.T) {
	s := start(t, func(o *server.Options) {
		o.Parts.Functions = &code{}
	})
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(make([]byte, 8<<20)); err != nil {
		t.Fatal(err)
	}
	z.Close()
	for _, path := range []string{"/data/v1/docs/open", "/data/v1/query", "/auth/v1/signup", "/functions/v1/echo"} {
		for _, enc := range []string{"gzip", "deflate", "br", "zstd", "identity", "x"} {
			a := s.do(t, "", "POST", path, b.String(), "Content-Encoding", enc)
			wantError(t, a, 415, "invalid_argument")
		}
	}
}

// TestSlowRequests: what comes too slowly gets an answer, and the connection ends.
func TestSlowRequests(t *testing.T) {
	s := start(t, func(o *server.Options) { o.Limits.Head, o.Limits.Upload = 100*time.Millisecond, 200*time.Millisecond })
	for name, head := range map[string]string{
		"nothing":          "",
		"half a header":    "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"half a body":      "POST /data/v1/docs/open HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
		"half a long body": "POST /data/v1/docs/open HTTP/1.1\r\nHost: x\r\nContent-Length: 600000\r\n\r\n{",
	} {
		t.Run(name, func(t *testing.T) {
			resp, body, open := send(t, s.addr, head)
			if resp.StatusCode != 408 || !resp.Close || open {
				t.Fatalf("%d %s, open %v", resp.StatusCode, body, open)
			}
			if err := flat(resp.Header, body); err != "" {
				t.Fatal(err)
			}
		})
	}
}

// TestRequestDeadline: what waits ends at limits.request, with 504.
func TestRequestDeadline(t *testing.T) {
	s := start(t, func(o *server.Options) { o.Limits.Request = 30 * time.Millisecond })
	s.docs.block = make(chan struct{})
	a := s.do(t, "", "GET", "/data/v1/docs/open/a", "")
	wantError(t, a, 504, "deadline_exceeded")
}

// TestClientThatLeaves: the request's context does not end with its client.
func TestClientThatLeaves(t *testing.T) {
	s := start(t)
	s.docs.block = make(chan struct{})
	ended := make(chan error, 1)
	s.calls.answer = nil
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, "GET /data/v1/docs/open/a HTTP/1.1\r\nHost: x\r\n\r\n")
	waitFor(t, "the request runs", func() bool { return len(s.docs.seen()) == 1 })
	c.Close()
	go func() {
		<-s.docs.block
		ended <- nil
	}()
	select {
	case <-ended:
		t.Fatal("ended before it was let go")
	default:
	}
	close(s.docs.block)
	<-ended
}

// TestS106Panic: it is internal, logged with its stack and without its values.
func TestS106Panic(t *testing.T) {
	s := start(t)
	s.docs.fault = func() { panic("secret value 4711") }
	a := s.do(t, "", "GET", "/data/v1/docs/open/a", "")
	wantError(t, a, 500, "internal")
	log := s.logs.String()
	if strings.Contains(a.body, "4711") || strings.Contains(log, "4711") {
		t.Fatal("the value is told")
	}
	if !strings.Contains(log, "doubles_test.go") || !strings.Contains(log, a.Header.Get("X-Request-Id")) {
		t.Fatal("the log has no stack, or not the request's id:", log)
	}
	s.docs.fault = nil
	if a := s.do(t, "", "GET", "/healthz", ""); a.StatusCode != 200 {
		t.Fatal("the server is gone")
	}
}

// TestInternalErrorsAreNotTold: the cause is in the log only.
func TestInternalErrorsAreNotTold(t *testing.T) {
	s := start(t)
	s.calls.answer = failing(fmt.Errorf("opening /var/secret: %w", io.ErrUnexpectedEOF))
	a := s.do(t, "", "POST", "/functions/v1/x", "{}")
	wantError(t, a, 500, "internal")
	if strings.Contains(a.body, "secret") || !strings.Contains(s.logs.String(), "opening /var/secret") {
		t.Fatal(a.body, s.logs.String())
	}
	s.calls.answer = failing(&hutch.Error{Code: hutch.Unavailable, Message: "busy", RetryAfter: 2500 * time.Millisecond})
	a = s.do(t, "", "POST", "/functions/v1/x", "{}")
	wantError(t, a, 503, "unavailable")
	if a.Header.Get("Retry-After") != "3" {
		t.Fatal(a.Header)
	}
}

// TestShutdownDrains: a running request is answered, new connections are not
// taken, and Serve returns.
func TestShutdownDrains(t *testing.T) {
	s := start(t)
	s.docs.put("open", "a", "", "x")
	s.docs.block = make(chan struct{})
	got := make(chan *answer, 1)
	go func() { got <- s.do(t, "", "GET", "/data/v1/docs/open/a", "") }()
	waitFor(t, "the request runs", func() bool { return len(s.docs.seen()) == 1 })
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(context.Background()) }()
	waitFor(t, "the listener is closed", func() bool {
		c, err := net.Dial("tcp", s.addr)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	select {
	case <-stopped:
		t.Fatal("did not wait for the request")
	default:
	}
	close(s.docs.block)
	if a := <-got; a.StatusCode != 200 || !a.Close {
		t.Fatal(a.StatusCode, a.body, a.Header)
	}
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	s.stop()
}

// TestShutdownGivesUp: at the end of its context running requests are ended.
func TestShutdownGivesUp(t *testing.T) {
	s := start(t)
	s.docs.block = make(chan struct{})
	got := make(chan *answer, 1)
	go func() { got <- s.do(t, "", "GET", "/data/v1/docs/open/a", "") }()
	waitFor(t, "the request runs", func() bool { return len(s.docs.seen()) == 1 })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Shutdown(ctx); err == nil {
		t.Fatal("all was well")
	}
	wantError(t, <-got, 503, "unavailable")
}

// TestShutdownAndUnusedConnections: a connection that never asked is no reason
// to wait.
func TestShutdownAndUnusedConnections(t *testing.T) {
	s := start(t)
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s.do(t, "", "GET", "/healthz", "") // c was accepted before
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
}
