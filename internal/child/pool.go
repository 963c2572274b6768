package child

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// HostFunc answers what a running call asks, with that call's rights. ctx ends
// with the call.
type HostFunc func(ctx context.Context, op string, in []byte) ([]byte, error)

// MaxHostCalls is how many host calls of one call may wait at a time.
const MaxHostCalls = 16

// Outcomes of Do beside a handler's own errors.
var (
	ErrInterrupted = errors.New("interrupted at its deadline")
	ErrKilled      = errors.New("killed, as it did not stop at its deadline")
	ErrDied        = errors.New("its process died")
	ErrLost        = errors.New("lost with the process of another call")
	ErrClosed      = errors.New("the pool is closed")
	ErrIsolation   = errors.New("isolation not reached")
	errGone        = errors.New("lost with its process")
)

// HandlerError is an error that a Handler gave.
type HandlerError struct{ Text string }

func (e *HandlerError) Error() string { return e.Text }

// Isolation is what NewPool demands of the kernel.
type Isolation string

// Auto demands seccomp and takes Landlock where there is one; Off demands
// nothing and takes what there is.
const (
	Auto Isolation = "auto"
	Off  Isolation = "off"
)

// nobody is the uid of children of a server that runs as root.
const nobody = 65534

// Options of a Pool. Zero values are the defaults in brackets.
type Options struct {
	Children  int           // [1]
	Spares    int           // started and confined, without calls
	PerChild  int           // calls at a time in a child [1]
	Procs     int           // GOMAXPROCS of a child [1]
	Nice      int           // of every thread of the children
	Memory    uint64        // RLIMIT_DATA of a child in bytes [none]
	Grace     time.Duration // between interrupt and SIGKILL [50 ms]
	UID       int           // of the children when the server is root [65534]; -1 keeps it
	Isolation Isolation     // [Auto]
	Log       *slog.Logger
	Exe       string // what to run instead of this very program

	sandbox     sandboxOptions
	noPdeathsig bool
}

// Pool keeps children and hands them calls.
type Pool struct {
	o           Options
	spawner     *spawner
	stop        chan struct{}
	kills, runs atomic.Int64 // children lost; calls begun again

	mu      sync.Mutex // guards the rest
	live    []*proc
	spares  []*proc
	waiting []*waiter
	level   Level
	ready   time.Duration
	closed  bool
	filling sync.WaitGroup // refills, added to under mu while not closed
}

// NewPool starts the children. ErrIsolation: the kernel cannot confine them as
// asked.
func NewPool(o Options) (*Pool, error) {
	o.Children = cmp.Or(o.Children, 1)
	o.PerChild = cmp.Or(o.PerChild, 1)
	o.Procs = cmp.Or(o.Procs, 1)
	o.Grace = cmp.Or(o.Grace, 50*time.Millisecond)
	o.Isolation = cmp.Or(o.Isolation, Auto)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if os.Geteuid() == 0 {
		o.UID = cmp.Or(o.UID, nobody)
	}
	o.sandbox.Data = o.Memory
	o.sandbox.BestEffort = o.Isolation == Off
	p := &Pool{o: o, spawner: newSpawner(o.Nice), stop: make(chan struct{})}
	started := make(chan error)
	for range o.Children + o.Spares { // forked one by one, but they get ready side by side
		go func() {
			pr, err := p.start()
			if err == nil {
				p.add(pr)
			}
			started <- err
		}()
	}
	var failed error
	for range o.Children + o.Spares {
		failed = cmp.Or(failed, <-started)
	}
	if failed != nil {
		p.Close()
		return nil, failed
	}
	return p, nil
}

// Request is one call.
type Request struct {
	Handler string
	In      []byte
	Key     string   // of equal children one that saw the key is taken
	Host    HostFunc // nil: no host calls
	Note    func(op string, in []byte)
	Nested  bool // another call waits for it: it needs no free slot
	// Again gives the Host of a second run; nil: Host serves that too.
	Again func(context.Context) (HostFunc, error)
}

// Do runs one call. When ctx ends it is interrupted and, after the grace, its
// child killed: ErrInterrupted, ErrKilled. A call that was lost with its child
// runs once more from the start, alone where nobody knows whose fault it was:
// then ErrDied or ErrLost.
func (p *Pool) Do(ctx context.Context, r Request) ([]byte, error) {
	host, slots := r.Host, 1
	for attempt := 1; ; attempt++ {
		pr, err := p.take(ctx, &r, slots)
		if err != nil {
			return nil, err
		}
		out, err := pr.do(ctx, &r, host)
		p.give(pr, slots)
		if !errors.Is(err, errGone) {
			return out, err
		}
		switch fault, text := pr.verdict(); {
		case attempt == 2 && fault:
			return nil, ErrLost
		case attempt == 2:
			return nil, fmt.Errorf("%w: %s", ErrDied, text)
		case !fault:
			slots = p.o.PerChild
		}
		if r.Again != nil {
			if host, err = r.Again(ctx); err != nil {
				return nil, err
			}
		}
		p.runs.Add(1)
	}
}

