package data_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// seed of a random test: HUTCH_SEED, else a new one; printed when the test fails.
func seed(t testing.TB) uint64 {
	t.Helper()
	n := rand.Uint64()
	if s := os.Getenv("HUTCH_SEED"); s != "" {
		var err error
		if n, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("HUTCH_SEED=%d", n)
		}
	})
	return n
}

// rounds runs f n times, in a long run until its time is over or it fails.
func rounds(t *testing.T, n int, f func()) {
	t.Helper()
	length, _ := time.ParseDuration(os.Getenv("HUTCH_LONG"))
	for end := time.Now().Add(length); n > 0 || time.Now().Before(end); n-- {
		if f(); t.Failed() {
			return
		}
	}
}

// hard are values at the edges of types and precision, in no order.
func hard(t testing.TB) []data.Value {
	vs := []data.Value{data.Null(), data.Bool(false), data.Bool(true)}
	for _, n := range []int64{0, 1, -1, 2, 10, 255, 256, math.MaxInt32, math.MinInt32, 1 << 53, 1<<53 + 1, 1<<53 - 1, -(1 << 53) - 1, 1<<62 + 1, math.MaxInt64, math.MaxInt64 - 1, math.MinInt64, math.MinInt64 + 1} {
		vs = append(vs, data.Int(n), data.Int64(n))
	}
	for _, f := range []float64{0, 0.1, -0.1, 0.5, 1, 1.5, -1.5, 2, 1 << 53, 1<<53 + 2, 1 << 63, -1 << 63, 1e300, -1e300, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, -math.SmallestNonzeroFloat64} {
		vs = append(vs, data.Double(f))
	}
	for _, s := range []string{
		"0", "0E+6111", "0.1", "-0.1", "0.10", "0.1000000000000000055511151231257827", "0.5", "1", "1.0", "2", "1E2", "1E+400", "-1E+400", "1E-400", "-1E-400", "1E6144", "1E-6176", "-1E-6176",
		"9007199254740993", "9007199254740992.5", "9223372036854775807", "9223372036854775807.5", "-9223372036854775808", "9999999999999999999999999999999999", "1.797693134862315708145274237317044E+308",
	} {
		vs = append(vs, data.Decimal(mustDecimal(t, s)))
	}
	for _, s := range []string{"", "a", "b", "ab", "a\x00", "a\x00b", "a\x00\x00", "a\x01", "\x00", "é", "z", "\U0010ffff"} {
		vs = append(vs, data.String(s))
	}
	for _, js := range []string{`{}`, `{"a":1}`, `{"a":2}`, `{"a":"x"}`, `{"b":1}`, `{"a":1,"b":1}`, `{"a":{}}`, `{"a":[]}`, `{"ab":1}`, `{"a":1.5,"b":null}`, `{"a":null}`} {
		vs = append(vs, data.Object(doc(t, js)))
	}
	for _, js := range []string{
		`[]`, `[1]`, `[1,2]`, `[2]`, `[[]]`, `[null]`, `[{}]`, `["a"]`, `["a","b"]`, `[1.0]`,
		`{"$date":"2026-01-01T00:00:00Z"}`, `{"$date":{"$numberLong":"-1"}}`, `{"$date":{"$numberLong":"0"}}`, `{"$oid":"000000000000000000000000"}`, `{"$oid":"ffffffffffffffffffffffff"}`,
		`{"$binary":{"base64":"","subType":"00"}}`, `{"$binary":{"base64":"AA==","subType":"00"}}`, `{"$binary":{"base64":"AA==","subType":"04"}}`, `{"$binary":{"base64":"AAA=","subType":"00"}}`,
	} {
		v, err := data.ParseValueJSON([]byte(js), 40)
		if err != nil {
			t.Fatal(err)
		}
		vs = append(vs, v)
	}
	return append(vs, data.Value{Type: bson.TypeUndefined}, data.Value{})
}

func sign(n int) int { return max(-1, min(1, n)) }

// checkKeys compares two values in every way there is.
func checkKeys(t *testing.T, a, b data.Value) {
	t.Helper()
	want := sign(data.Compare(a, b))
	if back := sign(data.Compare(b, a)); back != -want {
		t.Errorf("%v and %v: %d, the other way %d", a, b, want, back)
	}
	if data.Equal(a, b) != (want == 0) {
		t.Errorf("%v and %v: compare %d, equal %v", a, b, want, data.Equal(a, b))
	}
	ka, kb := data.AppendKey(nil, a, false), data.AppendKey(nil, b, false)
	if got := bytes.Compare(ka, kb); got != want {
		t.Errorf("%v and %v: compare %d, keys %d: %x %x", a, b, want, got, ka, kb)
	}
	if want != 0 && (bytes.HasPrefix(ka, kb) || bytes.HasPrefix(kb, ka)) {
		t.Errorf("%v and %v: one key begins with the other: %x %x", a, b, ka, kb)
	}
	if got := bytes.Compare(data.AppendKey(nil, a, true), data.AppendKey(nil, b, true)); got != -want {
		t.Errorf("%v and %v: compare %d, descending keys %d", a, b, want, got)
	}
}

