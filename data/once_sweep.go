package data

import (
	"context"
	"strings"
	"sync"
	"time"
)

const (
	sweepBatch = 200
	sweepEvery = time.Minute
	sweepLease = 2 * sweepEvery // of the node that sweeps
)

// kept counts the records written since an owner's were last pruned.
type kept struct {
	mu    sync.Mutex
	since map[string]int // guarded by mu; per owner
	full  []string       // guarded by mu; owners to prune
}

// add counts a record; every tenth of what an owner may keep it is his turn to be
// pruned.
func (k *kept) add(s *Service, owner string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.since == nil || len(k.since) > 100_000 { // forgetting only delays a pruning
		k.since = make(map[string]int)
	}
	if k.since[owner]++; k.since[owner] >= max(s.onceKept(owner)/10, 1) {
		delete(k.since, owner)
		k.full = append(k.full, owner)
	}
}

func (k *kept) take() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	full := k.full
	k.full = nil
	return full
}

func (s *Service) onceKept(owner string) int {
	if strings.HasPrefix(owner, "service:") {
		return s.limits.OnceKeptByKeys
	}
	return s.limits.OnceKept
}

// sweepOnce deletes idempotency records and counts that are past their life, on
// one node of all, and records beyond what their owner may keep, until ctx ends.
func (s *Service) sweepOnce(ctx context.Context) {
	lease := s.Lease("sweep", sweepLease)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.sweep(ctx, lease); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "sweeping idempotency records and limits", "error", err)
			}
		}
	}
}

// sweep runs once. Each node prunes the owners whose records it wrote; what they
// delete is the same.
func (s *Service) sweep(ctx context.Context, lease *Lease) error {
	if len(s.app.Load().colls) == 0 { // before Use the index is not there
		return nil
	}
	for _, coll := range []string{onceCollection.Name, limitsCollection.Name} {
		if err := s.sweepExpired(ctx, lease, coll); err != nil {
			return err
		}
	}
	if err := s.sweepErasures(ctx, lease); err != nil {
		return err
	}
	for _, owner := range s.kept.take() {
		if err := s.prune(ctx, owner); err != nil {
			return err
		}
	}
	return nil
}

// sweepExpired deletes what expired in coll, under the lease: it is asked for
// only where there is something, so that an idle server does not write.
func (s *Service) sweepExpired(ctx context.Context, lease *Lease, coll string) error {
	for {
		b, err := s.swept(ctx, coll, Where{Op: OpLte, Path: "expires", Value: Date(s.now())}, nil, sweepBatch)
		if err != nil || len(b.Writes) == 0 {
			return err
		}
		if ok, err := lease.Acquire(ctx); err != nil || !ok {
			return err
		}
		if err := s.commitSweep(ctx, b); err != nil || len(b.Writes) < sweepBatch {
			return err
		}
	}
}

// prune deletes an owner's oldest records beyond what he may keep.
func (s *Service) prune(ctx context.Context, owner string) error {
	mine := Where{Op: OpEq, Path: "owner", Value: String(owner)}
	st := &state{s: s}
	snap, err := st.snapshot(ctx)
	if err != nil {
		return err
	}
	n, err := snap.Count(ctx, &Plan{Collection: onceCollection.Name, Where: mine, Budget: &Budget{}})
	st.close()
	if err != nil {
		return err
	}
	for over := int(n) - s.onceKept(owner); over > 0; {
		b, err := s.swept(ctx, onceCollection.Name, mine, []Order{{Path: "at"}}, min(over, sweepBatch))
		if err != nil || len(b.Writes) == 0 {
			return err
		}
		if err := s.commitSweep(ctx, b); err != nil {
			return err
		}
		over -= len(b.Writes)
	}
	return nil
}

// swept deletes the first n documents of coll that match and stay as they are.
func (s *Service) swept(ctx context.Context, coll string, w Where, order []Order, n int) (*Batch, error) {
	st := &state{s: s}
	defer st.close()
	b := &Batch{Now: s.now()}
	p := &Plan{Collection: coll, Where: w, OrderBy: order, Limit: n, Budget: &Budget{}}
	for d, err := range st.find(ctx, p, false) {
		if err != nil {
			return nil, err
		}
		seen := versionOf(d)
		b.Writes = append(b.Writes, Write{
			Collection: coll, ID: idOf(d), Expect: AnyVersion,
			Next: func(old Doc) (Doc, error) {
				if versionOf(old) != seen { // used again
					return old, nil
				}
				return nil, nil
			},
		})
	}
	return b, nil
}

func (s *Service) commitSweep(ctx context.Context, b *Batch) error {
	ctx, cancel := deadline(ctx)
	defer cancel()
	_, err := s.store.Commit(ctx, b)
	return err
}
