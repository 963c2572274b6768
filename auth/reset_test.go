package auth_test

import (
	"sync/atomic"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

// blur tells of a collection that anything in it may be another.
func (m *memory) blur(coll string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.append(data.Commit{Changes: []data.Change{{Collection: coll, Op: data.OpReset}}})
}

// What another program did to a collection of auth is not known: nothing that is
// remembered of it holds.
func TestAResetForgetsEverything(t *testing.T) {
	for _, coll := range []string{"_sessions", "_users", "_signing", "pets"} {
		t.Run(coll, func(t *testing.T) {
			b := setup(t)
			s := b.signup("ann@shop.example")
			b.store.progress(t, b.clock.Now())
			b.mustVerify(s.AccessToken) // remembered from here on
			var everybody atomic.Int64
			stop := b.Watch(func(c auth.Change) {
				if c.All {
					everybody.Add(1)
				}
			})
			defer stop()
			gone := claims(t, s.AccessToken)["session_id"].(string)
			b.store.mu.Lock()
			b.store.put("_sessions", gone, nil)
			b.store.mu.Unlock()
			b.mustVerify(s.AccessToken) // nobody was told
			b.store.blur(coll)
			b.store.settle(t)
			if coll == "pets" {
				b.mustVerify(s.AccessToken)
				if everybody.Load() != 0 {
					t.Error("all watchers heard of a collection that is not auth's")
				}
				return
			}
			if _, err := b.verify(s.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
				t.Errorf("a session that is gone: %v", err)
			}
			if everybody.Load() != 1 {
				t.Errorf("watchers heard of everybody %d times", everybody.Load())
			}
		})
	}
}
