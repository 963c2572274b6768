package jobs

import (
	"errors"
	"sync"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// follow claims the head of an order, if it is to be had, and begins it. An
// order that is blocked is remembered so for a moment.
// spare: places that the caller will leave.
func (p *Pool) follow(h *handler, line string, spare int) {
	if p.claim.Err() != nil || p.free(h)+spare <= 0 {
		return
	}
	r, until, err := p.claimHead(h, line)
	switch {
	case r != nil:
		p.block(h, line, p.c.Now().Add(blockedFor))
		p.begin(h, r)
	case err != nil && !errors.Is(err, errMoved):
		if p.claim.Err() == nil {
			p.c.Log.Warn("claiming the head of an order", "kind", h.kind, "error", err)
		}
		p.block(h, line, p.c.Now().Add(blockedFor))
	case err == nil && until.IsZero():
		p.again(h) // empty as it seems: a row that came just now was not looked for
	default:
		now := p.c.Now()
		if until.IsZero() || until.After(now.Add(blockedFor)) {
			until = now.Add(blockedFor)
		}
		p.block(h, line, until)
	}
}

// errMoved says that another node was faster.
var errMoved = errors.New("the head of the order is another's")

// atOnce is how many orders a node claims in at a time.
const atOnce = 8

// followAll claims in orders while there is room.
func (p *Pool) followAll(h *handler, lines map[string]bool) {
	var wg sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for line := range lines {
		places <- struct{}{}
		wg.Go(func() {
			p.follow(h, line, 0)
			<-places
		})
	}
	wg.Wait()
}

// claimHead leases the head of an order: the job that its document names, else
// the oldest. until: not before then, where it is known.
func (p *Pool) claimHead(h *handler, line string) (r *Run, until time.Time, err error) {
	for range 8 { // dead and dropped heads make way for the next
		stands, err := p.c.System.Get(p.claim, collection, line)
		if err != nil {
			return nil, time.Time{}, err
		}
		head, err := p.head(line, stands)
		if err != nil {
			return nil, time.Time{}, err
		}
		if head == nil {
			if stands == nil {
				return nil, time.Time{}, nil
			}
			if err := p.vacate(line, stands); err != nil {
				return nil, time.Time{}, err
			}
			continue
		}
		now := p.c.Now()
		if p.runsHere(text(head, data.FieldID)) {
			return nil, now.Add(blockedFor), nil
		}
		if !waiting(head, now) {
			return nil, dateAt(head), nil
		}
		claimed, err := p.claimIn(h, line, stands, head, now)
		if err != nil {
			return nil, time.Time{}, err
		}
		if text(claimed, fQueue) != deadQueue {
			return p.runOf(h, claimed), time.Time{}, nil
		}
	}
	return nil, time.Time{}, nil
}

// head is the job whose turn it is, nil where there is none. A row gets its
// version when it is written and keeps it while it waits behind others.
func (p *Pool) head(line string, stands data.Doc) (data.Doc, error) {
	if stands != nil {
		return p.c.System.Get(p.claim, collection, text(stands, fHead))
	}
	q := data.Query{
		From: collection, Where: data.Where{Op: data.OpEq, Path: fLine, Value: data.String(line)},
		OrderBy: []data.Order{{Path: data.FieldVersion}}, Limit: 1,
	}
	for d, err := range p.c.System.Find(p.claim, q) {
		return d, err
	}
	return nil, nil
}

// vacate deletes the document of an order whose head was dropped.
func (p *Pool) vacate(line string, stands data.Doc) error {
	_, err := p.c.System.Commit(p.base, &data.Batch{Writes: []data.Write{{
		Collection: collection, ID: line, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
			if version(old) != version(stands) {
				return nil, errMoved
			}
			return nil, nil
		},
	}}})
	return err
}

// claimIn leases a head and makes it the head for others to see, in one commit
// that fails where either has moved. What was read before the head can not have
// had another one: then the order's document has moved too.
func (p *Pool) claimIn(h *handler, line string, stands, head data.Doc, now time.Time) (data.Doc, error) {
	id := text(head, data.FieldID)
	next := p.claimed(h, head, now)
	dead := text(next, fQueue) == deadQueue
	b := &data.Batch{Writes: []data.Write{
		{Collection: collection, ID: id, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
			if version(old) != version(head) {
				return nil, errMoved
			}
			return next, nil
		}},
		{Collection: collection, ID: line, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
			switch {
			case version(old) != version(stands):
				return nil, errMoved
			case dead:
				return nil, nil
			case old != nil:
				return old, nil
			}
			return data.NewDoc(data.Elem{Name: data.FieldID, Value: data.String(line)}, data.Elem{Name: fHead, Value: data.String(id)}), nil
		}},
	}}
	res, err := p.c.System.Commit(p.base, b)
	if err != nil {
		return nil, err
	}
	for _, c := range res.Changes {
		if c.ID == id {
			return c.After, nil
		}
	}
	return nil, errors.New("a claim changed nothing")
}
