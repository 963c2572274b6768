package data

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// maxNesting is deeper than any limit allows and keeps recursion bounded on
// bytes that nobody has checked.
const maxNesting = 100

func invalid(field, format string, args ...any) *hutch.Error {
	e := hutch.Errorf(hutch.InvalidArgument, format, args...)
	e.Field = clip(field)
	return e
}

// under prefixes the field of e by a name.
func under(e *hutch.Error, name string) *hutch.Error { return e.At(clip(name)) }

// clip keeps answers from repeating a name of any length.
func clip(name string) string {
	const most = 128
	if len(name) <= most {
		return name
	}
	return strings.ToValidUTF8(name[:most], "") + "..."
}

// CheckDoc walks a whole document: well-formed, only the types of values, finite
// numbers, valid UTF-8. Rules judge only documents that pass.
func CheckDoc(d Doc) error {
	if e := checkDoc(d, false, 1); e != nil {
		return e
	}
	return nil
}

func checkDoc(doc []byte, array bool, depth int) *hutch.Error {
	if len(doc) < 5 || le32(doc) != len(doc) || doc[len(doc)-1] != 0 {
		return invalid("", "this is no well-formed BSON document")
	}
	if depth > maxNesting {
		return invalid("", "nested deeper than %d", maxNesting)
	}
	index := 0
	for b := doc[4 : len(doc)-1]; len(b) > 0; index++ {
		i := bytes.IndexByte(b[1:], 0)
		if i < 0 || !utf8.Valid(b[1:i+1]) {
			return invalid("", "a field name is not valid")
		}
		key, t := b[1:i+1], bson.Type(b[0])
		b = b[i+2:]
		n := width(t, b)
		switch {
		case n < 0:
			return at(invalid("", "BSON type 0x%02x or its length is not one of a document's", byte(t)), array, key)
		case array && !isIndex(key, index):
			return at(invalid("", "the indexes of an array are out of order"), array, key)
		}
		if e := checkValue(Value{Type: t, Value: b[:n]}, depth); e != nil {
			return at(e, array, key)
		}
		b = b[n:]
	}
	return nil
}

func checkValue(v Value, depth int) *hutch.Error {
	ok := true
	switch v.Type {
	case bson.TypeEmbeddedDocument, bson.TypeArray:
		return checkDoc(v.Value, v.Type == bson.TypeArray, depth+1)
	case bson.TypeString:
		ok = v.Value[len(v.Value)-1] == 0 && utf8.Valid(strOf(v))
	case bson.TypeBoolean:
		ok = v.Value[0] <= 1
	case bson.TypeDouble:
		ok = !math.IsNaN(doubleOf(v)) && !math.IsInf(doubleOf(v), 0)
	case bson.TypeBinary:
		ok = v.Value[4] == 0 || v.Value[4] == bson.TypeBinaryUUID
	case bson.TypeDecimal128:
		_, ok = decimalOf(v)
	}
	if !ok {
		return invalid("", "the value is not one that documents hold")
	}
	return nil
}

// at prefixes the field of e by a name or an index.
func at(e *hutch.Error, array bool, key []byte) *hutch.Error {
	if array {
		return e.At("[" + string(key) + "]")
	}
	return under(e, string(key))
}

// isIndex reports whether key spells n.
func isIndex(key []byte, n int) bool {
	if n < 10 {
		return len(key) == 1 && key[0] == byte('0'+n)
	}
	var buf [20]byte
	return bytes.Equal(key, strconv.AppendInt(buf[:0], int64(n), 10))
}

// CheckFields refuses the names that documents may not have: a leading `$` or a
// dot at any depth, and a leading `_` at the top, the names in allowed apart.
// Bodies that carry documents pass it before anything else looks at them.
func CheckFields(d Doc, allowed ...string) error {
	if len(d) == 0 {
		return nil
	}
next:
	for e := walk(d); e.next(); {
		if e.key[0] == '_' {
			for _, a := range allowed {
				if string(e.key) == a {
					continue next
				}
			}
			return invalid(string(e.key), "names with a leading _ are the system's")
		}
		if err := checkName(e.key); err != nil {
			return err
		}
		if err := checkInside(e.v); err != nil {
			return under(err, string(e.key))
		}
	}
	return nil
}

func checkName(key []byte) *hutch.Error {
	switch {
	case len(key) == 0:
		return invalid("", "a field name is empty")
	case key[0] == '$':
		return invalid(string(key), "a field name may not begin with $")
	case bytes.IndexByte(key, '.') >= 0:
		return invalid(string(key), "a field name may not hold a dot")
	}
	return nil
}

// checkInside refuses illegal names inside a value.
func checkInside(v Value) *hutch.Error {
	array := v.Type == bson.TypeArray
	if !array && v.Type != bson.TypeEmbeddedDocument {
		return nil
	}
	for e := walk(v.Value); e.next(); {
		if !array {
			if err := checkName(e.key); err != nil {
				return err
			}
		}
		if err := checkInside(e.v); err != nil {
			return at(err, array, e.key)
		}
	}
	return nil
}

// Depth is how deep a checked document nests: 1 without objects and arrays in it.
func Depth(d Doc) int {
	if len(d) == 0 {
		return 0
	}
	deepest := 0
	for e := walk(d); e.next(); {
		if e.v.Type == bson.TypeEmbeddedDocument || e.v.Type == bson.TypeArray {
			deepest = max(deepest, Depth(e.v.Value))
		}
	}
	return deepest + 1
}
