package rules

import (
	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"go.mongodb.org/mongo-driver/v2/bson"
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

type root int8

const (
	rootAuth root = iota
	rootRequest
	rootResource
	rootNext
	rootInput
	rootID
	rootVar
	rootLook // get(..)
)

// roots are the variables; those whose value is not known when bound are the
// documents, the id and the input.
var roots = map[string]root{"auth": rootAuth, "request": rootRequest, "resource": rootResource, "next": rootNext, "input": rootInput, "id": rootID}

func (r root) ground() bool { return r == rootAuth || r == rootRequest }

type seg struct {
	name string
	dyn  term // a key computed from the request
}

// path is a chain of fields below a root. Values of paths are bytes of the
// document: nothing is decoded.
type path struct {
	root   root
	name   string // of the root
	slot   int    // of a variable
	look   *getTerm
	segs   []seg
	def    term   // resource.?x.orValue(def)
	ground bool   // the root is not part of the document
	schema string // where the schema describes it; "?" is nowhere
}

func (p *path) child(s seg) *path {
	c := *p
	c.segs = append(append([]seg(nil), p.segs...), s)
	switch {
	case s.dyn != nil, p.schema == "?":
		c.schema = "?"
	case p.schema == "":
		c.schema = s.name
	default:
		c.schema = p.schema + "." + s.name
	}
	return &c
}

type look int8

const (
	found   look = iota
	missing      // the last key is absent from an object
	broken       // a parent is absent or no object, or a key is no key
)

func (p *path) find(b *bound) (val, look) {
	v := b.rootValue(p)
	if v.bad() {
		return v, broken
	}
	for i := range p.segs {
		s := &p.segs[i]
		name := s.name
		if s.dyn != nil {
			k := s.dyn.eval(b)
			if v.T == bson.TypeArray {
				e, ok := index(v, k)
				if !ok {
					return val{}, broken
				}
				v = e
				continue
			}
			if k.T != bson.TypeString {
				return val{}, broken
			}
			name = string(k.str())
		}
		if v.T != bson.TypeEmbeddedDocument {
			return val{}, broken
		}
		w, ok, passed := lookup(v.B, name)
		b.units += passed >> 6
		if !ok {
			if i == len(p.segs)-1 {
				return val{}, missing
			}
			return val{}, broken
		}
		v = w
	}
	return v, found
}

func (b *bound) rootValue(p *path) val {
	switch p.root {
	case rootVar:
		return b.frames[p.slot]
	case rootLook:
		return p.look.eval(b)
	}
	return b.variable(p.root)
}

// index takes an integral int or double, as CEL does.
func index(list, k val) (val, bool) {
	var n int64
	switch k.T {
	case bson.TypeInt32, bson.TypeInt64:
		n = k.int64()
	case bson.TypeDouble:
		if f := k.double(); f >= 0 && f < 1<<31 && f == float64(int64(f)) {
			n = int64(f)
			break
		}
		return val{}, false
	default:
		return val{}, false
	}
	for e := walk(list.B); n >= 0 && e.next(); n-- {
		if n == 0 {
			return e.v, true
		}
	}
	return val{}, false
}

func (p *path) eval(b *bound) val {
	v, l := p.find(b)
	if l == missing && p.def != nil {
		v = p.def.eval(b)
	}
	if v.T == bson.TypeArray && (p.ground || p.root == rootLook) && count(v.B) > maxListItems {
		return val{}
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
