package data

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

// Canonical is the query as text, equal for equal queries and for no others
// (limit and after left out): the parts of $and, $or and $nor, the values of
// lists and the paths of select stand in an order of their own, numbers without
// their type.
func (q Query) Canonical() string {
	b := strconv.AppendQuote(make([]byte, 0, 256), q.From)
	b = q.Where.appendCanonical(append(b, " where "...))
	b = append(b, " by"...)
	for _, o := range q.OrderBy {
		b = append(b, ' ')
		if o.Desc {
			b = append(b, '-')
		}
		b = strconv.AppendQuote(b, o.Path)
	}
	if len(q.Select) > 0 {
		b = append(b, " select"...)
		paths := slices.Clone(q.Select)
		slices.Sort(paths)
		for _, p := range slices.Compact(paths) {
			b = strconv.AppendQuote(append(b, ' '), p)
		}
	}
	if q.Count {
		b = append(b, " count"...)
	}
	return string(b)
}

// Canonical is the filter as text, equal for equal filters and for no others.
func (w Where) Canonical() string { return string(w.appendCanonical(nil)) }

func (w Where) appendCanonical(b []byte) []byte {
	b = append(b, w.Op...)
	b = append(b, '(')
	switch w.Op {
	case WhereAll:
	case OpAnd, OpOr, OpNor:
		kids := make([]string, len(w.Kids))
		for i, k := range w.Kids {
			kids[i] = k.Canonical()
		}
		slices.Sort(kids)
		b = append(b, strings.Join(slices.Compact(kids), ",")...)
	case OpNot, OpElem:
		b = strconv.AppendQuote(b, w.Path)
		for _, k := range w.Kids {
			b = k.appendCanonical(append(b, ','))
		}
	case OpIn, OpNin:
		b = strconv.AppendQuote(b, w.Path)
		vs := slices.SortedFunc(Elements(w.Value), Compare)
		for _, v := range slices.CompactFunc(vs, Equal) {
			b = hex.AppendEncode(append(b, ','), AppendKey(nil, v, false))
		}
	default:
		b = strconv.AppendQuote(b, w.Path)
		b = hex.AppendEncode(append(b, ','), AppendKey(nil, w.Value, false))
	}
	return append(b, ')')
}
