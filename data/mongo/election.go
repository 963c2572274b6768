package mongo

import (
	"context"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/event"
)

// term is the primary as the driver last told of it.
type term struct {
	mu       sync.Mutex
	election bson.ObjectID // guarded by mu
}

// watch counts elections. The driver calls it one call at a time.
func (s *Store) watch(e *driver.TopologyDescriptionChangedEvent) {
	for i := range e.NewDescription.Servers {
		d := &e.NewDescription.Servers[i]
		if d.Kind != "RSPrimary" {
			continue
		}
		s.term.mu.Lock()
		if d.ElectionID != s.term.election {
			s.term.election = d.ElectionID
			s.elections.Add(1)
		}
		s.term.mu.Unlock()
	}
}

// settle makes sure that snapshots hold what other nodes acknowledged under the
// primary before: a new one has all of that in its log when it serves, but may
// not know yet that a majority has it, and would choose an earlier time.
func (s *Store) settle(ctx context.Context) error {
	n := s.elections.Load()
	if s.settled.Load() >= n {
		return nil
	}
	ses, sc, err := s.session(ctx)
	if err != nil {
		return err
	}
	defer s.release(ses)
	if err := s.db.RunCommand(sc, bson.D{{Key: "ping", Value: 1}}).Err(); err != nil {
		return err
	}
	s.seen.advance(s.position(ses))
	for was := s.settled.Load(); was < n && !s.settled.CompareAndSwap(was, n); was = s.settled.Load() {
	}
	return nil
}
