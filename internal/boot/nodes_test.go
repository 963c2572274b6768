package boot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/internal/boot"
)

const masterKey = "0101010101010101010101010101010101010101010101010101010101010101"

// cluster is one store that several apps serve from. The embedded store stands
// for it: what is tested lies above the contract.
type cluster struct {
	t       *testing.T
	store   data.Store
	down    atomic.Bool  // it does not open
	ahead   atomic.Int64 // of all nodes' clocks
	mu      sync.Mutex
	configs []configured // guarded by mu
}

type configured struct {
	indexes []string
	prune   bool
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	s, err := pebble.Open(pebble.Options{Dir: t.TempDir(), Durability: pebble.Relaxed, FreeFloor: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &cluster{t: t, store: s}
}

// member is one node's connection.
type member struct {
	data.Store
	c    *cluster
	slow *slow // nil: as fast as the store is
}

func (m *member) Close() error { return nil }

func (m *member) Configure(ctx context.Context, cs []data.Collection, prune bool) error {
	x := configured{prune: prune}
	for _, c := range cs {
		for _, i := range c.Indexes {
			if !strings.HasPrefix(c.Name, "_") {
				x.indexes = append(x.indexes, c.Name+"."+i.Name)
			}
		}
	}
	if m.slow != nil && len(x.indexes) > 0 { // not the system's own
		if err := m.slow.wait(ctx); err != nil {
			return err
		}
	}
	m.c.mu.Lock()
	m.c.configs = append(m.c.configs, x)
	m.c.mu.Unlock()
	return m.Store.Configure(ctx, cs, prune)
}

// pruned reports whether a node that names the indexes had the others dropped
// since the n-th configuration.
func (c *cluster) pruned(since int, indexes ...string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, x := range c.configs[min(since, len(c.configs)):] {
		if x.prune && slices.Equal(x.indexes, indexes) {
			return true
		}
	}
	return false
}

func (c *cluster) configurations() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.configs)
}

func (c *cluster) options(t *testing.T, f *folder, host string) boot.Options {
	t.Helper()
	return c.optionsOf(t, f, host, nil)
}

func (c *cluster) optionsOf(t *testing.T, f *folder, host string, s *slow) boot.Options {
	t.Helper()
	o := f.options(t)
	o.Host, o.MasterKey, o.Heartbeat = host, masterKey, 20*time.Millisecond
	o.Now = func() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }
	o.Stores = []boot.Store{{Shared: true, Open: func(context.Context, boot.StoreOptions) (data.Store, error) {
		if c.down.Load() {
			return nil, hutch.Errorf(hutch.Unavailable, "no primary")
		}
		return &member{c.store, c, s}, nil
	}}}
	return o
}

func (c *cluster) node(t *testing.T, f *folder, host string) *running {
	t.Helper()
	return f.startWith(t, c.options(t, f, host))
}

