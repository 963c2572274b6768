package rules

import (
	"bytes"
	"cmp"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// truth is the outcome of a boolean expression.
type truth int8

const (
	fail truth = iota // an error: denies
	yes
	no
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (t truth) not() truth { return [...]truth{fail, no, yes}[t] }

// class groups types that compare with each other.
func class(t bson.Type) bson.Type {
	switch t {
	case bson.TypeInt32, bson.TypeInt64, bson.TypeDouble, bson.TypeDecimal128:
		return bson.TypeDouble
	default:
	}
	return t
}

// equal: different types are unequal, never an error.
func equal(a, b val) truth {
	switch {
	case a.bad() || b.bad():
		return fail
	case class(a.T) != class(b.T) || a.T == alien:
		return no
	}
	switch {
	case a.number():
		return truthOf(cmpNum(a, b) == 0)
	case a.T == bson.TypeArray:
		return equalList(a, b)
	case a.T == bson.TypeEmbeddedDocument:
		return equalMap(a, b)
	}
	return truthOf(bytes.Equal(a.B, b.B))
}

func equalList(a, b val) truth {
	x, y := walk(a.B), walk(b.B)
	for x.next() {
		if !y.next() {
			return no
		}
		if r := equal(x.v, y.v); r != yes {
			return r
		}
	}
	return truthOf(!y.next())
}

// equalMap ignores the order of keys; of equal keys the first counts.
func equalMap(a, b val) truth {
	if count(a.B) > 256 || count(b.B) > 256 {
		return fail // quadratic below
	}
	for e := walk(a.B); e.next(); {
		av, _, _ := lookup(a.B, string(e.key))
		bv, ok, _ := lookup(b.B, string(e.key))
		if !ok {
			return no
		}
		if r := equal(av, bv); r != yes {
			return r
		}
	}
	for e := walk(b.B); e.next(); {
		if _, ok, _ := lookup(a.B, string(e.key)); !ok {
			return no
		}
	}
	return yes
}

// cmpNum orders two numbers exactly, whatever their types.
func cmpNum(a, b val) int {
	ai, bi := a.T == bson.TypeInt32 || a.T == bson.TypeInt64, b.T == bson.TypeInt32 || b.T == bson.TypeInt64
	switch {
	case ai && bi:
		return cmp.Compare(a.int64(), b.int64())
	case a.T == bson.TypeDouble && b.T == bson.TypeDouble && a.double() == b.double():
		return 0 // -0 and 0, too
	}
	return data.Compare(a.raw(), b.raw())
}

// order compares numbers, strings, booleans and dates with their own kind.
func order(a, b val) (int, bool) {
	if a.bad() || class(a.T) != class(b.T) {
		return 0, false
	}
	switch class(a.T) {
	case bson.TypeDouble:
		return cmpNum(a, b), true
	case bson.TypeString:
		return bytes.Compare(a.str(), b.str()), true
	case bson.TypeBoolean:
		return cmp.Compare(a.B[0], b.B[0]), true
	case bson.TypeDateTime:
		return cmp.Compare(a.int64(), b.int64()), true
	default:
	}
	return 0, false
}

// compare applies a comparison operator of filters.
func compare(op data.Operator, a, b val) truth {
	switch op {
	case data.OpEq:
		return equal(a, b)
	case data.OpNe:
		return equal(a, b).not()
	default:
	}
	c, ok := order(a, b)
	if !ok {
		return fail
	}
	switch op {
	case data.OpLt:
		return truthOf(c < 0)
	case data.OpLte:
		return truthOf(c <= 0)
	case data.OpGt:
		return truthOf(c > 0)
	default:
	}
	return truthOf(c >= 0)
}

// contains is `x in list` and `key in map`.
func contains(in, x val) truth {
	if x.bad() {
		return fail
	}
	switch in.T {
	case bson.TypeArray:
		res := no
		for e := walk(in.B); e.next(); {
			switch equal(e.v, x) {
			case yes:
				return yes
			case fail:
				res = fail
			default:
			}
		}
		return res
	case bson.TypeEmbeddedDocument:
		if x.T != bson.TypeString {
			return no
		}
		_, ok, _ := lookup(in.B, string(x.str()))
		return truthOf(ok)
	default:
	}
	return fail
}

// hasSome is list.hasAny(of), or with all list.hasAll(of).
func hasSome(list, of val, all bool) truth {
	if list.T != bson.TypeArray || of.T != bson.TypeArray {
		return fail
	}
	res := truthOf(all)
	for e := walk(of.B); e.next(); {
		switch r := contains(list, e.v); {
		case r == fail:
			res = fail
		case (r == yes) != all:
			return truthOf(!all)
		}
	}
	return res
}

// sizeOf counts elements or characters; a map has no size.
func sizeOf(v val) (int, bool) {
	switch v.T {
	case bson.TypeArray:
		return count(v.B), true
	case bson.TypeString:
		return utf8.RuneCount(v.str()), true
	default:
	}
	return 0, false
}
