package rules

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
)

// helper is a named expression: signedIn() or member(org).
type helper struct {
	params []string
	body   string
	parsed parsed  // shared by all rules
	source *source // with a traced rule
}

// parsed is the body of a helper, parsed when first called.
type parsed struct {
	done bool
	expr ast.Expr // nil: does not parse
}

// reserved names keep their meaning everywhere.
var reserved = map[string]bool{"auth": true, "resource": true, "next": true, "request": true, "id": true, "input": true, "params": true}

// expander copies a parsed rule: helpers are put in, and every comprehension
// variable gets a fresh name. A name means what it means where it is written,
// so no helper can capture a variable of its caller, nor the other way round.
type expander struct {
	env     *cel.Env
	helpers map[string]*helper
	open    []string // helpers being expanded
	fac     ast.ExprFactory
	info    *ast.SourceInfo
	ids     int64
	vars    int
	found   []finding
	broken  bool // stop: a helper does not parse, or all is too large
	traced  *tracing
	calls   []origin // of the helpers being expanded, with traced
}

// scope is a name visible where an expression was written: a comprehension
// variable (its fresh name) or a helper's argument (expression and its own scope).
type scope struct {
	name  string
	fresh string
	arg   ast.Expr
	args  *scope
	open  []string // helpers being expanded where the argument was written
	calls []origin // that led there
	up    *scope
}

func (s *scope) find(name string) *scope {
	for ; s != nil; s = s.up {
		if s.name == name {
			return s
		}
	}
	return nil
}

// expand gives the parsed rule with fresh names and without helper calls.
func expand(env *cel.Env, src string, helpers map[string]*helper, traced *tracing) (*cel.Ast, []finding) {
	a, fs := parse(env, src)
	if fs != nil {
		return nil, fs
	}
	n := a.NativeRep()
	x := &expander{env: env, helpers: helpers, fac: ast.NewExprFactory(), info: n.SourceInfo()}
	for id := range x.info.OffsetRanges() {
		x.ids = max(x.ids, id)
	}
	x.ids = max(x.ids, ast.MaxID(n))
	start := x.ids
	if x.traced = traced; traced != nil {
		traced.origins = map[int64]origin{}
		traced.texts = map[string]*source{"": {[]rune(src), spans(src, n.Expr(), x.info)}}
	}
	e := x.copy(n.Expr(), nil, nil)
	if x.ids-start > maxNodes && len(x.found) == 0 {
		x.found = append(x.found, finding{line: 1, col: 1, code: codeLimit, msg: "too large after its helpers are expanded"})
	}
	if x.found != nil || x.broken {
		return nil, x.found
	}
	if traced != nil { // the root keeps its number
		traced.origins[n.Expr().ID()] = traced.origins[e.ID()]
	}
	n.Expr().SetKindCase(e)
	return a, nil
}

func parse(env *cel.Env, src string) (*cel.Ast, []finding) {
	if len(src) > maxSource {
		return nil, []finding{{line: 1, col: 1, code: codeLimit, msg: fmt.Sprintf("longer than %d bytes", maxSource)}}
	}
	a, iss := env.Parse(src)
	if iss.Err() != nil {
		return nil, explain(iss, func(string) []string { return nil })
	}
	return a, nil
}

// id of the copy of e; at is where the outermost helper was called, nil in the rule itself.
func (x *expander) id(e ast.Expr, at *ast.OffsetRange) int64 {
	x.ids++
	if at != nil {
		x.info.SetOffsetRange(x.ids, *at)
	} else if r, ok := x.info.GetOffsetRange(e.ID()); ok {
		x.info.SetOffsetRange(x.ids, r)
	}
	if x.traced != nil {
		x.traced.origins[x.ids] = x.origin(e)
	}
	if x.ids > 3*maxNodes && !x.broken {
		x.broken = true
		x.fail(e, at, codeLimit, "too large after its helpers are expanded")
	}
	return x.ids
}

// origin is where e was written.
func (x *expander) origin(e ast.Expr) origin {
	o := origin{id: e.ID(), calls: x.calls}
	if len(x.open) > 0 {
		o.in = x.open[len(x.open)-1]
	}
	return o
}

func (x *expander) fail(e ast.Expr, at *ast.OffsetRange, code, format string, a ...any) {
	r, _ := x.info.GetOffsetRange(e.ID())
	if at != nil {
		r = *at
	}
	loc := x.info.GetLocationByOffset(r.Start)
	f := finding{line: loc.Line(), col: loc.Column() + 1, code: code, msg: fmt.Sprintf(format, a...)}
	if !slices.Contains(x.found, f) {
		x.found = append(x.found, f)
	}
}

