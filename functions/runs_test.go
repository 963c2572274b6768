package functions_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

// keepRuns makes the world keep its runs.
func keepRuns(w *world) { keepRunsFor(w, 0) }

func keepRunsFor(w *world, look time.Duration) {
	journal := func(coll string, life time.Duration) *data.Journal {
		return data.NewJournal(data.JournalOptions{
			System: w.data.System(coll), Collection: coll, Lease: w.data.Lease(coll, time.Minute), Age: life, Node: "n1",
			Now: func() time.Time { return w.now },
		})
	}
	w.runs = functions.NewRuns(functions.RunsOptions{
		Runs: journal("_runs", functions.RunsLife), Inputs: journal("_inputs", functions.InputsLife), Counts: journal("_counts", functions.CountsLife),
		Now: func() time.Time { return w.now }, Look: look,
	})
}

func list(t *testing.T, rs *functions.Runs, q functions.RunQuery) []*functions.Run {
	t.Helper()
	p, err := rs.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return p.Runs
}

func TestARunIsKept(t *testing.T) {
	w := open(t, []functions.Function{callFn("buy", admin), callFn("outer")}, map[string]script{
		"buy": func(ctx context.Context, _ map[string]any, h functions.Host) (any, error) {
			h.Log("info", "buying")
			for i := range 60 {
				if _, err := h.DB(ctx, "admin.db.create", args(map[string]any{"in": "things", "doc": map[string]any{"n": i}})); err != nil {
					return nil, err
				}
			}
			return map[string]any{"done": true}, nil
		},
		"outer": func(ctx context.Context, _ map[string]any, h functions.Host) (any, error) {
			return h.Call(ctx, "buy", args(map[string]any{"data": 1}))
		},
	}, keepRuns)
	ctx := context.WithValue(w.as(user("ann")), hutch.RequestIDKey{}, "REQ-1")
	var ran *functions.Run
	_, err := w.fns.Call(ctx, &functions.Invocation{Function: "buy", Body: []byte(`{"a":1}`), Ran: func(r *functions.Run) { ran = r }})
	if err != nil {
		t.Fatal(err)
	}
	got := list(t, w.runs, functions.RunQuery{})
	if len(got) != 1 || ran == nil || got[0].ID != ran.ID {
		t.Fatalf("%d runs, told of %+v", len(got), ran)
	}
	r := got[0]
	if r.Function != "buy" || r.Trigger != "call" || r.Outcome != functions.OutcomeOK || r.Attempt != 1 || r.RequestID != "REQ-1" ||
		r.Caller != (functions.RunCaller{Kind: "user", UID: "ann"}) || r.Position == "" || len(r.Wrote) != 50 || r.WroteMore != 10 ||
		len(r.Console) != 1 || r.Console[0].Text != "buying" || r.Kept || r.Node != "n1" {
		t.Errorf("%+v", r)
	}
	if one, err := w.runs.One(t.Context(), r.ID, r.At, true); err != nil || one.ID != r.ID || one.Payload != nil {
		t.Errorf("%+v %v", one, err)
	}
	if _, err := w.runs.One(t.Context(), "none", time.Time{}, true); hutch.CodeOf(err) != hutch.NotFound {
		t.Error(err)
	}
	if _, err := w.call(user("ann"), "buy", "", "a-key"); err != nil {
		t.Fatal(err)
	}
	if r := list(t, w.runs, functions.RunQuery{Limit: 1})[0]; r.Position == "" || len(r.Wrote) != 50 || r.WroteMore != 10 {
		t.Errorf("under a key: %+v", r)
	}
	w.now = w.now.Add(time.Second)
	if _, err := w.call(user("bob"), "outer", "", ""); err != nil {
		t.Fatal(err)
	}
	got = list(t, w.runs, functions.RunQuery{User: "bob"})
	if len(got) != 2 || got[0].Function != "outer" || got[1].Parent != got[0].ID || got[1].ParentFn != "outer" || got[0].ParentFn != "" {
		t.Errorf("a call of a function by another: %+v", got)
	}
	for _, c := range []struct {
		q functions.RunQuery
		n int
	}{
		{functions.RunQuery{Function: "buy"}, 3},
		{functions.RunQuery{RequestID: "REQ-1"}, 1},
		{functions.RunQuery{Outcome: "ok"}, 4},
		{functions.RunQuery{Outcome: "failed"}, 0},
		{functions.RunQuery{Text: "BUYING"}, 3},
		{functions.RunQuery{Text: "nothing"}, 0},
		{functions.RunQuery{Since: w.now}, 2},
		{functions.RunQuery{Until: w.now.Add(-time.Millisecond)}, 2},
	} {
		if got := list(t, w.runs, c.q); len(got) != c.n {
			t.Errorf("%+v: %d runs, not %d", c.q, len(got), c.n)
		}
	}
}

