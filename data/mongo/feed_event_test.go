package mongo

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

func raw(t testing.TB, d any) bson.Raw {
	t.Helper()
	b, err := bson.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// eventAt is an event of a stream as the server sends it.
func eventAt(at uint32, op, coll, id string, before, after any, more ...bson.E) bson.D {
	d := bson.D{
		{Key: "_id", Value: bson.D{{Key: "_data", Value: "82"}}},
		{Key: "operationType", Value: op},
		{Key: "clusterTime", Value: bson.Timestamp{T: 100, I: at}},
		{Key: "wallTime", Value: bson.DateTime(1000 * int64(at))},
		{Key: "ns", Value: bson.D{{Key: "db", Value: "d"}, {Key: "coll", Value: coll}}},
		{Key: "documentKey", Value: idIs(id)},
	}
	if before != nil {
		d = append(d, bson.E{Key: "fullDocumentBeforeChange", Value: before})
	}
	if after != nil {
		d = append(d, bson.E{Key: "fullDocument", Value: after})
	}
	return append(d, more...)
}

func assemble(singles bool) *assembly {
	return &assembly{names: map[string]string{}, singles: singles, known: func() []string { return []string{"pets", "_jobs", "_store"} }, gone: func(string) {}}
}

// Servers of later versions have several events at one time outside of
// transactions too: no event ends a commit there.
func TestCommitsOfEvents(t *testing.T) {
	txn := bson.E{Key: "txnNumber", Value: int64(1)}
	events := []bson.D{
		eventAt(1, "insert", "pets", "a", nil, doc("a", 5, 1)),
		eventAt(2, "insert", "pets", "b", nil, doc("b", 5, 1), txn),
		eventAt(2, "delete", "pets", "a", doc("a", 5, 1), nil, txn),
		eventAt(3, "drop", "pets", "", nil, nil),
		eventAt(4, "dropDatabase", "", "", nil, nil),
		eventAt(4, "invalidate", "", "", nil, nil),
	}
	for singles, ready := range map[bool][]int{true: {1, 1, 1, 2, 3, 3}, false: {0, 1, 1, 2, 3, 3}} {
		a := assemble(singles)
		for i, e := range events {
			if err := a.add(raw(t, e)); err != nil || len(a.ready) != ready[i] {
				t.Errorf("singles %v: %d commits after event %d, %v", singles, len(a.ready), i, err)
			}
		}
		a.flush()
		want := "create pets/a >5:{\"$numberInt\":\"1\"}\n" +
			"create pets/b >5:{\"$numberInt\":\"1\"}; delete pets/a 5:{\"$numberInt\":\"1\"}>\nreset pets/ >\nreset pets/ >\n"
		if got := told(a.ready); got != want || !a.reopen {
			t.Errorf("singles %v: %s", singles, got)
		}
		if at := a.ready[1].At; !at.Equal(time.Unix(2, 0)) {
			t.Errorf("made at %s", at)
		}
	}
}

// A stream that begins again shows its first commit again.
func TestEventsThatWereShownAreNotShownAgain(t *testing.T) {
	a := assemble(true)
	for range 2 {
		for at := range uint32(5) {
			if err := a.add(raw(t, eventAt(at, "insert", "pets", fmt.Sprint(at), nil, idIs(fmt.Sprint(at))))); err != nil {
				t.Fatal(err)
			}
		}
		a.drop()
	}
	if len(a.ready) != 5 {
		t.Errorf("%d commits", len(a.ready))
	}
}

// What a commit hands on does not hold the whole answer in memory.
func TestImagesAreCopies(t *testing.T) {
	a := assemble(true)
	ev := raw(t, eventAt(1, "update", "pets", "a", doc("a", 5, 1), doc("a", 6, 2)))
	if err := a.add(ev); err != nil {
		t.Fatal(err)
	}
	c := a.ready[0].Changes[0]
	before := fmt.Sprint(c)
	for i := range ev {
		ev[i] = 0xff
	}
	if after := fmt.Sprint(a.ready[0].Changes[0]); after != before || c.Collection != "pets" || c.ID != "a" {
		t.Errorf("%s became %s", before, after)
	}
}

func FuzzEvent(f *testing.F) {
	seed := []bson.D{
		eventAt(1, "insert", "pets", "a", nil, doc("a", 5, 1)),
		eventAt(2, "update", "pets", "a", doc("a", 5, 1), doc("a", 6, 2)),
		eventAt(2, "replace", "a%2fb", "a", idIs("a"), idIs("a"), bson.E{Key: "txnNumber", Value: int64(1)}),
		eventAt(3, "delete", "_users", "a", bson.D{{Key: "n", Value: bson.A{1, "x"}}, {Key: "_id", Value: "a"}}, nil),
		eventAt(4, "rename", "pets", "", nil, nil, bson.E{Key: "to", Value: bson.D{{Key: "coll", Value: "shops"}}}),
		eventAt(5, "dropDatabase", "", "", nil, nil),
		eventAt(5, "invalidate", "", "", nil, nil),
		eventAt(6, "insert", "_jobs", "a", nil, nil),
	}
	for _, d := range seed {
		f.Add([]byte(raw(f, d)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a := assemble(true)
		if err := a.add(b); err != nil {
			return
		}
		a.flush()
		if bson.Raw(b).Validate() != nil { // what is not read may be anything
			return
		}
		for _, c := range a.ready {
			for _, x := range c.Changes {
				if x.Collection == "" || x.Op == data.OpReset && x.ID != "" {
					t.Errorf("%+v", x)
				}
				for _, d := range []data.Doc{x.Before, x.After} {
					if d == nil {
						continue
					}
					if err := d.Validate(); err != nil {
						t.Errorf("%s: %v", x.Op, err)
					}
					if id, ok := d.Lookup("_id").StringValueOK(); !ok || d.Lookup("_version").Type != bson.TypeInt64 {
						t.Errorf("%q of %s", id, d)
					}
					if again, ok := shown(d); !ok || !bytes.Equal(again, d) && versionOf(d) > foreignVersion {
						t.Errorf("%s is not what is shown", d)
					}
				}
			}
		}
	})
}
