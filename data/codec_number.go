package data

import (
	"encoding/binary"
	"math"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// number appends a number literal: int32 where it fits, else int64, with a
// fraction or an exponent a double.
func (d *decoder) number(dst []byte, typeAt int) ([]byte, *hutch.Error) {
	lit := d.s[d.p:]
	n, whole := scanNumber(lit)
	if n == 0 {
		return dst, d.fail("malformed JSON: not a number")
	}
	lit = lit[:n]
	if whole {
		i, ok := parseInt(lit)
		if !ok {
			return dst, d.fail("the integer is outside int64, or -0")
		}
		d.p += n
		if i >= math.MinInt32 && i <= math.MaxInt32 {
			dst[typeAt] = byte(bson.TypeInt32)
			return binary.LittleEndian.AppendUint32(dst, uint32(i)), nil
		}
		dst[typeAt] = byte(bson.TypeInt64)
		return binary.LittleEndian.AppendUint64(dst, uint64(i)), nil
	}
	f, ok := parseDouble(lit)
	if !ok {
		return dst, d.fail("the number is no finite double, or -0")
	}
	d.p += n
	dst[typeAt] = byte(bson.TypeDouble)
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(f)), nil
}

// scanNumber is the length of the JSON number at the start of s, 0 for none, and
// whether it has neither fraction nor exponent.
func scanNumber(s []byte) (n int, whole bool) {
	digits := func() bool {
		from := n
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		return n > from
	}
	if n < len(s) && s[n] == '-' {
		n++
	}
	first := n
	if !digits() || s[first] == '0' && n > first+1 {
		return 0, false
	}
	whole = true
	if n < len(s) && s[n] == '.' {
		n++
		if whole = false; !digits() {
			return 0, false
		}
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		n++
		if n < len(s) && (s[n] == '+' || s[n] == '-') {
			n++
		}
		if whole = false; !digits() {
			return 0, false
		}
	}
	return n, whole
}

// parseInt reads an integer literal; not ok outside int64 and for -0.
func parseInt(lit []byte) (int64, bool) {
	if len(lit) > 18 {
		n, err := strconv.ParseInt(string(lit), 10, 64)
		return n, err == nil
	}
	neg := lit[0] == '-'
	if neg {
		lit = lit[1:]
	}
	n := int64(0)
	for _, c := range lit {
		n = n*10 + int64(c-'0')
	}
	if neg {
		return -n, n != 0
	}
	return n, true
}

// parseDouble reads a number literal; not ok where it overflows and for -0.
func parseDouble(lit []byte) (float64, bool) {
	f, err := strconv.ParseFloat(string(lit), 64)
	if err != nil {
		return 0, false
	}
	return f, f != 0 || lit[0] != '-'
}
