package live

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	queueBytes = 1 << 20 // of deltas that wait to be written
	maxSyncs   = 256     // that wait; more are not answered
)

// Client is one connection: its subscriptions and its queue. Its methods are
// for one goroutine at a time, but Take.
type Client struct {
	hub    *Hub
	notify func()

	asked     map[int64]asked // what was subscribed to, of the caller's goroutine
	gen       uint64
	principal hutch.Principal
	request   data.Request

	// Of the hub's goroutine alone:
	subs   map[int64]sub
	syncs  []data.Position
	deltas []*delta // of the commit at work
	closed bool

	laggard atomic.Bool // has lagging members

	mu    sync.Mutex // guards the rest
	queue []item
	bytes int    // of data in queue
	over  []over // subscriptions that the hub has ended
}

// asked is a subscription as its client wants it; gen tells it from others that
// had its id.
type asked struct {
	q   data.Query
	gen uint64
}

// sub is a subscription in its group.
type sub struct {
	g   *group
	gen uint64
}

type over struct {
	id  int64
	gen uint64
}

// item is a frame in the queue; data may be dropped and caught up on.
type item struct {
	frame *Frame
	data  bool
	sync  data.Position // of a commit frame
}

// Connect makes a client for a principal. notify is called without locks when
// there is something to take; it must not block.
func (h *Hub) Connect(p hutch.Principal, r data.Request, notify func()) *Client {
	return &Client{hub: h, notify: notify, principal: p, request: r, asked: map[int64]asked{}, subs: map[int64]sub{}}
}

// Subscriptions is their number.
func (c *Client) Subscriptions() int {
	c.forget()
	return len(c.asked)
}

// forget drops what the hub has ended.
func (c *Client) forget() {
	c.mu.Lock()
	over := c.over
	c.over = nil
	c.mu.Unlock()
	for _, o := range over {
		if c.asked[o.id].gen == o.gen {
			delete(c.asked, o.id)
		}
	}
}

// ended tells the client that a subscription is over; on the hub's goroutine.
func (c *Client) ended(id int64, e *hutch.Error) {
	c.mu.Lock()
	c.over = append(c.over, over{id, c.subs[id].gen})
	c.mu.Unlock()
	delete(c.subs, id)
	c.control(endFrame(id, e))
}

// Send queues a frame of the connection's own (welcome, pong, auth, error).
func (c *Client) Send(frame []byte) { c.control(frame) }

// Sub subscribes under an id; a reused one ends the old subscription.
// The answer, `subbed` or `end`, comes through the queue.
func (c *Client) Sub(ctx context.Context, id int64, q data.Query) {
	c.forget()
	c.Unsub(id)
	c.bind(ctx, id, q)
}

// Refuse answers a subscription with `end` without binding it.
func (c *Client) Refuse(id int64, err error) { c.control(endFrame(id, hutch.AsError(err))) }

func (c *Client) bind(ctx context.Context, id int64, q data.Query) {
	ctx = hutch.WithPrincipal(ctx, c.principal)
	view, err := c.hub.o.Data.View(ctx, q, c.request)
	if err == nil {
		var reader *data.View
		if reader, err = c.hub.o.Data.View(ctx, q, c.request); err == nil {
			c.gen++
			gen := c.gen
			c.asked[id] = asked{q, gen}
			c.hub.do(func() {
				if !c.closed {
					c.hub.join(c, id, gen, view, reader)
				}
			})
			return
		}
	}
	delete(c.asked, id)
	c.hub.do(func() { c.control(endFrame(id, hutch.AsError(err))) }) // in order with what was asked before
}

// Unsub ends a subscription; nothing of it comes after.
func (c *Client) Unsub(id int64) {
	if _, ok := c.asked[id]; !ok {
		return
	}
	delete(c.asked, id)
	c.hub.do(func() {
		if s, ok := c.subs[id]; ok {
			s.g.leave(c, id)
		}
	})
}

// Sync asks for `commit` once all deltas up to v have been queued.
func (c *Client) Sync(v data.Position) {
	c.hub.do(func() {
		if c.closed || len(c.syncs) >= maxSyncs {
			return
		}
		c.syncs = append(c.syncs, v)
		c.hub.syncs[c] = struct{}{}
		c.answerSyncs()
	})
}

// Become makes the client act as p: what is queued is dropped, answer (if any)
// is the next frame, then each subscription is bound anew.
func (c *Client) Become(ctx context.Context, p hutch.Principal, answer []byte) {
	c.Pause()
	c.principal = p
	if answer != nil {
		c.control(answer)
	}
	for _, id := range c.IDs() {
		c.bind(ctx, id, c.asked[id].q)
	}
}

// Pause drops what is queued and stops delivery until Become.
func (c *Client) Pause() {
	c.hub.wait(func() {
		c.detach()
		c.dropData()
	})
}

// Principal is who the client acts as.
func (c *Client) Principal() hutch.Principal { return c.principal }

