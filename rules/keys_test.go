package rules

import (
	"math/rand/v2"
	"regexp"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

var claimField = regexp.MustCompile(`auth\.(vip|n|missing|num|flag|big|orgs|m)\b`)

// fuzzPrincipals are a guest and users who differ in what rules may see.
func fuzzPrincipals() (ps []hutch.Principal) {
	ps = append(ps, hutch.Principal{}.Sealed())
	for i, c := range claims[1:] {
		p := hutch.Principal{Kind: hutch.User, UID: []string{"u1", "a.b", "0"}[i%3], Roles: [][]string{{"a", "u1"}, {"u1", "a"}, {}}[i%3], Claims: []byte(c)}
		ps = append(ps, p.Sealed())
		p.Actor = "operator"
		ps = append(ps, p.Sealed())
	}
	return ps
}

// fuzzSet compiles a generated list rule as the app's.
func (g *gen) fuzzSet() *Set {
	for {
		g.mode = listing
		hs := g.newHelpers()
		cfg := Config{Helpers: map[string]hutch.Expr{}, Collections: []Collection{{Name: "pets", Scan: 10}, {Name: "c"}}}
		expr := func(s string) hutch.Expr { return hutch.Expr{Text: claimField.ReplaceAllString(s, "auth.claims.$1")} }
		for n, h := range hs {
			if len(h.params) > 0 {
				n += "(" + h.params[0]
				for _, p := range h.params[1:] {
					n += ", " + p
				}
				n += ")"
			}
			cfg.Helpers[n] = expr(h.body)
		}
		cfg.Collections[0].Access = map[string]hutch.Expr{"list": expr(g.rule(hs))}
		if set, _ := Compile(cfg); set != nil {
			return set
		}
	}
}

// TestKeysTellViewsApart: principals and queries that share a Filter.Key see
// the same documents.
func TestKeysTellViewsApart(t *testing.T) {
	seed := fuzzSeed(t)
	g := &gen{r: rand.New(rand.NewPCG(uint64(seed), 0)), calm: true}
	people := fuzzPrincipals()
	shared, apart := 0, 0
	for range 250 {
		set := g.fuzzSet()
		var docs []data.Doc
		for range 30 {
			docs = append(docs, must(bson.Marshal(g.doc())))
		}
		var query data.Where
		if g.chance(50) {
			query = data.Where{Op: data.OpEq, Path: g.pick("a", "b", "c", "o.x"), Value: native(g.scalar()).raw()}
		}
		asked := must(data.Compile(query))
		views := map[string]string{}
		for _, p := range people {
			key, view := viewOf(set, p, query, asked, docs)
			if key == "" {
				continue
			}
			if was, ok := views[key]; ok && was != view {
				t.Fatalf("HUTCH_SEED=%d: one key, two views under %v\n%s\n%s", seed, query, was, view)
			} else if ok {
				shared++
			} else {
				apart++
			}
			views[key] = view
		}
	}
	if shared == 0 || apart == 0 {
		t.Errorf("%d shared, %d apart: nothing was tested", shared, apart)
	}
	t.Logf("seed %d: %d shared a key, %d did not", seed, shared, apart)
}

// viewOf is which of docs p sees, as a text of 0 and 1; "" where he is denied.
func viewOf(set *Set, p hutch.Principal, query data.Where, asked *data.Matcher, docs []data.Doc) (key, view string) {
	s := set.Bind(p, data.Request{Time: nows[0], IP: "a"}, fuzzStore{})
	f, err := s.Filter(data.OpList, "pets", query)
	if err != nil {
		return "", ""
	}
	m := must(data.Compile(f.Where))
	for _, d := range docs {
		seen := asked.Match(d) && m.Match(d)
		if seen && !f.Exact {
			id, _, _ := lookup(d, "_id")
			seen = s.Check(data.OpList, "pets", string(id.str()), d, nil) == nil
		}
		if seen {
			view += "1"
		} else {
			view += "0"
		}
	}
	return string(byte('0'+f.Kind)) + f.Key, view
}

// TestS6KeysAreBytes: a key says the whole filter, whatever the order of what
// is joined, and nothing that does not matter.
func TestS6KeysAreBytes(t *testing.T) {
	eq := func(path string, v any) data.Where {
		return data.Where{Op: data.OpEq, Path: path, Value: native(v).raw()}
	}
	in := func(vs ...any) data.Where {
		return data.Where{Op: data.OpIn, Path: "a", Value: native(bson.A(vs)).raw()}
	}
	same := [][2]data.Where{
		{data.And(eq("a", 1), eq("b", 2)), data.And(eq("b", 2), eq("a", 1))},
		{or(eq("a", 1), eq("b", 2), eq("a", 1)), or(eq("b", 2), eq("a", 1))},
		{in("x", "y"), in("y", "x", "x")},
	}
	for _, c := range same {
		if string(whereKey(c[0])) != string(whereKey(c[1])) {
			t.Errorf("%v and %v", c[0], c[1])
		}
	}
	all := []data.Where{
		{},
		data.Never(), eq("a", 1), eq("a", int64(1)), eq("b", 1), eq("ab", ""), eq("a", "b"), in("a"), in("a", "b"), in("ab"), in(bson.A{"a"}), not(eq("a", 1)),
		data.And(eq("a", 1), eq("b", 2)), or(eq("a", 1), eq("b", 2)), exists("a", true), exists("a", false),
		{Op: data.OpElem, Path: "a", Kids: []data.Where{eq("", 1)}},
		{Op: data.OpElem, Path: "a", Kids: []data.Where{eq("b", 1)}},
		{Op: data.OpEq, Path: "a", Value: native(bson.A{"a", "b"}).raw()},
		{Op: data.OpEq, Path: "a", Value: native(bson.A{"b", "a"}).raw()},
	}
	seen := map[string]int{}
	for i, w := range all {
		k := string(whereKey(w))
		if j, ok := seen[k]; ok {
			t.Errorf("%v and %v share a key", w, all[j])
		}
		seen[k] = i
	}
}
