package live

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	queueBytes   = 1 << 20   // of snapshots and deltas that wait to be written
	unitBytes    = 4 << 20   // of one commit's frames; above it a snapshot is smaller
	controlBytes = 256 << 10 // of answers that wait; more: the client reads too slowly
	takeBytes    = 256 << 10 // that Take gives at once
	frameBytes   = 64        // what a frame costs besides its text
	keptItems    = 256       // of an empty queue's memory
	maxSyncs     = 256       // that wait; more are refused
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

	stuck atomic.Bool // too many answers wait

	joined atomic.Int32  // len(subs), for who looks on
	resets atomic.Uint64 // sent

	mu      sync.Mutex // guards the rest
	queue   []item
	bytes   int           // of data in queue
	control int           // of the rest
	shut    bool          // nothing more is queued
	over    []over        // subscriptions that the hub has ended
	since   time.Time     // when the queue was last empty
	given   uint64        // frames taken
	at      data.Position // of the last data taken
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

// owner is whose reads a group of this client's counts as: a principal, or a
// guest's address.
func (c *Client) owner() string {
	if c.principal.IsGuest() {
		return "guest:" + c.request.IP
	}
	return c.principal.Key
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
	c.unsubscribed(id)
	c.answer(endFrame(id, e))
}

// subscribed notes a subscription's group; on the hub's goroutine.
func (c *Client) subscribed(id int64, s sub) {
	c.subs[id] = s
	c.joined.Store(int32(len(c.subs)))
}

// unsubscribed forgets it; on the hub's goroutine.
func (c *Client) unsubscribed(id int64) {
	delete(c.subs, id)
	c.joined.Store(int32(len(c.subs)))
}

// reset tells that a snapshot of q will follow.
func (c *Client) reset(q, why string) {
	c.resets.Add(1)
	c.hub.resets.Add(1)
	c.answer(resetFrame(q, why))
}

// Send queues a frame of the connection's own (welcome, pong, auth, error).
func (c *Client) Send(frame []byte) { c.answer(frame) }

// Sub subscribes under an id; a reused one ends the old subscription.
// The answer, `subbed` or `end`, comes through the queue.
func (c *Client) Sub(ctx context.Context, id int64, q data.Query) {
	c.forget()
	c.Unsub(id)
	c.bind(ctx, id, q)
}

// Refuse answers a subscription with `end` without binding it.
func (c *Client) Refuse(id int64, err error) {
	c.hub.do(func() { c.answer(endFrame(id, hutch.AsError(err))) }) // in order with what was asked before
}

func (c *Client) bind(ctx context.Context, id int64, q data.Query) {
	ctx = hutch.WithPrincipal(ctx, c.principal)
	view, err := c.hub.o.Data.View(ctx, q, c.request)
	if err == nil {
		var reader *data.View
		if reader, err = c.hub.o.Data.View(ctx, q, c.request); err == nil {
			c.gen++
			gen, owner := c.gen, c.owner()
			c.asked[id] = asked{q, gen}
			c.hub.do(func() {
				if !c.closed {
					c.hub.join(c, id, gen, owner, view, reader)
				}
			})
			return
		}
	}
	delete(c.asked, id)
	c.Refuse(id, err)
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
			c.answerSyncs()
		}
	})
}

// Sync asks for `commit` once all deltas up to v have been queued.
func (c *Client) Sync(v data.Position) {
	c.hub.do(func() {
		if c.closed {
			return
		}
		if len(c.syncs) >= maxSyncs {
			c.answer(tooManySyncs)
			return
		}
		c.await(v)
		c.hub.syncs[c] = struct{}{}
		c.answerSyncs()
	})
}

// await notes a position in order.
func (c *Client) await(v data.Position) {
	i, _ := slices.BinarySearch(c.syncs, v)
	c.syncs = slices.Insert(c.syncs, i, v)
}

// Become makes the client act as p: what is queued is dropped, answer (if any)
// is the next frame, then each subscription is bound anew.
func (c *Client) Become(ctx context.Context, p hutch.Principal, answer []byte) {
	c.Pause()
	c.principal = p
	if answer != nil {
		c.answer(answer)
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
	c.part()
	c.mu.Lock()
	c.queue, c.bytes, c.control, c.shut = nil, 0, 0, true
	c.mu.Unlock()
}

// Finish ends all subscriptions and makes last the last frame that Take gives;
// data that waits goes before it with keep, else it is dropped.
func (c *Client) Finish(last []byte, keep bool) {
	c.part()
	c.mu.Lock()
	if !c.shut {
		if !keep {
			c.queue = slices.DeleteFunc(c.queue, func(it item) bool { return it.data || it.sync != "" })
		}
		c.queue, c.shut = append(c.queue, item{frame: &Frame{Text: last}}), true
	}
	c.mu.Unlock()
	c.notify()
}

// part leaves the hub for good.
func (c *Client) part() {
	c.hub.wait(func() {
		c.closed = true
		c.detach()
		c.syncs = nil
		delete(c.hub.syncs, c)
	})
}

// detach leaves all groups; on the hub's goroutine.
func (c *Client) detach() {
	for id, s := range c.subs {
		s.g.leave(c, id)
	}
	c.deltas = nil
	c.laggard.Store(false)
}

// delta notes a group's changes of the commit at work.
func (c *Client) delta(d *delta) {
	if len(c.deltas) == 0 {
		c.hub.touched = append(c.hub.touched, c)
	}
	c.deltas = append(c.deltas, d)
}

// answerSyncs sends `commit` for the positions that have come, unless a snapshot
// is still to come.
func (c *Client) answerSyncs() {
	if len(c.syncs) == 0 || c.syncs[0] > c.hub.reached() {
		return
	}
	for _, s := range c.subs {
		if m := s.g.members[c]; m != nil && m.state != active {
			return
		}
	}
	var items []item
	for _, v := range c.syncs {
		if v > c.hub.reached() {
			break
		}
		items = append(items, item{frame: &Frame{Text: commitFrame(v)}, sync: v})
	}
	c.syncs = slices.Delete(c.syncs, 0, len(items))
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
