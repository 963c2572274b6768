package data

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Rerun runs f, which begins, uses and commits sessions, again while it is
// aborted, until ctx's deadline: from its first conflict on it waits in the
// queue of the document it lost on and keeps its turn, at most turn long. In a
// run that holds a turn, Rerun runs f once.
func (s *Service) Rerun(ctx context.Context, turn time.Duration, f func(ctx context.Context) error) error {
	err := f(ctx)
	if lostOn(err) == nil || turnOf(ctx) != nil {
		return err
	}
	var t *turnHeld
	defer func() { t.release() }()
	for {
		c := lostOn(err)
		if c == nil || ctx.Err() != nil {
			return err
		}
		key := docKey{c.Collection, c.ID}
		if t == nil || t.key != key || !s.turns.again(t) {
			t.release()
			if t = s.turns.wait(ctx, key, turn); t == nil {
				return err
			}
		}
		err = f(context.WithValue(ctx, turnKey{}, t))
	}
}

type turnKey struct{}

func turnOf(ctx context.Context) *turnHeld {
	t, _ := ctx.Value(turnKey{}).(*turnHeld)
	return t
}

// turns are the queues of contended documents of this node.
type turns struct {
	busy atomic.Int32 // len(lines), so that nobody asks when there is none
	mu   sync.Mutex
	line map[docKey]*line // guarded by mu
}

// line is the queue of one document. While its holder keeps losing to writes
// that need no rerun, those wait in the line too (closed).
type line struct {
	holder  *turnHeld
	waiting []*turnHeld
	closed  bool
}

// turnHeld is a place in a line, or the turn itself once ready is closed.
type turnHeld struct {
	turns  *turns
	key    docKey
	length time.Duration
	ready  chan struct{}
	timer  *time.Timer // guarded by turns.mu; ends the turn
	lost   int         // guarded by turns.mu; conflicts in this turn
}

// wait joins the line of key and returns when it has the turn; nil when ctx ended.
func (ts *turns) wait(ctx context.Context, key docKey, length time.Duration) *turnHeld {
	t := &turnHeld{turns: ts, key: key, length: length, ready: make(chan struct{})}
	ts.mu.Lock()
	l := ts.line[key]
	if l == nil {
		if ts.line == nil {
			ts.line = make(map[docKey]*line)
		}
		l = &line{}
		ts.line[key] = l
		ts.busy.Add(1)
	}
	l.waiting = append(l.waiting, t)
	ts.next(key, l)
	ts.mu.Unlock()
	select {
	case <-t.ready:
		return t
	case <-ctx.Done():
		t.release()
		return nil
	}
}

// next gives the turn to the first who waits, if nobody has it; the line goes
// with its last.
func (ts *turns) next(key docKey, l *line) {
	if l.holder != nil {
		return
	}
	l.closed = false
	if len(l.waiting) == 0 {
		delete(ts.line, key)
		ts.busy.Add(-1)
		return
	}
	t := l.waiting[0]
	l.waiting = slices.Delete(l.waiting, 0, 1)
	l.holder = t
	t.timer = time.AfterFunc(t.length, t.release)
	close(t.ready)
}

// release ends the turn, or the wait for it; the turn's own timer does so too.
func (t *turnHeld) release() {
	if t == nil {
		return
	}
	t.turns.mu.Lock()
	defer t.turns.mu.Unlock()
	l := t.turns.line[t.key]
	if l == nil {
		return
	}
	if l.holder == t {
		l.holder = nil
		t.timer.Stop()
		t.turns.next(t.key, l)
		return
	}
	if i := slices.Index(l.waiting, t); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
	}
}

// again reports whether t, which has lost in its turn, still has it. From the
// second loss on the writes that need no rerun wait behind it.
func (ts *turns) again(t *turnHeld) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	l := ts.line[t.key]
	if l == nil || l.holder != t {
		return false
	}
	t.lost++
	l.closed = t.lost >= 2
	return true
}

// pass lets a commit by where others wait for its documents: one that would have
// to rerun joins their line (it is lost), any other waits only where the line is
// closed. It gives the turn that the commit ends when it is applied: its run's,
// the one waited for here, or nil.
func (ts *turns) pass(ctx context.Context, st *state) (*turnHeld, error) {
	mine := turnOf(ctx)
	if ts.busy.Load() == 0 || mine != nil {
		return mine, nil
	}
	wait := docKey{}
	ts.mu.Lock()
	for _, u := range st.units {
		key := docKey{u.coll, u.id}
		l := ts.line[key]
		if l == nil {
			continue
		}
		_, read := st.reads[key]
		if u.fixed || read {
			ts.mu.Unlock()
			return nil, Lost(u.coll, u.id)
		}
		if l.closed {
			wait = key
		}
	}
	for key := range st.reads {
		if ts.line[key] != nil {
			ts.mu.Unlock()
			return nil, Lost(key.coll, key.id)
		}
	}
	ts.mu.Unlock()
	if wait.id == "" {
		return nil, nil
	}
	t := ts.wait(ctx, wait, writeTurn)
	if t == nil {
		return nil, Lost(wait.coll, wait.id)
	}
	return t, nil
}
