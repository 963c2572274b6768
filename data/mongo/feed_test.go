package mongo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func TestChangesOfDocuments(t *testing.T) {
	t.Parallel()
	o := feedOf(t)
	o.imaged("pets", "shops")
	o.insert("pets", doc("a", 5, 1), doc("b", 5, 1))
	o.replace("pets", doc("a", 6, 2))
	o.update("pets", "a", bson.D{{Key: "$set", Value: bson.D{{Key: "n", Value: 3}, {Key: "_version", Value: int64(7)}}}})
	o.update("pets", "b", set("_lock", bson.NewObjectID())) // held, not changed
	o.update("pets", "b", set("n", 9))                      // by a program that knows no versions
	o.replace("pets", doc("new", 8, 1))
	o.delete("pets", "a")
	o.insert("shops", bson.D{{Key: "_id", Value: "foreign"}, {Key: "n", Value: 1}})
	o.replace("shops", doc("foreign", 9, 2)) // adopted
	o.insert("shops", bson.D{{Key: "_id", Value: 7}, {Key: "n", Value: 1}})
	o.update("shops", 7, set("n", 2))
	o.delete("shops", 7)
	o.mark("end")
	o.tells(o.until(o.s, "", "end"),
		`create pets/a >5:{"$numberInt":"1"}`,
		`create pets/b >5:{"$numberInt":"1"}`,
		`update pets/a 5:{"$numberInt":"1"}>6:{"$numberInt":"2"}`,
		`update pets/a 6:{"$numberInt":"2"}>7:{"$numberInt":"3"}`,
		`update pets/b 5:{"$numberInt":"1"}>5:{"$numberInt":"9"}`,
		`create pets/new >8:{"$numberInt":"1"}`,
		`delete pets/a 7:{"$numberInt":"3"}>`,
		`create shops/foreign >1:{"$numberInt":"1"}`,
		`update shops/foreign 1:{"$numberInt":"1"}>9:{"$numberInt":"2"}`,
	)
}

func TestChangesAreWholeCommits(t *testing.T) {
	t.Parallel()
	o := feedOf(t)
	o.imaged("pets", "shops", "_idempotency")
	o.insert("pets", doc("moves", 5, 1), doc("goes", 5, 1), doc("stays", 5, 1))
	const many = 500
	before := time.Now().Add(-time.Minute)
	for r := range 3 {
		o.atOnce(func(ctx context.Context) {
			docs := make([]any, many)
			for i := range docs {
				docs[i] = bson.D{{Key: "_id", Value: fmt.Sprintf("%d-%d", r, i)}, {Key: "pad", Value: strings.Repeat("x", 20_000)}}
			}
			_, err := o.db.Collection("shops").InsertMany(ctx, docs)
			o.must(err)
			_, err = o.db.Collection("_idempotency").InsertOne(ctx, idIs(fmt.Sprint("key", r)))
			o.must(err)
		})
	}
	o.atOnce(func(ctx context.Context) {
		pets := o.db.Collection("pets")
		del := func(id string) { _, err := pets.DeleteOne(ctx, idIs(id)); o.must(err) }
		ins := func(d bson.D) { _, err := pets.InsertOne(ctx, d); o.must(err) }
		del("moves")
		ins(doc("moves", 6, 2))
		ins(doc("passes", 6, 2))
		del("passes")
		del("goes")
		del("stays")
		ins(doc("stays", 5, 1))
	})
	o.mark("end")
	cs := o.until(o.s, "", "end")
	if len(cs) != 7 {
		t.Fatalf("%d commits", len(cs))
	}
	for _, c := range cs[3:6] {
		if len(c.Changes) != many {
			t.Errorf("a commit of %d changes", len(c.Changes))
		}
		if c.At.Before(before) || c.At.After(time.Now().Add(time.Minute)) {
			t.Errorf("made at %s", c.At)
		}
	}
	o.tells(cs[6:], `update pets/moves 5:{"$numberInt":"1"}>6:{"$numberInt":"2"}; delete pets/goes 5:{"$numberInt":"1"}>`)
}

