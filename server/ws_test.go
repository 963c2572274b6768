package server_test

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/hutch-dev/hutch/server"
)

func TestEchoOfAllSizes(t *testing.T) {
	s := startSockets(t, &sockets{})
	c := s.dial(t)
	if c.Subprotocol() != server.Subprotocol {
		t.Fatal(c.Subprotocol())
	}
	for _, n := range []int{0, 1, 125, 126, 4095, 4096, 65535, 65536, 1 << 20} {
		msg := bytes.Repeat([]byte("a"), n)
		if err := c.WriteMessage(websocket.TextMessage, msg); err != nil {
			t.Fatal(err)
		}
		if _, got, err := c.ReadMessage(); err != nil || !bytes.Equal(got, msg) {
			t.Fatalf("%d bytes: got %d, %v", n, len(got), err)
		}
	}
}

// TestS14HandshakesKeepTheirOwn: what a socket keeps of its request survives
// the requests that reuse the memory.
func TestS14HandshakesKeepTheirOwn(t *testing.T) {
	k := &sockets{}
	s := startSockets(t, k, func(o *server.Options) {
		o.Parts.CORS = []string{"*"}
		o.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	})
	var cs []*websocket.Conn
	for i := range 20 {
		cs = append(cs, s.dial(t, "Origin", fmt.Sprintf("https://site-%02d.example", i), "X-Request-Id", fmt.Sprintf("socket-%02d", i), "X-Forwarded-For", fmt.Sprintf("203.0.113.%d", i+10)))
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var h []string
			for k := range 20 {
				h = append(h, fmt.Sprintf("X-Pad-%d", k), strings.Repeat("Z", 25))
			}
			for range 50 {
				s.do(t, "", "GET", "/healthz", "", append(h, "Origin", "https://zzzzzzzzzzzzzzz", "X-Request-Id", "zzzzzzzzzz", "X-Forwarded-For", "9.9.9.9")...)
			}
		})
	}
	wg.Wait()
	for _, c := range cs {
		if err := c.WriteMessage(websocket.TextMessage, []byte("subprotocol?")); err != nil {
			t.Fatal(err)
		}
		if _, p, err := c.ReadMessage(); err != nil || string(p) != server.Subprotocol {
			t.Fatalf("the server holds %q, %v", p, err)
		}
	}
	seen := map[string]bool{}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, h := range k.conns {
		n := strings.TrimPrefix(h.RequestID, "socket-")
		if h.Origin != "https://site-"+n+".example" || !strings.HasPrefix(h.IP, "203.0.113.") || h.Addr.String() != h.IP || !h.Counted {
			t.Errorf("%+v", h)
		}
		seen[n] = true
	}
	if len(seen) != 20 {
		t.Errorf("%d handshakes", len(seen))
	}
}

// TestS53Origins: our own origin, listed ones, or no browser; the Host is ours.
func TestS53Origins(t *testing.T) {
	s := startSockets(t, &sockets{}, func(o *server.Options) {
		o.Parts.CORS = []string{"https://listed.example"}
		o.PublicURL = "https://shop.example"
	})
	port := s.addr[strings.LastIndexByte(s.addr, ':'):]
	for _, tc := range []struct {
		name    string
		headers []string
		want    int
	}{
		{"no browser", nil, 101},
		{"our own", []string{"Origin", "http://" + s.addr}, 101},
		{"our own by name", []string{"Origin", "http://localhost" + port, "Host", "localhost" + port}, 101},
		{"the public one", []string{"Origin", "https://shop.example"}, 101},
		{"listed", []string{"Origin", "https://listed.example"}, 101},
		{"foreign", []string{"Origin", "https://evil.example"}, 403},
		{"a subdomain", []string{"Origin", "https://a.listed.example"}, 403},
		{"null", []string{"Origin", "null"}, 403},
		{"empty", []string{"Origin", ""}, 403},
		{"another port of ours", []string{"Origin", "http://127.0.0.1:1"}, 403},
		{"another scheme of ours", []string{"Origin", "https://" + s.addr}, 403},
		{"a browser without Origin", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"a rebound name", []string{"Host", "evil.example" + port}, 421},
		{"a rebound name with its Origin", []string{"Host", "evil.example" + port, "Origin", "http://evil.example" + port}, 421},
		{"a forwarded name of a stranger", []string{"Host", "evil.example", "X-Forwarded-Host", "shop.example"}, 421},
		{"the public name", []string{"Host", "shop.example"}, 101},
		{"an address", []string{"Host", "192.168.7.7:80"}, 101},
		{"a bad credential", []string{"Authorization", "Bearer token-old"}, 401},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, a, err := s.tryDial(tc.headers...)
			if err == nil {
				c.Close()
			}
			if a.Response == nil || a.StatusCode != tc.want {
				t.Fatalf("%v %v", a.Response, err)
			}
			if tc.want != 101 {
				if err := flat(a.Header, a.body); err != "" {
					t.Fatal(err, a.body)
				}
			}
		})
	}
}

