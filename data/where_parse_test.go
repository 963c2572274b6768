package data_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func TestWhereShapes(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{}`, `()`},
		{`{"a":1}`, `$eq("a",`},
		{`{"a":{"b":1}}`, `$eq("a",`},
		{`{"a":{}}`, `$eq("a",`},
		{`{"a":1,"b":2}`, `$and($eq("a",`},
		{`{"a":{"$gt":1,"$lt":2}}`, `$and($gt("a",`},
		{`{"a":{"$not":{"$gt":5}}}`, `$not("",$gt("a",`},
		{`{"$not":{"a":{"$gt":5}}}`, `$not("",$gt("a",`},
		{`{"$or":[{"a":1}]}`, `$or($eq("a",`},
		{`{"_id":"x"}`, `$eq("_id",`},
	} {
		w, err := data.ParseWhere(doc(t, c.in), true)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
		} else if got := w.Canonical(); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s", c.in, got)
		}
	}
}

func TestWhereRefused(t *testing.T) {
	for _, c := range []struct{ in, field string }{
		{`{"$where":"1"}`, "$where"},
		{`{"$expr":{"$gt":["$a","$b"]}}`, "$expr"},
		{`{"a":{"$function":{}}}`, "a.$function"},
		{`{"a":{"$foo":1}}`, "a.$foo"},
		{`{"$and":[{"a":1},{"b":{"$foo":1}}]}`, "$and[1].b.$foo"},
		{`{"$and":{}}`, "$and"},
		{`{"$and":[]}`, "$and"},
		{`{"$or":[1]}`, "$or[0]"},
		{`{"$not":[]}`, "$not"},
		{`{"$gt":1}`, "$gt"},
		{`{"a":{"$and":[{"b":1}]}}`, "a.$and"},
		{`{"a":{"$gt":1,"b":2}}`, "a"},
		{`{"a":{"b":2,"$gt":1}}`, "a"},
		{`{"a":{"$not":5}}`, "a.$not"},
		{`{"a":{"$not":{}}}`, "a.$not"},
		{`{"a":{"$in":5}}`, "a.$in"},
		{`{"a":{"$exists":1}}`, "a.$exists"},
		{`{"a":{"$contains":1}}`, "a.$contains"},
		{`{"a":{"$startsWith":null}}`, "a.$startsWith"},
		{`{"a":{"$regex":"("}}`, "a.$regex"},
		{`{"a":{"$regex":"(?=x)"}}`, "a.$regex"},
		{`{"a":{"$eq":{"$gt":1}}}`, "a.$eq.$gt"},
		{`{"a":{"$in":[{"b.c":1}]}}`, "a.$in[0].b.c"},
		{`{"a":{"b":{"$gt":1}}}`, "a.b.$gt"},
		{`{"_secret":1}`, "_secret"},
		{`{"_id.x":1}`, "_id.x"},
		{`{"a":{"$type":"int"}}`, "a.$type"},
		{`{"a":{"$size":1}}`, "a.$size"},
		{`{"a":{"$elemMatch":{"b":1}}}`, "a.$elemMatch"},
		{`{"$nor":[{"a":1}]}`, "$nor"},
	} {
		_, err := data.ParseWhere(doc(t, c.in), true)
		e := hutch.AsError(err)
		if e == nil || e.Code != hutch.InvalidArgument || e.Field != c.field {
			t.Errorf("%s: got %v, want field %s", c.in, err, c.field)
		}
	}
}

func TestWhereOfRulesRefused(t *testing.T) {
	for _, in := range []string{
		`{"a":{"$type":"regex"}}`, `{"a":{"$type":2}}`, `{"a":{"$size":-1}}`, `{"a":{"$size":1.5}}`, `{"a":{"$elemMatch":[]}}`,
		`{"a":{"$elemMatch":{"$where":1}}}`, `{"$where":1}`,
	} {
		if _, err := data.ParseWhere(doc(t, in), false); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%s: got %v", in, err)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	for name, w := range map[string]data.Where{
		"an unknown operator":           {Op: "$foo", Path: "a"},
		"an empty path":                 {Op: data.OpEq, Value: data.Int(1)},
		"a path with $":                 {Op: data.OpEq, Path: "a.$", Value: data.Int(1)},
		"$not of two":                   {Op: data.OpNot, Kids: []data.Where{{}, {}}},
		"$elemMatch of none":            {Op: data.OpElem, Path: "a"},
		"$in without a list":            {Op: data.OpIn, Path: "a", Value: data.Int(1)},
		"a value that is cut off":       {Op: data.OpEq, Path: "a", Value: data.Value{Type: data.Int(1).Type, Value: []byte{1}}},
		"a value of an unknown type":    {Op: data.OpEq, Path: "a", Value: data.Value{Type: 0x0b, Value: []byte{0, 0}}},
		"$exists without a bool":        {Op: data.OpExists, Path: "a"},
		"a relative path out of place":  {Op: data.OpAnd, Kids: []data.Where{{Op: data.OpExists, Value: data.Bool(true)}}},
		"a broken pattern":              {Op: data.OpRegex, Path: "a", Value: data.String("(")},
		"an unknown operator in a kid":  {Op: data.OpOr, Kids: []data.Where{{Op: "$expr"}}},
		"an unknown name of a type":     {Op: data.OpType, Path: "a", Value: data.String("javascript")},
		"$size that is no whole number": {Op: data.OpSize, Path: "a", Value: data.Double(1.5)},
	} {
		if _, err := data.Compile(w); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if m, err := data.Compile(data.Never()); err != nil || m.Match(doc(t, `{}`)) {
		t.Errorf("never: %v", err)
	}
}

func TestS28BudgetsOfFilters(t *testing.T) {
	clauses := func(n int) string {
		return `{"$or":[` + strings.TrimSuffix(strings.Repeat(`{"a":1},`, n), ",") + `]}`
	}
	empty := func(n int) string {
		return `{"$or":[` + strings.TrimSuffix(strings.Repeat(`{},`, n), ",") + `]}`
	}
	depth := func(n int) string {
		return strings.Repeat(`{"$not":`, n-1) + `{"a":1}` + strings.Repeat(`}`, n-1)
	}
	inner := func(n int) string { // the $not of a field nests too
		return `{"a":` + strings.Repeat(`{"$not":`, n-1) + `{"$gt":1}` + strings.Repeat(`}`, n-1) + `}`
	}
	values := func(n int) string {
		list := strings.TrimSuffix(strings.Repeat(`1,`, n-500), ",")
		return `{"a":{"$in":[` + strings.TrimSuffix(strings.Repeat(`1,`, 500), ",") + `]},"b":{"$nin":[` + list + `]}}`
	}
	pattern := func(n int) string { return fmt.Sprintf(`{"a":{"$regex":"%s"}}`, strings.Repeat("x", n)) }
	for name, c := range map[string]struct {
		make func(int) string
		most int
	}{"clauses": {clauses, 64}, "empty clauses": {empty, 64}, "depth": {depth, 8}, "depth of $not": {inner, 8}, "values": {values, 1000}, "pattern": {pattern, 256}} {
		if _, err := data.ParseWhere(doc(t, c.make(c.most)), true); err != nil {
			t.Errorf("%d %s: %v", c.most, name, err)
		}
		if _, err := data.ParseWhere(doc(t, c.make(c.most+1)), true); hutch.CodeOf(err) != hutch.ResourceExhausted {
			t.Errorf("%d %s: got %v", c.most+1, name, err)
		}
	}
	if _, err := data.ParseWhere(doc(t, `{"a":{"$regex":"(\\pL{9}\\pN{9}){99}"}}`), true); hutch.CodeOf(err) != hutch.ResourceExhausted {
		t.Errorf("a short pattern of a large program: got %v", err)
	}
}

func TestS69Paths(t *testing.T) {
	long := strings.TrimSuffix(strings.Repeat("a.", 32), ".")
	for _, p := range []string{"a", "a.0", "a.b.c", "0", "a.00", "a._b", "a b", "é", long} {
		if err := data.CheckPath(p); err != nil {
			t.Errorf("%q: %v", p, err)
		}
	}
	for _, p := range []string{"", ".", "a.", ".a", "a..b", "$", "$a", "a.$", "a.$[]", "a.$[x].b", "a\x00b", long + ".a"} {
		if err := data.CheckPath(p); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%q: got %v", p, err)
		}
		if p == "" || strings.Contains(p, "\x00") {
			continue
		}
		if p[0] != '$' {
			if _, err := data.ParseWhere(doc(t, `{"`+p+`":1}`), true); hutch.CodeOf(err) != hutch.InvalidArgument {
				t.Errorf("where %q: got %v", p, err)
			}
		}
		if _, err := data.ApplyUpdate(doc(t, `{}`), doc(t, `{"$set":{"`+p+`":1}}`), 0); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("$set %q: got %v", p, err)
		}
		if _, err := data.ParseQuery(doc(t, `{"from":"a","orderBy":["`+p+`"]}`)); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("orderBy %q: got %v", p, err)
		}
		if _, err := data.ParseQuery(doc(t, `{"from":"a","select":["`+p+`"]}`)); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("select %q: got %v", p, err)
		}
	}
}
