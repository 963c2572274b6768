package server_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/server"
)

// TestAFloodOfRefusalsPushesNothingOut: of a second 100 refused requests are kept,
// the rest is told in numbers; what the server says and what it fails is kept apart.
func TestAFloodOfRefusalsPushesNothingOut(t *testing.T) {
	logs, lines := logJournal(t), logJournal(t)
	s := start(t, func(o *server.Options) { o.Logs, o.Lines = logs, lines })
	s.calls.answer = failing(errors.New("broken"))
	const refused, failed = 600, 3
	began := time.Now()
	for range refused {
		s.do(t, "guest", "GET", "/no/such/page", "")
	}
	s.do(t, "ops", "GET", "/admin/v1/keys", "") // what a key is refused is kept beside what guests are
	seconds := int(time.Since(began)/time.Second) + 2
	for range failed {
		s.do(t, "ann", "POST", "/functions/v1/echo", "{}")
	}
	l := server.LogLine{Level: "warn", Message: "the disk is nearly full"}
	body, marks := l.Entry()
	lines.Add(body, marks...)
	kept, skipped, pages, seen := 0, int64(0), 0, map[string]bool{}
	for after := ""; ; pages++ {
		got := logsOf(t, s, "kind=request,server&limit=40&after="+after)
		for _, e := range got.Logs {
			if seen[e.ID] {
				t.Fatalf("%s twice", e.ID)
			}
			seen[e.ID] = true
			if e.Level == "warn" && e.Kind == "request" {
				kept++
			}
		}
		skipped += got.Skipped
		if after = got.Next; after == "" {
			break
		}
	}
	if kept+int(skipped) != refused+1 || kept < 100 || kept > 100*seconds+1 || len(seen) != kept+failed+1 {
		t.Errorf("%d kept, %d skipped, %d in all, within %d seconds", kept, skipped, len(seen), seconds)
	}
	for query, among := range map[string]bool{
		"level=warn": true, "kind=request": true, "status=4xx": true, "kind=server": false, "kind=function": false, "level=error": false, "status=5xx": false,
		"status=404": false, "q=such": false, "route=x": false, "user=ann": false, "requestId=r": false,
	} {
		if got := logsOf(t, s, query+"&limit=500"); among != (got.Skipped > 0) {
			t.Errorf("%s: %d are said to be skipped", query, got.Skipped)
		}
	}
	for query, n := range map[string]int{
		"level=error": failed, "kind=request&level=error": failed, "kind=request&status=5xx": failed, "kind=request&status=500": failed, "kind=server": 1, "kind=request&status=200": 0, "kind=server&level=error": 0,
	} {
		if got := logsOf(t, s, query); len(got.Logs) != n {
			t.Errorf("%s: %d, not %d: %+v", query, len(got.Logs), n, got.Logs)
		}
	}
	if got := logsOf(t, s, "kind=request&status=404&limit=500"); len(got.Logs) != kept-1 {
		t.Errorf("%d refused, not %d", len(got.Logs), kept-1)
	}
	if got := logsOf(t, s, "kind=request&status=403"); len(got.Logs) != 1 {
		t.Errorf("of the key: %+v", got.Logs)
	}
	for _, query := range []string{"level=error", "kind=server"} { // from both journals by its id
		e := logsOf(t, s, query).Logs[0]
		if a := s.do(t, "ops", "GET", "/admin/v1/logs/"+e.ID, ""); a.StatusCode != 200 || a.field("id") != e.ID {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
	size, err := logs.Size(t.Context())
	if err != nil || size.Entries != int64(kept) {
		t.Errorf("%+v %v", size, err)
	}
}

// TestATailShowsBothJournals in the order of time.
func TestATailShowsBothJournals(t *testing.T) {
	logs, lines := logJournal(t), logJournal(t)
	s := start(t, func(o *server.Options) { o.Logs, o.Lines = logs, lines })
	s.calls.answer = failing(errors.New("broken"))
	look := func(after string) (levels []string, next string) {
		t.Helper()
		a := s.do(t, "ops", "GET", "/admin/v1/tail?kind=logs&kinds=request,server&after="+after, "")
		var out struct {
			Logs []struct{ Level string }
			Next string
		}
		if a.StatusCode != 200 || json.Unmarshal([]byte(a.body), &out) != nil {
			t.Fatal(a.StatusCode, a.body)
		}
		for _, l := range out.Logs {
			levels = append(levels, l.Level)
		}
		return levels, out.Next
	}
	_, next := look("")
	for range 2 {
		s.do(t, "ann", "POST", "/functions/v1/echo", "{}")
		time.Sleep(2 * time.Millisecond)
		s.do(t, "ann", "GET", "/data/v1/docs/notes/none", "")
		time.Sleep(2 * time.Millisecond)
	}
	if err := errors.Join(logs.Flush(t.Context()), lines.Flush(t.Context())); err != nil {
		t.Fatal(err)
	}
	if got, _ := look(next); !slices.Equal(got, []string{"error", "warn", "error", "warn"}) {
		t.Errorf("%v", got)
	}
}

// TestSearchesWaitForTheirTurn: two of keys run at a time, sixteen wait, who comes
// then is told to come again; what reads no journal at length does not wait, nor
// do operators.
func TestSearchesWaitForTheirTurn(t *testing.T) {
	runs := &ran{hold: make(chan struct{})}
	s := start(t, func(o *server.Options) { o.Runs = runs })
	const enter = 18
	got := make(chan *answer, enter+1)
	var wg sync.WaitGroup
	for range enter + 1 {
		wg.Go(func() { got <- s.do(t, "ops", "GET", "/admin/v1/runs", "") })
	}
	first := <-got // all others run or wait
	if first.StatusCode != 503 || first.field("code") != "unavailable" || first.Header.Get("Retry-After") != "2" {
		t.Errorf("%d %s", first.StatusCode, first.body)
	}
	if a := s.do(t, "ops", "GET", "/admin/v1/runs/r1?at=2026-11-22T00:00:00Z", ""); a.StatusCode != 200 {
		t.Errorf("a run whose time is known: %d %s", a.StatusCode, a.body)
	}
	for _, path := range []string{"/admin/v1/runs/r1", "/admin/v1/logs"} {
		if a := s.do(t, "ops", "GET", path, ""); a.StatusCode != 503 {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	}
	for _, path := range []string{"/admin/v1/runs/r1", "/admin/v1/functions"} {
		if a := s.do(t, "operator", "GET", path, ""); a.StatusCode != 200 {
			t.Errorf("%s by an operator: %d %s", path, a.StatusCode, a.body)
		}
	}
	close(runs.hold)
	wg.Wait()
	close(got)
	for a := range got {
		if a.StatusCode != 200 {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
	if a := s.do(t, "ops", "GET", "/admin/v1/runs", ""); a.StatusCode != 200 {
		t.Errorf("afterwards: %d %s", a.StatusCode, a.body)
	}
}

// TestASearchWaitsForSecondsOnly.
func TestASearchWaitsForSecondsOnly(t *testing.T) {
	runs := &ran{hold: make(chan struct{})}
	s := start(t, func(o *server.Options) { o.Runs = runs })
	var wg sync.WaitGroup
	defer wg.Wait()
	defer close(runs.hold)
	began := time.Now()
	got := make(chan *answer, 3)
	for range 3 {
		wg.Go(func() { got <- s.do(t, "ops", "GET", "/admin/v1/runs", "") })
	}
	if a := <-got; a.StatusCode != 503 || time.Since(began) < 4*time.Second || time.Since(began) > 15*time.Second {
		t.Errorf("%d after %v", a.StatusCode, time.Since(began))
	}
}

// TestTailsAreFourAHeadAndThirtyTwoInAll.
func TestTailsAreFourAHeadAndThirtyTwoInAll(t *testing.T) {
	s := start(t)
	for i := range 9 {
		s.auth.known[fmt.Sprint("ops", i)] = hutch.Principal{Kind: hutch.Service, UID: fmt.Sprint("key", i), Scopes: []string{hutch.ScopeOps}}.Sealed()
	}
	next := s.do(t, "ops", "GET", "/admin/v1/tail?kind=runs", "").field("next")
	if next == "" {
		t.Fatal("no cursor")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wg sync.WaitGroup
	wait := func(who string) {
		wg.Go(func() { s.ask(ctx, who, "/admin/v1/tail?kind=runs&after="+next) })
	}
	full := func(who string) bool {
		a := s.do(t, who, "GET", "/admin/v1/tail?kind=runs", "") // without after it does not wait
		if a.StatusCode == 429 && (a.field("code") != "resource_exhausted" || a.Header.Get("Retry-After") != "5") {
			t.Errorf("%s %s", a.body, a.Header.Get("Retry-After"))
		}
		return a.StatusCode == 429
	}
	looking := func(n int) {
		t.Helper()
		waitFor(t, fmt.Sprint(n, " look on"), func() bool { return s.LookingOn() == n })
	}
	for range 3 {
		wait("ops0")
	}
	looking(3)
	if full("ops0") {
		t.Error("the fourth is refused")
	}
	looking(3)
	wait("ops0")
	looking(4)
	if !full("ops0") {
		t.Error("the fifth is not refused")
	}
	if full("ops1") {
		t.Error("another is refused")
	}
	looking(4)
	for i := 1; i < 8; i++ {
		for range 4 {
			wait(fmt.Sprint("ops", i))
		}
	}
	looking(32)
	if !full("ops8") {
		t.Error("the 33rd is not refused")
	}
	s.stop()
	stop()
	wg.Wait()
}

// ask is do without a word on what comes of it.
func (s *site) ask(ctx context.Context, as, path string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.addr+path, nil)
	if err != nil {
		return
	}
	req.Header.Set("Authorization", "Bearer "+s.auth.token(as))
	if resp, err := client.Do(req); err == nil {
		_ = resp.Body.Close()
	}
}

// TestForgedPlacesOfATail: what no answer gave is refused, and reads nothing.
func TestForgedPlacesOfATail(t *testing.T) {
	j := logJournal(t)
	s := start(t, func(o *server.Options) { o.Logs = j })
	forge := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	now := time.Now()
	old := forge(map[string]any{"f": 0})
	for name, cursor := range map[string]string{
		"the beginning": old, "before it": forge(map[string]any{"f": -1}), "over an hour ago": forge(map[string]any{"f": now.Add(-time.Hour - time.Second).UnixMilli()}),
		"of the journal": forge(map[string]any{"f": now.UnixMilli(), "l": old}), "no JSON": "e30x", "a list": forge([]int{1}), "long": strings.Repeat("A", 6<<10),
	} {
		if a := s.do(t, "ops", "GET", "/admin/v1/tail?kind=logs&kinds=request,audit&after="+cursor, ""); a.StatusCode != 400 || a.field("field") != "after" {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
	s.auth.trail = nil
	s.do(t, "ann", "GET", "/data/v1/docs/notes/none", "")
	if err := j.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	recent := forge(map[string]any{"f": now.Add(-time.Hour + time.Minute).UnixMilli(), "l": forge(map[string]any{"f": now.Add(-time.Hour + time.Minute).UnixMilli()})})
	if a := s.do(t, "ops", "GET", "/admin/v1/tail?kind=logs&kinds=request,audit&after="+recent, ""); a.StatusCode != 200 || !strings.Contains(a.body, `"status":404`) {
		t.Errorf("nearly an hour ago: %d %s", a.StatusCode, a.body)
	}
}

// TestATailGoesOnBehindRowsThatDoNotFit: the audit looks at so many rows at a time.
func TestATailGoesOnBehindRowsThatDoNotFit(t *testing.T) {
	s := start(t)
	now := time.Now().UnixMilli()
	s.auth.trail, s.auth.walk = nil, 10
	for i := range 45 {
		row := auth.AuditRow{ID: fmt.Sprintf("%012x-%04d", now, i), At: time.UnixMilli(now), Event: "signed_in", User: "ann"}
		if i == 44 {
			row.User = "bob"
		}
		s.auth.trail = append(s.auth.trail, row)
	}
	next := s.do(t, "ops", "GET", "/admin/v1/tail?kind=logs&kinds=audit&user=bob", "").field("next")
	a := s.do(t, "ops", "GET", "/admin/v1/tail?kind=logs&kinds=audit&user=bob&after="+next, "")
	if a.StatusCode != 200 || !strings.Contains(a.body, `"bob"`) {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if n := len(s.auth.asked); n != 5 {
		t.Errorf("asked %d times", n)
	}
}

// TestTheAuditIsSearchedInParts: rows are read until enough fit, and where a bound
// ends it the answer says so and where to go on.
func TestTheAuditIsSearchedInParts(t *testing.T) {
	s := start(t)
	s.auth.trail, s.auth.walk = nil, 5000
	for i := range 25_000 {
		row := auth.AuditRow{ID: fmt.Sprintf("%06d", 999_999-i), At: time.UnixMilli(int64(1_790_000_000_000 - i)), Event: "signed_in"}
		if i == 3000 || i == 24_999 {
			row.Detail = "the needle"
		}
		s.auth.trail = append(s.auth.trail, row)
	}
	type page struct {
		logsAnswer
		Partial bool
	}
	read := func(query string) (p page) {
		t.Helper()
		a := s.do(t, "ops", "GET", "/admin/v1/logs?kind=audit&"+query, "")
		if a.StatusCode != 200 || json.Unmarshal([]byte(a.body), &p) != nil {
			t.Fatal(a.StatusCode, a.body)
		}
		return p
	}
	found, partial, parts := 0, 0, 0
	for after := ""; ; parts++ {
		p := read("q=needle&after=" + after)
		found += len(p.Logs)
		if p.Partial {
			partial++
		}
		if after = p.Next; after == "" {
			break
		}
	}
	if found != 2 || partial != 2 || parts != 2 {
		t.Errorf("%d found, %d of %d parts partial", found, partial, parts+1)
	}
	seen := map[string]bool{}
	for after := ""; ; {
		p := read("q=signed_in&limit=500&after=" + url.QueryEscape(after))
		for _, l := range p.Logs {
			seen[l.ID] = true
		}
		if after = p.Next; after == "" {
			break
		}
	}
	if len(seen) != 25_000 {
		t.Errorf("%d rows of all", len(seen))
	}
}

// TestTheListOfFunctionsReadsTheRunsOnce, however many fail.
func TestTheListOfFunctionsReadsTheRunsOnce(t *testing.T) {
	runs := &ran{counts: map[string]functions.Counts{}}
	var fns []functions.Function
	for i := range 30 {
		name := fmt.Sprintf("f%02d", i)
		fns = append(fns, functions.Function{Name: name, Trigger: functions.Trigger{Kind: functions.TriggerCall}})
		if i%2 == 0 {
			runs.counts[name] = functions.Counts{Day: functions.CountsOf{Failed: 2}}
			for _, text := range []string{"old", "new"} {
				runs.runs = append(runs.runs, &functions.Run{ID: name + text, Function: name, Outcome: functions.OutcomeError, Failed: true, Error: text, Console: []functions.ConsoleLine{{Text: "x"}}})
			}
		}
	}
	s := start(t, func(o *server.Options) { o.Runs, o.Parts.App.Functions = runs, fns })
	var out struct {
		Functions []struct {
			Name      string
			LastError *functions.Run
		}
	}
	a := s.do(t, "operator", "GET", "/admin/v1/functions", "")
	if a.StatusCode != 200 || json.Unmarshal([]byte(a.body), &out) != nil || len(out.Functions) != 30 {
		t.Fatal(a.StatusCode, a.body)
	}
	for i, f := range out.Functions {
		if fails := i%2 == 0; fails != (f.LastError != nil) || fails && (f.LastError.Error != "new" || f.LastError.Console != nil) {
			t.Errorf("%s: %+v", f.Name, f.LastError)
		}
	}
	if runs.read != 1 {
		t.Errorf("the runs were read %d times", runs.read)
	}
	if a := s.do(t, "operator", "GET", "/admin/v1/functions/f02", ""); a.StatusCode != 200 || !strings.Contains(a.body, `"id":"f02new"`) || strings.Contains(a.body, "f00") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := s.do(t, "operator", "GET", "/admin/v1/functions/f01", ""); a.StatusCode != 200 || strings.Contains(a.body, "lastError") || runs.read != 2 {
		t.Errorf("%d %s, read %d times", a.StatusCode, a.body, runs.read)
	}
}

// TestInvokeTakesAReasonOf200Bytes.
func TestInvokeTakesAReasonOf200Bytes(t *testing.T) {
	s := start(t, func(o *server.Options) {
		o.Parts.App.Functions = []functions.Function{{Name: "echo", Trigger: functions.Trigger{Kind: functions.TriggerCall}}, {Name: "hook", Trigger: functions.Trigger{Kind: functions.TriggerBefore}}}
	})
	for n, status := range map[int]int{0: 200, 1: 200, 200: 200, 201: 400} {
		a := s.do(t, "operator", "POST", "/admin/v1/functions/echo/invoke", `{"data":{"a":1},"reason":"`+strings.Repeat("r", n)+`"}`)
		if a.StatusCode != status || status == 400 && a.field("field") != "reason" || status == 200 && !strings.Contains(a.body, `"result":{"a":1}`) {
			t.Errorf("%d bytes: %d %s", n, a.StatusCode, a.body)
		}
	}
	if n := len(s.auth.acts); n != 3 {
		t.Errorf("told %v", s.auth.acts)
	}
	for body, field := range map[string]string{`{"request":{}}`: "request", `{"as":"ann"}`: "as", `{"why":"x"}`: "why"} {
		if a := s.do(t, "operator", "POST", "/admin/v1/functions/echo/invoke", body); a.StatusCode != 400 || a.field("field") != field {
			t.Errorf("%s: %d %s", body, a.StatusCode, a.body)
		}
	}
	if a := s.do(t, "operator", "POST", "/admin/v1/functions/hook/invoke", `{}`); a.StatusCode != 412 {
		t.Errorf("a hook: %d %s", a.StatusCode, a.body)
	}
}
