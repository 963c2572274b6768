package jobs

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"io"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Config of a Pool; zero fields take the defaults named.
type Config struct {
	System data.System      // over Collections
	Feed   Feed             // wakes the pool; nil: it looks at each tick only
	Now    func() time.Time // of leases: the store's clock as the node knows it
	Random io.Reader        // of pauses and of the node's name
	Log    *slog.Logger
	Lease  time.Duration    // [30 s]
	Ticks  <-chan time.Time // looks for due jobs, renews leases; nil: each second
	Queued int              // jobs of a kind that Full takes [10,000]
}

// Feed is what a Pool hears of; data.Feed.
type Feed interface {
	Read(ctx context.Context, after data.Position) iter.Seq2[data.Commit, error]
	Head() data.Position
}

// Func does a job's work. nil: it is done, and acknowledged unless it was by
// Run.Commit or Run.Ack. An error: it is tried again, or dead at once where
// Permanent made it. ctx ends at the timeout, with the lease, or when the
// node stops; a handler that goes on after that keeps its place.
type Func func(ctx context.Context, r *Run) error

// Options of a kind; zero fields take the defaults named.
type Options struct {
	System      data.System   // what Run.Commit writes through; nil: rows of jobs only
	Concurrency int           // on this node [4]
	Timeout     time.Duration // of a try [60 s]
	MaxTries    int           // then it is a dead letter [12]
	Backoff     Backoff
}

// Pool runs jobs on this node.
type Pool struct {
	c      Config
	holder string
	random *chance

	mu       sync.Mutex
	handlers map[string]*handler  // guarded by mu
	runs     map[string]*Run      // guarded by mu; leased by this node, by id
	leased   map[string]*expected // guarded by mu; rows written under a lease that the feed has not shown
	full     map[string]*fullness // guarded by mu
	closing  bool                 // guarded by mu
	hearing  bool                 // guarded by mu; the feed shows new rows
	idle     chan struct{}        // guarded by mu; closed when the last run ends while closing

	base  context.Context //nolint:containedctx // of all runs
	abort context.CancelCauseFunc
	claim context.Context //nolint:containedctx // of all that takes up jobs
	halt  context.CancelFunc
	done  sync.WaitGroup // goroutines that are no runs
	takes sync.WaitGroup // those that take up jobs
	swept time.Time      // tidy's own
}

// New makes a Pool; Handle names its kinds and Start starts it.
func New(c Config) *Pool {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Lease, c.Queued = cmp.Or(c.Lease, 30*time.Second), cmp.Or(c.Queued, 10_000)
	p := &Pool{
		c: c, random: &chance{r: c.Random}, handlers: map[string]*handler{}, runs: map[string]*Run{},
		leased: map[string]*expected{}, full: map[string]*fullness{},
	}
	p.holder = p.random.name()
	p.base, p.abort = context.WithCancelCause(context.Background())
	p.claim, p.halt = context.WithCancel(p.base)
	return p
}

// Handle gives a kind its handler, before Start; it panics on a name that is no
// kind or has one.
func (p *Pool) Handle(kind string, fn Func, o Options) {
	if !validKind(kind) {
		panic("jobs: no kind: " + kind)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.handlers[kind] != nil {
		panic("jobs: two handlers of " + kind)
	}
	p.handlers[kind] = newHandler(kind, fn, o, p.c.System)
}

// Start begins to take up jobs.
func (p *Pool) Start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	renew, sweep := make(chan struct{}, 1), make(chan struct{}, 1)
	wakes := []chan struct{}{renew, sweep}
	for _, h := range p.handlers {
		wakes = append(wakes, h.wake)
		h.signal()
		p.takes.Go(func() { each(p.claim, h.wake, func() { p.take(h) }) })
	}
	// Leases are renewed until the last run has ended, and while nothing else goes on.
	p.done.Go(func() { each(p.base, renew, p.renew) })
	p.done.Go(func() { each(p.claim, sweep, p.tidy) })
	p.done.Go(func() { p.tick(wakes) })
	if p.c.Feed != nil {
		p.takes.Go(p.listen)
	}
}

// tick wakes all at each tick.
func (p *Pool) tick(wakes []chan struct{}) {
	ticks := p.c.Ticks
	if ticks == nil {
		t := time.NewTicker(time.Second)
		defer t.Stop()
		ticks = t.C
	}
	each(p.base, ticks, func() {
		for _, w := range wakes {
			signal(w)
		}
	})
}

// each calls f at each event until ctx ends.
func each[T any](ctx context.Context, events <-chan T, f func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			f()
		}
	}
}

// signal wakes who waits for c, of size 1; one wake stands for many.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// errClosing ends the runs of a node that stops.
var errClosing = hutch.Errorf(hutch.Unavailable, "the node stops")

// Close takes up no more jobs, gives back those not begun and waits for the
// others until ctx ends; then it ends their contexts and gives back what returns
// within a second. The error is ctx's, if some had to be ended.
func (p *Pool) Close(ctx context.Context) error {
	p.halt()
	p.mu.Lock()
	p.closing = true
	p.mu.Unlock()
	p.takes.Wait() // a claim on its way is given back, too
	p.mu.Lock()
	p.idle = make(chan struct{})
	var ready []*Run
	for _, h := range p.handlers {
		ready = append(ready, h.ready...)
		h.ready = nil
	}
	for id, e := range p.leased {
		ready = append(ready, p.runOf(e.h, e.doc))
		delete(p.leased, id)
	}
	for _, r := range ready {
		delete(p.runs, r.ID)
	}
	idle := p.idle
	p.quiet()
	p.mu.Unlock()
	p.giveBack(ready)
	var err error
	select {
	case <-idle:
	case <-ctx.Done():
		err = ctx.Err()
		p.abort(errClosing)
		select {
		case <-idle:
		case <-time.After(time.Second):
		}
	}
	p.abort(errClosing)
	p.done.Wait()
	return err
}

// quiet tells Close that nothing runs; p.mu is held.
func (p *Pool) quiet() {
	if p.closing && len(p.runs) == 0 && p.idle != nil {
		close(p.idle)
		p.idle = nil
	}
}

// chance is a source of randomness for many goroutines.
type chance struct {
	mu sync.Mutex // guards r
	r  io.Reader
}

// below gives a number in [0, n).
func (c *chance) below(n int64) int64 {
	var b [8]byte
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := io.ReadFull(c.r, b[:]); err != nil || n <= 0 {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(b[:]) % uint64(n)) // n is far below 2^64: no bias worth naming
}

func (c *chance) name() string {
	const letters = "ABCDEFGHJKMNPQRSTVWXYZ0123456789"
	b := make([]byte, 20)
	for i := range b {
		b[i] = letters[c.below(int64(len(letters)))]
	}
	return string(b)
}
