package jobs

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Run is one try of a job, under this node's lease.
type Run struct {
	ID      string
	Kind    string
	Key     string
	Order   string
	Payload data.Doc // nil where the job has none
	Depth   int
	Try     int // 1 is the first

	p     *Pool
	h     *handler
	line  string
	fence int64
	began time.Time // by Config.Now; set when it starts

	mu        sync.Mutex
	until     time.Time               // guarded by mu
	cancel    context.CancelCauseFunc // guarded by mu; nil: not begun
	committed bool                    // guarded by mu
}

// ErrLost is the error of commits, and the cause of the end of contexts, of a run
// whose lease is another's or whose job is gone.
var ErrLost = hutch.Errorf(hutch.Aborted, "the lease of the job was lost")

// Ack gives the writes that end the job, for the commit of its effects by
// another door than Commit; the handler returns soon after. They fail it with
// ErrLost unless this run holds the job: then nothing of it happens.
func (r *Run) Ack() []data.Write {
	ws := []data.Write{{Collection: collection, ID: r.ID, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
		if !r.holds(old) {
			return nil, ErrLost
		}
		return nil, nil
	}}}
	return r.pass(ws)
}

// Commit writes effects and ends the job, as one; ErrLost: nothing happened.
// Other errors are those of data.System.
func (r *Run) Commit(ctx context.Context, effects ...data.Write) error {
	b := &data.Batch{Writes: make([]data.Write, 0, len(effects)+2)}
	b.Writes = append(append(b.Writes, effects...), r.Ack()...)
	if _, err := r.h.o.System.Commit(ctx, b); err != nil {
		return err
	}
	r.mu.Lock()
	r.committed = true
	r.mu.Unlock()
	return nil
}

// holds reports whether a stored row is under this run's lease.
func (r *Run) holds(d data.Doc) bool {
	return d != nil && integer(d, fLease+".fence") == r.fence && text(d, fLease+".holder") == r.p.holder
}

// pass adds the write by which the head of an order leaves it.
func (r *Run) pass(ws []data.Write) []data.Write {
	if r.line == "" {
		return ws
	}
	return append(ws, leave(r.line, r.ID))
}

// leave takes a job off the head of its order.
func leave(line, id string) data.Write {
	return data.Write{Collection: collection, ID: line, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
		if old != nil && text(old, fHead) == id {
			return nil, nil
		}
		return old, nil
	}}
}

// runOf is a run of a claimed row.
func (p *Pool) runOf(h *handler, d data.Doc) *Run {
	r := &Run{
		ID: text(d, data.FieldID), Kind: h.kind, Key: text(d, fKey), Order: text(d, fOrder),
		Depth: int(integer(d, fDepth)), Try: int(integer(d, fTries)),
		p: p, h: h, line: text(d, fLine), fence: integer(d, fLease+".fence"), until: dateAt(d),
	}
	if doc, ok := data.Field(d, fPayload).DocumentOK(); ok {
		r.Payload = doc
	}
	return r
}

