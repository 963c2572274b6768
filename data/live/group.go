package live

import (
	"context"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const maxRows = 1000 // of a window

// group is the subscriptions that see the same: one query under the same folded
// rule. It keeps ids and sort keys, never documents. Of the hub's goroutine.
type group struct {
	hub     *Hub
	key, q  string
	owner   string          // whose reads these count as
	ctx     context.Context //nolint:containedctx // ends with the group
	cancel  context.CancelFunc
	view    *data.View // judges and shows changes
	reader  *data.View // reads; of the reading goroutine while one runs
	limit   int
	placed  bool // changes say where (`at`)
	over    bool // no longer the hub's
	place   int  // in hub.listed
	reads   uint64
	readAt  data.Position // of the last read that was good
	readOn  time.Time     // when it was
	members map[*Client]*member

	ready bool // rows are the result at the hub's position
	rows  []row
	more  bool // rows lie beyond the window

	stale bool // a row beyond the window left: there may be none any more

	log     []entry // since the read that is under way began
	logged  int     // bytes of log
	missed  bool    // the log was too long: the read begins again
	reading bool
	again   bool    // read once more after this one
	paused  bool    // a timer will read
	result  *result // of a read, until the feed has come so far

	// Of the commit at work:
	begun   bool
	out     []byte // changes as JSON
	wasMore bool
}

// row is a document in the window.
type row struct {
	id   string
	mark data.Mark
}

// entry is a change as the group sees it: doc is nil when it is not in the result.
type entry struct {
	at   data.Position
	id   string
	mark data.Mark
	doc  []byte // JSON
}

// member is one client in a group; ids are its subscriptions of this query.
type member struct {
	ids   []int64
	state state
}

// state of a member.
type state uint8

const (
	waiting state = iota // for a snapshot
	active               // gets deltas
	lagging              // asks for a snapshot when its queue is empty
)

// add makes a subscription a member and answers it.
func (g *group) add(c *Client, id int64, gen uint64) {
	m := g.members[c]
	if m == nil {
		m = &member{}
		g.members[c] = m
	}
	m.ids = append(m.ids, id)
	c.subscribed(id, sub{g, gen})
	c.answer(subbedFrame(id, g.q, m.state == active))
	if m.state == waiting {
		g.read()
	}
}

// leave takes a subscription out.
func (g *group) leave(c *Client, id int64) {
	c.unsubscribed(id)
	m := g.members[c]
	if m == nil {
		return
	}
	m.ids = slices.DeleteFunc(m.ids, func(i int64) bool { return i == id })
	if len(m.ids) == 0 {
		delete(g.members, c)
		if len(g.members) == 0 {
			g.hub.drop(g)
		}
	}
}

// end refuses all members, e.g. when the group cannot be judged or read.
func (g *group) end(err error) {
	e := hutch.AsError(err)
	for c, m := range g.members {
		for _, id := range m.ids {
			c.ended(id, e)
		}
	}
	clear(g.members)
	g.hub.drop(g)
}

// reset makes every member wait for a new snapshot.
func (g *group) reset(why string) {
	for c, m := range g.members {
		if m.state != waiting {
			m.state = waiting
			c.reset(g.q, why)
		}
	}
	g.ready, g.rows, g.log, g.result = false, nil, nil, nil
	delete(g.hub.results, g)
	g.again = g.reading
	g.read()
}

// change judges one document's change. A panic ends the group, nothing else.
func (g *group) change(c *data.Change) {
	defer g.caught()
	if g.over {
		return
	}
	e := entry{at: g.hub.pos, id: c.ID}
	in := c.After != nil && g.view.Match(c.After)
	keep := g.reading || g.result != nil
	if !in && g.find(c.ID) < 0 {
		if (keep || g.more) && !g.stale && c.Before != nil && g.view.Match(c.Before) {
			g.stale = true
			g.refill()
		}
		if !keep {
			return
		}
	}
	if in {
		e.mark = g.view.Mark(c.After)
		doc, err := data.AppendJSON(nil, g.view.Show(c.After))
		if err != nil {
			panic(err)
		}
		e.doc = doc
	}
	if keep && !g.missed {
		g.log, g.logged = append(g.log, e), g.logged+len(e.doc)
		if len(g.log) > maxLog || g.logged > maxLogBytes {
			g.log, g.logged, g.missed = nil, 0, true
		}
	}
	if g.ready {
		if !g.begun {
			g.begun, g.wasMore = true, g.more
		}
		g.out = g.step(g.out, &e, c.Op == data.OpDelete)
		g.refill()
	}
}

// caught ends the group when matching panics, and nothing else; deferred.
func (g *group) caught() {
	if recover() != nil {
		g.hub.o.Log.Error("matching a live query failed", "collection", g.view.Query.From, "panic", true)
		g.end(&hutch.Error{Code: hutch.Internal, Message: "this live query failed"})
	}
}

func (g *group) find(id string) int {
	return slices.IndexFunc(g.rows, func(r row) bool { return r.id == id })
}

// step moves the window by one change and appends what its members are told.
func (g *group) step(out []byte, e *entry, deleted bool) []byte {
	old := g.find(e.id)
	if old >= 0 {
		g.rows = slices.Delete(g.rows, old, old+1)
	}
	at := -1
	if e.doc != nil {
		at, _ = slices.BinarySearchFunc(g.rows, e.mark, func(r row, m data.Mark) int { return g.view.CompareMarks(r.mark, m) })
		if at == len(g.rows) && (g.more || at == g.limit) {
			at = -1 // beyond the window; what else lies there is not known
			g.more = true
		}
	}
	if at < 0 {
		if old >= 0 {
			out = appendGone(out, e.id, deleted)
		}
		return out
	}
	if len(g.rows) == g.limit {
		out = appendGone(out, g.rows[g.limit-1].id, false)
		g.rows = g.rows[:g.limit-1]
		g.more = true
	}
	g.rows = slices.Insert(g.rows, at, row{e.id, e.mark})
	return appendSet(out, e.doc, at, g.placed)
}

// refill reads the group again when rows are missing at its end, or when those
// beyond it may be gone; at most once a second.
func (g *group) refill() {
	if !g.ready || !g.more || len(g.rows) == g.limit && !g.stale {
		return
	}
	if g.reading || g.result != nil || g.paused {
		g.again = true
		return
	}
	g.start()
}

// flush hands the commit's changes to the active members.
func (g *group) flush() {
	if !g.begun || g.over {
		return
	}
	g.begun = false
	if len(g.out) == 0 && g.more == g.wasMore {
		return
	}
	var more *bool
	if g.more != g.wasMore {
		more = &g.more
	}
	d := &delta{q: g.q, v: g.hub.pos, changes: g.out, more: more}
	g.out = nil
	for c, m := range g.members {
		if m.state == active {
			c.delta(d)
		}
	}
}
