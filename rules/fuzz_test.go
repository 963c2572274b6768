package rules_test

import (
	"testing"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/rules"
)

// FuzzRule: no text of a rule panics or runs away; what compiles denies or
// allows, and an exact filter says what the closures say.
func FuzzRule(f *testing.F) {
	for _, s := range []string{
		"true", "auth != null && resource.owner == auth.uid", "resource.l.exists(x, x.a == 'b' && !(x.c in [1, 2.5]))", "get('orgs', auth.uid).open || exists('orgs', 'o1')",
		"resource.?a.orValue(auth.claims.org) != null", "has(resource.a.b) ? size(resource.l) > 1 : id.startsWith('p')", "resource.a[auth.uid] == b'x' || resource.a.hasAny(['x'])",
		"member(resource.l)", "resource.l.map(x, x + 1).filter(y, y > 2) == [3]", "timestamp('2026-01-01T00:00:00Z') < request.time", "\"\\u0000\" in resource", "resource.a.matches('(a+)+$')",
	} {
		f.Add(s)
	}
	d := doc(f, "_id", "p1", "owner", "ann", "a", "aaaa", "l", []any{map[string]any{"a": "b", "c": 3}, 1, "x"})
	st := &store{docs: map[string]data.Doc{"orgs/ann": doc(f, "_id", "ann", "open", true)}}
	f.Fuzz(func(t *testing.T, rule string) {
		set, ds := rules.Compile(rules.Config{
			Helpers:     exprs("member(org)", "auth.roles.exists(r, r in org)"),
			Collections: []rules.Collection{{Name: "pets", Scan: 1, Access: exprs("read", rule)}, {Name: "orgs"}},
		})
		if (set == nil) != (len(ds) > 0) {
			t.Fatal(ds)
		}
		if set == nil {
			return
		}
		s := set.Bind(bob, request(), st)
		filter, err := s.Filter(data.OpList, "pets", data.Where{})
		allowed := s.Check(data.OpList, "pets", "p1", d, nil) == nil
		if err != nil {
			return
		}
		if got := lists(t, filter, d); filter.Exact && got != allowed || allowed && !got {
			t.Errorf("allowed %v, listed %v, exact %v: %v", allowed, got, filter.Exact, filter.Where)
		}
	})
}
