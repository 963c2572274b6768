package server

import (
	"errors"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/live"
)

// socket is one connection.
type socket struct {
	realtime  *Realtime
	conn      *websocket.Conn
	handshake Handshake
	address   string

	// Guarded by realtime.mu:
	counted, guest bool
	guestSubs      int

	mu     sync.Mutex   // one at a time uses client: the reader, a recheck, a timer
	client *live.Client // guarded by mu; nil before hello
	token  string       // guarded by mu
	exp    time.Time    // guarded by mu; zero: never
	paused bool         // guarded by mu; past exp
	timer  *time.Timer  // guarded by mu; for exp

	who atomic.Pointer[hutch.Principal] // for rechecks

	heard  time.Time // of the reader
	tokens float64   // of the reader's rate limit

	writing atomic.Int32 // 0 nobody writes, 1 somebody, 2 somebody and there is more
	ending  atomic.Pointer[ending]
}

// ending is how the socket is closed once its queue is written.
type ending struct {
	code   int
	reason string
}

// networkOf is the address that limits count: IPv6 as /64.
func networkOf(a netip.Addr) string {
	if a = a.Unmap(); a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.String()
		}
	}
	return a.String()
}

// run reads until the connection ends.
func (s *socket) run() {
	defer s.finish()
	s.conn.SetReadLimit(helloBytes)
	_ = s.conn.SetReadDeadline(time.Now().Add(helloTime))
	if !s.hello() {
		return
	}
	s.conn.SetReadLimit(messageBytes)
	s.alive()
	s.conn.SetPongHandler(func(string) error { s.alive(); return nil })
	s.tokens = frameBurst
	for {
		text, ok := s.read()
		if !ok {
			return
		}
		s.alive()
		if !s.allowed() {
			s.end(closeLimit, &hutch.Error{Code: hutch.ResourceExhausted, Message: "too many frames"})
			return
		}
		if !s.frame(text) {
			return
		}
	}
}

func (s *socket) alive() { _ = s.conn.SetReadDeadline(time.Now().Add(quietTime)) }

// read gives the next message; false when the socket is over.
func (s *socket) read() ([]byte, bool) {
	kind, text, err := s.conn.ReadMessage()
	switch {
	case errors.Is(err, websocket.ErrReadLimit):
		s.end(closeTooBig, &hutch.Error{Code: hutch.PayloadTooLarge, Message: "the message is too large"})
		return nil, false
	case err != nil:
		return nil, false
	case kind != websocket.TextMessage || !utf8.Valid(text):
		s.end(closeProtocol, &hutch.Error{Code: hutch.InvalidArgument, Message: "messages are text in UTF-8"})
		return nil, false
	}
	return text, true
}

// allowed is a token bucket over inbound frames.
func (s *socket) allowed() bool {
	now := s.realtime.o.Now()
	s.tokens = min(frameBurst, s.tokens+now.Sub(s.heard).Seconds()*frameRate)
	s.heard = now
	if s.tokens < 1 {
		return false
	}
	s.tokens--
	return true
}

// finish closes what run leaves. A socket that is ending is closed by its writer.
func (s *socket) finish() {
	if s.ending.Load() != nil {
		for s.writing.Load() != 0 { // the writer has a deadline
			time.Sleep(time.Millisecond) //nolint:forbidigo // the last frames go out
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Stop()
	}
	if s.client != nil {
		s.client.Close()
	}
	_ = s.conn.Close()
}

// authenticate verifies a token of a frame; "" is a guest.
func (s *socket) authenticate(token string) (hutch.Principal, time.Time, error) {
	c := auth.Credentials{Browser: s.handshake.Origin != ""}
	if token != "" {
		c.Authorization = "Bearer " + token
	}
	return s.realtime.o.Auth.Authenticate(s.realtime.ctx, c)
}

// concerned reports whether one of the changes may have changed who s acts as.
func (s *socket) concerned(cs []auth.Change) bool {
	p := s.who.Load()
	if p == nil || p.IsGuest() {
		return false
	}
	for _, c := range cs {
		if c.All || c.UID == p.UID && (c.Session == "" || c.Session == p.SessionID) {
			return true
		}
	}
	return false
}

// verifyAgain checks the token as it stands now: gone, the socket is closed and
// its queue dropped; another principal, all is bound anew.
func (s *socket) verifyAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil || s.token == "" || s.paused {
		return
	}
	p, exp, err := s.authenticate(s.token)
	switch {
	case hutch.CodeOf(err) == hutch.Unauthenticated || hutch.CodeOf(err) == hutch.SessionExpired:
		s.client.Pause()
		s.end(closeAuth, &hutch.Error{Code: hutch.SessionExpired, Message: "the session has ended"})
	case err != nil: // the store does not answer: nothing is delivered until it does
		s.realtime.o.Log.Warn("checking a socket's session again", "error", err)
	case !same(s.who.Load(), &p):
		s.become(p, exp, nil)
	}
}

func same(a, b *hutch.Principal) bool {
	return a.Key == b.Key && a.SessionID == b.SessionID && a.UID == b.UID
}

// become makes the socket act as p; s.mu is held.
func (s *socket) become(p hutch.Principal, exp time.Time, answer []byte) {
	s.who.Store(&p)
	s.client.Become(s.realtime.ctx, p, answer)
	s.paused = false
	s.expire(exp)
}

// rebind binds the subscriptions anew, for new rules.
func (s *socket) rebind() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil && !s.paused {
		s.client.Become(s.realtime.ctx, s.client.Principal(), nil)
	}
}

// expire sets the timer of a token's end; s.mu is held.
func (s *socket) expire(exp time.Time) {
	if s.timer != nil {
		s.timer.Stop()
	}
	if s.exp = exp; exp.IsZero() {
		return
	}
	s.timer = time.AfterFunc(exp.Sub(s.realtime.o.Now()), func() { s.expired(exp) })
}

// expired stops delivery; a minute later, without a new token, the socket goes.
func (s *socket) expired(exp time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.exp.Equal(exp) || s.client == nil {
		return
	}
	if !s.paused {
		s.paused = true
		s.client.Pause()
		s.timer = time.AfterFunc(graceTime, func() { s.expired(exp) })
		return
	}
	s.end(closeAuth, &hutch.Error{Code: hutch.Unauthenticated, Message: "the token has ended"})
}

// limit is how many subscriptions the socket may have.
func (s *socket) limit() int {
	n := s.realtime.o.Limits.Subscriptions
	if s.who.Load().IsGuest() {
		return min(n, guestSubscriptions)
	}
	return n
}

func (s *socket) request() data.Request { return data.Request{Op: data.OpList, IP: s.handshake.IP} }

func quoted(s string) string { return strconv.Quote(s) }
