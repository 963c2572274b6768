package data

import (
	"context"
	"sync"
	"time"
)

// usageLife is how long Usage answers from what it asked last.
const usageLife = 2 * time.Second

// usages keeps what the store last told.
type usages struct {
	mu  sync.Mutex // held while the store is asked, so that it is asked once
	all []Usage
	at  time.Time
}

// Usage tells what each collection of the store holds, as of some seconds ago;
// the caller changes nothing of it.
func (s *Service) Usage(ctx context.Context) ([]Usage, error) {
	u := &s.usages
	u.mu.Lock()
	defer u.mu.Unlock()
	if now := s.now(); u.at.IsZero() || now.Sub(u.at) >= usageLife || now.Before(u.at) {
		all, err := s.store.Usage(ctx)
		if err != nil {
			return nil, err
		}
		u.all, u.at = all, now
	}
	return u.all, nil
}
