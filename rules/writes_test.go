package rules_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/rules"
)

func TestS9WritesAreJudgedOneAfterAnother(t *testing.T) {
	set := one(t, "get", "true", "create", "exists('members', auth.uid) && get('members', auth.uid).open == true", "update", "!exists('members', id)", "delete", "!exists('members', auth.uid)")
	if !set.LooksUp(data.OpCreate, "pets") || !set.LooksUp(data.OpSet, "pets") || set.LooksUp(data.OpGet, "pets") || set.LooksUp(data.OpList, "orgs") {
		t.Error("LooksUp")
	}
	st := &store{docs: map[string]data.Doc{}}
	s := set.Bind(ann, request(), st)
	create := func() error {
		next, err := s.Prepare(data.OpCreate, "pets", nil, doc(t, "_id", "p1"))
		if err != nil {
			return err
		}
		return s.Check(data.OpCreate, "pets", "p1", nil, next)
	}
	code(t, create(), hutch.PermissionDenied)
	st.docs["members/ann"] = doc(t, "_id", "ann", "_version", int64(7), "open", true) // what the write before did
	code(t, create(), "")
	st.docs["members/ann"] = doc(t, "_id", "ann", "_version", int64(7), "open", false)
	code(t, create(), hutch.PermissionDenied)
	gets := st.gets
	code(t, s.Check(data.OpCreate, "pets", "p1", nil, doc(t, "_id", "p1", "by", "a hook")), hutch.PermissionDenied)
	if st.gets != gets {
		t.Error("the same write looks up once")
	}
	code(t, s.Check(data.OpDelete, "pets", "p1", doc(t, "_id", "p1"), nil), hutch.PermissionDenied)
	delete(st.docs, "members/ann")
	code(t, s.Check(data.OpDelete, "pets", "p2", doc(t, "_id", "p2"), nil), "")
	deps := s.Deps()
	if len(deps) != 1 || deps[0] != (data.Dep{Collection: "members", ID: "ann"}) {
		t.Errorf("found absent at first: %v", deps)
	}
}

func TestS29LookupsTrustNothing(t *testing.T) {
	st := &store{docs: map[string]data.Doc{
		"orgs/o1":     doc(t, "_id", "o1", "_version", int64(3), "plan", "pro", "users", bson.A{"ann"}),
		"members/ann": doc(t, "_id", "ann", "org", "o1", "bad", bson.Regex{Pattern: "x"}),
	}}
	for _, c := range []struct {
		rule string
		doc  data.Doc
		want bool
	}{
		{"get('orgs', resource.org).plan == 'pro'", doc(t, "org", "o1"), true},
		{"get('orgs', resource.org).plan == 'pro'", doc(t, "org", bson.A{"o1"}), false},
		{"get('orgs', resource.org).plan == 'pro'", doc(t, "org", nil), false},
		{"get('orgs', resource.org).plan == 'pro'", doc(t), false},
		{"get('orgs', 'o2').plan != 'pro'", doc(t), false},
		{"!has(get('orgs', 'o2').plan)", doc(t), false},
		{"has(get('orgs', 'o1').plan)", doc(t), true},
		{"exists('orgs', resource.org)", doc(t, "org", bson.A{"o1"}), false},
		{"!exists('orgs', resource.org)", doc(t, "org", "o2"), true},
		{"!exists('orgs', resource.org)", doc(t), false},
		{"exists('orgs', '')", doc(t), false},
		{"auth.uid in get('orgs', resource.org).users", doc(t, "org", "o1"), true},
		{"get('orgs', resource.org).users.exists(u, u == auth.uid)", doc(t, "org", "o1"), true},
		{"size(get('orgs', 'o1').users) == 1", doc(t), true},
		{"exists('members', 'ann')", doc(t), false}, // holds what rules cannot read
	} {
		s := one(t, "get", c.rule).Bind(ann, request(), st)
		if got := s.Check(data.OpGet, "pets", "p1", c.doc, nil) == nil; got != c.want {
			t.Errorf("%s: %v", c.rule, got)
		}
	}
	s := one(t, "get", "exists('orgs', 'o1') && !exists('orgs', 'o2')").Bind(ann, request(), st)
	code(t, s.Check(data.OpGet, "pets", "p1", doc(t), nil), "")
	want := []data.Dep{{Collection: "orgs", ID: "o1", Version: 3}, {Collection: "orgs", ID: "o2"}}
	if got := s.Deps(); !slices.Equal(got, want) {
		t.Error(got)
	}
	for rule, want := range map[string]string{
		"exists(resource.c, 'x')":       "literal",
		"exists('_users', auth.uid)":    "system",
		"get('org', 'x').y == 1":        `no collection "org"`,
		"lookup('orgs', 'a', 'b', 'c')": "unknown name",
	} {
		_, ds := rules.Compile(rules.Config{Collections: []rules.Collection{{Name: "pets", Access: exprs("get", rule)}, {Name: "orgs"}}})
		if len(ds) != 1 || !strings.Contains(ds[0].Message, want) {
			t.Errorf("%s: %v", rule, ds)
		}
	}
	if _, ds := rules.Compile(rules.Config{Collections: []rules.Collection{{Name: "pets", Access: exprs("list", "exists('pets', resource.a)"), Scan: 5}}}); len(ds) != 1 || !strings.Contains(ds[0].Message, "may not depend on the document") {
		t.Error(ds)
	}
}

