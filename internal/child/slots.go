package child

import (
	"context"
	"slices"
	"time"
)

// waiter wants slots of one child; ready closes when it has them (pr set) or
// the pool closes.
type waiter struct {
	slots int
	most  int // slots that may be in use then
	key   string
	pr    *proc
	ready chan struct{}
}

// maxSeen keys are remembered of a child.
const maxSeen = 1024

// nestedFactor times the slots of a child may be in use by calls and those that
// they wait for.
const nestedFactor = 8

// take waits for free slots, first come, first served.
func (p *Pool) take(ctx context.Context, r *Request, slots int) (*proc, error) {
	w := &waiter{slots: slots, most: p.o.PerChild, key: r.Key, ready: make(chan struct{})}
	if r.Nested {
		w.most *= nestedFactor
	}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, ErrClosed
	}
	p.waiting = append(p.waiting, w)
	p.dispatch()
	p.mu.Unlock()
	select {
	case <-w.ready:
	case <-ctx.Done():
		p.mu.Lock()
		i := slices.Index(p.waiting, w)
		if i >= 0 {
			p.waiting = slices.Delete(p.waiting, i, i+1)
		}
		p.mu.Unlock()
		if i >= 0 || w.pr == nil {
			return nil, ctx.Err()
		}
	}
	if w.pr == nil {
		return nil, ErrClosed
	}
	return w.pr, nil
}

// dispatch hands free slots to those who wait; mu is held. A waiter that wants
// a whole child reserves one, so that others cannot starve it.
func (p *Pool) dispatch() {
	reserved := map[*proc]bool{}
	keep := p.waiting[:0]
	for _, w := range p.waiting {
		best := p.best(w, reserved)
		switch {
		case best == nil:
			keep = append(keep, w)
		case best.used+w.slots > w.most:
			reserved[best] = true
			keep = append(keep, w)
		default:
			best.used += w.slots
			if len(best.seen) >= maxSeen {
				clear(best.seen)
			}
			best.seen[w.key] = true
			w.pr = best
			close(w.ready)
		}
	}
	clear(p.waiting[len(keep):])
	p.waiting = keep
}

// best is the least used child, of equals one that knows the key. It may be too
// full for a waiter that wants more than one slot.
func (p *Pool) best(w *waiter, reserved map[*proc]bool) *proc {
	var best *proc
	for _, pr := range p.live {
		if reserved[pr] || (w.slots == 1 && pr.used+1 > w.most) {
			continue
		}
		if best == nil || pr.used < best.used || (pr.used == best.used && pr.seen[w.key] && !best.seen[w.key]) {
			best = pr
		}
	}
	return best
}

func (p *Pool) give(pr *proc, slots int) {
	p.mu.Lock()
	pr.used -= slots
	if len(p.waiting) > 0 {
		p.dispatch()
	}
	p.mu.Unlock()
}

// Stats of a Pool.
type Stats struct {
	Children int   // running, spares included
	Busy     int   // slots in use
	Slots    int   // in all
	Kills    int64 // children lost
	Reruns   int64
	Level    Level
	Ready    time.Duration // of the last child, from fork to confined
}

// Stats gives the figures of now.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Stats{
		Children: len(p.live) + len(p.spares), Slots: p.o.Children * p.o.PerChild,
		Kills: p.kills.Load(), Reruns: p.runs.Load(), Level: p.level, Ready: p.ready,
	}
	for _, pr := range p.live {
		s.Busy += pr.used
	}
	return s
}

// PIDs of the children, spares last.
func (p *Pool) PIDs() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []int
	for _, pr := range slices.Concat(p.live, p.spares) {
		out = append(out, pr.cmd.Process.Pid)
	}
	return out
}
