package runtimetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

// recorder is a database that notes what it is asked, as op and JSON.
type recorder struct {
	mu   sync.Mutex // guards asked
	asks []string
	// answers by operation; "" is null
	answers map[string]string
}

func (r *recorder) db(_ context.Context, op string, args data.Doc) (data.Doc, error) {
	js, err := data.AppendJSON(nil, args)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	r.asks = append(r.asks, op+" "+string(js))
	r.mu.Unlock()
	if r.answers[op] == "" {
		return nil, nil
	}
	return data.ParseJSON([]byte(r.answers[op]), 32)
}

func testHost(t *testing.T, rt functions.Runtime) {
	t.Run("operations", func(t *testing.T) { testOperations(t, rt) })
	t.Run("errors", func(t *testing.T) { testHostErrors(t, rt) })
	t.Run("admin", func(t *testing.T) { testAdmin(t, rt) })
	t.Run("calls", func(t *testing.T) { testCalls(t, rt) })
}

func testOperations(t *testing.T, rt functions.Runtime) {
	t.Run("ask and answer as the table says", func(t *testing.T) {
		r := &recorder{answers: map[string]string{
			"db.get": `{"doc":{"_id":"1"}}`, "db.getMany": `{"docs":[{"_id":"1"},null]}`, "db.find": `{"docs":[],"next":null,"count":7}`,
			"db.first": `{"doc":null}`, "db.count": `{"count":3}`, "db.create": `{"doc":{"_id":"new","n":1}}`,
		}}
		value(t, rt, `async (e, { db }) => {
			const made = db.create('c', { n: 1 })
			const out = [made._id, db.set('c', 's', { n: 2 }), db.update('c', 'u', { $inc: { n: 1 } }, { ifVersion: 3 }), db.delete('c', 'd')]
			return out.concat(await Promise.all([db.get('c', '1', { track: false }), db.getMany('c', ['1', '2']), db.find('c', { where: { n: 1 }, count: true }),
				db.first('c'), db.count('c', {})]))
		}`, "{}", &Host{OnDB: r.db},
			`["new",null,null,null,{"_id":"1"},[{"_id":"1"},null],{"docs":[],"next":null,"count":7},null,3]`)
		want := []string{
			`db.create {"in":"c","doc":{"n":1}}`, `db.set {"in":"c","id":"s","doc":{"n":2}}`,
			`db.update {"in":"c","id":"u","doc":{"$inc":{"n":1}},"guard":{"ifVersion":3}}`, `db.delete {"in":"c","id":"d"}`,
			`db.get {"in":"c","id":"1","track":false}`, `db.getMany {"in":"c","ids":["1","2"]}`,
			`db.find {"in":"c","query":{"where":{"n":1},"count":true}}`, `db.first {"in":"c"}`, `db.count {"in":"c","query":{}}`,
		}
		if d := cmp.Diff(want, r.asks); d != "" {
			t.Error(d)
		}
	})
	t.Run("keep the order of the code", func(t *testing.T) {
		r := &recorder{}
		value(t, rt, `async (e, { db }) => { const a = db.get('c', 'a'); db.update('c', 'b', {}); const c = db.get('c', 'c'); db.delete('c', 'd'); await a; await c; await null; return 1 }`,
			"{}", &Host{OnDB: r.db}, "1")
		var order []string
		for _, a := range r.asks {
			order = append(order, strings.Fields(a)[0])
		}
		if want := []string{"db.get", "db.update", "db.get", "db.delete"}; !slices.Equal(order, want) {
			t.Errorf("%q", order)
		}
	})
	t.Run("writes need no await, and may have one", func(t *testing.T) {
		r := &recorder{answers: map[string]string{"db.create": `{"doc":{"_id":"x"}}`}}
		value(t, rt, "(e, { db }) => { db.set('c', 'a', {}); return 1 }", "{}", &Host{OnDB: r.db}, "1")
		value(t, rt, "async (e, { db }) => [(await db.create('c', {}))._id, await db.delete('c', 'x')]", "{}", &Host{OnDB: r.db}, `["x",null]`)
		if len(r.asks) != 3 {
			t.Errorf("%q", r.asks)
		}
	})
	t.Run("carry values", func(t *testing.T) {
		r := &recorder{answers: map[string]string{"db.create": `{"doc":{"d":{"$date":"2024-01-01T00:00:00Z"}}}`}}
		value(t, rt, "(e, { db }) => db.create('c', { d: new Date(0), b: new Uint8Array([255]), l: 2n ** 60n, e: e.d }).d.getUTCFullYear()",
			`{"d":{"$date":"1970-01-01T00:00:01Z"}}`, &Host{OnDB: r.db}, "2024")
		want := `db.create {"in":"c","doc":{"d":{"$date":"1970-01-01T00:00:00Z"},"b":{"$binary":{"base64":"/w==","subType":"00"}},` +
			`"l":{"$numberLong":"1152921504606846976"},"e":{"$date":"1970-01-01T00:00:01Z"}}}`
		if strings.ReplaceAll(r.asks[0], ".000Z", "Z") != want {
			t.Errorf("got  %s\nwant %s", r.asks[0], want)
		}
	})
	t.Run("many at a time", func(t *testing.T) {
		r := &recorder{answers: map[string]string{"db.get": `{"doc":{"n":1}}`}}
		value(t, rt, "async (e, { db }) => (await Promise.all(Array.from({ length: 300 }, (_, i) => db.get('c', String(i))))).length", "{}", &Host{OnDB: r.db}, "300")
		if len(r.asks) != 300 || !strings.Contains(r.asks[299], `"299"`) {
			t.Errorf("%d", len(r.asks))
		}
		value(t, rt, `async (e, { db }) => { const all = await Promise.allSettled(Array.from({ length: 1500 }, (_, i) => db.get('c', String(i))))
			return all.filter(r => r.status === 'rejected').length > 0 }`, "{}", &Host{OnDB: r.db}, "true")
	})
}

