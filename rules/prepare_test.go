package rules

import (
	"math/rand/v2"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// TestRandomSets: whatever a set sends, what is immutable stays or the set is
// refused, what it leaves out of preset fields stays, and all else is as sent.
func TestRandomSets(t *testing.T) {
	seed := fuzzSeed(t)
	g := &gen{r: rand.New(rand.NewPCG(uint64(seed), 0)), calm: true}
	fixed, preset, free := []string{"a", "o.x", "items.x"}, []string{"b", "o.u1", "l.x"}, []string{"c", "t", "o.y", "o.role", "z"}
	set, ds := Compile(Config{Collections: []Collection{{
		Name: "pets", Access: map[string]hutch.Expr{"write": {Text: "true"}}, Immutable: fixed,
		Preset: map[string]hutch.Expr{"b": {Text: "'b'"}, "o.u1": {Text: "1"}, "l.x": {Text: "2"}},
	}}})
	if set == nil {
		t.Fatal(ds)
	}
	s := set.Bind(hutch.Principal{Kind: hutch.User, UID: "u"}, data.Request{}, nil)
	kept, refused := 0, 0
	for range 4000 {
		old := g.doc()
		next := g.after(old)
		raw := must(bson.Marshal(next))
		out, err := s.Prepare(data.OpSet, "pets", must(bson.Marshal(old)), raw)
		if err != nil {
			refused++
			if e := hutch.AsError(err); e.Field == "" || s.Check(data.OpUpdate, "pets", "d", must(bson.Marshal(old)), raw) == nil {
				t.Fatalf("HUTCH_SEED=%d: %v\nold %s\nsent %s", seed, err, show(old), show(next))
			}
			continue
		}
		var got bson.D
		if err := bson.Unmarshal(out, &got); err != nil || !checked(out) {
			t.Fatal(err, out)
		}
		at := func(d bson.D, p string) tree { return project(d, strings.Split(p, ".")) }
		wrong := ""
		for _, p := range fixed {
			if !sameTree(at(old, p), at(got, p)) {
				wrong = p
			}
		}
		for _, p := range preset {
			sent := at(next, p)
			if sent.kind != "" && !sameTree(sent, at(got, p)) && p != "l.x" || sent.kind == "" && p == "b" && !sameTree(at(old, p), at(got, p)) {
				wrong = p
			}
			if sent.kind == "" && at(got, p).kind != "" {
				kept++
			}
		}
		for _, p := range free {
			o, _ := fieldOf(old, "o")
			inArray := strings.HasPrefix(p, "o.") && isA[bson.A](o) // kept whole
			if !inArray && !sameTree(at(next, p), at(got, p)) {
				wrong = p
			}
		}
		if wrong != "" {
			t.Fatalf("HUTCH_SEED=%d: %s\nold  %s\nsent %s\ngot  %s", seed, wrong, show(old), show(next), show(got))
		}
	}
	if kept == 0 || refused == 0 {
		t.Errorf("%d kept, %d refused: nothing was tested", kept, refused)
	}
	t.Logf("seed %d: %d fields kept, %d sets refused", seed, kept, refused)
}
