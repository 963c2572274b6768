package rules_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/rules"
)

func dec(t testing.TB, s string) bson.Decimal128 {
	t.Helper()
	d, err := bson.ParseDecimal128(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

type named struct {
	name, rule string
	doc        data.Doc
	want       bool
}

// runNamed judges each document by the closures and by the filter.
func runNamed(t *testing.T, p hutch.Principal, sch *data.Schema, cases []named) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			set := compile(t, rules.Config{
				Helpers:     exprs("orgAdmin", "auth.claims.orgs.exists(r, r.role == 'admin')"),
				Collections: []rules.Collection{{Name: "pets", Schema: sch, Access: exprs("read", c.rule), Scan: 100}},
			})
			s := set.Bind(p, request(), nil)
			for range 2 { // an earlier evaluation leaves nothing behind
				if got := s.Check(data.OpGet, "pets", "p1", c.doc, nil) == nil; got != c.want {
					t.Errorf("allowed: %v", got)
				}
			}
			f, err := s.Filter(data.OpList, "pets", data.Where{})
			switch {
			case err != nil && c.want:
				t.Error(err)
			case err == nil && data.CheckDoc(c.doc) == nil:
				if got := lists(t, f, c.doc); f.Exact && got != c.want || c.want && !got {
					t.Errorf("listed: %v, exact %v: %v", got, f.Exact, f.Where)
				}
				if got := s.Check(data.OpList, "pets", "p1", c.doc, nil) == nil; got != c.want {
					t.Errorf("listed one by one: %v", got)
				}
			}
		})
	}
}

// member is a user with claims of every kind.
var member = hutch.Principal{
	Kind: hutch.User, UID: "u1", Roles: []string{"secret"},
	Claims: []byte(`{"org":9007199254740993,"orgs":[{"role":"guest"}],"dots":"a.b","dollar":"$where","nul":"a\u0000b","empty":[],"gone":null}`),
}.Sealed()

func TestS16ShadowedVariables(t *testing.T) {
	review := doc(t, "reviews", bson.A{bson.D{{Key: "public", Value: true}, {Key: "role", Value: "admin"}}})
	runNamed(t, member, schema(t, `{"properties":{"reviews":{"type":"array","maxItems":4}}}`), []named{
		{"a helper's variable is not the rule's", `resource.reviews.exists(r, r.public && orgAdmin())`, review, false},
		{"the rule's own is", `resource.reviews.exists(r, r.public && r.role == 'admin')`, review, true},
	})
	for src, want := range map[string]string{
		`auth.roles.exists(resource, true)`:                    "already has a meaning",
		`auth.roles.exists(id, true)`:                          "already has a meaning",
		`['a'].exists(i, auth.roles.exists(i, i == 'secret'))`: "already has a meaning",
		`rebinds(true)`: "already has a meaning",
	} {
		_, ds := rules.Compile(rules.Config{Helpers: exprs("rebinds(x)", "auth.roles.exists(x, x == 'a')"), Collections: []rules.Collection{{Name: "pets", Access: exprs("get", src)}}})
		if len(ds) == 0 || !strings.Contains(ds[0].Message, want) {
			t.Errorf("%s: %v", src, ds)
		}
	}
}

func TestS17FallbackFailsClosed(t *testing.T) {
	runNamed(t, member, nil, []named{
		{"an empty string is no list", `resource.approvals.all(a, a.ok) && size(resource.name) > 0`, doc(t, "approvals", "", "name", "n"), false},
		{"a map is no list", `resource.approvals.all(a, a.ok) && size(resource.name) > 0`, doc(t, "approvals", bson.D{}, "name", "n"), false},
		{"in an opaque part, too", `[resource.approvals.all(a, a.ok)] == [true]`, doc(t, "approvals", ""), false},
		{"a list is one", `resource.approvals.all(a, a.ok) && size(resource.name) > 0`, doc(t, "approvals", bson.A{}, "name", "n"), true},
		{"a map has no size", `size(resource.title) < 100`, doc(t, "title", bson.D{}), false},
		{"an error is not false", `!(size(resource.title) > 3)`, doc(t, "title", 5), false},
	})
	set := compile(t, rules.Config{Collections: []rules.Collection{{Name: "pets", Schema: schema(t, `{"properties":{"members":{"type":"array"},"name":{"type":"string"}}}`), Access: exprs("get", `auth.uid in resource.members && size(resource.name) > 0`)}}})
	code(t, set.Bind(member, request(), nil).Check(data.OpGet, "pets", "p1", doc(t, "members", bson.D{{Key: "u1", Value: 1}}, "name", "n"), nil), hutch.PermissionDenied)
	code(t, set.Bind(member, request(), nil).Check(data.OpGet, "pets", "p1", doc(t, "members", bson.A{"u1"}, "name", "n"), nil), "")
}

