package rules

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
)

// plan prepares a part of a checked rule for cel-go, with our operators and
// functions in place of CEL's and every range of a comprehension checked to be
// a list. Without OptOptimize, which folds and reorders errors away; with a
// cost limit.
func (t *tr) plan(e ast.Expr) (cel.Program, error) {
	fac := ast.NewExprFactory()
	var last int64
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(x ast.Expr) { last = max(last, x.ID()) }))
	a := ast.NewAST(t.rewrite(fac, e, &last), t.a.SourceInfo())
	return progEnv().PlanProgram(a, cel.CostLimit(maxUnits), cel.InterruptCheckFrequency(64))
}

func (t *tr) rewrite(fac ast.ExprFactory, e ast.Expr, ids *int64) ast.Expr {
	rw := func(x ast.Expr) ast.Expr { return t.rewrite(fac, x, ids) }
	switch e.Kind() {
	case ast.SelectKind:
		s := e.AsSelect()
		if s.IsTestOnly() {
			return fac.NewPresenceTest(e.ID(), rw(s.Operand()), s.FieldName())
		}
		return fac.NewSelect(e.ID(), rw(s.Operand()), s.FieldName())
	case ast.ListKind:
		return fac.NewList(e.ID(), each(e.AsList().Elements(), rw), e.AsList().OptionalIndices())
	case ast.MapKind:
		var es []ast.EntryExpr
		for _, en := range e.AsMap().Entries() {
			m := en.AsMapEntry()
			es = append(es, fac.NewMapEntry(en.ID(), rw(m.Key()), rw(m.Value()), m.IsOptional()))
		}
		return fac.NewMap(e.ID(), es)
	case ast.CallKind:
		return t.rewriteCall(fac, e, ids, rw)
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		*ids++
		return fac.NewComprehension(e.ID(), fac.NewCall(*ids, rlList, rw(c.IterRange())), c.IterVar(), c.AccuVar(),
			rw(c.AccuInit()), rw(c.LoopCondition()), rw(c.LoopStep()), rw(c.Result()))
	default:
	}
	return fac.CopyExpr(e)
}

func each(xs []ast.Expr, f func(ast.Expr) ast.Expr) []ast.Expr {
	out := make([]ast.Expr, len(xs))
	for i, x := range xs {
		out[i] = f(x)
	}
	return out
}

func (t *tr) rewriteCall(fac ast.ExprFactory, e ast.Expr, ids *int64, rw func(ast.Expr) ast.Expr) ast.Expr {
	c := e.AsCall()
	args := each(c.Args(), rw)
	if c.IsMemberFunction() {
		args = append([]ast.Expr{rw(c.Target())}, args...)
	}
	if name, ok := ours[c.FunctionName()]; ok {
		if name == "rl_in" {
			if p := t.path(c.Args()[1]); p != nil {
				name += t.opt.field(p.schema).kind // rl_in, rl_inlist, rl_inmap
			}
		}
		return fac.NewCall(e.ID(), name, args...)
	}
	if f := functions[c.FunctionName()]; f != nil && f.member == c.IsMemberFunction() {
		*ids++ // the binding goes with it
		return fac.NewCall(e.ID(), f.internal(), append([]ast.Expr{fac.NewIdent(*ids, bindingVar)}, args...)...)
	}
	if c.IsMemberFunction() {
		return fac.NewMemberCall(e.ID(), c.FunctionName(), args[0], args[1:]...)
	}
	return fac.NewCall(e.ID(), c.FunctionName(), args...)
}
