package data

import (
	"cmp"
	"encoding/binary"
	"math"
	"math/big"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// decimal is coef * 10^exp.
type decimal struct {
	coef *big.Int
	exp  int
}

const (
	decimalBias   = 6176
	decimalDigits = 34
)

func pow10(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// decimalOf unpacks a decimal128; not ok for NaN, infinities and the long form,
// whose coefficient is out of range.
func decimalOf(v Value) (decimal, bool) {
	lo, hi := binary.LittleEndian.Uint64(v.Value), binary.LittleEndian.Uint64(v.Value[8:])
	if hi>>61&3 == 3 {
		return decimal{}, false
	}
	c := new(big.Int).SetUint64(hi & (1<<49 - 1))
	c.Or(c.Lsh(c, 64), new(big.Int).SetUint64(lo))
	if digits(c) > decimalDigits {
		return decimal{}, false
	}
	if hi>>63 == 1 {
		c.Neg(c)
	}
	return decimal{c, int(hi>>49&(1<<14-1)) - decimalBias}, true
}

func mustDecimal(v Value) decimal {
	d, ok := decimalOf(v)
	if !ok {
		panic(errCorrupt)
	}
	return d
}

func digits(c *big.Int) int {
	if c.Sign() == 0 {
		return 1
	}
	n := len(c.String())
	if c.Sign() < 0 {
		n--
	}
	return n
}

// top is the number of digits before the decimal point.
func (d decimal) top() int { return digits(d.coef) + d.exp }

// compareNumbers orders two numbers exactly, whatever their types.
func compareNumbers(a, b Value) int {
	ad, bd := a.Type == bson.TypeDouble, b.Type == bson.TypeDouble
	switch {
	case a.Type == bson.TypeDecimal128 || b.Type == bson.TypeDecimal128:
		return compareDecimals(a, b)
	case ad && bd:
		return cmp.Compare(doubleOf(a), doubleOf(b))
	case ad:
		return -compareIntDouble(intOf(b), doubleOf(a))
	case bd:
		return compareIntDouble(intOf(a), doubleOf(b))
	}
	return cmp.Compare(intOf(a), intOf(b))
}

// compareIntDouble never rounds the integer: float64(i) would make neighbours
// beyond 2^53 equal.
func compareIntDouble(i int64, d float64) int {
	switch {
	case d >= 1<<63:
		return -1
	case !(d >= -1<<63): // NaN is the least number
		return 1
	}
	whole := int64(d)
	if c := cmp.Compare(i, whole); c != 0 {
		return c
	}
	return cmp.Compare(0, d-float64(whole))
}

// compareDecimals compares as coef * 10^exp * 2^bin; magnitudes come first, so
// that no power grows beyond what a double spans.
func compareDecimals(a, b Value) int {
	for _, v := range [...]Value{a, b} {
		if v.Type == bson.TypeDouble && (math.IsNaN(doubleOf(v)) || math.IsInf(doubleOf(v), 0)) {
			panic(errCorrupt)
		}
	}
	x, xb := parts(a)
	y, yb := parts(b)
	sign := x.coef.Sign()
	if c := cmp.Compare(sign, y.coef.Sign()); c != 0 || sign == 0 {
		return c
	}
	switch {
	case xb == 0 && yb == 0:
		if c := cmp.Compare(x.top(), y.top()); c != 0 {
			return c * sign
		}
	case xb == 0:
		if c := beyondDouble(x); c != 0 {
			return c * sign
		}
	case yb == 0:
		if c := beyondDouble(y); c != 0 {
			return -c * sign
		}
	}
	l, r := new(big.Int).Set(x.coef), new(big.Int).Set(y.coef)
	scale(l, r, x.exp-y.exp, 10)
	scale(l, r, xb-yb, 2)
	return l.Cmp(r)
}

// beyondDouble compares a decimal with the range of doubles.
func beyondDouble(d decimal) int {
	switch {
	case d.top() > 310:
		return 1
	case d.top() < -330:
		return -1
	}
	return 0
}

// scale multiplies the side whose exponent is larger.
func scale(l, r *big.Int, n int, base int64) {
	if n < 0 {
		l, n = r, -n
	}
	l.Mul(l, new(big.Int).Exp(big.NewInt(base), big.NewInt(int64(n)), nil))
}

// parts gives a number as coefficient, decimal exponent and binary exponent; the
// last is 0 for all but doubles (and for whole ones of 53 bits).
func parts(v Value) (decimal, int) {
	switch v.Type {
	case bson.TypeDecimal128:
		return mustDecimal(v), 0
	case bson.TypeDouble:
		f, e := math.Frexp(doubleOf(v))
		if f == 0 {
			return decimal{new(big.Int), 0}, 0
		}
		return decimal{big.NewInt(int64(f * (1 << 53))), 0}, e - 53
	}
	return decimal{big.NewInt(intOf(v)), 0}, 0
}
