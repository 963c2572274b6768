package pebble

import (
	"context"
	"hash/maphash"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const maxWrites = 500

// Commit applies a batch: all or nothing, durable on return. What the batch asks
// is evaluated before the sequencer's turn, and again within it only if one of
// its documents changed meanwhile.
func (s *Store) Commit(ctx context.Context, b *data.Batch) (data.Result, error) {
	if !s.enter() {
		return data.Result{}, errClosed
	}
	defer s.leave()
	if ctx.Err() != nil {
		return data.Result{}, ctxError(ctx)
	}
	if len(b.Writes) > maxWrites {
		return data.Result{}, hutch.Errorf(hutch.InvalidArgument, "a batch holds at most %d writes", maxWrites)
	}
	if err := s.space.admit(s, 0); err != nil {
		return data.Result{}, err
	}
	if err := s.ensure(b.Writes); err != nil {
		return data.Result{}, err
	}
	e := newEvaluation(s, b)
	defer e.free()

	base := s.applied.Load()
	e.run(s.cat.Load())
	if e.size > largeBatch {
		if err := s.space.admit(s, e.size); err != nil {
			return data.Result{}, err
		}
	}
	pos, changes, err := s.sequence(e, base)
	// A refusal tells of the state too: it waits until that state is durable.
	if s.o.Durability == Relaxed {
		s.sync.poke()
	} else if werr := s.await(ctx, pos); werr != nil {
		return data.Result{}, werr
	}
	if err != nil {
		return data.Result{}, err
	}
	return data.Result{Position: formatPosition(pos), Changes: changes}, nil
}

// sequence is a commit's turn. It gives the position whose state holds the
// batch, or that the error was judged on.
func (s *Store) sequence(e *evaluation, base uint64) (pos uint64, changes []data.Change, err error) {
	done := false
	s.mu.Lock()
	defer func() {
		tell := done && e.batch.Applied != nil
		if tell {
			s.fresh.Store(s.last)
		}
		s.mu.Unlock()
		if tell {
			e.batch.Applied()
		}
	}()
	if cat := s.cat.Load(); e.cat != cat || s.moved(e, base) {
		e.reset()
		e.run(cat)
	}
	if e.err != nil {
		return s.last, nil, e.err
	}
	pos, err = s.nextPosition()
	if err != nil {
		return s.last, nil, err
	}
	own := e.stamp(pos)
	if err := e.complete(pos); err != nil {
		return s.last, nil, err
	}
	if len(e.changes) == 0 {
		done = true
		return s.last, nil, nil
	}
	if err := s.apply(e, pos); err != nil {
		return s.last, nil, err
	}
	done = true
	return pos, e.changes[:own:own], nil
}

// moved reports whether a document of e may have changed since base.
func (s *Store) moved(e *evaluation, base uint64) bool {
	for i := range e.docs {
		if s.recent[s.slot(e.docs[i].key)] > base {
			return true
		}
	}
	return false
}

func (s *Store) slot(key []byte) uint64 {
	return maphash.Bytes(s.seed, key) % uint64(len(s.recent))
}

// nextPosition is time where it can be, so that versions do not come twice
// after a restore.
func (s *Store) nextPosition() (uint64, error) {
	pos := max(s.last+1, uint64(max(s.o.Now().UnixMicro(), 1)))
	if pos > maxPosition {
		return 0, hutch.Errorf(hutch.Internal, "the clock is beyond the year 2255, there are no more positions")
	}
	return pos, nil
}

// apply writes what e changes, in memory and to the log on disk, not yet synced.
func (s *Store) apply(e *evaluation, pos uint64) error {
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	if err := e.fill(b); err != nil {
		return failed("writing", err)
	}
	entry := e.entry(s.last)
	if err := s.log.note(b, &s.o, s.last, pos, len(entry)); err != nil {
		return failed("writing the log", err)
	}
	var key [9]byte
	if err := b.Set(appendLogKey(key[:0], pos), entry, nil); err != nil {
		return failed("writing the log", err)
	}
	var few [4]move
	moved, err := s.tally(b, e, few[:0])
	if err != nil {
		return failed("writing", err)
	}
	s.started.Store(pos)
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		s.started.Store(s.last)
		return failed("writing", err)
	}
	s.tallied(moved)
	for i := range e.docs {
		if d := &e.docs[i]; d.changed {
			s.recent[s.slot(d.key)] = pos
		}
	}
	c := data.Commit{Position: formatPosition(pos), At: time.UnixMilli(e.at).UTC(), Changes: e.logged()}
	s.log.push(s.last, pos, len(entry), c)
	s.last = pos
	s.applied.Store(pos)
	return nil
}
