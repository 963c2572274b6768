package rules

// The reference evaluator's operations over decoded values.

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
)

func apply(fn string, a []any) any {
	switch fn {
	case "_==_":
		return refSame(a[0], a[1])
	case "_!=_":
		return !refSame(a[0], a[1])
	case "_<_", "_<=_", "_>_", "_>=_":
		c, ok := rank(a[0], a[1])
		if !ok {
			return refErr{}
		}
		return map[string]bool{"_<_": c < 0, "_<=_": c <= 0, "_>_": c > 0, "_>=_": c >= 0}[fn]
	case "@in":
		switch in := a[1].(type) {
		case bson.A:
			for _, x := range in {
				if refSame(x, a[0]) {
					return true
				}
			}
			return false
		case bson.D:
			s, ok := a[0].(string)
			_, l := fieldOf(in, s)
			return ok && l == found
		}
	case "_[_]":
		switch of := a[0].(type) {
		case bson.D:
			if s, ok := a[1].(string); ok {
				v, _ := fieldOf(of, s)
				return v
			}
		case bson.A:
			if isA[bson.Decimal128](a[1]) || isA[refDec](a[1]) {
				return refErr{}
			}
			if q := rat(a[1]); q != nil && q.IsInt() && q.Num().IsInt64() && q.Sign() >= 0 && q.Num().Int64() < int64(len(of)) {
				return of[q.Num().Int64()]
			}
		}
	case "size":
		switch x := a[0].(type) {
		case bson.A:
			return int64(len(x))
		case string:
			return int64(utf8.RuneCountInString(x))
		}
	case "startsWith", "endsWith", "contains", "matches":
		x, ok1 := a[0].(string)
		y, ok2 := a[1].(string)
		if !ok1 || !ok2 {
			return refErr{}
		}
		switch fn {
		case "startsWith":
			return strings.HasPrefix(x, y)
		case "endsWith":
			return strings.HasSuffix(x, y)
		case "contains":
			return strings.Contains(x, y)
		}
		return regexp.MustCompile(y).MatchString(x)
	case "timestamp":
		t, _ := time.Parse(time.RFC3339, a[0].(string))
		return bson.NewDateTimeFromTime(t)
	}
	return refErr{}
}

func rat(v any) *big.Rat {
	switch x := v.(type) {
	case int32:
		return new(big.Rat).SetInt64(int64(x))
	case int64:
		return new(big.Rat).SetInt64(x)
	case float64:
		return new(big.Rat).SetFloat64(x)
	case refDec:
		return x.Rat
	case bson.Decimal128:
		c, e, err := x.BigInt()
		if err != nil {
			return nil
		}
		r, p := new(big.Rat).SetInt(c), new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(e, -e))), nil))
		if e < 0 {
			return r.Quo(r, p)
		}
		return r.Mul(r, p)
	}
	return nil
}

func refSame(a, b any) bool {
	if x, y := rat(a), rat(b); x != nil && y != nil {
		return x.Cmp(y) == 0
	}
	switch x := a.(type) {
	case bson.A:
		y, ok := b.(bson.A)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !refSame(x[i], y[i]) {
				return false
			}
		}
		return true
	case bson.D:
		y, ok := b.(bson.D)
		return ok && within(x, y) && within(y, x)
	case bson.Binary:
		y, ok := b.(bson.Binary)
		return ok && x.Subtype == y.Subtype && bytes.Equal(x.Data, y.Data)
	}
	switch b.(type) {
	case bson.A, bson.D, bson.Binary:
		return false
	}
	return a == b
}

func within(x, y bson.D) bool {
	for _, e := range x {
		v, _ := fieldOf(x, e.Key)
		w, l := fieldOf(y, e.Key)
		if l != found || !refSame(v, w) {
			return false
		}
	}
	return true
}

func rank(a, b any) (int, bool) {
	if x, y := rat(a), rat(b); x != nil && y != nil {
		return x.Cmp(y), true
	}
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			return strings.Compare(x, y), true
		}
	case bool:
		if y, ok := b.(bool); ok {
			return cmp.Compare(map[bool]int{true: 1}[x], map[bool]int{true: 1}[y]), true
		}
	case bson.DateTime:
		if y, ok := b.(bson.DateTime); ok {
			return cmp.Compare(int64(x), int64(y)), true
		}
	}
	return 0, false
}

// refDec is a claim that is no int64.
type refDec struct{ *big.Rat }

// refClaims reads claims a second time: whole numbers of 64 bits, else exactly
// what 34 decimal digits hold, else nothing.
func refClaims(src string) any {
	d := json.NewDecoder(strings.NewReader(src))
	d.UseNumber()
	var x any
	if src == "" || d.Decode(&x) != nil {
		return nil
	}
	return refClaim(x)
}

func refClaim(x any) any {
	switch x := x.(type) {
	case json.Number:
		if n, err := strconv.ParseInt(string(x), 10, 64); err == nil {
			return n
		}
		mantissa, _, _ := strings.Cut(strings.ToLower(string(x)), "e")
		digits := strings.Trim(strings.NewReplacer(".", "", "-", "").Replace(mantissa), "0")
		r, ok := new(big.Rat).SetString(string(x))
		if !ok || len(digits) > 34 {
			return refErr{}
		}
		return refDec{r}
	case []any:
		out := bson.A{}
		for _, e := range x {
			if v := refClaim(e); v != (refErr{}) {
				out = append(out, v)
			}
		}
		return out
	case map[string]any:
		out := bson.D{}
		for k, e := range x {
			if v := refClaim(e); v != nil && v != (refErr{}) {
				out = append(out, bson.E{Key: k, Value: v})
			}
		}
		return out
	}
	return x
}
