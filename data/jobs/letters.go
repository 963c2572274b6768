package jobs

import (
	"context"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	deadLife  = 30 * 24 * time.Hour
	sweepEach = time.Minute
	writeMost = 100
)

// Redrive makes dead letters wait again, with all their tries, at the end of
// their order. It gives how many of ids were dead.
func (p *Pool) Redrive(ctx context.Context, ids ...string) (int, error) {
	now := p.c.Now()
	kinds := map[string]bool{}
	n, err := p.change(ctx, ids, func(id string) []data.Write {
		return []data.Write{{Collection: collection, ID: id, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
			if text(old, fQueue) != deadQueue {
				return old, nil
			}
			j := Job{Kind: text(old, fKind), Order: text(old, fOrder)}
			return data.With(old, data.Elem{Name: fQueue, Value: data.String(j.Kind)}, data.Elem{Name: fAt, Value: data.Date(now)},
				data.Elem{Name: fTries, Value: data.Int(0)}, data.Elem{Name: fDead}, data.Elem{Name: fLine, Value: optional(j.lineID())}), nil
		}}}
	})
	for _, id := range ids {
		kinds[kindOf(id)] = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for kind := range kinds {
		if h := p.handlers[kind]; h != nil {
			h.dry = false
			h.signal()
		}
	}
	return n, err
}

// Letter is the dead letter of an id; not_found.
func (p *Pool) Letter(ctx context.Context, id string) (*Entry, error) {
	q := data.Query{From: collection, Limit: 1, Where: data.And(
		data.Where{Op: data.OpEq, Path: data.FieldID, Value: data.String(id)},
		data.Where{Op: data.OpEq, Path: fQueue, Value: data.String(deadQueue)})}
	for d, err := range p.c.System.Find(ctx, q) {
		if err != nil {
			return nil, err
		}
		e := entryOf(d, p.c.Now())
		return &e, nil
	}
	return nil, hutch.Errorf(hutch.NotFound, "there is no such dead letter")
}

// Discard deletes dead letters, and nothing that may still run. It gives how many
// of ids were dead.
func (p *Pool) Discard(ctx context.Context, ids ...string) (int, error) {
	return p.change(ctx, ids, func(id string) []data.Write {
		return []data.Write{{Collection: collection, ID: id, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
			if text(old, fQueue) != deadQueue {
				return old, nil
			}
			return nil, nil
		}}}
	})
}

// Drop deletes jobs, dead or living; what runs loses its lease and commits
// nothing more. It gives how many there were.
func (p *Pool) Drop(ctx context.Context, ids ...string) (int, error) {
	return p.change(ctx, ids, func(id string) []data.Write {
		ws := []data.Write{{Collection: collection, ID: id, Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return nil, nil }}}
		return ws
	})
}

// change commits the writes of each id and gives how many jobs they changed.
func (p *Pool) change(ctx context.Context, ids []string, writes func(id string) []data.Write) (n int, err error) {
	for _, id := range ids {
		if kindOf(id) == "" {
			return 0, hutch.Errorf(hutch.InvalidArgument, "no id of a job: %q", id)
		}
	}
	for part := range slices.Chunk(slices.Compact(slices.Sorted(slices.Values(ids))), writeMost) {
		b := &data.Batch{}
		for _, id := range part {
			b.Writes = append(b.Writes, writes(id)...)
		}
		res, err := p.c.System.Commit(ctx, b)
		if err != nil {
			return n, err
		}
		for _, c := range res.Changes {
			if kindOf(c.ID) != "" {
				n++
			}
		}
	}
	return n, nil
}

// tidy deletes dead letters after their time, and sees to rows that are overdue.
func (p *Pool) tidy() {
	p.overdue()
	now := p.c.Now()
	if now.Sub(p.swept).Abs() < sweepEach {
		return
	}
	p.swept = now
	q := data.Query{From: collection, Limit: writeMost, OrderBy: []data.Order{{Path: fAt}}, Where: data.And(
		data.Where{Op: data.OpEq, Path: fQueue, Value: data.String(deadQueue)},
		data.Where{Op: data.OpLte, Path: fAt, Value: data.Date(now.Add(-deadLife))})}
	b := &data.Batch{}
	for d, err := range p.c.System.Find(p.claim, q) {
		if err != nil {
			return
		}
		b.Writes = append(b.Writes, data.Write{
			Collection: collection, ID: text(d, data.FieldID), Expect: data.AnyVersion,
			Next: func(old data.Doc) (data.Doc, error) {
				if version(old) != version(d) {
					return old, nil
				}
				return nil, nil
			},
		})
	}
	if len(b.Writes) == 0 {
		return
	}
	if _, err := p.c.System.Commit(p.claim, b); err != nil && p.claim.Err() == nil {
		p.c.Log.Warn("deleting old dead letters", "error", err)
	}
}
