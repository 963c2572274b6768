package functions

import (
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
)

const (
	breakerKills  = 3
	breakerWindow = time.Minute
	breakerOpen   = 30 * time.Second
)

// breaker refuses a function's calls for a while when they keep killing processes.
type breaker struct {
	now func() time.Time

	mu    sync.Mutex // guards the rest
	kills map[string][]time.Time
	until map[string]time.Time
}

func newBreaker(now func() time.Time) *breaker {
	return &breaker{now: now, kills: map[string][]time.Time{}, until: map[string]time.Time{}}
}

// allow is unavailable while the function's breaker is open.
func (b *breaker) allow(function string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	until, open := b.until[function]
	if !open {
		return nil
	}
	left := until.Sub(b.now())
	if left <= 0 {
		delete(b.until, function)
		return nil
	}
	e := hutch.Errorf(hutch.Unavailable, "function %s is stopped: its runs kept ending their process", function)
	e.RetryAfter = left
	return e
}

// killed notes a process that a run of the function took down.
func (b *breaker) killed(function string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	recent := b.kills[function][:0]
	for _, at := range b.kills[function] {
		if now.Sub(at) < breakerWindow {
			recent = append(recent, at)
		}
	}
	recent = append(recent, now)
	if len(recent) >= breakerKills {
		b.until[function] = now.Add(breakerOpen)
		recent = recent[:0]
	}
	b.kills[function] = recent
}
