package functions_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/functions"
)

// TestAFloodOfRunsPushesNothingOut: of a second 50 runs of a function that went well
// are kept and 50 that failed, 5 with what they got; others' are kept beside them,
// the rest is told in numbers, and counted all the same.
func TestAFloodOfRunsPushesNothingOut(t *testing.T) {
	fails := false
	script1 := func(context.Context, map[string]any, functions.Host) (any, error) {
		if fails {
			return nil, errors.New("no")
		}
		return nil, nil
	}
	w := open(t, []functions.Function{callFn("busy"), callFn("rare")}, map[string]script{"busy": script1, "rare": script1}, keepRuns)
	call := func(fn string, n int) {
		for range n {
			_, _ = w.call(user("ann"), fn, `{"a":1}`, "")
		}
	}
	for _, c := range []struct {
		n, kept, skipped, inputs int
		fails                    bool
	}{
		{49, 49, 0, 0, false},
		{50, 50, 0, 0, false},
		{51, 50, 1, 0, false},
		{4, 4, 0, 4, true},
		{5, 5, 0, 5, true},
		{6, 6, 0, 5, true},
		{50, 50, 0, 5, true},
		{80, 50, 30, 5, true},
	} {
		w.now = w.now.Truncate(time.Second).Add(3 * time.Minute)
		since := w.now
		fails = !c.fails
		call("busy", 60) // the other share is full
		fails = c.fails
		call("busy", c.n)
		call("rare", 1)
		p, err := w.runs.List(t.Context(), functions.RunQuery{Since: since, Limit: 500})
		if err != nil {
			t.Fatal(err)
		}
		kept, inputs, rare := 0, 0, 0
		for _, r := range p.Runs {
			switch {
			case r.Function == "rare":
				rare++
			case r.OK() != c.fails:
				if kept++; r.Kept {
					inputs++
				}
			}
		}
		if kept != c.kept || rare != 1 || inputs != c.inputs || p.Skipped != int64(c.skipped+10) {
			t.Errorf("%+v: %d kept, %d inputs, %d of the other, %d skipped", c, kept, inputs, rare, p.Skipped)
		}
	}
	for _, c := range []struct {
		q     functions.RunQuery
		among bool
	}{
		{functions.RunQuery{Function: "busy"}, true},
		{functions.RunQuery{Function: "busy", Outcome: "failed"}, true},
		{functions.RunQuery{Function: "rare"}, false},
		{functions.RunQuery{Outcome: "refused"}, false},
		{functions.RunQuery{Outcome: "memory"}, false},
		{functions.RunQuery{Text: "busy"}, false},
		{functions.RunQuery{User: "ann"}, false},
		{functions.RunQuery{RequestID: "r"}, false},
	} {
		c.q.Limit = 500
		if p, err := w.runs.List(t.Context(), c.q); err != nil || c.among != (p.Skipped > 0) {
			t.Errorf("%+v: %d skipped, %v", c.q, p.Skipped, err)
		}
	}
	counts, err := w.runs.Counts(t.Context())
	if err != nil || counts["busy"].Hour.OK != 49+50+51+5*60 || counts["busy"].Hour.Failed != 3*60+4+5+6+50+80 {
		t.Errorf("%+v %v", counts["busy"], err)
	}
}

// TestLargeRunsTakeTwoMebibytesOfASecond: what they wrote to their consoles pushes
// nothing out either, and failed ones have a share of their own.
func TestLargeRunsTakeTwoMebibytesOfASecond(t *testing.T) {
	fails := false
	w := open(t, []functions.Function{callFn("talks")}, map[string]script{"talks": func(_ context.Context, _ map[string]any, h functions.Host) (any, error) {
		for range 16 {
			h.Log("info", strings.Repeat("x", 4096))
		}
		if fails {
			return nil, errors.New("no")
		}
		return nil, nil
	}}, keepRuns)
	w.now = w.now.Truncate(time.Second)
	for _, fails = range []bool{false, true} {
		for range 40 {
			_, _ = w.call(user("ann"), "talks", "", "")
		}
	}
	kept, skipped, q := 0, int64(0), functions.RunQuery{Limit: 500}
	for more := true; more; more = q.After != "" { // a slow machine meets the bound of a search
		p, err := w.runs.List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		kept, skipped, q.After = kept+len(p.Runs), skipped+p.Skipped, p.Next
	}
	if kept < 60 || kept > 64 || skipped != int64(80-kept) {
		t.Errorf("%d kept, %d skipped", kept, skipped)
	}
}