// Close ends all subscriptions and empties the queue.
func (c *Client) Close() {
	c.hub.wait(func() {
		c.closed = true
		c.detach()
		delete(c.hub.syncs, c)
	})
	c.mu.Lock()
	c.queue, c.bytes = nil, 0
	c.mu.Unlock()
}

// Take gives what is queued, oldest first; none: the queue is empty and notify
// will be called for the next frame. Safe beside the other methods.
func (c *Client) Take(into []*Frame) []*Frame {
	c.mu.Lock()
	for i := range c.queue {
		into = append(into, c.queue[i].frame)
	}
	clear(c.queue)
	c.queue, c.bytes = c.queue[:0], 0
	c.mu.Unlock()
	if len(into) == 0 && c.laggard.Load() {
		c.hub.do(c.caughtUp)
	}
	return into
}

// detach leaves all groups; on the hub's goroutine.
func (c *Client) detach() {
	for id, s := range c.subs {
		s.g.leave(c, id)
	}
	c.deltas = nil
	c.laggard.Store(false)
}

// control queues a frame that is never dropped.
func (c *Client) control(frame []byte) { c.push([]item{{frame: &Frame{Text: frame}}}) }

func (c *Client) push(items []item) {
	c.mu.Lock()
	first := len(c.queue) == 0
	c.queue = append(c.queue, items...)
	for i := range items {
		if items[i].data {
			c.bytes += len(items[i].frame.Text)
		}
	}
	c.mu.Unlock()
	if first {
		c.notify()
	}
}

// snapshot queues frames as one unit, unless too much waits already.
func (c *Client) snapshot(frames []*Frame) bool {
	c.mu.Lock()
	full := c.bytes > queueBytes
	c.mu.Unlock()
	if full {
		return false
	}
	items := make([]item, len(frames))
	for i, f := range frames {
		items[i] = item{frame: f, data: true}
	}
	c.push(items)
	return true
}

// delta notes a group's changes of the commit at work.
func (c *Client) delta(d *delta) {
	if len(c.deltas) == 0 {
		c.hub.touched = append(c.hub.touched, c)
	}
	c.deltas = append(c.deltas, d)
}

// flush queues the commit's frames as one unit; over the bound the queue's data
// is dropped and every subscription reset.
func (c *Client) flush() {
	if len(c.deltas) == 0 {
		return
	}
	items := make([]item, len(c.deltas))
	size := 0
	for i, d := range c.deltas {
		items[i] = item{frame: d.frame(i == len(c.deltas)-1), data: true}
		size += len(items[i].frame.Text)
	}
	clear(c.deltas)
	c.deltas = c.deltas[:0]
	c.mu.Lock()
	full := c.bytes > 0 && c.bytes+size > queueBytes
	c.mu.Unlock()
	if full {
		c.overflow()
		return
	}
	c.push(items)
}

// overflow drops what waits; each group is reset once the client has read what it has.
func (c *Client) overflow() {
	c.dropData()
	told := map[*group]bool{}
	for _, s := range c.subs {
		if m := s.g.members[c]; m != nil && !told[s.g] {
			told[s.g] = true
			m.state = lagging
			c.control(resetFrame(s.g.q, "lag"))
		}
	}
	c.lag()
}

// dropData empties the queue of snapshots and deltas; answers to syncs wait anew.
func (c *Client) dropData() {
	c.mu.Lock()
	kept := c.queue[:0]
	var again []data.Position
	for _, it := range c.queue {
		switch {
		case it.data:
		case it.sync != "":
			again = append(again, it.sync)
		default:
			kept = append(kept, it)
		}
	}
	clear(c.queue[len(kept):])
	c.queue, c.bytes = kept, 0
	c.mu.Unlock()
	c.syncs = append(c.syncs, again...)
	if len(c.syncs) > 0 && !c.closed {
		c.hub.syncs[c] = struct{}{}
	}
}

// lag notes that some members wait for the queue to be empty.
func (c *Client) lag() {
	c.laggard.Store(true)
	c.notify() // the writer finds the queue empty sooner or later
}

// caughtUp asks for the snapshots that a full queue had no room for.
func (c *Client) caughtUp() {
	if c.closed || !c.laggard.Swap(false) {
		return
	}
	for _, s := range c.subs {
		if m := s.g.members[c]; m != nil && m.state == lagging {
			m.state = waiting
			s.g.read()
		}
	}
}

// answerSyncs sends `commit` for the positions that have come, unless a snapshot
// is still to come.
func (c *Client) answerSyncs() {
	for _, s := range c.subs {
		if m := s.g.members[c]; m != nil && m.state != active {
			return
		}
	}
	var items []item
	c.syncs = slices.DeleteFunc(c.syncs, func(v data.Position) bool {
		if v > c.hub.pos {
			return false
		}
		items = append(items, item{frame: &Frame{Text: commitFrame(v)}, sync: v})
		return true
	})
	if len(items) > 0 {
		c.push(items)
	}
	if len(c.syncs) == 0 {
		delete(c.hub.syncs, c)
	}
}

// IDs lists the subscriptions, in order.
func (c *Client) IDs() []int64 {
	c.forget()
	return slices.Sorted(maps.Keys(c.asked))
}
