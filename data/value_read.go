package data

import (
	"iter"
	"math"

	"go.mongodb.org/mongo-driver/v2/bson"
)

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

// IsNull reports whether v is null (not missing).
func IsNull(v Value) bool { return v.Type == bson.TypeNull }
