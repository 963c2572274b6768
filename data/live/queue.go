package live

import (
	"slices"

	"github.com/hutch-dev/hutch/data"
)

// item is a frame in the queue; data may be dropped and caught up on.
type item struct {
	frame *Frame
	data  bool
	joint bool          // the next item is of the same commit
	sync  data.Position // of a commit frame
	at    data.Position // of data
}

func (it *item) size() int { return len(it.frame.Text) + frameBytes }

// Stuck reports whether so many answers waited that the client was given up:
// its queue is gone and nothing more is queued.
func (c *Client) Stuck() bool { return c.stuck.Load() }

// Take gives what is queued, oldest first, at most about 256 KiB or a commit;
// none: the queue is empty and notify will be called for the next frame. Safe
// beside the other methods.
func (c *Client) Take(into []*Frame) []*Frame {
	c.mu.Lock()
	n := 0
	for size := 0; n < len(c.queue) && (size < takeBytes || c.queue[n-1].joint); n++ {
		it := &c.queue[n]
		into = append(into, it.frame)
		c.at = max(c.at, it.at)
		size += it.size()
		if it.data {
			c.bytes -= len(it.frame.Text)
		} else {
			c.control -= it.size()
		}
	}
	if c.queue = slices.Delete(c.queue, 0, n); len(c.queue) == 0 && cap(c.queue) > keptItems {
		c.queue = nil
	}
	c.given += uint64(n)
	c.mu.Unlock()
	if n > 0 {
		c.hub.given.Add(uint64(n))
	}
	if len(into) == 0 && c.laggard.Load() {
		c.hub.do(c.caughtUp)
	}
	return into
}

// answer queues a frame that is never dropped alone: of a client that lets too
// many wait, everything is.
func (c *Client) answer(frame []byte) { c.push([]item{{frame: &Frame{Text: frame}}}) }

func (c *Client) push(items []item) {
	c.mu.Lock()
	if c.shut {
		c.mu.Unlock()
		return
	}
	first := len(c.queue) == 0
	if first {
		c.since = c.hub.o.Now()
	}
	c.queue = append(c.queue, items...)
	for i := range items {
		if items[i].data {
			c.bytes += len(items[i].frame.Text)
		} else {
			c.control += items[i].size()
		}
	}
	if c.control > controlBytes {
		c.queue, c.bytes, c.control, c.shut, first = nil, 0, 0, true, true
		c.stuck.Store(true)
	}
	c.mu.Unlock()
	if first {
		c.notify()
	}
}

// snapshot queues frames as one unit, unless too much waits already.
func (c *Client) snapshot(at data.Position, frames []*Frame) bool {
	c.mu.Lock()
	full := c.bytes > queueBytes
	c.mu.Unlock()
	if full {
		return false
	}
	items := make([]item, len(frames))
	for i, f := range frames {
		items[i] = item{frame: f, data: true, at: at}
	}
	c.push(items)
	return true
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
		last := i == len(c.deltas)-1
		items[i] = item{frame: d.frame(last), data: true, joint: !last, at: d.v}
		size += len(items[i].frame.Text)
	}
	clear(c.deltas)
	c.deltas = c.deltas[:0]
	c.mu.Lock()
	full := c.bytes > 0 && c.bytes+size > queueBytes || size > unitBytes
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
			c.reset(s.g.q, "lag")
		}
	}
	c.lag()
}

// dropData empties the queue of snapshots and deltas; answers to syncs wait anew.
func (c *Client) dropData() {
	c.mu.Lock()
	kept, control := c.queue[:0], 0
	var again []data.Position
	for _, it := range c.queue {
		switch {
		case it.data:
		case it.sync != "":
			again = append(again, it.sync)
		default:
			kept = append(kept, it)
			control += it.size()
		}
	}
	clear(c.queue[len(kept):])
	c.queue, c.bytes, c.control = kept, 0, control
	c.mu.Unlock()
	for _, v := range again {
		c.await(v)
	}
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
