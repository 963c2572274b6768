package mongo

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	maxWrites = 500      // of one batch
	maxID     = 1024     // bytes; rooms may have longer ids than clients
	maxCommit = 16 << 20 // bytes of new images
)

// Commit applies a batch: all or nothing, on the disks of a majority on return.
// Batches that wait for the same documents, or for their turn, go out together.
func (s *Store) Commit(ctx context.Context, b *data.Batch) (data.Result, error) {
	if !s.enter() {
		return data.Result{}, errClosed
	}
	defer s.leave()
	if ctx.Err() != nil {
		return data.Result{}, ctxError(ctx)
	}
	if len(b.Writes) > maxWrites {
		return data.Result{}, hutch.Errorf(hutch.InvalidArgument, "a batch holds at most %d writes", maxWrites)
	}
	p, err := s.newPending(ctx, b)
	if err != nil {
		return data.Result{}, err
	}
	for i := range b.Writes {
		if err := s.ensure(ctx, b.Writes[i].Collection); err != nil {
			return data.Result{}, err
		}
	}
	s.queue.run(ctx, p)
	return p.outcome(ctx)
}

// pending is a batch on its way.
type pending struct {
	b        *data.Batch
	at       int64   // ms: stamps _createdAt, _updatedAt
	keys     []docID // documents that others wait for
	deadline time.Time
	one      bool // all writes are on one document, and nothing is checked

	alone bool          // the queue's: not to be grouped
	done  chan struct{} // closed when it is settled, or nil

	mu       sync.Mutex // guards what follows: a group judges it, and its caller may leave
	left     bool       // the caller is gone: nothing of it is called any more
	n        int        // its place in the group
	state    state
	byRows   bool // refused by its rows
	docs     []draft
	changes  []data.Change
	rows     []data.Write
	err      error
	position data.Position
	panicked any
}

// state is what a group makes of a batch.
type state int

const (
	statePassed  state = iota
	stateRefused       // with pending.err
	stateAgain         // it needs a group of its own
	stateLeft          // its caller is gone
)

// defaultPatience bounds a commit whose context has no deadline.
const defaultPatience = 30 * time.Second

func (s *Store) newPending(ctx context.Context, b *data.Batch) (*pending, error) {
	now := b.Now
	if now.IsZero() {
		now = s.o.Now()
	}
	p := &pending{b: b, at: now.UnixMilli(), one: len(b.Checks) == 0 && len(b.Writes) > 0}
	var ok bool
	if p.deadline, ok = ctx.Deadline(); !ok {
		p.deadline = time.Now().Add(defaultPatience)
	}
	for i := range b.Checks {
		if err := checkID(b.Checks[i].Collection, b.Checks[i].ID); err != nil {
			return nil, err
		}
	}
	for i := range b.Writes {
		w := &b.Writes[i]
		if err := checkID(w.Collection, w.ID); err != nil {
			return nil, err
		}
		p.one = p.one && w.ID == b.Writes[0].ID && w.Collection == b.Writes[0].Collection
		if !w.Fresh {
			p.keys = append(p.keys, docID{w.Collection, w.ID})
		}
	}
	return p, nil
}

func checkID(coll, id string) error {
	if coll == "" || id == "" || len(id) > maxID {
		return hutch.Errorf(hutch.InvalidArgument, "a document has a collection and an _id of 1 to %d bytes", maxID)
	}
	return nil
}

// outcome is what Commit returns once the batch is settled, or its caller left.
func (p *pending) outcome(ctx context.Context) (data.Result, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.panicked != nil:
		panic(p.panicked)
	case p.left:
		return data.Result{}, unavailable("the store did not answer in time; the write may have happened", ctx.Err())
	case p.err != nil:
		return data.Result{}, p.err
	}
	return data.Result{Position: p.position, Changes: p.changes}, nil
}

// leave ends the caller's part; nothing of the batch is called after it.
func (p *pending) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done: // settled meanwhile
	default:
		p.left = true
	}
}

// settle gives the batch its result; pos is the position whose state holds it.
func (p *pending) settle(pos data.Position) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.position = pos; p.state == statePassed && !p.left && p.b.Applied != nil {
		p.call(p.b.Applied)
	}
}

// fail refuses the batch.
func (p *pending) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state, p.err = stateRefused, err
}

// call runs a function of the caller's, whose panic is the caller's.
func (p *pending) call(f func()) {
	defer func() {
		if r := recover(); r != nil {
			p.panicked, p.state, p.err = r, stateRefused, errPanicked
		}
	}()
	f()
}

var errPanicked = errors.New("a function of the batch panicked")