func (c *cluster) count(t *testing.T, a *running, coll string) (n int) {
	t.Helper()
	for _, err := range a.Data.System(coll).Find(t.Context(), data.Query{From: coll}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// verbose is /readyz?verbose.
func (r *running) verbose(t *testing.T) (details struct {
	Nodes     int
	Warning   string
	Node      struct{ Host, Config string }
	Differing []struct {
		Host, Config, Hutch string
		Since               time.Time
	}
},
) {
	t.Helper()
	out, err := r.Operate(t.Context(), boot.Operation{Name: boot.KeyCreate, Key: "ops", Scope: "ops"})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodGet, r.url+"/readyz?verbose", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+out.Key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var body struct{ Details json.RawMessage }
	err = json.Unmarshal(b, &body)
	if resp.StatusCode == http.StatusServiceUnavailable && err == nil { // in an error's details
		err = json.Unmarshal(body.Details, &body)
	}
	if err == nil {
		err = json.Unmarshal(body.Details, &details)
	}
	if err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return details
}

func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !f(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func notes(t *testing.T, indexes string) *folder {
	t.Helper()
	return newFolder(t, "hutch.yaml", "name: x\ncollections: { a: { access: { read: true }, indexes: ["+indexes+"] } }\n")
}

const (
	byB  = "{ fields: [b] }"
	byBC = "{ fields: [b] }, { fields: [c] }"
)

func TestNodesSayThatTheyDiffer(t *testing.T) {
	c := newCluster(t)
	a := c.node(t, notes(t, byB), "a:1").ready(t)
	if d := a.verbose(t); d.Nodes != 1 || d.Warning != "" || d.Node.Host != "a:1" || d.Node.Config == "" {
		t.Errorf("alone: %+v", d)
	}
	same := c.node(t, notes(t, byB), "same:1").ready(t)
	until(t, "two nodes", func() bool { return a.verbose(t).Nodes == 2 })
	if d := same.verbose(t); d.Nodes != 2 || d.Warning != "" || len(d.Differing) != 0 {
		t.Errorf("two with the same config: %+v", d)
	}
	b := c.node(t, notes(t, byBC), "b:1").ready(t)
	until(t, "the warning", func() bool { return a.verbose(t).Warning != "" })
	d := a.verbose(t)
	if d.Nodes != 3 || len(d.Differing) != 1 || d.Differing[0].Host != "b:1" || d.Differing[0].Config == d.Node.Config || time.Since(d.Differing[0].Since) > time.Hour {
		t.Errorf("%+v", d)
	}
	if want := "1 of 3 nodes run another config"; !strings.HasPrefix(d.Warning, want) {
		t.Error(d.Warning)
	}
	if err := b.end(t); err != nil {
		t.Fatal(err)
	}
	other := notes(t, byB)
	o := c.options(t, other, "issuer:1")
	o.Base = "http://127.0.0.1:2"
	b = other.startWith(t, o).ready(t)
	until(t, "another issuer of tokens is told", func() bool { d := a.verbose(t); return len(d.Differing) == 1 && d.Differing[0].Host == "issuer:1" })
	if err := b.end(t); err != nil {
		t.Fatal(err)
	}
	until(t, "a node that left is gone", func() bool { d := a.verbose(t); return d.Nodes == 2 && d.Warning == "" })
}

func TestIndexesGoWhenAllLiveNodesAgree(t *testing.T) {
	c := newCluster(t)
	a := c.node(t, notes(t, byBC), "a").ready(t)
	if !c.pruned(0, "a.b", "a.c") {
		t.Error("the only node does not prune at once")
	}
	at := c.configurations()
	b := c.node(t, notes(t, byB), "b").ready(t)
	if c.pruned(at, "a.b") {
		t.Fatal("a node drops what another names")
	}
	until(t, "both see each other", func() bool { return a.verbose(t).Nodes == 2 && b.verbose(t).Nodes == 2 })
	if c.pruned(at, "a.b") || c.pruned(at, "a.b", "a.c") {
		t.Fatal("indexes are dropped while nodes differ")
	}
	if err := a.end(t); err != nil {
		t.Fatal(err)
	}
	until(t, "the index that nobody names is dropped", func() bool { return c.pruned(at, "a.b") })
}

func TestADeadNodeDisappears(t *testing.T) {
	c := newCluster(t)
	a := c.node(t, notes(t, byB), "a").ready(t)
	d, err := data.Marshal(map[string]any{"_id": "dead", "host": "dead", "indexes": "other", "config": "other", "heard": time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	at := c.configurations()
	if _, err := a.Data.System("_nodes").Commit(t.Context(), &data.Batch{Writes: []data.Write{{
		Collection: "_nodes", ID: "dead", Expect: 0, Next: func(data.Doc) (data.Doc, error) { return d, nil },
	}}}); err != nil {
		t.Fatal(err)
	}
	until(t, "it is seen", func() bool { return a.verbose(t).Nodes == 2 })
	c.pass(t, a, 20*time.Second)
	if n := a.verbose(t).Nodes; n != 2 {
		t.Errorf("%d nodes after 20 s", n)
	}
	c.ahead.Add(int64(time.Hour)) // the node looked away
	c.pass(t, a, 20*time.Second)
	if n := a.verbose(t).Nodes; n != 2 || c.pruned(at, "a.b") {
		t.Errorf("%d nodes, 20 s after this one was away", n)
	}
	c.pass(t, a, 20*time.Second)
	until(t, "it is gone", func() bool { return c.count(t, a, "_nodes") == 1 && a.verbose(t).Nodes == 1 })
	until(t, "its indexes are dropped", func() bool { return c.pruned(at, "a.b") })
}

// pass lets time pass in the steps of r's heartbeat.
func (c *cluster) pass(t *testing.T, r *running, d time.Duration) {
	t.Helper()
	for range d / (10 * time.Second) {
		c.ahead.Add(int64(10 * time.Second))
		now := time.Now().Add(time.Duration(c.ahead.Load()))
		until(t, "a beat", func() bool {
			for d := range r.Data.System("_nodes").Find(t.Context(), data.Query{From: "_nodes"}) {
				if v := data.Field(d, "heard"); data.Text(data.Field(d, "_id")) != "dead" && v.DateTime() >= now.UnixMilli() {
					return true
				}
			}
			return false
		})
	}
}

func TestANodeTakenForDeadConfiguresAnew(t *testing.T) {
	c := newCluster(t)
	a := c.node(t, notes(t, byB), "a").ready(t)
	at := c.configurations()
	var ids []string
	for d := range a.Data.System("_nodes").Find(t.Context(), data.Query{From: "_nodes"}) {
		ids = append(ids, data.Text(data.Field(d, "_id")))
	}
	if _, err := a.Data.System("_nodes").Commit(t.Context(), &data.Batch{Writes: []data.Write{{
		Collection: "_nodes", ID: ids[0], Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return nil, nil },
	}}}); err != nil {
		t.Fatal(err)
	}
	until(t, "its indexes are made sure of", func() bool { return c.configurations() > at && c.count(t, a, "_nodes") == 1 })
}

func TestNodesThatStartAtOnceSeedOnce(t *testing.T) {
	c := newCluster(t)
	var seed strings.Builder
	const n = 450 // more than two commits
	for i := range n {
		fmt.Fprintf(&seed, "{\"n\":%d}\n", i)
	}
	nodes := make([]*running, 3)
	for i := range nodes {
		f := newFolder(t, "hutch.yaml", "name: x\ncollections: { a: { access: { read: true } } }\nseed: { a: a.jsonl }\n", "a.jsonl", seed.String())
		nodes[i] = c.node(t, f, fmt.Sprint(i))
	}
	for _, r := range nodes {
		r.ready(t)
		if got := r.count(t, "a"); got != fmt.Sprint(n) {
			t.Errorf("%s documents, want %d", got, n)
		}
	}
	if got := c.count(t, nodes[0], "_signing"); got != 2 {
		t.Errorf("%d keys, want the refresh key and one to sign with", got)
	}
	// A token of one node is good on all.
	u, err := nodes[0].Operate(t.Context(), boot.Operation{Name: boot.KeyCreate, Key: "k", Scope: "data"})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range nodes {
		if _, _, err := r.Auth.Verify(t.Context(), u.Key); err != nil {
			t.Errorf("node %d: %v", i, err)
		}
	}
}

func TestS40ANodeWithAnotherMasterKeyDoesNotStart(t *testing.T) {
	c := newCluster(t)
	c.node(t, notes(t, byB), "a").ready(t)
	for name, key := range map[string]hutch.Secret{"a key of its own": "", "another key": hutch.Secret(strings.Repeat("02", 32))} {
		f := notes(t, byB)
		o := c.options(t, f, "b")
		o.MasterKey = key
		a, err := boot.New(t.Context(), o)
		if err == nil {
			_ = a.Close()
			t.Fatalf("%s: it starts", name)
		}
		e := hutch.AsError(err)
		if e.Code != hutch.FailedPrecondition || !strings.Contains(e.Message, "another master key") || !strings.Contains(e.Hint, "HUTCH_MASTER_KEY") {
			t.Errorf("%s: %v (%s)", name, err, e.Hint)
		}
		if _, err := os.Stat(filepath.Join(f.data, "master.key")); err == nil {
			t.Errorf("%s: a key that opens nothing is left", name)
		}
	}
}

func TestANodeWaitsForItsDatabase(t *testing.T) {
	c := newCluster(t)
	c.down.Store(true)
	f := notes(t, byB)
	o := c.options(t, f, "a")
	opened := make(chan *boot.App, 1)
	go func() {
		a, err := boot.New(t.Context(), o)
		if err != nil {
			t.Error(err)
		}
		opened <- a
	}()
	if _, err := boot.NewData(t.Context(), c.options(t, notes(t, byB), "cli")); hutch.CodeOf(err) != hutch.Unavailable {
		t.Errorf("a command waits: %v", err)
	}
	c.down.Store(false)
	select {
	case a := <-opened:
		if a != nil {
			if err := a.Close(); err != nil {
				t.Error(err)
			}
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not start")
	}
	c.down.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { _, err := boot.New(ctx, c.options(t, f, "a")); ended <- err }()
	cancel()
	if err := <-ended; err == nil {
		t.Error("it starts without a store")
	}
}

func TestANodeThatLosesItsDatabaseSaysSo(t *testing.T) {
	c := newCluster(t)
	a := c.node(t, notes(t, byB), "a").ready(t)
	if status, body := a.get(t, "/readyz"); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	ahead := func(d time.Duration) { c.ahead.Store(int64(d)) }
	// The clock runs away from the feed, which speaks each second of the real one.
	until(t, "not ready", func() bool {
		ahead(time.Duration(c.ahead.Load()) + 10*time.Second)
		status, body := a.get(t, "/readyz")
		return status == 503 && strings.Contains(body, "the store") && strings.Contains(body, "does not answer")
	})
	until(t, "ready again by itself", func() bool { status, _ := a.get(t, "/readyz"); return status == 200 })
	if status, _ := a.get(t, "/data/v1/docs/a"); status != 200 {
		t.Error("a feed that is late refuses requests")
	}
}
