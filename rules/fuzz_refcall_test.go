package rules

import (
	"cel.dev/cel-go/common/ast"
	"go.mongodb.org/mongo-driver/v2/bson"
)

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
		default:
		}
		return refErr{}
	case "has":
		switch _, l := fieldOf(r.eval(a[0].AsSelect().Operand(), n), a[0].AsSelect().FieldName()); l {
		case found:
			return true
		case missing:
			return false
		default:
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
	default:
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