// TestBadHandshakes: the flat body, and an ordinary connection afterwards.
func TestBadHandshakes(t *testing.T) {
	s := startSockets(t, &sockets{})
	const good = "GET /realtime/v1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	key := "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	for name, tc := range map[string]struct {
		raw    string
		status int
	}{
		"plain":           {"GET /realtime/v1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 426},
		"another upgrade": {"GET /realtime/v1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 426},
		"wrong version":   {good + key + "Sec-WebSocket-Version: 8\r\nSec-WebSocket-Protocol: hutch.v1\r\n\r\n", 400},
		"bad key":         {good + "Sec-WebSocket-Key: short\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: hutch.v1\r\n\r\n", 400},
		"no key":          {good + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: hutch.v1\r\n\r\n", 400},
		"no subprotocol":  {good + key + "Sec-WebSocket-Version: 13\r\n\r\n", 400},
		"another one":     {good + key + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: hutch.v2\r\n\r\n", 400},
		"POST":            {strings.Replace(good, "GET", "POST", 1) + key + "Sec-WebSocket-Version: 13\r\n\r\n", 405},
	} {
		t.Run(name, func(t *testing.T) {
			resp, body, open := send(t, s.addr, tc.raw)
			if resp.StatusCode != tc.status || !open {
				t.Fatalf("%d %s, open %v", resp.StatusCode, body, open)
			}
			if err := flat(resp.Header, body); err != "" {
				t.Fatal(err, body)
			}
			if name == "wrong version" && resp.Header.Get("Sec-Websocket-Version") != "13" {
				t.Error("no hint at the version")
			}
			if tc.status == 426 && resp.Header.Get("Upgrade") != "websocket" {
				t.Error("no hint at the upgrade")
			}
		})
	}
	off := start(t)
	if _, a, err := off.tryDial(); err == nil || a.StatusCode != 501 {
		t.Error("sockets that are off:", a.StatusCode)
	}
}

// TestS49NoCompression is negotiated, whatever is offered.
func TestS49NoCompression(t *testing.T) {
	s := startSockets(t, &sockets{})
	for _, offer := range []string{"permessage-deflate", "permessage-deflate; client_max_window_bits", "x-webkit-deflate-frame", "permessage-deflate; server_no_context_takeover, permessage-deflate"} {
		_, _, resp := s.raw(t, "Sec-WebSocket-Extensions: "+offer+"\r\n", nil)
		if e := resp.Header.Get("Sec-Websocket-Extensions"); e != "" {
			t.Errorf("%s: %q", offer, e)
		}
	}
	c, br, _ := s.raw(t, "", nil)
	f := frame(1, []byte("x"))
	f[0] |= 0x40 // as if compressed
	if _, err := c.Write(f); err != nil {
		t.Fatal(err)
	}
	if got, err := readFrame(br); err != nil || len(got) < 2 || got[:2] != "\x03\xea" {
		t.Fatalf("%q %v", got, err)
	}
}

// TestFramesSentWithTheHandshake are neither lost nor torn.
func TestFramesSentWithTheHandshake(t *testing.T) {
	s := startSockets(t, &sockets{})
	for _, first := range []int{1, 100, 2000, 3700, 15000, 40000} {
		body := strings.Repeat("1", first)
		c, br, _ := s.raw(t, "", append(frame(1, []byte(body)), frame(1, []byte("second"))...))
		for _, want := range []string{body, "second"} {
			if got, err := readFrame(br); err != nil || got != want {
				t.Fatalf("first %d: %d bytes, %v", first, len(got), err)
			}
		}
		if _, err := c.Write(frame(1, []byte("third"))); err != nil {
			t.Fatal(err)
		}
		if got, err := readFrame(br); err != nil || got != "third" {
			t.Fatal(got, err)
		}
		f := frame(1, []byte(body+strings.Repeat("h", 50)))
		c, br, _ = s.raw(t, "", f[:len(f)-20]) // half a frame with the handshake
		if _, err := c.Write(f[len(f)-20:]); err != nil {
			t.Fatal(err)
		}
		if got, err := readFrame(br); err != nil || len(got) != first+50 {
			t.Fatal(len(got), err)
		}
	}
}

func TestCloseCodesReachBothSides(t *testing.T) {
	closed := make(chan error, 1)
	s := startSockets(t, &sockets{serve: func(c *websocket.Conn, _ server.Handshake) {
		if _, p, err := c.ReadMessage(); err == nil && string(p) == "bye" {
			_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4001, "token expired"), time.Now().Add(time.Second))
		}
		_, _, err := c.ReadMessage()
		closed <- err
	}})
	c := s.dial(t)
	if err := c.WriteMessage(websocket.TextMessage, []byte("bye")); err != nil {
		t.Fatal(err)
	}
	_, _, err := c.ReadMessage()
	if ce, ok := errors.AsType[*websocket.CloseError](err); !ok || ce.Code != 4001 || ce.Text != "token expired" {
		t.Fatalf("the client saw %v", err)
	}
	if err := <-closed; !websocket.IsCloseError(err, 4001) { // gorilla's client echoes the code
		t.Fatalf("the server saw %v", err)
	}
}

// TestDeadlinesOfSockets: fasthttp has not cleared them behind our back.
func TestDeadlinesOfSockets(t *testing.T) {
	read, write := make(chan error, 1), make(chan error, 1)
	s := startSockets(t, &sockets{serve: func(c *websocket.Conn, _ server.Handshake) {
		_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, _, err := c.ReadMessage()
		read <- err
		for b := make([]byte, 1<<20); err != nil; {
			_ = c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond))
			if werr := c.WriteMessage(websocket.BinaryMessage, b); werr != nil {
				write <- werr
				return
			}
		}
	}})
	s.raw(t, "", nil) // never writes, never reads again
	for _, ch := range []chan error{read, write} {
		var ne net.Error
		if err := <-ch; !errors.As(err, &ne) || !ne.Timeout() {
			t.Fatal(err)
		}
	}
}

