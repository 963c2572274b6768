package rules

import (
	"regexp"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

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

// resolve gives the dotted path below the document that a filter asks, and the
// guard that keeps filters from reaching through arrays on the way.
func (r *rails) resolve(p *path, direct bool) (full string, guard data.Where, ok bool) {
	if !direct {
		return "", guard, false
	}
	if p.root == rootID {
		return data.FieldID, guard, len(p.segs) == 0
	}
	for i, s := range p.segs {
		name := s.name
		if s.dyn != nil {
			k := s.dyn.eval(r.b)
			if k.T != bson.TypeString {
				return "", guard, false
			}
			name = string(k.str())
		}
		if !safeKey(name) || p.root == rootVar && i == 0 && name[0] >= '0' && name[0] <= '9' {
			return "", guard, false // $elemMatch sees an array in an array as an object with keys "0", "1"..
		}
		if i > 0 {
			r.leaves++
			guard = data.And(guard, notArray(full))
			full += "."
		}
		full += name
	}
	return full, guard, true
}

// safeKey: no dots (path injection), no leading $ (operator), no NUL, not empty.
func safeKey(s string) bool {
	return s != "" && s[0] != '$' && !strings.ContainsAny(s, ".\x00")
}

// withDefault adds the documents without the field, when the default passes.
func (r *rails) withDefault(at pos, p *path, full string, present data.Where, want bool, test func(val) truth) data.Where {
	if p.def == nil {
		return present
	}
	if p.root == rootVar {
		return r.widen(at, whyDefault)
	}
	if test(p.def.eval(r.b)) != truthOf(want) {
		return present
	}
	r.leaves++
	return or(present, exists(full, false))
}

func scalar(v val) bool {
	return v.T != bson.TypeArray && v.T != bson.TypeEmbeddedDocument && v.T != alien
}

var inverse = map[data.Operator]data.Operator{data.OpLt: data.OpGte, data.OpLte: data.OpGt, data.OpGt: data.OpLte, data.OpGte: data.OpLt}

func flip(o data.Operator) data.Operator {
	switch o {
	case data.OpLt:
		return data.OpGt
	case data.OpLte:
		return data.OpGte
	case data.OpGt:
		return data.OpLt
	case data.OpGte:
		return data.OpLte
	}
	return o
}

func (n *nCmp) rail(r *rails, want bool) data.Where {
	if !n.exact {
		return r.widen(n.pos, whyFields)
	}
	p := n.l.(*path)
	v := n.r.eval(r.b)
	if v.bad() {
		return data.Never()
	}
	full, guard, ok := r.resolve(p, true)
	if !ok {
		return r.widen(n.pos, whyKey)
	}
	var f data.Where
	switch {
	case n.op == data.OpEq:
		f = r.equals(n.pos, full, v, want)
	case n.op == data.OpNe:
		f = r.equals(n.pos, full, v, !want)
	default:
		if _, ordered := order(v, v); !ordered {
			f = data.Never()
			break
		}
		o := n.op
		if !want {
			o = inverse[o] // not $not: another type is an error, in neither rail
		}
		f = r.scalarLeaf(o, full, v)
	}
	return r.withDefault(n.pos, p, full, data.And(guard, f), want, func(d val) truth { return compare(n.op, d, v) })
}

func (r *rails) equals(at pos, full string, v val, want bool) data.Where {
	switch {
	case v.T == alien && want:
		return data.Never()
	case v.T == alien:
		return exists(full, true)
	case !scalar(v):
		r.widen(at, whyWhole)
		return exists(full, true)
	case v.T == bson.TypeNull && want:
		return r.scalarLeaf(data.OpType, full, typeNull)
	case full == "" && !want: // an element is there
		return not(r.equals(at, full, v, true))
	case v.T == bson.TypeNull:
		r.leaves += 3
		return data.And(exists(full, true), or(not(isType(full, typeNull)), isType(full, typeArray)))
	case want:
		return r.scalarLeaf(data.OpEq, full, v)
	}
	r.leaves += 2
	return data.And(exists(full, true), or(r.leaf(data.OpNe, full, v), isType(full, typeArray)))
}

func (n *nBool) rail(r *rails, want bool) data.Where {
	full, guard, ok := r.resolve(n.p, n.exact)
	if !ok {
		return r.widen(n.pos, whyKey)
	}
	f := data.And(guard, r.scalarLeaf(data.OpEq, full, vBool(want)))
	return r.withDefault(n.pos, n.p, full, f, want, isTrue)
}

func (n *nHas) rail(r *rails, want bool) data.Where {
	full, guard, ok := r.resolve(n.p, n.exact)
	if !ok {
		return r.widen(n.pos, whyKey)
	}
	if want {
		return data.And(guard, exists(full, true))
	}
	if n.p.root == rootVar && len(n.p.segs) == 1 {
		return r.widen(n.pos, whyElement)
	}
	f := exists(full, false)
	if i := strings.LastIndexByte(full, '.'); i >= 0 {
		f = data.And(guard, isType(full[:i], typeObject), f)
	}
	return f
}

func (n *nStr) rail(r *rails, want bool) data.Where {
	v := n.arg.eval(r.b)
	if v.T != bson.TypeString {
		return data.Never()
	}
	full, guard, ok := r.resolve(n.p, n.exact)
	if !ok {
		return r.widen(n.pos, whyKey)
	}
	if n.p.def != nil || n.re != nil || strings.ContainsRune(string(v.str()), 0) {
		return r.widen(n.pos, whyString)
	}
	var f data.Where
	switch n.fn {
	case "startsWith":
		f = r.leaf(data.OpStarts, full, v)
	case "endsWith": // not $, which also matches before a trailing newline
		f = r.leaf(data.OpRegex, full, vStr(regexp.QuoteMeta(string(v.str()))+`\z`))
	default:
		f = r.leaf(data.OpContains, full, v)
	}
	if want {
		return data.And(guard, f, notArray(full))
	}
	return data.And(guard, isType(full, typeString), notArray(full), not(f))
}
