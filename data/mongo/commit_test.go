package mongo_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

func version(d data.Doc) int64 { return number(d, data.FieldVersion) }

// between calls f when Next first runs: after the read, before the write.
func between(w data.Write, f func()) (data.Write, *int) {
	calls := 0
	next := w.Next
	w.Next = func(old data.Doc) (data.Doc, error) {
		if calls++; calls == 1 {
			f()
		}
		return next(old)
	}
	return w, &calls
}

func TestVersionsGrowAcrossDeleteAndCreateOnManyNodes(t *testing.T) {
	t.Parallel()
	uri := mongotest.Database(t)
	nodes := []*mongo.Store{}
	for range 4 {
		nodes = append(nodes, openAt(t, uri, mongo.Options{}))
	}
	start := commit(t, nodes[0], put("pets", "begin", 1)).Position
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			for k := range 25 {
				id := fmt.Sprint("x", k%2)
				w := []data.Write{put("pets", id, 1), del("pets", id), inc("pets", id)}[(i+k)%3]
				if (i+k)%3 == 0 {
					w.Expect = 0
				}
				_, err := nodes[i%4].Commit(within(t, patience), &data.Batch{Now: time.Now(), Writes: []data.Write{w}})
				if err != nil && hutch.CodeOf(err) != hutch.AlreadyExists {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	end := commit(t, nodes[0], put("pets", "end", 1)).Position
	seen, creates := map[string]int64{}, 0
	for c, err := range nodes[1].Changes(within(t, patience), start) {
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range c.Changes {
			if x.After == nil {
				continue
			}
			if v := version(x.After); v <= seen[x.ID] {
				t.Fatalf("%s has version %d after %d", x.ID, v, seen[x.ID])
			}
			seen[x.ID] = version(x.After)
			if x.Before == nil {
				creates++
			}
		}
		if c.Position >= end {
			break
		}
	}
	if creates < 20 {
		t.Errorf("%d creates are too few to mean anything", creates)
	}
}

func TestADeleteWaitsWhileTheVersionIsAheadOfTheClock(t *testing.T) {
	t.Parallel()
	uri := mongotest.Database(t)
	s, db := openAt(t, uri, mongo.Options{}), plain(t, uri)
	commit(t, s, put("pets", "a", 1))
	ahead := (time.Now().Unix() + 2) << 20 // as merged updates leave it
	if _, err := db.Collection("pets").UpdateByID(t.Context(), "a", bson.D{{Key: "$set", Value: bson.D{{Key: "_version", Value: ahead}}}}); err != nil {
		t.Fatal(err)
	}
	commit(t, s, del("pets", "a"))
	commit(t, openAt(t, uri, mongo.Options{}), put("pets", "a", 2))
	if v := version(get(t, s, "pets", "a")); v <= ahead {
		t.Errorf("version %d after %d", v, ahead)
	}
}

func TestADeleteDoesNotWaitForAnotherProgramsVersion(t *testing.T) {
	t.Parallel()
	uri := mongotest.Database(t)
	s, pets := openAt(t, uri, mongo.Options{}), plain(t, uri).Collection("pets")
	hour := (time.Now().Unix() + 3600) << 20
	for _, x := range []struct {
		name           string
		version, shown int64
	}{
		{"nanoseconds", time.Now().UnixNano(), 1},
		{"the least that is no version", 1 << 53, 1},
		{"the last version", 1<<53 - 1, 1<<53 - 1},
		{"an hour ahead", hour, hour},
	} {
		for _, more := range [][]data.Write{nil, {put("pets", "b", 1)}} {
			t.Run(fmt.Sprintf("%s, %d writes", x.name, 1+len(more)), func(t *testing.T) {
				if _, err := pets.InsertOne(t.Context(), bson.D{{Key: "_id", Value: "a"}, {Key: "_version", Value: x.version}, {Key: "n", Value: 1}}); err != nil {
					t.Fatal(err)
				}
				if v := version(get(t, s, "pets", "a")); v != x.shown {
					t.Errorf("shown as version %d", v)
				}
				w, calls := between(del("pets", "a"), func() { // the version stays
					if _, err := pets.UpdateByID(t.Context(), "a", bson.D{{Key: "$inc", Value: bson.D{{Key: "n", Value: 1}}}}); err != nil {
						t.Fatal(err)
					}
				})
				r := commit(t, s, append(more, w)...)
				if d := r.Changes[len(r.Changes)-1]; *calls < 2 || number(d.Before, "n") != 2 || get(t, s, "pets", "a") != nil {
					t.Errorf("%s is deleted, judged %d times", d.Before, *calls)
				}
			})
		}
	}
}

func TestACreateConflictsWithAnothersCreateAndDelete(t *testing.T) {
	t.Parallel()
	uri := mongotest.Database(t)
	s, other := openAt(t, uri, mongo.Options{}), openAt(t, uri, mongo.Options{})
	commit(t, s, put("pets", "begin", 1))
	var theirs int64
	w, calls := between(put("pets", "a", 1), func() {
		commit(t, other, put("pets", "a", 2))
		for range 50 { // their clock runs ahead of the one this node has seen
			commit(t, other, inc("pets", "a"))
		}
		theirs = version(get(t, other, "pets", "a"))
		commit(t, other, del("pets", "a"))
	})
	w.Expect = 0
	commit(t, s, w)
	if v := version(get(t, s, "pets", "a")); v <= theirs || *calls < 2 {
		t.Errorf("version %d after %d, judged %d times", v, theirs, *calls)
	}
}

// A write that made nothing of an absent document may make one when it is asked again.
func TestAnAbsenceIsReadAgainBeforeACreate(t *testing.T) {
	t.Parallel()
	uri := mongotest.Database(t)
	s, other := openAt(t, uri, mongo.Options{}), openAt(t, uri, mongo.Options{})
	commit(t, s, put("pets", "begin", 1))
	var theirs int64
	calls := 0
	w := put("pets", "a", 1)
	next := w.Next
	w.Next = func(old data.Doc) (data.Doc, error) {
		switch calls++; calls {
		case 1:
			return nil, nil
		case 2:
			commit(t, other, put("pets", "a", 2))
			for range 50 { // their clock runs ahead of the one this node has seen
				commit(t, other, inc("pets", "a"))
			}
			theirs = version(get(t, other, "pets", "a"))
			commit(t, other, del("pets", "a"))
		}
		return next(old)
	}
	commit(t, s, w)
	if v := version(get(t, s, "pets", "a")); v <= theirs || calls < 3 {
		t.Errorf("version %d after %d, judged %d times", v, theirs, calls)
	}
}

func TestAWriteMeetsWhatItReplaces(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		name  string
		first func(t *testing.T, uri string, s *mongo.Store)
		then  func(t *testing.T, uri string, other *mongo.Store)
	}{
		{
			"another node's change", func(t *testing.T, _ string, s *mongo.Store) { commit(t, s, put("pets", "a", 1)) },
			func(t *testing.T, _ string, other *mongo.Store) { commit(t, other, inc("pets", "a")) },
		},
		{
			"another program's change of its own document", func(t *testing.T, uri string, _ *mongo.Store) {
				if _, err := plain(t, uri).Collection("pets").InsertOne(t.Context(), bson.D{{Key: "_id", Value: "a"}, {Key: "n", Value: int64(1)}}); err != nil {
					t.Fatal(err)
				}
			},
			func(t *testing.T, uri string, _ *mongo.Store) {
				if _, err := plain(t, uri).Collection("pets").UpdateByID(t.Context(), "a", bson.D{{Key: "$inc", Value: bson.D{{Key: "n", Value: int64(1)}}}}); err != nil {
					t.Fatal(err)
				}
			},
		},
	} {
		for _, more := range [][]data.Write{nil, {put("pets", "b", 1)}} {
			t.Run(fmt.Sprintf("%s, %d writes", x.name, 1+len(more)), func(t *testing.T) {
				uri := mongotest.Database(t)
				s, other := openAt(t, uri, mongo.Options{}), openAt(t, uri, mongo.Options{})
				x.first(t, uri, s)
				w, _ := between(inc("pets", "a"), func() { x.then(t, uri, other) })
				commit(t, s, append(more, w)...)
				d := get(t, s, "pets", "a")
				if number(d, "n") != 3 || version(d) <= 1 || data.Field(d, data.FieldCreated).Type != bson.TypeDateTime {
					t.Errorf("the document is %s", d)
				}
			})
		}
	}
}

// The difference to the embedded store: isolation is snapshot isolation.
func TestAChecksHoldsUpToTheStartOfTheTransaction(t *testing.T) {
	t.Parallel()
	uri := mongotest.Database(t)
	s, other := openAt(t, uri, mongo.Options{}), openAt(t, uri, mongo.Options{})
	commit(t, s, put("pets", "a", 1), put("pets", "b", 1))
	check := []data.Check{{Collection: "pets", ID: "b", Version: version(get(t, s, "pets", "b"))}}
	w, _ := between(put("pets", "a", 2), func() { commit(t, other, put("pets", "b", 2)) })
	if _, err := s.Commit(within(t, patience), &data.Batch{Now: time.Now(), Checks: check, Writes: []data.Write{w}}); err != nil {
		t.Errorf("a change after the start: %v", err)
	}
	_, err := s.Commit(within(t, patience), &data.Batch{Now: time.Now(), Checks: check, Writes: []data.Write{put("pets", "a", 3)}})
	if hutch.CodeOf(err) != hutch.Aborted || number(get(t, s, "pets", "a"), "n") != 2 {
		t.Errorf("a change before the start: %v", err)
	}
	both := []data.Write{put("pets", "a", 4), put("pets", "b", 4)}
	both[1].Expect = version(get(t, s, "pets", "b"))
	both[0], _ = between(both[0], func() { commit(t, other, put("pets", "b", 3)) })
	_, err = s.Commit(within(t, patience), &data.Batch{Now: time.Now(), Writes: both})
	if hutch.CodeOf(err) != hutch.Aborted || number(get(t, s, "pets", "b"), "n") != 3 {
		t.Errorf("a change of a written document: %v", err)
	}
}

func TestNodesConfigureAtTheSameTime(t *testing.T) {
	t.Parallel()
	uri := mongotest.Database(t)
	db := plain(t, uri)
	if _, err := db.Collection("pets").InsertOne(t.Context(), bson.D{{Key: "_id", Value: "a"}, {Key: "chip", Value: 1}}); err != nil {
		t.Fatal(err)
	}
	theirs := bson.D{{Key: "createIndexes", Value: "pets"}, {Key: "indexes", Value: bson.A{bson.D{{Key: "key", Value: bson.D{{Key: "x", Value: 1}}}, {Key: "name", Value: "theirs"}}}}}
	if err := db.RunCommand(t.Context(), theirs).Err(); err != nil {
		t.Fatal(err)
	}
	chip := data.Index{Name: "chip", Fields: []data.Order{{Path: "chip"}}, Unique: true}
	n := data.Index{Name: "n", Fields: []data.Order{{Path: "n", Desc: true}}}
	var wg sync.WaitGroup
	for range 3 {
		s := openAt(t, uri, mongo.Options{})
		wg.Go(func() {
			if err := s.Configure(within(t, patience), []data.Collection{{Name: "pets", Indexes: []data.Index{chip, n}}}, true); err != nil {
				t.Error(err)
				return
			}
			_, err := s.Commit(within(t, patience), &data.Batch{Now: time.Now(), Writes: []data.Write{{
				Collection: "pets", ID: "b", Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) {
					return data.NewDoc(data.Elem{Name: "chip", Value: data.Int(1)}), nil
				},
			}}})
			if hutch.CodeOf(err) != hutch.AlreadyExists {
				t.Errorf("error %v", err)
			}
		})
	}
	wg.Wait()
	s := openAt(t, uri, mongo.Options{})
	for _, x := range []struct {
		prune bool
		want  string
	}{{false, "[_id_ theirs hutch unique:chip:1 hutch:chip:1,_id:1 hutch:n:-1,_id:1]"}, {true, "[_id_ theirs hutch:n:-1,_id:1]"}} {
		if err := s.Configure(within(t, patience), []data.Collection{{Name: "pets", Indexes: []data.Index{n}}}, x.prune); err != nil {
			t.Fatal(err)
		}
		specs, err := db.Collection("pets").Indexes().ListSpecifications(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, spec := range specs {
			names = append(names, spec.Name)
		}
		if fmt.Sprint(names) != x.want {
			t.Errorf("indexes %v, want %s", names, x.want)
		}
	}
}
