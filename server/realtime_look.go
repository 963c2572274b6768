package server

import (
	"cmp"
	"container/heap"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data/live"
)

const (
	maxAgent   = 256
	maxApp     = 64
	slowAfter  = time.Second // that frames wait, or the network takes none
	closedBack = time.Second // at least, until a client that was closed comes back
	cutAfter   = 5 * time.Second
)

// Live is what operators see of a node's sockets: *Realtime.
type Live interface {
	// Overview counts what there is.
	Overview() LiveOverview
	// Connections lists sockets in the order in which they came, or the ones
	// with the most first.
	Connections(q ConnectionQuery) (rows []Connection, next uint64)
	// Groups lists the groups with the most members first.
	Groups(ctx context.Context, q GroupQuery) (rows []live.GroupState, all int, err error)
	// Connection finds a socket by its id, with so many of its subscriptions.
	Connection(id string, most int) (c Connection, subs []live.Joined, ok bool)
	// Disconnect finds a socket by its id; cut then closes it.
	Disconnect(id string) (cut func(), ok bool)
}

// LiveOverview is a node's sockets in numbers; counters count since Started.
type LiveOverview struct {
	live.Totals
	Started                               time.Time
	Epoch                                 string
	Connections, Most                     int
	Users, Guests, Others, Unproven, Slow int
	Subscriptions, Queued                 int
	Served, Refused                       uint64
}

// ConnectionQuery says which sockets.
type ConnectionQuery struct {
	Search string // in id, user, address, agent and client
	Group  string // the name of a group that they are in
	Slow   bool
	Sort   string // "", "queued", "subscriptions": the most first, without After
	After  uint64 // the number of the last row that was read
	Limit  int
}

// Connection is a socket as it stands.
type Connection struct {
	live.State
	ID, IP, Agent, App, Origin string
	Number                     uint64
	Since                      time.Time
	Who                        hutch.Principal
	Proven                     bool   // it has said hello
	Console                    string // the operator's whose console it is; "": no console
	Slow                       bool
}

// GroupQuery says which groups.
type GroupQuery struct {
	Collection string
	Limit      int
}

// look is a socket as it stands; it waits for nobody.
func (s *socket) look(now time.Time) Connection {
	c := Connection{
		ID: s.name, IP: s.handshake.IP, Agent: s.handshake.Agent, Origin: s.handshake.Origin, Number: s.number, Since: s.began,
		Proven: s.greeted.Load(),
	}
	if !c.Proven {
		return c
	}
	c.State, c.App, c.Who = s.client.State(), s.app, *s.who.Load()
	if by := s.by.Load(); by != nil {
		c.Console = by.UID
	}
	var sends time.Duration
	if at := s.sending.Load(); at != 0 {
		sends = now.Sub(time.Unix(0, at))
	}
	c.Slow = c.Lagging || c.Waits > slowAfter || sends > slowAfter
	return c
}

// Started is when the sockets' room opened.
func (r *Realtime) Started() time.Time { return r.started }

// Overview implements Live.
func (r *Realtime) Overview() LiveOverview {
	o := LiveOverview{
		Totals: r.o.Hub.Totals(), Started: r.started, Epoch: r.o.Hub.Epoch(), Most: r.o.Limits.Connections,
		Served: r.served.Load(), Refused: r.refused.Load(),
	}
	now := time.Now()
	for _, s := range r.all() {
		c := s.look(now)
		o.Connections++
		o.Subscriptions += c.Subscriptions
		o.Queued += c.Queued
		if c.Slow {
			o.Slow++
		}
		switch {
		case !c.Proven:
			o.Unproven++
		case c.Who.IsGuest():
			o.Guests++
		case c.Who.Kind == hutch.User:
			o.Users++
		default:
			o.Others++
		}
	}
	return o
}

// Connections implements Live.
func (r *Realtime) Connections(q ConnectionQuery) (rows []Connection, next uint64) {
	all := r.all()
	slices.SortFunc(all, func(a, b *socket) int { return cmp.Compare(a.number, b.number) })
	now, search := time.Now(), strings.ToLower(q.Search)
	var members map[*live.Client]bool
	if q.Group != "" {
		members = r.o.Hub.Members(q.Group)
	}
	for _, s := range all {
		if s.number <= q.After {
			continue
		}
		c := s.look(now)
		if q.Slow && !c.Slow || !c.has(search) || q.Group != "" && !(c.Proven && members[s.client]) {
			continue
		}
		if q.Sort == "" && len(rows) == q.Limit {
			return rows, rows[len(rows)-1].Number
		}
		rows = append(rows, c)
	}
	if by := q.by(); by != nil {
		slices.SortStableFunc(rows, func(a, b Connection) int { return cmp.Compare(by(&b), by(&a)) })
		rows = rows[:min(len(rows), q.Limit)]
	}
	return rows, 0
}

// Connection implements Live.
func (r *Realtime) Connection(id string, most int) (Connection, []live.Joined, bool) {
	for _, s := range r.all() {
		if s.name != id {
			continue
		}
		c := s.look(time.Now())
		if !c.Proven {
			return c, nil, true
		}
		return c, s.client.Joined(most), true
	}
	return Connection{}, nil, false
}

// by is what a query sorts by.
func (q *ConnectionQuery) by() func(*Connection) int {
	switch q.Sort {
	case "queued":
		return func(c *Connection) int { return c.Queued }
	case "subscriptions":
		return func(c *Connection) int { return c.Subscriptions }
	}
	return nil
}

func (c *Connection) has(text string) bool {
	if text == "" {
		return true
	}
	for _, s := range []string{c.ID, c.Who.UID, c.Who.Email, c.Who.Actor, c.IP, c.Agent, c.App} {
		if strings.Contains(strings.ToLower(s), text) {
			return true
		}
	}
	return false
}

// Groups implements Live.
func (r *Realtime) Groups(ctx context.Context, q GroupQuery) ([]live.GroupState, int, error) {
	top, seen := &groupHeap{}, map[string]bool{}
	err := r.o.Hub.Groups(ctx, func(g *live.GroupState) {
		if q.Collection != "" && g.Query.From != q.Collection || seen[g.Q] {
			return
		}
		seen[g.Q] = true
		if heap.Push(top, *g); top.Len() > q.Limit {
			heap.Pop(top)
		}
	})
	if err != nil {
		return nil, 0, err
	}
	rows := []live.GroupState(*top)
	slices.SortFunc(rows, func(a, b live.GroupState) int { return fewer(&b, &a) })
	return rows, len(seen), nil
}

func fewer(a, b *live.GroupState) int {
	return cmp.Or(cmp.Compare(a.Members, b.Members), cmp.Compare(a.Rows, b.Rows), strings.Compare(b.Q, a.Q))
}

// groupHeap has the smallest of the groups that are kept on top.
type groupHeap []live.GroupState

func (h groupHeap) Len() int           { return len(h) }
func (h groupHeap) Less(i, j int) bool { return fewer(&h[i], &h[j]) < 0 }
func (h groupHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *groupHeap) Push(x any)        { *h = append(*h, x.(live.GroupState)) }
func (h *groupHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// Disconnect implements Live: the client hears bye and may come back. What waits
// for it is dropped, and a client that does not read is cut off in a moment.
func (r *Realtime) Disconnect(id string) (cut func(), ok bool) {
	for _, s := range r.all() {
		if s.name == id {
			return func() { s.cut(closedBack + spread(closedBack)) }, true
		}
	}
	return nil, false
}

// clipped is s in at most n bytes of valid UTF-8.
func clipped(s string, n int) string { return strings.ToValidUTF8(s[:min(len(s), n)], "") }
