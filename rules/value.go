package rules

import (
	"encoding/binary"
	"errors"
	"hash/maphash"
	"math"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// val is a BSON value: its type and bytes. Documents, claims, literals and
// results are all of this kind. The zero val is an error.
type val struct {
	T bson.Type
	B []byte
}

// alien is the type of a CEL value that BSON cannot hold (a duration, a type
// name): it equals nothing and has no order.
const alien bson.Type = 0x7E

func (v val) bad() bool { return v.T == 0 }

// str is the text of a string value.
func (v val) str() []byte { return v.B[4 : len(v.B)-1] }

func (v val) raw() data.Value { return data.Value{Type: v.T, Value: v.B} }

func docVal(d data.Doc) val {
	if len(d) == 0 {
		return val{}
	}
	return val{bson.TypeEmbeddedDocument, d}
}

var errCorrupt = errors.New("corrupt document")

// width is the length of a value of type t at the start of b; -1 for a type
// that rules do not know or a length that does not fit.
func width(t bson.Type, b []byte) int {
	n := -1
	switch t {
	case bson.TypeDouble, bson.TypeDateTime, bson.TypeInt64:
		n = 8
	case bson.TypeInt32:
		n = 4
	case bson.TypeBoolean:
		n = 1
	case bson.TypeNull:
		n = 0
	case bson.TypeObjectID:
		n = 12
	case bson.TypeDecimal128:
		n = 16
	case bson.TypeString, bson.TypeEmbeddedDocument, bson.TypeArray, bson.TypeBinary:
		if len(b) < 4 {
			return -1
		}
		n = int(int32(binary.LittleEndian.Uint32(b)))
		switch t {
		case bson.TypeString:
			n += 4
		case bson.TypeBinary:
			n += 5
		default:
		}
		if n < 5 { // all four need at least that
			return -1
		}
	default:
	}
	if n > len(b) {
		return -1
	}
	return n
}

// checked accepts a document that holds only the values rules know, whole and
// well-formed. All other code of this package trusts a checked document; what
// fails is denied as a whole, so that no unknown type hides the fields behind it.
func checked(d data.Doc) bool { return data.CheckDoc(d) == nil }

// clean remembers hashes of documents that passed checked: a document is
// checked once, not once a subscriber.
type clean [4096]atomic.Uint64

var cleanSeed = maphash.MakeSeed()

func (c *clean) known(d data.Doc) bool {
	h := maphash.Bytes(cleanSeed, d) | 1 // not 0, which is in an empty slot
	slot := &c[h>>1%uint64(len(c))]
	if slot.Load() == h {
		return true
	}
	if !checked(d) {
		return false
	}
	slot.Store(h)
	return true
}

// elems walks the values of a checked document or array.
type elems struct {
	b   []byte
	key []byte
	v   val
}

func walk(doc []byte) elems { return elems{b: doc[4 : len(doc)-1]} }

func (e *elems) next() bool {
	if len(e.b) == 0 {
		return false
	}
	t := bson.Type(e.b[0])
	i := 1
	for e.b[i] != 0 {
		i++
	}
	n := width(t, e.b[i+1:])
	if n < 0 {
		panic(errCorrupt) // an unchecked document: never "missing"
	}
	e.key, e.v, e.b = e.b[1:i], val{t, e.b[i+1 : i+1+n]}, e.b[i+1+n:]
	return true
}

// lookup finds the first field called key and says how many it passed.
func lookup(doc []byte, key string) (v val, ok bool, passed int) {
	for b := doc[4 : len(doc)-1]; len(b) > 0; passed++ { // walk, written out: the hot path
		i := 1
		for b[i] != 0 {
			i++
		}
		n := width(bson.Type(b[0]), b[i+1:])
		if n < 0 {
			panic(errCorrupt)
		}
		if i-1 == len(key) && string(b[1:i]) == key {
			return val{bson.Type(b[0]), b[i+1 : i+1+n]}, true, passed
		}
		b = b[i+1+n:]
	}
	return val{}, false, passed
}

func count(doc []byte) (n int) {
	for e := walk(doc); e.next(); n++ {
	}
	return n
}

func (v val) number() bool {
	return v.T == bson.TypeInt32 || v.T == bson.TypeInt64 || v.T == bson.TypeDouble || v.T == bson.TypeDecimal128
}

// int64 is the value of an int32, an int64 or a date.
func (v val) int64() int64 {
	if v.T == bson.TypeInt32 {
		return int64(int32(binary.LittleEndian.Uint32(v.B)))
	}
	return int64(binary.LittleEndian.Uint64(v.B))
}

func (v val) double() float64 { return math.Float64frombits(binary.LittleEndian.Uint64(v.B)) }

var null = val{T: bson.TypeNull}

func vInt(n int64) val {
	return val{bson.TypeInt64, binary.LittleEndian.AppendUint64(nil, uint64(n))}
}

func vBool(b bool) val {
	if b {
		return val{bson.TypeBoolean, []byte{1}}
	}
	return val{bson.TypeBoolean, []byte{0}}
}

func vStr(s string) val {
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, len(s)+5), uint32(len(s)+1))
	return val{bson.TypeString, append(append(b, s...), 0)}
}

// native encodes a Go value; what BSON cannot hold is an error.
func native(x any) val {
	t, b, err := bson.MarshalValue(x)
	if err != nil {
		return val{}
	}
	return val{t, b}
}

// builder writes a document or an array.
type builder struct{ b []byte }

func newBuilder(size int) *builder { return &builder{make([]byte, 4, size+5)} }

func (d *builder) add(key string, v val) *builder {
	d.b = append(d.b, byte(v.T))
	d.b = append(append(d.b, key...), 0)
	d.b = append(d.b, v.B...)
	return d
}

func (d *builder) str(key, s string) *builder {
	d.b = append(d.b, byte(bson.TypeString))
	d.b = append(append(d.b, key...), 0)
	d.b = binary.LittleEndian.AppendUint32(d.b, uint32(len(s)+1))
	d.b = append(append(d.b, s...), 0)
	return d
}

// strOrNull writes null for the empty string.
func (d *builder) strOrNull(key, s string) *builder {
	if s == "" {
		return d.add(key, null)
	}
	return d.str(key, s)
}

func (d *builder) done() []byte {
	d.b = append(d.b, 0)
	binary.LittleEndian.PutUint32(d.b, uint32(len(d.b)))
	return d.b
}
