package runtimetest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/functions"
)

// Times of runs that are to meet their end.
const (
	abuseTime  = 80 * time.Millisecond
	shortTime  = 150 * time.Millisecond
	longerTime = 500 * time.Millisecond
)

func testOutcomes(t *testing.T, rt functions.Runtime) {
	good := loadBundle(t, rt, Bundle("good", "e => e.n + 1"))
	for _, c := range []struct {
		name, expression string
		code             hutch.Code
		outcome          functions.Outcome
		text             string // in the failure's
		within           time.Duration
	}{
		{"a HutchError", "() => { throw new HutchError('not_found', 'gone') }", hutch.NotFound, functions.OutcomeThrew, "not_found: gone", timeout},
		{"a rejection", "async () => { throw new HutchError('aborted', 'x') }", hutch.Aborted, functions.OutcomeThrew, "aborted: x", timeout},
		{"a copy of HutchError", "() => { throw Object.assign(new Error('m'), { name: 'HutchError', code: 'not_found' }) }", hutch.NotFound, functions.OutcomeThrew, "", timeout},
		{"an unknown code", "() => { throw new HutchError('no_such_code', 'x') }", hutch.Internal, functions.OutcomeError, "no_such_code", timeout},
		{"a code of /auth", "() => { throw new HutchError('bad_jwt', 'x') }", hutch.Internal, functions.OutcomeError, "bad_jwt", timeout},
		{"an Error", "() => { throw new TypeError('wrong') }", hutch.Internal, functions.OutcomeError, "TypeError: wrong", timeout},
		{"a fault of the code", "e => e.a.b.c", hutch.Internal, functions.OutcomeError, "TypeError", timeout},
		{"a string", "() => { throw 'text' }", hutch.Internal, functions.OutcomeError, "text", timeout},
		{"an object", "() => { throw { a: 1 } }", hutch.Internal, functions.OutcomeError, "{a: 1}", timeout},
		{"undefined", "() => { throw undefined }", hutch.Internal, functions.OutcomeError, "undefined", timeout},
		{"an error that throws when read", "() => { throw new Proxy({}, { get() { throw 1 } }) }", hutch.Internal, functions.OutcomeError, "", timeout},
		{"a cause", "() => { throw new Error('outer', { cause: new Error('inner') }) }", hutch.Internal, functions.OutcomeError, "outer", timeout},
		{"a cycle", "() => { const o = {}; o.o = o; return o }", hutch.Internal, functions.OutcomeError, "circular", timeout},
		{"a bigint too big", "() => 2n ** 64n", hutch.Internal, functions.OutcomeError, "64 bits", timeout},
		{"an invalid Date", "() => new Date(NaN)", hutch.Internal, functions.OutcomeError, "", timeout},
		{"a toJSON that throws", "() => ({ toJSON() { throw new Error('in toJSON') } })", hutch.Internal, functions.OutcomeError, "in toJSON", timeout},
		{"a loop", "() => { for (;;); }", hutch.DeadlineExceeded, functions.OutcomeTime, "", shortTime},
		{"a loop that catches", "() => { for (;;) try { for (;;); } catch {} }", hutch.DeadlineExceeded, functions.OutcomeTime, "", shortTime},
		{"a loop of microtasks", "async () => { for (;;) await null }", hutch.DeadlineExceeded, functions.OutcomeTime, "", shortTime},
		{"a loop in toJSON", "() => ({ toJSON() { for (;;); } })", hutch.DeadlineExceeded, functions.OutcomeTime, "", shortTime},
		{"a loop left behind", "() => { (async () => { for (;;) await null })(); return 1 }", hutch.DeadlineExceeded, functions.OutcomeTime, "", shortTime},
		{"a timer too late", "() => new Promise(r => setTimeout(r, 1e9))", hutch.DeadlineExceeded, functions.OutcomeTime, "", shortTime},
		{"memory", "() => { const a = []; for (;;) a.push(new Array(1000).fill({})) }", hutch.Internal, functions.OutcomeMemory, "", timeout},
		{"memory, awaited", "async () => { await null; const a = []; for (;;) a.push(new Uint8Array(1 << 20)) }", hutch.Internal, functions.OutcomeMemory, "", timeout},
		{"the stack", "() => { const f = n => f(n + 1) + 1; return f(0) }", hutch.Internal, functions.OutcomeStack, "", timeout},
		{"the stack, awaited", "async () => { await null; const f = n => f(n + 1) + 1; return f(0) }", hutch.Internal, functions.OutcomeStack, "", timeout},
		{"too large a result", "() => 'x'.repeat(1 << 20)", hutch.Internal, functions.OutcomeTooLarge, "", timeout},
		{"too large in bytes", "() => 'é'.repeat(600000)", hutch.Internal, functions.OutcomeTooLarge, "", timeout},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := invoke(t, rt, loadBundle(t, rt, Bundle("bad", c.expression)), c.within, "{}", &Host{})
			f := failure(err)
			if f == nil || hutch.CodeOf(err) != c.code || !strings.Contains(f.Text, c.text) {
				t.Fatalf("got %v; %+v", err, f)
			}
			// A machine that gives the process no time to stop at the deadline has it killed.
			if late := c.outcome == functions.OutcomeTime && f.Outcome == functions.OutcomeKilled; f.Outcome != c.outcome && !late {
				t.Fatalf("got %s: %v; %+v", f.Outcome, err, f)
			}
			if m := hutch.AsError(err).Message; c.code == hutch.Internal && (!strings.HasPrefix(m, "function bad ") || (c.text != "" && strings.Contains(m, c.text))) {
				t.Errorf("S106: the caller sees %q", m)
			}
			res, err := invoke(t, rt, good, timeout, `{"n":1}`, &Host{})
			if err != nil || string(res.Value) != "2" {
				t.Errorf("the next run: %v, %v", res, err)
			}
		})
	}
	t.Run("all of a HutchError", func(t *testing.T) {
		_, err := invoke(t, rt, load(t, rt, `() => { throw new HutchError('resource_exhausted', 'm', { field: 'a.b', hint: 'h', details: { at: new Date(0) }, retry: false }) }`), timeout, "{}", &Host{})
		e, f := hutch.AsError(err), failure(err)
		if e.Message != "m" || e.Field != "a.b" || e.Hint != "h" || string(e.Details) != `{"at":{"$date":"1970-01-01T00:00:00.000Z"}}` || f.Retry == nil || *f.Retry {
			t.Errorf("%+v, %+v", e, f)
		}
	})
	t.Run("the largest result", func(t *testing.T) {
		res, err := invoke(t, rt, load(t, rt, "() => 'x'.repeat((1 << 20) - 2)"), timeout, "{}", &Host{})
		if err != nil || len(res.Value) != 1<<20 {
			t.Errorf("%v", err)
		}
	})
	t.Run("a caller that gives up", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		m := load(t, rt, "async (e, ctx) => { ctx.log('running'); for (;;) await null }")
		_, err := rt.Invoke(ctx, m, &functions.Call{ID: "x", Event: []byte("{}")}, &cancelling{&Host{}, cancel})
		if f := failure(err); hutch.CodeOf(err) != hutch.Cancelled || f == nil || (f.Outcome != functions.OutcomeGone && f.Outcome != functions.OutcomeKilled) {
			t.Errorf("%v", err)
		}
	})
}

// cancelling gives up at the first line.
type cancelling struct {
	*Host
	cancel func()
}

func (c *cancelling) Log(string, string) { c.cancel() }