// TestShutdownTellsSockets: bye comes first, then the listener is gone.
func TestShutdownTellsSockets(t *testing.T) {
	k := &sockets{}
	s := startSockets(t, k)
	c := s.dial(t)
	waitFor(t, "the socket is served", func() bool { return k.count() == 1 })
	go s.stop()
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Fatal(err)
	}
	waitFor(t, "the socket is over", func() bool { return k.count() == 0 })
	s.stop()
}

// TestGoroutinesOfSockets: one a socket, none left behind.
func TestGoroutinesOfSockets(t *testing.T) {
	k := &sockets{}
	s := startSockets(t, k)
	s.dial(t)
	waitFor(t, "the first is served", func() bool { return k.count() == 1 })
	client.CloseIdleConnections()
	before := runtime.NumGoroutine()
	var cs []*websocket.Conn
	for range 100 {
		cs = append(cs, s.dial(t))
	}
	waitFor(t, "all are served", func() bool { return k.count() == 101 })
	waitFor(t, "one goroutine each", func() bool { return runtime.NumGoroutine()-before <= 104 })
	for _, c := range cs {
		c.Close()
	}
	waitFor(t, "none is left", func() bool { return runtime.NumGoroutine() <= before+4 })
}

// TestWriteBatch: batches arrive whole and in order, with pongs between.
func TestWriteBatch(t *testing.T) {
	const rounds, per = 100, 7
	s := startSockets(t, &sockets{serve: func(c *websocket.Conn, _ server.Handshake) {
		if server.Socket(c) == nil {
			t.Error("no TCP connection under the socket")
		}
		go func() {
			for r := range rounds {
				var b []*websocket.PreparedMessage
				for i := range per {
					m, err := websocket.NewPreparedMessage(websocket.TextMessage, fmt.Appendf(nil, "%d %s", r*per+i, strings.Repeat("x", i*300)))
					if err != nil {
						t.Error(err)
					}
					b = append(b, m)
				}
				if err := server.WriteBatch(c, b, time.Now().Add(5*time.Second)); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		echo(c)
	}})
	c := s.dial(t)
	pongs := 0
	c.SetPongHandler(func(string) error { pongs++; return nil })
	for i := range rounds * per {
		if i%10 == 0 {
			if err := c.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		_, p, err := c.ReadMessage()
		if err != nil || !strings.HasPrefix(string(p), fmt.Sprintf("%d ", i)) {
			t.Fatalf("message %d: %.20q %v", i, p, err)
		}
	}
	if err := c.WriteMessage(websocket.TextMessage, []byte("end")); err != nil { // its echo comes behind all pongs
		t.Fatal(err)
	}
	if _, p, err := c.ReadMessage(); err != nil || string(p) != "end" {
		t.Fatalf("%.20q %v", p, err)
	}
	if pongs == 0 {
		t.Fatal("no pong")
	}
}
