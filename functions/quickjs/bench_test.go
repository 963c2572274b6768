package quickjs_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/functions/runtimetest"
)

// BenchmarkInvoke measures warm calls of one caller.
func BenchmarkInvoke(b *testing.B) {
	order := `{"after":{"_id":"o1","user":"u1","lines":[` +
		strings.TrimSuffix(strings.Repeat(`{"id":1,"name":"a line of an order","price":12.5,"n":2},`, 16), ",") + `]}}`
	h := &runtimetest.Host{OnDB: func(context.Context, string, data.Doc) (data.Doc, error) {
		return data.ParseJSON([]byte(`{"doc":{"_id":"1"}}`), 9)
	}}
	for name, c := range map[string]struct{ expression, event string }{
		"empty":        {"() => {}", "{}"},
		"hook of 1 KB": {"({ after }) => { after.seen = true; return after }", order},
		"one read":     {"async (e, { db }) => db.get('c', '1')", "{}"},
		"one write":    {"(e, { db }) => { db.set('c', '1', { n: 1 }) }", "{}"},
	} {
		b.Run(name, func(b *testing.B) {
			rt := newRuntime(b, 1)
			m, err := rt.Load(b.Context(), runtimetest.Bundle("f", c.expression))
			if err != nil {
				b.Fatal(err)
			}
			call := &functions.Call{ID: "1", Event: json.RawMessage(c.event)}
			for b.Loop() {
				if _, err := rt.Invoke(b.Context(), m, call, h); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
