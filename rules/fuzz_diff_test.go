package rules

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"math/rand"
	"os"
	"strconv"
	"testing"
	"time"

	"cel.dev/cel-go/cel"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

var (
	nRules = flag.Int("rules", 20_000, "rules to generate")
	nDocs  = flag.Int("docs", 8, "documents a rule")
)

// fuzzSeed is HUTCH_SEED, or 1 more than the last one known to be good.
func fuzzSeed(t testing.TB) int64 {
	if s := os.Getenv("HUTCH_SEED"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return time.Now().UnixNano() % 1_000_000
}

// fuzzing gives a context that ends after HUTCH_LONG, and whether it is set.
func fuzzing(t testing.TB) (context.Context, bool) {
	s := os.Getenv("HUTCH_LONG")
	if s == "" {
		return t.Context(), false
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), d)
	t.Cleanup(stop)
	return ctx, true
}

var nows = []time.Time{time.Date(2024, 1, 1, 12, 0, 0, 0, time.UTC), time.Date(2024, 1, 3, 0, 0, 0, 0, time.UTC)}

// fuzzStore is what look-ups find.
type fuzzStore struct{}

func (fuzzStore) Get(_, id string, _ bool) (data.Doc, error) {
	if d, ok := looked[id]; ok {
		return bson.Marshal(d)
	}
	return nil, nil
}
func (fuzzStore) Find(string, data.Where, int) iter.Seq2[data.Doc, error] { return nil }
func (fuzzStore) Count(string, data.Where) (int64, error)                 { return 0, nil }

// subject is one generated rule with everything that judges it.
type subject struct {
	src    string
	opt    *options
	fields map[string]field
	rule   *rule
	ref    *reference
	claim  val
	auth   any // decoded claims, for the reference
}

type fuzzEnvs struct{ plain, typed *cel.Env }

func newFuzzEnvs() fuzzEnvs { return fuzzEnvs{fuzzEnv(false), fuzzEnv(true)} }

// subject generates rules until one loads; rejected counts those refused.
func (g *gen) subject(es fuzzEnvs, rejected *int) subject {
	for {
		g.mode = mode(g.n(2))
		g.typed = g.chance(40)
		env := es.plain
		if g.typed {
			env = es.typed
		}
		var s subject
		s.opt, s.fields = g.options()
		s.src = g.rule(s.opt.helpers)
		var fs []finding
		if s.rule, fs = compile(env, s.src, s.opt); s.rule == nil {
			if fs == nil && !brokenHelper(env, s.opt.helpers) {
				panic("refused without a reason: " + s.src)
			}
			*rejected++
			continue
		}
		if s.ref = newReference(s.opt.helpers, s.fields); g.trees == nil {
			g.trees = s.ref.parsed
		}
		s.ref.parsed = g.trees
		s.claim, s.auth = g.claim()
		return s
	}
}

// brokenHelper: what is wrong with a helper is told where it is written.
func brokenHelper(env *cel.Env, hs map[string]*helper) bool {
	for _, h := range hs {
		if _, fs := parse(env, h.body); fs != nil {
			return true
		}
	}
	return false
}

// bind gives the rule for the subject's caller at a time.
func (s *subject) bind(now time.Time) *bound {
	req := encodeRequest("list", &data.Request{Time: now, IP: "a"})
	return s.rule.bind(s.claim, req, &fetcher{from: fuzzStore{}})
}

// world is what the reference sees.
func (s *subject) world(now time.Time, doc, next bson.D) *world {
	query := bson.D{{Key: "limit", Value: int64(0)}, {Key: "orderBy", Value: bson.A{}}}
	req := bson.D{{Key: "op", Value: "list"}, {Key: "time", Value: bson.NewDateTimeFromTime(now)}, {Key: "ip", Value: "a"}, {Key: "query", Value: query}}
	return &world{auth: s.auth, request: req, resource: doc, next: next, id: doc[0].Value.(string)}
}

// judged is what the closures say of documents, checked as a session does.
func (b *bound) judged(resource, next bson.Raw, id string) truth {
	b.fetch.next()
	b.fetch.err, b.fetch.total = nil, 0
	if b.rule.looksUp {
		b.forget()
	}
	b.resource, b.next, b.id = docVal(resource), docVal(next), vStr(id)
	if !checked(resource) || len(next) > 0 && !checked(next) {
		return fail
	}
	return b.judge()
}

type tally struct {
	rules, rejected, inexact, nontrivial, pairs, yes, no, fail, foreign, reduced int
}

// TestDifferential: the reference, the closures and the filters of both rails
// through the one matcher give one answer.
func TestDifferential(t *testing.T) {
	const workers = 2
	seed := fuzzSeed(t)
	ctx, long := fuzzing(t)
	es := newFuzzEnvs()
	for w := range workers {
		t.Run(strconv.Itoa(w), func(t *testing.T) {
			t.Parallel()
			g := &gen{r: rand.New(rand.NewSource(seed + int64(w)<<32))}
			var n tally
			for (long || n.rules < *nRules/workers) && ctx.Err() == nil {
				n.rules++
				if why := g.differ(es, &n); why != "" {
					t.Fatalf("difference after %d rules, HUTCH_SEED=%d\n%s", n.rules, seed, why)
				}
			}
			t.Logf("seed %d: %+v", seed, n)
		})
	}
}

