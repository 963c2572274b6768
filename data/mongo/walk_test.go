package mongo

import (
	"fmt"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

func order(text string) (o []data.Order) {
	for f := range strings.SplitSeq(text, ",") {
		if f != "" {
			o = append(o, data.Order{Path: strings.TrimPrefix(f, "-"), Desc: f[0] == '-'})
		}
	}
	return o
}

// openIndexed gives a store with a collection pets of n documents: k is one of
// ten, n counts, t is a list of two, m is of all types.
func openIndexed(t *testing.T, n int, indexes ...string) *Store {
	t.Helper()
	mixed := []any{nil, 3, int64(1) << 40, 2.5, "x", "y", bson.D{{Key: "a", Value: 1}}, []byte("b"), bson.ObjectID{1}, true, false, bson.DateTime(5), bson.DateTime(-5)}
	var docs []any
	for i := range n {
		d := bson.D{{Key: "_id", Value: fmt.Sprintf("%05d", i)}, {Key: "k", Value: i % 10}, {Key: "n", Value: i}, {Key: "t", Value: bson.A{i % 3, 3 + i%5}}}
		if i%(len(mixed)+1) > 0 {
			d = append(d, bson.E{Key: "m", Value: mixed[i%(len(mixed)+1)-1]})
		}
		docs = append(docs, d)
	}
	s := openWith(t, docs...)
	c := data.Collection{Name: "pets"}
	for _, ix := range indexes {
		c.Indexes = append(c.Indexes, data.Index{Name: ix, Fields: order(ix)})
	}
	if err := s.Configure(t.Context(), []data.Collection{c}, true); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestWalksSeekAndDoNotSort: every step of a walk is one pass over an index from
// where it begins, without a sort on the server.
func TestWalksSeekAndDoNotSort(t *testing.T) {
	t.Parallel()
	s := openIndexed(t, 1400, "k,-n", "n", "m", "t,n", "-m,n")
	for _, x := range []struct {
		where, by string
		mark      string // id
		index     string
	}{
		{`{}`, "", "", "_id"},
		{`{}`, "", "00700", "_id"},
		{`{}`, "-_id", "00700", "_id"},
		{`{"_id":{"$gte":"00100","$lt":"00200"}}`, "", "00150", "_id"},
		{`{"_id":{"$in":["00100","00150","00300"]}}`, "", "00150", "_id"},
		{`{}`, "n", "", "n"},
		{`{}`, "n", "00700", "n"},
		{`{}`, "-n", "00700", "n"},
		{`{"n":{"$gt":100,"$lte":900}}`, "n", "00700", "n"},
		{`{"n":{"$gt":100,"$lte":900}}`, "-n", "00700", "n"},
		{`{"k":3}`, "n", "00703", "k,-n"},
		{`{"k":3}`, "-n", "00703", "k,-n"},
		{`{"k":3,"n":{"$lt":900}}`, "n", "00703", "k,-n"},
		{`{"k":3}`, "-n", "", "k,-n"},
		{`{"k":3}`, "n", "", "k,-n"},
		{`{}`, "k,-n", "00703", "k,-n"},
		{`{}`, "-k,n", "00703", "k,-n"},
		{`{"k":{"$in":[3,5]}}`, "k,-n", "00703", "k,-n"},
		{`{}`, "m", "00700", "m"},
		{`{}`, "m", "00701", "m"},
		{`{}`, "m", "00705", "m"},
		{`{}`, "m", "00712", "m"},
		{`{}`, "-m", "00701", "m"},
		{`{}`, "-m", "00703", "m"},
		{`{}`, "-m", "00708", "m"},
		{`{}`, "-m,n", "00708", "-m,n"},
		{`{}`, "m,-n", "00703", "-m,n"},
		{`{"m":null}`, "n", "00700", "-m,n"},
		{`{"t":2}`, "n", "00704", "t,n"},
		{`{"t":2}`, "-n", "00704", "t,n"},
		{`{"t":2}`, "n", "", "t,n"},
	} {
		p := &data.Plan{Collection: "pets", Where: filter(t, x.where), OrderBy: order(x.by), Limit: 20}
		sn, err := s.Snapshot(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if x.mark != "" {
			d, err := sn.Get(t.Context(), "pets", x.mark)
			if err != nil || d == nil {
				t.Fatal(d, err)
			}
			m := data.MarkOf(d, p.OrderBy)
			p.After = &m
		}
		r, err := sn.(*snapshot).begin(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if r.a.Name != x.index || !r.a.Sorted {
			t.Errorf("%s by %q: index %s, sorted %v", x.where, x.by, r.a.Name, r.a.Sorted)
		}
		w := newWalker(r, nil)
		for _, part := range w.parts() {
			q := w.query(part)
			plan := s.explain(t, q)
			if sort := stage(plan.Query.Winning, "SORT"); sort != nil {
				t.Errorf("%s by %q after %q sorts: %s", x.where, x.by, x.mark, sort)
			}
			if most := plan.Stats.Found + 16; plan.Stats.Keys > most || plan.Stats.Docs > most {
				t.Errorf("%s by %q after %q examines %+v for %s", x.where, x.by, x.mark, plan.Stats, q.filter)
			}
		}
		sn.Close()
	}
}

type explained struct {
	Query struct {
		Winning bson.Raw `bson:"winningPlan"`
	} `bson:"queryPlanner"`
	Stats struct {
		Keys  int `bson:"totalKeysExamined"`
		Docs  int `bson:"totalDocsExamined"`
		Found int `bson:"nReturned"`
	} `bson:"executionStats"`
}

func (s *Store) explain(t *testing.T, q query) (out explained) {
	t.Helper()
	cmd := bson.D{{Key: "find", Value: "pets"}, {Key: "filter", Value: q.filter}, {Key: "limit", Value: 20}}
	if q.sort != nil {
		cmd = append(cmd, bson.E{Key: "sort", Value: q.sort})
	}
	if q.hint != nil {
		cmd = append(cmd, bson.E{Key: "hint", Value: q.hint})
	}
	if err := s.db.RunCommand(t.Context(), bson.D{{Key: "explain", Value: cmd}, {Key: "verbosity", Value: "executionStats"}}).Decode(&out); err != nil {
		t.Fatalf("%s: %v", q.filter, err)
	}
	return out
}

func TestPagesOfMixedTypesAreTheWhole(t *testing.T) {
	t.Parallel()
	s := openIndexed(t, 500, "m", "-m,n", "k", "t,n")
	for _, by := range []string{"m", "-m", "-m,n", "m,-n", "k", "-k", "-k,_id", "_id", "-_id"} {
		for _, where := range []string{`{}`, `{"n":{"$not":{"$regex":"x"}}}`, `{"t":1}`} {
			p := data.Plan{Where: filter(t, where), OrderBy: order(by)}
			all := finds(t, s, data.Plan{Where: p.Where, OrderBy: p.OrderBy})
			sn, err := s.Snapshot(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			var last data.Doc
			for p.Collection, p.Limit = "pets", 13; ; {
				n := 0
				for d, err := range sn.Find(t.Context(), &p) {
					if err != nil {
						t.Fatal(err)
					}
					if last != nil && data.CompareDocs(last, d, p.OrderBy) >= 0 {
						t.Fatalf("by %s %s comes behind %s", by, d, last)
					}
					last = append(data.Doc(nil), d...)
					got = append(got, data.Text(data.Field(d, data.FieldID)))
					n++
				}
				if n < p.Limit {
					break
				}
				m := data.MarkOf(last, p.OrderBy)
				p.After = &m
			}
			sn.Close()
			if strings.Join(got, " ") != all {
				t.Fatalf("%s by %s: %d documents in pages, %d at once", where, by, len(got), len(strings.Fields(all)))
			}
		}
	}
}

func TestAnIndexThatAnotherNodeDroppedIsDoneWithout(t *testing.T) {
	t.Parallel()
	s := openIndexed(t, 300, "k")
	if err := s.db.Collection("pets").Indexes().DropOne(t.Context(), s.cat.Load().colls["pets"].indexes[0].query); err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{"", "k", "-n"} {
		p := data.Plan{Where: filter(t, `{"k":3}`), OrderBy: order(by)}
		if got := strings.Fields(finds(t, s, p)); len(got) != 30 {
			t.Errorf("by %q: %v", by, got)
		}
	}
}

func TestArraysOfAnotherNodeAreFoundAndLearned(t *testing.T) {
	t.Parallel()
	s := openIndexed(t, 200, "n", "k,n")
	ix := s.cat.Load().colls["pets"].indexes
	if ix[0].many.Load() != 0 || ix[1].many.Load() != 0 {
		t.Fatalf("fields %b and %b have several values", ix[0].many.Load(), ix[1].many.Load())
	}
	if _, err := s.db.Collection("pets").InsertOne(t.Context(), bson.D{{Key: "_id", Value: "list"}, {Key: "k", Value: 3}, {Key: "n", Value: bson.A{55, 7.5, 101}}}); err != nil {
		t.Fatal(err)
	}
	look := func() {
		t.Helper()
		for _, x := range []struct{ where, by, want string }{
			{`{"n":{"$gte":6,"$lte":8}}`, "n", "00006 00007 list"},
			{`{"n":{"$gte":7,"$lte":8}}`, "n", "00007 list 00008"},
			{`{"k":3}`, "n", "00003 list 00013"},
			{`{"k":3}`, "-n", "00193 00183 00173"},
			{`{"n":{"$lt":102}}`, "-n", "00101 list 00100"},
		} {
			if got := finds(t, s, data.Plan{Where: filter(t, x.where), OrderBy: order(x.by), Limit: 3}); got != x.want {
				t.Errorf("%s by %s: %s, want %s", x.where, x.by, got, x.want)
			}
		}
	}
	look()
	if err := s.learnMany(t.Context(), s.cat.Load().colls["pets"]); err != nil {
		t.Fatal(err)
	}
	if ix[0].many.Load() != 1 || ix[1].many.Load() != 2 {
		t.Errorf("fields %b and %b have several values", ix[0].many.Load(), ix[1].many.Load())
	}
	look()
}
