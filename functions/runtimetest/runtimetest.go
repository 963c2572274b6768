// Package runtimetest is the suite that every JavaScript runtime of functions
// passes: Run. It drives the runtime through functions.Runtime alone, with
// bundles as internal/bundle makes them.
package runtimetest

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

//go:embed testdata
var files embed.FS

// Run tests a runtime; open makes one, which Run closes. One is shared by the
// tests that leave it as it was.
func Run(t *testing.T, open func(testing.TB) functions.Runtime) {
	rt := open(t)
	t.Cleanup(func() { rt.Close() })
	t.Run("loading", func(t *testing.T) { testLoading(t, rt) })
	t.Run("values", func(t *testing.T) { testValues(t, rt) })
	t.Run("globals", func(t *testing.T) { testGlobals(t, rt) })
	t.Run("host", func(t *testing.T) { testHost(t, rt) })
	t.Run("runs", func(t *testing.T) { testRuns(t, rt) })
	t.Run("outcomes", func(t *testing.T) { testOutcomes(t, rt) })
	t.Run("responses", func(t *testing.T) { testResponses(t, rt) })
	t.Run("logs", func(t *testing.T) { testLogs(t, rt) })
	t.Run("neighbours", func(t *testing.T) { testNeighbours(t, open(t)) })
	t.Run("abuse", func(t *testing.T) { testAbuse(t, open(t)) })
}

// timeout is far beyond what a test's good call takes.
const timeout = 20 * time.Second

// Host is a functions.Host for tests; nil fields refuse.
type Host struct {
	OnDB   func(ctx context.Context, op string, args data.Doc) (data.Doc, error)
	OnCall func(ctx context.Context, name string, in data.Doc) (data.Doc, error)

	mu    sync.Mutex // guards lines
	lines []string
}

var _ functions.Host = (*Host)(nil)

// DB answers by OnDB.
func (h *Host) DB(ctx context.Context, op string, args data.Doc) (data.Doc, error) {
	if h.OnDB == nil {
		return nil, hutch.Errorf(hutch.Unimplemented, "no database")
	}
	return h.OnDB(ctx, op, args)
}

// Call answers by OnCall.
func (h *Host) Call(ctx context.Context, name string, in data.Doc) (data.Doc, error) {
	if h.OnCall == nil {
		return nil, hutch.Errorf(hutch.NotFound, "no such function")
	}
	return h.OnCall(ctx, name, in)
}

// Enqueue refuses.
func (h *Host) Enqueue(context.Context, data.Doc) error {
	return hutch.Errorf(hutch.Unimplemented, "no queues")
}

// Fetch refuses.
func (h *Host) Fetch(context.Context, *functions.FetchRequest) (*functions.FetchResponse, error) {
	return nil, hutch.Errorf(hutch.Unimplemented, "no fetch")
}

// Secret refuses.
func (h *Host) Secret(string) (string, error) {
	return "", hutch.Errorf(hutch.Unimplemented, "no secrets")
}

// Log keeps the line.
func (h *Host) Log(level, line string) {
	h.mu.Lock()
	h.lines = append(h.lines, level+": "+line)
	h.mu.Unlock()
}

// Lines are what the code said so far.
func (h *Host) Lines() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.lines...)
}

// Bundle is a bundle of a default export.
func Bundle(name, expression string) functions.Bundle {
	return functions.Bundle{Function: name, Release: "r1", Code: []byte("globalThis.__bundle = { default: " + expression + "\n}")}
}

// load loads a default export for the test.
func load(t testing.TB, rt functions.Runtime, expression string) functions.Module {
	t.Helper()
	return loadBundle(t, rt, Bundle("f", expression))
}

func loadBundle(t testing.TB, rt functions.Runtime, b functions.Bundle) functions.Module {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	m, err := rt.Load(ctx, b)
	if err != nil {
		t.Fatalf("loading: %v; %+v", err, failure(err))
	}
	t.Cleanup(m.Release)
	return m
}

// invoke runs a module on an event within a time.
func invoke(t testing.TB, rt functions.Runtime, m functions.Module, within time.Duration, event string, h functions.Host) (*functions.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	return rt.Invoke(ctx, m, &functions.Call{ID: "run", Event: json.RawMessage(event)}, h)
}

// value runs a default export on an event; it must give this JSON.
func value(t *testing.T, rt functions.Runtime, expression, event string, h functions.Host, want string) {
	t.Helper()
	res, err := invoke(t, rt, load(t, rt, expression), timeout, event, h)
	if err != nil {
		t.Fatalf("%v; %+v", err, failure(err))
	}
	if string(res.Value) != want {
		t.Errorf("got %s, want %s", res.Value, want)
	}
}

// failure is the cause inside an error of Invoke.
func failure(err error) *functions.Failure {
	f, _ := errors.AsType[*functions.Failure](err)
	return f
}
