package functions

import (
	"context"
	"sync"

	"github.com/hutch-dev/hutch"
)

const (
	maxWaiting        = 1000 // calls, in all
	maxWaitingEach    = 200  // of one principal
	maxRunsOfFunction = 64   // in flight on a node
)

// queue shares the runtime's slots fairly: a free slot goes to the principal
// with the fewest runs, and no principal holds more than half of them.
type queue struct {
	slots int

	mu      sync.Mutex // guards the rest
	free    int
	running map[string]int // by principal
	ofFunc  map[string]int // by function
	waiting []*ticket      // in order of arrival
	each    map[string]int // waiting, by principal
}

type ticket struct {
	who, function string
	granted       chan struct{} // closed under mu when the slot is given
}

func newQueue(slots int) *queue {
	return &queue{slots: slots, free: slots, running: map[string]int{}, ofFunc: map[string]int{}, each: map[string]int{}}
}

// enter waits for a slot; leave gives it back. resource_exhausted: too many
// wait, or ctx ended first.
func (q *queue) enter(ctx context.Context, who, function string) (leave func(), err error) {
	t := &ticket{who: who, function: function, granted: make(chan struct{})}
	leave = sync.OnceFunc(func() { q.leave(t) })
	q.mu.Lock()
	if q.fits(t) {
		q.take(t)
		q.mu.Unlock()
		return leave, nil
	}
	if len(q.waiting) >= maxWaiting || q.each[who] >= maxWaitingEach {
		q.mu.Unlock()
		return nil, errQueueFull()
	}
	q.waiting = append(q.waiting, t)
	q.each[who]++
	q.mu.Unlock()

	select {
	case <-t.granted:
		return leave, nil
	case <-ctx.Done():
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-t.granted: // given at the same moment
		go leave()
	default:
		q.remove(t)
	}
	return nil, errQueueFull()
}

func errQueueFull() error {
	return hutch.Errorf(hutch.ResourceExhausted, "too many function calls wait").WithHint("try again after Retry-After")
}

func (q *queue) fits(t *ticket) bool {
	return q.free > 0 && q.running[t.who] < max(2, q.slots/2) && q.ofFunc[t.function] < maxRunsOfFunction
}

func (q *queue) take(t *ticket) {
	q.free--
	q.running[t.who]++
	q.ofFunc[t.function]++
}

func (q *queue) leave(t *ticket) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free++
	decrement(q.running, t.who)
	decrement(q.ofFunc, t.function)
	for q.free > 0 {
		var next *ticket
		for _, w := range q.waiting {
			if q.fits(w) && (next == nil || q.running[w.who] < q.running[next.who]) {
				next = w
			}
		}
		if next == nil {
			return
		}
		q.remove(next)
		q.take(next)
		close(next.granted)
	}
}

func (q *queue) remove(t *ticket) {
	for i, w := range q.waiting {
		if w == t {
			q.waiting = append(q.waiting[:i], q.waiting[i+1:]...)
			decrement(q.each, t.who)
			return
		}
	}
}

func decrement(m map[string]int, key string) {
	if m[key]--; m[key] <= 0 {
		delete(m, key)
	}
}
