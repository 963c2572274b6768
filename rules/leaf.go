package rules

import (
	"regexp"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// leaf translates a test that has no logic of its own.
func (t *tr) leaf(e ast.Expr, cur string) node {
	at := t.pos(e)
	if p := t.path(e); p != nil {
		return &nBool{at, p, t.direct(p, cur)}
	}
	switch e.Kind() {
	case ast.SelectKind: // has(): plain fields were paths
		if p := t.path(e.AsSelect().Operand()); p != nil && p.def == nil {
			p = p.child(seg{name: e.AsSelect().FieldName()})
			return &nHas{at, p, t.direct(p, cur)}
		}
	case ast.CallKind:
		if n := t.callLeaf(e, at, cur); n != nil {
			return n
		}
	case ast.ComprehensionKind:
		if n := t.quantifier(e, cur); n != nil {
			return n
		}
	default:
	}
	return &nAtom{at, t.program(e)}
}

func (t *tr) callLeaf(e ast.Expr, at pos, cur string) node {
	c, a := e.AsCall(), e.AsCall().Args()
	fn := c.FunctionName()
	switch {
	case cmpOps[fn] != "":
		return t.comparison(cmpOps[fn], a[0], a[1], at, cur)
	case fn == operators.In:
		return t.membership(a[0], a[1], at, cur)
	case c.IsMemberFunction() && (fn == "hasAny" || fn == "hasAll"):
		l, of := t.term(c.Target()), t.term(a[0])
		if l == nil || of == nil {
			return nil
		}
		p, _ := l.(*path)
		return &nSome{pos: at, list: l, of: of, all: fn == "hasAll", exact: p != nil && t.direct(p, cur) && t.uses(a[0]).ground}
	case c.IsMemberFunction() && (fn == "startsWith" || fn == "endsWith" || fn == "contains" || fn == "matches"):
		p, arg := t.path(c.Target()), t.term(a[0])
		if p == nil || arg == nil {
			return nil
		}
		n := &nStr{pos: at, p: p, fn: fn, arg: arg, exact: t.direct(p, cur) && t.uses(a[0]).ground}
		if fn == "matches" {
			n.re = regexp.MustCompile(literal(a[0]))
		}
		return n
	case functions[fn] != nil && functions[fn].test && !c.IsMemberFunction():
		n := &nCall{pos: at, f: functions[fn]}
		for _, x := range a {
			arg := t.term(x)
			if arg == nil {
				return nil
			}
			n.args = append(n.args, arg)
		}
		return n
	}
	return nil
}

func (t *tr) comparison(op data.Operator, x, y ast.Expr, at pos, cur string) node {
	l, r := t.term(x), t.term(y)
	if l == nil || r == nil {
		return nil
	}
	t.checkLiteral(l, r, y)
	t.checkLiteral(r, l, x)
	if p, ok := r.(*path); ok && t.direct(p, cur) && t.uses(x).ground {
		l, r, op = r, l, flip(op)
		y = x
	}
	p, _ := l.(*path)
	return &nCmp{at, op, l, r, p != nil && t.direct(p, cur) && t.uses(y).ground}
}

// checkLiteral: a field is not compared with a literal of a type that the schema
// rules out, which would always be an error or unequal.
func (t *tr) checkLiteral(of, v term, e ast.Expr) {
	p, ok := of.(*path)
	l, isLit := v.(lit)
	if !ok || !isLit || l.v.T == bson.TypeNull {
		return
	}
	if f := t.opt.field(p.schema); f.class != 0 && class(l.v.T) != f.class {
		t.fail(e, codeType, "%s is of another type in the schema", p.schema)
	}
}

func (t *tr) membership(x, in ast.Expr, at pos, cur string) node {
	l, r := t.term(x), t.term(in)
	if l == nil || r == nil {
		return nil
	}
	n := &nIn{pos: at, x: l, in: r}
	if p, ok := r.(*path); ok {
		n.kind = t.opt.field(p.schema).kind
		n.form = formIf(t.direct(p, cur) && t.uses(x).ground, inPath)
	}
	if p, ok := l.(*path); ok && t.direct(p, cur) && t.uses(in).ground {
		n.form = pathIn
	}
	return n
}

// quantifier translates range.exists(v, body) and range.all(v, body).
func (t *tr) quantifier(e ast.Expr, cur string) node {
	c := e.AsComprehension()
	kind, body := quant(c)
	rng := t.term(c.IterRange())
	if kind == "" || rng == nil {
		return nil
	}
	v := t.vars[c.IterVar()]
	q := &nQuant{pos: t.pos(e), rng: rng, slot: v.slot, all: kind == "all", unroll: v.ground}
	if q.unroll {
		q.body = t.boolean(body, cur)
		return q
	}
	q.body = t.boolean(body, c.IterVar())
	p, _ := rng.(*path)
	q.exact = p != nil && (len(p.segs) > 0) && t.direct(p, cur)
	return q
}

func quant(c ast.ComprehensionExpr) (string, ast.Expr) {
	st := c.LoopStep()
	if st.Kind() != ast.CallKind || c.AccuInit().Kind() != ast.LiteralKind || c.Result().Kind() != ast.IdentKind {
		return "", nil
	}
	call := st.AsCall()
	if len(call.Args()) != 2 || call.Args()[0].Kind() != ast.IdentKind || call.Args()[0].AsIdent() != c.AccuVar() {
		return "", nil
	}
	switch {
	case call.FunctionName() == operators.LogicalOr && c.AccuInit().AsLiteral() == types.False:
		return "exists", call.Args()[1]
	case call.FunctionName() == operators.LogicalAnd && c.AccuInit().AsLiteral() == types.True:
		return "all", call.Args()[1]
	}
	return "", nil
}
