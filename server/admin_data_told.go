package server

import (
	"sync"
	"time"
)

const (
	toldLife = 15 * time.Minute
	maxTold  = 10_000 // kept in memory; beyond it some are told again
)

// told remembers acts that are told once in a quarter of an hour, because a page
// repeats them as it is scrolled.
type told struct {
	mu sync.Mutex
	at map[string]time.Time // guarded by mu
}

func (t *told) lately(key string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	at, ok := t.at[key]
	return ok && now.Sub(at) < toldLife
}

func (t *told) add(key string, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.at == nil || len(t.at) >= maxTold {
		t.at = map[string]time.Time{}
	}
	t.at[key] = now
}

// noteViewed tells that an operator sees a collection as a user does.
func (r *request) noteViewed(uid, coll string) error {
	key := r.who.UID + "\x00" + r.who.SessionID + "\x00" + uid + "\x00" + coll
	now := r.srv.now()
	if r.srv.told.lately(key, now) {
		return nil
	}
	if err := r.note("viewed_as", uid, map[string]any{"collection": coll}); err != nil {
		return err
	}
	r.srv.told.add(key, now)
	return nil
}
