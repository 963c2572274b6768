package rules

// The reference evaluator: what a rule means, written a second time and
// differently. It walks the unexpanded syntax (macros and helpers are calls,
// names are looked up in environments), over decoded Go values, with big.Rat
// for numbers. It shares no code with the compiler, the closures or cel-go's interpreter.

import (
	"sync"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"go.mongodb.org/mongo-driver/v2/bson"
)

type refErr struct{} // the value of what failed

type names struct {
	name string
	val  any      // of a variable
	arg  ast.Expr // of a helper's parameter
	in   *names   // where the argument was written
	up   *names
}

type reference struct {
	env     *cel.Env
	helpers map[string]*helper
	parsed  map[string]ast.Expr
	fields  map[string]field
	w       *world
}

var refEnv = sync.OnceValue(func() *cel.Env {
	return must(cel.NewEnv(cel.ClearMacros(), cel.OptionalTypes(), cel.ClearMacros()))
})

func newReference(h map[string]*helper, fields map[string]field) *reference {
	return &reference{env: refEnv(), helpers: h, parsed: map[string]ast.Expr{}, fields: fields}
}

func (r *reference) parse(src string) ast.Expr {
	if e, ok := r.parsed[src]; ok {
		return e
	}
	a, iss := r.env.Parse(src)
	if iss.Err() != nil {
		panic(iss.Err())
	}
	if len(r.parsed) > 100 {
		clear(r.parsed)
	}
	r.parsed[src] = a.NativeRep().Expr()
	return r.parsed[src]
}

// world is what the reference judges, decoded.
type world struct {
	auth, request  any
	resource, next bson.D
	id             string
}

func (r *reference) judge(src string, w *world) truth {
	if !wellFormed(w.resource) || !wellFormed(w.next) {
		return fail
	}
	r.w = w
	n := &names{name: "resource", val: w.resource, up: &names{name: "next", val: w.next, up: &names{name: "id", val: w.id}}}
	n = &names{name: "auth", val: w.auth, up: &names{name: "request", val: w.request, up: n}}
	return triOf(r.eval(r.parse(src), n))
}

// wellFormed: only the types rules know, at any depth.
func wellFormed(v any) bool {
	switch x := v.(type) {
	case bson.D:
		for _, e := range x {
			if !wellFormed(e.Value) {
				return false
			}
		}
		return true
	case bson.A:
		for _, e := range x {
			if !wellFormed(e) {
				return false
			}
		}
		return true
	case float64:
		return x-x == 0
	case bson.Decimal128:
		return !x.IsNaN() && x.IsInf() == 0
	case bson.Binary:
		return x.Subtype == 0 || x.Subtype == 4
	case string:
		return utf8.ValidString(x)
	case nil, bool, int32, int64, bson.DateTime, bson.ObjectID:
		return true
	}
	return false
}

func triOf(v any) truth {
	if b, ok := v.(bool); ok {
		return truthOf(b)
	}
	return fail
}

func anyOf(t truth) any {
	if t == fail {
		return refErr{}
	}
	return t == yes
}

func (r *reference) bool(e ast.Expr, n *names) truth { return triOf(r.eval(e, n)) }

func (r *reference) eval(e ast.Expr, n *names) any {
	switch e.Kind() {
	case ast.LiteralKind:
		return fromLiteral(e.AsLiteral().Value())
	case ast.IdentKind:
		for ; n != nil; n = n.up {
			if n.name == e.AsIdent() {
				if n.arg != nil {
					return r.eval(n.arg, n.in)
				}
				return n.val
			}
		}
		panic("unknown name " + e.AsIdent())
	case ast.SelectKind:
		v, _ := fieldOf(r.eval(e.AsSelect().Operand(), n), e.AsSelect().FieldName())
		return v
	case ast.ListKind:
		out := bson.A{}
		for _, x := range e.AsList().Elements() {
			v := r.eval(x, n)
			if v == (refErr{}) {
				return v
			}
			out = append(out, v)
		}
		return out
	case ast.MapKind:
		out := bson.D{}
		for _, x := range e.AsMap().Entries() {
			v := r.eval(x.AsMapEntry().Value(), n)
			if v == (refErr{}) {
				return v
			}
			out = append(out, bson.E{Key: r.eval(x.AsMapEntry().Key(), n).(string), Value: v})
		}
		return out
	}
	return r.call(e.AsCall(), n)
}

func fromLiteral(v any) any {
	if _, null := v.(interface{ ProtoReflect() }); null {
		return nil
	}
	switch x := v.(type) {
	case int64, float64, string, bool:
		return x
	case []byte:
		return bson.Binary{Data: x}
	}
	if v == types.NullValue.Value() {
		return nil
	}
	return v
}

