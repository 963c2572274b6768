package server

import (
	"strings"
	"sync"
	"time"

	"github.com/hutch-dev/hutch/functions"
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
	return r.noteOnce("viewed_as", uid, map[string]any{"collection": coll}, coll)
}

// noteRun tells that an operator sees what a run got and gave.
func (r *request) noteRun(k *functions.Run) error {
	return r.noteOnce("run_read", k.ID, map[string]any{"function": k.Function, "user": k.Caller.UID})
}

// noteOnce is note, once in a while for a session, a target and more.
func (r *request) noteOnce(what, target string, details map[string]any, more ...string) error {
	key := strings.Join(append([]string{what, r.who.UID, r.who.SessionID, target}, more...), "\x00")
	now := r.srv.now()
	if r.srv.told.lately(key, now) {
		return nil
	}
	if err := r.note(what, target, details); err != nil {
		return err
	}
	r.srv.told.add(key, now)
	return nil
}
