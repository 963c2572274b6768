package rules

import (
	"errors"
	"math"
	"reflect"
	"strconv"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// What cel-go sees of our values, and back. Documents and arrays are resolved
// lazily over the raw bytes; what CEL has no type for is an opaque, which only
// our own comparisons understand.

type base struct{ v val }

var errConvert = errors.New("unsupported conversion")

func (b base) ConvertToNative(reflect.Type) (any, error) { return nil, errConvert }
func (b base) Equal(o ref.Val) ref.Val                   { return toBool(equal(b.v, fromCEL(o))) }
func (b base) Value() any                                { return b.v }

// opaque is a decimal, an ObjectId or a UUID: no functions, no arithmetic.
type opaque struct{ base }

var opaqueType = types.NewOpaqueType("bson")

func (r opaque) Type() ref.Type                     { return opaqueType }
func (r opaque) ConvertToType(ref.Type) ref.Val     { return types.NewErr("type conversion error") }
func (m *rawMap) Type() ref.Type                    { return types.MapType }
func (m *rawMap) Contains(k ref.Val) ref.Val        { _, ok := m.Find(k); return types.Bool(ok) }
func (m *rawMap) Size() ref.Val                     { return types.NewErr("a map has no size") }
func (l *rawList) Type() ref.Type                   { return types.ListType }
func (l *rawList) ConvertToType(t ref.Type) ref.Val { return l.all().ConvertToType(t) }
func (l *rawList) Value() any                       { return l.all().Value() }
func (l *rawList) Add(o ref.Val) ref.Val            { return l.all().Add(o) }
func (l *rawList) Get(i ref.Val) ref.Val            { return l.all().Get(i) }
func (l *rawList) Iterator() traits.Iterator        { return l.all().Iterator() }
func (l *rawList) Size() ref.Val                    { return types.Int(count(l.v.B)) }
func (l *rawList) Contains(o ref.Val) ref.Val       { return toBool(contains(l.v, fromCEL(o))) }

// rawMap is a document as a CEL map.
type rawMap struct{ base }

func (m *rawMap) ConvertToType(t ref.Type) ref.Val {
	if t == types.TypeType {
		return types.MapType
	}
	return types.NewErr("type conversion error")
}

func (m *rawMap) Find(k ref.Val) (ref.Val, bool) {
	if s, ok := k.(types.String); ok {
		if v, ok, _ := lookup(m.v.B, string(s)); ok {
			return toCEL(v), true
		}
	}
	return nil, false
}

func (m *rawMap) Get(k ref.Val) ref.Val {
	if v, ok := m.Find(k); ok {
		return v
	}
	return types.NewErr("no such key: %v", k)
}

func (m *rawMap) Iterator() traits.Iterator {
	return types.NewRefValList(types.DefaultTypeAdapter, nil).Iterator()
}

// rawList is an array as a CEL list, materialised at the first use.
type rawList struct {
	base
	list traits.Lister
}

func (l *rawList) all() traits.Lister {
	if l.list == nil {
		var vals []ref.Val
		for e := walk(l.v.B); e.next(); {
			vals = append(vals, toCEL(e.v))
		}
		l.list = types.NewRefValList(types.DefaultTypeAdapter, vals)
	}
	return l.list
}

func (l *rawList) ConvertToNative(t reflect.Type) (any, error) { return l.all().ConvertToNative(t) }

func toCEL(v val) ref.Val {
	switch v.T {
	case bson.TypeString:
		return types.String(v.str())
	case bson.TypeInt32, bson.TypeInt64:
		return types.Int(v.int64())
	case bson.TypeDouble:
		return types.Double(v.double())
	case bson.TypeBoolean:
		return types.Bool(v.B[0] == 1)
	case bson.TypeNull:
		return types.NullValue
	case bson.TypeDateTime:
		return types.Timestamp{Time: time.UnixMilli(v.int64()).UTC()}
	case bson.TypeEmbeddedDocument:
		return &rawMap{base{v}}
	case bson.TypeArray:
		return &rawList{base: base{v}}
	case bson.TypeBinary:
		if v.B[4] == 0 {
			return types.Bytes(v.B[5:])
		}
	case 0:
		return types.NewErr("error")
	default:
	}
	return opaque{base{v}}
}

func toBool(t truth) ref.Val {
	if t == fail {
		return types.NewErr("no such overload")
	}
	return types.Bool(t == yes)
}

// fromCEL encodes a result. Not finite, finer than a millisecond, or a map with
// keys that are no strings: an error. What BSON cannot hold is alien.
func fromCEL(v ref.Val) val {
	switch x := v.(type) {
	case opaque:
		return x.v
	case *rawMap:
		return x.v
	case *rawList:
		return x.v
	case types.String:
		return vStr(string(x))
	case types.Int:
		return vInt(int64(x))
	case types.Bool:
		return vBool(bool(x))
	case types.Null:
		return null
	case types.Uint:
		if x <= math.MaxInt64 {
			return vInt(int64(x))
		}
		d, _ := bson.ParseDecimal128(strconv.FormatUint(uint64(x), 10))
		return native(d)
	case types.Double:
		if !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0) {
			return native(float64(x))
		}
		return val{}
	case types.Timestamp:
		if x.Nanosecond()%int(time.Millisecond) == 0 {
			return native(bson.NewDateTimeFromTime(x.Time))
		}
		return val{}
	case types.Bytes:
		return native(bson.Binary{Data: x})
	case traits.Lister:
		return fromList(x)
	case traits.Mapper:
		return fromMap(x)
	case *types.Err, *types.Unknown, nil:
		return val{}
	}
	return val{T: alien}
}

func fromList(l traits.Lister) val {
	a, i := newBuilder(64), 0
	for it := l.Iterator(); it.HasNext() == types.True; i++ {
		v := fromCEL(it.Next())
		if v.bad() || v.T == alien {
			return val{}
		}
		a.add(strconv.Itoa(i), v)
	}
	return val{bson.TypeArray, a.done()}
}

func fromMap(m traits.Mapper) val {
	d := newBuilder(64)
	for it := m.Iterator(); it.HasNext() == types.True; {
		k := it.Next()
		s, ok := k.(types.String)
		v := fromCEL(m.Get(k))
		if !ok || v.bad() || v.T == alien {
			return val{}
		}
		d.add(string(s), v)
	}
	return val{bson.TypeEmbeddedDocument, d.done()}
}
