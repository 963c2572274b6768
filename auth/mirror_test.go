package auth_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }

// mirror follows a memory on a real store: every commit must end alike on both,
// every read find the same documents, queries are answered by the store alone.
// HUTCH_AUTH_STORE names it: mongo or pebble.
type mirror struct {
	sys      data.System
	colls    []string
	versions map[string]int64 // of the store, by collection and id
}

// One store serves the package's tests, one after another.
var mirrored struct {
	mu    sync.Mutex
	store data.Store
	db    *data.Service
	last  *memory
}

func systemCollections() (cs []data.Collection) {
	for _, name := range auth.Collections() {
		cs = append(cs, data.Collection{Name: name, Indexes: auth.Indexes()[name]})
	}
	return append(cs, jobs.Collections()...)
}

func reflect(t testing.TB, m *memory) {
	t.Helper()
	kind := os.Getenv("HUTCH_AUTH_STORE")
	if kind == "" {
		return
	}
	mirrored.mu.Lock()
	defer mirrored.mu.Unlock()
	if mirrored.db == nil {
		openMirror(t, kind)
	}
	if mirrored.last != nil {
		mirrored.last.mu.Lock()
		mirrored.last.mirror = nil
		mirrored.last.mu.Unlock()
	}
	r := &mirror{versions: map[string]int64{}}
	for _, c := range systemCollections() {
		r.colls = append(r.colls, c.Name)
	}
	r.sys = mirrored.db.System(r.colls...)
	r.clear(t)
	m.mirror, m.t, mirrored.last = r, t, m
}

func openMirror(t testing.TB, kind string) {
	t.Helper()
	var err error
	if kind == "mongo" {
		mirrored.store, err = mongo.Open(context.Background(), mongo.Options{URL: strings.Replace(mongotest.URI(t), "/?", "/"+fmt.Sprintf("auth_%d", os.Getpid())+"?", 1)})
	} else {
		var dir string
		if dir, err = os.MkdirTemp("", "hutch-auth"); err == nil { //nolint:usetesting // outlives the test
			mirrored.store, err = pebble.Open(pebble.Options{Dir: dir, Durability: pebble.Relaxed, FreeFloor: 1})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	mirrored.db = data.New(data.Options{Store: mirrored.store, CursorKey: make([]byte, 32), Entropy: rand.Reader})
	if err := mirrored.db.Use(context.Background(), data.App{Collections: systemCollections()}); err != nil {
		t.Fatal(err)
	}
}

func (r *mirror) clear(t testing.TB) {
	t.Helper()
	b := &data.Batch{}
	for _, c := range r.colls {
		for d, err := range r.sys.Find(t.Context(), data.Query{From: c}) {
			if err != nil {
				t.Fatal(err)
			}
			b.Writes = append(b.Writes, data.Write{Collection: c, ID: d.Lookup("_id").StringValue(), Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return nil, nil }})
		}
	}
	for len(b.Writes) > 0 {
		n := min(len(b.Writes), 500)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		_, err := r.sys.Commit(ctx, &data.Batch{Now: time.Now(), Writes: b.Writes[:n]})
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		b.Writes = b.Writes[n:]
	}
}

// commit repeats a batch with what it derived; the caller holds m's lock.
func (r *mirror) commit(ctx context.Context, b *data.Batch, ws []data.Write, m *memory) error {
	c := *b
	c.Writes, c.Derive = nil, nil
	for _, w := range ws {
		if w.Expect > 0 {
			stored := r.versions[w.Collection+"/"+w.ID]
			if w.Expect != version(m.docs[w.Collection][w.ID]) {
				stored++
			}
			w.Expect = max(stored, 1)
		}
		c.Writes = append(c.Writes, w)
	}
	out, err := r.sys.Commit(ctx, &c)
	if err != nil {
		return err
	}
	for _, ch := range out.Changes {
		r.versions[ch.Collection+"/"+ch.ID] = version(ch.After)
	}
	return nil
}

// alike says whether both stores hold the same document.
func alike(a, b data.Doc) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	var x, y bson.M
	if bson.Unmarshal(a, &x) != nil || bson.Unmarshal(b, &y) != nil {
		return false
	}
	for _, m := range []bson.M{x, y} {
		for _, f := range []string{"_version", "_createdAt", "_updatedAt"} {
			delete(m, f)
		}
	}
	return fmt.Sprint(map[string]any(x)) == fmt.Sprint(map[string]any(y)) // fmt sorts the keys of maps
}

// get compares what both hold; the caller holds m's lock.
func (r *mirror) get(ctx context.Context, m *memory, coll, id string) error {
	d, err := r.sys.Get(ctx, coll, id)
	if err == nil && !alike(m.docs[coll][id], d) {
		err = fmt.Errorf("%s %s: the store holds %v, the test %v", coll, id, d, m.docs[coll][id])
	}
	return err
}

// put replaces a document whatever is stored; nil deletes it.
func (r *mirror) put(coll, id string, d data.Doc) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := r.sys.Commit(ctx, &data.Batch{Now: time.Now(), Writes: []data.Write{{
		Collection: coll, ID: id, Expect: data.AnyVersion,
		Next: func(data.Doc) (data.Doc, error) {
			if d == nil {
				return nil, nil
			}
			var m bson.M
			if err := bson.Unmarshal(d, &m); err != nil {
				return nil, err
			}
			delete(m, "_version")
			return bson.Marshal(m)
		},
	}}})
	for _, ch := range out.Changes {
		r.versions[coll+"/"+id] = version(ch.After)
	}
	return err
}

// find gives the ids that the store selects, in its order.
func (r *mirror) find(ctx context.Context, q data.Query) (ids []string, err error) {
	for d, err := range r.sys.Find(ctx, q) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, d.Lookup("_id").StringValue())
	}
	return ids, nil
}
