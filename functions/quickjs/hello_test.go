package quickjs_test

import (
	"context"
	"testing"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

type host struct {
	db    func(op string, args data.Doc) (data.Doc, error)
	call  func(name string, in data.Doc) (data.Doc, error)
	lines []string
}

func (h *host) DB(_ context.Context, op string, args data.Doc) (data.Doc, error) {
	return h.db(op, args)
}
func (h *host) Call(_ context.Context, name string, in data.Doc) (data.Doc, error) {
	return h.call(name, in)
}
func (h *host) Enqueue(context.Context, data.Doc) error { return nil }
func (h *host) Fetch(context.Context, *functions.FetchRequest) (*functions.FetchResponse, error) {
	return nil, nil
}
func (h *host) Secret(string) (string, error) { return "", nil }
func (h *host) Log(level, line string)        { h.lines = append(h.lines, level+" "+line) }

func TestHello(t *testing.T) {
	rt := newRuntime(t, 1)
	m, err := rt.Load(t.Context(), functions.Bundle{Function: "f", Code: []byte(`globalThis.__bundle = { default: async (e, ctx) => { console.log('hi', e.data, new Date(0)); const d = ctx.db.create('x', {a: 1n, b: new Date(5), c: new Uint8Array([1,2])}); const g = await ctx.db.get('x', d._id); return {hello: e.data.name, d, g} } }`)})
	if err != nil {
		t.Fatal(err)
	}
	h := &host{db: func(op string, args data.Doc) (data.Doc, error) {
		t.Log(op, args)
		d := data.Field(args, "doc")
		if d.IsZero() {
			return data.Marshal(map[string]any{"doc": map[string]any{"x": 1}})
		}
		return data.Marshal(map[string]any{"doc": map[string]any{"_id": "1", "v": d}})
	}}
	for range 2 {
		res, err := rt.Invoke(t.Context(), m, &functions.Call{ID: "1", Event: []byte(`{"data":{"name":"you"}}`)}, h)
		t.Logf("%+v %v", res, err)
		if err != nil {
			t.Logf("%+v", err)
		} else {
			t.Logf("%s", res.Value)
		}
	}
	t.Log(h.lines)
}

func BenchmarkWarm(b *testing.B) {
	rt := newRuntime(b, 1)
	m, err := rt.Load(b.Context(), functions.Bundle{Function: "f", Code: []byte(`globalThis.__bundle = { default: (e, ctx) => e.data }`)})
	if err != nil {
		b.Fatal(err)
	}
	doc := `{"data":{"id":"o1","user":"u1","lines":[`
	for i := range 16 {
		if i > 0 {
			doc += ","
		}
		doc += `{"id":1,"name":"a line of an order","price":12.5,"n":2}`
	}
	doc += `]}}`
	for b.Loop() {
		if _, err := rt.Invoke(b.Context(), m, &functions.Call{ID: "1", Event: []byte(doc)}, &host{}); err != nil {
			b.Fatal(err)
		}
	}
}
