package rules

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// term is an expression with a value; the zero val is its error.
type term interface{ eval(b *bound) val }

type lit struct{ v val }

func (l lit) eval(*bound) val { return l.v }

// kept is evaluated once for a binding.
type kept struct {
	t    term
	slot int
}

func (k kept) eval(b *bound) val {
	if b.known[k.slot] != 0 {
		return b.vals[k.slot]
	}
	v := k.t.eval(b)
	if b.sound() {
		b.known[k.slot], b.vals[k.slot] = 1, v
	}
	return v
}

// celTerm is a value that cel-go computes.
type celTerm struct {
	prog cel.Program
	vars map[string]*variable
}

func (c celTerm) eval(b *bound) val { return b.runCEL(c) }

func (t *tr) program(e ast.Expr) celTerm {
	p, err := t.plan(e)
	if err != nil {
		t.fail(e, codeType, "%v", err)
	}
	return celTerm{p, t.vars}
}

// term translates literals, paths and values of the request; nil for anything
// else over the document, which makes the test around it an atom.
func (t *tr) term(e ast.Expr) term {
	if e.Kind() == ast.LiteralKind {
		return lit{fromCEL(e.AsLiteral())}
	}
	u := t.uses(e)
	p := t.path(e)
	switch {
	case p == nil && !u.ground && e.Kind() != ast.ComprehensionKind:
		return nil
	case p == nil && u.ground && !u.loop:
		return kept{t.program(e), t.slot()}
	case p == nil:
		return t.program(e)
	case p.ground && u.ground && !u.loop:
		return kept{p, t.slot()}
	}
	return p
}

func (t *tr) path(e ast.Expr) *path {
	switch e.Kind() {
	case ast.IdentKind:
		return t.rootPath(e.AsIdent())
	case ast.SelectKind:
		s := e.AsSelect()
		if s.IsTestOnly() {
			return nil
		}
		if p := t.path(s.Operand()); p != nil && p.def == nil {
			return p.child(seg{name: s.FieldName()})
		}
	case ast.CallKind:
		c := e.AsCall()
		switch c.FunctionName() {
		case operators.Index:
			return t.indexPath(c.Args()[0], c.Args()[1])
		case "orValue":
			return t.optionalPath(c)
		case "get":
			return t.getPath(c)
		}
	default:
	}
	return nil
}

func (t *tr) rootPath(name string) *path {
	if r, ok := roots[name]; ok {
		p := &path{root: r, name: name, ground: r.ground(), schema: "?"}
		if r == rootResource || r == rootNext {
			p.schema = ""
		}
		return p
	}
	if v := t.vars[name]; v != nil {
		return &path{root: rootVar, name: name, slot: v.slot, ground: v.ground, schema: v.schema}
	}
	return nil
}

// getPath is get('orgs', id), whose fields are read like those of a document.
func (t *tr) getPath(c ast.CallExpr) *path {
	id := t.term(c.Args()[1])
	if c.IsMemberFunction() || id == nil {
		return nil
	}
	g := &getTerm{coll: literal(c.Args()[0]), id: id}
	return &path{root: rootLook, name: "get", look: g, ground: t.uses(c.Args()[1]).ground, schema: "?"}
}

// literal is the text of a string literal, "" for anything else.
func literal(e ast.Expr) string {
	if e.Kind() == ast.LiteralKind {
		if s, ok := e.AsLiteral().(types.String); ok {
			return string(s)
		}
	}
	return ""
}

func (t *tr) indexPath(of, key ast.Expr) *path {
	p := t.path(of)
	if p == nil || p.def != nil || !t.uses(key).ground {
		return nil
	}
	return p.child(seg{dyn: t.term(key)})
}

// optionalPath is resource.?x.orValue(ground).
func (t *tr) optionalPath(c ast.CallExpr) *path {
	if !c.IsMemberFunction() || !t.uses(c.Args()[0]).ground || c.Target().Kind() != ast.CallKind {
		return nil
	}
	o := c.Target().AsCall()
	if o.FunctionName() != operators.OptSelect {
		return nil
	}
	p := t.path(o.Args()[0])
	if p == nil || p.def != nil || len(p.segs) > 0 {
		return nil
	}
	p = p.child(seg{name: string(o.Args()[1].AsLiteral().(types.String))})
	p.def = t.term(c.Args()[0])
	return p
}

// direct: a filter can ask the innermost document itself, nothing around it.
func (t *tr) direct(p *path, cur string) bool {
	if p.root == rootID {
		return cur == "resource"
	}
	return !p.ground && p.name == cur && (cur != "resource" || len(p.segs) > 0)
}
