package rules

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// TestCost: generated rules meet lists far longer than their schema says and
// callers with 1,000 roles; no check and no filter goes over its budget.
func TestCost(t *testing.T) {
	seed := fuzzSeed(t)
	es := newFuzzEnvs()
	g := &gen{r: rand.New(rand.NewPCG(uint64(seed), 0)), calm: true}
	big := g.doc()[:1]
	items, l := bson.A{}, bson.A{}
	for i := range 3000 {
		items = append(items, bson.D{{Key: "x", Value: fmt.Sprint("m", i)}, {Key: "role", Value: i}})
		l = append(l, fmt.Sprint("n", i))
	}
	big = append(big, bson.E{Key: "o", Value: bson.D{{Key: "x", Value: l}}}, bson.E{Key: "items", Value: items}, bson.E{Key: "l", Value: l})
	raw := must(bson.Marshal(big))
	var roles []string
	for i := range 1000 {
		roles = append(roles, fmt.Sprint("q", i))
	}
	claim := native(bson.M{"uid": "u9", "roles": roles, "orgs": roles, "m": bson.M{}, "num": 1, "flag": true})
	rejected, denied := 0, 0
	for i := 1; i <= min(*nRules, 1000); i++ {
		s := g.subject(es, &rejected)
		s.claim = claim
		b := s.bind(nows[0])
		b.judged(raw, raw, "d")
		if b.units > 3*maxUnits {
			t.Fatalf("over budget after %d rules, HUTCH_SEED=%d: %d units\n%s %v", i, seed, b.units, s.src, s.opt.helpers)
		}
		if g.mode != listing {
			continue
		}
		f, err := b.fold(true)
		if err != nil {
			denied++
		} else if n := leaves(f.where); n > 4*maxLeaves { // a test counts once, with its guards
			t.Fatalf("over budget after %d rules, HUTCH_SEED=%d: %d leaves\n%s", i, seed, n, s.src)
		}
	}
	t.Logf("seed %d: filters refused %d", seed, denied)
}

func leaves(w data.Where) int {
	if len(w.Kids) == 0 {
		return 1
	}
	n := 0
	for _, k := range w.Kids {
		n += leaves(k)
	}
	return n
}