// TestAFailedRunLeadsToItsDocuments: it wrote none, so those that it asked for are
// kept, once each, up to 50; of a run that went well what it wrote is enough.
func TestAFailedRunLeadsToItsDocuments(t *testing.T) {
	asked := 2
	w := open(t, []functions.Function{callFn("fails", admin), callFn("works", admin)}, map[string]script{
		"fails": func(ctx context.Context, _ map[string]any, h functions.Host) (any, error) {
			for i := range asked {
				id := fmt.Sprintf("t%d", i)
				if _, err := h.DB(ctx, "admin.db.get", args(map[string]any{"in": "things", "id": id})); err != nil {
					return nil, err
				}
				if i == 1 {
					_, _ = h.DB(ctx, "admin.db.set", args(map[string]any{"in": "things", "id": id, "doc": map[string]any{"n": i}}))
				}
			}
			_, _ = h.DB(ctx, "admin.db.get", args(map[string]any{"in": "things", "id": strings.Repeat("x", 1025)}))
			return nil, errors.New("no")
		},
		"works": func(ctx context.Context, _ map[string]any, h functions.Host) (any, error) {
			_, err := h.DB(ctx, "admin.db.set", args(map[string]any{"in": "things", "id": "t", "doc": map[string]any{"n": 1}}))
			return nil, err
		},
	}, keepRuns)
	touched := func(fn string) []functions.RunTouch {
		_, _ = w.call(user("ann"), fn, "", "")
		w.now = w.now.Add(time.Second)
		return list(t, w.runs, functions.RunQuery{Function: fn, Limit: 1})[0].Touched
	}
	if got := fmt.Sprint(touched("fails")); got != "[{things t0 false} {things t1 true}]" {
		t.Error(got)
	}
	for _, n := range []int{49, 50, 51} {
		if asked = n; len(touched("fails")) != min(n, 50) {
			t.Errorf("%d documents of %d", len(touched("fails")), n)
		}
	}
	if got := touched("works"); got != nil {
		t.Error(got)
	}
}

