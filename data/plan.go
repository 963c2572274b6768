package data

import (
	"bytes"
	"slices"
)

// Access says how a store comes to the documents of a query: a walk by _id or
// through an index, over some ranges of its keys. It is a superset: each
// document met must still pass the filter.
type Access struct {
	Index    int       // in what ChooseAmong was given; ByID: the documents themselves
	Name     string    // of the index; "_id"
	Ranges   []Range   // in order, disjoint; without the id but for ByID
	All      bool      // no range: everything
	Narrowed bool      // the ranges leave documents out
	Sorted   bool      // documents come in the query's order
	Reverse  bool      // from the end, ids of equal keys ascending nevertheless
	Again    bool      // a document may be met more than once
	Also     []*Access // of an $or: the documents of these too; Again holds

	whole   bool // every document passes the filter
	seek    []seekPart
	bounded int // leading fields of the index that the ranges bound
	or      int // of a union: 1 + the place of the $or among the conditions
}

// ByID is Access.Index of a walk by _id.
const ByID = -1

// Range is Lo <= key < Hi; a nil Hi is the end.
type Range struct{ Lo, Hi []byte }

// seekPart gives one field of a sorted access' key at a Mark: pinned bytes or a
// value of the mark.
type seekPart struct {
	pin  []byte
	mark int
	desc bool
}

// Built is an index as a store has it.
type Built struct {
	Index
	Many uint32 // bit n: some document has more than one value at field n
}

// Choose tells how a store would run a query on c while no document has several
// values under an index.
func Choose(c Collection, w Where, o []Order) *Access {
	var buf [8]Built
	ixs := buf[:0]
	for _, ix := range c.Indexes {
		ixs = append(ixs, Built{Index: ix})
	}
	return ChooseAmong(ixs, w, o)
}

// Unindexed reports whether a query of limit examines what no index narrowed or
// ordered; a walk by _id with a limit and without a filter is indexed.
func (a *Access) Unindexed(limit int) bool {
	ordered := a.Sorted && (a.Index != ByID || a.whole && limit > 0)
	return !a.Narrowed && !ordered
}

// ChooseAmong picks the index that serves a query best: equality first, then
// order, then ranges.
func ChooseAmong(ixs []Built, w Where, o []Order) *Access {
	if w.IsNever() {
		return &Access{Index: ByID, Name: FieldID, Narrowed: true, Sorted: true}
	}
	var buf [16]*Where
	leaves := flatten(buf[:0], &w)
	best, rank := choose(ixs, leaves, o)
	if rank.eq == 0 && !rank.unique {
		if u := union(ixs, leaves, rank); u != nil {
			return u
		}
	}
	best.whole = w.Op == WhereAll
	return best
}

// merit orders plans.
type merit struct {
	unique bool // at most a document a range
	eq     int  // leading fields with one value, or a few
	sorted bool
	ranged bool
	fields int
}

func (m merit) better(n merit) bool {
	switch {
	case m.unique != n.unique:
		return m.unique
	case m.eq != n.eq:
		return m.eq > n.eq
	case m.sorted != n.sorted:
		return m.sorted
	case m.ranged != n.ranged:
		return m.ranged
	}
	return m.fields < n.fields
}

func (m merit) narrows() bool { return m.unique || m.eq > 0 || m.ranged }

// choose picks among single walks.
func choose(ixs []Built, leaves []*Where, o []Order) (*Access, merit) {
	s := survey{leaves: leaves, order: o}
	best, rank := s.byID()
	var pick *layout
	for i := range ixs {
		if l, m := s.index(i, &ixs[i]); m.better(rank) && (m.narrows() || m.sorted) {
			pick, rank = l, m
		}
	}
	if pick != nil {
		best = pick.access()
	}
	return best, rank
}

// union serves an $or each of whose branches an index narrows.
func union(ixs []Built, leaves []*Where, than merit) *Access {
	for i, or := range leaves {
		if or.Op != OpOr || len(or.Kids) == 0 || len(or.Kids) > maxUnion {
			continue
		}
		var all []*Access
		equal := true // each branch has a field with one value, or a few
		for k := range or.Kids {
			if or.Kids[k].IsNever() {
				continue
			}
			branch := flatten(slices.Concat(leaves[:i], leaves[i+1:]), &or.Kids[k])
			a, m := choose(ixs, branch, nil)
			if !m.narrows() {
				all = nil
				break
			}
			equal = equal && (m.eq > 0 || m.unique)
			all = append(all, a)
		}
		if all != nil && (equal || !than.sorted && !than.ranged) {
			a := *all[0]
			a.Also, a.Again, a.Sorted, a.Narrowed, a.or = all[1:], true, false, true, i+1
			return &a
		}
	}
	return nil
}

const maxUnion = 16

// flatten lists the conditions that all hold.
func flatten(dst []*Where, w *Where) []*Where {
	switch {
	case w.Op == WhereAll:
		return dst
	case w.Op == OpAnd || w.Op == OpOr && len(w.Kids) == 1:
		for i := range w.Kids {
			dst = flatten(dst, &w.Kids[i])
		}
		return dst
	}
	return append(dst, w)
}

// survey is the query as the candidates are measured against it.
type survey struct {
	leaves []*Where
	order  []Order
}

// byID measures the walk by _id.
func (s *survey) byID() (*Access, merit) {
	a := &Access{Index: ByID, Name: FieldID, All: true}
	c := s.constraint(FieldID, false)
	switch {
	case c.points != nil:
		a.All, a.Narrowed = false, true
		for _, v := range c.points {
			if id := Text(v); id != "" { // nothing else is an _id
				a.Ranges = append(a.Ranges, Range{[]byte(id), append([]byte(id), 0)})
			}
		}
		a.Ranges = ordered(a.Ranges)
	case c.bounded():
		if r, ok := c.ids(); ok {
			a.All, a.Narrowed, a.Ranges = false, true, []Range{r}
		}
	}
	switch {
	case len(s.order) == 0:
		a.Sorted = true
	case s.order[0].Path == FieldID:
		a.Sorted, a.Reverse = true, s.order[0].Desc
	}
	// Its order alone is no merit: an index that narrows examines less.
	return a, merit{unique: c.points != nil, ranged: a.Narrowed}
}

// SeekKey appends the key of a mark in a sorted access, without the id.
func (a *Access) SeekKey(dst []byte, m *Mark) []byte {
	for _, p := range a.seek {
		if p.mark < 0 {
			dst = append(dst, p.pin...)
		} else {
			dst = AppendKey(dst, m.Values[p.mark], p.desc)
		}
	}
	return dst
}

// ordered sorts ranges and joins those that touch.
func ordered(rs []Range) []Range {
	slices.SortFunc(rs, func(a, b Range) int { return bytes.Compare(a.Lo, b.Lo) })
	out := rs[:0]
	for _, r := range rs {
		if n := len(out); n > 0 && (out[n-1].Hi == nil || bytes.Compare(r.Lo, out[n-1].Hi) < 0) {
			if out[n-1].Hi != nil && (r.Hi == nil || bytes.Compare(r.Hi, out[n-1].Hi) > 0) {
				out[n-1].Hi = r.Hi
			}
			continue
		}
		out = append(out, r)
	}
	return out
}
