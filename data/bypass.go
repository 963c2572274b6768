package data

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
)

const (
	bypassTold = 15 * time.Minute // what is told once in
	maxBypass  = 10_000           // kept in memory; beyond it some are told again
	writtenIDs = 5                // of a commit that are told
)

// Written is what a commit did to a collection.
type Written struct {
	Collection                string
	Created, Updated, Deleted int
	IDs                       []string // the first of the commit
}

// written gathers changes of the app's documents; nil where nobody is told.
func written(changes []Change, tells bool) (out []Written) {
	if !tells {
		return nil
	}
	at, ids := map[string]int{}, 0
	for i := range changes {
		c := &changes[i]
		if strings.HasPrefix(c.Collection, "_") {
			continue
		}
		k, ok := at[c.Collection]
		if !ok {
			k = len(out)
			at[c.Collection], out = k, append(out, Written{Collection: c.Collection})
		}
		w := &out[k]
		switch {
		case c.Before == nil:
			w.Created++
		case c.After == nil:
			w.Deleted++
		default:
			w.Updated++
		}
		if ids < writtenIDs {
			ids++
			w.IDs = append(w.IDs, c.ID)
		}
	}
	return out
}

// tellShown is tell of what steps will show beside what their writer sends:
// whether a condition on a document's fields holds, and, where documents are
// answered, the rest of one that is updated.
func (s *Service) tellShown(ctx context.Context, p *hutch.Principal, steps []*step, docs bool) error {
	if p.Kind != hutch.Operator {
		return nil
	}
	for _, st := range steps {
		if st.known && (st.match != nil || docs && st.op == OpUpdate) {
			if err := s.tell(ctx, p, st.coll); err != nil {
				return err
			}
		}
	}
	return nil
}

// bypasses remembers which reads without rules were told.
type bypasses struct {
	mu   sync.Mutex
	told map[bypass]time.Time // guarded by mu
}

type bypass struct{ who, session, coll string }

// tell says that a person reads a collection without rules, before the read: once
// in a quarter of an hour for a session and a collection. Who cannot be told of
// does not read.
func (s *Service) tell(ctx context.Context, p *hutch.Principal, coll string) error {
	if p.Kind != hutch.Operator || s.bypassed == nil {
		return nil
	}
	now, key := s.now(), bypass{p.UID, p.SessionID, coll}
	b := &s.bypasses
	b.mu.Lock()
	at, ok := b.told[key]
	b.mu.Unlock()
	if ok && now.Sub(at) < bypassTold {
		return nil
	}
	if err := s.bypassed(ctx, *p, coll); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.told == nil || len(b.told) >= maxBypass {
		b.told = map[bypass]time.Time{}
	}
	b.told[key] = now
	return nil
}