// execute does one try and settles it. ended: the job is gone, or dead.
func (p *Pool) execute(r *Run) (ended bool) {
	base, cancel := context.WithCancelCause(p.base)
	defer cancel(nil)
	r.mu.Lock()
	lost := r.until.IsZero()
	r.cancel, r.began = cancel, p.c.Now()
	r.mu.Unlock()
	if lost {
		return false
	}
	ctx, stop := context.WithTimeoutCause(base, r.h.o.Timeout,
		hutch.Errorf(hutch.DeadlineExceeded, "the job took longer than %s", r.h.o.Timeout))
	defer stop()
	err := r.call(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil && errors.Is(err, ctx.Err()) {
		err = cause
	}
	r.mu.Lock()
	committed := r.committed
	r.mu.Unlock()
	switch {
	case committed && err != nil:
		p.c.Log.Error("a job failed after its effects were committed", "job", r.ID, "error", err)
		return true
	case committed:
		return true
	case errors.Is(err, ErrLost) || err != nil && errors.Is(context.Cause(base), ErrLost):
		p.c.Log.Warn("a job lost its lease", "job", r.ID)
		return false
	case err != nil && errors.Is(context.Cause(base), errClosing):
		p.settle(base, r, r.release())
		return false
	case err != nil:
		return p.fail(base, r, err)
	}
	return p.settle(base, r, r.acknowledge())
}

// call runs the handler; a panic is an error.
func (r *Run) call(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			r.p.c.Log.Error("a job panicked", "job", r.ID, "panic", v, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return r.h.fn(ctx, r)
}

// fail writes when the job is tried again, or that it is dead.
func (p *Pool) fail(ctx context.Context, r *Run, cause error) (dead bool) {
	now, reason := p.c.Now(), reasonOf(cause)
	if isPermanent(cause) || r.Try >= r.h.o.MaxTries {
		p.c.Log.Error("a job is dead", "job", r.ID, "kind", r.Kind, "tries", r.Try, "error", cause)
		ws := []data.Write{r.mine(true, func(old data.Doc) data.Doc { return buried(old, reason, now) })}
		return p.settle(ctx, r, r.pass(ws))
	}
	pause := r.h.o.Backoff.pause(r.Try, p.random.below)
	pause = max(pause, hutch.AsError(cause).RetryAfter)
	p.c.Log.Warn("a job failed", "job", r.ID, "kind", r.Kind, "try", r.Try, "again_in", pause, "error", cause)
	p.settle(ctx, r, []data.Write{r.mine(false, func(old data.Doc) data.Doc {
		return data.With(old, data.Elem{Name: fAt, Value: data.Date(now.Add(pause))},
			data.Elem{Name: fLease, Value: leaseOf("", r.fence, now)}, data.Elem{Name: fError, Value: data.String(reason)})
	})})
	return false
}

// mine changes the row while this run holds it. strict: else nothing of the
// commit happens, unless the job is gone.
func (r *Run) mine(strict bool, change func(old data.Doc) data.Doc) data.Write {
	return data.Write{Collection: collection, ID: r.ID, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
		switch {
		case r.holds(old):
			return change(old), nil
		case strict && old != nil:
			return nil, ErrLost
		}
		return old, nil
	}}
}

// acknowledge ends a job whose handler returned nil; one that is gone was ended
// by the handler's own commit.
func (r *Run) acknowledge() []data.Write {
	return r.pass([]data.Write{r.mine(true, func(data.Doc) data.Doc { return nil })})
}

// release gives the job back as if this try had not been.
func (r *Run) release() []data.Write {
	now := r.p.c.Now()
	return []data.Write{r.mine(false, func(old data.Doc) data.Doc {
		return data.With(old, data.Elem{Name: fAt, Value: data.Date(now)}, data.Elem{Name: fLease, Value: leaseOf("", r.fence, now)},
			data.Elem{Name: fTries, Value: data.Int(max(0, integer(old, fTries)-1))})
	})}
}

const settlePause = 200 * time.Millisecond

// settle commits what a try left, again and again while the lease is held: what
// a handler did outside is not to be done twice for a store that was away.
func (p *Pool) settle(ctx context.Context, r *Run, ws []data.Write) bool {
	ctx = context.WithoutCancel(ctx)
	for {
		_, err := r.p.c.System.Commit(ctx, &data.Batch{Writes: ws})
		if err == nil {
			return true
		}
		if errors.Is(err, ErrLost) {
			p.c.Log.Warn("a job lost its lease", "job", r.ID)
			return false
		}
		r.mu.Lock()
		held := p.c.Now().Before(r.until)
		r.mu.Unlock()
		if !held {
			p.c.Log.Error("the end of a job could not be written", "job", r.ID, "error", err)
			return false
		}
		select {
		case <-p.base.Done():
			return false
		case <-time.After(settlePause):
		}
	}
}

const maxReason = 2 << 10

// reasonOf is an error as a dead letter shows it.
func reasonOf(err error) string {
	s := err.Error()
	if len(s) > maxReason {
		s = s[:maxReason] + "..."
	}
	return validText(s)
}
