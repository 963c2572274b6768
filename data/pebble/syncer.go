package pebble

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch"
)

// syncer shares fsyncs: all commits that were applied when one begins are
// durable when it ends.
type syncer struct {
	durable atomic.Uint64 // the durable mark: every commit up to it is on disk
	wake    chan struct{} // holds a token when something waits for the disk

	mu      sync.Mutex
	running chan struct{} // closed when the sync under way ends; nil: none
	target  uint64        // what it makes durable
	next    chan struct{} // closed when the one after it ends
}

func (y *syncer) start(durable uint64) {
	y.wake, y.next = make(chan struct{}, 1), make(chan struct{})
	y.durable.Store(durable)
}

func (y *syncer) poke() {
	select {
	case y.wake <- struct{}{}:
	default:
	}
}

// passed gives a channel that closes once the mark may have passed pos; nil
// when it has.
func (y *syncer) passed(pos uint64) <-chan struct{} {
	if y.durable.Load() >= pos {
		return nil
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	switch {
	case y.durable.Load() >= pos:
		return nil
	case y.running != nil && y.target >= pos:
		return y.running
	}
	return y.next
}

// begin notes a sync of everything up to target.
func (y *syncer) begin(target uint64) {
	y.mu.Lock()
	y.running, y.target, y.next = y.next, target, make(chan struct{})
	y.mu.Unlock()
}

func (y *syncer) end() {
	y.mu.Lock()
	close(y.running)
	y.running = nil
	y.durable.Store(y.target)
	y.mu.Unlock()
}

// await returns once commits up to pos are on disk. pos has been applied.
func (s *Store) await(ctx context.Context, pos uint64) error {
	for {
		done := s.sync.passed(pos)
		if done == nil {
			return nil
		}
		s.sync.poke()
		select {
		case <-done:
		case <-ctx.Done():
			return hutch.Errorf(hutch.Unavailable, "the disk did not answer in time, it may have happened: %w", ctx.Err())
		}
	}
}

// syncLoop makes commits durable, and shows durable states to readers.
func (s *Store) syncLoop() {
	for {
		select {
		case <-s.ctx.Done():
			s.syncOnce() // calls that run may wait for it
			for s.running.Load() > 0 {
				select {
				case <-s.sync.wake:
					s.syncOnce()
				case <-s.idle:
				}
			}
			return
		case <-s.sync.wake:
		}
		if s.o.Durability == Relaxed {
			select {
			case <-time.After(relaxedDelay):
			case <-s.ctx.Done():
			}
		}
		s.syncOnce()
	}
}

func (s *Store) syncOnce() {
	if s.applied.Load() == s.sync.durable.Load() {
		return
	}
	v, target := s.views.ahead(s)
	s.sync.begin(target)
	if err := s.db.LogData(nil, pebble.Sync); err != nil {
		// Pebble calls Fatalf before; should it ever not, nothing is acknowledged.
		s.o.Log.Error("store cannot go on", slog.Any("error", err))
		s.o.Fatal(failed("syncing the log", err))
		select {}
	}
	if v != nil {
		s.views.publish(v)
	}
	s.sync.end()
}
