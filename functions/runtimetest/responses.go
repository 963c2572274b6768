package runtimetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hutch-dev/hutch/functions"
)

func testResponses(t *testing.T, rt functions.Runtime) {
	for name, c := range map[string]struct {
		expression string
		want       functions.Response
	}{
		"text": {"() => new Response('é', { status: 201, headers: { 'X-A': 'b' } })", functions.Response{
			Status: 201, Headers: [][2]string{{"content-type", "text/plain;charset=UTF-8"}, {"x-a", "b"}}, Body: []byte("é"),
		}},
		"bytes":    {"async () => new Response(new Uint8Array([0, 255]))", functions.Response{Status: 200, Headers: [][2]string{}, Body: []byte{0, 255}}},
		"nothing":  {"() => new Response(null, { status: 204 })", functions.Response{Status: 204, Headers: [][2]string{}, Body: []byte{}}},
		"JSON":     {"() => Response.json({ a: 1 })", functions.Response{Status: 200, Headers: [][2]string{{"content-type", "application/json"}}, Body: []byte(`{"a":1}`)}},
		"redirect": {"() => Response.redirect('/x')", functions.Response{Status: 302, Headers: [][2]string{{"location", "/x"}}, Body: []byte{}}},
	} {
		t.Run(name, func(t *testing.T) {
			res, err := invoke(t, rt, load(t, rt, c.expression), timeout, "{}", &Host{})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(&c.want, res.Response); d != "" || res.Value != nil {
				t.Errorf("%s %s", d, res.Value)
			}
		})
	}
	t.Run("too large", func(t *testing.T) {
		_, err := invoke(t, rt, load(t, rt, "() => new Response(new Uint8Array(1 << 21))"), timeout, "{}", &Host{})
		if f := failure(err); f == nil || f.Outcome != functions.OutcomeTooLarge {
			t.Errorf("%v", err)
		}
	})
	t.Run("as large as may be", func(t *testing.T) {
		res, err := invoke(t, rt, load(t, rt, "() => new Response(new Uint8Array(1 << 20))"), timeout, "{}", &Host{})
		if err != nil || len(res.Response.Body) != 1<<20 {
			t.Errorf("%v", err)
		}
	})
}

func testLogs(t *testing.T, rt functions.Runtime) {
	h := &Host{}
	value(t, rt, `(e, ctx) => {
		console.log('a', 1, { x: [1, 'two', null], d: new Date(0) }); console.warn('%s is %d', 'n', 5, 'more'); console.error(new HutchError('aborted', 'm').code)
		console.debug(new Map([[1, new Set(['x'])]]), [undefined, 2n, Symbol.iterator], () => 1); ctx.log.info('from ctx'); ctx.log('plain')
		const o = {}; o.o = o; console.info(o); console.assert(1 === 2, 'no'); console.log(Object.create(null)); console.log('%'); console.log(); console.log('two\nlines')
		console.log(new Proxy({}, { ownKeys() { throw 1 } })); return 1 }`, "{}", h, "1")
	want := []string{
		"info: a 1 {x: [1, \"two\", null], d: 1970-01-01T00:00:00.000Z}", "warn: n is 5 more", "error: aborted",
		"debug: Map(1) {1 => Set(1) {\"x\"}} [undefined, 2n, Symbol(Symbol.iterator)] [Function]", "info: from ctx", "info: plain",
		"info: {o: [Circular]}", "error: Assertion failed no", "info: {}", "info: %", "info: ", "info: two\nlines", "info: a value that cannot be shown",
	}
	if d := cmp.Diff(want, h.Lines()); d != "" {
		t.Error(d)
	}
	t.Run("are bounded", func(t *testing.T) {
		h := &Host{}
		value(t, rt, "() => { for (let i = 0; i < 5000; i++) console.log(i); return 1 }", "{}", h, "1")
		lines := h.Lines()
		if len(lines) > 300 || len(lines) < 100 || !strings.Contains(lines[len(lines)-1], "left out") || lines[99] != "info: 99" {
			t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
		}
		h = &Host{}
		value(t, rt, "() => { console.log('é'.repeat(1e6)); return 1 }", "{}", h, "1")
		if l := h.Lines(); len(l) != 1 || len(l[0]) > 20_000 || !strings.HasSuffix(l[0], "é...") {
			t.Errorf("%d lines of %d bytes", len(l), len(fmt.Sprint(l)))
		}
	})
	t.Run("of a run that is ended are kept", func(t *testing.T) {
		h := &Host{}
		_, _ = invoke(t, rt, load(t, rt, "() => { console.log('before'); for (;;); }"), shortTime, "{}", h)
		if l := h.Lines(); len(l) != 1 || l[0] != "info: before" {
			t.Errorf("%q", l)
		}
	})
}
