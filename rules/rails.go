package rules

import (
	"github.com/hutch-dev/hutch/data"
)

// rails builds one filter. What cannot be said widens to all documents and
// clears exact; a filter that grows too large stops growing and is refused.
type rails struct {
	b      *bound
	exact  bool
	why    string
	leaves int
}

func (r *rails) widen(at pos, why string) data.Where {
	if r.exact {
		r.exact, r.why = false, at.String()+": "+why
	}
	return data.Where{}
}

func always(w data.Where) bool { return w.Op == data.WhereAll }

func railOf(t truth, want bool) data.Where {
	if t == truthOf(want) {
		return data.Where{}
	}
	return data.Never()
}

// or joins filters; constants are folded.
func or(ws ...data.Where) data.Where {
	var kids []data.Where
	for _, w := range ws {
		switch {
		case always(w):
			return w
		case w.Op == data.OpOr:
			kids = append(kids, w.Kids...)
		default:
			kids = append(kids, w)
		}
	}
	if len(kids) == 1 {
		return kids[0]
	}
	return data.Where{Op: data.OpOr, Kids: kids}
}

// not is the complement, of one test or of an exact filter inside $elemMatch.
func not(w data.Where) data.Where {
	switch {
	case always(w):
		return data.Never()
	case w.IsNever():
		return data.Where{}
	case w.Op == data.OpNot:
		return w.Kids[0]
	}
	return data.Where{Op: data.OpNot, Kids: []data.Where{w}}
}

func (r *rails) leaf(op data.Operator, path string, v val) data.Where {
	r.leaves++
	return data.Where{Op: op, Path: path, Value: v.raw()}
}

var (
	typeArray, typeObject, typeString, typeNull = vStr("array"), vStr("object"), vStr("string"), vStr("null")
	vTrue, vFalse                               = vBool(true), vBool(false)
)

// notArray guards a test of the field itself from reaching its elements; it
// goes with the test, as one leaf.
func notArray(path string) data.Where {
	return data.Where{Op: data.OpNot, Kids: []data.Where{isType(path, typeArray)}}
}

func isType(path string, t val) data.Where {
	return data.Where{Op: data.OpType, Path: path, Value: t.raw()}
}

func exists(path string, want bool) data.Where {
	if want {
		return data.Where{Op: data.OpExists, Path: path, Value: vTrue.raw()}
	}
	return data.Where{Op: data.OpExists, Path: path, Value: vFalse.raw()}
}

// scalarLeaf tests a value that is no array.
func (r *rails) scalarLeaf(op data.Operator, path string, v val) data.Where {
	if path == data.FieldID {
		return r.leaf(op, path, v) // always a string
	}
	return data.And(r.leaf(op, path, v), notArray(path))
}

func (n *nConst) rail(_ *rails, want bool) data.Where { return railOf(n.v, want) }

func (n *nGround) rail(r *rails, want bool) data.Where { return railOf(n.eval(r.b), want) }

func (n *nAnd) rail(r *rails, want bool) data.Where {
	l := n.a.rail(r, want)
	if want {
		if l.IsNever() {
			return l
		}
		return data.And(l, n.b.rail(r, want))
	}
	if always(l) {
		return l
	}
	return or(l, n.b.rail(r, want))
}

func (n *nOr) rail(r *rails, want bool) data.Where {
	l := n.a.rail(r, want)
	if !want {
		if l.IsNever() {
			return l
		}
		return data.And(l, n.b.rail(r, want))
	}
	if always(l) {
		return l
	}
	return or(l, n.b.rail(r, want))
}

func (n *nNot) rail(r *rails, want bool) data.Where { return n.a.rail(r, !want) }

func (n *nCond) rail(r *rails, want bool) data.Where {
	yes, no := data.Never(), data.Never()
	if t := n.c.rail(r, true); !t.IsNever() {
		yes = data.And(t, n.a.rail(r, want))
	}
	if f := n.c.rail(r, false); !f.IsNever() {
		no = data.And(f, n.b.rail(r, want))
	}
	return or(yes, no)
}

func (n *nAtom) rail(r *rails, want bool) data.Where { return r.widen(n.pos, whyAtom) }
func (n *nCall) rail(r *rails, want bool) data.Where { return r.widen(n.pos, whyAtom) }
