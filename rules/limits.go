package rules

import (
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

var logical = map[string]bool{operators.LogicalAnd: true, operators.LogicalOr: true, operators.LogicalNot: true, operators.Conditional: true, operators.NotStrictlyFalse: true}

// limits walks the whole checked rule: patterns and collections are literals,
// quantifiers nest once and only where the worst case is known and fits. It
// returns that case and notes what the rule reads.
func (t *tr) limits(e ast.Expr, quants, depth int) int {
	if depth > maxNesting*4 {
		t.fail(e, codeLimit, "nested too deep")
		return 0
	}
	cost := 0
	switch e.Kind() {
	case ast.IdentKind:
		switch e.AsIdent() {
		case "request": // as a whole, its time included
			t.rule.request, t.rule.timed = true, true
		case "id":
			t.rule.readsID = true
		}
	case ast.SelectKind:
		s := e.AsSelect()
		if of := s.Operand(); of.Kind() == ast.IdentKind {
			switch name := of.AsIdent(); {
			case name == "request":
				t.rule.request, t.rule.timed = true, t.rule.timed || s.FieldName() == "time"
				return 0
			case name == "next" && stamped[s.FieldName()]:
				t.fail(e, codeName, "next has no %s: it is stamped when the write is done", s.FieldName())
			}
		}
		cost = t.limits(s.Operand(), quants, depth+1)
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			cost += t.limits(x, quants, depth+1)
		}
	case ast.MapKind:
		for _, x := range e.AsMap().Entries() {
			cost += t.limits(x.AsMapEntry().Key(), quants, depth+1) + t.limits(x.AsMapEntry().Value(), quants, depth+1)
		}
	case ast.CallKind:
		cost = t.callLimits(e, quants, depth)
	case ast.ComprehensionKind:
		cost = t.loopLimits(e, quants, depth)
	default:
	}
	return cost
}

// stamped are the fields that the store sets.
var stamped = map[string]bool{"_version": true, "_createdAt": true, "_updatedAt": true}

func (t *tr) callLimits(e ast.Expr, quants, depth int) (cost int) {
	c := e.AsCall()
	if !logical[c.FunctionName()] {
		cost++
	}
	if c.IsMemberFunction() {
		cost += t.limits(c.Target(), quants, depth+1)
	}
	for _, x := range c.Args() {
		cost += t.limits(x, quants, depth+1)
	}
	if c.FunctionName() == "matches" {
		t.checkPattern(e, c)
	}
	if f := functions[c.FunctionName()]; f != nil && f.member == c.IsMemberFunction() {
		switch f.check {
		case lookupArgs:
			t.checkLookup(e, c)
		case fieldArg:
			t.checkField(c)
		case fieldsArg:
			t.checkFields(c)
		default:
		}
	}
	return cost
}

func (t *tr) loopLimits(e ast.Expr, quants, depth int) (cost int) {
	c := e.AsComprehension()
	t.declare(c)
	n := t.length(c.IterRange())
	inner := t.limits(c.LoopStep(), quants+1, depth+1)
	switch {
	case quants == 2:
		t.fail(e, codeLimit, "quantifiers nest once only")
	case quants == 1 && n == 0:
		t.fail(e, codeLimit, "a quantifier inside another needs maxItems on its list")
	}
	if n == 0 { // alone: the budget of the check stops it
		n = 1
		if nested(c.LoopStep()) {
			t.fail(e, codeLimit, "a quantifier around another needs maxItems on its list")
		}
	}
	cost = t.limits(c.IterRange(), quants, depth+1) + n*(1+inner)
	if cost > maxUnits && (quants > 0 || nested(c.LoopStep())) {
		t.fail(e, codeLimit, "at worst %d steps, more than %d: lower maxItems", cost, maxUnits)
	}
	return cost
}

func nested(e ast.Expr) (yes bool) {
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(x ast.Expr) { yes = yes || x.Kind() == ast.ComprehensionKind }))
	return yes
}

// length is the most elements a range can have, 0 when nobody says.
func (t *tr) length(e ast.Expr) int {
	if e.Kind() == ast.ListKind {
		return len(e.AsList().Elements())
	}
	if p := t.path(e); p != nil {
		switch p.root {
		case rootAuth, rootLook:
			return t.opt.longestClaim()
		case rootResource, rootNext, rootVar:
			return t.opt.field(p.schema).maxItems
		default:
		}
	}
	return 0
}

func (t *tr) checkPattern(e ast.Expr, c ast.CallExpr) {
	args := c.Args()
	p := args[len(args)-1]
	s, ok := types.String(""), p.Kind() == ast.LiteralKind
	if ok {
		s, ok = p.AsLiteral().(types.String)
	}
	if !ok {
		t.fail(e, codeType, "the pattern of matches is a literal")
		return
	}
	if _, err := regexp.Compile(string(s)); err != nil {
		t.fail(e, codeSyntax, "%v", err)
	}
}

// checkLookup: look-ups name their collection in the rule, and list rules ask
// nothing that depends on the document.
func (t *tr) checkLookup(e ast.Expr, c ast.CallExpr) {
	fn, coll := c.FunctionName(), literal(c.Args()[0])
	t.rule.looksUp = true
	switch {
	case t.opt.colls == nil:
		t.fail(e, codeLookup, "%s() is not available here", fn)
	case coll == "":
		t.fail(e, codeLookup, "%s() takes the collection as a literal", fn)
	case coll[0] == '_':
		t.fail(e, codeLookup, "%s() does not reach collections of the system", fn)
	case !slices.Contains(t.opt.colls, coll):
		t.fail(e, codeLookup, "%s(): there is no collection %q", fn, coll)
		t.found[len(t.found)-1].hint = didYouMean(coll, t.opt.colls)
	}
	if t.opt.list && !t.uses(c.Args()[1]).ground {
		t.fail(e, codeLookup, "%s() in a list rule may not depend on the document", fn)
		t.found[len(t.found)-1].hint = "a list is one filter: look up what the caller has, or write get: and list: apart"
	}
}

// checkField: changed('a.b') takes a literal path.
func (t *tr) checkField(c ast.CallExpr) {
	if p := c.Args()[0]; !validPath(literal(p)) {
		t.fail(p, codeType, "changed() takes the path of a field as a literal")
	}
}

// checkFields: changedOnly(['a', 'b.c']) takes literal paths.
func (t *tr) checkFields(c ast.CallExpr) {
	a := c.Args()[0]
	ok := a.Kind() == ast.ListKind
	for i := 0; ok && i < a.AsList().Size(); i++ {
		ok = validPath(literal(a.AsList().Elements()[i]))
	}
	if !ok {
		t.fail(a, codeType, "changedOnly() takes a list of paths of fields as literals")
	}
}

// validPath: field names joined by dots.
func validPath(s string) bool {
	for p := range strings.SplitSeq(s, ".") {
		if !safeKey(p) {
			return false
		}
	}
	return len(s) <= 256
}