func testHostErrors(t *testing.T, rt functions.Runtime) {
	cause := errors.New("a disk's secret")
	told := &hutch.Error{
		Code: hutch.FailedPrecondition, Reason: hutch.ReasonGuard, Message: "sold out", Hint: "wait", Field: "stock",
		Details: []byte(`{"left":0}`), Err: cause,
	}
	h := &Host{OnDB: func(context.Context, string, data.Doc) (data.Doc, error) { return nil, told }}
	t.Run("reach the code whole, their cause does not", func(t *testing.T) {
		for _, call := range []string{"await db.get('c', 'x')", "db.delete('c', 'x')"} {
			value(t, rt, `async (e, { db }) => { try { `+call+` } catch (e) { return [e instanceof HutchError, e.code, e.reason, e.message, e.hint, e.field, e.details, JSON.stringify(e).includes('disk')] } }`,
				"{}", h, `[true,"failed_precondition","guard","sold out","wait","stock",{"left":0},false]`)
		}
	})
	t.Run("that the code lets through keep their cause", func(t *testing.T) {
		_, err := invoke(t, rt, load(t, rt, "async (e, { db }) => db.get('c', 'x')"), timeout, "{}", h)
		e := hutch.AsError(err)
		if e.Code != hutch.FailedPrecondition || e.Reason != hutch.ReasonGuard || e.Field != "stock" || string(e.Details) != `{"left":0}` {
			t.Errorf("%+v", e)
		}
		if f := failure(err); !errors.Is(err, cause) || f == nil || f.Outcome != functions.OutcomeThrew {
			t.Errorf("%v, %+v", errors.Is(err, cause), f)
		}
	})
	t.Run("of an unknown kind are internal", func(t *testing.T) {
		h := &Host{OnDB: func(context.Context, string, data.Doc) (data.Doc, error) { return nil, cause }}
		value(t, rt, "async (e, { db }) => { try { await db.get('c', 'x') } catch (e) { return [e.code, e.message.includes('disk')] } }", "{}", h, `["internal",false]`)
	})
	t.Run("numbers that cannot be kept are refused", func(t *testing.T) {
		value(t, rt, `(e, { db }) => { try { db.create('c', { a: [1, { b: NaN }], n: null }) } catch (e) { return [e.code, e.field] } }`, "{}", &Host{},
			`["invalid_argument","doc.a[1].b"]`)
	})
	t.Run("a guard's else may be a HutchError", func(t *testing.T) {
		r := &recorder{}
		value(t, rt, `(e, { db }) => { db.update('c', 'x', {}, { if: { n: 1 }, else: new HutchError('aborted', 'late', { details: { a: 1 } }) }); return 1 }`, "{}", &Host{OnDB: r.db}, "1")
		if want := `"guard":{"if":{"n":1},"else":{"code":"aborted","message":"late","details":{"a":1}}}`; !strings.Contains(r.asks[0], want) {
			t.Error(r.asks[0])
		}
	})
	t.Run("a panic of the host is internal", func(t *testing.T) {
		h := &Host{OnDB: func(context.Context, string, data.Doc) (data.Doc, error) { panic("a value") }}
		_, err := invoke(t, rt, load(t, rt, "async (e, { db }) => db.get('c', 'x')"), timeout, "{}", h)
		if hutch.CodeOf(err) != hutch.Internal || strings.Contains(err.Error(), "a value") {
			t.Error(err)
		}
	})
}

