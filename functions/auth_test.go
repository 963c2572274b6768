package functions_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
	"github.com/hutch-dev/hutch/functions"
)

func judge(name, event string) functions.Function {
	return functions.Function{Name: name, Trigger: functions.Trigger{Kind: functions.TriggerJudge, Event: event}}
}

func hearer(name, event string) functions.Function {
	return functions.Function{Name: name, Trigger: functions.Trigger{Kind: functions.TriggerHear, Event: event}}
}

func ann() functions.AuthEvent {
	return functions.AuthEvent{User: json.RawMessage(`{"id":"u1","email":"ann@shop.example"}`), Method: "password", IP: "192.0.2.1"}
}

// TestS2WhatJudgesReadsAndActsForNobody: ctx.db throws, ctx.admin.db reads, nothing
// writes, no function is called.
func TestS2WhatJudgesReadsAndActsForNobody(t *testing.T) {
	w := open(t, []functions.Function{judge("a", "beforeSignIn"), judge("b", "beforeSignIn"), judge("other", "beforeToken"), callFn("writes")}, map[string]script{
		"a": func(ctx context.Context, ev map[string]any, h functions.Host) (any, error) {
			if ev["type"] != "auth.beforeSignIn" || ev["auth"] != nil || ev["method"] != "password" || ev["user"].(map[string]any)["id"] != "u1" || ev["id"] == "" {
				t.Errorf("event: %v", ev)
			}
			for _, op := range []string{"db.get", "db.find", "db.create", "db.delete"} {
				if _, err := h.DB(ctx, op, args(map[string]any{"in": "things", "id": "x"})); hutch.CodeOf(err) != hutch.FailedPrecondition || !strings.Contains(err.Error(), "caller") {
					t.Errorf("%s: %v", op, err)
				}
			}
			out, err := h.DB(ctx, "admin.db.get", args(map[string]any{"in": "things", "id": "x"}))
			if err != nil || data.Text(data.Field(out, "doc.owner")) != "u9" {
				t.Errorf("reading: %v", err)
			}
			for _, op := range []string{"admin.db.create", "admin.db.set", "admin.db.update", "admin.db.delete"} {
				if _, err := h.DB(ctx, op, args(map[string]any{"in": "things", "id": "x", "doc": map[string]any{"n": 1}})); hutch.CodeOf(err) != hutch.FailedPrecondition {
					t.Errorf("%s: %v", op, err)
				}
			}
			for _, coll := range []string{"_users", "_sessions", "_jobs", "_keys"} {
				if out, err := h.DB(ctx, "admin.db.get", args(map[string]any{"in": coll, "id": "u1"})); err == nil && !data.Field(out, "doc").IsZero() && data.Field(out, "doc").Type != 0x0A {
					t.Errorf("%s is in reach: %s", coll, out)
				}
			}
			if _, err := h.Call(ctx, "writes", args(map[string]any{})); err == nil {
				t.Error("a call from a function that judges")
			}
			return map[string]any{"app_metadata": map[string]any{"n": 1}}, nil
		},
		"b": func(context.Context, map[string]any, functions.Host) (any, error) { return nil, nil },
		"other": func(context.Context, map[string]any, functions.Host) (any, error) {
			return &functions.Response{Status: 200}, nil
		},
		"writes": func(context.Context, map[string]any, functions.Host) (any, error) { return nil, nil },
	})
	if _, err := w.write(user("u9"), data.OpCreate, "x", `{"owner":"u9"}`, ""); err != nil {
		t.Fatal(err)
	}
	before, err := w.data.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	js := w.fns.Judges("beforeSignIn")
	if len(js) != 2 || js[0].Name != "a" || js[1].Name != "b" || len(w.fns.Judges("beforeSignUp")) != 0 {
		t.Fatalf("judges: %v", js)
	}
	out, err := js[0].Run(t.Context(), ann())
	if err != nil || string(out) != `{"app_metadata":{"n":1}}` {
		t.Errorf("%s, %v", out, err)
	}
	if out, err = js[1].Run(t.Context(), ann()); err != nil || out != nil {
		t.Errorf("%s, %v", out, err)
	}
	if _, err = w.fns.Judges("beforeToken")[0].Run(t.Context(), ann()); hutch.CodeOf(err) != hutch.Internal {
		t.Errorf("a Response: %v", err)
	}
	if _, err := w.call(user("u1"), "a", "", ""); hutch.CodeOf(err) != hutch.NotFound {
		t.Errorf("it can be called: %v", err)
	}
	after, err := w.data.Info(t.Context())
	if err != nil || before.Head != after.Head {
		t.Errorf("the log went from %s to %s: %v", before.Head, after.Head, err)
	}
}

func TestWhatJudgesEndsAtItsTime(t *testing.T) {
	slow := judge("slow", "beforeSignIn")
	slow.Timeout = 20 * time.Millisecond
	w := open(t, []functions.Function{slow}, map[string]script{
		"slow": func(ctx context.Context, _ map[string]any, _ functions.Host) (any, error) {
			<-ctx.Done()
			return nil, &hutch.Error{Code: hutch.DeadlineExceeded, Message: "time", Err: &functions.Failure{Outcome: functions.OutcomeTime}}
		},
	})
	if _, err := w.fns.Judges("beforeSignIn")[0].Run(t.Context(), ann()); hutch.CodeOf(err) != hutch.DeadlineExceeded {
		t.Error(err)
	}
}