func TestLookupsInLists(t *testing.T) {
	st := &store{docs: map[string]data.Doc{"members/ann": doc(t, "_id", "ann", "orgs", bson.A{"o1", "o2"})}}
	set := one(t, "read", "resource.org in get('members', auth.uid).orgs")
	s := set.Bind(ann, request(), st)
	f, err := s.Filter(data.OpList, "pets", data.Where{})
	if err != nil || !f.Exact || !lists(t, f, doc(t, "org", "o2")) || lists(t, f, doc(t, "org", "o3")) {
		t.Fatal(f, err)
	}
	_, err = set.Bind(bob, request(), st).Filter(data.OpList, "pets", data.Where{})
	code(t, err, hutch.PermissionDenied)
	st.err = hutch.Errorf(hutch.Unavailable, "no disk")
	_, err = set.Bind(ann, request(), st).Filter(data.OpList, "pets", data.Where{})
	code(t, err, hutch.Unavailable)
	code(t, set.Bind(ann, request(), st).Check(data.OpGet, "pets", "p", doc(t, "org", "o1"), nil), hutch.Unavailable)
	st.err = errors.New("plain")
	code(t, set.Bind(ann, request(), st).Check(data.OpGet, "pets", "p", doc(t, "org", "o1"), nil), hutch.Internal)
}

func TestLookupBudgets(t *testing.T) {
	st := &store{docs: map[string]data.Doc{}}
	ids := func(n int) bson.A {
		a := bson.A{}
		for i := range n {
			a = append(a, fmt.Sprint("o", i))
			st.docs[fmt.Sprint("orgs/o", i)] = doc(t, "_id", fmt.Sprint("o", i))
		}
		return a
	}
	set := one(t, "get", "resource.l.all(x, exists('orgs', x))", "delete", "resource.l.all(x, exists('orgs', x))")
	code(t, set.Bind(ann, request(), st).Check(data.OpGet, "pets", "p", doc(t, "l", append(ids(10), ids(10)...)), nil), "")
	code(t, set.Bind(ann, request(), st).Check(data.OpGet, "pets", "p", doc(t, "l", ids(11)), nil), hutch.ResourceExhausted)
	s := set.Bind(ann, request(), st)
	for i := range 30 { // 10 a read, as many reads as one likes
		code(t, s.Check(data.OpGet, "pets", fmt.Sprint(i), doc(t, "l", ids(10)), nil), "")
		code(t, s.Check(data.OpGet, "pets", fmt.Sprint(i), doc(t, "l", bson.A{fmt.Sprint("other", i)}), nil), hutch.PermissionDenied)
	}
	s = set.Bind(ann, request(), st)
	for i := range 11 { // 10 a write, 100 a commit
		want := hutch.Code("")
		if i == 10 {
			want = hutch.ResourceExhausted
		}
		code(t, s.Check(data.OpDelete, "pets", fmt.Sprint(i), doc(t, "l", ids(10)), nil), want)
	}
}

