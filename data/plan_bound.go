package data

import "slices"

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
	paths := []Order{{Path: FieldID}}
	if a.Index != ByID {
		paths = ixs[a.Index].Fields[:a.bounded]
	}
	var of []Where
	for _, l := range leaves {
		if slices.ContainsFunc(paths, func(f Order) bool { return bounds(l, f.Path) }) {
			of = append(of, *l)
		}
	}
	return And(of...)
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
