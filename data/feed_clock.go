package data

import "time"

const (
	clockSpan  = time.Minute     // of what is remembered of the store's clock, once or twice
	clockFault = 2 * time.Second // what a clock may be off before it is corrected
)

// storeClock is what a node knows of the store's clock: how far that was ahead
// of its own when a commit came, at most. Commits come late, never early.
type storeClock struct {
	ahead, before time.Duration // the most in this span and in the one before
	since         time.Time
	known, twice  bool
}

// saw takes up a commit made at `at` by the store's clock and heard now.
func (c *storeClock) saw(at, now time.Time) {
	d := at.Sub(now)
	switch {
	case !c.known:
		*c = storeClock{ahead: d, since: now, known: true}
	case now.Sub(c.since).Abs() >= clockSpan:
		*c = storeClock{ahead: d, before: c.ahead, since: now, known: true, twice: true}
	default:
		c.ahead = max(c.ahead, d)
	}
}

// off is how far the store's clock is ahead, 0 within what commits take to come.
func (c *storeClock) off() time.Duration {
	d := c.ahead
	if c.twice {
		d = max(d, c.before)
	}
	if d.Abs() < clockFault {
		return 0
	}
	return d
}

// StoreNow is the time by the store's clock as far as commits have shown it: the
// node's own while they differ by less than 2 s. Nodes compare leases by it.
func (f *Feed) StoreNow() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now().Add(f.clock.off())
}
