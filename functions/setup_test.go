package functions_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/rules"
)

// scripted is a runtime whose code is Go, by function.
type scripted struct {
	mu   sync.Mutex // guards code
	code map[string]script
}

type script func(ctx context.Context, ev map[string]any, h functions.Host) (any, error)

type module struct{ run script }

func (module) Release() {}

func (s *scripted) Load(_ context.Context, b functions.Bundle) (functions.Module, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return module{s.code[b.Function]}, nil
}

func (s *scripted) Invoke(ctx context.Context, m functions.Module, c *functions.Call, h functions.Host) (*functions.Result, error) {
	var ev map[string]any
	if err := json.Unmarshal(c.Event, &ev); err != nil {
		return nil, err
	}
	v, err := m.(module).run(ctx, ev, h)
	if err != nil {
		return nil, err
	}
	if r, ok := v.(*functions.Response); ok {
		return &functions.Result{Response: r}, nil
	}
	js, err := json.Marshal(v)
	return &functions.Result{Value: js, None: v == nil}, err
}

func (*scripted) Stats() functions.Stats { return functions.Stats{} }
func (*scripted) Close() error           { return nil }

var _ functions.Runtime = (*scripted)(nil)

// world is a store, rules and functions.
type world struct {
	t    *testing.T
	data *data.Service
	fns  *functions.Service
	rt   *scripted
	log  *bytes.Buffer
	now  time.Time
	runs *functions.Runs // nil without keepRuns

	mu      sync.Mutex // guards asked
	asked   []string   // functions whose `auth:` was judged
	allowed func(name string, p hutch.Principal) error
}

func open(t *testing.T, fs []functions.Function, code map[string]script, change ...func(*world)) *world {
	t.Helper()
	store, err := pebble.Open(pebble.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	w := &world{t: t, rt: &scripted{code: code}, log: &bytes.Buffer{}, now: time.Now()}
	w.data = data.New(data.Options{Store: store, CursorKey: bytes.Repeat([]byte{7}, 32), Entropy: rand.Reader})
	t.Cleanup(func() { w.data.Close() })
	for _, c := range change {
		c(w)
	}
	w.fns = functions.New(functions.Options{
		Data: w.data, Runs: w.runs, Runtimes: map[string]functions.Runtime{"js": w.rt}, Now: func() time.Time { return w.now },
		Entropy: rand.Reader, Log: slog.New(slog.NewJSONHandler(w.log, nil)),
	})
	t.Cleanup(w.fns.Close)
	for i := range fs {
		fs[i].Runtime = "js"
	}
	set, err := w.fns.Load(t.Context(), fs, w.allow)
	if err != nil {
		t.Fatal(err)
	}
	judge, ds := rules.Compile(rules.Config{Collections: []rules.Collection{
		{Name: "things", Access: map[string]hutch.Expr{
			"read":   {Text: "auth != null && resource.owner == auth.uid"},
			"create": {Text: "auth != null && next.owner == auth.uid"},
			"update": {Text: "auth != null && next.owner == auth.uid"},
		}},
	}})
	if judge == nil {
		t.Fatal(ds)
	}
	if err := w.data.Use(t.Context(), data.App{Version: "1", Guard: judge, Hooks: set, Collections: []data.Collection{{Name: "things"}, {Name: "_runs"}, {Name: "_inputs"}, {Name: "_counts"}}}); err != nil {
		t.Fatal(err)
	}
	w.fns.Use(set)
	return w
}

func (w *world) allow(name string, p hutch.Principal, _ data.Request, _ data.Value) error {
	w.mu.Lock()
	w.asked = append(w.asked, name)
	w.mu.Unlock()
	if w.allowed != nil {
		return w.allowed(name, p)
	}
	return nil
}

func user(uid string) hutch.Principal {
	return hutch.Principal{Kind: hutch.User, UID: uid, AAL: "aal1"}.Sealed()
}

func (w *world) as(p hutch.Principal) context.Context {
	return hutch.WithPrincipal(w.t.Context(), p)
}

// call calls a function; key "" is none.
func (w *world) call(p hutch.Principal, name, body, key string) (*functions.Answer, error) {
	return w.fns.Call(w.as(p), &functions.Invocation{
		Function: name, Body: []byte(body), Key: key, Scope: "POST /functions/v1/" + name, Request: data.Request{IP: "192.0.2.1"},
	})
}

func args(v any) data.Doc {
	d, err := data.Marshal(v)
	if err != nil {
		panic(err)
	}
	return d
}

// thing reads a document without rules; nil when it is absent.
func (w *world) thing(id string) data.Doc {
	d, _, err := w.data.Get(w.as(hutch.Principal{Kind: hutch.System}.Sealed()), "things", id, data.Request{Op: data.OpGet})
	if hutch.CodeOf(err) == hutch.NotFound {
		return nil
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func callFn(name string, change ...func(*functions.Function)) functions.Function {
	f := functions.Function{Name: name, Trigger: functions.Trigger{Kind: functions.TriggerCall}}
	for _, c := range change {
		c(&f)
	}
	return f
}

func admin(f *functions.Function) { f.Admin = true }

func hook(name string, ops ...data.Op) functions.Function {
	return functions.Function{Name: name, Trigger: functions.Trigger{Kind: functions.TriggerBefore, Collection: "things", Ops: ops}}
}