func TestChangesOfSystemCollections(t *testing.T) {
	t.Parallel()
	o := feedOf(t)
	o.imaged("_users")
	for _, coll := range []string{"_store", "_idempotency", "_runs", "_logs", "_metrics", "_jobs", "fs.files", "a%2", "%41", "_users", "a%2fb"} {
		o.insert(coll, bson.D{{Key: "_id", Value: "a"}, {Key: "_version", Value: int64(5)}})
	}
	for _, coll := range []string{"_jobs", "_runs"} {
		o.update(coll, "a", set("n", 1))
		o.delete(coll, "a")
		o.must(o.db.Collection(coll).Drop(t.Context()))
	}
	o.mark("end")
	cs := o.until(o.s, "", "end")
	o.tells(cs, `create _jobs/a >`, `create _users/a >5:`, `create a/b/a >5:`)
}

func TestChangesReset(t *testing.T) {
	t.Parallel()
	o := feedOf(t)
	o.imaged("pets", "shops")
	o.insert("pets", doc("a", 5, 1))
	o.insert("bare", doc("a", 5, 1), doc("b", 5, 1)) // without old images
	o.update("bare", "a", set("n", 2))
	o.delete("bare", "b")
	o.update("bare", "none", set("n", 2))
	rename := func(from, to string) {
		o.must(o.db.Client().Database("admin").RunCommand(t.Context(), bson.D{
			{Key: "renameCollection", Value: o.db.Name() + "." + from}, {Key: "to", Value: o.db.Name() + "." + to}, {Key: "dropTarget", Value: true},
		}).Err())
	}
	rename("bare", "renamed")
	cur, err := o.db.Collection("pets").Aggregate(t.Context(), bson.A{bson.D{{Key: "$out", Value: "renamed"}}})
	o.must(err)
	o.must(cur.Close(t.Context()))
	o.must(o.db.Collection("pets").Drop(t.Context()))
	o.mark("middle")
	o.must(o.db.Drop(t.Context()))
	o.insert("pets", doc("z", 9, 1))
	o.mark("end")
	all := o.until(o.s, "", "middle")
	o.tells(all,
		`create pets/a >5:{"$numberInt":"1"}`,
		`create bare/a >5:{"$numberInt":"1"}`, `create bare/b >5:{"$numberInt":"1"}`,
		`reset bare/ >`, `reset bare/ >`,
		`reset bare/ >; reset renamed/ >`,
		`reset renamed/ >`,
		`reset pets/ >`,
	)
	// The database is dropped: every collection, and the stream goes on.
	rest := o.until(o.s, all[len(all)-1].Position, "end")
	dropped := map[string]bool{}
	for i, c := range rest {
		for _, x := range c.Changes {
			if x.Op == data.OpReset {
				dropped[x.Collection] = true
			} else if i < len(rest)-1 && x.Collection != "marks" {
				t.Errorf("%s", told(rest))
			}
		}
	}
	if !dropped["shops"] || !dropped["renamed"] || !dropped["marks"] {
		t.Errorf("reset %v of\n%s", dropped, told(rest))
	}
	o.tells(rest[len(rest)-1:], `create pets/z >9:{"$numberInt":"1"}`)
	// From the drop's own position it goes on as well.
	o.tells(o.until(o.s, rest[len(rest)-2].Position, "end"), `create pets/z >9:{"$numberInt":"1"}`)
}

func TestChangesOfLargeDocuments(t *testing.T) {
	t.Parallel()
	o := feedOf(t)
	o.imaged("pets", "files")
	large := func(n int, b string) bson.D {
		return bson.D{{Key: "_id", Value: "large"}, {Key: "n", Value: n}, {Key: "pad", Value: strings.Repeat(b, 9<<20)}}
	}
	o.insert("pets", doc("a", 5, 1))
	o.replace("files", large(1, "x"))
	o.replace("files", large(2, "y")) // both images are above 16 MiB
	o.replace("pets", doc("a", 6, 2))
	o.insert("files", bson.D{{Key: "_id", Value: "huge"}, {Key: "pad", Value: strings.Repeat("x", 16<<20-100)}})
	o.delete("files", "huge")
	o.replace("pets", doc("a", 7, 3))
	o.mark("end")
	o.tells(o.until(o.s, "", "end"),
		`create pets/a >5:{"$numberInt":"1"}`,
		`create files/large >1:{"$numberInt":"1"}`,
		`reset files/ >`,
		`update pets/a 5:{"$numberInt":"1"}>6:{"$numberInt":"2"}`,
		`reset files/ >`,
		`reset files/ >`,
		`update pets/a 6:{"$numberInt":"2"}>7:{"$numberInt":"3"}`,
	)
}

