package rules

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
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
	if d, ok := lookedUp[id]; ok {
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
	b.fetch.forget()
	b.fetch.begin()
	b.fetch.err = nil
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
	t.Parallel()
	const workers = 2
	seed := fuzzSeed(t)
	ctx, long := fuzzing(t)
	es := newFuzzEnvs()
	for w := range workers {
		t.Run(strconv.Itoa(w), func(t *testing.T) {
			t.Parallel()
			g := &gen{r: rand.New(rand.NewPCG(uint64(seed), uint64(w)))}
			var n tally
			most := *nRules / workers
			if testing.Short() {
				most /= 10
			}
			for (long || n.rules < most) && ctx.Err() == nil {
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
