package rules

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }

// rulesOnMongo is how many rules CI tries.
const rulesOnMongo = 2000

// herd is a collection on MongoDB and the same documents here.
type herd struct {
	sn   data.Snapshot
	docs []data.Doc
}

// newHerd stores documents that a rule can tell apart.
func newHerd(t *testing.T, s *mongo.Store, g *gen, name string) *herd {
	t.Helper()
	h := new(herd)
	b := &data.Batch{}
	for len(h.docs) < 150 {
		d := g.doc()
		if n := len(h.docs); n < 3 {
			d[0].Value = []string{"d", "u1", "a"}[n]
		} else {
			d[0].Value = fmt.Sprintf("x%d", n)
		}
		names := map[string]bool{}
		for _, e := range d {
			names[e.Key] = true
		}
		raw := data.Doc(must(bson.Marshal(d)))
		if len(names) < len(d) || data.CheckDoc(raw) != nil {
			continue // a parser of ours lets neither pass
		}
		h.docs = append(h.docs, raw)
		b.Writes = append(b.Writes, data.Write{Collection: name, ID: d[0].Value.(string), Next: func(data.Doc) (data.Doc, error) { return raw, nil }})
	}
	if _, err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	var err error
	if h.sn, err = s.Snapshot(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	h.docs = h.docs[:0]
	for d, err := range h.sn.Find(t.Context(), &data.Plan{Collection: name}) { // as they are stored
		if err != nil {
			t.Fatal(err)
		}
		h.docs = append(h.docs, append(data.Doc(nil), d...))
	}
	return h
}

// TestMongoCountsWhatRulesAllow: the filters of random rules, as MongoDB runs
// them, find what direct evaluation allows.
func TestMongoCountsWhatRulesAllow(t *testing.T) {
	t.Parallel()
	ctx, long := fuzzing(t)
	s, err := mongo.Open(t.Context(), mongo.Options{URL: mongotest.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	seed := fuzzSeed(t)
	g := &gen{r: rand.New(rand.NewPCG(uint64(seed), 7)), calm: true}
	es := newFuzzEnvs()
	var h *herd
	rejected, exact, some := 0, 0, 0
	n := 0
	for ; (long || n < rulesOnMongo) && ctx.Err() == nil; n++ {
		coll := fmt.Sprint("herd", n/100)
		if n%100 == 0 {
			if h != nil {
				h.sn.Close()
			}
			h = newHerd(t, s, g, coll)
		}
		sub := g.subject(es, &rejected)
		b := sub.bind(nows[n%2])
		rail := n%3 != 0
		f, err := b.fold(rail)
		if err != nil {
			t.Fatal(err)
		}
		m, err := data.Compile(f.where)
		if err != nil {
			t.Fatal(err)
		}
		var want []data.Doc
		for _, d := range h.docs {
			match := m.Match(d)
			if match {
				want = append(want, d)
			}
			if said := b.judged(d, nil, data.Text(data.Field(d, data.FieldID))); f.exact && b.fetch.err == nil && g.mode == listing && (said == truthOf(rail)) != match {
				t.Fatalf("HUTCH_SEED=%d, rule %s: %d of %s, the filter %v says %v", seed, sub.src, said, d, f.where, match)
			}
		}
		p := data.Plan{Collection: coll, Where: f.where}
		got, err := h.sn.Count(t.Context(), &p)
		if err != nil {
			t.Fatal(err)
		}
		if f.exact {
			exact++
		}
		if len(want) > 0 && len(want) < len(h.docs) {
			some++
		}
		if int(got) != len(want) {
			t.Fatalf("HUTCH_SEED=%d, rule %s\nMongoDB finds %d documents, not %d, by %v\n%s", seed, sub.src, got, len(want), f.where, h.culprit(t, p, m))
		}
	}
	if h != nil {
		h.sn.Close()
	}
	t.Logf("seed %d: %d rules, %d exact, %d find some documents and not others", seed, n, exact, some)
	if some < n/20 {
		t.Error("the rules say little")
	}
}

// culprit finds a document that MongoDB judges otherwise.
func (h *herd) culprit(t *testing.T, p data.Plan, m *data.Matcher) string {
	t.Helper()
	where := p.Where
	for _, d := range h.docs {
		p.Where = data.And(where, data.Where{Op: data.OpEq, Path: data.FieldID, Value: data.Field(d, data.FieldID)})
		n, err := h.sn.Count(t.Context(), &p)
		if err != nil || (n == 1) != m.Match(d) {
			return fmt.Sprintf("%d (%v) of %s", n, err, d)
		}
	}
	return "none alone"
}
