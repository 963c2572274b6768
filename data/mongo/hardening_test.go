package mongo_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

func write(id string, fields ...data.Elem) data.Write {
	return data.Write{Collection: "pets", ID: id, Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return data.NewDoc(fields...), nil }}
}

func TestADroppedCollectionGetsItsIndexesBack(t *testing.T) {
	t.Parallel()
	uri := mongotest.Database(t)
	s, ctx := openAt(t, uri, mongo.Options{}), within(t, 30*time.Second)
	unique := data.Index{Name: "chip", Unique: true, Fields: []data.Order{{Path: "chip"}}}
	if err := s.Configure(ctx, []data.Collection{{Name: "pets", Indexes: []data.Index{unique}}}, true); err != nil {
		t.Fatal(err)
	}
	info, err := s.Info(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := plain(t, uri).Collection("pets").Drop(ctx); err != nil {
		t.Fatal(err)
	}
	for c, err := range s.Changes(ctx, info.Head) { // the feed tells the store
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Changes) > 0 && c.Changes[0].Op == data.OpReset {
			break
		}
	}
	chip := data.Elem{Name: "chip", Value: data.Int(1)}
	r, err := s.Commit(ctx, &data.Batch{Writes: []data.Write{write("a", chip)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(ctx, &data.Batch{Writes: []data.Write{write("b", chip)}}); hutch.CodeOf(err) != hutch.AlreadyExists {
		t.Errorf("a taken value: %v", err)
	}
	if _, err := s.Commit(ctx, &data.Batch{Writes: []data.Write{write("a", data.Elem{Name: "chip", Value: data.Int(2)})}}); err != nil {
		t.Fatal(err)
	}
	for c, err := range s.Changes(ctx, r.Position) {
		if err != nil {
			t.Fatal(err)
		}
		if len(c.Changes) > 0 {
			if x := c.Changes[0]; x.Op != data.OpUpdate || x.Before == nil {
				t.Errorf("the update is %+v", x)
			}
			break
		}
	}
}

func TestACollationIsRefused(t *testing.T) {
	t.Parallel()
	uri := mongotest.Database(t)
	ctx := within(t, 30*time.Second)
	o := options.CreateCollection().SetCollation(&options.Collation{Locale: "en", Strength: 2})
	if err := plain(t, uri).CreateCollection(ctx, "pets", o); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, uri, mongo.Options{})
	if err := s.Configure(ctx, []data.Collection{{Name: "pets"}}, true); hutch.CodeOf(err) != hutch.FailedPrecondition {
		t.Errorf("Configure: %v", err)
	}
	if _, err := s.Commit(ctx, &data.Batch{Writes: []data.Write{write("a")}}); hutch.CodeOf(err) != hutch.FailedPrecondition {
		t.Errorf("a write: %v", err)
	}
}

func TestATimeoutInTheURLEndsNoFeed(t *testing.T) {
	t.Parallel()
	s, ctx := openAt(t, mongotest.Database(t)+"&timeoutMS=2000", mongo.Options{}), within(t, 30*time.Second)
	r, err := s.Commit(ctx, &data.Batch{Writes: []data.Write{write("a")}})
	if err != nil {
		t.Fatal(err)
	}
	for c, err := range s.Changes(ctx, "") {
		if err != nil {
			t.Fatal(err)
		}
		if c.Position >= r.Position {
			return
		}
	}
	t.Error("the changes ended")
}

// Documents of other programs are guarded as a whole, which takes room in commands.
func TestManyLargeDocumentsOfOtherPrograms(t *testing.T) {
	t.Parallel()
	uri := mongotest.Database(t)
	s, ctx := openAt(t, uri, mongo.Options{}), within(t, 60*time.Second)
	pad := strings.Repeat("x", 900_000)
	var puts, deletes []data.Write
	for i := range 10 {
		id := fmt.Sprint(i)
		if _, err := plain(t, uri).Collection("pets").InsertOne(ctx, bson.D{{Key: "_id", Value: id}, {Key: "pad", Value: pad}}); err != nil {
			t.Fatal(err)
		}
		puts = append(puts, write(id, data.Elem{Name: "pad", Value: data.String(pad)}, data.Elem{Name: "n", Value: data.Int(1)}))
		deletes = append(deletes, data.Write{Collection: "pets", ID: id, Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return nil, nil }})
	}
	for _, ws := range [][]data.Write{puts, deletes} {
		if r, err := s.Commit(ctx, &data.Batch{Writes: ws}); err != nil || len(r.Changes) != 10 {
			t.Errorf("%d changes, %v", len(r.Changes), err)
		}
	}
}
