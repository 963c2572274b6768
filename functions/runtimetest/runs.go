package runtimetest

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

func testRuns(t *testing.T, rt functions.Runtime) {
	t.Run("S78 no state crosses functions, releases and secrets", func(t *testing.T) {
		code := []byte("globalThis.__bundle = { default: e => { const n = globalThis.seen; globalThis.seen = e.mark; return n === undefined || n === e.mark } }")
		bundles := map[string]functions.Bundle{
			"a": {Function: "f", Release: "1", Code: code}, "b": {Function: "f", Release: "2", Code: code},
			"c": {Function: "g", Release: "1", Code: code}, "d": {Function: "f", Release: "1", Secrets: "s", Code: code},
			"e": {Function: "f", Release: "1", Admin: true, Code: code},
		}
		modules := map[string]functions.Module{}
		for mark, b := range bundles {
			modules[mark] = loadBundle(t, rt, b)
		}
		for range 8 {
			for mark, m := range modules {
				res, err := invoke(t, rt, m, timeout, `{"mark":"`+mark+`"}`, &Host{})
				if err != nil || string(res.Value) != "true" {
					t.Fatalf("%s saw another's state: %v, %v", mark, res, err)
				}
			}
		}
	})
	t.Run("S2 what is kept of a run does nothing for the next caller", func(t *testing.T) {
		m := load(t, rt, `async (e, ctx) => {
			const old = globalThis.kept
			globalThis.kept ??= ctx
			globalThis.db ??= ctx.db
			if (old === undefined) {
				globalThis.late = new Promise(r => { globalThis.go = r }).then(() => ctx.db.delete('c', 'x')).catch(e => e.code)
				return 'first'
			}
			globalThis.go()
			const tried = [await globalThis.late]
			for (const f of [() => old.db.delete('c', 'x'), () => globalThis.db.create('c', {})]) {
				try { f(); tried.push('done') } catch (e) { tried.push(e.code) }
			}
			for (const f of [() => old.db.get('c', 'x'), () => old.call('f')]) tried.push(await f().then(() => 'done', e => e.code))
			return tried
		}`)
		asked := false
		h := &Host{
			OnDB:   func(context.Context, string, data.Doc) (data.Doc, error) { asked = true; return nil, nil },
			OnCall: func(context.Context, string, data.Doc) (data.Doc, error) { asked = true; return nil, nil },
		}
		second := false
		for range 50 { // until a process sees its second run
			res, err := invoke(t, rt, m, timeout, "{}", h)
			if err != nil {
				t.Fatal(err)
			}
			if string(res.Value) == `"first"` {
				continue
			}
			second = true
			if string(res.Value) != `["cancelled","cancelled","cancelled","cancelled","cancelled"]` {
				t.Fatalf("%s", res.Value)
			}
		}
		if asked || !second {
			t.Errorf("asked %v, a second run %v", asked, second)
		}
	})
	t.Run("timers end with their run", func(t *testing.T) {
		m := load(t, rt, `async (e, ctx) => { globalThis.ticks ??= 0; const n = globalThis.ticks
			await new Promise(r => setTimeout(r, 5)); const after = globalThis.ticks
			setInterval(() => globalThis.ticks++, 1); return after - n }`)
		for range 6 {
			res, err := invoke(t, rt, m, timeout, "{}", &Host{})
			if err != nil || string(res.Value) != "0" {
				t.Fatalf("%v, %v", res, err)
			}
		}
	})
	t.Run("time that remains", func(t *testing.T) {
		value(t, rt, "(e, ctx) => { const r = ctx.remaining(); return [r > 1000 && r <= 20000, ctx.signal.aborted, ctx.signal === ctx.signal] }", "{}", &Host{}, "[true,false,true]")
		m := load(t, rt, "(e, ctx) => ctx.remaining() === Infinity && !ctx.signal.aborted")
		res, err := rt.Invoke(t.Context(), m, &functions.Call{ID: "x", Event: json.RawMessage("{}")}, &Host{})
		if err != nil || string(res.Value) != "true" {
			t.Errorf("without a deadline: %v, %v", res, err)
		}
	})
	t.Run("the signal comes before the end", func(t *testing.T) {
		res, err := invoke(t, rt, load(t, rt, "(e, ctx) => new Promise(r => ctx.signal.addEventListener('abort', () => r(ctx.signal.reason.code)))"), longerTime, "{}", &Host{})
		if err != nil || string(res.Value) != `"deadline_exceeded"` {
			t.Errorf("%v, %v", res, err)
		}
	})
	t.Run("a promise that nothing can settle fails at once", func(t *testing.T) {
		_, err := invoke(t, rt, load(t, rt, "() => new Promise(() => {})"), timeout, "{}", &Host{})
		if f := failure(err); hutch.CodeOf(err) != hutch.Internal || f == nil || !strings.Contains(f.Text, "never settle") {
			t.Errorf("%v", err)
		}
	})
	t.Run("a stack of a thousand calls", func(t *testing.T) {
		value(t, rt, "() => { const f = n => (n === 0 ? 0 : f(n - 1) + 1); return f(1000) }", "{}", &Host{}, "1000")
	})
	t.Run("cold, then warm", func(t *testing.T) {
		m := loadBundle(t, rt, Bundle("warm", "() => 1"))
		warm := false
		for range 20 {
			res, err := invoke(t, rt, m, timeout, "{}", &Host{})
			if err != nil {
				t.Fatal(err)
			}
			warm = !res.Cold
		}
		if !warm {
			t.Error("the twentieth run was cold")
		}
	})
}
