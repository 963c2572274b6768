package jobs

import (
	"context"
	"slices"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// renew prolongs the leases that have passed a third of their life. A run that
// outlived its timeout by a lease is given up.
func (p *Pool) renew() {
	now := p.c.Now()
	p.mu.Lock()
	var due []*Run
	for _, r := range p.runs {
		r.mu.Lock()
		begun := r.cancel != nil
		old := begun && now.After(r.began.Add(r.h.o.Timeout+p.c.Lease))
		if !old && !r.committed && r.until.Sub(now) < p.c.Lease*2/3 && !r.until.IsZero() {
			due = append(due, r)
		}
		r.mu.Unlock()
	}
	p.mu.Unlock()
	for part := range slices.Chunk(due, claimMost) {
		p.prolong(part, now)
	}
}

func (p *Pool) prolong(runs []*Run, now time.Time) {
	until := now.Add(p.c.Lease)
	kept := make([]bool, len(runs))
	b := &data.Batch{}
	for i, r := range runs {
		b.Writes = append(b.Writes, data.Write{
			Collection: collection, ID: r.ID, Expect: data.AnyVersion,
			Next: func(old data.Doc) (data.Doc, error) {
				if kept[i] = r.holds(old); !kept[i] {
					return old, nil
				}
				return data.With(old, data.Elem{Name: fAt, Value: data.Date(until)},
					data.Elem{Name: fLease, Value: leaseOf(p.holder, r.fence, until)}), nil
			},
		})
	}
	ctx, cancel := context.WithTimeout(p.base, p.c.Lease/2)
	defer cancel()
	_, err := p.c.System.Commit(ctx, b)
	if err != nil && p.base.Err() == nil {
		p.c.Log.Warn("renewing leases", "error", err)
	}
	now = p.c.Now()
	for i, r := range runs {
		r.mu.Lock()
		ends := r.until
		if err == nil && kept[i] {
			r.until = until
		}
		r.mu.Unlock()
		if err == nil && !kept[i] || err != nil && !now.Before(ends) {
			p.lose(r)
		}
	}
}

// lose ends a run whose lease is another's, or may be.
func (p *Pool) lose(r *Run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(r.h.ready, r); i >= 0 {
		r.h.ready = slices.Delete(r.h.ready, i, i+1)
		delete(p.runs, r.ID)
		p.quiet()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.until = (time.Time{}); r.cancel != nil && !r.committed {
		r.cancel(ErrLost)
	}
}

// giveBack releases jobs that have not begun.
func (p *Pool) giveBack(runs []*Run) {
	for part := range slices.Chunk(runs, claimMost) {
		b := &data.Batch{}
		for _, r := range part {
			b.Writes = append(b.Writes, r.release()...)
		}
		ctx, cancel := context.WithTimeout(p.base, 5*time.Second)
		if _, err := p.c.System.Commit(ctx, b); err != nil {
			p.c.Log.Warn("giving jobs back", "error", err)
		}
		cancel()
	}
}
