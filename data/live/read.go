package live

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	maxLog      = 10_000  // changes while a read is under way; then it begins again
	maxLogBytes = 8 << 20 // of their documents
	readTime    = 30 * time.Second
)

// result is what a read found at a position.
type result struct {
	at   data.Position
	rows []row
	docs [][]byte // JSON, of rows
	more bool
	err  error
}

// read begins to read the result, unless that is under way.
func (g *group) read() {
	if !g.over && !g.reading && g.result == nil {
		g.start()
	}
}

func (g *group) start() {
	h := g.hub
	g.reading = true
	if h.busy[g.owner] >= readersOf {
		h.queued[g.owner] = append(h.queued[g.owner], g)
		return
	}
	g.launch()
}

// launch reads on a goroutine of its own.
func (g *group) launch() {
	h := g.hub
	h.busy[g.owner]++
	g.again, g.stale, g.missed = false, false, false
	clear(g.log)
	g.log, g.logged = g.log[:0], 0
	after := h.pos
	h.done.Go(func() {
		var r *result
		select {
		case h.reads <- struct{}{}:
			r = g.fetch(after)
			<-h.reads
		case <-g.ctx.Done():
		}
		h.do(func() { h.fetched(g, r) })
	})
}

// fetched takes a read's result and lets the principal's next one begin.
func (h *Hub) fetched(g *group, r *result) {
	if h.busy[g.owner]--; h.busy[g.owner] == 0 {
		delete(h.busy, g.owner)
	}
	if q := h.queued[g.owner]; len(q) > 0 {
		next := q[0]
		h.unqueue(next)
		next.launch()
	}
	g.reading = false
	if g.over {
		return
	}
	g.result = r
	if r.err != nil || r.at <= h.pos && !h.silent() {
		g.apply()
	} else {
		h.results[g] = struct{}{}
	}
}

// unqueue takes a group off those that wait for a read.
func (h *Hub) unqueue(g *group) {
	q := slices.DeleteFunc(h.queued[g.owner], func(o *group) bool { return o == g })
	if h.queued[g.owner] = q; len(q) == 0 {
		delete(h.queued, g.owner)
	}
}

// fetch runs on a goroutine of its own; it touches the reader only.
func (g *group) fetch(after data.Position) (r *result) {
	defer func() {
		if recover() != nil {
			r = &result{err: &hutch.Error{Code: hutch.Internal, Message: "this live query failed"}}
		}
	}()
	ctx, stop := context.WithTimeout(g.ctx, readTime)
	defer stop()
	rows, at, more, err := g.reader.Read(ctx, after)
	if err != nil {
		return &result{err: err}
	}
	r = &result{at: at, more: more, rows: make([]row, len(rows)), docs: make([][]byte, len(rows))}
	for i := range rows {
		r.rows[i] = row{rows[i].Mark.ID, rows[i].Mark}
		if r.docs[i], err = data.AppendJSON(nil, rows[i].Doc); err != nil {
			return &result{err: err}
		}
	}
	return r
}

// apply makes a read's result the group's window: what came after it is done to
// it again, members that wait get it whole, the others what differs.
func (g *group) apply() {
	defer g.caught()
	r := g.result
	g.result = nil
	delete(g.hub.results, g)
	if r.err != nil {
		g.failed(r.err)
		return
	}
	if g.missed || g.again && !g.ready { // too much has passed, or commits are missing since
		g.start()
		return
	}
	g.reads, g.readAt, g.readOn = g.reads+1, r.at, g.hub.o.Now()
	docs := make(map[string][]byte, len(r.rows))
	for i := range r.rows {
		docs[r.rows[i].id] = r.docs[i]
	}
	before, wasMore := g.rows, g.more
	g.rows, g.more = r.rows, r.more
	for i := range g.log {
		if e := &g.log[i]; e.at > r.at {
			if e.doc != nil {
				docs[e.id] = e.doc
			}
			g.step(nil, e, false)
		}
	}
	if g.ready {
		g.tell(before, wasMore, docs)
	}
	g.ready, g.log, g.logged = true, nil, 0
	g.welcome(docs)
	g.pause()
	g.refill()
}

// welcome sends the window to the members that wait for it.
func (g *group) welcome(docs map[string][]byte) {
	var frames []*Frame
	for c, m := range g.members {
		if m.state != waiting {
			continue
		}
		if frames == nil {
			frames = g.snapshot(docs)
		}
		m.state = active
		if !c.snapshot(g.hub.reached(), frames) {
			m.state = lagging
			c.lag()
		}
		c.answerSyncs()
	}
}

// tell sends active members the difference that a read has shown: rows that came
// into a window from beyond.
func (g *group) tell(before []row, wasMore bool, docs map[string][]byte) {
	now := make(map[string]bool, len(g.rows))
	for i := range g.rows {
		now[g.rows[i].id] = true
	}
	var out []byte
	kept := make(map[string]bool, len(before))
	for i := range before {
		if id := before[i].id; now[id] {
			kept[id] = true
		} else {
			out = appendGone(out, id, false)
		}
	}
	// What stays has its order already: the window moved with every change.
	for i := range g.rows {
		if id := g.rows[i].id; !kept[id] {
			out = appendSet(out, docs[id], i, g.placed)
		}
	}
	var more *bool
	if g.more != wasMore {
		more = &g.more
	}
	if len(out) == 0 && more == nil {
		return
	}
	d := &delta{q: g.q, v: g.hub.pos, changes: out, more: more}
	for c, m := range g.members {
		if m.state == active {
			c.delta(d)
			c.flush()
		}
	}
}

func (g *group) failed(err error) {
	code := hutch.CodeOf(err)
	if code == hutch.Unavailable || code == hutch.DeadlineExceeded || errors.Is(err, context.Canceled) {
		g.pause()
		g.again = true
		return
	}
	g.end(err)
}

// pause keeps the group from reading again for a second, then reads if something asked.
func (g *group) pause() {
	if g.paused {
		return
	}
	g.paused = true
	h := g.hub
	time.AfterFunc(retryRead, func() {
		h.do(func() {
			g.paused = false
			if g.again || !g.ready {
				g.read()
			}
		})
	})
}