// field of a map: the first of equal names.
func fieldOf(v any, name string) (any, look) {
	d, ok := v.(bson.D)
	if !ok {
		return refErr{}, broken
	}
	for _, e := range d {
		if e.Key == name {
			return e.Value, found
		}
	}
	return refErr{}, missing
}

func (r *reference) call(c ast.CallExpr, n *names) any {
	fn, a := c.FunctionName(), c.Args()
	if h, ok := r.helpers[fn]; ok && !c.IsMemberFunction() {
		in := n
		for in.name != "auth" { // the helper sees its parameters and the globals
			in = in.up
		}
		for i, p := range h.params {
			in = &names{name: p, arg: a[i], in: n, up: in}
		}
		return r.eval(r.parse(h.body), in)
	}
	switch fn {
	case "_&&_":
		x, y := r.bool(a[0], n), r.bool(a[1], n)
		return anyOf(both(x, y))
	case "_||_":
		x, y := r.bool(a[0], n), r.bool(a[1], n)
		return anyOf(both(x.not(), y.not()).not())
	case "!_":
		return anyOf(r.bool(a[0], n).not())
	case "_?_:_":
		switch r.bool(a[0], n) {
		case yes:
			return r.eval(a[1], n)
		case no:
			return r.eval(a[2], n)
		}
		return refErr{}
	case "has":
		switch _, l := fieldOf(r.eval(a[0].AsSelect().Operand(), n), a[0].AsSelect().FieldName()); l {
		case found:
			return true
		case missing:
			return false
		}
		return refErr{}
	case "exists", "all", "filter", "map", "exists_one":
		if !c.IsMemberFunction() {
			break // the look-up
		}
		return r.each(fn, r.eval(c.Target(), n), a[0].AsIdent(), a[1], n)
	case "orValue":
		o := c.Target().AsCall().Args()
		v, l := fieldOf(r.eval(o[0], n), o[1].AsLiteral().Value().(string))
		if l == missing {
			return r.eval(a[0], n)
		}
		return v
	}
	var args []any
	if c.IsMemberFunction() {
		args = append(args, r.eval(c.Target(), n))
	}
	for _, x := range a {
		args = append(args, r.eval(x, n))
	}
	for _, x := range args {
		if x == (refErr{}) {
			return x
		}
	}
	if fn == "@in" && c.Args()[1].Kind() != ast.LiteralKind {
		if k := r.fields[schemaPath(a[1], n)].kind; k == "list" && isA[bson.D](args[1]) || k == "map" && isA[bson.A](args[1]) {
			return refErr{}
		}
	}
	if v, ok := r.own(fn, args); ok {
		return v
	}
	return apply(fn, args)
}

// schemaPath is "items" for resource.items; other fields are not declared in the fuzz.
func schemaPath(e ast.Expr, n *names) string {
	switch e.Kind() {
	case ast.IdentKind:
		for ; n != nil; n = n.up {
			if n.name == e.AsIdent() && n.arg != nil {
				return schemaPath(n.arg, n.in)
			} else if n.name == e.AsIdent() {
				break
			}
		}
	case ast.SelectKind:
		if o := e.AsSelect().Operand(); o.Kind() == ast.IdentKind && (o.AsIdent() == "resource" || o.AsIdent() == "next") {
			return e.AsSelect().FieldName()
		}
	case ast.CallKind:
		if c := e.AsCall(); c.FunctionName() == "orValue" {
			return schemaPath(e.AsCall().Target(), n)
		} else if c.FunctionName() == "_?._" {
			return c.Args()[1].AsLiteral().Value().(string)
		}
	}
	return "?"
}

func isA[X any](v any) bool { _, ok := v.(X); return ok }

func both(x, y truth) truth {
	switch {
	case x == no || y == no:
		return no
	case x == yes && y == yes:
		return yes
	}
	return fail
}

func (r *reference) each(fn string, over any, name string, body ast.Expr, n *names) any {
	l, ok := over.(bson.A)
	if !ok {
		return refErr{}
	}
	and, or, hits, out, failed := yes, no, 0, bson.A{}, false
	for _, x := range l {
		in := &names{name: name, val: x, up: n}
		if fn == "map" {
			v := r.eval(body, in)
			failed = failed || v == (refErr{})
			out = append(out, v)
			continue
		}
		t := r.bool(body, in)
		and, or, failed = both(and, t), both(or.not(), t.not()).not(), failed || t == fail
		if t == yes {
			hits++
			out = append(out, x)
		}
	}
	switch {
	case fn == "all":
		return anyOf(and)
	case fn == "exists":
		return anyOf(or)
	case failed:
		return refErr{}
	case fn == "exists_one":
		return hits == 1
	}
	return out
}
