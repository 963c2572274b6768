package functions

import (
	"maps"
	"sync"
	"time"
)

// Tally is what a function did since the server started.
type Tally struct {
	Calls    int64
	Failures int64     // as Outcome.Failed says
	InARow   int64     // failures since the last run that was none
	FailedAt time.Time // the last one
}

// tallies counts runs by function.
type tallies struct {
	mu sync.Mutex // guards by
	by map[string]Tally
}

func (t *tallies) count(k *Run) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil {
		t.by = map[string]Tally{}
	}
	x := t.by[k.Function]
	x.Calls++
	if x.InARow++; !k.Failed {
		x.InARow = 0
	} else {
		x.Failures++
		x.FailedAt = k.At
	}
	t.by[k.Function] = x
}

// Tallies are the counts of the functions that ran.
func (s *Service) Tallies() map[string]Tally {
	s.tallies.mu.Lock()
	defer s.tallies.mu.Unlock()
	return maps.Clone(s.tallies.by)
}
