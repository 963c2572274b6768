package data

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// addNumbers adds as MongoDB's $inc: a decimal or a double on either side decides
// the type, an int32 that overflows becomes an int64. Not ok where the result
// has no place in its type; -0 becomes 0.
func addNumbers(a, b Value) (Value, bool) {
	switch {
	case a.Type == bson.TypeDecimal128 || b.Type == bson.TypeDecimal128:
		return addDecimals(a, b)
	case a.Type == bson.TypeDouble || b.Type == bson.TypeDouble:
		f := asDouble(a) + asDouble(b)
		if f == 0 {
			f = 0 // not -0
		}
		return Double(f), !math.IsInf(f, 0)
	}
	x, y := intOf(a), intOf(b)
	sum := x + y
	if (sum > x) != (y > 0) && y != 0 {
		return none, false
	}
	if a.Type == bson.TypeInt32 && b.Type == bson.TypeInt32 {
		return Int(sum), true
	}
	return Int64(sum), true
}

func asDouble(v Value) float64 {
	if v.Type == bson.TypeDouble {
		return doubleOf(v)
	}
	return float64(intOf(v))
}

// asDecimal takes a double by its shortest digits: 0.1 is a tenth.
func asDecimal(v Value) decimal {
	if v.Type != bson.TypeDouble {
		d, _ := parts(v)
		return d
	}
	s := strconv.FormatFloat(doubleOf(v), 'e', -1, 64)
	mantissa, exp, _ := strings.Cut(s, "e")
	e, _ := strconv.Atoi(exp) // FormatFloat writes one
	whole, frac, _ := strings.Cut(mantissa, ".")
	c, _ := new(big.Int).SetString(whole+frac, 10)
	return decimal{c, e - len(frac)}
}

// addDecimals adds exactly and rounds half to even to 34 digits.
func addDecimals(a, b Value) (Value, bool) {
	x, y := asDecimal(a), asDecimal(b)
	l, r := new(big.Int).Set(x.coef), new(big.Int).Set(y.coef)
	scale(l, r, x.exp-y.exp, 10)
	sum := decimal{l.Add(l, r), min(x.exp, y.exp)}
	for extra := digits(sum.coef) - decimalDigits; extra > 0; extra = digits(sum.coef) - decimalDigits {
		sum = sum.shortened(extra)
	}
	d, ok := bson.ParseDecimal128FromBigInt(sum.coef, sum.exp)
	if !ok {
		return none, false
	}
	return Decimal(d), true
}

// shortened drops n digits, rounding half to even.
func (d decimal) shortened(n int) decimal {
	unit := pow10(n)
	q, r := new(big.Int).QuoRem(d.coef, unit, new(big.Int))
	half := r.Abs(r).Lsh(r, 1).Cmp(unit)
	if half > 0 || half == 0 && q.Bit(0) == 1 {
		q.Add(q, big.NewInt(int64(d.coef.Sign())))
	}
	return decimal{q, d.exp + n}
}
