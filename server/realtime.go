package server

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data/live"
)

const (
	helloTime    = 10 * time.Second
	helloBytes   = 16 << 10
	messageBytes = 64 << 10
	messageDepth = 32
	frameRate    = 50 // inbound frames a second
	frameBurst   = 200
	quietTime    = 75 * time.Second // without anything from the client
	pingTime     = 30 * time.Second
	stuckTime    = 30 * time.Second // until a write that nobody reads ends the socket
	graceTime    = 60 * time.Second // after exp, to send a new token
	maxUnproven  = 50               // sockets of an address before hello
	kernelBuffer = 128 << 10
)

// Close codes of hutch.v1.
const (
	closeRestart  = 1001
	closeTooBig   = 1009
	closeProtocol = 4000
	closeAuth     = 4001
	closeCrowd    = 4009
	closeLimit    = 4013
)

// SocketLimits bound sockets; zero fields take the documented defaults.
type SocketLimits struct {
	Connections   int // of the node: 20,000
	Sockets       int // of guests of an address: 1,000
	Subscriptions int // of a signed-in socket: 100; guests have 20
}

const (
	guestSubscriptions   = 20
	guestSubscriptionsOf = 1000 // all guests' of an address
)

// SocketAuth is what sockets need of auth.
type SocketAuth interface {
	Authenticate(ctx context.Context, c auth.Credentials) (p hutch.Principal, ends time.Time, err error)
	Watch(f func(auth.Change)) (stop func())
}

// RealtimeOptions of a Realtime.
type RealtimeOptions struct {
	Hub    *live.Hub
	Auth   SocketAuth
	Limits SocketLimits
	Log    *slog.Logger
	Now    func() time.Time
}

// Realtime serves the sockets of hutch.v1: it reads frames, checks who sends
// them, and writes what the live room queues. It implements Sockets.
type Realtime struct {
	o      RealtimeOptions
	ctx    context.Context //nolint:containedctx // of the sockets' work; ends with Shutdown
	cancel context.CancelFunc
	unhear func()
	work   sync.WaitGroup

	mu      sync.Mutex // guards the rest
	sockets map[*socket]struct{}
	crowd   map[string]*crowd // by address
	closing bool
	changes []auth.Change
	wake    chan struct{} // size 1; a full one says it already
}

// crowd counts what an address holds.
type crowd struct{ unproven, guests, subscriptions int }

var _ Sockets = (*Realtime)(nil)

// NewRealtime starts to watch auth; Shutdown ends it.
func NewRealtime(o RealtimeOptions) *Realtime {
	if o.Limits.Connections == 0 {
		o.Limits.Connections = 20_000
	}
	if o.Limits.Sockets == 0 {
		o.Limits.Sockets = 1000
	}
	if o.Limits.Subscriptions == 0 {
		o.Limits.Subscriptions = 100
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Realtime{o: o, sockets: map[*socket]struct{}{}, crowd: map[string]*crowd{}, wake: make(chan struct{}, 1)}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.unhear = o.Auth.Watch(r.heard)
	r.work.Go(r.sweep)
	r.work.Go(r.recheck)
	return r
}

// Serve runs one socket until it is closed.
func (r *Realtime) Serve(conn *websocket.Conn, h Handshake) {
	s := &socket{realtime: r, conn: conn, handshake: h, address: networkOf(h.Addr), heard: r.o.Now()}
	if tcp := Socket(conn); tcp != nil {
		_ = tcp.SetWriteBuffer(kernelBuffer)
	}
	if code, message := r.admit(s); code != 0 {
		s.refuse(code, &hutch.Error{Code: hutch.ResourceExhausted, Message: message})
		return
	}
	defer r.leave(s)
	s.run()
}

// admit counts a socket that has not said hello.
func (r *Realtime) admit(s *socket) (code int, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		return closeRestart, "the server is stopping"
	}
	if len(r.sockets) >= r.o.Limits.Connections {
		return closeCrowd, "too many connections"
	}
	if s.handshake.Counted {
		c := r.crowd[s.address]
		if c == nil {
			c = &crowd{}
			r.crowd[s.address] = c
		}
		if c.unproven >= maxUnproven {
			return closeCrowd, "too many connections of this address have not said hello"
		}
		c.unproven++
	}
	r.sockets[s] = struct{}{}
	return 0, ""
}

