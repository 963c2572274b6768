package pebble

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch/data"
)

const readAhead = 64 // commits that a follower takes at a time

// Changes yields durable commits after a position, for ever. It waits for the
// durable mark, not by asking again and again.
func (s *Store) Changes(ctx context.Context, after data.Position) iter.Seq2[data.Commit, error] {
	return func(yield func(data.Commit, error) bool) {
		pos, err := parsePosition(after)
		if err != nil {
			yield(data.Commit{}, err)
			return
		}
		if pos > s.applied.Load() {
			yield(data.Commit{}, data.ErrLogGone)
			return
		}
		progress := time.NewTimer(progressEach)
		defer progress.Stop()
		buf := make([]data.Commit, 0, readAhead)
		for ctx.Err() == nil {
			done := s.sync.passed(pos + 1)
			if done == nil {
				if buf, err = s.read(buf[:0], pos); err != nil {
					yield(data.Commit{}, err)
					return
				}
				for i := range buf {
					if !yield(buf[i], nil) {
						return
					}
					pos, _ = parsePosition(buf[i].Position)
				}
				clear(buf)
				progress.Reset(progressEach)
				continue
			}
			select {
			case <-done:
			case <-progress.C:
				progress.Reset(progressEach)
				if !yield(data.Commit{Position: formatPosition(pos), At: s.o.Now()}, nil) {
					return
				}
			case <-ctx.Done():
			case <-s.ctx.Done():
				yield(data.Commit{}, errClosed)
				return
			}
		}
	}
}

// read appends durable commits after pos, at least one.
func (s *Store) read(dst []data.Commit, pos uint64) ([]data.Commit, error) {
	if !s.enter() {
		return dst, errClosed
	}
	defer s.leave()
	upTo := s.sync.durable.Load()
	if pos < s.log.trimmed.Load() {
		return dst, data.ErrLogGone
	}
	if out, ok := s.log.since(dst, pos, upTo); ok {
		return out, nil
	}
	it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: appendLogKey(nil, pos+1), UpperBound: appendLogKey(nil, upTo+1)})
	if err != nil {
		return dst, failed("reading the log", err)
	}
	for ok := it.First(); ok && len(dst) < cap(dst); ok = it.Next() {
		v := append([]byte(nil), it.Value()...)
		c, _, err := decodeEntry(logPos(it.Key()), v)
		if errors.Is(err, data.ErrLogGone) && len(dst) > 0 {
			break // they are told when they come to it
		}
		if err != nil {
			_ = it.Close()
			return dst, err
		}
		dst = append(dst, c)
	}
	if err := it.Close(); err != nil {
		return dst, failed("reading the log", err)
	}
	if pos < s.log.trimmed.Load() { // trimmed while we read
		return dst, data.ErrLogGone
	}
	return dst, nil
}
