package jobs_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }

const patience = 60 * time.Second

// clock is a time that tests move.
type clock struct{ ms atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ms.Store(1_760_000_000_000)
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// cluster is a store with any number of nodes on it.
type cluster struct {
	t    testing.TB
	open func() data.Store // for another node
}

// stores are the kinds of stores.
var stores = map[string]func(t testing.TB) *cluster{
	"embedded": func(t testing.TB) *cluster {
		s, err := pebble.Open(pebble.Options{Dir: t.TempDir(), FreeSpace: func() (int64, error) { return 1 << 40, nil }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { check(t, s.Close()) })
		return &cluster{t: t, open: func() data.Store { return s }}
	},
	"mongodb": func(t testing.TB) *cluster {
		uri := mongotest.Database(t)
		return &cluster{t: t, open: func() data.Store {
			s, err := mongo.Open(t.Context(), mongo.Options{URL: uri})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { check(t, s.Close()) })
			return s
		}}
	},
}

// onEach runs f on each kind of store.
func onEach(t *testing.T, f func(t *testing.T, c *cluster)) {
	for _, kind := range []string{"embedded", "mongodb"} {
		t.Run(kind, func(t *testing.T) { f(t, stores[kind](t)) })
	}
}

// embedded is a cluster on the embedded store.
func embedded(t testing.TB) *cluster { return stores["embedded"](t) }

const own = "effects" // the collection of the tests' room

// node is a data.Service; pools run on it.
type node struct {
	*data.Service
	t   testing.TB
	sys data.System // of the tests' room
}

func (c *cluster) node() *node {
	c.t.Helper()
	s := data.New(data.Options{Store: c.open(), CursorKey: bytes.Repeat([]byte{7}, 32)})
	c.t.Cleanup(func() { check(c.t, s.Close()) })
	if err := s.Use(c.t.Context(), data.App{Collections: append(jobs.Collections(), data.Collection{Name: own})}); err != nil {
		c.t.Fatal(err)
	}
	return &node{Service: s, t: c.t, sys: s.System(own)}
}

// worker is a pool that can be killed.
type worker struct {
	*jobs.Pool
	sys *mortal // the pool's
	own *mortal // the handlers'
}

// kill ends the worker as the end of its process would: from here on nothing
// that it does reaches the store, and nothing is given back.
func (w *worker) kill() {
	w.sys.dead.Store(true)
	w.own.dead.Store(true)
	w.Die()
}

// pool makes a worker; handle names its kinds before it starts.
func (n *node) pool(edit func(*jobs.Config), handle func(w *worker)) *worker {
	w := &worker{sys: &mortal{System: n.System("_jobs")}, own: &mortal{System: n.sys}}
	c := jobs.Config{System: w.sys, Feed: n.Feed()}
	if edit != nil {
		edit(&c)
	}
	w.Pool = jobs.New(c)
	handle(w)
	w.Start()
	n.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if !w.sys.dead.Load() {
			check(n.t, w.Close(ctx))
		}
	})
	return w
}

// enqueue commits rows.
func (n *node) enqueue(js ...jobs.Job) (ids []string) {
	n.t.Helper()
	b := &data.Batch{}
	for _, j := range js {
		w := jobs.Row(j)
		ids = append(ids, w.ID)
		b.Writes = append(b.Writes, w)
	}
	if _, err := n.sys.Commit(n.t.Context(), b); err != nil {
		n.t.Fatal(err)
	}
	return ids
}

// rows are the documents of a collection.
func (n *node) rows(coll string) (out []data.Doc) {
	n.t.Helper()
	for d, err := range n.System(coll).Find(n.t.Context(), data.Query{From: coll}) {
		if err != nil {
			n.t.Fatal(err)
		}
		out = append(out, d)
	}
	return out
}

// none waits until no job is left.
func (n *node) none() {
	n.t.Helper()
	await(n.t, "no job is left", func() bool { return len(n.rows("_jobs")) == 0 })
}

// mortal is a System that a dead node no longer reaches. A commit under way when
// it dies may happen.
type mortal struct {
	data.System
	dead  atomic.Bool
	fails atomic.Int64 // so many commits fail
	after atomic.Bool  // but they happen
}

var errDead = hutch.Errorf(hutch.Unavailable, "it may have happened")

func (m *mortal) Get(ctx context.Context, coll, id string) (data.Doc, error) {
	if m.dead.Load() {
		return nil, errDead
	}
	return m.System.Get(ctx, coll, id)
}

func (m *mortal) Find(ctx context.Context, q data.Query) iter.Seq2[data.Doc, error] {
	if m.dead.Load() {
		return func(yield func(data.Doc, error) bool) { yield(nil, errDead) }
	}
	return m.System.Find(ctx, q)
}

func (m *mortal) Commit(ctx context.Context, b *data.Batch) (data.Result, error) {
	if m.dead.Load() {
		return data.Result{}, errDead
	}
	if m.fails.Load() > 0 && m.fails.Add(-1) >= 0 {
		if m.after.Load() {
			if _, err := m.System.Commit(ctx, b); err != nil {
				return data.Result{}, err
			}
		}
		return data.Result{}, errDead
	}
	r, err := m.System.Commit(ctx, b)
	if m.dead.Load() {
		return data.Result{}, errDead
	}
	return r, err
}

// count adds one to a number of a document, as an effect.
func count(id string) data.Write {
	return data.Write{Collection: own, ID: id, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
		n, _ := data.Integer(data.Field(old, "n"))
		return data.NewDoc(data.Elem{Name: "_id", Value: data.String(id)}, data.Elem{Name: "n", Value: data.Int(n + 1)}), nil
	}}
}

func (n *node) counted(id string) int64 {
	n.t.Helper()
	d, err := n.sys.Get(n.t.Context(), own, id)
	if err != nil {
		n.t.Fatal(err)
	}
	i, _ := data.Integer(data.Field(d, "n"))
	return i
}

func number(i int) data.Doc { return data.NewDoc(data.Elem{Name: "i", Value: data.Int(int64(i))}) }

func numberOf(r *jobs.Run) int64 {
	i, _ := data.Integer(data.Field(r.Payload, "i"))
	return i
}

func check(t testing.TB, err error) {
	if err != nil {
		t.Helper()
		t.Error(err)
	}
}

// await waits for a condition.
func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// seed is that of HUTCH_SEED, else a new one; it is shown when the test fails.
func seed(t testing.TB) *rand.Rand {
	n := uint64(time.Now().UnixNano())
	if s := os.Getenv("HUTCH_SEED"); s != "" {
		var err error
		if n, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("HUTCH_SEED=%d", n)
		}
	})
	return rand.New(rand.NewPCG(n, n))
}

// randomOf gives r's bytes to a pool.
func randomOf(r *rand.Rand) io.Reader {
	return &source{r: rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))}
}

type source struct {
	mu sync.Mutex
	r  *rand.Rand
}

func (s *source) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var word [8]byte
	for i := range b {
		if i%8 == 0 {
			binary.LittleEndian.PutUint64(word[:], s.r.Uint64())
		}
		b[i] = word[i%8]
	}
	return len(b), nil
}

// list gathers what concurrent handlers saw.
type list[T any] struct {
	mu sync.Mutex
	vs []T
}

func (l *list[T]) add(v T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.vs = append(l.vs, v)
}

func (l *list[T]) all() []T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]T(nil), l.vs...)
}
