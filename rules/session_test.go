package rules_test

import (
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/rules"
)

func TestS8RulesJudgeTheVersionTheyAreGiven(t *testing.T) {
	set := one(t, "get", "true", "update", "resource.owner == auth.uid && next.balance >= 0")
	if set.LooksUp(data.OpUpdate, "pets") {
		t.Error("a rule without look-ups is judged again where the write is applied")
	}
	s := set.Bind(ann, request(), nil)
	mine, given := doc(t, "_id", "p1", "owner", "ann", "balance", 10), doc(t, "_id", "p1", "owner", "bob", "balance", 10)
	for range 2 { // pure: the same documents, the same answer
		code(t, s.Check(data.OpUpdate, "pets", "p1", mine, doc(t, "_id", "p1", "owner", "ann", "balance", 0)), "")
		code(t, s.Check(data.OpUpdate, "pets", "p1", mine, doc(t, "_id", "p1", "owner", "ann", "balance", -10)), hutch.PermissionDenied)
		code(t, s.Check(data.OpUpdate, "pets", "p1", given, doc(t, "_id", "p1", "owner", "bob", "balance", 0)), hutch.PermissionDenied)
	}
}

// TestS47PrincipalsDoNotMix: users take turns, from many goroutines, also with
// roles that changed and without a key.
func TestS47PrincipalsDoNotMix(t *testing.T) {
	set := one(t, "read", "resource.owner == auth.uid || 'staff' in auth.roles || resource.org == auth.claims.org", "update", "changedOnly(['note']) && request.ip == '192.0.2.1'")
	carl := hutch.Principal{Kind: hutch.User, UID: "carl"}
	staff := carl
	staff.Roles = []string{"staff"}
	member := carl
	member.Claims = []byte(`{"org":"o1"}`)
	d, o := doc(t, "_id", "p1", "owner", "ann"), doc(t, "_id", "p2", "owner", "eve", "org", "o1")
	type turn struct {
		p    hutch.Principal
		d    data.Doc
		want hutch.Code
	}
	turns := []turn{
		{ann, d, ""},
		{carl, d, hutch.PermissionDenied},
		{staff, d, ""},
		{guest, d, hutch.Unauthenticated},
		{hutch.Principal{}, d, hutch.Unauthenticated},
		{member, d, hutch.PermissionDenied},
		{ann, o, hutch.PermissionDenied},
		{member, o, ""},
		{carl, o, hutch.PermissionDenied},
		{guest, o, hutch.Unauthenticated},
		{bob, o, ""},
	}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 400 {
				c := turns[(i*7+w)%len(turns)]
				if i%2 == 0 && c.p.Kind == hutch.User {
					c.p = c.p.Sealed()
				}
				s := set.Bind(c.p, request(), nil)
				if got := hutch.CodeOf(s.Check(data.OpGet, "pets", "p", c.d, nil)); got != c.want {
					t.Errorf("%s %v gets %v: %q", c.p.UID, c.p.Roles, c.d, got)
				}
				f, err := s.Filter(data.OpList, "pets", data.Where{Op: data.OpEq, Path: "owner", Value: data.String("eve")})
				if err == nil && c.want != "" && lists(t, f, c.d) && data.Field(c.d, "owner").StringValue() == "eve" {
					t.Errorf("%s lists %v by %v", c.p.UID, c.d, f.Where)
				}
			}
		})
	}
	wg.Wait()
}

func TestRequests(t *testing.T) {
	r := data.Request{Time: noon, IP: "192.0.2.1", Limit: 50, OrderBy: []data.Order{{Path: "price", Desc: true}, {Path: "name"}}}
	for rule, want := range map[string]bool{
		"request.op == 'list'": true, "request.ip.startsWith('192.0.2.')": true, "request.query.limit <= 50": true, "request.query.limit > 50": false,
		"request.query.orderBy.all(o, o[0] in ['price', 'name'])": true, "request.query.orderBy[0] == ['price', 'desc']": true, "request.query.orderBy[1][1] == 'asc'": true,
		"request.time == timestamp('2026-01-02T12:00:00Z')": true, "request.time.getFullYear() == 2026": true, "request.query.orderBy == []": false,
	} {
		_, err := one(t, "list", rule).Bind(ann, r, nil).Filter(data.OpList, "pets", data.Where{})
		if (err == nil) != want {
			t.Errorf("%s: %v", rule, err)
		}
	}
	r.Op = data.OpSet // what is judged is the branch that it takes
	set := one(t, "create", "request.op == 'create'", "update", "request.op == 'update'")
	code(t, set.Bind(ann, r, nil).Check(data.OpSet, "pets", "p", nil, doc(t, "_id", "p")), "")
	code(t, set.Bind(ann, r, nil).Check(data.OpSet, "pets", "p", doc(t, "_id", "p"), doc(t, "_id", "p")), "")
}