// start spawns a child and waits until it is confined.
func (p *Pool) start() (*proc, error) {
	sp, err := p.spawner.spawn(&p.o)
	if err != nil {
		return nil, err
	}
	pr := &proc{
		pool: p, cmd: sp.cmd, sock: sp.sock, out: &frameWriter{w: sp.sock, max: maxDown},
		in: bufio.NewReaderSize(sp.sock, keepBuf), calls: map[uint64]*pending{}, dead: make(chan struct{}),
		seen: map[string]bool{},
	}
	var level Level
	_ = sp.sock.SetReadDeadline(time.Now().Add(10 * time.Second))
	f, err := readFrame(pr.in, maxUp)
	if err == nil && f.kind == kindHello {
		err = json.Unmarshal(f.body, &level)
	}
	_ = sp.sock.SetReadDeadline(time.Time{})
	took := time.Since(sp.at)
	if err == nil {
		err = p.judge(level, took)
	}
	if err != nil {
		_ = sp.cmd.Process.Kill()
		_ = sp.sock.Close()
		_ = sp.cmd.Wait()
		return nil, fmt.Errorf("starting a child: %w", err)
	}
	return pr, nil
}

// judge compares a level with what is asked, and tells the first one.
func (p *Pool) judge(l Level, took time.Duration) error {
	p.mu.Lock()
	first := p.ready == 0
	p.level, p.ready = l, took
	p.mu.Unlock()
	var missing []string
	if l.Error != "" {
		missing = append(missing, l.Error)
	}
	if !l.Seccomp {
		missing = append(missing, "no seccomp")
	}
	if missing != nil && p.o.Isolation != Off {
		return fmt.Errorf("%w: %s", ErrIsolation, strings.Join(missing, ", "))
	}
	switch {
	case !first:
	case missing != nil:
		p.o.Log.Warn("children run without isolation", "missing", strings.Join(missing, ", "))
	case l.Landlock == 0:
		p.o.Log.Warn("the kernel has no Landlock; children are confined by seccomp alone")
	case p.o.UID > 0 && l.UID != p.o.UID:
		p.o.Log.Warn("children keep the server's uid; let others run its binary to change that")
	}
	return nil
}

// add makes a started child known and listens to it.
func (p *Pool) add(pr *proc) {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		go pr.read()
		pr.kill(nil)
		<-pr.dead
		return
	}
	if len(p.live) < p.o.Children {
		p.live = append(p.live, pr)
	} else {
		p.spares = append(p.spares, pr)
	}
	p.dispatch()
	p.mu.Unlock()
	go pr.read()
}

// retire takes a child out before anybody hears of its death, so that a call
// that runs again does not meet it; a spare takes over.
func (p *Pool) retire(dead *proc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.spares, dead); i >= 0 {
		p.spares = slices.Delete(p.spares, i, i+1)
	} else if i := slices.Index(p.live, dead); i >= 0 {
		p.live = slices.Delete(p.live, i, i+1)
		if n := len(p.spares); n > 0 {
			p.live, p.spares = append(p.live, p.spares[n-1]), p.spares[:n-1]
		}
	} else {
		return
	}
	if !p.closed {
		p.kills.Add(1)
		p.filling.Add(1)
		go p.refill()
	}
	p.dispatch()
}

// refill starts what is missing, one refill a lost child.
func (p *Pool) refill() {
	defer p.filling.Done()
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		pr, err := p.start()
		if err == nil {
			p.add(pr)
			return
		}
		p.o.Log.Error("a child could not be started", "error", err)
		select {
		case <-p.stop:
			return
		case <-time.After(wait):
		}
	}
}

// Close ends all children and waits for them.
func (p *Pool) Close() {
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return
	}
	p.closed = true
	close(p.stop)
	all := slices.Concat(p.live, p.spares)
	for _, w := range p.waiting {
		close(w.ready)
	}
	p.waiting = nil
	p.mu.Unlock()
	for _, pr := range all {
		pr.kill(nil)
		<-pr.dead
	}
	p.filling.Wait()
	p.spawner.stop()
}
