package mongo

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

const codeAmbiguous = 16746

// translations has a case for each operator of data.Operators.
var translations = map[data.Operator][]struct {
	where, want string
	exact       bool
}{
	data.OpEq: {
		{`{"a":1}`, `{"a":{"$eq":1}}`, true},
		{`{"a":null}`, `{"a":{"$eq":null}}`, true},
		{`{"_version":1}`, ``, false},
		{`{"_createdAt":{"$date":"2026-01-01T00:00:00Z"}}`, `{"_createdAt":{"$eq":{"$date":"2026-01-01T00:00:00Z"}}}`, true},
		{`{"_createdAt":null}`, ``, false},
	},
	data.OpNe:     {{`{"a":{"$ne":1}}`, `{"a":{"$ne":1}}`, true}},
	data.OpGt:     {{`{"a":{"$gt":1}}`, `{"a":{"$gt":1}}`, true}},
	data.OpGte:    {{`{"a":{"$gte":1}}`, `{"a":{"$gte":1}}`, true}},
	data.OpLt:     {{`{"a":{"$lt":1}}`, `{"a":{"$lt":1}}`, true}},
	data.OpLte:    {{`{"a":{"$lte":1}}`, `{"a":{"$lte":1}}`, true}},
	data.OpIn:     {{`{"a":{"$in":[1,"x"]}}`, `{"a":{"$in":[1,"x"]}}`, true}},
	data.OpNin:    {{`{"a":{"$nin":[]}}`, `{"a":{"$nin":[]}}`, true}},
	data.OpExists: {{`{"a":{"$exists":false}}`, `{"a":{"$exists":false}}`, true}},
	data.OpType:   {{`{"a":{"$type":"number"}}`, `{"a":{"$type":"number"}}`, true}},
	data.OpSize:   {{`{"a":{"$size":2}}`, `{"a":{"$size":2}}`, true}, {`{"a":{"$size":5000000000}}`, `{"a":{"$in":[]}}`, true}},
	data.OpContains: {
		{`{"a":{"$contains":"a.b\n"}}`, `{"a":{"$regex":"a\\.b\\x0a"}}`, true},
		{`{"a":{"$contains":"` + strings.Repeat(".", maxPattern) + `"}}`, `{"a":{"$type":"string"}}`, false},
	},
	data.OpStarts: {{`{"a":{"$startsWith":"ä*"}}`, `{"a":{"$regex":"^ä\\*"}}`, true}},
	data.OpRegex: {
		{`{"a":{"$regex":"^ab.c"}}`, `{"a":{"$regex":"^ab"}}`, false},
		{`{"a":{"$regex":"b"}}`, `{"a":{"$type":"string"}}`, false},
		{`{"$not":{"a":{"$regex":"b"}}}`, ``, false},
	},
	data.OpAnd: {
		{`{"a":1,"b":2}`, `{"$and":[{"a":{"$eq":1}},{"b":{"$eq":2}}]}`, true},
		{`{"a":1,"_version":2}`, `{"a":{"$eq":1}}`, false},
	},
	data.OpOr: {
		{`{"$or":[{"a":1},{"b":2}]}`, `{"$or":[{"a":{"$eq":1}},{"b":{"$eq":2}}]}`, true},
		{`{"$or":[{"a":1},{"_version":2}]}`, ``, false},
		{`{"$or":[{"a":1},{}]}`, ``, true},
	},
	data.OpNot: {
		{`{"a":{"$not":{"$gt":1}}}`, `{"$nor":[{"a":{"$gt":1}}]}`, true},
		{`{"$not":{}}`, `{"$nor":[{}]}`, true},
		{`{"$not":{"a":1,"_version":2}}`, ``, false},
	},
	data.OpNor: {
		{`{"$nor":[{"a":1},{"b":2}]}`, `{"$nor":[{"a":{"$eq":1}},{"b":{"$eq":2}}]}`, true},
		{`{"$nor":[{"a":1},{"b":{"$regex":"x"}}]}`, `{"$nor":[{"a":{"$eq":1}}]}`, false},
	},
	data.OpElem: {
		{`{"a":{"$elemMatch":{"$gt":1,"$lt":5}}}`, `{"a":{"$elemMatch":{"$gt":1,"$lt":5}}}`, true},
		{`{"a":{"$elemMatch":{"b":1}}}`, `{"a":{"$elemMatch":{"b":{"$eq":1}}}}`, true},
		{`{"a":{"$elemMatch":{"$or":[{"b":1},{"c":1}]}}}`, `{"a":{"$elemMatch":{"$or":[{"b":{"$eq":1}},{"c":{"$eq":1}}]}}}`, true},
		{`{"a":{"$elemMatch":{"$not":{"$eq":1}}}}`, `{"a":{"$elemMatch":{"$not":{"$eq":1}}}}`, true},
		{`{"a":{"$elemMatch":{"b":{"$regex":"x"}}}}`, `{"a":{"$elemMatch":{"b":{"$type":"string"}}}}`, false},
		{`{"a":{"$elemMatch":{"$elemMatch":{"$regex":"x"}}}}`, `{"a":{"$elemMatch":{"$elemMatch":{"$type":"string"}}}}`, false},
	},
}

