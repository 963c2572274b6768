package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hutch-dev/hutch/internal/mongotest"
)

const tallyYAML = `name: tally
collections:
  notes: { access: { read: true } }
  counters: { access: { read: true } }
`

// TestFailover kills and deposes the primary again and again while two nodes
// write, read and watch. Nothing that was acknowledged is lost, nothing is done
// twice under its key, no read is older than what was acknowledged before it
// began, and who watches ends with the data as it is.
func TestFailover(t *testing.T) {
	rounds := 2 // of a kill and a step-down each
	if long := os.Getenv("HUTCH_LONG"); long != "" {
		rounds = 10
	}
	set := mongotest.Start(t, mongotest.Options{Members: 3, Election: 3 * time.Second})
	ns := nodesOn(t, set.Database("tally"), 2, func(t *testing.T) string { return folder(t, "hutch.yaml", tallyYAML) })
	l := &failoverLoad{nodes: ns, key: ns.key(), over: make(chan struct{})}
	for i := range counters {
		if a := ns.do("PUT", fmt.Sprint("/data/v1/docs/counters/", i), l.key, map[string]int{"n": 0}); a.status != 201 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	var watchers []*watcher
	for _, s := range ns.each {
		watchers = append(watchers, watch(s, l.key, "counters"))
	}
	var wg sync.WaitGroup
	for w := range 12 {
		wg.Go(func() { l.work(w) })
	}
	for round := range rounds {
		l.some(50)
		primary := set.Primary()
		set.Kill(primary)
		set.WaitPrimary()
		l.some(50)
		set.Restart(primary)
		l.some(20)
		set.StepDown()
		l.some(50)
		t.Logf("round %d: %d writes, %d reads, %d waits so far", round, l.written.Load(), l.reads.Load(), l.refused.Load())
	}
	close(l.over)
	wg.Wait()
	l.check(watchers)
}

const counters = 4

// failoverLoad writes and reads until it is over.
type failoverLoad struct {
	nodes *nodes
	key   string
	over  chan struct{}

	incs    [counters]atomic.Int64 // acknowledged
	notes   atomic.Int64
	written atomic.Int64
	reads   atomic.Int64
	refused atomic.Int64 // answers unavailable
}

// some waits for n more writes.
func (l *failoverLoad) some(n int64) {
	l.nodes.t.Helper()
	want := l.written.Load() + n
	l.nodes.eventually("writes go on", func() bool { return l.written.Load() >= want || l.nodes.t.Failed() })
}

func (l *failoverLoad) work(w int) {
	s := l.nodes.each[w%2]
	for i := 0; ; i++ {
		select {
		case <-l.over:
			return
		default:
		}
		if l.nodes.t.Failed() {
			return
		}
		c := (w + i) % counters
		switch {
		case w < 4:
			l.write(s, "POST", "/data/v1/docs/notes", map[string]any{"by": w, "i": i})
			l.notes.Add(1)
		case w < 8:
			l.write(s, "PATCH", fmt.Sprint("/data/v1/docs/counters/", c), map[string]any{"$inc": map[string]int{"n": 1}})
			l.incs[c].Add(1)
		default:
			l.read(s, c)
		}
	}
}

// write repeats under one key until it is done.
func (l *failoverLoad) write(s *shop, method, path string, body any) {
	key := uuid.NewString()
	for try := 0; ; try++ {
		a := s.do(method, path, l.key, body, "Idempotency-Key", key)
		switch {
		case a.status == 200 || a.status == 201 || a.status == 204:
			l.written.Add(1)
			return
		case l.unavailable(a) && try < 100:
		default:
			s.t.Errorf("%s %s: %d %s %v", method, path, a.status, a.body, a.err)
			return
		}
	}
}

// read sees at least what was acknowledged before it began, by any node.
func (l *failoverLoad) read(s *shop, c int) {
	least := l.incs[c].Load()
	a := s.do("GET", fmt.Sprint("/data/v1/docs/counters/", c), l.key, nil)
	if l.unavailable(a) {
		return
	}
	var d struct{ N int64 }
	if a.status == 200 {
		a.into(&d)
	}
	if a.status != 200 || d.N < least {
		s.t.Errorf("%d %s, %d were acknowledged; %v", a.status, a.body, least, a.err)
	}
	l.reads.Add(1)
}

func (l *failoverLoad) unavailable(a answer) bool {
	if a.status != 503 || a.code() != "unavailable" || a.header.Get("Retry-After") == "" {
		return false
	}
	l.refused.Add(1)
	return true
}

func (l *failoverLoad) check(watchers []*watcher) {
	t, s := l.nodes.t, l.nodes.each[0]
	var page struct{ Count int64 }
	s.do("POST", "/data/v1/query", l.key, map[string]any{"from": "notes", "limit": 1, "count": true}).into(&page)
	if page.Count != l.notes.Load() {
		t.Errorf("%d notes, %d were acknowledged", page.Count, l.notes.Load())
	}
	want := map[string]int64{}
	for c := range counters {
		var d struct{ N int64 }
		s.do("GET", fmt.Sprint("/data/v1/docs/counters/", c), l.key, nil).into(&d)
		if want[fmt.Sprint(c)] = d.N; d.N != l.incs[c].Load() {
			t.Errorf("counter %d is %d, %d increments were acknowledged", c, d.N, l.incs[c].Load())
		}
	}
	for i, w := range watchers {
		l.nodes.eventually(fmt.Sprint("watcher ", i, " sees the counters as they are"), func() bool { return maps.Equal(w.shown(), want) })
		t.Logf("watcher %d: %d deltas, %d resets, %d connections", i, w.deltas.Load(), w.resets.Load(), w.dials.Load())
		w.stop()
	}
	// Both nodes are ready again by themselves.
	for _, s := range l.nodes.each {
		l.nodes.eventually("ready", func() bool { return s.do("GET", "/readyz", "", nil).status == 200 })
	}
}

// TestANodeWithoutItsDatabase says so and recovers.
func TestANodeWithoutItsDatabase(t *testing.T) {
	set := mongotest.Start(t, mongotest.Options{Members: 1})
	ns := nodesOn(t, set.Database("alone"), 1, func(t *testing.T) string { return folder(t, "hutch.yaml", tallyYAML) })
	key := ns.key()
	set.Stop(0)
	ns.eventually("the node is not ready", func() bool { return ns.do("GET", "/readyz", "", nil).status == 503 })
	begun := time.Now()
	a := ns.do("GET", "/data/v1/docs/counters/1", key, nil)
	if a.status != 503 || a.header.Get("Retry-After") == "" || time.Since(begun) > 45*time.Second {
		t.Errorf("%d %s after %s", a.status, a.body, time.Since(begun))
	}
	set.Restart(0)
	ns.eventually("the node is ready again", func() bool { return ns.do("GET", "/readyz", "", nil).status == 200 })
	if a := ns.do("PUT", "/data/v1/docs/counters/1", key, map[string]int{"n": 1}); a.status != 201 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// frame is what the realtime protocol sends, as far as watchers read it.
type frame struct {
	T    string
	Docs []json.RawMessage
	Last bool
	Ch   []struct {
		Op, ID string
		Doc    json.RawMessage
	}
}
