package runtimetest

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

func testLoading(t *testing.T, rt functions.Runtime) {
	for name, b := range map[string]functions.Bundle{
		"a syntax error":             {Function: "f", Code: []byte("globalThis.__bundle = {")},
		"a throw at the top level":   {Function: "f", Code: []byte("throw new Error('no')")},
		"no default export":          {Function: "f", Code: []byte("globalThis.__bundle = {}")},
		"a default that is a number": Bundle("f", "1"),
		"too much memory":            {Function: "f", Code: Bundle("f", "() => 1").Code, Memory: 1 << 40},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := rt.Load(t.Context(), b); hutch.CodeOf(err) != hutch.InvalidArgument {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("the server cannot be asked at the top level", func(t *testing.T) {
		b := functions.Bundle{Function: "f", Code: []byte("console.log('x'); setTimeout(() => 1, 1); globalThis.__bundle = { default: () => 1 }")}
		if _, err := invoke(t, rt, loadBundle(t, rt, b), timeout, "{}", &Host{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("a loop at the top level ends", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), shortTime)
		defer cancel()
		if _, err := rt.Load(ctx, functions.Bundle{Function: "f", Code: []byte("for (;;);")}); hutch.CodeOf(err) != hutch.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a module outlives another of the same bundle", func(t *testing.T) {
		b := Bundle("same", "() => 1")
		m := loadBundle(t, rt, b)
		again, err := rt.Load(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		again.Release()
		if _, err := invoke(t, rt, m, timeout, "{}", &Host{}); err != nil {
			t.Error(err)
		}
	})
}

func testValues(t *testing.T, rt functions.Runtime) {
	const all = `{"s":"a\u0000\u2028é😀","n":1,"f":1.5,"neg":-0.5,"big":9007199254740993,"t":true,"z":null,` +
		`"d":{"$date":"2024-02-29T12:00:00.123Z"},"b":{"$binary":{"base64":"AQID","subType":"00"}},` +
		`"l":{"$numberLong":"9223372036854775807"},"small":{"$numberLong":"5"},"a":[[],{},[{"$date":"1970-01-01T00:00:00Z"}]],` +
		`"o":{"$oid":"64b000000000000000000000"},"old":{"$date":{"$numberLong":"-62135596800001"}}}`
	t.Run("come and go unchanged", func(t *testing.T) {
		res, err := invoke(t, rt, load(t, rt, "e => e"), timeout, all, &Host{})
		if err != nil {
			t.Fatal(err)
		}
		var got, want map[string]any
		if err := json.Unmarshal(res.Value, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(all), &want); err != nil {
			t.Fatal(err)
		}
		want["d"] = map[string]any{"$date": "2024-02-29T12:00:00.123Z"}
		want["a"] = []any{[]any{}, map[string]any{}, []any{map[string]any{"$date": "1970-01-01T00:00:00.000Z"}}}
		want["small"] = 5.0
		want["big"] = 9007199254740992.0 // a plain number is a double
		want["old"] = map[string]any{"$date": "0000-12-31T23:59:59.999Z"}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
	})
	t.Run("have their types", func(t *testing.T) {
		value(t, rt, `e => [e.d instanceof Date, e.b instanceof Uint8Array, typeof e.l, e.l === 9223372036854775807n, typeof e.small,
			Object.keys(e.o)[0], e.a[2][0] instanceof Date, e.old.getUTCFullYear()]`, all, &Host{},
			`[true,true,"bigint",true,"number","$oid",true,0]`)
	})
	t.Run("that only look tagged stay objects", func(t *testing.T) {
		const odd = `{"a":{"$date":"no date"},"b":{"$date":"2024-01-01T00:00:00Z","x":1},"c":{"$binary":"x"},"d":{"$numberLong":"x"},"e":{"$inc":{"n":1}}}`
		value(t, rt, "e => e", odd, &Host{}, odd)
	})
	t.Run("that are odd", func(t *testing.T) {
		value(t, rt, "() => ({ u: undefined, a: [undefined, () => 1], n: NaN, m: new Map([[1, 2]]), f() {}, d: 5n, l: -9223372036854775808n })",
			"{}", &Host{}, `{"a":[null,null],"n":null,"m":{},"d":5,"l":{"$numberLong":"-9223372036854775808"}}`)
	})
	t.Run("S69 objects have no prototype", func(t *testing.T) {
		value(t, rt, `e => [e, e.data, e.data.l[0], e.data.l[0].o].map(Object.getPrototypeOf).concat(
			'constructor' in e.data, e.data.toString === undefined, Object.keys(e.data).includes('__proto__'), e.data.polluted === undefined)`,
			`{"data":{"__proto__":{"polluted":1},"l":[{"o":{}}]}}`, &Host{}, "[null,null,null,null,false,true,true,true]")
		value(t, rt, `async (e, ctx) => { const d = await ctx.db.get('c', 'x'); return [Object.getPrototypeOf(d), Object.getPrototypeOf(d.o), d.d instanceof Date] }`,
			`{}`, &Host{OnDB: func(context.Context, string, data.Doc) (data.Doc, error) {
				return data.ParseJSON([]byte(`{"doc":{"o":{},"d":{"$date":"2024-01-01T00:00:00Z"}}}`), 9)
			}}, "[null,null,true]")
	})
	t.Run("do not change JSON for the code", func(t *testing.T) {
		value(t, rt, `() => { const s = JSON.stringify({ d: new Date(0) }); let big; try { JSON.stringify(1n) } catch (e) { big = e.name }
			return [s, big, JSON.stringify(new Uint8Array([1])), 'toJSON' in Uint8Array.prototype] }`, "{}", &Host{},
			`["{\"d\":\"1970-01-01T00:00:00.000Z\"}","TypeError","{\"0\":1}",false]`)
	})
	t.Run("nothing is null", func(t *testing.T) {
		for _, expression := range []string{"() => {}", "async () => undefined", "() => () => 1"} {
			res, err := invoke(t, rt, load(t, rt, expression), timeout, "{}", &Host{})
			if err != nil || !res.None || string(res.Value) != "null" {
				t.Errorf("%s: %+v, %v", expression, res, err)
			}
		}
	})
}
