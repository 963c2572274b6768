package rules

// The fuzzer's generator: documents and claims of every type.

import (
	"maps"
	"math"
	"math/rand/v2"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"go.mongodb.org/mongo-driver/v2/bson"
)

type gen struct {
	r     *rand.Rand
	typed bool
	calm  bool // no foreign types: for documents a strict store holds
	mode  mode
	kept  [2]keptHelpers      // by mode
	trees map[string]ast.Expr // parsed by the reference
}

// mode is the kind of rule generated.
type mode int8

const (
	listing  mode = iota // resource; a filter is made
	updating             // resource and next
)

func (g *gen) n(n int) int             { return g.r.IntN(n) }
func (g *gen) pick(s ...string) string { return s[g.n(len(s))] }
func (g *gen) chance(percent int) bool { return g.n(100) < percent }
func dec128(s string) bson.Decimal128  { return must(bson.ParseDecimal128(s)) }

var strs = []string{"a", "b", "ab", "u1", "u2", "", "a.b", "$x", "0", "x\n", "é", "admin"}

// numbers where int64, double and decimal128 round differently, and the ends of each.
var (
	ints    = []int64{0, 1, 2, -1, 1<<53 - 1, 1 << 53, 1<<53 + 1, -(1<<53 + 1), math.MaxInt64, math.MaxInt64 - 1, math.MinInt64, math.MinInt64 + 1}
	doubles = []float64{0, math.Copysign(0, -1), 0.5, 1.5, 2, 0.1, 1 << 53, 1<<53 + 2, 1 << 63, -(1 << 63), 1e300, 5e-324}
	decs    = []string{
		"0", "-0", "1", "1.0", "1.50", "0.1", "2E0", "9007199254740993", "9007199254740992.0", "9223372036854775807",
		"9223372036854775808", "9223372036854775807.5", "-9223372036854775808", "1E+400", "1E-400", "-1E+6111", "0.1000000000000000055511151231257827", "0.5",
	}
)

func (g *gen) number() any {
	switch g.n(5) {
	case 0:
		return int32(g.n(3))
	case 1:
		return ints[g.n(len(ints))]
	case 2:
		return doubles[g.n(len(doubles))]
	case 3:
		return dec128(decs[g.n(len(decs))])
	}
	return int64(g.n(3))
}

// foreign values: another program stored them, rules deny the document.
func (g *gen) foreign() any {
	fs := []any{
		bson.Regex{Pattern: "x"},
		bson.DBPointer{DB: "d", Pointer: bson.ObjectID{1}},
		bson.Symbol("a"),
		bson.Timestamp{T: 1, I: 1},
		bson.MinKey{},
		bson.MaxKey{},
		bson.JavaScript("1"),
		bson.CodeWithScope{Code: "1", Scope: bson.D{}},
		bson.Undefined{},
		math.NaN(), math.Inf(1), math.Inf(-1), dec128("NaN"), dec128("Infinity"), dec128("-Infinity"),
		bson.Binary{Subtype: 2, Data: []byte("a")},
	}
	return fs[g.n(len(fs))]
}

func (g *gen) scalar() any {
	if !g.calm && g.chance(1) {
		return g.foreign()
	}
	switch g.n(12) {
	case 0, 1, 2:
		return g.number()
	case 3, 4:
		return g.n(2) == 0
	case 5:
		return nil
	case 6:
		return bson.NewDateTimeFromTime(time.Date(2024, 1, 1+g.n(3), 0, 0, 0, 0, time.UTC))
	case 7:
		switch g.n(4) {
		case 0:
			return bson.ObjectID{byte(g.n(2))}
		case 1:
			return bson.Binary{Subtype: 4, Data: []byte("a")}
		}
		return bson.Binary{Data: []byte("a")}
	}
	return strs[g.n(len(strs))]
}

func (g *gen) value(d int) any {
	if d > 0 {
		switch g.n(6) {
		case 0:
			return g.list(4, func() any { return g.value(d - 1) })
		case 1:
			return g.obj(d - 1)
		}
	}
	return g.scalar()
}

func (g *gen) list(most int, f func() any) bson.A {
	a := bson.A{}
	for i := g.n(most); i > 0; i-- {
		a = append(a, f())
	}
	return a
}

// words is an array where an object with keys "0", "1".. could be expected.
func (g *gen) words() bson.A { return g.list(3, func() any { return g.pick("a", "a", "admin") }) }

func (g *gen) obj(d int) bson.D {
	o := bson.D{}
	for _, k := range []string{"x", "y", "u1", "0", "role"} {
		for g.chance(45) { // sometimes the same key twice: the first counts
			o = append(o, bson.E{Key: k, Value: g.value(d)})
			if !g.chance(10) {
				break
			}
		}
	}
	return o
}

// doc mostly keeps to what the rules ask for, and breaks it in every way.
func (g *gen) doc() bson.D {
	d := bson.D{{Key: "_id", Value: g.pick("d", "u1", "a")}}
	add := func(k string, odd int, usual func() any) {
		switch {
		case g.chance(25):
			return
		case g.chance(odd):
			d = append(d, bson.E{Key: k, Value: g.value(2)})
		default:
			d = append(d, bson.E{Key: k, Value: usual()})
		}
		if g.chance(2) {
			d = append(d, bson.E{Key: k, Value: g.value(1)})
		}
	}
	add("a", 25, g.scalar)
	add("b", 25, g.scalar)
	add("c", 25, g.number)
	add("t", 10, func() any { return bson.NewDateTimeFromTime(time.Date(2024, 1, 1+g.n(3), 0, 0, 0, 0, time.UTC)) })
	add("o", 25, func() any { return g.obj(1) })
	add("l", 25, func() any {
		return g.list(5, func() any {
			if g.chance(12) {
				return g.words()
			}
			return g.scalar()
		})
	})
	add("items", 15, func() any {
		return g.list(5, func() any {
			switch {
			case g.chance(10):
				return g.value(2)
			case g.chance(8):
				return g.words()
			}
			return g.obj(1)
		})
	})
	if !g.calm && g.chance(6) { // a foreign value anywhere, also before what a rule asks for
		i := 1 + g.n(len(d))
		d = append(d[:i:i], append(bson.D{{Key: "z", Value: g.foreign()}}, d[i:]...)...)
	}
	return d
}