func TestChangesResumeAnywhere(t *testing.T) {
	t.Parallel()
	o := feedOf(t)
	o.imaged("pets")
	for i := range 30 {
		o.replace("pets", doc(fmt.Sprint(i%7), int64(10+i), i))
		if i%5 == 0 {
			o.atOnce(func(ctx context.Context) {
				_, err := o.db.Collection("pets").InsertMany(ctx, []any{idIs(fmt.Sprint("x", i)), idIs(fmt.Sprint("y", i))})
				o.must(err)
			})
		}
	}
	o.mark("end")
	all := o.until(o.s, "", "end")
	if len(all) != 36 {
		t.Fatalf("%d commits", len(all))
	}
	second := node(t, o.s.o.URL)
	for i := range all {
		got := o.until(second, all[i].Position, "end")
		if told(got) != told(all[i+1:]) {
			t.Fatalf("behind %d comes\n%s", i, told(got))
		}
		for k := range got {
			if got[k].Position != all[i+1+k].Position || !got[k].At.Equal(all[i+1+k].At) {
				t.Fatalf("another position or time behind %d", i)
			}
		}
	}
}

func TestChangesSpeakWhileIdle(t *testing.T) {
	t.Parallel()
	o := feedOf(t)
	o.insert("pets", doc("a", 5, 1))
	o.mark("end")
	at := o.until(o.s, "", "end")[0].Position
	var heard []time.Time
	for c, err := range o.s.Changes(limit(t, 20*time.Second), at) {
		o.must(err)
		if len(c.Changes) > 0 {
			continue
		}
		if c.Position < at || c.At.IsZero() {
			t.Fatalf("progress %+v behind %s", c, at)
		}
		at = c.Position
		if heard = append(heard, c.At); len(heard) == 4 {
			break
		}
	}
	if len(heard) < 4 {
		t.Fatalf("progress %d times", len(heard))
	}
	// A write that the feed does not show moves it all the same.
	o.insert("_idempotency", idIs("k"))
	var now data.Position
	for c, err := range o.s.Changes(limit(t, 20*time.Second), at) {
		o.must(err)
		if c.Position > at {
			now = c.Position
			break
		}
	}
	if now == "" {
		t.Error("the feed does not reach a write that it leaves out")
	}
}

func TestChangesOfPositionsThatAreNone(t *testing.T) {
	t.Parallel()
	o := feedOf(t)
	for p, code := range map[data.Position]hutch.Code{"xyz": hutch.InvalidArgument, "ffffffffffffffff": hutch.FailedPrecondition, (o.s.known.load() + 1<<40).position(): hutch.FailedPrecondition} {
		n := 0
		for _, err := range o.s.Changes(limit(t, 20*time.Second), p) {
			if n++; hutch.AsError(err).Code != code || errors.Is(err, data.ErrLogGone) {
				t.Errorf("%s: %v", p, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d answers", p, n)
		}
	}
	for _, err := range o.s.Changes(limit(t, 20*time.Second), "0000000000000007") {
		if !errors.Is(err, data.ErrLogGone) {
			t.Errorf("before the store was made: %v", err)
		}
	}
}

func TestChangesEndWithTheStore(t *testing.T) {
	t.Parallel()
	o := feedOf(t)
	s, err := Open(t.Context(), Options{URL: o.s.o.URL})
	o.must(err)
	var last error
	for _, err := range s.Changes(limit(t, 20*time.Second), "") {
		if last = err; err == nil {
			o.must(s.Close())
		}
	}
	if !errors.Is(last, errClosed) {
		t.Errorf("ends with %v", last)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, err := range o.s.Changes(ctx, "") {
		o.must(err)
		cancel()
	}
}
