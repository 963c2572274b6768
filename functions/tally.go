package functions

import (
	"maps"
	"sync"
	"time"
)

// Tally is what a function did since the server started.
type Tally struct {
	Calls    int64
	Failures int64     // runs that ended otherwise than by an answer or a HutchError
	InARow   int64     // failures since the last good run
	FailedAt time.Time // the last one
}

// tallies counts runs by function.
type tallies struct {
	mu sync.Mutex // guards by
	by map[string]Tally
}

func (t *tallies) count(function string, failed bool, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil {
		t.by = map[string]Tally{}
	}
	x := t.by[function]
	x.Calls++
	if x.InARow++; !failed {
		x.InARow = 0
	} else {
		x.Failures++
		x.FailedAt = at
	}
	t.by[function] = x
}

// Tallies are the counts of the functions that ran.
func (s *Service) Tallies() map[string]Tally {
	s.tallies.mu.Lock()
	defer s.tallies.mu.Unlock()
	return maps.Clone(s.tallies.by)
}
