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
	default:
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
