package data_test

import (
	"encoding/json"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// doc reads a document of a test.
func doc(t testing.TB, js string) data.Doc {
	t.Helper()
	d, err := data.ParseJSON([]byte(js), 40)
	if err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return d
}

func show(t testing.TB, d data.Doc) string {
	t.Helper()
	js, err := data.AppendJSON(nil, d)
	if err != nil {
		t.Fatal(err)
	}
	return string(js)
}

func TestJSONRoundTrip(t *testing.T) {
	for _, c := range []struct{ in, out string }{
		{`{}`, ``},
		{`{"a":1,"b":-5,"c":2147483647,"d":2147483648}`, ``},
		{`{"a":9007199254740992}`, ``},
		{`{"a":9007199254740993}`, `{"a":{"$numberLong":"9007199254740993"}}`},
		{`{"a":-9223372036854775808}`, `{"a":{"$numberLong":"-9223372036854775808"}}`},
		{`{"a":5.0,"b":1e2,"c":1.5,"d":-2.25e-9}`, `{"a":5.0,"b":100.0,"c":1.5,"d":-2.25e-09}`},
		{`{"a":1e300}`, `{"a":1e+300}`},
		{`{"a":[1,[2,{"b":null}],true,false,"x"]}`, ``},
		{`{"a":"\u00e9\n\"\\\/\ud83d\ude00"}`, `{"a":"é\n\"\\/😀"}`},
		{`{"a":{"$date":"2026-01-02T03:04:05.678Z"}}`, ``},
		{`{"a":{"$date":"2026-01-02T04:04:05+01:00"}}`, `{"a":{"$date":"2026-01-02T03:04:05.000Z"}}`},
		{`{"a":{"$date":{"$numberLong":"253402300800000"}}}`, ``},
		{`{"a":{"$date":{"$numberLong":"0"}}}`, `{"a":{"$date":"1970-01-01T00:00:00.000Z"}}`},
		{`{"a":{"$oid":"0123456789abcdef01234567"}}`, ``},
		{`{"a":{"$binary":{"base64":"AQI=","subType":"00"}}}`, ``},
		{`{"a":{"$binary":{"subType":"4","base64":"AQI="}}}`, `{"a":{"$binary":{"base64":"AQI=","subType":"04"}}}`},
		{`{"a":{"$numberInt":"7"},"b":{"$numberLong":"7"},"c":{"$numberDouble":"7"}}`, `{"a":7,"b":7,"c":7.0}`},
		{`{"a":{"$numberDecimal":"1.50"}}`, ``},
		{" {\t\"a\" :\r\n[ ] , \"b\" : { } } ", `{"a":[],"b":{}}`},
		{`{"\u0024date":"2026-01-02T03:04:05Z"}`, `!`},
		{`{"a":{"\u0024date":"2026-01-02T03:04:05Z"}}`, `{"a":{"$date":"2026-01-02T03:04:05.000Z"}}`},
	} {
		d, err := data.ParseJSON([]byte(c.in), 40)
		if c.out == "!" {
			if err == nil {
				t.Errorf("%s passed", c.in)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		if err := data.CheckDoc(d); err != nil {
			t.Errorf("%s: %v", c.in, err)
		}
		if c.out == "" {
			c.out = c.in
		}
		if got := show(t, d); got != c.out {
			t.Errorf("%s: got %s, want %s", c.in, got, c.out)
		}
	}
}

// refused are JSON texts that are no documents, and the field that is named.
var refused = []struct{ in, field string }{
	{`{"a":1,"a":2}`, "a"},
	{`{"a":1,"\u0061":2}`, "a"},
	{`{"x":{"a":1,"b":[{"c":1,"c":2}]}}`, "x.b[0].c"},
	{`{"a":"\ud800"}`, "a"},
	{`{"a":"\udc00x"}`, "a"},
	{`{"a":"\ud800\ud800"}`, "a"},
	{`{"\ud800":1}`, ""},
	{`{"":1}`, ""},
	{`{"a":{"":1}}`, "a"},
	{`{"a\u0000b":1}`, ""},
	{`{"a":"\u0000"}`, "a"},
	{`{"a":9223372036854775808}`, "a"},
	{`{"a":-9223372036854775809}`, "a"},
	{`{"a":100000000000000000000}`, "a"},
	{`{"a":-0}`, "a"},
	{`{"a":-0.0}`, "a"},
	{`{"a":-0e5}`, "a"},
	{`{"a":1e400}`, "a"},
	{`{"a":NaN}`, "a"},
	{`{"a":01}`, "a"},
	{`{"a":1.}`, "a"},
	{`{"a":.5}`, "a"},
	{`{"a":+1}`, "a"},
	{`{"a":1e}`, "a"},
	{`{"a":tru}`, "a"},
	{`{"a":"\x"}`, "a"},
	{"{\"a\":\"\xff\"}", "a"},
	{"{\"a\":\"\n\"}", "a"},
	{`{"a":1,}`, ""},
	{`{"a" 1}`, "a"},
	{`{"a":1`, ""},
	{`{"a":[1,]}`, "a[1]"},
	{`{"a":1} x`, ""},
	{`[1]`, ""},
	{``, ""},
	{"\ufeff{}", ""},
	{`{"a":{"$date":"2026-02-30T00:00:00Z"}}`, "a.$date"},
	{`{"a":{"$date":"2026-01-02"}}`, "a.$date"},
	{`{"a":{"$date":"2026-01-02T03:04:60Z"}}`, "a.$date"},
	{`{"a":{"$date":5}}`, "a.$date"},
	{`{"a":{"$date":"2026-01-02T03:04:05Z","b":1}}`, "a.$date"},
	{`{"a":{"b":1,"$date":"2026-01-02T03:04:05Z"}}`, "a.$date"},
	{`{"a":{"$oid":"0123"}}`, "a.$oid"},
	{`{"a":{"$oid":"0123456789abcdef0123456g"}}`, "a.$oid"},
	{`{"a":{"$binary":"AQI="}}`, "a.$binary"},
	{`{"a":{"$binary":{"base64":"AQI="}}}`, "a.$binary"},
	{`{"a":{"$binary":{"base64":"AQI","subType":"00"}}}`, "a.$binary.base64"},
	{`{"a":{"$binary":{"base64":"AQ\nI=","subType":"00"}}}`, "a.$binary.base64"},
	{`{"a":{"$binary":{"base64":"AQI=","subType":"05"}}}`, "a.$binary.subType"},
	{`{"a":{"$numberInt":"2147483648"}}`, "a.$numberInt"},
	{`{"a":{"$numberInt":7}}`, "a.$numberInt"},
	{`{"a":{"$numberLong":"-0"}}`, "a.$numberLong"},
	{`{"a":{"$numberLong":"9223372036854775808"}}`, "a.$numberLong"},
	{`{"a":{"$numberDouble":"NaN"}}`, "a.$numberDouble"},
	{`{"a":{"$numberDouble":"Infinity"}}`, "a.$numberDouble"},
	{`{"a":{"$numberDouble":"-0"}}`, "a.$numberDouble"},
	{`{"a":{"$numberDouble":"0x1p-2"}}`, "a.$numberDouble"},
	{`{"a":{"$numberDecimal":"NaN"}}`, "a.$numberDecimal"},
	{`{"a":{"$numberDecimal":"Infinity"}}`, "a.$numberDecimal"},
	{`{"a":{"$numberDecimal":"-0.0"}}`, "a.$numberDecimal"},
	{`{"a":{"$numberDecimal":"1e9999"}}`, "a.$numberDecimal"},
	{`{"a":{"$numberDecimal":"1` + strings.Repeat("0", 100_000) + `"}}`, "a.$numberDecimal"},
	{`{"$oid":"0123456789abcdef01234567"}`, ""},
}

func TestJSONRefused(t *testing.T) {
	for _, c := range refused {
		_, err := data.ParseJSON([]byte(c.in), 40)
		e := hutch.AsError(err)
		if e == nil || e.Code != hutch.InvalidArgument {
			t.Errorf("%.80s: got %v", c.in, err)
			continue
		}
		if e.Field != c.field {
			t.Errorf("%.80s: field %q, want %q (%v)", c.in, e.Field, c.field, e)
		}
	}
}

func TestJSONDepth(t *testing.T) {
	nest := func(n int) []byte {
		return []byte(strings.Repeat(`{"a":`, n-1) + `{}` + strings.Repeat(`}`, n-1))
	}
	if d, err := data.ParseJSON(nest(40), 40); err != nil || data.Depth(d) != 40 {
		t.Errorf("40 deep: %v, depth %d", err, data.Depth(d))
	}
	if _, err := data.ParseJSON(nest(41), 40); err == nil {
		t.Error("41 deep passed")
	}
	if _, err := data.ParseJSON([]byte(strings.Repeat(`{"a":`, 39)+`{"$date":{"$numberLong":"1"}}`+strings.Repeat(`}`, 39)), 39); err != nil {
		t.Errorf("a wrapped value counts as nesting: %v", err)
	}
	if _, err := data.ParseJSON([]byte(`{"a":`+strings.Repeat(`[`, 1<<20)), 40); err == nil {
		t.Error("a million arrays passed")
	}
}

func TestS18OnlyKnownTypesPass(t *testing.T) {
	for name, v := range map[string]any{
		"regex": bson.Regex{Pattern: "a"}, "javascript": bson.JavaScript("x"), "symbol": bson.Symbol("s"),
		"timestamp": bson.Timestamp{T: 1}, "minkey": bson.MinKey{}, "maxkey": bson.MaxKey{}, "undefined": bson.Undefined{},
		"dbpointer": bson.DBPointer{DB: "a"}, "binary of another subtype": bson.Binary{Subtype: 5, Data: []byte("x")},
		"NaN": nan(), "decimal NaN": mustDecimal(t, "NaN"), "decimal infinity": mustDecimal(t, "-Infinity"),
	} {
		for _, holder := range []any{bson.M{"a": v}, bson.M{"l": bson.A{1, v}}, bson.M{"o": bson.M{"p": v}}} {
			b, err := bson.Marshal(holder)
			if err != nil {
				t.Fatal(err)
			}
			if data.CheckDoc(b) == nil {
				t.Errorf("a document with %s passes", name)
			}
			js, err := data.AppendJSON(nil, b)
			if err != nil || !json.Valid(js) {
				t.Errorf("a document with %s is written as %s, %v", name, js, err)
			}
			if d, err := data.ParseJSON(js, 40); err == nil && data.CheckDoc(d) == nil && data.CheckFields(d) == nil {
				t.Errorf("%s is read", js)
			}
		}
	}
}

func TestS18ForeignTypesAreShownAsExtendedJSON(t *testing.T) {
	b, err := bson.Marshal(bson.D{
		{Key: "_id", Value: "x"},
		{Key: "re", Value: bson.Regex{Pattern: "a\"/", Options: "i"}},
		{Key: "js", Value: bson.JavaScript("f()")},
		{Key: "scoped", Value: bson.CodeWithScope{Code: "g", Scope: bson.D{{Key: "a", Value: 1}}}},
		{Key: "sym", Value: bson.Symbol("s")},
		{Key: "ts", Value: bson.Timestamp{T: 7, I: 9}},
		{Key: "min", Value: bson.MinKey{}},
		{Key: "max", Value: bson.MaxKey{}},
		{Key: "undef", Value: bson.Undefined{}},
		{Key: "ptr", Value: bson.DBPointer{DB: "d"}},
		{Key: "nan", Value: nan()},
		{Key: "o", Value: bson.D{{Key: "l", Value: bson.A{1, 2.5, bson.MinKey{}, bson.D{}}}}},
		{Key: "n", Value: int64(5)},
	})
	if err != nil {
		t.Fatal(err)
	}
	js, err := data.AppendJSON(nil, b)
	const want = `{"_id":"x","re":{"$regularExpression":{"pattern":"a\"/","options":"i"}},"js":{"$code":"f()"},` +
		`"scoped":{"$code":"g","$scope":{"a":1}},"sym":{"$symbol":"s"},"ts":{"$timestamp":{"t":7,"i":9}},` +
		`"min":{"$minKey":1},"max":{"$maxKey":1},"undef":{"$undefined":true},"ptr":{"$dbPointer":{"$ref":"d","$id":{"$oid":"000000000000000000000000"}}},` +
		`"nan":{"$numberDouble":"NaN"},"o":{"l":[1,2.5,{"$minKey":1},{}]},"n":5}`
	if got := strings.NewReplacer(`": `, `":`).Replace(string(js)); got != want || err != nil {
		t.Errorf("got  %s, %v\nwant %s", js, err, want)
	}
	if _, err := data.AppendJSON(nil, b[:len(b)-3]); err == nil {
		t.Error("bytes that are no BSON are written")
	}
}

func nan() float64 { z := 0.0; return z / z }

func mustDecimal(t testing.TB, s string) bson.Decimal128 {
	t.Helper()
	d, err := bson.ParseDecimal128(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestS67DuplicateAndAmbiguousNames(t *testing.T) {
	long := `{"k0":0`
	for i := 1; i < 40; i++ {
		long += `,"k` + strings.Repeat("x", i) + `":1`
	}
	for _, js := range []string{
		`{"a":1,"a":1}`, `{"a":{"b":1,"\u0062":2}}`, `[{"a":1,"a":2}]`, `{"\ud800":1,"\ud801":2}`,
		`{"":1}`, `{"a\u0000":1}`, long + `,"kx":2}`, long + `,"k0":2}`, long + `,"new":1,"new":2}`,
	} {
		if _, err := data.ParseValueJSON([]byte(js), 40); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%.60s: got %v", js, err)
		}
	}
	if _, err := data.ParseValueJSON([]byte(long+`}`), 40); err != nil {
		t.Errorf("distinct names: %v", err)
	}
}

func TestS68ReservedNames(t *testing.T) {
	for _, c := range []struct{ js, field string }{
		{`{"_id":"x"}`, "_id"},
		{`{"a":1,"_version":2}`, "_version"},
		{`{"_x":1}`, "_x"},
		{`{"__proto__":1}`, "__proto__"},
		{`{"$set":1}`, "$set"},
		{`{"a":{"$gt":1}}`, "a.$gt"},
		{`{"a":[{"b.c":1}]}`, "a[0].b.c"},
		{`{"a.b":1}`, "a.b"},
	} {
		e := hutch.AsError(data.CheckFields(doc(t, c.js)))
		if e == nil || e.Field != c.field || e.Code != hutch.InvalidArgument {
			t.Errorf("%s: got %v, want field %s", c.js, e, c.field)
		}
	}
	if err := data.CheckFields(doc(t, `{"_id":"x","a":{"_b":1,"c":[{"d":"$x"}]}}`), data.FieldID); err != nil {
		t.Error(err)
	}
}
