package rules

import (
	"fmt"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// field is what the schema says of a dotted path ("items", "items.[].tags").
type field struct {
	kind     string // "list", "map" or unknown
	maxItems int
	class    bson.Type // of a scalar, 0 when unknown: of numbers the double
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
	traced     *tracing // nil: the rule is for use
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
	p, fs := expand(env, src, opt.helpers, opt.traced)
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
	v := &variable{slot: len(t.vars), ground: t.uses(c.IterRange()).ground, schema: "?"}
	if p := t.path(c.IterRange()); p != nil && p.schema != "?" && p.schema != "" {
		v.schema = p.schema + ".[]"
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
		default:
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
	if t.opt.traced != nil && cur == "resource" {
		return t.traced(e, cur)
	}
	return t.untraced(e, cur)
}

func (t *tr) untraced(e ast.Expr, cur string) node {
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
