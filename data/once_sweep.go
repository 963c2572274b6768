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

// sweepOnce deletes idempotency records that are past their life or beyond what
// their owner may keep, until ctx ends.
func (s *Service) sweepOnce(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "sweeping idempotency records", "error", err)
			}
		}
	}
}

// sweep runs once.
func (s *Service) sweep(ctx context.Context) error {
	if len(s.app.Load().colls) == 0 { // before Use the index is not there
		return nil
	}
	expired := Where{Op: OpLte, Path: "expires", Value: Date(s.now())}
	for {
		n, err := s.sweepWhere(ctx, expired, nil, sweepBatch)
		if err != nil {
			return err
		}
		if n < sweepBatch {
			break
		}
	}
	for _, owner := range s.kept.take() {
		if err := s.prune(ctx, owner); err != nil {
			return err
		}
	}
	return nil
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
		n, err := s.sweepWhere(ctx, mine, []Order{{Path: "at"}}, min(over, sweepBatch))
		if err != nil || n == 0 {
			return err
		}
		over -= n
	}
	return nil
}

// sweepWhere deletes the first n records that match.
func (s *Service) sweepWhere(ctx context.Context, w Where, order []Order, n int) (int, error) {
	st := &state{s: s}
	defer st.close()
	b := &Batch{Now: s.now()}
	p := &Plan{Collection: onceCollection.Name, Where: w, OrderBy: order, Limit: n, Budget: &Budget{}}
	for d, err := range st.find(ctx, p, false) {
		if err != nil {
			return 0, err
		}
		seen := versionOf(d)
		b.Writes = append(b.Writes, Write{
			Collection: onceCollection.Name, ID: idOf(d), Expect: AnyVersion,
			Next: func(old Doc) (Doc, error) {
				if versionOf(old) != seen { // the key was used again
					return old, nil
				}
				return nil, nil
			},
		})
	}
	st.close()
	if len(b.Writes) == 0 {
		return 0, nil
	}
	ctx, cancel := deadline(ctx)
	defer cancel()
	_, err := s.store.Commit(ctx, b)
	return len(b.Writes), err
}
