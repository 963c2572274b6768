package server_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/hutch-dev/hutch/server"
)

// sockets stands for the realtime room: it echoes, or does as serve says.
type sockets struct {
	serve func(*websocket.Conn, server.Handshake)

	mu    sync.Mutex // guards the rest
	conns map[*websocket.Conn]server.Handshake
	wg    sync.WaitGroup
	over  bool
}

func (s *sockets) Serve(c *websocket.Conn, h server.Handshake) {
	s.mu.Lock()
	if s.conns == nil {
		s.conns = map[*websocket.Conn]server.Handshake{}
	}
	s.conns[c] = h
	s.wg.Add(1)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
		s.wg.Done()
	}()
	if s.serve != nil {
		s.serve(c, h)
		return
	}
	echo(c)
}

// Shutdown says bye and waits.
func (s *sockets) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.over = true
	for c := range s.conns {
		_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, "restart"), time.Now().Add(time.Second))
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() { s.wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
	return ctx.Err()
}

func (s *sockets) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

func echo(c *websocket.Conn) {
	for {
		t, p, err := c.ReadMessage()
		if err != nil {
			return
		}
		if string(p) == "subprotocol?" {
			p = []byte(c.Subprotocol())
		}
		if err := c.WriteMessage(t, p); err != nil {
			return
		}
	}
}

func startSockets(t testing.TB, k *sockets, change ...func(*server.Options)) *site {
	t.Helper()
	return start(t, append([]func(*server.Options){func(o *server.Options) { o.Sockets = k }}, change...)...)
}

func (s *site) dial(t testing.TB, headers ...string) *websocket.Conn {
	t.Helper()
	c, resp, err := s.tryDial(headers...)
	if err != nil {
		t.Fatalf("dial: %v (%v)", err, resp)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *site) tryDial(headers ...string) (*websocket.Conn, *answer, error) {
	h := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	d := &websocket.Dialer{Subprotocols: []string{"other", server.Subprotocol}}
	c, resp, err := d.Dial("ws://"+s.addr+"/realtime/v1", h)
	a := &answer{Response: resp}
	if resp != nil && resp.Body != nil {
		witness.Saw(resp)
		b, _ := io.ReadAll(resp.Body)
		a.body = string(b)
	}
	return c, a, err
}

const handshake = "GET /realtime/v1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: hutch.v1\r\n"

// raw writes a handshake and more bytes with one write, then reads the 101.
func (s *site) raw(t testing.TB, header string, more []byte) (net.Conn, *bufio.Reader, *http.Response) {
	t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err = c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err = c.Write(append([]byte(handshake+header+"\r\n"), more...)); err != nil {
		t.Fatal(err)
	}
	br := bufio.NewReader(c)
	resp, err := http.ReadResponse(br, nil)
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("handshake: %v %v", resp, err)
	}
	if a := resp.Header.Get("Sec-Websocket-Accept"); a != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("accept %q", a)
	}
	return c, br, resp
}

// frame is a masked frame, by a mask of zeros.
func frame(op byte, p []byte) []byte {
	b := []byte{0x80 | op}
	switch {
	case len(p) < 126:
		b = append(b, 0x80|byte(len(p)))
	case len(p) < 65536:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(len(p)))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(len(p)))
	}
	return append(append(b, 0, 0, 0, 0), p...)
}

func readFrame(br *bufio.Reader) (string, error) {
	var h [2]byte
	if _, err := io.ReadFull(br, h[:]); err != nil {
		return "", err
	}
	n := int(h[1] & 0x7f)
	if n == 126 {
		var l [2]byte
		if _, err := io.ReadFull(br, l[:]); err != nil {
			return "", err
		}
		n = int(binary.BigEndian.Uint16(l[:]))
	} else if n == 127 {
		return "", fmt.Errorf("a long frame")
	}
	p := make([]byte, n)
	_, err := io.ReadFull(br, p)
	return string(p), err
}
