package server

import (
	"context"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
)

// deadline is a request's context: it ends at its deadline, when the server
// ends, or when the request is over. Most requests never wait, so the timer is
// made when somebody first asks for Done. fasthttp's own context is none: it
// ends when a shutdown begins and does not end with the client.
type deadline struct {
	base context.Context //nolint:containedctx // it is a context itself
	at   time.Time
	id   string // of the request

	mu     sync.Mutex // guards the rest
	inner  context.Context
	cancel context.CancelFunc
	over   bool
}

func newDeadline(base context.Context, at time.Time, id string) *deadline {
	return &deadline{base: base, at: at, id: id}
}

func (d *deadline) Deadline() (time.Time, bool) { return d.at, true }

func (d *deadline) Done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.inner == nil {
		d.inner, d.cancel = context.WithDeadline(d.base, d.at)
		if d.over {
			d.cancel()
		}
	}
	return d.inner.Done()
}

func (d *deadline) Err() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.inner != nil:
		return d.inner.Err()
	case d.over:
		return context.Canceled
	case d.base.Err() != nil:
		return d.base.Err()
	case !time.Now().Before(d.at):
		return context.DeadlineExceeded
	}
	return nil
}

// Value passes on to the inner context once there is one, so that contexts
// derived from d cost no goroutine.
func (d *deadline) Value(key any) any {
	if _, ok := key.(hutch.RequestIDKey); ok {
		return d.id
	}
	d.mu.Lock()
	inner := d.inner
	d.mu.Unlock()
	if inner != nil {
		return inner.Value(key)
	}
	return d.base.Value(key)
}

// end says that the request is over.
func (d *deadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	if d.cancel != nil {
		d.cancel()
	}
}
