package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/hutch-dev/hutch"
)

const codeAnonymous = "rule-anonymous"

// Named is an expression with the name that findings call it by.
type Named struct {
	Name string
	Expr hutch.Expr
}

// Anonymous finds tests that let anonymous users pass as if they had signed in:
// `auth != null` where nothing beside it asks for auth.anonymous. For apps that
// have such users; what does not compile is left to Compile.
func Anonymous(helpers map[string]hutch.Expr, rules []Named) []hutch.Diagnostic {
	c := &compiler{set: &Set{}, envs: newEnvs()}
	c.helpers = c.parseHelpers(helpers)
	c.diags = nil
	l := &anonLint{helpers: map[string]ast.Expr{}, asks: map[string]bool{}}
	for name, h := range c.helpers {
		if a, fs := parse(c.envs.base, h.body); fs == nil {
			l.helpers[name] = a.NativeRep().Expr()
		}
	}
	for _, key := range slices.Sorted(maps.Keys(helpers)) {
		rules = append(rules, Named{"the helper " + strings.TrimSpace(key), helpers[key]})
	}
	for _, r := range rules {
		a, fs := parse(c.envs.base, r.Expr.Text)
		if fs != nil {
			continue
		}
		l.found, l.ast = nil, a.NativeRep()
		l.walk(l.ast.Expr(), true, false)
		for _, f := range l.found {
			d := f.at(r.Expr, "")
			d.Severity, d.Message = hutch.SeverityWarning, fmt.Sprintf("%s: %s", r.Name, f.msg)
			c.diags = append(c.diags, d)
		}
	}
	return tidy(c.diags)
}

type anonLint struct {
	helpers map[string]ast.Expr // bodies, as they are written
	asks    map[string]bool     // helpers that ask for auth.anonymous
	ast     *ast.AST
	found   []finding
}

// walk looks for tests in e, which is to be true where want says so, else false.
// safe: what is joined to e asks for auth.anonymous.
func (l *anonLint) walk(e ast.Expr, want, safe bool) {
	switch e.Kind() {
	case ast.CallKind:
		l.call(e, want, safe)
	case ast.SelectKind:
		l.walk(e.AsSelect().Operand(), want, safe)
	case ast.ListKind:
		for _, x := range e.AsList().Elements() {
			l.either(x, safe)
		}
	case ast.MapKind:
		for _, x := range e.AsMap().Entries() {
			l.either(x.AsMapEntry().Value(), safe)
		}
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		l.either(c.IterRange(), safe)
		l.walk(c.LoopStep(), want, safe)
		l.walk(c.Result(), want, safe)
	default:
	}
}

// either walks what counts when it is true and when it is false.
func (l *anonLint) either(e ast.Expr, safe bool) {
	l.walk(e, true, safe)
	l.walk(e, false, safe)
}

func (l *anonLint) call(e ast.Expr, want, safe bool) {
	c := e.AsCall()
	switch name := c.FunctionName(); name {
	case operators.LogicalNot:
		l.walk(c.Args()[0], !want, safe)
	case operators.LogicalAnd, operators.LogicalOr:
		// Where all must hold, one that asks is enough for the others.
		if joined := (name == operators.LogicalAnd) == want; joined {
			safe = safe || l.mentions(e, nil)
		}
		for _, x := range c.Args() {
			l.walk(x, want, safe)
		}
	case operators.Conditional:
		safe = safe || l.mentions(c.Args()[0], nil)
		l.either(c.Args()[0], safe)
		l.walk(c.Args()[1], want, safe)
		l.walk(c.Args()[2], want, safe)
	case operators.NotEquals, operators.Equals:
		if there := (name == operators.NotEquals) == want; there && !safe && isNullTest(c) {
			loc := l.ast.SourceInfo().GetStartLocation(c.Args()[0].ID())
			f := finding{
				line: loc.Line(), col: loc.Column() + 1, code: codeAnonymous,
				msg:  "this holds for anonymous users too, which anybody can be (auth.anonymous: true)",
				hint: "auth != null && !auth.anonymous",
			}
			if !slices.Contains(l.found, f) {
				l.found = append(l.found, f)
			}
			return
		}
		l.either(c.Args()[0], safe)
		l.either(c.Args()[1], safe)
	default:
		if c.IsMemberFunction() {
			l.either(c.Target(), safe)
		}
		for _, x := range c.Args() {
			l.either(x, safe)
		}
	}
}

// isNullTest reports whether a comparison is of auth, or auth.uid, with null.
func isNullTest(c ast.CallExpr) bool {
	who, null := c.Args()[0], c.Args()[1]
	if isNull(who) {
		who, null = null, who
	}
	if !isNull(null) {
		return false
	}
	if who.Kind() == ast.SelectKind && who.AsSelect().FieldName() == "uid" {
		who = who.AsSelect().Operand()
	}
	return isAuth(who)
}

func isNull(e ast.Expr) bool {
	return e.Kind() == ast.LiteralKind && e.AsLiteral().Type() == types.NullType
}

func isAuth(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == "auth" }

// mentions reports whether e reads auth.anonymous, itself or by a helper.
func (l *anonLint) mentions(e ast.Expr, open []string) bool {
	found := false
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.SelectKind:
			s := e.AsSelect()
			found = found || s.FieldName() == "anonymous" && isAuth(s.Operand())
		case ast.CallKind:
			found = found || l.helperAsks(e.AsCall().FunctionName(), open)
		default:
		}
	}))
	return found
}

func (l *anonLint) helperAsks(name string, open []string) bool {
	body, ok := l.helpers[name]
	if !ok || slices.Contains(open, name) {
		return false
	}
	asks, known := l.asks[name]
	if !known {
		asks = l.mentions(body, append(slices.Clip(open), name))
		l.asks[name] = asks
	}
	return asks
}
