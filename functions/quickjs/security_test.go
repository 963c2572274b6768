package quickjs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/functions/quickjs"
	"github.com/hutch-dev/hutch/functions/runtimetest"
)

// give runs an expression on {} and gives its result.
func give(t *testing.T, rt *quickjs.Runtime, expression string) string {
	t.Helper()
	m, err := rt.Load(t.Context(), runtimetest.Bundle("f", expression))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release()
	res, err := rt.Invoke(t.Context(), m, &functions.Call{ID: "1", Event: []byte("{}")}, &runtimetest.Host{})
	if err != nil {
		t.Fatal(err)
	}
	return string(res.Value)
}

func TestS12ChildrenAreConfined(t *testing.T) {
	rt := newRuntime(t, 1)
	if s := rt.Stats(); !s.Confined || !strings.Contains(s.Isolation, "seccomp") || s.Processes != 2 || s.Start <= 0 {
		t.Errorf("%+v", s)
	}
	if got := give(t, rt, "() => [typeof std, typeof os, typeof process, typeof require]"); got != `["undefined","undefined","undefined","undefined"]` {
		t.Error(got)
	}
	if got := give(t, rt, "() => import('/etc/passwd').then(() => 'read', e => e.name)"); got != `"ReferenceError"` {
		t.Error(got)
	}
}

func TestS14NothingGivenIsKeptByReference(t *testing.T) {
	rt := newRuntime(t, 1)
	b := runtimetest.Bundle("f", "e => e.n")
	m, err := rt.Load(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release()
	for i := range b.Code {
		b.Code[i] = 'x'
	}
	for i := range 30 { // more than one VM
		event := []byte(fmt.Sprintf(`{"n":%d}`, 1000+i))
		res, err := rt.Invoke(t.Context(), m, &functions.Call{ID: "1", Event: event}, &runtimetest.Host{})
		for i := range event {
			event[i] = 'x'
		}
		if err != nil || string(res.Value) != fmt.Sprint(1000+i) {
			t.Fatalf("%v, %v", res, err)
		}
	}
}

func TestS59ThereIsNoNetwork(t *testing.T) {
	rt := newRuntime(t, 1)
	if got := give(t, rt, "(e, ctx) => [typeof fetch, typeof WebSocket, typeof XMLHttpRequest, typeof ctx.fetch, typeof ctx.secrets, typeof ctx.enqueue]"); strings.Contains(got, "function") {
		t.Error(got)
	}
}

func TestS79CodeIsNeverBytecode(t *testing.T) {
	rt := newRuntime(t, 1)
	code := quickjs.Bytecode(t, "globalThis.__bundle = { default: () => 1 }")
	if _, err := rt.Load(t.Context(), functions.Bundle{Function: "f", Code: code}); hutch.CodeOf(err) != hutch.InvalidArgument {
		t.Errorf("got %v", err)
	}
}

func TestS80ClocksAreCoarse(t *testing.T) {
	rt := newRuntime(t, 1)
	if got := give(t, rt, "() => [typeof SharedArrayBuffer, typeof Atomics, Array.from({ length: 50 }, () => performance.now()).every(Number.isInteger)]"); got != `["undefined","undefined",true]` {
		t.Error(got)
	}
}

func TestLongMoreJobsThanTheEngineRunsAtOnce(t *testing.T) {
	if os.Getenv("HUTCH_LONG") == "" {
		t.Skip("takes seconds")
	}
	rt := newRuntime(t, 1)
	if got := give(t, rt, "async () => { let n = 0; for (; n < 1_100_000; n++) await null; return n }"); got != "1100000" {
		t.Error(got)
	}
}

// A long-lived VM must not grow with its runs.
func TestAVMDoesNotGrow(t *testing.T) {
	runs := 300
	if d, err := time.ParseDuration(os.Getenv("HUTCH_LONG")); err == nil {
		runs = max(runs, int(d.Seconds())*100)
	}
	rt := newRuntime(t, 1)
	b := runtimetest.Bundle("f", `async (e, ctx) => { console.log('x'); setTimeout(() => {}, 1e6); await new Promise(r => setTimeout(r, 0)); await ctx.call('x').catch(() => {})
		try { new URL('no') } catch {} ; return { at: new Date(0), big: e.text } }`)
	b.Memory = 8 << 20
	m, err := rt.Load(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release()
	event := []byte(`{"text":"` + strings.Repeat("x", 100<<10) + `"}`)
	for i := range runs {
		res, err := rt.Invoke(t.Context(), m, &functions.Call{ID: "1", Event: event}, &runtimetest.Host{})
		if err != nil {
			t.Fatalf("run %d: %v", i, err)
		}
		if i > 2 && res.Cold {
			t.Fatalf("run %d had a new VM", i)
		}
	}
}