// after is d after a write: some fields are new, gone, or only look different.
func (g *gen) after(d bson.D) bson.D {
	if g.chance(15) {
		return append(bson.D{d[0]}, g.doc()[1:]...)
	}
	out := bson.D{}
	for i, e := range d {
		switch {
		case i == 0 || g.chance(70):
		case g.chance(30):
			continue
		default:
			e.Value = g.edit(e.Value)
		}
		out = append(out, e)
	}
	if g.chance(20) {
		out = append(out, bson.E{Key: g.pick("a", "o", "l", "items"), Value: g.value(2)})
	}
	return out
}

func (g *gen) edit(v any) any {
	switch x := v.(type) {
	case bson.D:
		if len(x) > 0 && g.chance(80) {
			out := append(bson.D(nil), x...)
			i := g.n(len(out))
			if g.chance(30) {
				return append(out[:i:i], out[i+1:]...)
			}
			out[i].Value = g.edit(out[i].Value)
			return out
		}
	case bson.A:
		if len(x) > 0 && g.chance(80) {
			out := append(bson.A(nil), x...)
			i := g.n(len(out))
			if g.chance(20) {
				return append(out, g.value(1))
			}
			out[i] = g.edit(out[i])
			return out
		}
	case int32:
		if g.chance(50) {
			return float64(x)
		}
	}
	return g.value(1)
}

// ---- claims -------------------------------------------------------------------

// claims as a provider sends them: JSON of every type.
var claims = []string{
	"",
	`{"uid":"u1","vip":"no","num":1,"flag":true,"big":9007199254740993,"roles":["a","u1"],"orgs":[{"role":"guest"},{"role":"guest"}],"m":{"k":"a","x":1}}`,
	`{"uid":"a.b","vip":true,"num":1.5,"flag":false,"big":9007199254740992.0,"roles":[],"orgs":[],"m":{}}`,
	`{"uid":"0","vip":[],"n":"b","num":0,"flag":true,"big":9223372036854775808,"roles":["x",1,null,["a"]],"orgs":[{"role":"admin"},{}],"m":{"k":{},"0":1}}`,
	`{"uid":"y","vip":false,"num":2,"flag":true,"big":0.1,"roles":["b","ab",2.0,9007199254740993],"orgs":["admin",{"role":"admin"}],"m":{"k":1}}`,
	`{"uid":"x","vip":{"a":1},"n":null,"num":-9223372036854775808,"flag":1,"big":1e400,"roles":"a","orgs":{"role":"admin"},"m":["a"]}`,
	`{"uid":"role","vip":1e-7,"n":[[]],"num":9223372036854775807,"flag":false,"big":0.1000000000000000055511151231257827021181583404541015625,"roles":["admin","admin"],"orgs":[{"role":"admin"}],"m":{"x":"a"}}`,
}

// claim gives a caller twice: as rules see him, and as the reference reads him.
func (g *gen) claim() (val, any) {
	s := claims[g.n(len(claims))]
	if s == "" {
		return null, nil
	}
	v, _, err := parseClaims([]byte(s))
	if err != nil {
		panic(err)
	}
	return v, refClaims(s)
}

var fuzzTypes = map[string]map[string]*types.Type{
	"doc": {
		"_id": types.StringType, "a": types.StringType, "b": types.IntType, "c": types.DynType, "t": types.TimestampType, "z": types.DynType,
		"o": types.NewMapType(types.StringType, types.DynType), "l": types.NewListType(types.StringType), "items": types.NewListType(types.NewObjectType("item")),
	},
	"item": {"x": types.StringType, "y": types.BoolType, "u1": types.DynType, "role": types.StringType},
	"Auth": {
		"uid": types.StringType, "vip": types.DynType, "n": types.DynType, "missing": types.StringType, "num": types.DoubleType, "flag": types.BoolType, "big": types.DynType,
		"roles": types.NewListType(types.DynType), "orgs": types.NewListType(types.DynType), "m": types.NewMapType(types.StringType, types.DynType),
	},
}

var bounds = map[string]field{"items": {maxItems: 5}, "l": {maxItems: 5}, "o": {maxItems: 5}, "a": {maxItems: 5}, "items.[].x": {maxItems: 5}, "l.[].x": {maxItems: 5}, "items.[]": {maxItems: 5}, "l.[]": {maxItems: 5}}

// options: with a schema that says list or map, or without.
func (g *gen) options() (*options, map[string]field) {
	fields := maps.Clone(bounds)
	if g.typed {
		fields["items"], fields["l"], fields["o"] = field{kind: "list", maxItems: 5}, field{kind: "list", maxItems: 5}, field{kind: "map"}
	}
	return &options{
		helpers: g.helpers(), fields: func(p string) field { return fields[p] }, claimItems: 5,
		list: g.mode == listing, colls: []string{"c"},
	}, fields
}
