package runtimetest

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

// testAbuse runs hostile scripts, each while neighbours work: it must end, its
// error must be one of ours, the neighbours and the next run must not notice.
func testAbuse(t *testing.T, rt functions.Runtime) {
	t.Cleanup(func() { rt.Close() })
	scripts := map[string]string{}
	for _, file := range []string{"abuse.json", "more.json"} {
		b, err := files.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &scripts); err != nil {
			t.Fatal(err)
		}
	}
	if len(scripts) < 45 {
		t.Fatalf("only %d scripts", len(scripts))
	}
	hostile := loadBundle(t, rt, Bundle("hostile", "(e, ctx) => { globalThis.ctx = ctx; return (0, eval)(e.script) }"))
	good := loadBundle(t, rt, Bundle("good", "async (e, ctx) => { await null; const d = await ctx.db.get('c', 'x'); return d.n + e.n }"))
	check := func(t *testing.T, when string) {
		h := &Host{OnDB: func(context.Context, string, data.Doc) (data.Doc, error) {
			return data.ParseJSON([]byte(`{"doc":{"n":1}}`), 5)
		}}
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		defer cancel()
		call := &functions.Call{ID: "good", Event: json.RawMessage(`{"n":1}`), Again: func(context.Context) (functions.Host, error) { return h, nil }}
		res, err := rt.Invoke(ctx, good, call, h)
		if err != nil || string(res.Value) != "2" {
			t.Errorf("%s: %v, %v", when, res, err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		t.Run(name, func(t *testing.T) {
			event, err := json.Marshal(map[string]string{"script": scripts[name]})
			if err != nil {
				t.Fatal(err)
			}
			var over atomic.Bool
			var wg sync.WaitGroup
			wg.Go(func() {
				for !over.Load() && !t.Failed() {
					check(t, "a neighbour")
				}
			})
			_, err = invoke(t, rt, hostile, abuseTime, string(event), &Host{OnDB: func(context.Context, string, data.Doc) (data.Doc, error) {
				return data.ParseJSON([]byte(`{"doc":null}`), 5)
			}})
			over.Store(true)
			wg.Wait()
			if e, ok := errors.AsType[*hutch.Error](err); err != nil && (!ok || failure(err) == nil) {
				t.Errorf("ended with %v, %+v", err, e)
			}
			check(t, "the next run")
			if t.Failed() {
				t.Logf("%v; %+v; %+v", err, failure(err), rt.Stats())
			}
		})
	}
}

// testNeighbours ends a run that cannot be interrupted: the others of its
// process run again, each with a Host of its own.
func testNeighbours(t *testing.T, rt functions.Runtime) {
	t.Cleanup(func() { rt.Close() })
	stuck := loadBundle(t, rt, Bundle("stuck", "() => { new Array(2 ** 32 - 1).fill(0).length; 'x'.repeat(2 ** 29).split('').join('y').split('y').sort() }"))
	waits := loadBundle(t, rt, Bundle("waits", "async (e, ctx) => { ctx.db.update('c', 'x', { n: 1 }); await ctx.db.get('c', 'go'); return e.n }"))
	for round := 0; rt.Stats().Kills == 0; round++ {
		if round == 20 {
			t.Skip("every loop of this runtime can be interrupted")
		}
		var wg sync.WaitGroup
		release := make(chan struct{})
		n := max(1, rt.Stats().Slots-1)
		running := make(chan struct{}, 4*n)
		for i := range n {
			wg.Go(func() {
				var writes atomic.Int32
				host := func() *Host {
					writes.Store(0)
					return &Host{OnDB: func(ctx context.Context, op string, _ data.Doc) (data.Doc, error) {
						if op == "db.update" {
							writes.Add(1)
							return nil, nil
						}
						running <- struct{}{}
						select {
						case <-release:
						case <-ctx.Done():
						}
						return nil, ctx.Err()
					}}
				}
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				defer cancel()
				res, err := rt.Invoke(ctx, waits, &functions.Call{
					ID: "n", Event: json.RawMessage(`{"n":` + strconv.Itoa(i) + `}`),
					Again: func(context.Context) (functions.Host, error) { return host(), nil },
				}, host())
				if err != nil || string(res.Value) != strconv.Itoa(i) || writes.Load() != 1 {
					t.Errorf("neighbour %d: %v, %v, %d writes", i, res, err, writes.Load())
				}
			})
		}
		for range n {
			<-running
		}
		_, err := invoke(t, rt, stuck, 50*time.Millisecond, "{}", &Host{})
		if err == nil {
			t.Error("the stuck run ended well")
		}
		close(release)
		wg.Wait()
	}
}
