package data_test

import (
	"bytes"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// The model of the matcher: values as lists, every condition on its own, written
// to be read.

// reached gives all values that a path leads to; the zero Value is a missing one.
func reached(v data.Value, path []string, whole bool) (out []data.Value) {
	next := data.Field(v.Value, path[0])
	switch {
	case next.Type == 0:
		return []data.Value{{}}
	case len(path) == 1:
		if next.Type == bson.TypeArray && !whole {
			for e := range data.Elements(next) {
				out = append(out, e)
			}
		}
		return append(out, next)
	case next.Type == bson.TypeEmbeddedDocument:
		return reached(next, path[1:], whole)
	case next.Type == bson.TypeArray:
		return inArray(next, path[1:], whole)
	}
	return []data.Value{{}}
}

func inArray(arr data.Value, path []string, whole bool) (out []data.Value) {
	i := 0
	for e := range data.Elements(arr) {
		if e.Type == bson.TypeEmbeddedDocument {
			out = append(out, reached(e, path, whole)...)
		}
		if strconv.Itoa(i) == path[0] {
			switch {
			case len(path) == 1:
				out = append(out, e)
			case e.Type == bson.TypeEmbeddedDocument:
				out = append(out, reached(e, path[1:], whole)...)
			case e.Type == bson.TypeArray:
				out = append(out, inArray(e, path[1:], whole)...)
			}
		}
		i++
	}
	return out
}

// modelMatch judges v, a document or an element of an array.
func modelMatch(w data.Where, v data.Value) bool {
	some := func(f func(data.Value) bool, whole bool) bool {
		vs := []data.Value{v}
		if w.Path != "" {
			vs = reached(v, strings.Split(w.Path, "."), whole)
		}
		return slices.ContainsFunc(vs, f)
	}
	switch w.Op {
	case data.WhereAll:
		return true
	case data.OpAnd, data.OpOr, data.OpNor, data.OpNot:
		passed := 0
		for _, k := range w.Kids {
			if modelMatch(k, v) {
				passed++
			}
		}
		switch w.Op {
		case data.OpAnd:
			return passed == len(w.Kids)
		case data.OpOr:
			return passed > 0
		}
		return passed == 0
	case data.OpNe:
		return !modelMatch(data.Where{Op: data.OpEq, Path: w.Path, Value: w.Value}, v)
	case data.OpNin:
		return !modelMatch(data.Where{Op: data.OpIn, Path: w.Path, Value: w.Value}, v)
	case data.OpIn:
		for x := range data.Elements(w.Value) {
			if modelMatch(data.Where{Op: data.OpEq, Path: w.Path, Value: x}, v) {
				return true
			}
		}
		return false
	case data.OpEq:
		return some(func(x data.Value) bool { return data.Compare(x, w.Value) == 0 }, false)
	case data.OpGt, data.OpGte, data.OpLt, data.OpLte:
		return some(func(x data.Value) bool {
			kind := func(v data.Value) byte { return data.AppendKey(nil, v, false)[0] }
			c := data.Compare(x, w.Value)
			ok := map[data.Operator]bool{data.OpGt: c > 0, data.OpGte: c >= 0, data.OpLt: c < 0, data.OpLte: c <= 0}
			return kind(x) == kind(w.Value) && ok[w.Op]
		}, false)
	case data.OpExists:
		return some(func(x data.Value) bool { return x.Type != 0 }, false) == w.Value.Boolean()
	case data.OpType:
		return some(func(x data.Value) bool { return x.Type == bson.TypeInt32 && w.Value.StringValue() == "int" }, false)
	case data.OpSize:
		return some(func(x data.Value) bool {
			n := int32(0)
			for range data.Elements(x) {
				n++
			}
			return x.Type == bson.TypeArray && n == w.Value.Int32()
		}, true)
	case data.OpElem:
		return some(func(x data.Value) bool {
			for e := range data.Elements(x) {
				if hasPath(w.Kids[0]) && e.Type != bson.TypeEmbeddedDocument && e.Type != bson.TypeArray {
					continue
				}
				if modelMatch(w.Kids[0], e) {
					return true
				}
			}
			return false
		}, true)
	}
	return some(func(x data.Value) bool {
		if x.Type != bson.TypeString {
			return false
		}
		s, arg := x.StringValue(), w.Value.StringValue()
		switch w.Op {
		case data.OpContains:
			return strings.Contains(s, arg)
		case data.OpStarts:
			return strings.HasPrefix(s, arg)
		}
		return regexp.MustCompile(arg).MatchString(s)
	}, false)
}

func hasPath(w data.Where) bool {
	if w.Path != "" || w.Op == data.OpElem {
		return w.Path != ""
	}
	return slices.ContainsFunc(w.Kids, hasPath)
}

// world makes documents and filters that often meet.
type world struct{ r *rand.Rand }

func (g world) scalar() data.Value {
	switch g.r.IntN(9) {
	case 0:
		return data.Null()
	case 1:
		return data.Bool(true)
	case 2:
		return data.String([]string{"", "a", "ab", "b"}[g.r.IntN(4)])
	case 3:
		return data.Double(float64(g.r.IntN(6)) / 2)
	case 4:
		return data.Int64(1<<53 + int64(g.r.IntN(3)))
	}
	return data.Int(int64(g.r.IntN(4)))
}

func (g world) value(depth int) data.Value {
	switch n := g.r.IntN(8); {
	case n == 0 && depth > 0:
		return data.Object(g.doc(depth - 1))
	case n <= 2 && depth > 0:
		var vs []data.Value
		for range g.r.IntN(4) {
			vs = append(vs, g.value(depth-1))
		}
		return data.Array(vs...)
	}
	return g.scalar()
}

func (g world) doc(depth int) data.Doc {
	var es []data.Elem
	for _, name := range []string{"a", "b", "0", "1"} {
		if g.r.IntN(3) > 0 {
			es = append(es, data.Elem{Name: name, Value: g.value(depth)})
		}
	}
	return data.NewDoc(es...)
}

func (g world) path() string {
	p := []string{"a", "b"}[g.r.IntN(2)]
	for range g.r.IntN(3) {
		p += "." + []string{"a", "b", "0", "1"}[g.r.IntN(4)]
	}
	return p
}

func (g world) where(depth int, element bool) data.Where {
	ops := data.Operators()
	info := ops[g.r.IntN(len(ops))]
	if depth == 0 && (info.Logic || info.Op == data.OpElem) {
		info = ops[0]
	}
	w := data.Where{Op: info.Op}
	if info.Logic {
		n := 1
		if info.Operand == data.OperandFilters {
			n = g.r.IntN(4)
		}
		for range n {
			w.Kids = append(w.Kids, g.where(depth-1, element))
		}
		return w
	}
	if w.Path = g.path(); element {
		w.Path = ""
	}
	switch info.Operand {
	case data.OperandFilter:
		w.Kids = []data.Where{g.where(depth-1, g.r.IntN(2) == 0)}
	case data.OperandList:
		var vs []data.Value
		for range g.r.IntN(10) {
			vs = append(vs, g.value(1))
		}
		w.Value = data.Array(vs...)
	case data.OperandBool:
		w.Value = data.Bool(g.r.IntN(2) == 0)
	case data.OperandText, data.OperandPattern:
		w.Value = data.String([]string{"", "a", "b", "ab"}[g.r.IntN(4)])
	case data.OperandSize:
		w.Value = data.Int(int64(g.r.IntN(3)))
	case data.OperandType:
		w.Value = data.String("int")
	default:
		w.Value = g.value(2)
	}
	return w
}

func TestMatchEqualsItsModel(t *testing.T) {
	g := world{rand.New(rand.NewPCG(seed(t), 2))}
	passed, ran := 0, 0
	rounds(t, 30_000, func() {
		ran++
		w, d := g.where(3, false), g.doc(3)
		m, err := data.Compile(w)
		if err != nil {
			t.Fatalf("%s: %v", w.Canonical(), err)
		}
		want := modelMatch(w, data.Object(d))
		if got := m.Match(d); got != want {
			t.Fatalf("%+v on %s: got %v, the model %v", w, show(t, d), got, want)
		}
		if want {
			passed++
		}
	})
	if passed < ran/10 || passed > ran*9/10 {
		t.Errorf("%d of %d match: the test says little", passed, ran)
	}
}

// TestIndexValuesFindMatches holds AppendIndexValues to what planners rely on.
func TestIndexValuesFindMatches(t *testing.T) {
	g := world{rand.New(rand.NewPCG(seed(t), 3))}
	ops := []data.Operator{data.OpEq, data.OpGt, data.OpGte, data.OpLt, data.OpLte, data.OpStarts}
	found := 0
	rounds(t, 30_000, func() {
		w, d := data.Where{Op: ops[g.r.IntN(len(ops))], Path: g.path(), Value: g.scalar()}, g.doc(3)
		if w.Op == data.OpStarts {
			w.Value = data.String("a")
		}
		m, err := data.Compile(w)
		if err != nil {
			t.Fatal(err)
		}
		if !m.Match(d) {
			return
		}
		found++
		in := false
		for _, v := range data.AppendIndexValues(nil, d, w.Path) {
			in = in || modelMatch(data.Where{Op: w.Op, Value: w.Value}, v)
		}
		if !in {
			t.Fatalf("%s %s %v matches %s, its index values do not", w.Path, w.Op, w.Value, show(t, d))
		}
	})
	if found < 1000 {
		t.Errorf("%d matches: the test says little", found)
	}
}

// TestSortValueIsOfTheIndex: an index walked in order meets each document first
// at its sort value; behind an array's index it may have others before, but then
// it has several and is not walked in order.
func TestSortValueIsOfTheIndex(t *testing.T) {
	g := world{rand.New(rand.NewPCG(seed(t), 4))}
	rounds(t, 10_000, func() {
		d, path := g.doc(3), g.path()
		for _, desc := range []bool{false, true} {
			o := data.Order{Path: path, Desc: desc}
			sort := data.AppendKey(nil, data.SortValue(d, o), desc)
			var keys [][]byte
			for _, v := range data.AppendIndexValues(nil, d, path) {
				keys = append(keys, data.AppendKey(nil, v, desc))
			}
			slices.SortFunc(keys, bytes.Compare)
			if strings.ContainsAny(path, "0123456789") && len(keys) > 1 {
				keys = slices.DeleteFunc(keys, func(k []byte) bool { return bytes.Compare(k, sort) < 0 })
			}
			if len(keys) == 0 || !bytes.Equal(sort, keys[0]) {
				t.Fatalf("%v of %s: %x, the index has %x", o, show(t, d), sort, keys)
			}
		}
	})
}
