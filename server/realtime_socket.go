package server

import (
	"errors"
	"io"
	"net"
	"net/netip"
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
	name      string // the session's
	number    uint64 // counts sockets
	began     time.Time
	app       string // what the client says it is; set before greeted

	// Guarded by realtime.mu:
	counted, guest bool
	guestSubs      int

	mu     sync.Mutex   // one at a time uses client: the reader, a recheck, a timer
	client *live.Client // guarded by mu; nil before hello
	claim  claim        // guarded by mu
	exp    time.Time    // guarded by mu; zero: never
	held   *hutch.Error // guarded by mu; why nothing is delivered
	stop   func() bool  // guarded by mu; the timer of exp or of another check
	closed bool         // guarded by mu; run has ended

	who   atomic.Pointer[hutch.Principal] // for rechecks
	named atomic.Pointer[auth.Change]     // whose token it is that a guest gave

	by atomic.Pointer[hutch.Principal] // the operator who looks through who; nil: nobody

	heard  time.Time // of the reader
	tokens float64   // of the reader's rate limit

	greeted atomic.Bool            // hello is good
	writing atomic.Int32           // 0 nobody writes, 1 somebody, 2 somebody and there is more
	sending atomic.Int64           // since when a batch is being written, in Unix nanoseconds; 0: none is
	ping    atomic.Bool            // one is due
	pong    atomic.Pointer[string] // one is due, with this
	ending  atomic.Pointer[ending]
	once    sync.Once
	over    chan struct{} // closed when nothing more is written
}

// ending is how the socket is closed once its queue is written.
type ending struct {
	code   int
	reason string
	until  time.Time   // what waits is written by then
	queued atomic.Bool // the last frame is in the queue
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
	s.tokens = frameBurst
	s.conn.SetPingHandler(s.pinged)
	s.conn.SetPongHandler(func(string) error { return s.count() })
	_ = s.conn.SetReadDeadline(time.Now().Add(s.realtime.o.Times.Hello))
	if !s.hello() {
		return
	}
	for s.alive() {
		text, ok := s.read(messageBytes)
		if !ok {
			return
		}
		if s.count() != nil {
			s.tooMany()
			return
		}
		if !s.frame(text) {
			return
		}
	}
}

// alive moves the read deadline; false when the socket is ending.
func (s *socket) alive() bool {
	_ = s.conn.SetReadDeadline(time.Now().Add(s.realtime.o.Times.Quiet))
	if s.ending.Load() == nil {
		return true
	}
	_ = s.conn.SetReadDeadline(time.Now().Add(leaveTime))
	return false
}

var errFlood = errors.New("too many frames")

// count counts an inbound frame of any kind.
func (s *socket) count() error {
	if !s.allowed() {
		return errFlood
	}
	if s.greeted.Load() {
		s.alive()
	}
	return nil
}

// pinged has the writer answer a ping.
func (s *socket) pinged(text string) error {
	if err := s.count(); err != nil || !s.greeted.Load() {
		return err
	}
	s.pong.Store(&text)
	s.notify()
	return nil
}

func (s *socket) tooMany() {
	s.finishWith(closeLimit, &hutch.Error{Code: hutch.ResourceExhausted, Message: "too many frames"})
}

// read gives the next message of at most so many bytes over all its fragments;
// false when the socket is over.
func (s *socket) read(most int64) ([]byte, bool) {
	kind, r, err := s.conn.NextReader()
	var text []byte
	if err == nil && kind == websocket.TextMessage {
		text, err = io.ReadAll(io.LimitReader(r, most+1))
	}
	var e net.Error
	switch {
	case errors.Is(err, errFlood):
		s.tooMany()
	case errors.As(err, &e) && e.Timeout() && !s.greeted.Load():
		s.finishWith(closeProtocol, &hutch.Error{Code: hutch.DeadlineExceeded, Message: "hello did not come"})
	case err != nil:
	case int64(len(text)) > most:
		s.finishWith(closeTooBig, &hutch.Error{Code: hutch.PayloadTooLarge, Message: "the message is too large"})
	case kind != websocket.TextMessage || !utf8.Valid(text):
		s.finishWith(closeProtocol, &hutch.Error{Code: hutch.InvalidArgument, Message: "messages are text in UTF-8"})
	default:
		return text, true
	}
	return nil, false
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

// finish closes what run leaves. A socket that is ending writes what waits, then
// lingers for the client to read it: closing beside unread input would reset
// the connection.
func (s *socket) finish() {
	s.mu.Lock()
	s.closed = true
	if s.stop != nil {
		s.stop()
	}
	s.mu.Unlock()
	if s.ending.Load() != nil {
		<-s.over // the writer has a deadline
		s.drain()
	}
	if s.client != nil {
		s.client.Close()
	}
	s.hangUp()
}

// drain reads until the client has closed, for a moment.
func (s *socket) drain() {
	_ = s.conn.SetReadDeadline(time.Now().Add(leaveTime))
	for left := int64(leaveBytes); left > 0; {
		_, r, err := s.conn.NextReader()
		if err != nil {
			return
		}
		n, err := io.Copy(io.Discard, io.LimitReader(r, left))
		if left -= n + 1; err != nil {
			return
		}
	}
}

// hangUp closes the connection; nothing more is written.
func (s *socket) hangUp() {
	_ = s.conn.Close()
	s.once.Do(func() { close(s.over) })
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

func quoted(s string) string { return string(appendString(nil, s)) }
