package server

import (
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
)

const (
	searches   = 2  // of the journals at the same time on a node
	searchWait = 16 // that wait for one of these to end
	searchTime = 5 * time.Second
)

// gate lets a few searches of the journals run: each unpacks up to 64 MiB.
type gate struct {
	once  sync.Once
	slots chan struct{} // taken by who runs
	queue chan struct{} // taken by who runs or waits
}

// enterSearch waits for its turn, bounded by the request and a few seconds; leave
// is called when the search is over. Keys have a gate of their own: what a script
// does keeps no operator from looking.
func (r *request) enterSearch() (leave func(), err error) {
	g := &r.srv.searches.operators
	if r.who.Kind == hutch.Service {
		g = &r.srv.searches.keys
	}
	g.once.Do(func() {
		g.slots, g.queue = make(chan struct{}, searches), make(chan struct{}, searches+searchWait)
	})
	busy := &hutch.Error{Code: hutch.Unavailable, Message: "the server is busy with other searches", RetryAfter: 2 * time.Second}
	select {
	case g.queue <- struct{}{}:
	default:
		return nil, busy
	}
	late := time.NewTimer(searchTime)
	defer late.Stop()
	select {
	case g.slots <- struct{}{}:
		return func() { <-g.slots; <-g.queue }, nil
	case <-late.C:
		err = busy
	case <-r.ctx.Done():
		err = r.ctx.Err()
	}
	<-g.queue
	return nil, err
}

// tails counts who looks on, in all and by principal.
type tails struct {
	mu  sync.Mutex // guards the rest
	all int
	by  map[string]int
}

func (t *tails) enter(who string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all >= maxTails || t.by[who] >= ownTails {
		return false
	}
	if t.by == nil {
		t.by = map[string]int{}
	}
	t.all++
	t.by[who]++
	return true
}

func (t *tails) leave(who string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all--
	if t.by[who]--; t.by[who] == 0 {
		delete(t.by, who)
	}
}
