package data

import (
	"bytes"
	"cmp"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// ranks are the places of types in MongoDB's order; missing is null.
var ranks = [256]byte{
	typeUndefined: 2,
	0:             5, bson.TypeNull: 5,
	bson.TypeInt32: 10, bson.TypeInt64: 10, bson.TypeDouble: 10, bson.TypeDecimal128: 10,
	bson.TypeString:           15,
	bson.TypeEmbeddedDocument: 20,
	bson.TypeArray:            25,
	bson.TypeBinary:           30,
	bson.TypeObjectID:         35,
	bson.TypeBoolean:          40,
	bson.TypeDateTime:         45,
}

func rank(t bson.Type) byte {
	r := ranks[t]
	if r == 0 {
		panic(errCorrupt)
	}
	return r
}

// Compare orders two values as MongoDB sorts them: types, numbers exactly,
// strings by bytes. The zero Value (missing) sorts as null.
func Compare(a, b Value) int {
	if ra, rb := rank(a.Type), rank(b.Type); ra != rb {
		return cmp.Compare(ra, rb)
	}
	return compareKind(a, b)
}

// compareKind orders values of one rank.
func compareKind(a, b Value) int {
	switch a.Type {
	case bson.TypeInt32, bson.TypeInt64, bson.TypeDouble, bson.TypeDecimal128:
		return compareNumbers(a, b)
	case bson.TypeString:
		return bytes.Compare(strOf(a), strOf(b))
	case bson.TypeEmbeddedDocument:
		return compareDocs(a.Value, b.Value, true)
	case bson.TypeArray:
		return compareDocs(a.Value, b.Value, false)
	case bson.TypeBinary: // length, subtype, bytes
		if c := cmp.Compare(len(a.Value), len(b.Value)); c != 0 {
			return c
		}
		return bytes.Compare(a.Value[4:], b.Value[4:])
	case bson.TypeObjectID, bson.TypeBoolean:
		return bytes.Compare(a.Value, b.Value)
	case bson.TypeDateTime:
		return cmp.Compare(intOf(a), intOf(b))
	}
	return 0
}

// Equal is equality of queries: numbers across types, nothing else. Missing
// equals null.
func Equal(a, b Value) bool {
	if a.Type == b.Type && bytes.Equal(a.Value, b.Value) {
		return true
	}
	return Compare(a, b) == 0
}

// compareDocs compares field by field: type, name, value; the shorter of two is less.
func compareDocs(a, b []byte, names bool) int {
	x, y := walk(a), walk(b)
	for {
		l, r := x.next(), y.next()
		switch {
		case !l && !r:
			return 0
		case !l:
			return -1
		case !r:
			return 1
		}
		if c := cmp.Compare(rank(x.v.Type), rank(y.v.Type)); c != 0 {
			return c
		}
		if names {
			if c := bytes.Compare(x.key, y.key); c != 0 {
				return c
			}
		}
		if c := Compare(x.v, y.v); c != 0 {
			return c
		}
	}
}