// differ judges one rule in all ways and says how they differ.
func (g *gen) differ(es fuzzEnvs, n *tally) (why string) {
	s := g.subject(es, &n.rejected)
	now := nows[n.rules%2]
	b := s.bind(now)
	if g.mode == listing {
		why = s.diffList(g, b, now, n)
	} else {
		why = s.diffUpdate(g, b, now, n)
	}
	if why == "" {
		return ""
	}
	return fmt.Sprintf("%s\nrule %s\nhelpers %v\nfields %v\nauth %s", why, s.src, s.opt.helpers, s.fields, show(bson.D{{Key: "auth", Value: s.auth}}))
}

func (s *subject) diffList(g *gen, b *bound, now time.Time, n *tally) string {
	f, err := b.fold(true)
	if err != nil {
		return err.Error()
	}
	ff, err := b.fold(false)
	if err != nil {
		return err.Error()
	}
	if !f.exact {
		n.inexact++
		if len(s.rule.inexact) == 0 && !valueDependent(f.why) {
			return "load took the filter for exact: " + f.why
		}
	} else if !always(f.where) && !f.where.IsNever() {
		n.nontrivial++
	}
	m, err := data.Compile(f.where)
	if err != nil {
		return err.Error()
	}
	mm, err := data.Compile(ff.where)
	if err != nil {
		return err.Error()
	}
	for range *nDocs {
		doc := g.doc()
		raw := must(bson.Marshal(doc))
		want, readable := s.ref.judge(s.src, s.world(now, doc, nil)), wellFormed(doc)
		n.count(want, readable)
		got := b.judged(raw, nil, doc[0].Value.(string))
		why := ""
		switch {
		case b.fetch.err != nil:
		case got != want:
			why = fmt.Sprintf("closure: %d", got)
		case readable:
			if why = disagree(want, f, ff, m.Match(raw), mm.Match(raw)); why == "" {
				why = g.diffReduced(f.where, raw, n)
			}
		}
		if why != "" {
			return fmt.Sprintf("want %d, %s\ndoc %s\nT %v\nF %v", want, why, show(doc), f.where, ff.where)
		}
	}
	return ""
}

func (s *subject) diffUpdate(g *gen, b *bound, now time.Time, n *tally) string {
	for range *nDocs {
		doc := g.doc()
		next := g.after(doc)
		want := s.ref.judge(s.src, s.world(now, doc, next))
		n.count(want, wellFormed(doc) && wellFormed(next))
		got := b.judged(must(bson.Marshal(doc)), must(bson.Marshal(next)), doc[0].Value.(string))
		if b.fetch.err == nil && got != want {
			return fmt.Sprintf("want %d, closure: %d\ndoc %s\nnext %s", want, got, show(doc), show(next))
		}
	}
	return ""
}

// disagree says how the filters of both rails differ from the reference for a
// document that matched (yes, no); empty when they do not.
func disagree(want truth, f, ff folded, yesMatch, noMatch bool) string {
	for _, c := range []struct {
		rail      string
		exact     bool
		got, want bool
	}{{"T", f.exact, yesMatch, want == yes}, {"F", ff.exact, noMatch, want == no}} {
		if c.exact && c.got != c.want || !c.exact && c.want && !c.got {
			return fmt.Sprintf("filter %s (exact %v): %v", c.rail, c.exact, c.got)
		}
	}
	return ""
}

// diffReduced: under a query's own equalities the reduced filter passes what
// the whole one does.
func (g *gen) diffReduced(w data.Where, raw bson.Raw, n *tally) string {
	var kids []data.Where
	for _, p := range []string{"a", "b", "c", "o.x", "_id"} {
		if !g.chance(40) {
			continue
		}
		v := data.Field(raw, p)
		if v.Type == bson.TypeArray && g.chance(50) {
			v = native(g.scalar()).raw()
		}
		if v.Type == 0 || v.Type == bson.TypeArray && len(v.Value) == 5 {
			continue
		}
		if v.Type == bson.TypeArray {
			for e := range data.Elements(v) {
				v = e
				break
			}
		}
		kids = append(kids, data.Where{Op: data.OpEq, Path: p, Value: v})
	}
	query := data.And(kids...)
	known := equalitiesOf(query, nil)
	m, err := data.Compile(query)
	if known == nil || err != nil || !m.Match(raw) {
		return ""
	}
	n.reduced++
	less := reduce(w, known)
	if must(data.Compile(w)).Match(raw) != must(data.Compile(less)).Match(raw) {
		return fmt.Sprintf("reduced by %v: %v", query, less)
	}
	return ""
}

// valueDependent: only the caller's values decide whether such filters are exact.
func valueDependent(why string) bool {
	for _, w := range []string{whyKey, whyWhole, whyString} {
		if len(why) > len(w) && why[len(why)-len(w):] == w {
			return true
		}
	}
	return false
}

func (n *tally) count(want truth, readable bool) {
	n.pairs++
	switch want {
	case yes:
		n.yes++
	case no:
		n.no++
	default:
		n.fail++
	}
	if !readable {
		n.foreign++
	}
}

func show(d any) string {
	b, err := bson.MarshalExtJSON(d, false, false)
	if err != nil {
		return fmt.Sprint(d)
	}
	return string(b)
}
