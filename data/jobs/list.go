package jobs

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/hutch-dev/hutch/data"
)

const listMost = 1000

// Filter says which jobs List shows.
type Filter struct {
	Kind  string // "": all kinds
	Dead  bool   // dead letters, the newest first; else living jobs, by what is due first
	Limit int    // at most 1,000 [100]
	After *Entry // the last of the page before; nil: from the start
}

// Entry is a job as operators see it; what it carries may be personal and is not
// among it.
type Entry struct {
	ID, Kind, Key, Order string
	At                   time.Time // due, tried again, or the end of the lease; of a dead letter when it died
	Tries, Depth         int
	Running              bool
	Dead                 bool
	Reason               string // of a dead letter, or of the last try that failed
}

// List shows jobs; it examines no more than a page of each kind.
func (p *Pool) List(ctx context.Context, f Filter) ([]Entry, error) {
	f.Limit = min(cmp.Or(max(f.Limit, 0), 100), listMost)
	switch {
	case f.Dead:
		return p.listIn(ctx, deadQueue, f, nil)
	case f.Kind != "":
		return p.listIn(ctx, f.Kind, f, nil)
	}
	var out []Entry
	for kind, err := range p.kinds(ctx) {
		if err != nil {
			return nil, err
		}
		var last *Entry
		if len(out) == f.Limit {
			last = &out[len(out)-1]
		}
		es, err := p.listIn(ctx, kind, f, last)
		if err != nil {
			return nil, err
		}
		if out = append(out, es...); len(es) > 0 {
			slices.SortFunc(out, func(a, b Entry) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID)) })
			out = out[:min(len(out), f.Limit)]
		}
	}
	return out, nil
}

// listIn lists a queue, to where last is due.
func (p *Pool) listIn(ctx context.Context, queue string, f Filter, last *Entry) (out []Entry, err error) {
	ws := []data.Where{inQueue(queue)}
	if f.Dead && f.Kind != "" {
		ws = append(ws, data.Where{Op: data.OpEq, Path: fKind, Value: data.String(f.Kind)})
	}
	if a := f.After; a != nil {
		side, from := data.OpGt, data.OpGte
		if f.Dead {
			side, from = data.OpLt, data.OpLte
		}
		at := data.Date(a.At)
		ws = append(ws, data.Where{Op: from, Path: fAt, Value: at}, data.Where{Op: data.OpOr, Kids: []data.Where{ // the first is for the index
			{Op: side, Path: fAt, Value: at},
			data.And(data.Where{Op: data.OpEq, Path: fAt, Value: at}, data.Where{Op: data.OpGt, Path: data.FieldID, Value: data.String(a.ID)}),
		}})
	}
	if last != nil {
		ws = append(ws, data.Where{Op: data.OpLte, Path: fAt, Value: data.Date(last.At)})
	}
	now := p.c.Now()
	q := data.Query{From: collection, Where: data.And(ws...), OrderBy: []data.Order{{Path: fAt, Desc: f.Dead}}, Limit: f.Limit}
	for d, err := range p.c.System.Find(ctx, q) {
		if err != nil {
			return nil, err
		}
		out = append(out, entryOf(d, now))
	}
	return out, nil
}

func inQueue(queue string) data.Where {
	return data.Where{Op: data.OpEq, Path: fQueue, Value: data.String(queue)}
}

// kinds are those of living jobs, whether or not this node does them: the index
// leads from each to the next.
func (p *Pool) kinds(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for last := ""; ; {
			q := data.Query{
				From: collection, Where: data.Where{Op: data.OpGt, Path: fQueue, Value: data.String(last)},
				OrderBy: []data.Order{{Path: fQueue}, {Path: fAt}}, Limit: 1,
			}
			next := ""
			for d, err := range p.c.System.Find(ctx, q) {
				if err != nil {
					yield("", err)
					return
				}
				next = text(d, fQueue)
			}
			if next == "" || next != deadQueue && !yield(next, nil) {
				return
			}
			last = next
		}
	}
}

// Counts tell of the jobs of all nodes.
type Counts struct {
	Living int // those too that run
	Dead   int
	Reason string // of the newest dead letter
}

// Count counts up to most living jobs and as many dead letters, and examines no
// more.
func (p *Pool) Count(ctx context.Context, most int) (c Counts, err error) {
	for kind, err := range p.kinds(ctx) {
		if err != nil {
			return c, err
		}
		n, _, err := p.countIn(ctx, kind, most-c.Living)
		if err != nil {
			return c, err
		}
		if c.Living += n; c.Living >= most {
			break
		}
	}
	c.Dead, c.Reason, err = p.countIn(ctx, deadQueue, most)
	return c, err
}

// countIn gives the reason of the newest with it.
func (p *Pool) countIn(ctx context.Context, queue string, most int) (n int, reason string, err error) {
	q := data.Query{From: collection, Where: inQueue(queue), OrderBy: []data.Order{{Path: fAt, Desc: true}}, Limit: most}
	for d, err := range p.c.System.Find(ctx, q) {
		if err != nil {
			return n, reason, err
		}
		if n++; n == 1 {
			reason = whyOf(d)
		}
	}
	return n, reason, nil
}

func entryOf(d data.Doc, now time.Time) Entry {
	e := Entry{
		ID: text(d, data.FieldID), Kind: text(d, fKind), Key: text(d, fKey), Order: text(d, fOrder), At: dateAt(d),
		Tries: int(integer(d, fTries)), Depth: int(integer(d, fDepth)), Dead: text(d, fQueue) == deadQueue, Reason: whyOf(d),
	}
	e.Running = text(d, fLease+".holder") != "" && e.At.After(now)
	return e
}

func whyOf(d data.Doc) string { return cmp.Or(text(d, fDead+".reason"), text(d, fError)) }