func TestKeysFollowCompare(t *testing.T) {
	vs := hard(t)
	for _, a := range vs {
		for _, b := range vs {
			checkKeys(t, a, b)
		}
	}
}

func TestCompareIsAnOrder(t *testing.T) {
	vs := hard(t)
	slices.SortFunc(vs, data.Compare)
	for i := range vs {
		for j := i + 1; j < len(vs); j++ {
			if data.Compare(vs[i], vs[j]) > 0 {
				t.Fatalf("%v stands before %v", vs[i], vs[j])
			}
		}
	}
	byType := []byte{}
	for _, v := range vs {
		byType = append(byType, byte(v.Type))
	}
	var kinds []bson.Type
	for _, b := range byType {
		k := bson.Type(b)
		switch k {
		case 0:
			k = bson.TypeNull
		case bson.TypeInt32, bson.TypeInt64, bson.TypeDecimal128:
			k = bson.TypeDouble
		}
		if len(kinds) == 0 || kinds[len(kinds)-1] != k {
			kinds = append(kinds, k)
		}
	}
	want := []bson.Type{bson.TypeUndefined, bson.TypeNull, bson.TypeDouble, bson.TypeString, bson.TypeEmbeddedDocument, bson.TypeArray, bson.TypeBinary, bson.TypeObjectID, bson.TypeBoolean, bson.TypeDateTime}
	if !slices.Equal(kinds, want) {
		t.Errorf("types in the order %v", kinds)
	}
}

func TestS19NumbersBeyondDoubles(t *testing.T) {
	big, near := data.Int64(1<<53+1), data.Double(1<<53)
	if data.Equal(big, near) || data.Compare(big, near) <= 0 {
		t.Error("an int64 equals a double that is not the same number")
	}
	if !data.Equal(big, data.Decimal(mustDecimal(t, "9007199254740993"))) {
		t.Error("an int64 does not equal the same decimal")
	}
	if data.Equal(data.Double(0.1), data.Decimal(mustDecimal(t, "0.1"))) {
		t.Error("the double next to a tenth equals a tenth")
	}
	if got := show(t, doc(t, `{"a":9007199254740993}`)); got != `{"a":{"$numberLong":"9007199254740993"}}` {
		t.Errorf("sent as %s", got)
	}
	d := doc(t, `{"tenant":9007199254740993}`)
	w, err := data.ParseWhere(doc(t, `{"tenant":9007199254740992}`), true)
	if err != nil {
		t.Fatal(err)
	}
	m, err := data.Compile(w)
	if err != nil {
		t.Fatal(err)
	}
	if m.Match(d) {
		t.Error("neighbours beyond 2^53 match")
	}
}

func TestKeyPrefix(t *testing.T) {
	p := data.AppendKeyPrefix(nil, "a\x00b", false)
	if !bytes.HasPrefix(data.AppendKey(nil, data.String("a\x00bc"), false), p) || bytes.HasPrefix(data.AppendKey(nil, data.String("a\x00c"), false), p) {
		t.Error("the prefix is not one of exactly the strings that begin so")
	}
}

// inner keeps what stands for an empty array in an index out of documents.
func inner(v data.Value) data.Value {
	if v.Type == bson.TypeUndefined || v.Type == 0 {
		return data.Null()
	}
	return v
}

// randomValue makes a value; often one close to another.
func randomValue(r *rand.Rand, depth int, pool []data.Value) data.Value {
	switch n := r.IntN(14); {
	case n < 6:
		return pool[r.IntN(len(pool))]
	case n == 6:
		return data.Int64(int64(r.Uint64()) >> r.IntN(64))
	case n == 7:
		if f := math.Float64frombits(r.Uint64()); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return data.Double(f)
		}
		return data.Double(float64(r.Int64N(1000)) / 8)
	case n == 8:
		return data.Double(float64(int64(r.Uint64()) >> r.IntN(64)))
	case n == 9:
		s := strconv.FormatInt(int64(r.Uint64())>>r.IntN(64), 10) + "E" + strconv.Itoa(r.IntN(80)-40)
		d, err := bson.ParseDecimal128(s)
		if err != nil {
			return data.Null()
		}
		return data.Decimal(d)
	case n == 10 && depth > 0:
		var es []data.Elem
		for i := range r.IntN(4) {
			es = append(es, data.Elem{Name: string(rune('a'+i)) + []string{"", "a"}[r.IntN(2)], Value: inner(randomValue(r, depth-1, pool))})
		}
		return data.Object(data.NewDoc(es...))
	case n == 11 && depth > 0:
		var vs []data.Value
		for range r.IntN(4) {
			vs = append(vs, inner(randomValue(r, depth-1, pool)))
		}
		return data.Array(vs...)
	}
	return data.String("abc\x00d"[:r.IntN(6)])
}

func TestKeysFollowCompareRandomly(t *testing.T) {
	r := rand.New(rand.NewPCG(seed(t), 1))
	pool := hard(t)
	rounds(t, 20_000, func() { checkKeys(t, randomValue(r, 3, pool), randomValue(r, 3, pool)) })
}
