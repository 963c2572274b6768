package live

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// How many groups, and members of them, are looked at before the hub goes on with
// its work.
const (
	lookGroups  = 256
	lookMembers = 4096
)

// State is a client as it stands.
type State struct {
	Subscriptions int
	Queued        int           // bytes that wait to be written
	Frames        int           // that wait
	Waits         time.Duration // the time since the queue was last empty; 0: it is
	Lagging       bool          // waits for a snapshot until its queue is empty
	Given         uint64        // frames it took so far
	Resets        uint64
	Position      data.Position // of the newest data it took; "": none yet
}

// State is safe beside the other methods.
func (c *Client) State() State {
	s := State{Subscriptions: int(c.joined.Load()), Lagging: c.laggard.Load(), Resets: c.resets.Load()}
	c.mu.Lock()
	s.Queued, s.Frames, s.Given, s.Position = c.bytes+c.control, len(c.queue), c.given, c.at
	since := c.since
	c.mu.Unlock()
	if s.Frames > 0 {
		s.Waits = max(c.hub.o.Now().Sub(since), 0)
	}
	return s
}

// Totals of a hub since it began.
type Totals struct {
	Groups   int
	Given    uint64 // frames that clients took
	Resets   uint64
	Position data.Position // that clients have been told everything up to
	Feed     data.Position // the newest that the node has heard of
	Silent   bool          // the feed says nothing: nothing is delivered
}

// Totals waits for nobody.
func (h *Hub) Totals() Totals {
	return Totals{
		Groups: int(h.count.Load()), Given: h.given.Load(), Resets: h.resets.Load(),
		Position: h.Position(), Feed: h.o.Data.Feed().Head(), Silent: h.silent(),
	}
}

// GroupState is a group as it stands.
type GroupState struct {
	Q             string
	Query         data.Query
	Rule          data.Filter
	Members       int // clients
	Subscriptions int
	Waiting       int // members that wait for a snapshot
	Lagging       int // members that are too slow for one
	Rows          int
	More          bool // rows lie beyond the window
	Ready         bool // rows are the result at the hub's position
	Reading       bool
	Paused        bool // it was read not long ago and waits for its turn
	Reads         uint64
	ReadAt        data.Position // of the last read; "": none yet
	ReadOn        time.Time
}

// Groups shows each group to f, which runs on the hub's goroutine and keeps what
// it wants. It is done in steps, between which the hub goes on: a group that was there all the
// time is shown once or more, one that came or went meanwhile perhaps. It goes
// from the end of the list, as one taken out is replaced by the last.
func (h *Hub) Groups(ctx context.Context, f func(*GroupState)) error {
	at := -1
	for {
		over := true
		h.wait(func() {
			if at < 0 || at > len(h.listed) {
				at = len(h.listed)
			}
			to, seen := max(at-lookGroups, 0), 0
			for ; at > to && seen < lookMembers; at-- {
				s := h.listed[at-1].look()
				seen += s.Members
				f(&s)
			}
			over = at == 0
		})
		if err := h.ctx.Err(); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil || over {
			return err
		}
	}
}

// Joined is a subscription of a client.
type Joined struct {
	ID    int64
	State string     // waiting: for a snapshot; active; lagging: waits until the client has read its queue
	Group GroupState // its members are not looked at one by one
}

// Joined lists the subscriptions in the order of their ids, at most so many. It
// is safe beside the other methods.
func (c *Client) Joined(most int) []Joined {
	done := make(chan []Joined, 1)
	c.hub.wait(func() {
		var out []Joined
		ids := slices.Sorted(maps.Keys(c.subs))
		for _, id := range ids[:min(len(ids), most)] {
			g := c.subs[id].g
			j := Joined{ID: id, State: "waiting", Group: g.glance()}
			if m := g.members[c]; m != nil {
				j.State = m.state.String()
			}
			out = append(out, j)
		}
		done <- out
	})
	return answerOf(done)
}

// answerOf is what a step of the hub has sent; nothing where the hub has ended
// meanwhile.
func answerOf[T any](done <-chan T) (out T) {
	select {
	case out = <-done:
	default:
	}
	return out
}

// Members are the clients in the group of a query's name.
func (h *Hub) Members(q string) map[*Client]bool {
	done := make(chan map[*Client]bool, 1)
	h.wait(func() {
		out := map[*Client]bool{}
		for _, g := range h.listed {
			if g.q != q {
				continue
			}
			for c := range g.members {
				out[c] = true
			}
		}
		done <- out
	})
	return answerOf(done)
}

func (s state) String() string { return [...]string{"waiting", "active", "lagging"}[s] }

// glance is what a group knows without a look at its members.
func (g *group) glance() GroupState {
	return GroupState{
		Q: g.q, Query: g.view.Query, Rule: g.view.Rule(), Members: len(g.members), Rows: len(g.rows), More: g.more,
		Ready: g.ready, Reading: g.reading, Paused: g.paused, Reads: g.reads, ReadAt: g.readAt, ReadOn: g.readOn,
	}
}

// look is of the hub's goroutine.
func (g *group) look() GroupState {
	s := g.glance()
	for _, m := range g.members {
		s.Subscriptions += len(m.ids)
		switch m.state {
		case waiting:
			s.Waiting++
		case lagging:
			s.Lagging++
		default:
		}
	}
	return s
}

func (h *Hub) list(g *group) {
	g.place = len(h.listed)
	h.listed = append(h.listed, g)
	h.count.Store(int32(len(h.listed)))
}

func (h *Hub) unlist(g *group) {
	last := len(h.listed) - 1
	moved := h.listed[last]
	h.listed[g.place], moved.place = moved, g.place
	h.listed[last] = nil
	h.listed = h.listed[:last]
	h.count.Store(int32(last))
}
