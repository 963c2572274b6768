package functions_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

func create(h functions.Host, op, owner, id string) error {
	_, err := h.DB(context.Background(), op, args(map[string]any{"in": "things", "doc": map[string]any{"_id": id, "owner": owner, "n": 0}}))
	return err
}

func TestS2TheCallersRightsAreTheCodes(t *testing.T) {
	w := open(t, []functions.Function{callFn("own"), callFn("others"), callFn("sneak"), callFn("boss", admin)}, map[string]script{
		"own": func(_ context.Context, _ map[string]any, h functions.Host) (any, error) {
			return 1, create(h, "db.create", "u1", "a")
		},
		"others": func(_ context.Context, _ map[string]any, h functions.Host) (any, error) {
			return 1, create(h, "db.create", "u2", "b")
		},
		"sneak": func(_ context.Context, _ map[string]any, h functions.Host) (any, error) {
			return 1, create(h, "admin.db.create", "u2", "c")
		},
		"boss": func(_ context.Context, _ map[string]any, h functions.Host) (any, error) {
			return 1, create(h, "admin.db.create", "u2", "d")
		},
	})
	for _, c := range []struct {
		fn, id string
		as     hutch.Principal
		code   hutch.Code
	}{
		{"own", "a", user("u1"), ""},
		{"others", "b", user("u1"), hutch.PermissionDenied},
		{"own", "a2", hutch.Principal{}, hutch.Unauthenticated},
		{"sneak", "c", user("u1"), hutch.PermissionDenied},
		{"boss", "d", user("u1"), ""},
	} {
		_, err := w.call(c.as, c.fn, "", "")
		if hutch.CodeOf(err) != c.code {
			t.Errorf("%s as %q: %v, want %s", c.fn, c.as.UID, err, c.code)
		}
		if (w.thing(c.id) != nil) != (c.code == "") {
			t.Errorf("%s: the document %s stands: %v", c.fn, c.id, w.thing(c.id) != nil)
		}
	}
}

func TestS1AuthIsJudgedFirst(t *testing.T) {
	ran := false
	w := open(t, []functions.Function{callFn("f", func(f *functions.Function) { f.KeyRequired = true })}, map[string]script{
		"f": func(context.Context, map[string]any, functions.Host) (any, error) { ran = true; return 1, nil },
	})
	w.allowed = func(string, hutch.Principal) error { return hutch.Errorf(hutch.PermissionDenied, "no") }
	for name, body := range map[string]string{"good": "{}", "malformed": "{", "none": ""} {
		if _, err := w.call(user("u1"), "f", body, ""); hutch.CodeOf(err) != hutch.PermissionDenied {
			t.Errorf("%s: %v", name, err)
		}
	}
	if ran {
		t.Error("the code ran")
	}
}

