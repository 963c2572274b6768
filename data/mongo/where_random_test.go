package mongo

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

func pick[T any](r *rand.Rand, vs ...T) T { return vs[r.IntN(len(vs))] }

var (
	zooPaths  = []string{"a", "b", "c", "o.k", "o.l", "a.0", "c.k", "c.0", "c.1.k", "a.k.l", "o.k.0", "0"}
	zooValues = []string{
		`null`, `0`, `1`, `2`, `3`, `1.5`, `{"$numberLong":"2"}`, `{"$numberDecimal":"1.50"}`, `{"$numberDecimal":"2"}`, `9007199254740993`, `9007199254740992.0`,
		`{"$numberDecimal":"9007199254740993"}`, `0.1`, `{"$numberDecimal":"0.1"}`, `-5`, `1e300`, `{"$numberDecimal":"1E+400"}`,
		`""`, `"a"`, `"ab"`, `"abc"`, `"b"`, `"A"`, `"ä"`, `"é"`, `"x\nab"`, `"ab\n"`, `"a.b"`, `"a*b(c)[d]{e}^$|\\+?"`, `"\t"`, `"日本"`, `"😀ab"`, `"#a b"`, `"\\Qa\\E"`,
		`true`, `false`, `{"$date":"2026-01-01T00:00:00Z"}`, `{"$date":"1960-01-01T00:00:00Z"}`, `{"$binary":{"base64":"AAEC","subType":"00"}}`, `{"$binary":{"base64":"AA==","subType":"00"}}`,
		`{"$binary":{"base64":"AAECAwQFBgcICQoLDA0ODw==","subType":"04"}}`, `{"$oid":"507f1f77bcf86cd799439011"}`, `{"$oid":"507f1f77bcf86cd799439012"}`,
		`{}`, `{"k":1}`, `{"k":1.0}`, `{"k":[1,2]}`, `{"k":{"l":1}}`, `{"k":"ab","l":2}`, `{"l":2,"k":"ab"}`, `{"k":null}`, `{"0":1}`, `{"k":[{"l":1},{"l":[2,3]}]}`,
		`[]`, `[1]`, `[1,2]`, `[2,1]`, `["a","b"]`, `[null]`, `[[]]`, `[[1],2]`, `[[1,2],[3]]`, `[{"k":1},{"k":2}]`, `[{"k":[1,3]},2]`, `[{"0":1},{"k":{"l":1}}]`,
		`[{"k":{"l":1}},{"k":[{"l":2}]}]`, `[5,"ab",null,{"k":"x"}]`, `[[{"k":1}],{"k":null}]`, `[{},1]`, `["x\nab",3]`, `[true,false]`, `[[[1]]]`, `[{"k":1,"l":2},{"k":2,"l":1}]`,
	}
	zooTexts = []string{``, `a`, `ab`, `b`, `ä`, `\nab`, `.`, `a*b(`, `日`, `A`, `😀`, `\t`, `\\Q`, `#a b`, `\n`, `k`, `$|\\`}
)

func randomFields(r *rand.Rand) string {
	var fs []string
	for _, name := range []string{"a", "b", "c"} {
		if r.IntN(4) > 0 {
			fs = append(fs, fmt.Sprintf("%q:%s", name, pick(r, zooValues...)))
		}
	}
	switch r.IntN(4) {
	case 0:
		fs = append(fs, fmt.Sprintf(`"o":{"k":%s,"l":%s}`, pick(r, zooValues...), pick(r, zooValues...)))
	case 1:
		fs = append(fs, fmt.Sprintf(`"o":%s`, pick(r, zooValues...)))
	case 2:
		fs = append(fs, fmt.Sprintf(`"o":[{"k":%s},{"k":%s,"l":%s}],"0":%s`, pick(r, zooValues...), pick(r, zooValues...), pick(r, zooValues...), pick(r, zooValues...)))
	}
	return "{" + strings.Join(fs, ",") + "}"
}

func randomFilter(r *rand.Rand, depth int) string {
	if depth > 0 && r.IntN(3) == 0 {
		var kids []string
		for range 1 + r.IntN(3) {
			kids = append(kids, randomFilter(r, depth-1))
		}
		switch op := pick(r, "$and", "$or", "$nor", "$not"); op {
		case "$not":
			return `{"$not":` + kids[0] + `}`
		default:
			return `{"` + op + `":[` + strings.Join(kids, ",") + `]}`
		}
	}
	return fmt.Sprintf(`{%q:%s}`, pick(r, zooPaths...), randomOperators(r, depth))
}

// randomOperators is what stands behind a path.
func randomOperators(r *rand.Rand, depth int) string {
	var conds []string
	used := map[string]bool{} // an operator occurs once
	for range 1 + r.IntN(2) {
		c := randomCondition(r, depth)
		if op, _, _ := strings.Cut(c, ":"); !used[op] {
			used[op], conds = true, append(conds, c)
		}
	}
	return "{" + strings.Join(conds, ",") + "}"
}

func randomCondition(r *rand.Rand, depth int) string {
	v := pick(r, zooValues...)
	op := pick(r, "$eq", "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$in", "$nin", "$exists", "$startsWith", "$contains", "$regex", "$type", "$size", "$elemMatch", "$elemMatch", "$not")
	switch op {
	case "$in", "$nin":
		return fmt.Sprintf(`%q:[%s,%s,%s]`, op, v, pick(r, zooValues...), pick(r, zooValues...))
	case "$exists":
		return fmt.Sprintf(`"$exists":%v`, r.IntN(2) == 0)
	case "$startsWith", "$contains":
		return fmt.Sprintf(`%q:"%s"`, op, pick(r, zooTexts...))
	case "$regex":
		return fmt.Sprintf(`"$regex":%q`, pick(r, "^", "", "(?i)", "(?m)^")+pick(r, "a", "ab", "b?", "[^a]", ".")+pick(r, "", "$", "?"))
	case "$type":
		return fmt.Sprintf(`"$type":%q`, pick(r, "null", "array", "string", "number", "object", "int", "long", "double", "decimal", "bool", "date", "objectId", "binData"))
	case "$size":
		return fmt.Sprintf(`"$size":%d`, r.IntN(3))
	case "$elemMatch":
		if depth <= 0 {
			return `"$elemMatch":{"$gte":1,"$lt":3}`
		}
		if r.IntN(2) == 0 {
			return fmt.Sprintf(`"$elemMatch":{%q:%s}`, pick(r, "k", "l", "k.l", "0", "k.0"), randomOperators(r, depth-1))
		}
		return fmt.Sprintf(`"$elemMatch":%s`, randomOperators(r, depth-1))
	case "$not":
		if depth > 0 {
			return fmt.Sprintf(`"$not":%s`, randomOperators(r, depth-1))
		}
	}
	if op == "$not" {
		op = "$eq"
	}
	return fmt.Sprintf(`%q:%s`, op, v)
}
