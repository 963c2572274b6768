package data

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Null is the value null.
func Null() Value { return Value{Type: bson.TypeNull} }

// Bool makes a boolean.
func Bool(b bool) Value {
	if b {
		return Value{Type: bson.TypeBoolean, Value: []byte{1}}
	}
	return Value{Type: bson.TypeBoolean, Value: []byte{0}}
}

// Int makes an int32 where n fits, else an int64, as number literals do.
func Int(n int64) Value {
	if n >= math.MinInt32 && n <= math.MaxInt32 {
		return Value{Type: bson.TypeInt32, Value: binary.LittleEndian.AppendUint32(nil, uint32(n))}
	}
	return Int64(n)
}

// Int64 makes an int64.
func Int64(n int64) Value {
	return Value{Type: bson.TypeInt64, Value: binary.LittleEndian.AppendUint64(nil, uint64(n))}
}

// Double makes a double; f is finite.
func Double(f float64) Value {
	return Value{Type: bson.TypeDouble, Value: binary.LittleEndian.AppendUint64(nil, math.Float64bits(f))}
}

// Decimal makes a decimal128; d is finite.
func Decimal(d bson.Decimal128) Value {
	hi, lo := d.GetBytes()
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, 16), lo)
	return Value{Type: bson.TypeDecimal128, Value: binary.LittleEndian.AppendUint64(b, hi)}
}

// String makes a string; s is valid UTF-8.
func String(s string) Value {
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, len(s)+5), uint32(len(s)+1))
	return Value{Type: bson.TypeString, Value: append(append(b, s...), 0)}
}

// Date makes a date of millisecond precision.
func Date(t time.Time) Value { return dateMs(t.UnixMilli()) }

func dateMs(ms int64) Value {
	return Value{Type: bson.TypeDateTime, Value: binary.LittleEndian.AppendUint64(nil, uint64(ms))}
}

// Object makes an object value of a document.
func Object(d Doc) Value { return Value{Type: bson.TypeEmbeddedDocument, Value: d} }

// Array makes an array.
func Array(vs ...Value) Value {
	b := startDoc(nil)
	for i, v := range vs {
		b = appendIndexed(b, i, v)
	}
	return Value{Type: bson.TypeArray, Value: endDoc(b, 0)}
}

// Elem is a named value.
type Elem struct {
	Name  string
	Value Value
}

// NewDoc makes a document of fields with distinct names; zero Values are left out.
func NewDoc(fields ...Elem) Doc {
	b := startDoc(nil)
	for _, f := range fields {
		if f.Value.Type != 0 {
			b = appendElem(b, f.Name, f.Value)
		}
	}
	return endDoc(b, 0)
}

// With gives d with fields set: in place where d has them, else at the end in
// the order given. A zero Value takes the field out.
func With(d Doc, fields ...Elem) Doc {
	size := len(d) + 8
	for _, f := range fields {
		size += len(f.Name) + len(f.Value.Value) + 2
	}
	b := startDoc(make([]byte, 0, size))
	var seen uint64 // fields met in d; a handful is usual
	find := func(key []byte) int {
		for i := range fields {
			if string(key) == fields[i].Name {
				return i
			}
		}
		return -1
	}
	if len(d) > 0 {
		for e := walk(d); e.next(); {
			i := find(e.key)
			if i < 0 {
				b = appendElem(b, e.key, e.v)
				continue
			}
			if i < 64 {
				seen |= 1 << i
			}
			if fields[i].Value.Type != 0 {
				b = appendElem(b, e.key, fields[i].Value)
			}
		}
	}
	for i, f := range fields {
		if f.Value.Type == 0 || i < 64 && seen&(1<<i) != 0 || i >= 64 && has(d, f.Name) {
			continue
		}
		b = appendElem(b, f.Name, f.Value)
	}
	return endDoc(b, 0)
}

// Without gives d without the fields named.
func Without(d Doc, names ...string) Doc {
	fields := make([]Elem, len(names))
	for i, n := range names {
		fields[i].Name = n
	}
	return With(d, fields...)
}

func has(d Doc, name string) bool {
	if len(d) == 0 {
		return false
	}
	_, ok := fieldOf(d, name)
	return ok
}

func startDoc(b []byte) []byte { return append(b, 0, 0, 0, 0) }

// endDoc closes the document that began at start.
func endDoc(b []byte, start int) []byte {
	b = append(b, 0)
	binary.LittleEndian.PutUint32(b[start:], uint32(len(b)-start))
	return b
}

func appendElem[N string | []byte](b []byte, name N, v Value) []byte {
	b = append(b, byte(v.Type))
	b = append(b, name...)
	b = append(b, 0)
	return append(b, v.Value...)
}

func appendIndexed(b []byte, i int, v Value) []byte {
	b = append(b, byte(v.Type))
	b = strconv.AppendInt(b, int64(i), 10)
	b = append(b, 0)
	return append(b, v.Value...)
}

func appendIndex(b []byte, i int) []byte { return strconv.AppendInt(b, int64(i), 10) }