// TestASearchForARunEnds where its bound is met, and says so; with its time it is
// found all the same.
func TestASearchForARunEnds(t *testing.T) {
	w := open(t, []functions.Function{callFn("f")}, map[string]script{"f": func(context.Context, map[string]any, functions.Host) (any, error) { return nil, nil }}, keepRuns)
	for range 5 {
		if _, err := w.call(user("ann"), "f", "", ""); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(5 * time.Minute)
	}
	first := list(t, w.runs, functions.RunQuery{})[4]
	if one, err := w.runs.One(t.Context(), first.ID, time.Time{}, true); err != nil || one.ID != first.ID {
		t.Errorf("%+v %v", one, err)
	}
	keepRunsFor(w, time.Nanosecond)
	if _, err := w.runs.One(t.Context(), first.ID, time.Time{}, true); hutch.CodeOf(err) != hutch.DeadlineExceeded || hutch.AsError(err).Hint == "" {
		t.Error(err)
	}
	if one, err := w.runs.One(t.Context(), first.ID, first.At, true); err != nil || one.ID != first.ID {
		t.Errorf("%+v %v", one, err)
	}
	if _, err := w.runs.One(t.Context(), "none", first.At, true); hutch.CodeOf(err) != hutch.NotFound {
		t.Error(err)
	}
}

// TestS60ARequestIsKeptWithoutWhatHasNoName: the route for the path, parameters and
// forms by their names, other bodies by their size.
func TestS60ARequestIsKeptWithoutWhatHasNoName(t *testing.T) {
	fn := functions.Function{Name: "f", Trigger: functions.Trigger{Kind: functions.TriggerHTTP, Method: "POST", Path: "/reset/{token}/of/{who}"}, Sensitive: []string{"diagnosis"}}
	w := open(t, []functions.Function{fn}, map[string]script{"f": func(context.Context, map[string]any, functions.Host) (any, error) { return nil, errors.New("no") }}, keepRuns)
	multipart := "--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nann\r\n--x\r\nContent-Disposition: form-data; name=\"user[password]\"\r\n\r\nSECRET\r\n" +
		"--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"SECRET.png\"\r\nContent-Type: image/png\r\n\r\nSECRET\r\n--x--\r\n"
	for _, c := range []struct{ media, body, want string }{
		{"application/json", `{"name":"ann","password":"SECRET","diagnosis":"SECRET"}`, `"body":{"diagnosis":"REDACTED","name":"ann","password":"REDACTED"}`},
		{"application/vnd.a+json", `{"api-key":"SECRET"}`, `"body":{"api-key":"REDACTED"}`},
		{"application/x-www-form-urlencoded", `name=ann&password=SECRET&a=1&a=2&diagnosis=SECRET`, `"body":{"a":["1","2"],"diagnosis":"REDACTED","name":"ann","password":"REDACTED"}`},
		{"application/x-www-form-urlencoded", `name=%zz&password=SECRET`, `"body":{"bytes":24,"contentType":"application/x-www-form-urlencoded"}`},
		{"multipart/form-data; boundary=x", multipart, `"body":{"name":"ann","photo":{"bytes":6,"contentType":"image/png"},"user[password]":"REDACTED"}`},
		{"multipart/form-data; boundary=x", multipart[:len(multipart)-12], fmt.Sprintf(`"body":{"bytes":%d,"contentType":"multipart/form-data"}`, len(multipart)-12)},
		{"multipart/form-data", multipart, fmt.Sprintf(`"body":{"bytes":%d,"contentType":"multipart/form-data"}`, len(multipart))},
		{"text/plain; charset=utf-8", "password=SECRET", `"body":{"bytes":15,"contentType":"text/plain"}`},
		{"application/octet-stream", "\x00SECRET", `"body":{"bytes":7,"contentType":"application/octet-stream"}`},
		{"application/json", "", `"body":null`},
	} {
		w.now = w.now.Add(time.Minute)
		_, err := w.fns.Call(w.as(user("ann")), &functions.Invocation{Function: "f", Body: []byte(c.body), HTTP: &functions.HTTPRequest{
			Method: "POST", Path: "/reset/SECRET/of/ann", Params: map[string]string{"token": "SECRET", "who": "ann"}, ContentType: c.media,
			Query:   map[string][]string{"access_token": {"SECRET"}, "page": {"2"}, "key": {"SECRET"}, "keys": {"3"}},
			Headers: map[string]string{"content-type": c.media, "x-csrf-token": "SECRET", "referer": "https://a.example/?token=SECRET", "accept": "*/*"},
		}})
		if hutch.CodeOf(err) != hutch.Internal {
			t.Fatalf("%s: %v", c.media, err)
		}
		r := list(t, w.runs, functions.RunQuery{Limit: 1})[0]
		one, err := w.runs.One(t.Context(), r.ID, r.At, true)
		if err != nil || one.Payload == nil {
			t.Fatal(one, err)
		}
		in := string(one.Payload.Input)
		for _, want := range []string{c.want, `"route":"/reset/{token}/of/{who}"`, `"params":{"token":"REDACTED","who":"ann"}`, `"query":{"access_token":"REDACTED","key":"REDACTED","keys":"3","page":"2"}`, `"accept":"*/*"`} {
			if !strings.Contains(in, want) {
				t.Errorf("%s: %s lacks %s", c.media, in, want)
			}
		}
		if strings.Contains(in, "SECRET") || strings.Contains(in, `"path"`) {
			t.Errorf("%s: %s", c.media, in)
		}
	}
}

