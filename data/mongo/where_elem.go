package mongo

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// elem translates $elemMatch, which MongoDB has in two forms: of operators on
// the element itself, and of a filter on its fields.
func elem(w data.Where, depth int) (bson.Raw, bool) {
	kid := w.Kids[0]
	paths, values := kinds(kid)
	op := "$elemMatch"
	switch {
	case paths && values: // no form for both
		return on(w.Path, object(operator("$type", data.String("array")))), false
	case paths:
		f, exact := where(kid, depth+1)
		if f == nil {
			f = object()
		}
		return on(w.Path, object(inner(op, f))), exact
	case kid.Op == data.OpOr && len(kid.Kids) > 0: // some element passes this, or some that
		or := data.Where{Op: data.OpOr}
		for _, k := range kid.Kids {
			or.Kids = append(or.Kids, data.Where{Op: data.OpElem, Path: w.Path, Kids: []data.Where{k}})
		}
		return where(or, depth+1)
	}
	ops, exact := operators(kid, depth)
	return on(w.Path, object(inner(op, ops))), exact
}

// kinds tells whether conditions stand on fields of the element and on itself.
func kinds(w data.Where) (paths, values bool) {
	if w.Op == data.WhereAll {
		return false, false
	}
	if w.Op == data.OpElem || !logic(w.Op) {
		return w.Path != "", w.Path == ""
	}
	for _, k := range w.Kids {
		p, v := kinds(k)
		paths, values = paths || p, values || v
	}
	return paths, values
}

func logic(op data.Operator) bool {
	switch op {
	case data.OpAnd, data.OpOr, data.OpNor, data.OpNot:
		return true
	}
	return false
}

// operators writes conditions on a value as an object of operators; several of
// a kind may stand in one.
func operators(w data.Where, depth int) (bson.Raw, bool) {
	elems, exact := operatorList(nil, w, depth)
	if len(elems) == 0 {
		elems = append(elems, operator("$nin", data.Array())) // anything; {} would ask for an object
	}
	return object(elems...), exact
}

func operatorList(dst [][]byte, w data.Where, depth int) ([][]byte, bool) {
	if depth > maxDepth {
		return dst, false
	}
	switch w.Op {
	case data.WhereAll:
		return dst, true
	case data.OpAnd:
		exact := true
		for _, k := range w.Kids {
			var e bool
			dst, e = operatorList(dst, k, depth+1)
			exact = exact && e
		}
		return dst, exact
	case data.OpOr:
		switch len(w.Kids) {
		case 0:
			return append(dst, operator("$in", data.Array())), true
		case 1:
			return operatorList(dst, w.Kids[0], depth+1)
		}
		return dst, false
	case data.OpNot, data.OpNor: // not one of them is: not this, and not that
		exact := true
		for _, k := range w.Kids {
			ops, e := operators(k, depth+1)
			if e {
				dst = append(dst, inner("$not", ops))
			}
			exact = exact && e
		}
		return dst, exact
	case data.OpElem:
		if paths, values := kinds(w.Kids[0]); paths && !values {
			f, exact := where(w.Kids[0], depth+1)
			if f == nil {
				f = object()
			}
			return append(dst, inner("$elemMatch", f)), exact
		} else if paths {
			return append(dst, operator("$type", data.String("array"))), false
		}
		ops, exact := operators(w.Kids[0], depth+1)
		return append(dst, inner("$elemMatch", ops)), exact
	}
	op, exact := condition(w)
	if op != nil {
		dst = append(dst, op)
	}
	return dst, exact
}

func inner(name string, d bson.Raw) []byte {
	return operator(name, data.Value{Type: bson.TypeEmbeddedDocument, Value: d})
}
