package data

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// AppendKey appends v so that bytes.Compare of two keys has the sign of Compare,
// of the opposite with desc. The zero Value is null. No key is a prefix of
// another, so keys of several values may follow each other. The first byte is
// the type's place in the order, one for all numbers.
func AppendKey(dst []byte, v Value, desc bool) []byte {
	start := len(dst)
	dst = appendKeyBody(append(dst, rank(v.Type)), v)
	if desc {
		invert(dst[start:])
	}
	return dst
}

// AppendKeyPrefix appends what the keys of all strings that begin with s begin with.
func AppendKeyPrefix(dst []byte, s string, desc bool) []byte {
	start := len(dst)
	dst = appendEscaped(append(dst, rank(bson.TypeString)), []byte(s))
	if desc {
		invert(dst[start:])
	}
	return dst
}

func invert(b []byte) {
	for i := range b {
		b[i] = ^b[i]
	}
}

func appendKeyBody(dst []byte, v Value) []byte {
	switch v.Type {
	case bson.TypeString:
		return append(appendEscaped(dst, strOf(v)), 0, 0)
	case bson.TypeInt32, bson.TypeInt64, bson.TypeDouble, bson.TypeDecimal128:
		return appendNumberKey(dst, v)
	case bson.TypeEmbeddedDocument: // as Compare: type, name, value of each field
		for e := walk(v.Value); e.next(); {
			dst = append(dst, rank(e.v.Type))
			dst = append(appendEscaped(dst, e.key), 0, 0)
			dst = appendKeyBody(dst, e.v)
		}
		return append(dst, 0)
	case bson.TypeArray:
		for e := walk(v.Value); e.next(); {
			dst = appendKeyBody(append(dst, rank(e.v.Type)), e.v)
		}
		return append(dst, 0)
	case bson.TypeBinary:
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(v.Value)-5))
		return append(dst, v.Value[4:]...)
	case bson.TypeObjectID, bson.TypeBoolean:
		return append(dst, v.Value...)
	case bson.TypeDateTime:
		return binary.BigEndian.AppendUint64(dst, uint64(intOf(v))^1<<63)
	}
	return dst // null, and what stands below it
}

// appendEscaped writes 0 as 0 255, so that 0 0 can end a string.
func appendEscaped(dst, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, 0)
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(append(dst, s[:i]...), 0, 0xff)
		s = s[i+1:]
	}
}

// appendNumberKey writes the greatest double that is not above the number and
// 0 where that is all, else 1 and the exact number in decimal: integers beyond
// 2^53 and decimals lie between doubles.
func appendNumberKey(dst []byte, v Value) []byte {
	f, exact := floorDouble(v)
	bits := math.Float64bits(f)
	if f == 0 {
		bits = 0 // -0 too
	}
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	dst = binary.BigEndian.AppendUint64(dst, bits)
	if exact {
		return append(dst, 0)
	}
	return appendDecimalKey(append(dst, 1), v)
}

// floorDouble is the greatest double not above v and whether it equals v.
func floorDouble(v Value) (f float64, exact bool) {
	var c int // of v to f
	switch v.Type {
	case bson.TypeInt32:
		return float64(intOf(v)), true
	case bson.TypeInt64:
		f = float64(intOf(v))
		c = compareIntDouble(intOf(v), f)
	case bson.TypeDecimal128:
		d := mustDecimal(v)
		if d.coef.Sign() == 0 {
			return 0, true
		}
		f, _ = strconv.ParseFloat(d.coef.String()+"e"+strconv.Itoa(d.exp), 64) // out of range: an infinity
		switch {
		case math.IsInf(f, 1):
			return math.MaxFloat64, false
		case math.IsInf(f, -1):
			return f, false
		}
		c = compareNumbers(v, Double(f))
	default:
		return doubleOf(v), true
	}
	if c < 0 {
		f = math.Nextafter(f, math.Inf(-1))
	}
	return f, c == 0
}

// appendDecimalKey writes sign, exponent and digits of a number that is not zero.
func appendDecimalKey(dst []byte, v Value) []byte {
	d, _ := parts(v)
	neg := d.coef.Sign() < 0
	digits := []byte(d.coef.String())
	if neg {
		dst, digits = append(dst, 0), digits[1:]
	} else {
		dst = append(dst, 1)
	}
	start := len(dst)
	top := len(digits) + d.exp
	digits = bytes.TrimRight(digits, "0")
	if len(digits)%2 == 1 {
		digits = append(digits, '0')
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(top+1<<14))
	for i := 0; i < len(digits); i += 2 {
		dst = append(dst, (digits[i]-'0')*10+digits[i+1]-'0'+1)
	}
	dst = append(dst, 0)
	if neg {
		invert(dst[start:])
	}
	return dst
}
