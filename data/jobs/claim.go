package jobs

import (
	"strings"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// take claims due jobs of a kind while there is room for them.
func (p *Pool) take(h *handler) {
	crowded := false
	for turn := 0; p.claim.Err() == nil; turn++ {
		n := p.free(h)
		if n == 0 {
			return
		}
		limit := n
		if crowded { // others are after the same ones
			limit = 4 * n
		}
		found, err := p.due(h, limit, turn%2 == 1)
		if err != nil {
			if p.claim.Err() == nil {
				p.c.Log.Warn("looking for due jobs", "kind", h.kind, "error", err)
			}
			return
		}
		if len(found) == 0 {
			return // dry until something comes, or the next tick
		}
		var solo []data.Doc
		lines := map[string]bool{}
		for _, i := range p.order(len(found), crowded) {
			switch line := text(found[i], fLine); {
			case p.runsHere(text(found[i], data.FieldID)):
			case line != "":
				lines[line] = true
			case len(solo) < n:
				solo = append(solo, found[i])
			}
		}
		if len(solo)+len(lines) == 0 {
			return
		}
		took := p.claimSolo(h, solo)
		crowded = took < len(solo)
		p.followAll(h, lines)
		if crowded && turn >= 8 {
			return // the next tick looks again
		}
	}
}

func (p *Pool) free(h *handler) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return min(p.room(h), claimMost)
}

// runsHere reports whether this node is at work on a job: where its lease ended
// it may still renew it, but not begin it a second time.
func (p *Pool) runsHere(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.runs[id] != nil
}

// order gives 0 to n-1, shuffled where nodes would meet.
func (p *Pool) order(n int, shuffled bool) []int {
	is := make([]int, n)
	for i := range is {
		is[i] = i
	}
	if shuffled {
		for i := n - 1; i > 0; i-- {
			j := p.random.below(int64(i + 1))
			is[i], is[j] = is[j], is[i]
		}
	}
	return is
}

// due finds jobs that nobody holds, but for those of orders known to be
// blocked. The newest and the oldest come first in turn: rows due at once carry
// no time and would keep retries waiting for ever, or the other way round.
func (p *Pool) due(h *handler, limit int, newest bool) ([]data.Doc, error) {
	now := p.c.Now()
	w := []data.Where{
		{Op: data.OpEq, Path: fQueue, Value: data.String(h.kind)},
		{Op: data.OpLte, Path: fAt, Value: data.Date(now)},
	}
	if blocked := p.blocked(h, now); len(blocked) > 0 {
		w = append(w, data.Where{Op: data.OpNin, Path: fLine, Value: data.Array(blocked...)})
	}
	p.mu.Lock()
	h.dry = true // what comes from here on says otherwise
	p.mu.Unlock()
	var out []data.Doc
	q := data.Query{From: collection, Where: data.And(w...), OrderBy: []data.Order{{Path: fAt, Desc: newest}}, Limit: limit}
	for d, err := range p.c.System.Find(p.claim, q) {
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	if len(out) > 0 {
		p.mu.Lock()
		h.dry = false
		p.mu.Unlock()
	}
	return out, nil
}

// blocked are the orders that need no look now.
func (p *Pool) blocked(h *handler, now time.Time) []data.Value {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]data.Value, 0, len(h.blocked))
	for line, until := range h.blocked {
		if !now.Before(until) {
			delete(h.blocked, line)
			continue
		}
		out = append(out, data.String(line))
	}
	return out
}

func (p *Pool) block(h *handler, line string, until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	h.blocked[line] = until
}

// claimSolo leases jobs without an order in one commit: those that another node
// was faster with are left alone. It gives how many it got.
func (p *Pool) claimSolo(h *handler, found []data.Doc) int {
	if len(found) == 0 {
		return 0
	}
	now := p.c.Now()
	b := &data.Batch{Writes: make([]data.Write, len(found))}
	for i, d := range found {
		seen := version(d)
		b.Writes[i] = data.Write{
			Collection: collection, ID: text(d, data.FieldID), Expect: data.AnyVersion,
			Next: func(old data.Doc) (data.Doc, error) {
				if version(old) != seen {
					return old, nil
				}
				return p.claimed(h, old, now), nil
			},
		}
	}
	res, err := p.c.System.Commit(p.base, b)
	if err != nil {
		// It may have happened: then these leases end by themselves.
		if p.claim.Err() == nil {
			p.c.Log.Warn("claiming jobs", "kind", h.kind, "error", err)
		}
		return 0
	}
	for _, c := range res.Changes {
		if c.After != nil && text(c.After, fQueue) != deadQueue {
			p.begin(h, p.runOf(h, c.After))
		}
	}
	return len(res.Changes)
}

// claimed is a row under this node's lease, or dead: its tries were used up by
// nodes that did not live to say so. The version that it replaces is the fence:
// no other claim has it, of this row or of a later one under the same key.
func (p *Pool) claimed(h *handler, old data.Doc, now time.Time) data.Doc {
	tries := integer(old, fTries)
	if tries >= int64(h.o.MaxTries) {
		reason := text(old, fError)
		if text(old, fLease+".holder") != "" || reason == "" {
			reason = "the lease of the last try ended: the node died, or the job outlived its time"
		}
		return buried(old, reason, now)
	}
	until := now.Add(p.c.Lease)
	return data.With(old, data.Elem{Name: fAt, Value: data.Date(until)}, data.Elem{Name: fTries, Value: data.Int(tries + 1)},
		data.Elem{Name: fLease, Value: leaseOf(p.holder, version(old), until)})
}

// buried is a row as a dead letter.
func buried(old data.Doc, reason string, now time.Time) data.Doc {
	return data.With(old, data.Elem{Name: fQueue, Value: data.String(deadQueue)}, data.Elem{Name: fAt, Value: data.Date(now)},
		data.Elem{Name: fLease}, data.Elem{Name: fLine},
		data.Elem{Name: fError}, data.Elem{Name: fDead, Value: data.Object(data.NewDoc(
			data.Elem{Name: "reason", Value: data.String(reason)}, data.Elem{Name: "at", Value: data.Date(now)}))})
}

func validText(s string) string { return strings.ToValidUTF8(s, "?") }
