package data

import (
	"slices"
	"strings"
)

// clausePaths gives the paths that every match of w compares: with equality, and
// otherwise in a way an index could narrow.
func clausePaths(w Where) (equal, other []string) {
	switch w.Op {
	case OpAnd:
		for _, k := range w.Kids {
			e, o := clausePaths(k)
			equal, other = append(equal, e...), append(other, o...)
		}
	case OpEq, OpIn:
		equal = append(equal, w.Path)
	case OpGt, OpGte, OpLt, OpLte, OpStarts:
		other = append(other, w.Path)
	}
	return equal, other
}

// adviseIndex names the index that p could use: equalities, then the order or a range.
func adviseIndex(p *Plan) string {
	equal, other := clausePaths(p.Where)
	fields := slices.Clone(equal)
	for _, o := range p.OrderBy {
		if o.Desc {
			fields = append(fields, "-"+o.Path)
		} else {
			fields = append(fields, o.Path)
		}
	}
	if len(p.OrderBy) == 0 {
		fields = append(fields, other...)
	}
	var distinct []string
	for _, f := range fields {
		name := strings.TrimPrefix(f, "-")
		if name != FieldID && !slices.Contains(distinct, name) && !slices.Contains(distinct, "-"+name) {
			distinct = append(distinct, f)
		}
	}
	distinct = distinct[:min(len(distinct), 4)]
	if len(distinct) == 0 {
		return "none; the filter compares nothing that an index orders"
	}
	return "[" + strings.Join(distinct, ", ") + "]"
}
