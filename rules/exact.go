package rules

import (
	"fmt"
	"slices"
)

// Why a test is no exact filter.
const (
	whyAtom    = "only judged document by document"
	whyFields  = "compares what is not known before the document is read"
	whyKey     = "the key is no plain field name"
	whyDefault = "the default of an element's field"
	whyWhole   = "compares a list or a map as a whole"
	whyElement = "an element may be no object"
	whyString  = "no plain test of a string"
	whyRange   = "a quantifier over what is not a field"
	whyBoth    = "tests an element both whole and by field"
)

func (p pos) String() string { return fmt.Sprintf("%d:%d", p.line, p.col) }

// exact notes what of n can be no exact filter, whoever the caller is. want is
// the rail, fail for both. What depends on a caller's values (a list in a
// claim, a key with a dot) is found when the filter is made.
func (t *tr) exact(n node, want truth) {
	switch n := n.(type) {
	case *nAnd:
		t.exact(n.a, want)
		t.exact(n.b, want)
	case *nOr:
		t.exact(n.a, want)
		t.exact(n.b, want)
	case *nNot:
		t.exact(n.a, want.not())
	case *nCond:
		t.exact(n.c, fail)
		t.exact(n.a, want)
		t.exact(n.b, want)
	case *nBool:
		t.exactPath(n.pos, n.p, n.exact, true)
	case *nHas:
		t.exactPath(n.pos, n.p, n.exact, true)
		if want != yes && n.exact && n.p.root == rootVar && len(n.p.segs) == 1 {
			t.note(n.pos, whyElement)
		}
	case *nCmp:
		p, _ := n.l.(*path)
		t.exactPath(n.pos, p, n.exact, true)
	case *nIn:
		t.exactIn(n)
	case *nSome:
		p, _ := n.list.(*path)
		t.exactPath(n.pos, p, n.exact && len(p.segs) > 0, false)
	case *nStr:
		t.exactPath(n.pos, n.p, n.exact && n.re == nil, false)
	case *nQuant:
		t.exactLoop(n, want)
	case *nAtom:
		t.note(n.pos, whyAtom)
	case *nCall:
		t.note(n.pos, whyAtom)
	}
}

func (t *tr) note(at pos, why string) {
	t.rule.inexact = append(t.rule.inexact, finding{line: at.line, col: at.col, code: codeScan, msg: why})
}

// exactPath: p is a field that a filter can ask (ok), with a default at most
// where that is possible.
func (t *tr) exactPath(at pos, p *path, ok, def bool) {
	switch {
	case !ok:
		t.note(at, whyFields)
	case p.def != nil && (!def || p.root == rootVar):
		t.note(at, whyDefault)
	case slices.ContainsFunc(p.segs, func(s seg) bool { return s.dyn == nil && !safeKey(s.name) }):
		t.note(at, whyKey)
	}
}

func (t *tr) exactIn(n *nIn) {
	switch n.form {
	case pathIn:
		t.exactPath(n.pos, n.x.(*path), true, true)
	case inPath:
		p := n.in.(*path)
		t.exactPath(n.pos, p, len(p.segs) > 0, false)
	default:
		t.note(n.pos, whyFields)
	}
}

func (t *tr) exactLoop(n *nQuant, want truth) {
	if n.unroll {
		t.exact(n.body, want)
		return
	}
	p, _ := n.rng.(*path)
	if !n.exact || p.def != nil {
		t.note(n.pos, whyRange)
		return
	}
	before := len(t.rule.inexact)
	t.exact(n.body, want)
	if s := shapeOf(n.body, want); len(t.rule.inexact) == before && s.self && (s.field || !s.plain) {
		t.note(n.pos, whyBoth)
	}
}

// shape of the filter that a quantifier's body makes: whether it tests the
// element itself, its fields, and is no more than tests joined by and.
type shape struct{ self, field, plain bool }

func shapeOf(n node, want truth) shape {
	leaf := func(p *path) shape {
		return shape{self: p != nil && len(p.segs) == 0, field: p == nil || len(p.segs) > 0, plain: true}
	}
	join := func(a, b shape, plain bool) shape {
		one := !a.self && !a.field || !b.self && !b.field
		return shape{a.self || b.self, a.field || b.field, a.plain && b.plain && (plain || one)}
	}
	switch n := n.(type) {
	case *nGround, *nConst:
		return shape{plain: true}
	case *nAnd:
		return join(shapeOf(n.a, want), shapeOf(n.b, want), want == yes)
	case *nOr:
		return join(shapeOf(n.a, want), shapeOf(n.b, want), want == no)
	case *nNot:
		return shapeOf(n.a, want.not())
	case *nCond:
		c, arms := shapeOf(n.c, fail), join(shapeOf(n.a, want), shapeOf(n.b, want), false)
		if !c.self && !c.field { // one arm alone
			return shape{arms.self, arms.field, shapeOf(n.a, want).plain && shapeOf(n.b, want).plain}
		}
		return join(c, arms, false)
	case *nBool:
		return leaf(n.p)
	case *nHas:
		return leaf(n.p)
	case *nCmp:
		p, _ := n.l.(*path)
		return leaf(p)
	case *nIn:
		p, _ := n.x.(*path)
		if n.form == inPath {
			p = n.in.(*path)
		}
		return leaf(p)
	case *nSome:
		p, _ := n.list.(*path)
		return leaf(p)
	case *nStr:
		return leaf(n.p)
	case *nQuant:
		if n.unroll { // each element of a known list joins another test
			s := shapeOf(n.body, want)
			return shape{s.self, s.field, s.plain && (want == yes) == n.all && want != fail}
		}
		return shape{field: true, plain: true}
	}
	return shape{field: true}
}