func TestOnlyAFailedRunKeepsWhatItGotWithoutSecrets(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	w := open(t, []functions.Function{
		callFn("fails", func(f *functions.Function) { f.Sensitive = []string{"diagnosis"} }),
		{Name: "page", Trigger: functions.Trigger{Kind: functions.TriggerHTTP, Method: "POST", Path: "/x"}},
		callFn("refused", admin),
	}, map[string]script{
		"fails": func(context.Context, map[string]any, functions.Host) (any, error) {
			return nil, &hutch.Error{Code: hutch.Internal, Err: &functions.Failure{Outcome: functions.OutcomeError, Text: "Error: no", Stack: "at buy (functions/buy.ts:3:4)"}}
		},
		"page": func(context.Context, map[string]any, functions.Host) (any, error) { return nil, errors.New("no") },
		"refused": func(ctx context.Context, _ map[string]any, h functions.Host) (any, error) {
			_, err := h.DB(ctx, "admin.db.update", args(map[string]any{"in": "things", "id": "none", "doc": map[string]any{"$inc": map[string]any{"n": 1}}}))
			return map[string]any{"answer": 42}, err
		},
	}, keepRuns)
	body := `{"name":"ann","newPassword":"hunter22","diagnosis":"flu","deep":[{"api_key":"k-1"}],"long":"` + long[:100] + `"}`
	if _, err := w.call(user("ann"), "fails", body, ""); err == nil {
		t.Fatal("no error")
	}
	r := list(t, w.runs, functions.RunQuery{Outcome: "failed"})[0]
	if !r.Kept || r.Outcome != functions.OutcomeError || r.Error != "Error: no" || !strings.Contains(r.Stack, "buy.ts:3:4") || r.Payload != nil {
		t.Errorf("%+v", r)
	}
	one, err := w.runs.One(t.Context(), r.ID, time.Time{}, true)
	if err != nil || one.Payload == nil {
		t.Fatal("nothing was kept", err)
	}
	in := string(one.Payload.Input)
	for _, secret := range []string{"hunter22", "flu", "k-1"} {
		if strings.Contains(in, secret) {
			t.Errorf("%s is kept: %s", secret, in)
		}
	}
	if !strings.Contains(in, `"name":"ann"`) || strings.Count(in, "REDACTED") != 3 {
		t.Errorf("kept: %s", in)
	}
	if one, _ := w.runs.One(t.Context(), r.ID, r.At, false); one == nil || one.Payload != nil {
		t.Error("shown to who may not see it")
	}

	_, _ = w.fns.Call(w.as(user("ann")), &functions.Invocation{Function: "page", Body: []byte(`{"a":1}`), HTTP: &functions.HTTPRequest{
		Method: "POST", Path: "/x", Headers: map[string]string{"authorization": "Bearer t", "cookie": "c=1", "apikey": "k", "x-plain": "yes"},
	}})
	r = list(t, w.runs, functions.RunQuery{Function: "page"})[0]
	one, err = w.runs.One(t.Context(), r.ID, r.At, true)
	if err != nil || one.Payload == nil {
		t.Fatal(one, err)
	}
	if in := string(one.Payload.Input); strings.Contains(in, "Bearer") || strings.Contains(in, "c=1") || strings.Contains(in, `"k"`) || !strings.Contains(in, `"x-plain":"yes"`) {
		t.Errorf("kept: %s", in)
	}

	if _, err := w.call(user("ann"), "refused", `1`, ""); err == nil {
		t.Fatal("no error")
	}
	r = list(t, w.runs, functions.RunQuery{Function: "refused"})[0]
	if one, err = w.runs.One(t.Context(), r.ID, r.At, true); err != nil || r.Outcome != functions.OutcomeRefused || r.Code != hutch.NotFound || string(one.Payload.Output) != `{"answer":42}` {
		t.Errorf("%+v %+v %v", r, one, err)
	}

	for _, c := range []struct {
		n   int
		cut bool
	}{{64<<10 - 2, false}, {64<<10 - 1, true}} { // with its quotes
		w.now = w.now.Add(time.Second)
		if _, err := w.call(user("ann"), "fails", `"`+strings.Repeat("y", c.n)+`"`, ""); err == nil {
			t.Fatal("no error")
		}
		r = list(t, w.runs, functions.RunQuery{Function: "fails", Limit: 1})[0]
		one, err := w.runs.One(t.Context(), r.ID, r.At, true)
		if err != nil || (len(one.Payload.Cut) > 0) != c.cut || (string(one.Payload.Input) == "null") != c.cut {
			t.Errorf("%d bytes: cut %v %v", c.n, one.Payload.Cut, err)
		}
	}
	w.now = r.At.Add(functions.InputsLife)
	if one, err := w.runs.One(t.Context(), r.ID, r.At, true); err != nil || one.Payload != nil {
		t.Errorf("what it got is shown after 72 h: %v", err)
	}
}

