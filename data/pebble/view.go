package pebble

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// view is the state at one position, shared by the snapshots taken while it is
// the newest that readers may see.
type view struct {
	snap *pebble.Snapshot
	pos  uint64
	cat  *catalog     // as it was then: its ready indexes are whole in snap
	refs atomic.Int64 // snapshots that hold it, and one for views.cur
	used atomic.Bool  // a reader took it
}

// views hands out the newest durable state without waiting for the disk: each
// sync opens the view of what it makes durable, if readers took the last one.
type views struct {
	cur atomic.Pointer[view]

	mu   sync.Mutex
	live map[*view]struct{} // not closed yet
}

func (vs *views) open(pos uint64, cat *catalog, snap *pebble.Snapshot) *view {
	v := &view{snap: snap, pos: pos, cat: cat}
	v.refs.Store(1)
	vs.mu.Lock()
	if vs.live == nil {
		vs.live = map[*view]struct{}{}
	}
	vs.live[v] = struct{}{}
	vs.mu.Unlock()
	return v
}

func (vs *views) release(v *view) {
	if v.refs.Add(-1) > 0 {
		return
	}
	vs.mu.Lock()
	_, open := vs.live[v]
	delete(vs.live, v)
	vs.mu.Unlock()
	if open {
		_ = v.snap.Close() // has no error to give
	}
}

// hold takes the current view if it is at least at pos and knows the catalogue.
func (vs *views) hold(pos uint64, cat *catalog) *view {
	for {
		v := vs.cur.Load()
		if v == nil || v.pos < pos || v.cat != cat {
			return nil
		}
		n := v.refs.Load()
		if n == 0 { // replaced meanwhile
			continue
		}
		if v.refs.CompareAndSwap(n, n+1) {
			if !v.used.Load() {
				v.used.Store(true)
			}
			return v
		}
	}
}

// publish makes v the current view, unless a newer one is.
func (vs *views) publish(v *view) {
	for {
		old := vs.cur.Load()
		if old != nil && old.pos >= v.pos && old.cat == v.cat {
			vs.release(v)
			return
		}
		if vs.cur.CompareAndSwap(old, v) {
			if old != nil {
				vs.release(old)
			}
			return
		}
	}
}

// ahead gives the position to make durable next, and its view if readers took
// the last one.
func (vs *views) ahead(s *Store) (*view, uint64) {
	cur := vs.cur.Load()
	switch {
	case cur == nil || s.o.Durability == Relaxed:
		return nil, s.applied.Load()
	case !cur.used.Load(): // let the engine drop what only this view keeps
		pos := s.applied.Load()
		if cur.pos < pos && vs.cur.CompareAndSwap(cur, nil) {
			vs.release(cur)
		}
		return nil, pos
	}
	for range 4 {
		pos := s.applied.Load()
		if pos == cur.pos {
			return nil, pos
		}
		if s.started.Load() != pos { // a commit is being applied
			runtime.Gosched()
			continue
		}
		cat := s.cat.Load()
		snap := s.db.NewSnapshot()
		if s.started.Load() == pos && s.cat.Load() == cat {
			return vs.open(pos, cat, snap), pos
		}
		_ = snap.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return vs.open(s.last, s.cat.Load(), s.db.NewSnapshot()), s.last
}

// close ends all views; no call runs any more.
func (vs *views) close() {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	for v := range vs.live {
		_ = v.snap.Close()
	}
	clear(vs.live)
}

// view takes the newest state that may be shown and holds at least the commit at
// atLeast, which has been applied.
func (s *Store) view(ctx context.Context, atLeast uint64) (*view, error) {
	want := max(atLeast, s.fresh.Load(), s.visible())
	v := s.views.hold(want, s.cat.Load())
	if v == nil {
		s.mu.Lock()
		cat := s.cat.Load()
		if v = s.views.hold(want, cat); v == nil { // opened while we waited
			v = s.views.open(s.last, cat, s.db.NewSnapshot())
			v.used.Store(true)
			v.refs.Add(1)
			s.views.publish(v)
		}
		s.mu.Unlock()
	}
	if s.o.Durability == Relaxed {
		return v, nil
	}
	if err := s.await(ctx, v.pos); err != nil {
		s.views.release(v)
		return nil, err
	}
	return v, nil
}