// pool runs jobs that tell functions.
func (w *world) pool(t *testing.T, fn jobs.Func, tries int) *jobs.Pool {
	t.Helper()
	p := jobs.New(jobs.Config{System: w.data.System("_jobs"), Feed: w.data.Feed()})
	p.Handle("tell", fn, jobs.Options{MaxTries: tries, Backoff: jobs.Backoff{Base: time.Millisecond, Max: 2 * time.Millisecond}})
	p.Start()
	t.Cleanup(func() { _ = p.Close(context.Background()) })
	return p
}

func (w *world) enqueue(t *testing.T, n int) {
	t.Helper()
	b := &data.Batch{}
	for range n {
		b.Writes = append(b.Writes, jobs.Row(jobs.Job{Kind: "tell"}))
	}
	if _, err := w.data.System("_jobs").Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// TestS2AfterTriggersWriteOnce: with rights of no caller, and with the end of the
// job in the same commit, however often the run is told anew.
func TestS2AfterTriggersWriteOnce(t *testing.T) {
	var runs atomic.Int32
	w := open(t, []functions.Function{hearer("count", "afterSignUp"), callFn("callee")}, map[string]script{
		"count": func(ctx context.Context, ev map[string]any, h functions.Host) (any, error) {
			runs.Add(1)
			if ev["auth"] != nil || ev["type"] != "auth.afterSignUp" {
				t.Errorf("event: %v", ev)
			}
			if _, err := h.DB(ctx, "db.get", args(map[string]any{"in": "things", "id": "x"})); hutch.CodeOf(err) != hutch.FailedPrecondition {
				t.Errorf("ctx.db: %v", err)
			}
			if _, err := h.Call(ctx, "callee", args(map[string]any{})); err != nil {
				t.Errorf("a call: %v", err)
			}
			out, err := h.DB(ctx, "admin.db.get", args(map[string]any{"in": "things", "id": "counter"}))
			if err != nil {
				return nil, err
			}
			n, _ := data.Integer(data.Field(out, "doc.n"))
			_, err = h.DB(ctx, "admin.db.set", args(map[string]any{"in": "things", "id": "counter", "doc": map[string]any{"n": n + 1}}))
			return nil, err
		},
		"callee": func(ctx context.Context, _ map[string]any, h functions.Host) (any, error) {
			out, err := h.DB(ctx, "db.find", args(map[string]any{"in": "things"}))
			if err == nil {
				t.Errorf("a callee reads as somebody: %s", out)
			}
			return nil, nil
		},
	})
	var fails sync.Map
	p := w.pool(t, func(ctx context.Context, r *jobs.Run) error {
		err := w.fns.Hear(ctx, r, "count", "afterSignUp", ann())
		if err != nil {
			return err
		}
		if _, again := fails.LoadOrStore(r.ID, true); !again { // the node forgets that it is done
			return errors.New("lost after the commit")
		}
		return nil
	}, 5)
	w.enqueue(t, 25)
	until(t, func() bool {
		left, err := p.List(t.Context(), jobs.Filter{})
		return err == nil && len(left) == 0 && runs.Load() >= 25
	})
	if n, _ := data.Integer(data.Field(w.thing("counter"), "n")); n != 25 {
		t.Errorf("25 jobs counted to %d in %d runs", n, runs.Load())
	}
	if dead, err := p.List(t.Context(), jobs.Filter{Dead: true}); err != nil || len(dead) != 0 {
		t.Errorf("%v %v", dead, err)
	}
}

func TestAfterTriggersThatFailAreDeadLetters(t *testing.T) {
	no := false
	w := open(t, []functions.Function{hearer("bad", "afterDelete"), hearer("never", "afterDelete")}, map[string]script{
		"bad": func(ctx context.Context, _ map[string]any, h functions.Host) (any, error) {
			_, err := h.DB(ctx, "admin.db.create", args(map[string]any{"in": "things", "doc": map[string]any{"_id": "trace"}}))
			return nil, errors.Join(err, &hutch.Error{Code: hutch.Unavailable, Message: "the CRM is away", Err: &functions.Failure{Outcome: functions.OutcomeThrew}})
		},
		"never": func(context.Context, map[string]any, functions.Host) (any, error) {
			return nil, &hutch.Error{Code: hutch.Unavailable, Message: "for good", Err: &functions.Failure{Outcome: functions.OutcomeThrew, Retry: &no}}
		},
	})
	for name, want := range map[string]struct {
		tries  int
		reason string
	}{"bad": {3, "the CRM is away"}, "never": {1, "for good"}, "nobody": {3, "no function nobody hears of afterDelete"}} {
		p := w.pool(t, func(ctx context.Context, r *jobs.Run) error { return w.fns.Hear(ctx, r, name, "afterDelete", ann()) }, 3)
		w.enqueue(t, 1)
		var dead []jobs.Entry
		until(t, func() bool {
			var err error
			dead, err = p.List(t.Context(), jobs.Filter{Dead: true})
			return err == nil && len(dead) == 1
		})
		if dead[0].Tries != want.tries || !strings.Contains(dead[0].Reason, want.reason) {
			t.Errorf("%s: %+v", name, dead[0])
		}
		if _, err := p.Drop(t.Context(), dead[0].ID); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if w.thing("trace") != nil {
		t.Error("a failed run wrote")
	}
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatal(fmt.Errorf("it did not come to pass: %w", ctx.Err()))
		case <-time.After(5 * time.Millisecond):
		}
	}
}
