package auth

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

// Counter counts tries. Its errors refuse the try: limits fail closed.
type Counter interface {
	// Hit counts one under key when fewer than limit stand in the window that
	// ends now, else it gives how long to wait.
	Hit(ctx context.Context, key string, limit int, window time.Duration) (wait time.Duration, err error)
	// Back counts one under key unless the last ones ask to wait: free of them
	// pass, then each has to wait for base, doubled with each up to most.
	Back(ctx context.Context, key string, free int, base, most time.Duration) (wait time.Duration, err error)
	// Undo takes one Hit or Back back; Forget all of key.
	Undo(ctx context.Context, key string) error
	Forget(ctx context.Context, key string) error
}

// memoryCounter counts in this process. It holds a bounded number of keys; those
// beyond share a few slots, so that a flood of keys slows strangers of one slot
// and never opens anything.
type memoryCounter struct {
	now  func() time.Time
	most int
	seed maphash.Seed

	mu     sync.Mutex // guards the rest
	keys   map[string]*tally
	shared [1024]tally
	swept  time.Time
}

// tally is a sliding window of two fixed ones, or a backing-off.
type tally struct {
	start        time.Time // of the present window
	window       time.Duration
	before, here int
	tries        int
	until        time.Time // the next try of a backing-off
}

const backMemory = time.Hour // a backing-off is forgotten so long after its last wait

// NewMemoryCounter counts in this process, at most keys at a time [100,000].
func NewMemoryCounter(now func() time.Time, keys int) Counter {
	if keys <= 0 {
		keys = 100_000
	}
	return &memoryCounter{now: now, most: keys, seed: maphash.MakeSeed(), keys: map[string]*tally{}}
}

func (c *memoryCounter) Hit(_ context.Context, key string, limit int, window time.Duration) (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	t := c.tally(key, now)
	if wait := t.full(now, limit, window); wait > 0 {
		return wait, nil
	}
	t.here++
	return 0, nil
}

func (c *memoryCounter) Back(_ context.Context, key string, free int, base, most time.Duration) (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	t := c.tally(key, now)
	if now.Before(t.until) {
		return t.until.Sub(now), nil
	}
	if !t.until.IsZero() && now.Sub(t.until) > backMemory {
		t.tries = 0
	}
	t.tries++
	t.until = now
	if over := t.tries - free; over >= 0 {
		t.until = now.Add(min(base<<min(over, 30), most))
	}
	return 0, nil
}

func (c *memoryCounter) Undo(_ context.Context, key string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	t := c.tally(key, now)
	t.here = max(t.here-1, 0)
	if t.tries > 0 {
		t.tries--
		t.until = now
	}
	return nil
}

func (c *memoryCounter) Forget(_ context.Context, key string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.keys, key)
	return nil
}

// tally finds the counts of key; with no room left even after sweeping, shared ones.
func (c *memoryCounter) tally(key string, now time.Time) *tally {
	if t := c.keys[key]; t != nil {
		return t
	}
	if len(c.keys) >= c.most && now.Sub(c.swept) > time.Second {
		c.swept = now
		for k, t := range c.keys {
			if t.idle(now) {
				delete(c.keys, k)
			}
		}
	}
	if len(c.keys) >= c.most {
		return &c.shared[maphash.String(c.seed, key)%uint64(len(c.shared))]
	}
	t := &tally{}
	c.keys[key] = t
	return t
}

// idle reports whether nothing is lost by forgetting t.
func (t *tally) idle(now time.Time) bool {
	return now.Sub(t.start) > 2*t.window && now.Sub(t.until) > backMemory
}

// full turns the windows and gives the wait when limit is reached: counts of the
// window before weigh by the share of it that still lies in the sliding one.
func (t *tally) full(now time.Time, limit int, window time.Duration) time.Duration {
	if t.window != window {
		t.window, t.start, t.before = window, now, 0
	}
	if n := now.Sub(t.start); n >= 2*window {
		t.start, t.before, t.here = now, 0, 0
	} else if n >= window {
		t.start, t.before, t.here = t.start.Add(window), t.here, 0
	}
	into := now.Sub(t.start)
	weighed := float64(t.before)*float64(window-into)/float64(window) + float64(t.here)
	if weighed+1 <= float64(limit) {
		return 0
	}
	if t.here+1 > limit {
		return window - into + 1
	}
	// before * (window-x)/window + here + 1 = limit
	free := float64(limit-1-t.here) / float64(t.before)
	return max(time.Duration(float64(window)*(1-free))-into, time.Second)
}
