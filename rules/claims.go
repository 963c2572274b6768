package rules

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Claims decodes the claims of a token or an account once into the form that
// rules compare: whole numbers as int64, others as decimal128. Numbers that
// neither holds exactly are left out and named (".limits.0"): who signs a user
// in warns of them, and a rule that reads one denies. Nulls are left out.
func Claims(src []byte) (dropped []string, err error) {
	_, dropped, err = parseClaims(src)
	return dropped, err
}

type claimsError string

func (e claimsError) Error() string { return string(e) }

func parseClaims(src []byte) (v val, dropped []string, err error) {
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	var x any
	if err = d.Decode(&x); err != nil {
		return val{}, nil, err
	}
	x, _ = exactClaim(x, "", &dropped)
	if v = native(x); v.bad() {
		err = claimsError("claims do not fit a document")
	}
	return v, dropped, err
}

func exactClaim(x any, path string, dropped *[]string) (any, bool) {
	switch x := x.(type) {
	case json.Number:
		if v, ok := exactNumber(x.String()); ok {
			return v, true
		}
		*dropped = append(*dropped, path)
		return nil, false
	case []any:
		out := bson.A{}
		for i, e := range x {
			if v, ok := exactClaim(e, path+"."+strconv.Itoa(i), dropped); ok {
				out = append(out, v)
			}
		}
		return out, true
	case map[string]any:
		keys := make([]string, 0, len(x))
		for k := range x {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		out := bson.D{}
		for _, k := range keys {
			if x[k] == nil {
				continue // a null claim does not exist
			}
			if v, ok := exactClaim(x[k], path+"."+k, dropped); ok {
				out = append(out, bson.E{Key: k, Value: v})
			}
		}
		return out, true
	}
	return x, true
}

func exactNumber(s string) (any, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	d, err := bson.ParseDecimal128(s) // refuses what it would have to round
	return d, err == nil && !d.IsNaN() && d.IsInf() == 0
}
