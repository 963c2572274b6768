package data

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

const (
	hexDigits = "0123456789abcdef"
	maxExact  = 1 << 53         // integers beyond it are not exact in JavaScript
	minDate   = -62167219200000 // 0000-01-01T00:00:00Z
	maxDate   = 253402300799999 // 9999-12-31T23:59:59.999Z
)

// appendDocJSON writes a document or array. Bytes that are no document of ours
// are an error, never left out.
func appendDocJSON(dst []byte, doc []byte, array bool, depth int) ([]byte, error) {
	if len(doc) < 5 || le32(doc) != len(doc) || depth > maxNesting {
		return dst, encodeError(errCorrupt)
	}
	opening, closing := byte('{'), byte('}')
	if array {
		opening, closing = '[', ']'
	}
	dst = append(dst, opening)
	first := true
	for b := doc[4 : len(doc)-1]; len(b) > 0; {
		i := 1
		for i < len(b) && b[i] != 0 {
			i++
		}
		if i == len(b) {
			return dst, encodeError(errCorrupt)
		}
		t, rest := bson.Type(b[0]), b[i+1:]
		n := width(t, rest)
		if n < 0 {
			return dst, encodeError(errCorrupt)
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		if !array {
			dst = append(appendStringJSON(dst, b[1:i]), ':')
		}
		var err error
		if dst, err = appendValueJSON(dst, Value{Type: t, Value: rest[:n]}, depth+1); err != nil {
			return dst, err
		}
		b = rest[n:]
	}
	return append(dst, closing), nil
}

func appendValueJSON(dst []byte, v Value, depth int) ([]byte, error) {
	switch v.Type {
	case bson.TypeString:
		return appendStringJSON(dst, strOf(v)), nil
	case bson.TypeInt32:
		return strconv.AppendInt(dst, int64(le32(v.Value)), 10), nil
	case bson.TypeInt64:
		n := intOf(v)
		if n > maxExact || n < -maxExact {
			dst = strconv.AppendInt(append(dst, `{"$numberLong":"`...), n, 10)
			return append(dst, `"}`...), nil
		}
		return strconv.AppendInt(dst, n, 10), nil
	case bson.TypeDouble:
		return appendDoubleJSON(dst, doubleOf(v))
	case bson.TypeEmbeddedDocument, bson.TypeArray:
		return appendDocJSON(dst, v.Value, v.Type == bson.TypeArray, depth)
	case bson.TypeBoolean:
		return strconv.AppendBool(dst, v.Value[0] == 1), nil
	case 0, bson.TypeNull:
		return append(dst, "null"...), nil
	case bson.TypeDateTime:
		return appendDateJSON(dst, intOf(v)), nil
	case bson.TypeObjectID:
		dst = hex.AppendEncode(append(dst, `{"$oid":"`...), v.Value)
		return append(dst, `"}`...), nil
	case bson.TypeBinary:
		dst = append(dst, `{"$binary":{"base64":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, v.Value[5:])
		dst = append(dst, `","subType":"`...)
		return append(dst, hexDigits[v.Value[4]>>4], hexDigits[v.Value[4]&15], '"', '}', '}'), nil
	case bson.TypeDecimal128:
		lo, hi := binary.LittleEndian.Uint64(v.Value), binary.LittleEndian.Uint64(v.Value[8:])
		dst = append(dst, `{"$numberDecimal":"`...)
		dst = append(dst, bson.NewDecimal128(hi, lo).String()...)
		return append(dst, `"}`...), nil
	}
	return dst, encodeError(errCorrupt)
}

// appendDoubleJSON writes a double so that it is read as one: with a fraction or
// an exponent.
func appendDoubleJSON(dst []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, encodeError(errCorrupt)
	}
	if f == 0 {
		return append(dst, "0.0"...), nil // -0 too
	}
	if a := math.Abs(f); a < 1e-6 || a >= 1e21 {
		return strconv.AppendFloat(dst, f, 'e', -1, 64), nil
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	if slices.Contains(dst[start:], '.') {
		return dst, nil
	}
	return append(dst, '.', '0'), nil
}

func appendDateJSON(dst []byte, ms int64) []byte {
	if ms < minDate || ms > maxDate {
		dst = strconv.AppendInt(append(dst, `{"$date":{"$numberLong":"`...), ms, 10)
		return append(dst, `"}}`...)
	}
	dst = append(dst, `{"$date":"`...)
	t := time.UnixMilli(ms).UTC()
	year, month, day := t.Date()
	hour, minute, sec := t.Clock()
	dst = append(appendTwo(appendTwo(dst, year/100), year%100), '-')
	dst = append(appendTwo(dst, int(month)), '-')
	dst = append(appendTwo(dst, day), 'T')
	dst = append(appendTwo(dst, hour), ':')
	dst = append(appendTwo(dst, minute), ':')
	dst = append(appendTwo(dst, sec), '.')
	milli := t.Nanosecond() / 1_000_000
	dst = appendTwo(append(dst, byte('0'+milli/100)), milli%100)
	return append(dst, `Z"}`...)
}

func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

// plain are the bytes that a JSON string holds as they are.
var plain = func() (t [256]bool) {
	for i := 0x20; i < len(t); i++ {
		t[i] = i != '"' && i != '\\'
	}
	return t
}()

// plainWord reports whether eight bytes are ASCII that a JSON string holds as it is.
func plainWord(w uint64) bool {
	const ones = 0x0101010101010101
	return (w|(w-0x20*ones)|((w^'"'*ones)-ones)|((w^'\\'*ones)-ones))&(0x80*ones) == 0
}

func appendStringJSON(dst, s []byte) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		if i+8 <= len(s) && plainWord(binary.LittleEndian.Uint64(s[i:])) {
			i += 7
			continue
		}
		c := s[i]
		if plain[c] {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(dst, s[start:]...), '"')
}
