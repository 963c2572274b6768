package rules

import (
	"regexp"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

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
	default:
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
	switch n.op {
	case data.OpEq:
		f = r.equals(n.pos, full, v, want)
	case data.OpNe:
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