func TestConsoleLinesAreBounded(t *testing.T) {
	lines, size := 0, 0
	w := open(t, []functions.Function{callFn("talks")}, map[string]script{
		"talks": func(_ context.Context, _ map[string]any, h functions.Host) (any, error) {
			for range lines {
				h.Log("info", strings.Repeat("é", size/2))
			}
			return nil, nil
		},
	}, keepRuns)
	for _, c := range []struct {
		lines, size, want int
		dropped           bool
	}{{200, 10, 200, false}, {201, 10, 201, true}, {16, 4096, 16, false}, {17, 4096, 17, true}, {1, 4098, 1, false}} {
		lines, size = c.lines, c.size
		w.now = w.now.Add(time.Second)
		if _, err := w.call(user("ann"), "talks", "", ""); err != nil {
			t.Fatal(err)
		}
		r := list(t, w.runs, functions.RunQuery{Limit: 1})[0]
		last := r.Console[len(r.Console)-1]
		if len(r.Console) != c.want || (last.Text == "more lines were dropped") != c.dropped || len(r.Console[0].Text) > 4096+3 {
			t.Errorf("%d lines of %d bytes: %d kept, the last %.30q", c.lines, c.size, len(r.Console), last.Text)
		}
		if !json.Valid([]byte(fmt.Sprintf("%q", last.Text))) {
			t.Error("cut within a character")
		}
	}
}

func TestRunsAreCountedByHourAndDay(t *testing.T) {
	took := time.Millisecond
	var w *world
	w = open(t, []functions.Function{callFn("f")}, map[string]script{
		"f": func(context.Context, map[string]any, functions.Host) (any, error) {
			w.now = w.now.Add(took)
			if took > 50*time.Millisecond {
				return nil, errors.New("slow")
			}
			return nil, nil
		},
	}, keepRuns)
	call := func(n int, d time.Duration) {
		took = d
		for range n {
			_, _ = w.call(user("ann"), "f", "", "")
		}
	}
	call(10, 20*time.Millisecond)
	if _, err := w.runs.Counts(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(2 * time.Hour)
	call(98, time.Millisecond)
	call(2, 100*time.Millisecond)
	c, err := w.runs.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h, d := c["f"].Hour, c["f"].Day
	if h.OK != 98 || h.Failed != 2 || d.OK != 108 || d.Failed != 2 {
		t.Errorf("%+v", c)
	}
	if h.P50 < 1 || h.P50 > 1.2 || h.P99 < 100 || h.P99 > 119 {
		t.Errorf("p50 %v, p99 %v", h.P50, h.P99)
	}
}

func TestRunsAreFollowed(t *testing.T) {
	w := open(t, []functions.Function{callFn("a"), callFn("b")}, map[string]script{
		"a": func(context.Context, map[string]any, functions.Host) (any, error) { return nil, nil },
		"b": func(context.Context, map[string]any, functions.Host) (any, error) { return nil, nil },
	}, keepRuns)
	_, cursor, err := w.runs.Follow(t.Context(), "", 10, functions.RunQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		for _, f := range []string{"a", "b"} {
			if _, err := w.call(user("ann"), f, "", ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	list(t, w.runs, functions.RunQuery{}) // flushes
	runs, cursor, err := w.runs.Follow(t.Context(), cursor, 10, functions.RunQuery{Function: "a"})
	if err != nil || len(runs) != 3 {
		t.Errorf("%d runs %v", len(runs), err)
	}
	if runs, _, err = w.runs.Follow(t.Context(), cursor, 10, functions.RunQuery{}); err != nil || len(runs) != 0 {
		t.Errorf("again: %d runs %v", len(runs), err)
	}
}

func TestSensitiveFieldsOfASchema(t *testing.T) {
	got := functions.SensitiveFields([]byte(`{"properties":{"a":{"sensitive":true},"b":{"type":"object","properties":{"c":{"sensitive":true},"d":{"sensitive":false}}}},
		"$defs":{"x":{"items":{"properties":{"e":{"sensitive":true}}}}}}`))
	if strings.Join(got, ",") != "a,c,e" {
		t.Errorf("%v", got)
	}
}