func TestS69NamesAreLookedUpInAMap(t *testing.T) {
	w := open(t, []functions.Function{callFn("f"), hook("h", data.OpCreate)}, map[string]script{})
	for _, name := range []string{"", "nope", "constructor", "__proto__", "F", "h"} {
		if _, err := w.call(user("u1"), name, "", ""); hutch.CodeOf(err) != hutch.NotFound {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestKeys(t *testing.T) {
	runs := atomic.Int32{}
	big := strings.Repeat("x", 65<<10)
	fs := []functions.Function{callFn("add", admin), callFn("big", admin), callFn("must", func(f *functions.Function) { f.KeyRequired = true })}
	w := open(t, fs, map[string]script{
		"add": func(ctx context.Context, _ map[string]any, h functions.Host) (any, error) {
			n := runs.Add(1)
			_, err := h.DB(ctx, "admin.db.create", args(map[string]any{"in": "things", "doc": map[string]any{"n": n}}))
			return n, err
		},
		"big": func(ctx context.Context, _ map[string]any, h functions.Host) (any, error) {
			return big, create(h, "admin.db.create", "x", "big")
		},
		"must": func(context.Context, map[string]any, functions.Host) (any, error) { return 1, nil },
	})
	t.Run("twins run once and answer alike", func(t *testing.T) {
		bodies := make([]string, 10)
		var wg sync.WaitGroup
		for i := range bodies {
			wg.Go(func() {
				a, err := w.call(user("u1"), "add", `{"a":1}`, "k")
				if err != nil {
					t.Error(err)
					return
				}
				bodies[i] = string(a.Body)
			})
		}
		wg.Wait()
		if runs.Load() != 1 || strings.Join(bodies, "") != strings.Repeat("1", 10) {
			t.Errorf("%d runs, %q", runs.Load(), bodies)
		}
	})
	for _, c := range []struct {
		name, fn, body, key, field string
		as                         hutch.Principal
		code                       hutch.Code
	}{
		{"another body", "add", `{"a":2}`, "k", "Idempotency-Key", user("u1"), hutch.InvalidArgument},
		{"S5: another user has keys of his own", "add", `{"a":2}`, "k", "", user("u2"), ""},
		{"S5: a guest's key is a UUID", "add", `{}`, "k", "Idempotency-Key", hutch.Principal{}, hutch.InvalidArgument},
		{"a guest's UUID", "add", `{}`, uuid.NewString(), "", hutch.Principal{}, ""},
		{"255 characters", "add", `{}`, strings.Repeat("k", 255), "", user("u1"), ""},
		{"256 characters", "add", `{}`, strings.Repeat("k", 256), "Idempotency-Key", user("u1"), hutch.InvalidArgument},
		{"required and missing", "must", `{}`, "", "Idempotency-Key", user("u1"), hutch.InvalidArgument},
		{"required and there", "must", `{}`, "k", "", user("u1"), ""},
		{"more than 64 KiB to keep", "big", `{}`, "k", "", user("u1"), hutch.Internal},
	} {
		_, err := w.call(c.as, c.fn, c.body, c.key)
		if hutch.CodeOf(err) != c.code || err != nil && hutch.AsError(err).Field != c.field {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if w.thing("big") != nil {
		t.Error("what could not be kept was committed")
	}
	w.allowed = func(string, hutch.Principal) error { return hutch.Errorf(hutch.PermissionDenied, "no more") }
	if _, err := w.call(user("u1"), "add", `{"a":1}`, "k"); hutch.CodeOf(err) != hutch.PermissionDenied {
		t.Errorf("S5: a replay skips today's rights: %v", err)
	}
}

// TestReadModifyWrite lets many runs increment what they read: each is rerun
// until it is right, none is lost.
func TestReadModifyWrite(t *testing.T) {
	w := open(t, []functions.Function{callFn("inc", admin)}, map[string]script{
		"inc": func(ctx context.Context, _ map[string]any, h functions.Host) (any, error) {
			out, err := h.DB(ctx, "admin.db.get", args(map[string]any{"in": "things", "id": "n"}))
			if err != nil {
				return nil, err
			}
			n, _ := data.Integer(data.Field(out, "doc.n"))
			_, err = h.DB(ctx, "admin.db.set", args(map[string]any{"in": "things", "id": "n", "doc": map[string]any{"n": n + 1}}))
			return n + 1, err
		},
	})
	var wg sync.WaitGroup
	for range 60 {
		wg.Go(func() {
			if _, err := w.call(user("u1"), "inc", "", ""); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n, _ := data.Integer(data.Field(w.thing("n"), "n")); n != 60 {
		t.Errorf("60 increments gave %d", n)
	}
}

func TestNestedCallsShareTheCommit(t *testing.T) {
	w := open(t, []functions.Function{callFn("outer"), callFn("inner", admin), callFn("forbidden"), callFn("deep")}, map[string]script{
		"outer": func(ctx context.Context, ev map[string]any, h functions.Host) (any, error) {
			if err := create(h, "db.create", "u1", "outer"); err != nil {
				return nil, err
			}
			name, _ := ev["data"].(string)
			_, err := h.Call(ctx, name, args(map[string]any{"data": "x"}))
			return 1, err
		},
		"inner": func(_ context.Context, _ map[string]any, h functions.Host) (any, error) {
			return 2, create(h, "admin.db.create", "u9", "inner")
		},
		"forbidden": func(context.Context, map[string]any, functions.Host) (any, error) { return 1, nil },
		"deep": func(ctx context.Context, _ map[string]any, h functions.Host) (any, error) {
			return h.Call(ctx, "deep", args(map[string]any{"data": 1}))
		},
	})
	w.allowed = func(name string, _ hutch.Principal) error {
		if name == "forbidden" {
			return hutch.Errorf(hutch.PermissionDenied, "no")
		}
		return nil
	}
	if _, err := w.call(user("u1"), "outer", `"forbidden"`, ""); hutch.CodeOf(err) != hutch.PermissionDenied || w.thing("outer") != nil {
		t.Errorf("a callee's auth is judged: %v", err)
	}
	if _, err := w.call(user("u1"), "outer", `"inner"`, ""); err != nil || w.thing("outer") == nil || w.thing("inner") == nil {
		t.Errorf("both are written: %v", err)
	}
	if _, err := w.call(user("u1"), "deep", `1`, ""); hutch.CodeOf(err) != hutch.FailedPrecondition {
		t.Errorf("endless calls: %v", err)
	}
}

func TestFailuresNameTheFunctionOnly(t *testing.T) {
	fail := func(o functions.Outcome, code hutch.Code) script {
		return func(context.Context, map[string]any, functions.Host) (any, error) {
			return nil, &hutch.Error{Code: code, Message: "inner words", Err: &functions.Failure{Outcome: o, Text: "TypeError: secret"}}
		}
	}
	w := open(t, []functions.Function{callFn("threw"), callFn("broke"), callFn("memory"), callFn("time")}, map[string]script{
		"threw":  fail(functions.OutcomeThrew, hutch.FailedPrecondition),
		"broke":  fail(functions.OutcomeError, hutch.Internal),
		"memory": fail(functions.OutcomeMemory, hutch.Internal),
		"time":   fail(functions.OutcomeTime, hutch.DeadlineExceeded),
	})
	for name, want := range map[string]string{
		"threw": "inner words", "broke": "function broke failed", "memory": "function memory ran out of memory", "time": "inner words",
	} {
		_, err := w.call(user("u1"), name, "", "")
		if e := hutch.AsError(err); e.Message != want {
			t.Errorf("%s: %q, want %q", name, e.Message, want)
		}
	}
	if !strings.Contains(w.log.String(), "TypeError: secret") {
		t.Error("the log does not say what was thrown")
	}
}

func TestBreakerOpensAfterThreeKills(t *testing.T) {
	kill := true
	w := open(t, []functions.Function{callFn("bad"), callFn("good")}, map[string]script{
		"bad": func(context.Context, map[string]any, functions.Host) (any, error) {
			if kill {
				return nil, &hutch.Error{Code: hutch.Internal, Err: &functions.Failure{Outcome: functions.OutcomeKilled}}
			}
			return 1, nil
		},
		"good": func(context.Context, map[string]any, functions.Host) (any, error) { return 1, nil },
	})
	for i := range 3 {
		if _, err := w.call(user("u1"), "bad", "", ""); hutch.CodeOf(err) != hutch.Internal {
			t.Fatalf("kill %d: %v", i, err)
		}
	}
	_, err := w.call(user("u1"), "bad", "", "")
	if e := hutch.AsError(err); e.Code != hutch.Unavailable || e.RetryAfter <= 0 || e.RetryAfter > 30*time.Second {
		t.Errorf("after three kills: %v, retry after %v", err, e.RetryAfter)
	}
	if _, err := w.call(user("u1"), "good", "", ""); err != nil {
		t.Errorf("another function: %v", err)
	}
	kill = false
	w.now = w.now.Add(31 * time.Second)
	if _, err := w.call(user("u1"), "bad", "", ""); err != nil {
		t.Errorf("30 s later: %v", err)
	}
}

func TestTimeIsBounded(t *testing.T) {
	w := open(t, []functions.Function{callFn("slow", func(f *functions.Function) { f.Timeout = 20 * time.Millisecond })}, map[string]script{
		"slow": func(ctx context.Context, _ map[string]any, _ functions.Host) (any, error) {
			<-ctx.Done()
			return nil, &hutch.Error{Code: hutch.DeadlineExceeded, Message: "too long", Err: errors.Join(&functions.Failure{Outcome: functions.OutcomeTime})}
		},
	})
	if _, err := w.call(user("u1"), "slow", "", ""); hutch.CodeOf(err) != hutch.DeadlineExceeded {
		t.Error(err)
	}
}