func (x *expander) copy(e ast.Expr, s *scope, at *ast.OffsetRange) ast.Expr {
	id := x.id(e, at)
	if x.broken {
		return e
	}
	c := func(e ast.Expr) ast.Expr { return x.copy(e, s, at) }
	switch e.Kind() {
	case ast.LiteralKind:
		return x.fac.NewLiteral(id, e.AsLiteral())
	case ast.IdentKind:
		f := s.find(e.AsIdent())
		switch {
		case f == nil:
			return x.fac.NewIdent(id, e.AsIdent())
		case f.arg != nil:
			open, calls := x.open, x.calls
			x.open, x.calls = f.open, f.calls
			out := x.copy(f.arg, f.args, at)
			x.open, x.calls = open, calls
			return out
		}
		return x.fac.NewIdent(id, f.fresh)
	case ast.SelectKind:
		sel := e.AsSelect()
		if sel.IsTestOnly() {
			return x.fac.NewPresenceTest(id, c(sel.Operand()), sel.FieldName())
		}
		return x.fac.NewSelect(id, c(sel.Operand()), sel.FieldName())
	case ast.ListKind:
		l := e.AsList()
		return x.fac.NewList(id, x.all(l.Elements(), s, at), l.OptionalIndices())
	case ast.MapKind:
		var es []ast.EntryExpr
		for _, en := range e.AsMap().Entries() {
			m := en.AsMapEntry()
			es = append(es, x.fac.NewMapEntry(x.id(e, at), c(m.Key()), c(m.Value()), m.IsOptional()))
		}
		return x.fac.NewMap(id, es)
	case ast.CallKind:
		return x.call(id, e, s, at)
	case ast.ComprehensionKind:
		return x.comprehension(id, e, s, at)
	default:
	}
	x.fail(e, at, codeSyntax, "unsupported expression")
	return e
}

func (x *expander) all(es []ast.Expr, s *scope, at *ast.OffsetRange) []ast.Expr {
	out := make([]ast.Expr, len(es))
	for i, e := range es {
		out[i] = x.copy(e, s, at)
	}
	return out
}

func (x *expander) comprehension(id int64, e ast.Expr, s *scope, at *ast.OffsetRange) ast.Expr {
	c := e.AsComprehension()
	v := c.IterVar()
	if c.HasIterVar2() {
		x.fail(e, at, codeSyntax, "two variables are not supported")
		return e
	}
	if reserved[v] || s.find(v) != nil {
		x.fail(e, at, codeName, "%q already has a meaning here: choose another name", v)
		return e
	}
	x.vars++
	in := &scope{name: v, fresh: fmt.Sprintf("%s@%d", v, x.vars), up: s}
	return x.fac.NewComprehension(id, x.copy(c.IterRange(), s, at), in.fresh, c.AccuVar(), x.copy(c.AccuInit(), s, at),
		x.copy(c.LoopCondition(), in, at), x.copy(c.LoopStep(), in, at), x.copy(c.Result(), s, at))
}

func (x *expander) call(id int64, e ast.Expr, s *scope, at *ast.OffsetRange) ast.Expr {
	c := e.AsCall()
	if c.IsMemberFunction() {
		return x.fac.NewMemberCall(id, c.FunctionName(), x.copy(c.Target(), s, at), x.all(c.Args(), s, at)...)
	}
	name := c.FunctionName()
	h, ok := x.helpers[name]
	if !ok {
		return x.fac.NewCall(id, name, x.all(c.Args(), s, at)...)
	}
	if len(h.params) != len(c.Args()) {
		x.fail(e, at, codeType, "%s() takes %d arguments", name, len(h.params))
		return e
	}
	if slices.Contains(x.open, name) {
		x.fail(e, at, codeName, "%s() calls itself", name)
		return e
	}
	if !h.parsed.done {
		h.parsed.done = true
		if a, fs := parse(x.env, h.body); fs == nil {
			h.parsed.expr = a.NativeRep().Expr()
			if x.traced != nil {
				h.source = &source{[]rune(h.body), spans(h.body, h.parsed.expr, a.NativeRep().SourceInfo())}
			}
		}
	}
	body := h.parsed.expr
	if body == nil {
		x.broken = true // told where the helper is written
		return e
	}
	var in *scope // a helper sees its parameters only
	for i, p := range h.params {
		in = &scope{name: p, arg: c.Args()[i], args: s, open: x.open, calls: x.calls, up: in}
	}
	if at == nil {
		r, _ := x.info.GetOffsetRange(e.ID())
		at = &r
	}
	calls := x.calls
	if x.traced != nil {
		x.traced.texts[name] = h.source
		x.calls = append(slices.Clip(calls), x.origin(e))
	}
	x.open = append(slices.Clip(x.open), name)
	out := x.copy(body, in, at)
	x.open, x.calls = x.open[:len(x.open)-1], calls
	return out
}
