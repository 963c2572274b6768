package mongo

import (
	"context"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

const (
	lanes    = 4   // groups in flight
	maxGroup = 128 // batches
)

// hints are documents as a group left them, for the groups that waited for it.
type hints map[docID]bson.Raw

// queue lets batches of this node that share a document wait for each other and
// go out as one: contention becomes a larger group. While lanes groups are in
// flight all others wait too, and what waits joins the next.
type queue struct {
	commit func(ps []*pending, h hints) (left hints, again []*pending)
	uses   *sync.WaitGroup // the store's; whoever leads has one

	mu      sync.Mutex // guards what follows; not held while a group is in flight
	busy    map[docID]struct{}
	waiting []*pending
	flying  int
}

// run brings p to its end, or returns when ctx ends.
func (q *queue) run(ctx context.Context, p *pending) {
	p.done = make(chan struct{})
	q.mu.Lock()
	if q.flying == lanes || q.isBusy(p.keys, nil) {
		q.waiting = append(q.waiting, p)
		q.mu.Unlock()
		q.await(ctx, p)
		return
	}
	q.start(p)
	q.mu.Unlock()
	q.lead([]*pending{p}, nil) // alone, its deadline is the group's
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
			q.mu.Unlock()
			p.fail(ctxError(ctx))
			return
		}
	}
	q.mu.Unlock()
	p.leave()
}

// start notes a group as in flight. mu is held.
func (q *queue) start(ps ...*pending) {
	q.flying++
	for _, p := range ps {
		for _, k := range p.keys {
			q.busy[k] = struct{}{}
		}
	}
}

// lead commits a group and then starts those that its end lets go.
func (q *queue) lead(ps []*pending, h hints) {
	left, again := q.commit(ps, h)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.flying--
	for _, p := range ps {
		for _, k := range p.keys {
			delete(q.busy, k)
		}
	}
	if len(again) > 0 {
		q.waiting = append(again, q.waiting...)
	}
	for next := q.next(); next != nil; next = q.next() {
		q.start(next...)
		q.uses.Go(func() {
			q.lead(next, left)
		})
	}
}

// next takes the first that waits and may go, and all that may go with it. mu is held.
func (q *queue) next() (ps []*pending) {
	if q.flying == lanes {
		return nil
	}
	writes := 0
	mine := map[docID]struct{}{}
	passed := map[docID]struct{}{} // documents of those that stay: their turn is first
	rest := q.waiting[:0]
	for _, p := range q.waiting {
		fits := len(ps) == 0 || !p.alone && !ps[0].alone && len(ps) < maxGroup && writes+len(p.b.Writes) <= maxWrites
		if !fits || q.isBusy(p.keys, mine) || anyOf(p.keys, passed) {
			rest = append(rest, p)
			for _, k := range p.keys {
				passed[k] = struct{}{}
			}
			continue
		}
		ps = append(ps, p)
		writes += len(p.b.Writes)
		for _, k := range p.keys {
			mine[k], q.busy[k] = struct{}{}, struct{}{}
		}
	}
	clear(q.waiting[len(rest):])
	q.waiting = rest
	return ps
}

func (q *queue) isBusy(keys []docID, but map[docID]struct{}) bool {
	for _, k := range keys {
		if _, ok := q.busy[k]; !ok {
			continue
		}
		if _, ok := but[k]; !ok {
			return true
		}
	}
	return false
}

func anyOf(keys []docID, in map[docID]struct{}) bool {
	for _, k := range keys {
		if _, ok := in[k]; ok {
			return true
		}
	}
	return false
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
