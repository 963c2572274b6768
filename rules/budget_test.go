package rules_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/rules"
)

// withClaim is a user with n roles and a claim list of n.
func withClaim(n int) hutch.Principal {
	p := hutch.Principal{Kind: hutch.User, UID: "u"}
	for i := range n {
		p.Roles = append(p.Roles, fmt.Sprint("r", i))
	}
	p.Claims, _ = json.Marshal(map[string]any{"l": p.Roles})
	return p.Sealed()
}

func longDoc(t testing.TB, n int) data.Doc {
	l := bson.A{}
	for i := range n {
		l = append(l, bson.D{{Key: "u", Value: i}, {Key: "s", Value: "x"}})
	}
	return doc(t, "_id", "p1", "l", l, "n", 1)
}

func TestBudgets(t *testing.T) {
	set := one(t, "get", "resource.l.all(a, a.u >= 0) && auth.uid == 'u'", "list", "auth.roles.exists(r, resource.a == r || resource.b == r || resource.c == r || resource.d == r || resource.e == r)")
	for n, want := range map[int]bool{100: true, 12000: false} {
		s := set.Bind(withClaim(3), request(), nil)
		if err := s.Check(data.OpGet, "pets", "p1", longDoc(t, n), nil); (err == nil) != want {
			t.Errorf("a list of %d: %v", n, err)
		}
		code(t, s.Check(data.OpGet, "pets", "p1", longDoc(t, 1), nil), "") // nothing failed is remembered
	}
	shared := withClaim(4) // its binding is kept from one session to the next
	if set.Bind(shared, request(), nil).Check(data.OpGet, "pets", "p1", longDoc(t, 20000), nil) == nil {
		t.Error("over budget")
	}
	code(t, set.Bind(shared, request(), nil).Check(data.OpGet, "pets", "p1", longDoc(t, 1), nil), "")
	for n, want := range map[int]hutch.Code{500: "", 1000: hutch.ResourceExhausted, 1001: hutch.PermissionDenied} {
		_, err := set.Bind(withClaim(n), request(), nil).Filter(data.OpList, "pets", data.Where{})
		code(t, err, want)
	}
}

func TestS21WorstCasesAreRefusedAtLoad(t *testing.T) {
	sch := schema(t, `{"properties":{"l":{"type":"array","maxItems":1000},"m":{"type":"array","maxItems":20,"items":{"type":"object","properties":{"t":{"type":"array","maxItems":5}}}}}}`)
	for src, want := range map[string]string{
		`resource.free.all(a, resource.free.exists(b, a.u == b.u))`:       "maxItems",
		`resource.l.all(a, resource.l.exists(b, a.u == b.u))`:             "at worst",
		`resource.m.all(a, resource.m.exists(b, a.u == b.u))`:             "",
		`resource.m.all(a, a.t.exists(b, b == a.u))`:                      "",
		`resource.m.all(a, a.s.exists(b, b == a.u))`:                      "maxItems",
		`auth.roles.all(a, auth.roles.exists(b, a == b))`:                 "at worst",
		`auth.claims.l.all(a, auth.claims.m.exists(b, a == b))`:           "at worst",
		`[1].all(a, [1].all(b, [1].all(c, a == c)))`:                      "nest",
		`"` + strings.Repeat("x", 5000) + `" == resource.a`:               "longer than",
		strings.Repeat("!(", 60) + "resource.a" + strings.Repeat(")", 60): "recursion",
		strings.Repeat("twice(", 13) + "true" + strings.Repeat(")", 13):   "too large",
		`'a'.matches(resource.re)`:                                        "literal",
		`resource.a.matches('(')`:                                         "missing closing",
	} {
		_, ds := rules.Compile(rules.Config{
			Helpers:     exprs("twice(x)", "x && x"),
			Collections: []rules.Collection{{Name: "pets", Schema: sch, Access: exprs("get", src)}},
		})
		if want == "" && len(ds) > 0 || want != "" && (len(ds) == 0 || !strings.Contains(ds[0].Message, want)) {
			t.Errorf("%.60s: %v", src, ds)
		}
	}
}

// TestS21OpaqueParts: what cel-go runs has the same budget.
func TestS21OpaqueParts(t *testing.T) {
	for _, rule := range []string{
		`size(resource.l.filter(a, a.u >= 0)) > 0`,
		`size(resource.l.map(a, a.s + a.s)) > 0`,
		`[resource.l.hasAll(auth.roles)] == [true]`,
		`resource.l.exists_one(a, a.u == 5)`,
	} {
		set := one(t, "get", rule)
		err := set.Bind(withClaim(1000), request(), nil).Check(data.OpGet, "pets", "p1", longDoc(t, 20000), nil)
		if c := hutch.CodeOf(err); c != hutch.PermissionDenied && c != hutch.Unavailable { // the steps or the clock ran out
			t.Errorf("%s: %v", rule, err)
		}
	}
	code(t, one(t, "get", `size(resource.l.filter(a, a.u >= 0)) == 50`).Bind(ann, request(), nil).Check(data.OpGet, "pets", "p1", longDoc(t, 50), nil), "")
}
