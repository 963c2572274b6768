package data

import (
	"slices"
	"strings"
)

// Bound is the part of w that the ranges of a are made of, as conditions on
// documents: what a store with indexes of its own has them look for. Every
// document of w passes it; the zero Where when nothing narrows. a is what
// ChooseAmong gave for ixs and w.
func (a *Access) Bound(ixs []Built, w Where) Where {
	if !a.Narrowed || w.IsNever() {
		return Where{}
	}
	leaves := flatten(nil, &w)
	if a.or == 0 {
		return a.bound(ixs, leaves)
	}
	or := leaves[a.or-1]
	rest := slices.Concat(leaves[:a.or-1], leaves[a.or:])
	branches := append([]*Access{a}, a.Also...)
	some := Where{Op: OpOr}
	for k := range or.Kids {
		if n := len(some.Kids); !or.Kids[k].IsNever() {
			some.Kids = append(some.Kids, branches[n].bound(ixs, flatten(slices.Clone(rest), &or.Kids[k])))
		}
	}
	return some
}

// bound joins the leaves that bound the fields of one walk.
func (a *Access) bound(ixs []Built, leaves []*Where) Where {
	fields, many := []Order{{Path: FieldID}}, uint32(0)
	if a.Index != ByID {
		fields, many = ixs[a.Index].Fields[:a.bounded], ixs[a.Index].Many
	}
	var of []Where
	for i, f := range fields {
		best := -1 // where a document has several values, keys tell of one condition
		for _, l := range leaves {
			w, ok := keyed(l, f.Path)
			switch {
			case !ok:
			case many&(1<<i) == 0 || best < 0:
				best, of = len(of), append(of, w)
			case fewer(&w, &of[best]):
				of[best] = w
			}
		}
	}
	return And(of...)
}

// fewer reports whether a names fewer keys than b.
func fewer(a, b *Where) bool {
	points := func(w *Where) int {
		switch w.Op {
		case OpEq:
			return 1
		case OpIn:
			return count(w.Value.Value)
		default:
			return maxRanges + 1
		}
	}
	return points(a) < points(b)
}

// keyed is the part of a condition that keys at path tell, nothing that takes the
// document: a field that is missing is null there. Behind a dot null does not
// find what is missing in an array's elements, so nothing is said of it.
func keyed(w *Where, path string) (Where, bool) {
	switch {
	case !bounds(w, path), w.Op == OpExists && strings.Contains(w.Path, "."):
		return Where{}, false
	case w.Op == OpExists:
		return Where{Op: OpEq, Path: w.Path, Value: Null()}, true
	case w.Op != OpElem:
		return *w, true
	}
	rest := strings.TrimPrefix(strings.TrimPrefix(path, w.Path), ".")
	var buf [4]*Where
	var kids []Where
	for _, k := range flatten(buf[:0], &w.Kids[0]) {
		if kid, ok := keyed(k, rest); ok && k.Op != OpElem {
			kids = append(kids, kid)
		}
	}
	if len(kids) == 0 {
		return Where{}, false
	}
	return Where{Op: OpElem, Path: w.Path, Kids: []Where{And(kids...)}}, true
}

// bounds reports whether the keys at path tell something of w.
func bounds(w *Where, path string) bool {
	if w.Op == OpElem {
		_, ok := elements(w, path)
		return ok
	}
	var c constraint
	if w.Path == path {
		c.add(w, false)
	}
	return c.points != nil || c.bounded()
}
