package mongo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

var modelColls = []string{"pets", "shops", "_users"}

// writer writes at random through a node.
func (o *other) writer(s *Store, r *rand.Rand, goOn func() bool) {
	for goOn() {
		b := &data.Batch{Now: time.Now()}
		for _, i := range r.Perm(60)[:1+r.IntN(8)*r.IntN(3)] {
			n, gone := r.IntN(5), r.IntN(4) == 0
			b.Writes = append(b.Writes, data.Write{
				Collection: modelColls[i%3], ID: fmt.Sprint("d", i/3), Expect: data.AnyVersion,
				Next: func(data.Doc) (data.Doc, error) {
					if gone {
						return nil, nil
					}
					return bson.Marshal(bson.D{{Key: "n", Value: n}})
				},
			})
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		_, err := s.Commit(ctx, b)
		cancel()
		if err != nil && hutch.CodeOf(err) != hutch.Aborted && hutch.CodeOf(err) != hutch.Unavailable {
			o.t.Error(err)
			return
		}
	}
}

// stranger writes at random as another program.
func (o *other) stranger(r *rand.Rand, goOn func() bool) {
	ctx := context.Background()
	for goOn() {
		pets, id := o.db.Collection(modelColls[r.IntN(3)]), fmt.Sprint("d", r.IntN(20))
		var err error
		switch r.IntN(4) {
		case 0:
			_, err = pets.InsertOne(ctx, bson.D{{Key: "n", Value: r.IntN(9)}, {Key: "_id", Value: id}})
		case 1:
			_, err = pets.UpdateOne(ctx, idIs(id), set("n", r.IntN(9)))
		case 2:
			_, err = pets.UpdateOne(ctx, idIs(id), set("_lock", bson.NewObjectID()))
		default:
			_, err = pets.DeleteOne(ctx, idIs(id))
		}
		if err != nil && classOf(err) == classOther {
			o.t.Error(err)
			return
		}
	}
}

// copied is the data as a reader of the feed has it.
type copied map[string]data.Doc

// follow applies a commit, and finds what does not follow from the one before.
func (m copied) follow(c *data.Commit) error {
	seen := map[string]bool{}
	for _, x := range c.Changes {
		key := x.Collection + "/" + x.ID
		if seen[key] || x.Op == data.OpReset || x.Before == nil && x.After == nil {
			return fmt.Errorf("%s: %s %s", c.Position, x.Op, key)
		}
		seen[key] = true
		if !bytes.Equal(x.Before, m[key]) {
			return fmt.Errorf("%s: %s %s: before is %s, was %s", c.Position, x.Op, key, x.Before, m[key])
		}
		if x.After == nil {
			delete(m, key)
		} else {
			m[key] = x.After
		}
	}
	return nil
}

// stored reads the data as the reader should have it.
func (o *other) stored(colls ...string) copied {
	o.t.Helper()
	m := copied{}
	for _, coll := range colls {
		cur, err := o.db.Collection(coll).Find(o.t.Context(), bson.D{})
		o.must(err)
		for cur.Next(o.t.Context()) {
			d, ok := shown(bytes.Clone(cur.Current))
			if !ok {
				o.t.Fatal("a document without a name")
			}
			m[coll+"/"+d.Lookup("_id").StringValue()] = d
		}
		o.must(cur.Err())
	}
	return m
}

// rebuild follows the feed from the start on s until mark is there, and tells
// each position with the data at it.
func (o *other) rebuild(s *Store, mark string, at func(data.Position, copied)) copied {
	m, last, commits := copied{}, data.Position(""), 0
	for c, err := range s.Changes(limit(o.t, 15*time.Minute), "") {
		if err != nil {
			o.t.Error(err)
			return nil
		}
		if c.Position < last || c.Position == last && len(c.Changes) > 0 {
			o.t.Errorf("%s comes behind %s", c.Position, last)
		}
		last = c.Position
		if len(c.Changes) == 1 && c.Changes[0].Collection == "marks" {
			if c.Changes[0].ID == mark {
				o.t.Logf("%d commits, %d documents", commits, len(m))
				return m
			}
			continue
		}
		if len(c.Changes) == 0 {
			continue
		}
		if err := m.follow(&c); err != nil {
			o.t.Error(err)
			return nil
		}
		if commits++; at != nil {
			at(c.Position, m)
		}
	}
	o.t.Error("the feed ended")
	return nil
}

func (m copied) same(n copied) error {
	var diffs []string
	for k, d := range m {
		if !bytes.Equal(d, n[k]) {
			diffs = append(diffs, fmt.Sprintf("%s: %s, not %s", k, n[k], d))
		}
	}
	for k, d := range n {
		if m[k] == nil {
			diffs = append(diffs, fmt.Sprintf("%s: %s, not absent", k, d))
		}
	}
	if diffs != nil {
		return errors.New(strings.Join(diffs, "\n"))
	}
	return nil
}

// Whatever nodes and other programs write, who follows the feed has the data.
func TestTheFeedRebuildsTheData(t *testing.T) {
	t.Parallel()
	o := feedOf(t)
	r, until := random(t, 3*time.Second)
	o.rebuilds(r, until, nil)
}

// The same while primaries step down and are killed.
func TestTheFeedOutlivesPrimaries(t *testing.T) {
	t.Parallel()
	cluster := mongotest.Start(t, mongotest.Options{})
	o := beside(t, cluster.Database("feed"))
	r, until := random(t, time.Second)
	o.rebuilds(r, until, func() {
		for n := 0; n == 0 || time.Now().Before(until); n++ {
			cluster.StepDown()
			i := cluster.WaitPrimary()
			cluster.Kill(i)
			cluster.WaitPrimary()
			cluster.Restart(i)
		}
	})
}

func (o *other) rebuilds(r *rand.Rand, until time.Time, disturb func()) {
	o.imaged(modelColls...)
	second := node(o.t, o.s.o.URL)
	var disturbed atomic.Bool
	goOn := func() bool { return !disturbed.Load() || time.Now().Before(until) }
	var writers, readers sync.WaitGroup
	for i := range 4 {
		s := []*Store{o.s, second}[i%2]
		seed := rand.New(rand.NewPCG(r.Uint64(), 1))
		writers.Go(func() { o.writer(s, seed, goOn) })
	}
	seed := rand.New(rand.NewPCG(r.Uint64(), 2))
	writers.Go(func() { o.stranger(seed, goOn) })
	got, seen := make([]copied, 2), make([]int, 2)
	type place struct {
		at data.Position
		m  copied
	}
	var places []place
	for i, s := range []*Store{o.s, second} {
		pick := rand.New(rand.NewPCG(r.Uint64(), 3))
		readers.Go(func() {
			got[i] = o.rebuild(s, "end", func(p data.Position, m copied) {
				if seen[i]++; i == 0 && pick.IntN(50) == 0 && len(places) < 20 {
					n := copied{}
					maps.Copy(n, m)
					places = append(places, place{p, n})
				}
			})
		})
	}
	if disturb != nil {
		disturb()
	}
	disturbed.Store(true)
	writers.Wait()
	o.mark("end")
	readers.Wait()
	if seen[0] != seen[1] {
		o.t.Errorf("the readers have %d commits", seen)
	}
	want := o.stored(modelColls...)
	for i := range got {
		if err := want.same(got[i]); err != nil {
			o.t.Errorf("reader %d has\n%v", i, err)
		}
	}
	// From any position on, by the other node.
	for _, p := range places {
		for _, c := range o.until(second, p.at, "end") {
			if err := p.m.follow(&c); err != nil {
				o.t.Fatalf("from %s on: %v", p.at, err)
			}
		}
		if err := want.same(p.m); err != nil {
			o.t.Fatalf("from %s on: %v", p.at, err)
		}
	}
}
