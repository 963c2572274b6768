package data

// InOrder is the best walk in the order of a query, nil where there is none: what
// is left for a page where the walk that narrows best, of another order, met more
// documents than may be examined or sorted.
func InOrder(ixs []Built, w Where, o []Order) *Access {
	var buf [16]*Where
	s := survey{leaves: flatten(buf[:0], &w), order: o}
	best, rank := s.byID()
	found := best.Sorted
	for i := range ixs {
		if l, m := s.index(i, &ixs[i]); m.sorted && (!found || m.better(rank)) {
			best, rank, found = l.access(), m, true
		}
	}
	if !found {
		return nil
	}
	return best
}

// OrdersByID reports whether documents in this order are in that of their ids.
func OrdersByID(o []Order) bool { return len(o) == 0 || o[0].Path == FieldID }