func testAdmin(t *testing.T, rt functions.Runtime) {
	r := &recorder{answers: map[string]string{"admin.db.get": `{"doc":{"n":1}}`, "db.get": `{"doc":null}`}}
	const expression = "async (e, ctx) => [await ctx.admin.db.get('c', 'x'), await ctx.db.get('c', 'x')]"
	b := Bundle("f", expression)
	b.Admin = true
	res, err := invoke(t, rt, loadBundle(t, rt, b), timeout, "{}", &Host{OnDB: r.db})
	if err != nil || string(res.Value) != `[{"n":1},null]` {
		t.Fatalf("%v, %v", res, err)
	}
	r.asks = nil
	_, err = invoke(t, rt, load(t, rt, expression), timeout, "{}", &Host{OnDB: r.db})
	if f := failure(err); hutch.CodeOf(err) != hutch.Internal || !strings.Contains(f.Text, "admin: true") || r.asks != nil {
		t.Errorf("S2: %v, %q", err, r.asks)
	}
}

func testCalls(t *testing.T, rt functions.Runtime) {
	h := &Host{OnCall: func(_ context.Context, name string, in data.Doc) (data.Doc, error) {
		if name != "other" {
			return nil, hutch.Errorf(hutch.NotFound, "no such function")
		}
		if v := data.Field(in, "data"); !v.IsZero() {
			return data.Marshal(map[string]any{"data": v})
		}
		return data.Marshal(map[string]any{"data": nil})
	}}
	t.Run("answer", func(t *testing.T) {
		value(t, rt, `async (e, ctx) => [await ctx.call('other', { d: new Date(0) }).then(r => r.d.getTime()), await ctx.call('other'), await ctx.call('no').catch(e => e.code)]`,
			"{}", h, `[0,null,"not_found"]`)
	})
	t.Run("beside each other", func(t *testing.T) {
		value(t, rt, "async (e, ctx) => (await Promise.all(Array.from({ length: 50 }, (_, i) => ctx.call('other', i)))).join()", "{}", h,
			`"`+strings.Trim(strings.Join(strings.Fields(fmt.Sprint(numbers(50))), ","), "[]")+`"`)
	})
	t.Run("of functions do not wait for each other's places", func(t *testing.T) {
		inner := load(t, rt, "e => e.n * 2")
		outer := loadBundle(t, rt, Bundle("outer", "async (e, ctx) => ctx.call('inner', { n: e.n })"))
		h := &Host{OnCall: func(ctx context.Context, _ string, in data.Doc) (data.Doc, error) {
			event, err := data.AppendValueJSON(nil, data.Field(in, "data"))
			if err != nil {
				return nil, err
			}
			res, err := rt.Invoke(ctx, inner, &functions.Call{ID: "inner", Event: event}, &Host{})
			if err != nil {
				return nil, err
			}
			return data.ParseJSON([]byte(`{"data":`+string(res.Value)+`}`), 9)
		}}
		var wg sync.WaitGroup
		for i := range 2*rt.Stats().Slots + 1 {
			wg.Go(func() {
				res, err := invoke(t, rt, outer, timeout, fmt.Sprintf(`{"n":%d}`, i), h)
				if err != nil || string(res.Value) != fmt.Sprint(2*i) {
					t.Errorf("%d: %v, %v", i, res, err)
				}
			})
		}
		wg.Wait()
	})
}

func numbers(n int) (out []int) {
	for i := range n {
		out = append(out, i)
	}
	return out
}
