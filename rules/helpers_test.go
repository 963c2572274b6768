package rules_test

import (
	"iter"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/rules"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// expr is an expression at line 10, column 5 of hutch.yaml.
func expr(text string) hutch.Expr {
	return hutch.Expr{Text: text, Pos: hutch.Pos{File: "hutch.yaml", Line: 10, Column: 5}}
}

func exprs(kv ...string) map[string]hutch.Expr {
	m := map[string]hutch.Expr{}
	for i := 0; i+1 < len(kv); i += 2 {
		m[kv[i]] = expr(kv[i+1])
	}
	return m
}

func compile(t testing.TB, cfg rules.Config) *rules.Set {
	t.Helper()
	set, ds := rules.Compile(cfg)
	for _, d := range ds {
		t.Errorf("%v", d)
	}
	if set == nil {
		t.FailNow()
	}
	return set
}

// one is a set with the collection "pets" under access rules.
func one(t testing.TB, access ...string) *rules.Set {
	t.Helper()
	return compile(t, rules.Config{Collections: []rules.Collection{{Name: "pets", Access: exprs(access...)}, {Name: "orgs"}, {Name: "members"}}})
}

func doc(t testing.TB, kv ...any) data.Doc {
	t.Helper()
	d := bson.D{}
	for i := 0; i+1 < len(kv); i += 2 {
		d = append(d, bson.E{Key: kv[i].(string), Value: kv[i+1]})
	}
	b, err := bson.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var (
	guest = hutch.Principal{}.Sealed()
	ann   = hutch.Principal{Kind: hutch.User, UID: "ann", Role: "authenticated", AAL: "aal1", Provider: "email", Email: "ann@x.test"}.Sealed()
	bob   = hutch.Principal{Kind: hutch.User, UID: "bob", Role: "authenticated", Roles: []string{"staff"}, Claims: []byte(`{"org":"o1","level":3}`)}.Sealed()
	key   = hutch.Principal{Kind: hutch.Service, UID: "k1", Scopes: []string{hutch.ScopeData}}.Sealed()
)

func request() data.Request { return data.Request{Time: noon, IP: "192.0.2.1", Limit: 20} }

// store is a Lookup over documents by "coll/id".
type store struct {
	docs map[string]data.Doc
	gets int
	err  error
}

func (s *store) Get(coll, id string, _ bool) (data.Doc, error) {
	s.gets++
	return s.docs[coll+"/"+id], s.err
}

func (s *store) Find(string, data.Where, int) iter.Seq2[data.Doc, error] { return nil }
func (s *store) Count(string, data.Where) (int64, error)                 { return 0, nil }

func code(t testing.TB, err error, want hutch.Code) {
	t.Helper()
	if got := hutch.CodeOf(err); got != want {
		t.Errorf("error %v, want code %q", err, want)
	}
}

// lists reports whether a filter passes d.
func lists(t testing.TB, f data.Filter, d data.Doc) bool {
	t.Helper()
	m, err := data.Compile(f.Where)
	if err != nil {
		t.Fatal(err)
	}
	return m.Match(d)
}
