package data

import (
	"encoding/binary"
	"errors"
	"iter"
	"math"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// errCorrupt is what readers of unchecked bytes panic with: a type or length
// they do not know never passes for a missing field.
var errCorrupt = errors.New("corrupt document")

// typeUndefined is the sort key of an empty array, below null as in MongoDB; no
// document holds it.
const typeUndefined = bson.TypeUndefined

// none is the value of a field that is not there.
var none Value

// width is the length of a value of type t at the start of b; -1 for a type
// that documents do not hold or a length that does not fit.
func width(t bson.Type, b []byte) int {
	n := -1
	switch t {
	case bson.TypeInt32:
		n = 4
	case bson.TypeString, bson.TypeEmbeddedDocument, bson.TypeArray, bson.TypeBinary:
		if len(b) < 4 {
			return -1
		}
		n = le32(b)
		switch t {
		case bson.TypeString:
			n += 4
		case bson.TypeBinary:
			n += 5
		}
		if n < 5 { // all four need at least that
			return -1
		}
	case bson.TypeDouble, bson.TypeDateTime, bson.TypeInt64:
		n = 8
	case bson.TypeBoolean:
		n = 1
	case bson.TypeNull:
		n = 0
	case bson.TypeObjectID:
		n = 12
	case bson.TypeDecimal128:
		n = 16
	}
	if n > len(b) {
		return -1
	}
	return n
}

func le32(b []byte) int { return int(int32(binary.LittleEndian.Uint32(b))) } //nolint:gosec // BSON's int32

// elems walks the elements of a document or array.
type elems struct {
	b   []byte
	key []byte
	v   Value
}

func walk(doc []byte) elems {
	if len(doc) < 5 {
		panic(errCorrupt)
	}
	return elems{b: doc[4 : len(doc)-1]}
}

func (e *elems) next() bool {
	b := e.b
	if len(b) == 0 {
		return false
	}
	i := 1
	for i < len(b) && b[i] != 0 {
		i++
	}
	if i == len(b) {
		panic(errCorrupt)
	}
	t, rest := bson.Type(b[0]), b[i+1:]
	n := width(t, rest)
	if n < 0 {
		panic(errCorrupt)
	}
	e.key, e.v.Type, e.v.Value, e.b = b[1:i], t, rest[:n], rest[n:]
	return true
}

// fieldOf finds the first field called key.
func fieldOf(doc []byte, key string) (Value, bool) {
	if len(doc) < 5 {
		panic(errCorrupt)
	}
	for b := doc[4 : len(doc)-1]; len(b) > 0; { // walk, written out: the hot path
		i := 1
		for i < len(b) && b[i] != 0 {
			i++
		}
		if i == len(b) {
			panic(errCorrupt)
		}
		t, rest := bson.Type(b[0]), b[i+1:]
		n := width(t, rest)
		if n < 0 {
			panic(errCorrupt)
		}
		if i-1 == len(key) && string(b[1:i]) == key {
			return Value{Type: t, Value: rest[:n]}, true
		}
		b = rest[n:]
	}
	return none, false
}

// strOf is the text of a string value.
func strOf(v Value) []byte { return v.Value[4 : len(v.Value)-1] }

func intOf(v Value) int64 {
	if v.Type == bson.TypeInt32 {
		return int64(le32(v.Value))
	}
	return int64(binary.LittleEndian.Uint64(v.Value)) //nolint:gosec // BSON's int64
}

func doubleOf(v Value) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(v.Value)) }

func isNumber(v Value) bool {
	switch v.Type {
	case bson.TypeInt32, bson.TypeInt64, bson.TypeDouble, bson.TypeDecimal128:
		return true
	}
	return false
}

// Fields yields the fields of a checked document in order.
func Fields(d Doc) iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if len(d) == 0 {
			return
		}
		for e := walk(d); e.next(); {
			if !yield(string(e.key), e.v) {
				return
			}
		}
	}
}

// Elements yields the elements of a checked array; nothing for other values.
func Elements(v Value) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Type != bson.TypeArray {
			return
		}
		for e := walk(v.Value); e.next(); {
			if !yield(e.v) {
				return
			}
		}
	}
}

func count(arr []byte) (n int) {
	for e := walk(arr); e.next(); n++ {
	}
	return n
}

// Field gives the value at a dotted path through objects; the zero Value is
// missing. d has passed CheckDoc: it panics on what that refuses.
func Field(d Doc, path string) Value {
	if len(d) == 0 {
		return none
	}
	doc := []byte(d)
	for {
		name, rest, more := cutPath(path)
		v, ok := fieldOf(doc, name)
		if !ok || !more {
			return v
		}
		if v.Type != bson.TypeEmbeddedDocument {
			return none
		}
		doc, path = v.Value, rest
	}
}

// Text is the string in v, "" for another type.
func Text(v Value) string {
	if v.Type != bson.TypeString {
		return ""
	}
	return string(strOf(v))
}

// Integer is the whole number in v (int32, int64, or a double without fraction).
func Integer(v Value) (int64, bool) {
	switch v.Type {
	case bson.TypeInt32, bson.TypeInt64:
		return intOf(v), true
	case bson.TypeDouble:
		if f := doubleOf(v); f >= -1<<63 && f < 1<<63 && f == math.Trunc(f) {
			return int64(f), true
		}
	}
	return 0, false
}
