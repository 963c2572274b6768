package rules

import (
	"fmt"
	"regexp"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/hutch-dev/hutch/data"
)

// field is what the schema says of a dotted path ("items", "items.tags").
type field struct {
	kind     string // "list", "map" or unknown
	maxItems int
}

// options of one expression.
type options struct {
	helpers    map[string]*helper
	fields     func(path string) field // nil: no schema
	colls      []string                // that look-ups may name
	claimItems int                     // longest list in a claim, for the worst case; 1,000 when 0
	list       bool                    // a list rule: look-ups may not depend on the document
	value      bool                    // gives a value, not a test
	words      func(name string) []string
}

func (o *options) field(path string) field {
	if o.fields == nil || path == "?" || path == "" {
		return field{}
	}
	return o.fields(path)
}

func (o *options) longestClaim() int {
	if o.claimItems > 0 {
		return o.claimItems
	}
	return maxListItems
}

// rule is an expression, compiled once and shared.
type rule struct {
	root     node // of a test
	value    term // of a value
	inexact  []finding
	looksUp  bool
	request  bool // reads the request
	timed    bool // reads its time
	readsID  bool
	slots    int // values kept for a binding
	vars     int
	number   int // of the rule in its set, to keep bindings by
	constant truth
}

// tr translates one checked expression.
type tr struct {
	opt   *options
	a     *ast.AST
	vars  map[string]*variable
	found []finding
	rule  *rule
}

// variable is a comprehension variable under its fresh name.
type variable struct {
	slot   int
	ground bool   // an element of a claim or a literal, not of the document
	schema string // of the element
}

// compile expands, type-checks and translates one expression.
func compile(env *cel.Env, src string, opt *options) (*rule, []finding) {
	p, fs := expand(env, src, opt.helpers)
	if p == nil {
		return nil, fs
	}
	a, iss := env.Check(p)
	if iss.Err() != nil {
		words := opt.words
		if words == nil {
			words = func(string) []string { return nil }
		}
		return nil, explain(iss, words)
	}
	t := &tr{opt: opt, a: a.NativeRep(), vars: map[string]*variable{}, rule: &rule{}}
	if k := a.OutputType(); !opt.value && !k.IsExactType(types.BoolType) && !k.IsExactType(types.DynType) {
		t.fail(t.a.Expr(), codeType, "a rule is true or false, this is %v", k)
		return nil, t.found
	}
	t.limits(t.a.Expr(), 0, 0)
	if t.found != nil {
		return nil, t.found
	}
	if opt.value {
		if t.rule.value = t.term(t.a.Expr()); t.rule.value == nil {
			t.rule.value = t.program(t.a.Expr())
		}
	} else {
		t.rule.root = t.boolean(t.a.Expr(), "resource")
	}
	t.rule.vars = len(t.vars)
	if t.found != nil {
		return nil, t.found
	}
	if opt.list {
		t.exact(t.rule.root, yes)
	}
	return t.rule, nil
}

func (t *tr) where(e ast.Expr) (line, col int) {
	loc := t.a.SourceInfo().GetStartLocation(e.ID())
	return loc.Line(), loc.Column() + 1
}

func (t *tr) fail(e ast.Expr, code, format string, a ...any) {
	line, col := t.where(e)
	t.found = append(t.found, finding{line: line, col: col, code: code, msg: fmt.Sprintf(format, a...)})
}

func (t *tr) pos(e ast.Expr) pos {
	line, col := t.where(e)
	return pos{line, col}
}

// declare notes a comprehension variable; fresh names make one table enough.
func (t *tr) declare(c ast.ComprehensionExpr) {
	v := &variable{slot: len(t.vars), ground: t.uses(c.IterRange()).ground}
	if p := t.path(c.IterRange()); p != nil {
		v.schema = p.schema
	}
	t.vars[c.IterVar()] = v
}

// uses says what an expression depends on (loop: on a variable bound around it).
type uses struct{ ground, loop bool }

func (t *tr) uses(e ast.Expr) uses {
	u := uses{ground: true}
	own := map[string]bool{}
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(x ast.Expr) {
		if x.Kind() == ast.ComprehensionKind {
			own[x.AsComprehension().IterVar()] = true
		}
	}))
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(x ast.Expr) {
		switch x.Kind() {
		case ast.CallKind:
			if f := functions[x.AsCall().FunctionName()]; f != nil && f.documents {
				u.ground = false
			}
		case ast.IdentKind:
			name := x.AsIdent()
			if own[name] {
				return
			}
			if r, ok := roots[name]; ok {
				u.ground = u.ground && r.ground()
			}
			if v := t.vars[name]; v != nil {
				u.loop = true
				u.ground = u.ground && v.ground
			}
		}
	}))
	return u
}

var cmpOps = map[string]data.Operator{
	operators.Equals: data.OpEq, operators.NotEquals: data.OpNe, operators.Less: data.OpLt,
	operators.LessEquals: data.OpLte, operators.Greater: data.OpGt, operators.GreaterEquals: data.OpGte,
}

// boolean translates e where cur is the innermost document: "resource" or the
// variable of the quantifier around it.
func (t *tr) boolean(e ast.Expr, cur string) node {
	if e.Kind() == ast.CallKind {
		c, a := e.AsCall(), e.AsCall().Args()
		switch c.FunctionName() {
		case operators.LogicalAnd:
			return &nAnd{t.boolean(a[0], cur), t.boolean(a[1], cur)}
		case operators.LogicalOr:
			return &nOr{t.boolean(a[0], cur), t.boolean(a[1], cur)}
		case operators.LogicalNot:
			return &nNot{t.boolean(a[0], cur)}
		case operators.Conditional:
			return &nCond{t.boolean(a[0], cur), t.boolean(a[1], cur), t.boolean(a[2], cur)}
		}
	}
	if e.Kind() == ast.LiteralKind {
		return &nConst{isTrue(fromCEL(e.AsLiteral()))}
	}
	n := t.leaf(e, cur)
	if u := t.uses(e); u.ground {
		return &nGround{n: n, slot: t.slot(), keep: !u.loop}
	}
	return n
}

func (t *tr) slot() int { t.rule.slots++; return t.rule.slots - 1 }

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
	if p, ok := r.(*path); ok && t.direct(p, cur) && t.uses(x).ground {
		l, r, op = r, l, flip(op)
		y = x
	}
	p, _ := l.(*path)
	return &nCmp{at, op, l, r, p != nil && t.direct(p, cur) && t.uses(y).ground}
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