func TestS23SetKeepsWhatItLeavesOut(t *testing.T) {
	set := compile(t, rules.Config{Collections: []rules.Collection{{
		Name: "pets", Access: exprs("write", "true"),
		Preset:    exprs("owner", "auth.uid", "meta.by", "auth.uid"),
		Default:   exprs("status", "'draft'", "opts.color", "'red'"),
		Immutable: []string{"org", "address.country", "items.sku"},
	}}})
	s := set.Bind(ann, request(), nil)
	old := doc(t, "_id", "p1", "owner", "eve", "org", "o1", "meta", bson.D{{Key: "by", Value: "eve"}, {Key: "n", Value: 1}},
		"address", bson.D{{Key: "country", Value: "de"}, {Key: "city", Value: "x"}}, "items", bson.A{bson.D{{Key: "sku", Value: "s"}, {Key: "n", Value: 1}}}, "status", "live")
	next, err := s.Prepare(data.OpSet, "pets", old, doc(t, "_id", "p1", "name", "n"))
	if err != nil {
		t.Fatal(err)
	}
	want := doc(t, "_id", "p1", "name", "n", "address", bson.D{{Key: "country", Value: "de"}}, "items", bson.A{bson.D{{Key: "sku", Value: "s"}, {Key: "n", Value: 1}}},
		"org", "o1", "meta", bson.D{{Key: "by", Value: "eve"}}, "owner", "eve")
	if string(sorted(t, next)) != string(sorted(t, want)) {
		t.Errorf("set keeps preset and immutable fields, not defaults:\n%v\n%v", next, want)
	}
	next, err = s.Prepare(data.OpSet, "pets", old, doc(t, "name", "n", "meta", bson.D{{Key: "by", Value: "bob"}}))
	if err != nil || data.Field(next, "meta.by").StringValue() != "bob" || data.Field(next, "_id").StringValue() != "p1" {
		t.Errorf("what it sends of a preset counts: %v %v", next, err)
	}
	for name, sent := range map[string]data.Doc{
		"org":             doc(t, "org", "o2"),
		"address.country": doc(t, "address", "nowhere"),
		"items.sku":       doc(t, "items", bson.A{bson.D{{Key: "sku", Value: "t"}}}),
	} {
		for _, op := range []data.Op{data.OpSet, data.OpUpdate} {
			full := sent
			if op == data.OpUpdate {
				full = merged(t, old, sent)
			}
			e := hutch.AsError(second(s.Prepare(op, "pets", old, full)))
			if e == nil || e.Code != hutch.PermissionDenied || e.Field != name {
				t.Errorf("%s of %s: %v", op, name, e)
			}
		}
	}
	_, err = s.Prepare(data.OpUpdate, "pets", old, doc(t, "_id", "p1", "address", bson.D{{Key: "country", Value: "de"}}, "items", bson.A{bson.D{{Key: "sku", Value: "s"}}}))
	if e := hutch.AsError(err); e == nil || e.Field != "org" {
		t.Errorf("unset is a change: %v", err)
	}
	_, err = s.Prepare(data.OpUpdate, "pets", old, merged(t, old, doc(t, "items", bson.A{bson.D{{Key: "sku", Value: "s"}, {Key: "n", Value: 2}}})))
	code(t, err, "")
	next, err = s.Prepare(data.OpSet, "pets", nil, doc(t, "_id", "p2", "owner", "eve", "status", "live", "opts", bson.D{{Key: "size", Value: 1}}))
	want = doc(t, "_id", "p2", "status", "live", "opts", bson.D{{Key: "size", Value: 1}, {Key: "color", Value: "red"}}, "owner", "ann", "meta", bson.D{{Key: "by", Value: "ann"}})
	if err != nil || string(sorted(t, next)) != string(sorted(t, want)) {
		t.Errorf("the create branch: %v %v", next, err)
	}
	_, err = set.Bind(guest, request(), nil).Prepare(data.OpCreate, "pets", nil, doc(t, "_id", "p3"))
	code(t, err, hutch.Unauthenticated)
}

// sorted gives d with its fields in order.
func sorted(t *testing.T, d data.Doc) []byte {
	t.Helper()
	var m map[string]any
	if err := bson.Unmarshal(d, &m); err != nil {
		t.Fatal(err)
	}
	return fmt.Append(nil, m)
}

