package data

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"

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

// The entries of widths that are no length of their own.
const (
	widthNone   = -1 // not a type of documents
	widthString = -2 // a length, that many bytes
	widthDoc    = -3 // a length that counts itself
	widthBinary = -4 // a length, the subtype, that many bytes
)

// widths are the lengths of values by type.
var widths = func() (t [256]int8) {
	for i := range t {
		t[i] = widthNone
	}
	t[bson.TypeNull], t[bson.TypeBoolean], t[bson.TypeInt32] = 0, 1, 4
	t[bson.TypeDouble], t[bson.TypeDateTime], t[bson.TypeInt64] = 8, 8, 8
	t[bson.TypeObjectID], t[bson.TypeDecimal128] = 12, 16
	t[bson.TypeString], t[bson.TypeBinary] = widthString, widthBinary
	t[bson.TypeEmbeddedDocument], t[bson.TypeArray] = widthDoc, widthDoc
	return t
}()

// width is the length of a value of type t at the start of b; -1 for a type
// that documents do not hold or a length that does not fit.
func width(t bson.Type, b []byte) int {
	n := int(widths[t])
	if n < 0 {
		n = prefixedWidth(n, b)
	}
	if n > len(b) {
		return -1
	}
	return n
}

func prefixedWidth(kind int, b []byte) int {
	if kind == widthNone || len(b) < 4 {
		return -1
	}
	n := le32(b)
	switch kind {
	case widthString:
		n += 4
	case widthBinary:
		n += 5
	}
	if n < 5 { // all need at least that
		return -1
	}
	return n
}

func le32(b []byte) int { return int(int32(binary.LittleEndian.Uint32(b))) }

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
	i := nameEnd(b)
	t, rest := bson.Type(b[0]), b[i+1:]
	n := width(t, rest)
	if n < 0 {
		panic(errCorrupt)
	}
	e.key, e.v.Type, e.v.Value, e.b = b[1:i], t, rest[:n], rest[n:]
	return true
}

// nameEnd is where the name of the element at the start of b ends: the first 0
// from b[1] on. Names are short, so eight bytes are looked at in one.
func nameEnd(b []byte) int {
	const low, high = 0x0101010101010101, 0x8080808080808080
	i := 1
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		if zero := (w - low) &^ w & high; zero != 0 {
			return i + bits.TrailingZeros64(zero)>>3
		}
	}
	for ; i < len(b); i++ {
		if b[i] == 0 {
			return i
		}
	}
	panic(errCorrupt)
}

// fieldOf finds the first field called key.
func fieldOf(doc []byte, key string) (Value, bool) {
	if len(doc) < 5 {
		panic(errCorrupt)
	}
	for b := doc[4 : len(doc)-1]; len(b) > 0; { // walk, written out: the hot path
		i := nameEnd(b)
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
	return int64(binary.LittleEndian.Uint64(v.Value))
}

func doubleOf(v Value) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(v.Value)) }

func isNumber(v Value) bool {
	switch v.Type {
	case bson.TypeInt32, bson.TypeInt64, bson.TypeDouble, bson.TypeDecimal128:
		return true
	}
	return false
}