// TestFormsAreKeptUpToTheirBounds: 200 fields, 4 KiB of each.
func TestFormsAreKeptUpToTheirBounds(t *testing.T) {
	w := open(t, []functions.Function{{Name: "f", Trigger: functions.Trigger{Kind: functions.TriggerHTTP, Method: "POST", Path: "/f"}}},
		map[string]script{"f": func(context.Context, map[string]any, functions.Host) (any, error) { return nil, errors.New("no") }}, keepRuns)
	kept := func(body string) string {
		w.now = w.now.Add(time.Minute)
		_, _ = w.fns.Call(w.as(user("ann")), &functions.Invocation{Function: "f", Body: []byte(body), HTTP: &functions.HTTPRequest{
			Method: "POST", Path: "/f", ContentType: "application/x-www-form-urlencoded", Headers: map[string]string{"content-type": "application/x-www-form-urlencoded"},
		}})
		r := list(t, w.runs, functions.RunQuery{Limit: 1})[0]
		one, err := w.runs.One(t.Context(), r.ID, r.At, true)
		if err != nil || one.Payload == nil {
			t.Fatal(one, err)
		}
		return string(one.Payload.Input)
	}
	for _, n := range []int{200, 201} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "f%d=v&", i)
		}
		if got := strings.Count(kept(b.String()), `"v"`); got != 200 {
			t.Errorf("%d fields of %d", got, n)
		}
	}
	for n, cut := range map[int]bool{4096: false, 4097: true} {
		if got := kept("a=" + strings.Repeat("x", n)); strings.Contains(got, "…") != cut || strings.Count(got, "x") < 4096 {
			t.Errorf("%d bytes: cut %v", n, !cut)
		}
	}
}

// TestARunThatGrowsByItsEscapesIsKept: text that is six times as long in JSON hides
// no run; its console goes.
func TestARunThatGrowsByItsEscapesIsKept(t *testing.T) {
	const most = 64 << 10 // bytes of a console
	w := open(t, []functions.Function{callFn("talks")}, map[string]script{
		"talks": func(_ context.Context, _ map[string]any, h functions.Host) (any, error) {
			for range most / 4096 {
				h.Log("info", strings.Repeat("<", 4000))
			}
			return nil, nil
		},
	}, keepRuns)
	if _, err := w.call(user("ann"), "talks", `{"a":1}`, ""); err != nil {
		t.Fatal(err)
	}
	rs := list(t, w.runs, functions.RunQuery{Limit: 1})
	if len(rs) != 1 || rs[0].Function != "talks" || len(rs[0].Console) != 0 {
		t.Errorf("%d runs", len(rs))
	}
}