// proven moves a socket from those before hello to those of its principal.
func (r *Realtime) proven(s *socket, guest bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !s.handshake.Counted {
		return true
	}
	c := r.crowd[s.address]
	if !s.counted {
		s.counted = true
		c.unproven--
	}
	if s.guest == guest {
		return true
	}
	if guest && c.guests >= r.o.Limits.Sockets {
		return false
	}
	if s.guest = guest; guest {
		c.guests++
	} else {
		c.guests--
		c.subscriptions -= s.guestSubs
		s.guestSubs = 0
	}
	return true
}

// subscribe counts a guest's subscriptions, now n.
func (r *Realtime) subscribe(s *socket, n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !s.handshake.Counted || !s.guest {
		return true
	}
	c := r.crowd[s.address]
	if n > s.guestSubs && c.subscriptions+n-s.guestSubs > guestSubscriptionsOf {
		return false
	}
	c.subscriptions += n - s.guestSubs
	s.guestSubs = n
	return true
}

func (r *Realtime) leave(s *socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sockets, s)
	c := r.crowd[s.address]
	if !s.handshake.Counted || c == nil {
		return
	}
	if !s.counted {
		c.unproven--
	}
	if s.guest {
		c.guests--
	}
	c.subscriptions -= s.guestSubs
	if *c == (crowd{}) {
		delete(r.crowd, s.address)
	}
}

// heard is called by auth's feed; it must not block.
func (r *Realtime) heard(c auth.Change) {
	r.mu.Lock()
	r.changes = append(r.changes, c)
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// recheck verifies the sockets of changed principals again.
func (r *Realtime) recheck() {
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-r.wake:
		}
		r.mu.Lock()
		changes := r.changes
		r.changes = nil
		var hit []*socket
		for s := range r.sockets {
			if s.concerned(changes) {
				hit = append(hit, s)
			}
		}
		r.mu.Unlock()
		for _, s := range hit {
			s.verifyAgain()
		}
	}
}

// sweep pings quiet sockets.
func (r *Realtime) sweep() {
	tick := time.NewTicker(pingTime)
	defer tick.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-tick.C:
		}
		for _, s := range r.all() {
			_ = s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(50*time.Millisecond))
		}
	}
}

func (r *Realtime) all() []*socket {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]*socket, 0, len(r.sockets))
	for s := range r.sockets {
		out = append(out, s)
	}
	return out
}

// Rebind binds every subscription anew, after a reload of rules or collections.
func (r *Realtime) Rebind() {
	for _, s := range r.all() {
		s.rebind()
	}
}

// Count is the number of open sockets.
func (r *Realtime) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.sockets)
}

// Shutdown says bye to every socket, with the times of their return spread, and
// closes them.
func (r *Realtime) Shutdown(ctx context.Context) error {
	r.mu.Lock()
	r.closing = true
	r.mu.Unlock()
	r.unhear()
	sockets := r.all()
	for _, s := range sockets {
		s.bye(time.Second + spread(5*time.Second))
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for r.Count() > 0 && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	for _, s := range r.all() {
		_ = s.conn.Close()
	}
	r.cancel()
	r.work.Wait()
	return ctx.Err()
}

func spread(d time.Duration) time.Duration {
	var b [2]byte
	if _, err := rand.Read(b[:]); err != nil {
		return d / 2
	}
	return d * time.Duration(int(b[0])<<8|int(b[1])) / (1 << 16)
}

func newSessionName() string {
	return strings.ToLower(rand.Text()[:16])
}
