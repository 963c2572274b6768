package mongo

import (
	"cmp"
	"context"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

const (
	lanes     = 4   // groups in flight, not counting slow ones
	maxSlow   = 64  // slow groups that are not counted
	maxGroup  = 128 // batches
	slowAfter = 100 * time.Millisecond
	heldAfter = time.Second // beyond what a database that is merely far takes
)

// hints are documents as a group left them, for the groups that waited for it.
type hints map[docID]bson.Raw

// queue lets batches of this node that share a document wait for each other and
// go out as one: contention becomes a larger group. While lanes groups are in
// flight all others wait too, and what waits joins the next. A group that takes
// long, as when another node holds a document, gives up its lane, not its documents.
type queue struct {
	commit func(ps []*pending, h hints) (left hints, again []*pending)
	uses   *sync.WaitGroup // the store's; whoever leads has one
	slow   time.Duration   // after which a group is; 0: slowAfter

	mu      sync.Mutex // guards what follows; not held while a group is in flight
	busy    map[docID]*flight
	wanted  map[docID]struct{} // documents of those that wait: their turn is first
	waiting []*pending
	flying  int
	slows   int // of flying
}

// flight is a group on its way.
type flight struct {
	ps []*pending

	// guarded by the queue's mu
	slow, held, over bool
	watch            *time.Timer // until it is held
}

// run brings p to its end, or returns when ctx ends.
func (q *queue) run(ctx context.Context, p *pending) {
	p.done = make(chan struct{})
	f := &flight{}
	q.mu.Lock()
	if q.full() || !q.isFree(p, f) {
		q.waiting = append(q.waiting, p)
		q.want(p)
		q.mu.Unlock()
		q.await(ctx, p)
		return
	}
	q.board(f, p)
	q.flying++
	q.mu.Unlock()
	q.lead(f, nil) // alone, its deadline is the group's
}

// full reports whether there is no lane for another group. mu is held.
func (q *queue) full() bool { return q.flying-min(q.slows, maxSlow) >= lanes }

// isFree reports whether no other group than f has a document of p, and nobody
// who came before waits for one. mu is held.
func (q *queue) isFree(p *pending, f *flight) bool {
	for _, k := range p.keys {
		if other := q.busy[k]; other != nil && other != f {
			return false
		}
		if _, ok := q.wanted[k]; ok {
			return false
		}
	}
	return true
}

// want keeps the documents of p, which waits, from those that come later; but who
// waits for a group that is held lets others pass. mu is held.
func (q *queue) want(p *pending) {
	for _, k := range p.keys {
		if f := q.busy[k]; f != nil && f.held {
			return
		}
	}
	if q.wanted == nil {
		q.wanted = map[docID]struct{}{}
	}
	for _, k := range p.keys {
		q.wanted[k] = struct{}{}
	}
}

// board makes p a part of f. mu is held.
func (q *queue) board(f *flight, p *pending) {
	f.ps = append(f.ps, p)
	for _, k := range p.keys {
		q.busy[k] = f
	}
}

// await waits until p is settled, or takes it out.
func (q *queue) await(ctx context.Context, p *pending) {
	select {
	case <-p.done:
		return
	case <-ctx.Done():
	}
	q.mu.Lock()
	for i, w := range q.waiting {
		if w == p {
			q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
			q.advance(nil) // those that waited behind it
			q.mu.Unlock()
			p.fail(ctxError(ctx))
			return
		}
	}
	q.mu.Unlock()
	p.leave()
}

// lead commits a group and then starts those that its end lets go.
func (q *queue) lead(f *flight, h hints) {
	overdue := time.AfterFunc(cmp.Or(q.slow, slowAfter), func() { q.overdue(f) })
	left, again := q.commit(f.ps, h)
	overdue.Stop()
	q.mu.Lock()
	defer q.mu.Unlock()
	f.over = true
	q.flying--
	if f.slow {
		q.slows--
		f.watch.Stop()
	}
	for _, p := range f.ps {
		for _, k := range p.keys {
			delete(q.busy, k)
		}
	}
	if len(again) > 0 {
		q.waiting = append(again, q.waiting...)
	}
	q.advance(left)
}

// overdue lets others have the lane of a group that is still in flight.
func (q *queue) overdue(f *flight) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if f.over {
		return
	}
	f.slow = true
	q.slows++
	f.watch = time.AfterFunc(heldAfter, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if f.held = !f.over; f.held {
			q.advance(nil)
		}
	})
	q.advance(nil)
}

// advance starts the groups that may go. mu is held, by who has a use of the store
// or while one who has is in flight.
func (q *queue) advance(h hints) {
	for f := q.next(); f != nil; f = q.next() {
		q.uses.Go(func() { q.lead(f, h) })
	}
}

// next takes the first that waits and may go, and all that may go with it. What
// the others want is found anew: while all lanes are taken nobody asks for it. mu is held.
func (q *queue) next() *flight {
	if q.full() {
		return nil
	}
	clear(q.wanted)
	if len(q.waiting) == 0 {
		return nil
	}
	f := &flight{}
	writes := 0
	rest := q.waiting[:0]
	for _, p := range q.waiting {
		fits := len(f.ps) == 0 || !p.alone && !f.ps[0].alone && len(f.ps) < maxGroup && writes+len(p.b.Writes) <= maxWrites
		if !fits || !q.isFree(p, f) {
			rest = append(rest, p)
			q.want(p)
			continue
		}
		q.board(f, p)
		writes += len(p.b.Writes)
	}
	clear(q.waiting[len(rest):])
	q.waiting = rest
	if len(f.ps) == 0 {
		return nil
	}
	q.flying++
	return f
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
