package rules

import (
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// The rails of `in`, hasAny, hasAll and of quantifiers.

func (n *nIn) rail(r *rails, want bool) data.Where {
	switch n.form {
	case pathIn:
		return n.pathIn(r, want)
	case inPath:
		p, v := n.in.(*path), n.x.eval(r.b)
		if v.bad() {
			return data.Never()
		}
		full, guard, ok := r.resolve(p, true)
		if !ok || p.def != nil || full == "" {
			return r.widen(n.pos, whyKey)
		}
		return data.And(guard, r.holds(n.pos, full, n.kind, v, want))
	default:
	}
	return r.widen(n.pos, whyFields)
}

func (n *nIn) pathIn(r *rails, want bool) data.Where {
	p, list := n.x.(*path), n.in.eval(r.b)
	if list.T != bson.TypeArray && list.T != bson.TypeEmbeddedDocument {
		return data.Never()
	}
	full, guard, ok := r.resolve(p, true)
	if !ok {
		return r.widen(n.pos, whyKey)
	}
	values, plain := list, true
	if list.T == bson.TypeEmbeddedDocument {
		values = keys(list)
	}
	n8 := 0
	for e := walk(values.B); e.next(); n8++ {
		plain = plain && scalar(e.v)
	}
	if r.leaves += n8 / 8; r.leaves > maxLeaves { // long lists, unrolled, are a large filter too
		return data.Never()
	}
	var f data.Where
	switch {
	case !plain:
		r.widen(n.pos, whyWhole)
		f = exists(full, true)
	case n8 == 0 && want:
		f = data.Never()
	case want:
		r.leaves++
		f = data.And(exists(full, true), r.scalarLeaf(data.OpIn, full, values))
	case full == "":
		f = not(r.scalarLeaf(data.OpIn, full, values))
	default:
		r.leaves += 2
		f = data.And(exists(full, true), or(r.leaf(data.OpNin, full, values), isType(full, typeArray)))
	}
	return r.withDefault(n.pos, p, full, data.And(guard, f), want, func(d val) truth { return contains(list, d) })
}

// keys of a map, as a list.
func keys(m val) val {
	a, n := newBuilder(len(m.B)), 0
	for e := walk(m.B); e.next(); n++ {
		a.str(strconv.Itoa(n), string(e.key))
	}
	return val{bson.TypeArray, a.done()}
}

// holds: the list or map at a path contains v.
func (r *rails) holds(at pos, full, kind string, v val, want bool) data.Where {
	list, mp := data.Never(), data.Never()
	if kind != "map" {
		em := data.Where{Op: data.OpElem, Path: full, Kids: []data.Where{{Op: data.OpEq, Value: v.raw()}}}
		r.leaves++
		switch {
		case !scalar(v):
			r.widen(at, whyWhole)
			list = isType(full, typeArray)
		case want:
			list = em
		default:
			list = data.And(isType(full, typeArray), not(em))
		}
	}
	if kind != "list" {
		obj := data.And(isType(full, typeObject), notArray(full))
		r.leaves++
		switch {
		case v.T != bson.TypeString:
			if !want {
				mp = obj
			}
		case !safeKey(string(v.str())):
			r.widen(at, whyKey)
			mp = obj
		default:
			r.leaves++
			mp = data.And(obj, exists(full+"."+string(v.str()), want))
		}
	}
	return or(list, mp)
}

func (n *nSome) rail(r *rails, want bool) data.Where {
	if !n.exact {
		return r.widen(n.pos, whyFields)
	}
	p, of := n.list.(*path), n.of.eval(r.b)
	if of.T != bson.TypeArray {
		return data.Never()
	}
	full, guard, ok := r.resolve(p, true)
	if !ok || p.def != nil || full == "" {
		return r.widen(n.pos, whyKey)
	}
	var fs []data.Where
	for e := walk(of.B); e.next(); {
		if r.leaves > maxLeaves { // refused when done
			return data.Never()
		}
		fs = append(fs, r.holds(n.pos, full, "list", e.v, want))
	}
	r.leaves++
	if n.all == want { // all of them are in it, or none is
		return data.And(guard, isType(full, typeArray), data.And(fs...))
	}
	return data.And(guard, isType(full, typeArray), or(fs...))
}

func (n *nQuant) rail(r *rails, want bool) data.Where {
	switch {
	case n.unroll:
		return n.unrolled(r, want)
	case !n.exact:
		return r.widen(n.pos, whyRange)
	}
	p := n.rng.(*path)
	full, guard, ok := r.resolve(p, true)
	if !ok || p.def != nil {
		return r.widen(n.pos, whyKey)
	}
	isArr := isType(full, typeArray)
	sub := &rails{b: r.b, exact: true, leaves: r.leaves + 1}
	f := n.body.rail(sub, want)
	r.leaves = sub.leaves
	self := hasSelf(f)
	switch {
	case !sub.exact:
		if r.exact {
			r.exact, r.why = false, sub.why
		}
		return data.And(guard, isArr)
	case self && !onlySelf(f):
		r.widen(n.pos, whyBoth)
		return data.And(guard, isArr)
	}
	return data.And(guard, r.elements(full, f, self, n.all != want))
}

// hasSelf reports whether f tests the element itself anywhere.
func hasSelf(f data.Where) bool {
	switch f.Op {
	case data.OpAnd, data.OpOr, data.OpNor, data.OpNot:
		return slices.ContainsFunc(f.Kids, hasSelf)
	case data.WhereAll:
		return false
	default:
	}
	return f.Path == ""
}

// onlySelf reports whether f is one test of the element itself, with its guard.
func onlySelf(f data.Where) bool {
	switch f.Op {
	case data.OpAnd:
		for _, k := range f.Kids {
			if !onlySelf(k) {
				return false
			}
		}
		return true
	case data.OpNot:
		return onlySelf(f.Kids[0])
	case data.OpOr, data.OpNor:
		return false
	default:
	}
	return f.Path == ""
}

// elements: some element passes f, or all do.
func (r *rails) elements(full string, f data.Where, self, some bool) data.Where {
	isArr := isType(full, typeArray)
	elem := func(w data.Where) data.Where {
		return data.Where{Op: data.OpElem, Path: full, Kids: []data.Where{w}}
	}
	empty := r.leaf(data.OpSize, full, vInt(0))
	switch {
	case always(f) && some:
		return data.And(isArr, not(empty))
	case f.IsNever() && some:
		return f
	case always(f):
		return isArr
	case f.IsNever():
		return empty
	case some:
		return elem(f)
	case self:
		return data.And(isArr, not(elem(not(f))))
	}
	return data.And(isArr, not(elem(not(f))), not(elem(not(isType("", typeObject)))))
}

// unrolled: the list is known, so its elements are put into the body one by one.
func (n *nQuant) unrolled(r *rails, want bool) data.Where {
	v := n.rng.eval(r.b)
	if v.T != bson.TypeArray {
		return data.Never()
	}
	var fs []data.Where
	for e := walk(v.B); e.next(); {
		if r.leaves++; r.leaves > maxLeaves { // refused when done
			return data.Never()
		}
		r.b.frames[n.slot] = e.v
		fs = append(fs, n.body.rail(r, want))
	}
	if n.all != want {
		return or(fs...)
	}
	return data.And(fs...)
}