func schema(t testing.TB, js string) *data.Schema {
	t.Helper()
	s, err := data.ParseSchema("pet.json", []byte(js))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestS18ForeignTypesFailTheDocument(t *testing.T) {
	runNamed(t, member, nil, []named{
		{"a regex before a field", `!has(resource.role)`, doc(t, "a", bson.Regex{Pattern: "x"}, "role", "admin"), false},
		{"a regex behind it", `!has(resource.role)`, doc(t, "a", 1, "z", bson.Regex{Pattern: "x"}), false},
		{"in an array", `!('admin' in resource.roles)`, doc(t, "roles", bson.A{bson.Regex{Pattern: "x"}, "admin"}), false},
		{"as an element", `resource.items.exists(i, i.x == 'a')`, doc(t, "items", bson.A{bson.Regex{Pattern: "x"}}), false},
		{"a symbol is no string", `resource.a == 'a'`, doc(t, "a", bson.Symbol("a")), false},
		{"decimals compare", `resource.level <= 3`, doc(t, "level", dec(t, "1")), true},
		{"not the NaN of decimals", `!(resource.level <= 3)`, doc(t, "level", dec(t, "NaN")), false},
		{"NaN", `resource.level != 3`, doc(t, "level", math.NaN()), false},
		{"infinity", `resource.level > 3`, doc(t, "level", math.Inf(1)), false},
		{"binary subtypes", `!has(resource.role)`, doc(t, "a", bson.Binary{Subtype: 2, Data: []byte("a")}), false},
	})
	s := one(t, "get", "true", "delete", "auth == null").Bind(guest, request(), nil)
	for _, raw := range []data.Doc{{}, {1, 2, 3}, {5, 0, 0, 0, 1}, {8, 0, 0, 0, 2, 'a', 0, 0}} {
		code(t, s.Check(data.OpGet, "pets", "p1", raw, nil), hutch.Unauthenticated)
		code(t, s.Check(data.OpDelete, "pets", "p1", raw, nil), hutch.Unauthenticated)
	}
}

func TestS19NumbersBeyond2To53(t *testing.T) {
	runNamed(t, member, nil, []named{
		{"a neighbour", `resource.org == auth.claims.org`, doc(t, "org", 9007199254740992.0), false},
		{"itself", `resource.org == auth.claims.org`, doc(t, "org", int64(9007199254740993)), true},
		{"itself as a decimal", `resource.org == auth.claims.org`, doc(t, "org", dec(t, "9007199254740993")), true},
		{"the end of int64", `resource.org == 9223372036854775807`, doc(t, "org", 9223372036854775808.0), false},
		{"order", `resource.org < 9007199254740993`, doc(t, "org", 9007199254740992.0), true},
	})
	dropped, err := rules.Claims([]byte(`{"a":9007199254740993,"b":0.1,"c":1e400,"d":0.1000000000000000055511151231257827021181583404541015625,"e":null,"f":{"g":[1e7000]}}`))
	if err != nil || strings.Join(dropped, " ") != ".d .f.g.0" {
		t.Error(dropped, err)
	}
}

func TestS20TimeDoesNotStandStill(t *testing.T) {
	set := one(t, "read", `resource.until > request.time`)
	d := doc(t, "until", bson.NewDateTimeFromTime(noon.Add(time.Hour)))
	for _, c := range []struct {
		at   time.Time
		want hutch.Code
	}{{noon, ""}, {noon.Add(2 * time.Hour), hutch.PermissionDenied}, {noon, ""}, {time.Time{}, hutch.PermissionDenied}} {
		r := request()
		r.Time = c.at
		s := set.Bind(ann, r, nil)
		code(t, s.Check(data.OpGet, "pets", "p1", d, nil), c.want)
		if c.at.IsZero() {
			continue
		}
		f, err := s.Filter(data.OpList, "pets", data.Where{})
		if err != nil || !f.Exact || lists(t, f, d) != (c.want == "") {
			t.Errorf("at %v: %+v %v", c.at, f, err)
		}
	}
	for _, rule := range []string{`resource.until > request.time`, `request['time'] > resource.until`, `size(request) > 0`, `exists('orgs', auth.uid)`, `auth != null && (auth.uid == 'x' || get('orgs', 'o1').open)`} {
		set, ds := rules.Compile(rules.Config{Collections: []rules.Collection{{Name: "pets", Access: exprs("read", rule), Scan: 10}, {Name: "orgs"}}})
		if set == nil {
			if rule == `size(request) > 0` || rule == `request['time'] > resource.until` {
				continue // refused by its type
			}
			t.Fatal(ds)
		}
		r := request()
		r.Live = true
		_, err := set.Bind(ann, r, &store{}).Filter(data.OpList, "pets", data.Where{})
		code(t, err, hutch.Unimplemented)
	}
	r := request()
	r.Live = true
	_, err := one(t, "read", `resource.ip == request.ip`).Bind(ann, r, nil).Filter(data.OpList, "pets", data.Where{})
	code(t, err, "")
}

func TestS31ClaimsAreTheServersAlone(t *testing.T) {
	p := hutch.Principal{Kind: hutch.User, UID: "u", Role: "authenticated", Claims: []byte(`{"plan":"pro","gone":null}`)}.Sealed()
	for rule, want := range map[string]bool{
		`auth.claims.plan == 'pro'`: true, `has(auth.claims.gone)`: false, `!has(auth.claims.gone)`: true,
		`has(auth.claims.user_metadata)`: false, `auth.claims.gone == null`: false,
	} {
		err := one(t, "get", rule).Bind(p, request(), nil).Check(data.OpGet, "pets", "p1", doc(t), nil)
		if (err == nil) != want {
			t.Errorf("%s: %v", rule, err)
		}
	}
	for _, broken := range []string{`[1]`, `"x"`, `{`, `{"a":`} { // whoever built it: nothing that reads auth passes
		p := hutch.Principal{Kind: hutch.User, UID: "u", Claims: []byte(broken)}
		for _, rule := range []string{`!has(auth.claims.banned)`, `auth == null`, `auth != null`, `auth.uid == 'u'`} {
			code(t, one(t, "get", rule).Bind(p, request(), nil).Check(data.OpGet, "pets", "p1", doc(t), nil), hutch.PermissionDenied)
		}
	}
}

func TestS32AnonymousUsers(t *testing.T) {
	anon := hutch.Principal{Kind: hutch.User, UID: "a1", Anonymous: true, Role: "authenticated"}.Sealed()
	set := compile(t, rules.Config{
		Helpers:     exprs("signedIn", "auth != null && !auth.anonymous"),
		Collections: []rules.Collection{{Name: "pets", Access: exprs("get", "signedIn()", "delete", "auth.anonymous")}},
	})
	for p, want := range map[*hutch.Principal]hutch.Code{&guest: hutch.Unauthenticated, &anon: hutch.PermissionDenied, &ann: ""} {
		code(t, set.Bind(*p, request(), nil).Check(data.OpGet, "pets", "p1", doc(t), nil), want)
	}
	code(t, set.Bind(anon, request(), nil).Check(data.OpDelete, "pets", "p1", doc(t), nil), "")
}

func TestNamedRails(t *testing.T) {
	runNamed(t, member, nil, []named{
		{"a negated error", `!(resource.a == 'x')`, doc(t), false},
		{"!= of a missing field", `resource.a != 'x'`, doc(t), false},
		{"!= of another value", `resource.a != 'x'`, doc(t, "a", 1), true},
		{"null is not missing", `resource.a == null`, doc(t), false},
		{"null is null", `resource.a == null`, doc(t, "a", nil), true},
		{"not in of a missing field", `!(resource.a in ['x'])`, doc(t), false},
		{"in an empty list, missing", `!(resource.a in [])`, doc(t), false},
		{"in an empty list", `resource.a in []`, doc(t, "a", 1), false},
		{"not in an empty list", `!(resource.a in [])`, doc(t, "a", 1), true},
		{"an array is not its element", `resource.a == 'x'`, doc(t, "a", bson.A{"x"}), false},
		{"an array is not its element, negated", `resource.a != 'x'`, doc(t, "a", bson.A{"x"}), true},
		{"nor an array on the way", `resource.a.b == 'x'`, doc(t, "a", bson.A{bson.D{{Key: "b", Value: "x"}}}), false},
		{"nor in an order", `resource.a > 1`, doc(t, "a", bson.A{2}), false},
		{"scalars in an element match", `resource.l.exists(x, x == 'a')`, doc(t, "l", bson.A{1, "a"}), true},
		{"arrays in an element match", `resource.l.exists(x, x == 'a')`, doc(t, "l", bson.A{bson.A{"a"}}), false},
		{"an array as an object of numbers", `resource.l.exists(x, x['0'] == 'a')`, doc(t, "l", bson.A{bson.A{"a"}}), false},
		{"no element passes none", `resource.l.all(x, x == 'a')`, doc(t, "l", bson.A{}), true},
		{"all elements but one", `resource.l.all(x, x != 'a')`, doc(t, "l", bson.A{"b", "a"}), false},
		{"all elements", `resource.l.all(x, x != 'a')`, doc(t, "l", bson.A{"b", bson.A{"a"}}), true},
		{"a dot in a key", `resource.acl[auth.claims.dots] == 1`, doc(t, "acl", bson.D{{Key: "a", Value: bson.D{{Key: "b", Value: 1}}}}), false},
		{"an operator as a key", `resource.acl[auth.claims.dollar] == 1`, doc(t, "acl", bson.D{{Key: "a", Value: 1}}), false},
		{"NUL in a key", `has(resource.acl.a) && resource.acl[auth.claims.nul] == 1`, doc(t, "acl", bson.D{{Key: "a", Value: 1}}), false},
		{"a trailing newline", `resource.a.endsWith('a')`, doc(t, "a", "a\n"), false},
		{"letters have no collation", `resource.a == 'A'`, doc(t, "a", "a"), false},
		{"ObjectIds equal their own kind", `resource.a == resource.b`, doc(t, "a", bson.ObjectID{1}, "b", bson.ObjectID{1}), true},
		{"and no string", `resource.a == '010000000000000000000000'`, doc(t, "a", bson.ObjectID{1}), false},
		{"an error beside true", `resource.a == 1 || true`, doc(t), true},
		{"an error beside false", `resource.a == 1 || false`, doc(t), false},
		{"an opted out default", `resource.?a.orValue('x') == 'x'`, doc(t), true},
		{"has any", `resource.l.hasAny(['a', 'b'])`, doc(t, "l", bson.A{"b"}), true},
		{"has not all", `resource.l.hasAll(['a', 'b'])`, doc(t, "l", bson.A{"b"}), false},
		{"id", `id == 'p1'`, doc(t, "_id", "p1"), true},
	})
}

func TestS4UnverifiedEmailIsNull(t *testing.T) {
	set := one(t, "get", "resource.email == auth.email", "delete", "auth.email == null")
	d := doc(t, "email", "ann@x.test")
	code(t, set.Bind(ann, request(), nil).Check(data.OpGet, "pets", "p1", d, nil), hutch.PermissionDenied)
	code(t, set.Bind(ann, request(), nil).Check(data.OpDelete, "pets", "p1", d, nil), "")
	proven := ann
	proven.EmailVerified = true
	code(t, set.Bind(proven.Sealed(), request(), nil).Check(data.OpGet, "pets", "p1", d, nil), "")
}

func TestS3NoRoleBypasses(t *testing.T) {
	set := one(t, "get", "false")
	for _, role := range []string{"admin", "service", "operator", "system", "data"} {
		p := hutch.Principal{Kind: hutch.User, UID: "u", Role: role, Roles: []string{role}, Scopes: []string{"data"}, Claims: []byte(`{"role":"` + role + `"}`)}.Sealed()
		code(t, set.Bind(p, request(), nil).Check(data.OpGet, "pets", "p1", doc(t), nil), hutch.PermissionDenied)
	}
	for _, kind := range []hutch.Kind{hutch.Operator, hutch.System} {
		code(t, set.Bind(hutch.Principal{Kind: kind}, request(), nil).Check(data.OpGet, "pets", "p1", doc(t), nil), "")
	}
}
