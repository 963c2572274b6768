package data

// layout is how an index would serve a query.
type layout struct {
	i       int
	ix      *Built
	cons    []constraint // of the leading fields that are bounded
	fixed   int          // leading fields with exactly one value
	sorted  bool
	reverse bool
	seek    []seekPart
}

const maxRanges = 1000

// index measures an index.
func (s *survey) index(i int, ix *Built) (*layout, merit) {
	l := &layout{i: i, ix: ix}
	ranges, eq := 1, 0
	points := true // all fields so far have points
	for f := range ix.Fields {
		c := s.constraint(ix.Fields[f].Path, ix.Many&(1<<f) != 0)
		if c.points == nil && !c.bounded() {
			break
		}
		if n := len(c.points); n > 0 && ranges*n > maxRanges {
			break
		} else if n > 0 {
			ranges *= n
		}
		l.cons = append(l.cons, c)
		if c.points == nil {
			points = false
			break
		}
		eq++
		if len(c.points) == 1 && l.fixed == f {
			l.fixed++
		}
	}
	s.orderBy(l)
	m := merit{
		unique: ix.Unique && eq == len(ix.Fields), eq: eq, sorted: l.sorted,
		ranged: len(l.cons) > 0 && !points, fields: len(ix.Fields),
	}
	return l, m
}

// orderBy finds out whether the index yields the query's order: its fields are,
// after those with one value, the keys of the order, and what is left has one
// value too. Equal keys come by _id.
func (s *survey) orderBy(l *layout) {
	fields := l.ix.Fields
	seek := make([]seekPart, len(fields))
	k := 0 // fields matched
	pin := func(f int) bool {
		if f < l.fixed {
			seek[f] = seekPart{pin: AppendKey(nil, l.cons[f].points[0], fields[f].Desc), mark: -1}
			return true
		}
		if l.ix.Many&(1<<f) != 0 {
			return false
		}
		c := s.constraint(fields[f].Path, false)
		if len(c.points) != 1 {
			return false
		}
		seek[f] = seekPart{pin: AppendKey(nil, c.points[0], fields[f].Desc), mark: -1}
		return true
	}
	turned := false // whether the direction is settled
	for n, o := range s.order {
		if o.Path == FieldID {
			if o.Desc {
				return
			}
			break // nothing behind it counts
		}
		if f := l.fixedField(o.Path); f >= 0 && l.ix.Many&(1<<f) == 0 {
			continue // one value: no order
		}
		for k < len(fields) && fields[k].Path != o.Path && pin(k) {
			k++
		}
		if k == len(fields) || fields[k].Path != o.Path || l.ix.Many&(1<<k) != 0 {
			return
		}
		if back := fields[k].Desc != o.Desc; !turned {
			l.reverse, turned = back, true
		} else if back != l.reverse {
			return
		}
		seek[k] = seekPart{mark: n, desc: fields[k].Desc}
		k++
	}
	for ; k < len(fields); k++ {
		if !pin(k) {
			return
		}
	}
	l.sorted, l.seek = true, seek
}

// fixedField gives the field of one value with a path, -1 if there is none.
func (l *layout) fixedField(path string) int {
	for f := range l.fixed {
		if l.ix.Fields[f].Path == path {
			return f
		}
	}
	return -1
}

// access makes the key ranges.
func (l *layout) access() *Access {
	a := &Access{Index: l.i, Name: l.ix.Name, Sorted: l.sorted, Reverse: l.sorted && l.reverse, seek: l.seek}
	a.Narrowed, a.All, a.bounded = len(l.cons) > 0, len(l.cons) == 0, len(l.cons)
	a.Again = l.ix.Many>>l.fixed != 0
	rs := []Range{{}}
	for f := range l.cons {
		c, desc := &l.cons[f], l.ix.Fields[f].Desc
		next := make([]Range, 0, len(rs)*max(len(c.points), 1))
		for _, r := range rs { // so far one key each: the fields before
			if c.points == nil {
				next = append(next, c.span(r.Lo, desc))
				continue
			}
			for _, v := range c.points {
				lo := AppendKey(append(make([]byte, 0, len(r.Lo)+24), r.Lo...), v, desc)
				next = append(next, Range{lo, after(lo)})
			}
		}
		rs = next
	}
	if !a.All {
		a.Ranges = ordered(rs)
	}
	return a
}

// after is the least key behind all that begin with k.
func after(k []byte) []byte {
	b := append(make([]byte, 0, len(k)), k...)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] != 0xff {
			b[i]++
			return b[:i+1]
		}
	}
	return nil
}
