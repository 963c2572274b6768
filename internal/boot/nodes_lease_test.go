package boot_test

import (
	"context"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// slow is a node whose first build takes as long as the test wants, and whose
// connection may be cut.
type slow struct {
	cut      atomic.Bool // no commit arrives
	fail     atomic.Bool // the build fails
	first    atomic.Bool // a build began
	building chan struct{}
	built    chan struct{}
}

func newSlow() *slow { return &slow{building: make(chan struct{}), built: make(chan struct{})} }

func (s *slow) wait(ctx context.Context) error {
	if s.first.CompareAndSwap(false, true) {
		close(s.building)
		select {
		case <-s.built:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if s.fail.Load() {
		return hutch.Errorf(hutch.FailedPrecondition, "two documents have the same value")
	}
	return nil
}

func (m *member) Commit(ctx context.Context, b *data.Batch) (data.Result, error) {
	if m.slow != nil && m.slow.cut.Load() {
		return data.Result{}, hutch.Errorf(hutch.Unavailable, "no primary")
	}
	return m.Store.Commit(ctx, b)
}

// since gives what nodes configured since the n-th configuration.
func (c *cluster) since(n int) []configured {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.configs[n:])
}

func (c *cluster) slowNode(t *testing.T, f *folder, host string, s *slow) *running {
	t.Helper()
	r := f.startWith(t, c.optionsOf(t, f, host, s))
	select {
	case <-s.building:
	case <-time.After(20 * time.Second):
		t.Fatal("no build within 20 s")
	}
	return r
}

func TestANodeThatLostItsLeaseDropsNothingOfOthers(t *testing.T) {
	c, s := newCluster(t), newSlow()
	a := c.slowNode(t, notes(t, byB), "a", s)
	s.cut.Store(true)
	c.ahead.Add(int64(61 * time.Second))
	b := c.node(t, notes(t, byBC), "b").ready(t)
	at := c.configurations()
	s.cut.Store(false)
	close(s.built)
	a.ready(t)
	if c.pruned(at, "a.b") {
		t.Fatal("it drops the index that another node has just built")
	}
	until(t, "both see each other", func() bool { return a.verbose(t).Nodes == 2 && b.verbose(t).Nodes == 2 })
	if c.pruned(at, "a.b") {
		t.Fatal("it drops the index of another node afterwards")
	}
}

func TestANodeAsksForItsLeaseBeforeItDrops(t *testing.T) {
	c, s := newCluster(t), newSlow()
	a := c.slowNode(t, notes(t, byB), "a", s)
	at := c.configurations()
	c.ahead.Add(int64(61 * time.Second))
	other := a.Data.Lease("configure", time.Minute)
	if ok, err := other.Acquire(t.Context()); err != nil || !ok {
		t.Fatal("the lease goes on for ever", err)
	}
	if err := other.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	close(s.built)
	until(t, "it drops in the end", func() bool { return c.pruned(at, "a.b") })
	want := []bool{false, false, true} // it builds, loses its lease, builds with another, and drops
	for i, x := range c.since(at) {
		if i < len(want) && x.prune != want[i] {
			t.Errorf("configuration %d: prune %v", i, x.prune)
		}
	}
}

// neighbour writes another node that names other indexes.
func (c *cluster) neighbour(t *testing.T, r *running, fields map[string]any) {
	t.Helper()
	m := map[string]any{"_id": "x", "host": "x", "indexes": "other", "config": "other", "heard": time.Now().Add(time.Duration(c.ahead.Load()))}
	maps.Copy(m, fields)
	d, err := data.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if fields == nil {
		d = nil
	}
	if _, err := r.Data.System("_nodes").Commit(t.Context(), &data.Batch{Writes: []data.Write{{
		Collection: "_nodes", ID: "x", Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return d, nil },
	}}}); err != nil {
		t.Fatal(err)
	}
}

func TestANodeAsksTheOthersAfterItBuilt(t *testing.T) {
	for name, heard := range map[string]time.Duration{"one that came back": 0, "one silent as long as the database was": -time.Hour} {
		c, s := newCluster(t), newSlow()
		a := c.slowNode(t, notes(t, byB), "a", s)
		at := c.configurations()
		c.neighbour(t, a, map[string]any{"heard": time.Now().Add(heard)})
		close(s.built)
		a.ready(t)
		if c.configurations() == at || c.pruned(at, "a.b") || a.verbose(t).Nodes != 2 {
			t.Errorf("%s: its indexes are dropped", name)
		}
	}
}

func TestANodeMakesAnewWhatOneThatDiffersDropped(t *testing.T) {
	c := newCluster(t)
	f := notes(t, byB)
	a := c.node(t, f, "a").ready(t)
	at := 0
	anew := func(what string, fields map[string]any) {
		t.Helper()
		at = c.configurations()
		c.neighbour(t, a, fields)
		until(t, what, func() bool { return c.configurations() > at })
	}
	anew("it has dropped", map[string]any{"drops": 1})
	c.neighbour(t, a, map[string]any{"drops": 1, "dropping": true})
	anew("it has dropped again", map[string]any{"drops": 2})
	anew("it has dropped, and agrees now", map[string]any{"drops": 3, "indexes": a.indexes(t)})
	until(t, "all agree", func() bool { return c.pruned(at, "a.b") })
	if _, err := a.Reload(t.Context(), f.config(t)); err != nil { // after it nothing is under way
		t.Fatal(err)
	}
	at = c.configurations()
	c.neighbour(t, a, map[string]any{"drops": 3})
	until(t, "it differs", func() bool { return a.verbose(t).Warning != "" })
	c.pass(t, a, 20*time.Second)
	if n := c.configurations(); n != at {
		t.Errorf("configured %d times for one that drops nothing", n-at)
	}
}

// indexes is the digest of what r's node names.
func (r *running) indexes(t *testing.T) string {
	t.Helper()
	for d := range r.Data.System("_nodes").Find(t.Context(), data.Query{From: "_nodes"}) {
		if data.Text(data.Field(d, "_id")) != "x" {
			return data.Text(data.Field(d, "indexes"))
		}
	}
	t.Fatal("no node")
	return ""
}

func TestANodeThatFailsToReloadNamesWhatItUses(t *testing.T) {
	c, s := newCluster(t), newSlow()
	close(s.built)
	f := notes(t, byB)
	a := c.slowNode(t, f, "a", s).ready(t)
	before := a.indexes(t)
	s.fail.Store(true)
	next := notes(t, byBC)
	if _, err := a.Reload(t.Context(), next.config(t)); hutch.CodeOf(err) != hutch.FailedPrecondition {
		t.Fatalf("reloaded: %v", err)
	}
	if got := a.indexes(t); got != before {
		t.Error("it names indexes that it does not use: others drop those that it does")
	}
}
