package data

import (
	"context"
	"log/slog"
	"time"
)

// Waiting is how many wait in a document's line behind the one that has the
// turn; -1: there is no line.
func (s *Service) Waiting(coll, id string) int {
	s.turns.mu.Lock()
	defer s.turns.mu.Unlock()
	l := s.turns.line[docKey{coll, id}]
	if l == nil {
		return -1
	}
	return len(l.waiting)
}

// Sweep deletes idempotency records past their life or their owner's number,
// and counts past theirs.
func (s *Service) Sweep(ctx context.Context) error {
	lease := s.Lease("sweep", sweepLease)
	defer func() { _ = lease.Release(ctx) }()
	return s.sweep(ctx, lease)
}

// SweepUnder is Sweep under a lease that goes on.
func (s *Service) SweepUnder(ctx context.Context, l *Lease) error { return s.sweep(ctx, l) }

// Unindexed is how many unindexed queries of a principal run or wait.
func (s *Service) Unindexed(key string) int {
	s.gate.mu.Lock()
	defer s.gate.mu.Unlock()
	if p := s.gate.free[key]; p != nil {
		return p.users
	}
	return 0
}

// RunFeed starts a feed of its own with a ring of limit bytes.
func RunFeed(s Store, limit int64) (f *Feed, stop func()) {
	f = newFeed(s, time.Now, slog.New(slog.DiscardHandler))
	f.limit = limit
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { f.run(ctx); close(done) }()
	return f, func() { cancel(); <-done }
}

// Held is how many commits the ring holds.
func (f *Feed) Held() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.ring)
}

// StoreClockOff is what a node makes of commits' times.
func StoreClockOff(start time.Time, step time.Duration, seen []time.Duration) time.Duration {
	var c storeClock
	for i, d := range seen {
		now := start.Add(time.Duration(i) * step)
		c.saw(now.Add(d), now)
	}
	return c.off()
}