func merged(t *testing.T, old, over data.Doc) data.Doc {
	t.Helper()
	var m map[string]any
	for _, d := range []data.Doc{old, over} {
		if err := bson.Unmarshal(d, &m); err != nil {
			t.Fatal(err)
		}
	}
	b, err := bson.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestS25HooksMeetTheRuleAndImmutableAgain(t *testing.T) {
	set := compile(t, rules.Config{Collections: []rules.Collection{{Name: "pets", Access: exprs("update", "next.price < 10", "create", "next.price < 10"), Preset: exprs("owner", "auth.uid"), Immutable: []string{"org"}}}})
	s := set.Bind(ann, request(), nil)
	old := doc(t, "_id", "p1", "org", "o1", "price", 1, "owner", "ann")
	code(t, s.Check(data.OpUpdate, "pets", "p1", old, doc(t, "_id", "p1", "org", "o1", "price", 2, "owner", "shop")), "")
	code(t, s.Check(data.OpUpdate, "pets", "p1", old, doc(t, "_id", "p1", "org", "o1", "price", 20)), hutch.PermissionDenied)
	err := s.Check(data.OpUpdate, "pets", "p1", old, doc(t, "_id", "p1", "org", "o2", "price", 2))
	if e := hutch.AsError(err); e == nil || e.Field != "org" {
		t.Error(err)
	}
	code(t, s.Check(data.OpCreate, "pets", "p1", nil, doc(t, "_id", "p1", "price", 2, "owner", "shop")), "")
}

func TestS26DenialsAreEqual(t *testing.T) {
	set := one(t, "get", "false", "update", "true")
	d := doc(t, "_id", "p1")
	for _, p := range []hutch.Principal{guest, ann} {
		s := set.Bind(p, request(), nil)
		want := s.Check(data.OpGet, "pets", "p1", d, nil)
		for _, err := range []error{
			s.Check(data.OpGet, "nothing", "p1", d, nil), s.Check(data.OpCreate, "pets", "p1", nil, d), s.Check(data.OpDelete, "pets", "p1", d, nil),
			s.Check("nonsense", "pets", "p1", d, d), second(s.Filter(data.OpList, "pets", data.Where{})), second(s.Filter(data.OpList, "nothing", data.Where{})),
			second(s.Prepare(data.OpCreate, "nothing", nil, d)), s.Check(data.OpUpdate, "pets", "p1", nil, d),
		} {
			if fmt.Sprint(err) != fmt.Sprint(want) || err == nil {
				t.Errorf("%v, not %v", err, want)
			}
		}
	}
}

func second[X any](_ X, err error) error { return err }

func TestChanged(t *testing.T) {
	old := doc(t, "_id", "p1", "_version", int64(1), "a", 1, "o", bson.D{{Key: "x", Value: 1}, {Key: "y", Value: 2}}, "l", bson.A{bson.D{{Key: "p", Value: 1}}})
	for _, c := range []struct {
		rule string
		next data.Doc
		want bool
	}{
		{"!changed('a')", merged(t, old, doc(t, "b", 1)), true},
		{"changed('a')", merged(t, old, doc(t, "a", 2)), true},
		{"changed('a')", merged(t, old, doc(t, "a", 1.0)), false},
		{"changed('a')", merged(t, old, doc(t, "a", "1")), true},
		{"changed('o.x')", merged(t, old, doc(t, "o", bson.D{{Key: "y", Value: 2}, {Key: "x", Value: 1}})), false},
		{"changed('o.x')", merged(t, old, doc(t, "o", 5)), true},
		{"changed('o.z')", merged(t, old, doc(t, "o", 5)), false},
		{"changed('l.p')", merged(t, old, doc(t, "l", bson.A{bson.D{{Key: "p", Value: 2}}})), true},
		{"changed('l.q')", merged(t, old, doc(t, "l", bson.A{})), false},
		{"changedOnly(['a'])", merged(t, old, doc(t, "a", 2)), true},
		{"changedOnly(['a'])", merged(t, old, doc(t, "a", 2, "b", 1)), false},
		{"changedOnly(['o.x', 'n.m'])", merged(t, old, doc(t, "o", bson.D{{Key: "x", Value: 9}, {Key: "y", Value: 2}}, "n", bson.D{{Key: "m", Value: 1}})), true},
		{"changedOnly(['o.x'])", merged(t, old, doc(t, "o", bson.D{{Key: "x", Value: 9}})), false},
		{"changedOnly([])", merged(t, old, doc(t, "_version", int64(2))), true},
		{"next.a == resource.a + 1", merged(t, old, doc(t, "a", 2)), true},
		{"[changed('a')] == [true]", merged(t, old, doc(t, "a", 2)), true},
	} {
		err := one(t, "update", c.rule).Bind(ann, request(), nil).Check(data.OpUpdate, "pets", "p1", old, c.next)
		if (err == nil) != c.want {
			t.Errorf("%s of %v: %v", c.rule, c.next, err)
		}
	}
}
