package rules_test

import (
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/rules"
)

func petStore(t testing.TB) *rules.Set {
	return compile(t, rules.Config{
		Helpers: exprs("signedIn", "auth != null && !auth.anonymous", "keeper", "signedIn() && 'keeper' in auth.roles"),
		Collections: []rules.Collection{
			{Name: "products", Access: exprs("read", "true", "write", "'keeper' in auth.roles")},
			{Name: "orders", Access: exprs("read", "signedIn() && resource.user == auth.uid", "create", "signedIn()"), Preset: exprs("user", "auth.uid"), Default: exprs("status", "'new'"), Immutable: []string{"user"}},
		},
	})
}

func TestPetStore(t *testing.T) {
	set := petStore(t)
	keeper := ann
	keeper.Roles = []string{"keeper"}
	keeper = keeper.Sealed()
	fish := doc(t, "_id", "p1", "name", "fish", "price", 5)

	f, err := set.Bind(guest, request(), nil).Filter(data.OpList, "products", data.Where{})
	if err != nil || f.Kind != data.FilterAlways || !f.Exact {
		t.Errorf("a guest lists products: %+v %v", f, err)
	}
	code(t, set.Bind(guest, request(), nil).Check(data.OpCreate, "products", "p1", nil, fish), hutch.Unauthenticated)
	code(t, set.Bind(ann, request(), nil).Check(data.OpCreate, "products", "p1", nil, fish), hutch.PermissionDenied)
	for _, op := range []data.Op{data.OpCreate, data.OpUpdate, data.OpDelete} {
		code(t, set.Bind(keeper, request(), nil).Check(op, "products", "p1", fish, fish), "")
	}

	_, err = set.Bind(guest, request(), nil).Filter(data.OpList, "orders", data.Where{})
	code(t, err, hutch.Unauthenticated)
	mine, others := doc(t, "_id", "o1", "user", "ann"), doc(t, "_id", "o2", "user", "bob")
	s := set.Bind(ann, request(), nil)
	f, err = s.Filter(data.OpList, "orders", data.Where{})
	if err != nil || f.Kind != data.FilterConditional || !f.Exact || !lists(t, f, mine) || lists(t, f, others) {
		t.Errorf("ann lists her orders: %+v %v", f, err)
	}
	code(t, s.Check(data.OpGet, "orders", "o1", mine, nil), "")
	code(t, s.Check(data.OpGet, "orders", "o2", others, nil), hutch.PermissionDenied)
	code(t, s.Check(data.OpDelete, "orders", "o1", mine, nil), hutch.PermissionDenied)

	next, err := s.Prepare(data.OpCreate, "orders", nil, doc(t, "_id", "o3", "user", "eve", "total", 1))
	if err != nil {
		t.Fatal(err)
	}
	if u, st := data.Field(next, "user"), data.Field(next, "status"); u.StringValue() != "ann" || st.StringValue() != "new" {
		t.Errorf("prepared %v", next)
	}
	code(t, s.Check(data.OpCreate, "orders", "o3", nil, next), "")
}

func TestBypassingPrincipals(t *testing.T) {
	set := petStore(t)
	s := set.Bind(key, request(), nil)
	f, err := s.Filter(data.OpList, "nothing", data.Where{})
	if err != nil || f.Kind != data.FilterAlways || !f.Exact {
		t.Errorf("%+v %v", f, err)
	}
	code(t, s.Check(data.OpDelete, "orders", "o1", doc(t), nil), "")
	next, err := s.Prepare(data.OpCreate, "orders", nil, doc(t, "_id", "o1", "user", "eve"))
	if err != nil || data.Field(next, "user").StringValue() != "eve" || data.Field(next, "status").StringValue() != "new" {
		t.Errorf("a key writes as it likes, defaults apply: %v %v", next, err)
	}
	ops := hutch.Principal{Kind: hutch.Service, UID: "k2", Scopes: []string{hutch.ScopeOps}}.Sealed()
	_, err = set.Bind(ops, request(), nil).Filter(data.OpList, "orders", data.Where{})
	code(t, err, hutch.PermissionDenied)
}