func TestTranslate(t *testing.T) {
	for _, op := range data.Operators() {
		if len(translations[op.Op]) == 0 {
			t.Errorf("no case for %s", op.Op)
		}
		for _, c := range translations[op.Op] {
			f, exact := translate(filter(t, c.where))
			got := ""
			if f != nil {
				js, err := data.AppendJSON(nil, f)
				if err != nil {
					t.Fatal(err)
				}
				got = string(js)
			}
			if strings.ReplaceAll(got, ".000Z", "Z") != c.want || exact != c.exact {
				t.Errorf("%s is %s, %v", c.where, got, exact)
			}
		}
	}
	if f, exact := translate(data.Never()); string(f) != string(never()) || !exact {
		t.Errorf("never is %s, %v", f, exact)
	}
	deep := data.Where{Op: data.OpEq, Path: "a", Value: data.Int(1)}
	for range 60 {
		deep = data.Where{Op: data.OpNot, Kids: []data.Where{deep}}
	}
	if f, exact := translate(deep); f != nil || exact {
		t.Errorf("60 levels are %s, %v", f, exact)
	}
}

func document(t testing.TB, js string) data.Doc {
	t.Helper()
	d, err := data.ParseJSON([]byte(js), 32)
	if err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return d
}

func filter(t testing.TB, js string) data.Where {
	t.Helper()
	w, err := data.ParseWhere(document(t, js), false)
	if err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return w
}

// random gives a source that HUTCH_SEED repeats and how long to use it.
func random(t *testing.T, short time.Duration) (*rand.Rand, time.Time) {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("HUTCH_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	if s := os.Getenv("HUTCH_LONG"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		short = d
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with HUTCH_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, seed)), time.Now().Add(short)
}

// judge compares the server's answers with our matcher's and our order.
type judge struct {
	*testing.T
	coll *mongo.Collection
	docs []data.Doc
}

func newJudge(t *testing.T) *judge {
	uri := mongotest.Database(t)
	c, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Disconnect(t.Context()) })
	return &judge{T: t, coll: c.Database(databaseOf(uri)).Collection("zoo")}
}

// fill replaces the documents.
func (j *judge) fill(docs []data.Doc) {
	j.Helper()
	if _, err := j.coll.DeleteMany(j.Context(), bson.D{}); err != nil {
		j.Fatal(err)
	}
	if _, err := j.coll.InsertMany(j.Context(), docs); err != nil {
		j.Fatal(err)
	}
	j.docs = docs
}

// found gives the ids that the server finds in the order of sort.
func (j *judge) found(f, sort bson.Raw) (ids []string, err error) {
	j.Helper()
	o := options.Find().SetProjection(bson.D{{Key: "_id", Value: 1}}).SetBatchSize(10_000)
	cur, err := j.coll.Find(j.Context(), f, o.SetSort(sort))
	if err != nil {
		return nil, fmt.Errorf("%s by %s: %w", f, sort, err)
	}
	for cur.Next(j.Context()) {
		ids = append(ids, cur.Current.Lookup("_id").StringValue())
	}
	return ids, cur.Err()
}

// filter compares a filter's translation on all documents, and gives how many
// pairs that were.
func (j *judge) filter(name string, w data.Where) int {
	j.Helper()
	m, err := data.Compile(w)
	if err != nil {
		j.Fatalf("%s: %v", name, err)
	}
	f, exact := translate(w)
	server, err := j.found(conjunction(f), object(operator("_id", data.Int(1))))
	if err != nil {
		j.Fatal(err)
	}
	for _, d := range j.docs {
		id := data.Text(data.Field(d, "_id"))
		_, theirs := slices.BinarySearch(server, id)
		if ours := m.Match(d); ours && !theirs || exact && theirs != ours {
			j.Errorf("%s\nsent as %s (exact: %v)\nour matcher says %v, MongoDB %v, of %s", name, f, exact, ours, theirs, d)
		}
	}
	return len(j.docs)
}

// order compares a sort.
func (j *judge) order(keys []data.Order) {
	j.Helper()
	var sort [][]byte
	for _, o := range keys {
		sort = append(sort, operator(o.Path, data.Int(int64(direction(o.Desc)))))
	}
	got, err := j.found(everything, object(append(sort, operator("_id", data.Int(1)))...))
	if isCode(err, codeAmbiguous) { // an index's number is the name of a field too
		return
	}
	if err != nil {
		j.Fatal(err)
	}
	docs := slices.Clone(j.docs)
	slices.SortFunc(docs, func(a, b data.Doc) int { return data.CompareDocs(a, b, keys) })
	for i, d := range docs {
		if id := data.Text(data.Field(d, "_id")); id != got[i] {
			j.Errorf("by %v our document %d is %s, MongoDB's %s", keys, i, d, j.docs[slices.IndexFunc(j.docs, func(d data.Doc) bool { return data.Text(data.Field(d, "_id")) == got[i] })])
			return
		}
	}
}

func TestTranslationsFindWhatTheMatcherFinds(t *testing.T) {
	t.Parallel()
	j := newJudge(t)
	r, until := random(t, 6*time.Second)
	pairs, n := 0, 0
	for time.Now().Before(until) && !t.Failed() {
		docs := make([]data.Doc, 150)
		for i := range docs {
			docs[i] = data.With(document(t, randomFields(r)), data.Elem{Name: "_id", Value: data.String(fmt.Sprintf("%03d", i))})
		}
		j.fill(docs)
		for range 60 {
			js := randomFilter(r, 3)
			pairs += j.filter(js, filter(t, js))
			n++
		}
		for range 20 {
			// MongoDB does not sort by two arrays of one document.
			j.order([]data.Order{{Path: pick(r, zooPaths...), Desc: r.IntN(2) == 0}})
		}
	}
	t.Logf("%d filters, %d pairs", n, pairs)
}
