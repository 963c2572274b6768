package child

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// proc is one child as the server sees it.
type proc struct {
	pool *Pool
	cmd  *exec.Cmd
	sock *os.File
	in   *bufio.Reader
	out  *frameWriter
	dead chan struct{} // closed when it is reaped
	used int           // slots, guarded by pool.mu
	seen map[string]bool

	mu      sync.Mutex // guards the rest
	calls   map[uint64]*pending
	last    uint64
	blamed  bool // killed for one call's sake
	culprit *pending
	text    string // its last words
}

// pending is a call in flight.
type pending struct {
	ctx  context.Context // ends with the call
	r    *Request
	host HostFunc
	done chan reply
	open atomic.Int32 // host calls running
}

type reply struct {
	out []byte
	err error
}

func (pr *proc) do(ctx context.Context, r *Request, host HostFunc) ([]byte, error) {
	callCtx, end := context.WithCancel(ctx)
	defer end()
	c := &pending{ctx: callCtx, r: r, host: host, done: make(chan reply, 1)}
	pr.mu.Lock()
	pr.last++
	id := pr.last
	pr.calls[id] = c
	pr.mu.Unlock()
	defer func() { pr.mu.Lock(); delete(pr.calls, id); pr.mu.Unlock() }()
	if len(r.In)+len(r.Handler) >= maxDown {
		return nil, &HandlerError{"input too large"}
	}
	var ms uint32 // the child's own clock ends most loops without a word from here
	if t, ok := ctx.Deadline(); ok {
		ms = uint32(max(1, min(time.Until(t).Milliseconds(), 1<<31)))
	}
	pr.send(frame{kind: kindCall, call: id, sub: ms, body: r.In}, r.Handler)
	select {
	case a := <-c.done:
		return a.out, a.err
	case <-pr.dead:
		return nil, errGone
	case <-ctx.Done():
	}
	pr.send(frame{kind: kindInterrupt, call: id}, "")
	grace := time.NewTimer(pr.pool.o.Grace)
	defer grace.Stop()
	select {
	case <-c.done:
		return nil, ErrInterrupted // what it gave came too late
	case <-pr.dead:
		return nil, ErrInterrupted
	case <-grace.C:
	}
	if !pr.kill(c) {
		return nil, ErrInterrupted // another call was quicker
	}
	return nil, ErrKilled
}

// send writes a frame. A child that does not read for a second is as good as dead.
func (pr *proc) send(f frame, name string) {
	_ = pr.sock.SetWriteDeadline(time.Now().Add(time.Second))
	if err := pr.out.write(f, name); err != nil {
		pr.kill(nil)
	}
}

// kill ends the child for the sake of one call (nil: of none), and reports
// whether this was the call. The reader does the rest.
func (pr *proc) kill(c *pending) bool {
	pr.mu.Lock()
	if c != nil && pr.culprit == nil && !pr.blamed {
		pr.culprit = c
		pr.blamed = true
	}
	mine := pr.culprit == c
	pr.mu.Unlock()
	pr.pool.retire(pr)
	_ = pr.cmd.Process.Kill()
	_ = pr.sock.Close()
	return mine
}

// verdict of a dead child: whether one call is known to be at fault, and its
// last words.
func (pr *proc) verdict() (fault bool, text string) {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	return pr.blamed, pr.text
}

// read takes the child's frames until its end, then reaps it.
func (pr *proc) read() {
	var err error
	for err == nil {
		var f frame
		if f, err = readFrame(pr.in, maxUp); err == nil {
			err = pr.handle(f)
		}
	}
	pr.kill(nil)
	_ = pr.cmd.Wait()
	text := pr.cmd.ProcessState.String()
	if bad, ok := errors.AsType[*badFrame](err); ok {
		text = string(bad.text)
	}
	pr.mu.Lock()
	pr.text = text
	pr.mu.Unlock()
	close(pr.dead)
}

var errProtocol = errors.New("more host calls than allowed")

func (pr *proc) handle(f frame) error {
	pr.mu.Lock()
	c := pr.calls[f.call] // an id that is not in flight on this very socket is nobody's
	pr.mu.Unlock()
	if c == nil {
		return nil
	}
	switch f.kind {
	case kindResult:
		c.finish(reply{out: f.body})
	case kindError:
		c.finish(reply{err: &HandlerError{string(f.body)}})
	case kindNote:
		if op, in, err := splitName(f.body); err == nil && c.r.Note != nil && c.ctx.Err() == nil {
			c.r.Note(op, in)
		}
	case kindHost:
		if c.open.Add(1) > MaxHostCalls {
			return errProtocol
		}
		go pr.answer(c, f)
	}
	return nil
}

func (c *pending) finish(r reply) {
	select {
	case c.done <- r:
	default: // a second answer
	}
}

// answer runs one host call.
func (pr *proc) answer(c *pending, f frame) {
	r := frame{kind: kindHostOK, call: f.call, sub: f.sub}
	op, in, err := splitName(f.body)
	switch {
	case err != nil:
	case c.host == nil:
		err = errors.New("no host calls here")
	case c.ctx.Err() != nil:
		err = errors.New("the call has ended")
	default:
		r.body, err = pr.ask(c, op, in)
	}
	c.open.Add(-1)
	if err == nil && len(r.body) >= maxDown {
		err = errors.New("the answer is too large")
	}
	if err != nil {
		r.kind, r.body = kindHostError, []byte(err.Error())
	}
	pr.send(r, "")
}

// ask keeps a panic of the host from taking the server along.
func (pr *proc) ask(c *pending, op string, in []byte) (out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			pr.pool.o.Log.Error("panic in a host call", "op", op, "stack", string(debug.Stack()))
			err = errors.New("a fault on the server")
		}
	}()
	return c.host(c.ctx, op, in)
}