// TestReducedFilters: under a query's equalities a team shares one filter.
func TestReducedFilters(t *testing.T) {
	set := one(t, "list", "resource.team in auth.claims.teams || resource.owner == auth.uid")
	member := func(uid, teams string) hutch.Principal {
		return hutch.Principal{Kind: hutch.User, UID: uid, Claims: []byte(`{"teams":` + teams + `}`)}.Sealed()
	}
	where := data.And(data.Where{Op: data.OpEq, Path: "team", Value: data.String("a")}, data.Where{Op: data.OpEq, Path: "open", Value: data.Bool(true)})
	filter := func(p hutch.Principal, w data.Where) data.Filter {
		f, err := set.Bind(p, request(), nil).Filter(data.OpList, "pets", w)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	x, y, z := member("x", `["a","b"]`), member("y", `["c","a"]`), member("z", `["c"]`)
	in := doc(t, "team", "a", "open", true)
	array := doc(t, "team", bson.A{"a"}, "open", true) // the query matches it, the rule does not
	if fx := filter(x, where); !lists(t, fx, in) || lists(t, fx, array) {
		t.Errorf("%v", fx.Where)
	}
	if fz := filter(z, where); lists(t, fz, in) || !lists(t, fz, doc(t, "team", "a", "owner", "z")) {
		t.Errorf("%v", fz.Where)
	}
	if filter(x, data.Where{}).Key == filter(y, data.Where{}).Key {
		t.Error("they see different documents")
	}
	alone := compile(t, rules.Config{Collections: []rules.Collection{{Name: "pets", Access: exprs("list", "resource.team in auth.claims.teams")}}})
	fx, err1 := alone.Bind(x, request(), nil).Filter(data.OpList, "pets", where)
	fy, err2 := alone.Bind(y, request(), nil).Filter(data.OpList, "pets", where)
	fz, err3 := alone.Bind(z, request(), nil).Filter(data.OpList, "pets", where)
	if err1 != nil || err2 != nil || err3 != nil || fx.Key != fy.Key || fx.Key == fz.Key || !fz.Where.IsNever() {
		t.Errorf("%v %v %v, %v %v %v", fx, fy, fz, err1, err2, err3)
	}
}

func TestScan(t *testing.T) {
	set := compile(t, rules.Config{Collections: []rules.Collection{{Name: "pets", Scan: 250, Access: exprs("list", "size(resource.tags) > 1 && resource.owner == auth.uid")}}})
	s := set.Bind(ann, request(), nil)
	f, err := s.Filter(data.OpList, "pets", data.Where{})
	if err != nil || f.Exact || f.Scan != 250 || f.Kind != data.FilterConditional || f.Why == "" {
		t.Fatalf("%+v %v", f, err)
	}
	both, one, others := doc(t, "tags", bson.A{1, 2}, "owner", "ann"), doc(t, "tags", bson.A{1}, "owner", "ann"), doc(t, "tags", bson.A{1, 2}, "owner", "bob")
	if !lists(t, f, both) || !lists(t, f, one) || lists(t, f, others) {
		t.Errorf("a superset, as narrow as can be: %v", f.Where)
	}
	code(t, s.Check(data.OpList, "pets", "p", both, nil), "")
	code(t, s.Check(data.OpList, "pets", "p", one, nil), hutch.PermissionDenied)
	f2, err := set.Bind(bob, request(), nil).Filter(data.OpList, "pets", data.Where{})
	if err != nil || f2.Key == f.Key {
		t.Error("inexact filters are of one principal")
	}
}
