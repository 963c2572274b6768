package data

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sort"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
)

const (
	feedBytes = 64 << 20
	feedBatch = 64 // commits handed to a reader at a time
	feedRetry = 100 * time.Millisecond
)

// Feed shows whole commits in order to any number of readers: the node's one
// reader of Store.Changes, with a ring of the newest 64 MiB.
type Feed struct {
	store Store
	now   func() time.Time
	log   *slog.Logger
	limit int64

	mu     sync.Mutex
	ring   []Commit      // guarded by mu; commits after from, in order; the array behind it is only appended to
	sizes  []int64       // guarded by mu; of ring
	bytes  int64         // guarded by mu
	from   Position      // guarded by mu; ring is complete after it
	head   Position      // guarded by mu
	heard  time.Time     // guarded by mu
	state  time.Time     // guarded by mu; head is the state of then, or of later
	wake   chan struct{} // guarded by mu; closed at the next news; nil: nobody waits
	joined bool          // guarded by mu; from is known
	gone   bool          // guarded by mu; the log does not reach back to where a node begins
	clock  storeClock    // guarded by mu
	caught bool          // guarded by mu; the present was reached once
}

func newFeed(store Store, now func() time.Time, log *slog.Logger) *Feed {
	return &Feed{store: store, now: now, log: log, limit: feedBytes}
}

// run reads the store's changes until ctx ends; what fails is tried again.
func (f *Feed) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := f.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, ErrLogGone) {
			f.mu.Lock()
			f.joined, f.gone = false, true
			f.mu.Unlock()
		}
		f.log.WarnContext(ctx, "reading changes", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(feedRetry):
		}
	}
}

// follow reads from where the feed is, or from where the store says that a node
// begins.
func (f *Feed) follow(ctx context.Context) error {
	f.mu.Lock()
	joined, gone, after := f.joined, f.gone, f.head
	f.mu.Unlock()
	if !joined {
		info, err := f.store.Info(ctx)
		if err != nil {
			return err
		}
		if after = info.Recent; after == "" || gone {
			after = info.Head
		}
		f.mu.Lock()
		f.ring, f.sizes, f.bytes = nil, nil, 0
		f.from, f.head, f.joined, f.gone = after, after, true, false
		f.news()
		f.mu.Unlock()
	}
	for c, err := range f.store.Changes(ctx, after) {
		if err != nil {
			return err
		}
		f.add(c)
	}
	return nil
}

// add takes up a commit, or progress.
func (f *Feed) add(c Commit) {
	size := int64(64)
	for i := range c.Changes {
		ch := &c.Changes[i]
		size += int64(len(ch.Before)+len(ch.After)+len(ch.ID)) + 128
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard = f.now()
	if f.state = f.heard; !c.At.IsZero() && c.At.Before(f.heard) {
		f.state = c.At
	}
	if c.Position > f.head {
		f.head = c.Position
	}
	if len(c.Changes) == 0 {
		f.caught = true
	} else {
		if f.caught && !c.At.IsZero() {
			f.clock.saw(c.At, f.heard)
		}
		f.forget(&c)
		f.ring, f.sizes = append(f.ring, c), append(f.sizes, size)
		f.bytes += size
		for f.bytes > f.limit && len(f.ring) > 1 {
			f.from = f.ring[0].Position
			f.bytes -= f.sizes[0]
			f.ring[0] = Commit{} // readers hold copies; the images may go
			f.ring, f.sizes = f.ring[1:], f.sizes[1:]
		}
	}
	f.news()
}

// news wakes the readers; f.mu is held.
func (f *Feed) news() {
	if f.wake != nil {
		close(f.wake)
		f.wake = nil
	}
}

// Read yields commits after a position, for ever (until ctx ends), and progress
// where there are none: a Commit without changes at least each second while the
// store speaks. ErrLogGone as Store.Changes.
func (f *Feed) Read(ctx context.Context, after Position) iter.Seq2[Commit, error] {
	return func(yield func(Commit, error) bool) {
		at, batch := after, make([]Commit, 0, feedBatch)
		for {
			var wake <-chan struct{}
			var behind bool
			if batch, wake, behind = f.next(at, batch[:0]); behind {
				var ok bool
				if at, ok = f.catchUp(ctx, at, yield); !ok {
					return
				}
				continue
			}
			for i := range batch {
				if !yield(batch[i], nil) {
					return
				}
				at = batch[i].Position
			}
			if len(batch) > 0 {
				continue
			}
			if p, quiet := f.progress(at); quiet && p.Position > at { // since the reader looked last
				if !yield(p, nil) {
					return
				}
				at = p.Position
				continue
			}
			select {
			case <-ctx.Done():
				yield(Commit{}, ended(ctx))
				return
			case <-wake:
			}
			if p, quiet := f.progress(at); quiet {
				if !yield(p, nil) {
					return
				}
				at = p.Position
			}
		}
	}
}

// next copies commits behind at. behind: the ring no longer reaches back to at.
func (f *Feed) next(at Position, to []Commit) (batch []Commit, wake <-chan struct{}, behind bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.joined && at < f.from {
		return to, nil, true
	}
	if f.wake == nil {
		f.wake = make(chan struct{})
	}
	i := sort.Search(len(f.ring), func(i int) bool { return f.ring[i].Position > at })
	return append(to, f.ring[i:min(i+feedBatch, len(f.ring))]...), f.wake, false
}

// progress gives a commit without changes when nothing lies behind at.
func (f *Feed) progress(at Position) (Commit, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n := len(f.ring); !f.joined || at < f.from || f.head < at || n > 0 && f.ring[n-1].Position > at {
		return Commit{}, false
	}
	return Commit{Position: f.head, At: f.state}, true
}

// catchUp reads the store's log until the ring holds what follows; ok is false
// when the reader is done.
func (f *Feed) catchUp(ctx context.Context, at Position, yield func(Commit, error) bool) (now Position, ok bool) {
	for c, err := range f.store.Changes(ctx, at) {
		if !yield(c, err) || err != nil {
			return at, false
		}
		at = c.Position
		f.mu.Lock()
		there := f.joined && at >= f.from
		f.mu.Unlock()
		if there {
			return at, true
		}
	}
	yield(Commit{}, hutch.Errorf(hutch.Unavailable, "the change log ended"))
	return at, false
}

// Heard is when the feed last spoke, progress included.
func (f *Feed) Heard() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.heard
}

// Head is the newest position the feed has shown.
func (f *Feed) Head() Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.head
}
