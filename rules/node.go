package rules

import (
	"bytes"
	"regexp"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// node is a boolean expression. eval is its meaning for one document; rail is
// the filter of the documents for which eval is yes (want) or no (!want).
type node interface {
	eval(b *bound) truth
	rail(r *rails, want bool) data.Where
}

// pos is where a node stands in the text of its rule.
type pos struct{ line, col int }

type (
	nAnd   struct{ a, b node }
	nOr    struct{ a, b node }
	nNot   struct{ a node }
	nCond  struct{ c, a, b node }
	nConst struct{ v truth } // true, false
	nBool  struct {          // a field that is a boolean
		pos
		p     *path
		exact bool
	}
	nHas struct {
		pos
		p     *path
		exact bool
	}
	nCmp struct {
		pos
		op    data.Operator // $eq $ne $lt $lte $gt $gte
		l, r  term
		exact bool // l is a field a filter can ask, r is known when bound
	}
	nIn struct {
		pos
		x, in term
		kind  string // of the field `in`, when the schema says
		form  inForm
	}
	nSome struct { // list.hasAny(of), list.hasAll(of)
		pos
		list, of term
		all      bool
		exact    bool
	}
	nStr struct {
		pos
		p     *path
		fn    string
		arg   term
		re    *regexp.Regexp
		exact bool
	}
	nQuant struct {
		pos
		rng    term
		slot   int
		all    bool
		unroll bool // over claims or literals
		body   node
		exact  bool // the range is a field a filter can ask
	}
	nCall struct { // a function of func.go that is true or false
		pos
		f    *function
		args []term
	}
	nAtom struct {
		pos
		celTerm
	}
	nGround struct { // does not read the document
		n    node
		slot int
		keep bool // the same for the whole binding
	}
)

type inForm int8

const (
	inNone inForm = iota
	pathIn        // field in known list
	inPath        // known value in field
)

func formIf(ok bool, f inForm) inForm {
	if ok {
		return f
	}
	return inNone
}

func (n *nAnd) eval(b *bound) truth {
	l := n.a.eval(b)
	if l == no {
		return no
	}
	r := n.b.eval(b)
	if r == no || l == yes {
		return r
	}
	return fail
}

func (n *nOr) eval(b *bound) truth {
	l := n.a.eval(b)
	if l == yes {
		return yes
	}
	r := n.b.eval(b)
	if r == yes || l == no {
		return r
	}
	return fail
}

func (n *nConst) eval(*bound) truth { return n.v }

func (n *nNot) eval(b *bound) truth { return n.a.eval(b).not() }

func (n *nCond) eval(b *bound) truth {
	switch n.c.eval(b) {
	case yes:
		return n.a.eval(b)
	case no:
		return n.b.eval(b)
	default:
	}
	return fail
}

func (n *nGround) eval(b *bound) truth {
	if !n.keep {
		return n.n.eval(b)
	}
	if k := b.known[n.slot]; k != 0 {
		return truth(k) - 1
	}
	res := n.n.eval(b)
	if b.sound() {
		b.known[n.slot] = 1 + int8(res)
	}
	return res
}

func isTrue(v val) truth {
	if v.T != bson.TypeBoolean {
		return fail
	}
	return truthOf(v.B[0] == 1)
}

func (n *nBool) eval(b *bound) truth {
	if !b.spend(1) {
		return fail
	}
	return isTrue(n.p.eval(b))
}

func (n *nHas) eval(b *bound) truth {
	if !b.spend(1) {
		return fail
	}
	switch _, l := n.p.find(b); l {
	case found:
		return yes
	case missing:
		return no
	default:
	}
	return fail
}

func (n *nCmp) eval(b *bound) truth {
	l := n.l.eval(b)
	r := n.r.eval(b)
	if !b.spend(1 + (len(l.B)+len(r.B))>>10) {
		return fail
	}
	return compare(n.op, l, r)
}

func (n *nIn) eval(b *bound) truth {
	x := n.x.eval(b)
	in := n.in.eval(b)
	if !b.spend(1+len(in.B)>>10) || !kindIs(n.kind, in) {
		return fail
	}
	return contains(in, x)
}

// kindIs: what the schema calls a list is not taken for a map, nor the reverse.
func kindIs(kind string, v val) bool {
	return (kind != "list" || v.T != bson.TypeEmbeddedDocument) && (kind != "map" || v.T != bson.TypeArray)
}

func (n *nSome) eval(b *bound) truth {
	list := n.list.eval(b)
	return b.some(list, n.of.eval(b), n.all)
}

// some is hasSome at its cost.
func (b *bound) some(list, of val, all bool) truth {
	if list.T != bson.TypeArray || of.T != bson.TypeArray {
		return fail
	}
	if !b.spend(min(1+count(of.B)*(1+len(list.B)>>8), maxUnits)) {
		return fail
	}
	return hasSome(list, of, all)
}

func (n *nStr) eval(b *bound) truth {
	v := n.p.eval(b)
	arg := n.arg.eval(b)
	if !b.spend(1+len(v.B)>>8) || v.T != bson.TypeString || arg.T != bson.TypeString {
		return fail
	}
	switch n.fn {
	case "startsWith":
		return truthOf(bytes.HasPrefix(v.str(), arg.str()))
	case "endsWith":
		return truthOf(bytes.HasSuffix(v.str(), arg.str()))
	case "contains":
		return truthOf(bytes.Contains(v.str(), arg.str()))
	}
	return truthOf(n.re.Match(v.str()))
}

// eval: a quantifier ranges over a list; a string or a map is an error.
func (n *nQuant) eval(b *bound) truth {
	v := n.rng.eval(b)
	if v.T != bson.TypeArray {
		return fail
	}
	res := truthOf(n.all)
	for e := walk(v.B); e.next(); {
		if !b.spend(1) {
			return fail
		}
		b.frames[n.slot] = e.v
		switch r := n.body.eval(b); {
		case r == fail:
			res = fail
		case (r == yes) != n.all:
			return truthOf(!n.all)
		}
	}
	return res
}

func (n *nCall) eval(b *bound) truth {
	if !b.spend(1) {
		return fail
	}
	var args [2]val
	for i, a := range n.args {
		args[i] = a.eval(b)
	}
	return isTrue(n.f.run(b, args[:len(n.args)]))
}

func (n *nAtom) eval(b *bound) truth {
	if !b.spend(1) {
		return fail
	}
	return isTrue(b.runCEL(n.celTerm))
}
