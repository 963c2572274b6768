package rules

import (
	"bytes"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// equality is what a query asks of a field of each document: a scalar.
type equality struct {
	path string
	v    val
}

type equalities []equality

func (known equalities) of(path string) (val, bool) {
	for i := range known {
		if known[i].path == path {
			return known[i].v, true
		}
	}
	return val{}, false
}

func (known equalities) equal(other equalities) bool {
	return slices.EqualFunc(known, other, func(a, b equality) bool {
		return a.path == b.path && a.v.T == b.v.T && bytes.Equal(a.v.B, b.v.B)
	})
}

// clone keeps the equalities beyond the request that asked them.
func (known equalities) clone() equalities {
	out := make(equalities, len(known))
	for i, k := range known {
		out[i] = equality{strings.Clone(k.path), val{k.v.T, bytes.Clone(k.v.B)}}
	}
	return out
}

// reduced is a filter under the equalities of a query.
type reduced struct {
	of    *folded
	under equalities
	folded
}

func equalitiesOf(w data.Where, to equalities) equalities {
	switch w.Op {
	case data.OpAnd:
		for _, k := range w.Kids {
			to = equalitiesOf(k, to)
		}
	case data.OpEq:
		v := val{w.Value.Type, w.Value.Value}
		if !scalar(v) || v.T == bson.TypeNull || v.bad() { // null also matches what is missing
			return to
		}
		if _, twice := to.of(w.Path); !twice { // two values: an array may hold both
			to = append(to, equality{w.Path, v})
		}
	default:
	}
	return to
}

// reduce decides the tests of a filter that the query's own equalities decide,
// so that callers whose rules differ only there share one filter. For every
// document that the query matches the result is what w is.
//
// Where the query says p == v, p is v or an array that holds it. Each test
// beside a guard "p is no array" is decided as of v, the guard stays; tests of
// arrays stay, too. See the tests for why each form of rails.go allows it.
func reduce(w data.Where, known equalities) data.Where {
	switch w.Op {
	case data.WhereAll:
		return w
	case data.OpAnd, data.OpOr:
		kids := make([]data.Where, len(w.Kids))
		for i, k := range w.Kids {
			kids[i] = reduce(k, known)
		}
		if w.Op == data.OpAnd {
			return data.And(kids...)
		}
		return or(kids...)
	case data.OpNot:
		if k := w.Kids[0]; k.Path != "" && k.Op != data.OpElem {
			if r := decide(k, known); always(r) || r.IsNever() {
				return not(r)
			}
		}
		return w
	default:
	}
	return decide(w, known)
}

// decide gives the constant that a single test is, or the test.
func decide(w data.Where, known equalities) data.Where {
	v, ok := known.of(w.Path)
	if !ok {
		return w
	}
	a := val{w.Value.Type, w.Value.Value}
	res := fail
	switch w.Op {
	case data.OpEq, data.OpNe, data.OpLt, data.OpLte, data.OpGt, data.OpGte:
		res = compare(w.Op, v, a)
		if res == fail { // no order between them
			res = no
		}
	case data.OpIn:
		res = contains(a, v)
	case data.OpNin:
		res = contains(a, v).not()
	case data.OpExists:
		res = truthOf(a.B[0] == 1)
	case data.OpType:
		switch string(a.str()) {
		case "null", "object":
			res = no
		case "string":
			res = truthOf(v.T == bson.TypeString)
		}
	case data.OpStarts, data.OpContains:
		switch {
		case v.T != bson.TypeString:
			res = no
		case w.Op == data.OpStarts:
			res = truthOf(bytes.HasPrefix(v.str(), a.str()))
		default:
			res = truthOf(bytes.Contains(v.str(), a.str()))
		}
	default:
	}
	if res == fail {
		return w
	}
	return railOf(res, true)
}

// names reports whether a filter tests one of the paths.
func (known equalities) names(w data.Where) bool {
	if _, ok := known.of(w.Path); ok && w.Path != "" {
		return true
	}
	for _, k := range w.Kids {
		if w.Op != data.OpElem && known.names(k) {
			return true
		}
	}
	return false
}
