package server

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/hutch-dev/hutch/auth"
)

const (
	helloBytes   = 16 << 10
	messageBytes = 64 << 10
	messageDepth = 32
	frameRate    = 50 // inbound frames a second
	frameBurst   = 200
	pingTime     = 30 * time.Second
	leaveTime    = time.Second // for the client to read why it was closed
	leaveBytes   = 1 << 20     // that it may still send meanwhile
	doubtTime    = time.Second // until a session that could not be checked is tried again
	checkers     = 16          // sockets that are checked at the same time
	maxUnproven  = 50          // sockets of an address before hello
	kernelBuffer = 128 << 10
)

// Close codes of hutch.v1.
const (
	closeRestart  = 1001
	closeTooBig   = 1009
	closeProtocol = 4000
	closeAuth     = 4001
	closeSlow     = 4008
	closeCrowd    = 4009
	closeLimit    = 4013
)

const (
	guestSubscriptions   = 20
	guestSubscriptionsOf = 1000 // all guests' of an address
)

// Realtime serves the sockets of hutch.v1: it reads frames, checks who sends
// them, and writes what the live room queues. It implements Sockets.
type Realtime struct {
	o      RealtimeOptions
	ctx    context.Context //nolint:containedctx // of the sockets' work; ends with Shutdown
	cancel context.CancelFunc
	unhear func()
	work   sync.WaitGroup
	news   atomic.Uint64 // changes that auth has told
	sent   atomic.Uint64 // frames of live queries
	slowed atomic.Uint64 // sockets that were closed as slow
	slowAt atomic.Int64  // the last of them, in Unix seconds

	served, refused atomic.Uint64 // sockets
	started         time.Time
	told            told // of consoles

	mu      sync.Mutex // guards the rest
	sockets map[*socket]struct{}
	crowd   map[string]*crowd // by address
	closing bool
	changes []auth.Change
	empty   chan struct{} // closed when the last socket leaves a closing Realtime
	wake    chan struct{} // size 1; a full one says it already
}

var _ Sockets = (*Realtime)(nil)

// NewRealtime starts to watch auth; Shutdown ends it.
func NewRealtime(o RealtimeOptions) *Realtime {
	o.complete()
	r := &Realtime{o: o, sockets: map[*socket]struct{}{}, crowd: map[string]*crowd{}, wake: make(chan struct{}, 1), empty: make(chan struct{}), started: o.Now()}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	r.unhear = o.Auth.Watch(r.heard)
	r.work.Go(r.sweep)
	r.work.Go(r.recheck)
	return r
}

// Serve runs one socket until it is closed.
func (r *Realtime) Serve(conn *websocket.Conn, h Handshake) {
	s := &socket{realtime: r, conn: conn, handshake: h, address: networkOf(h.Addr), name: newSessionName(), number: r.served.Add(1), heard: r.o.Now(), over: make(chan struct{})}
	s.began = s.heard
	if tcp := Socket(conn); tcp != nil {
		_ = tcp.SetWriteBuffer(kernelBuffer)
	}
	if code, e := r.admit(s); code != 0 {
		r.refused.Add(1)
		s.refuse(code, e)
		_ = conn.Close()
		return
	}
	defer r.leave(s)
	s.run()
}

// heard is called by auth's feed; it must not block.
func (r *Realtime) heard(c auth.Change) {
	r.news.Add(1)
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
	places := make(chan struct{}, checkers)
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
		for _, s := range hit { // one that waits holds up no other
			select {
			case <-r.ctx.Done():
				return
			case places <- struct{}{}:
			}
			r.work.Go(func() {
				s.verifyAgain()
				<-places
			})
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
			if s.greeted.Load() {
				s.ping.Store(true)
				s.notify()
			}
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
	var work sync.WaitGroup
	places := make(chan struct{}, checkers)
	for _, s := range r.all() {
		places <- struct{}{}
		work.Go(func() {
			s.rebind()
			<-places
		})
	}
	work.Wait()
}

// Count is the number of open sockets.
func (r *Realtime) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.sockets)
}

// Delivered is the number of frames of live queries that were written.
func (r *Realtime) Delivered() uint64 { return r.sent.Load() }

// Slow is the number of sockets that were closed as their clients read too slowly.
func (r *Realtime) Slow() uint64 { return r.slowed.Load() }

// SlowAt is when that last happened.
func (r *Realtime) SlowAt() time.Time { return time.Unix(r.slowAt.Load(), 0) }

// Shutdown says bye to every socket, with the times of their return spread, and
// closes them.
func (r *Realtime) Shutdown(ctx context.Context) error {
	r.mu.Lock()
	if !r.closing {
		r.closing = true
		if len(r.sockets) == 0 {
			close(r.empty)
		}
	}
	r.mu.Unlock()
	r.unhear()
	for _, s := range r.all() {
		go s.bye(time.Second + spread(5*time.Second))
	}
	var err error
	select {
	case <-r.empty:
	case <-ctx.Done():
		err = ctx.Err()
	}
	r.cancel()
	for _, s := range r.all() {
		s.hangUp()
	}
	<-r.empty
	r.work.Wait()
	return err
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
