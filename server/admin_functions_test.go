package server_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/server"
)

// ran are runs in memory, the newest last.
type ran struct {
	mu   sync.Mutex // guards the rest
	runs []*functions.Run
	full bool          // the last One was asked for what the run got
	read int           // how often the list was
	hold chan struct{} // List waits for it; nil: it does not
	at   time.Time

	counts map[string]functions.Counts // nil: some
}

var _ server.Runs = (*ran)(nil)

func (r *ran) List(_ context.Context, q functions.RunQuery) (*functions.RunPage, error) {
	if r.hold != nil {
		<-r.hold
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read++
	p := &functions.RunPage{Runs: []*functions.Run{}}
	for _, k := range slices.Backward(r.runs) {
		if (q.Function == "" || k.Function == q.Function) && (q.Outcome != "failed" || k.Failed) && (q.Match == nil || q.Match(k)) {
			if p.Runs = append(p.Runs, k); len(p.Runs) == q.Limit {
				break
			}
		}
	}
	return p, nil
}

func (r *ran) One(_ context.Context, id string, at time.Time, full bool) (*functions.Run, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.full, r.at = full, at
	k := &functions.Run{ID: id, Function: "buy"}
	if full && id == "failed" {
		k.Payload = &functions.RunPayload{}
	}
	return k, nil
}

func (r *ran) Follow(context.Context, string, int, functions.RunQuery) ([]*functions.Run, string, error) {
	return nil, "n", nil
}

func (r *ran) Counts(context.Context) (map[string]functions.Counts, error) {
	if r.counts != nil {
		return r.counts, nil
	}
	return map[string]functions.Counts{"buy": {Day: functions.CountsOf{OK: 3, Failed: 1}}}, nil
}

func (r *ran) Changed() <-chan struct{} { return nil }

func (r *ran) Size(context.Context) (data.JournalSize, error) { return data.JournalSize{}, nil }

// logJournal is a journal on a store of its own.
func logJournal(t testing.TB) *data.Journal {
	t.Helper()
	store, err := pebble.Open(pebble.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	s := data.New(data.Options{Store: store, CursorKey: bytes.Repeat([]byte{7}, 32), Entropy: rand.Reader})
	t.Cleanup(func() { s.Close() })
	if err := s.Use(t.Context(), data.App{Collections: []data.Collection{{Name: "_logs"}}}); err != nil {
		t.Fatal(err)
	}
	return data.NewJournal(data.JournalOptions{System: s.System("_logs"), Collection: "_logs", Lease: s.Lease("logs", time.Minute), Age: time.Hour})
}

type logsAnswer struct {
	Logs []struct {
		ID, Kind, Level, Route, RequestID, Code, Message, Network string
		Status                                                    int
		Caller                                                    struct{ Kind, UID string }
		Attrs                                                     map[string]string
	}
	Next    string
	Skipped int64
}

func logsOf(t *testing.T, s *site, query string) (out logsAnswer) {
	t.Helper()
	a := s.do(t, "ops", "GET", "/admin/v1/logs?"+query, "")
	if a.StatusCode != 200 {
		t.Fatal(query, a.StatusCode, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestS90TheRequestLogKeepsTheRouteAndNoMore(t *testing.T) {
	j := logJournal(t)
	s := start(t, func(o *server.Options) { o.Logs = j })
	s.docs.put("notes", "n1", "ann", "private words")
	s.do(t, "ann", "GET", "/data/v1/docs/notes/n1", "")
	s.do(t, "bob", "GET", "/data/v1/docs/notes/n1?"+url.QueryEscape("se cret")+"=word", "")
	s.do(t, "ann", "POST", "/data/v1/docs/notes", `{"owner":"ann","text":"in the body"}`)
	s.do(t, "guest", "GET", "/healthz", "")
	s.do(t, "ops", "GET", "/admin/v1/runs", "")
	s.do(t, "guest", "GET", "/no/such/path?token=abc", "", "Authorization", "Bearer token-expired")
	raw := s.do(t, "ops", "GET", "/admin/v1/logs?kind=request", "").body
	for _, secret := range []string{"n1", "private", "in the body", "token-", "abc", "se cret", "word", "such"} {
		if strings.Contains(raw, secret) {
			t.Errorf("the log tells %q: %s", secret, raw)
		}
	}
	got := logsOf(t, s, "kind=request")
	if len(got.Logs) != 4 {
		t.Fatalf("%d requests: %s", len(got.Logs), raw)
	}
	first, last := got.Logs[3], got.Logs[0]
	if first.Route != "GET /data/v1/docs/{collection}/{id}" || first.Status != 200 || first.Caller.UID != "ann" || first.Level != "info" || first.Network != "127.0.0.0/24" {
		t.Errorf("%+v", first)
	}
	if last.Level != "warn" || last.Status != 401 && last.Status != 404 {
		t.Errorf("%+v", last)
	}
	for query, n := range map[string]int{
		"user=ann": 2, "status=200": 1, "status=4xx": 2, "level=warn": 2, "level=error": 0, "route=docs": 3, "q=ann": 2, "kind=server": 0,
		"requestId=" + first.RequestID: 1, "since=2999-01-01T00:00:00Z": 0, "until=2000-01-01T00:00:00Z&kind=request": 0, "kind=request&limit=2": 2,
	} {
		if !strings.Contains(query, "kind") {
			query += "&kind=request,server"
		}
		if got := logsOf(t, s, query); len(got.Logs) != n {
			t.Errorf("%s: %d entries, not %d", query, len(got.Logs), n)
		}
	}
}

func TestLogsOfAllKindsAreOneListThatPages(t *testing.T) {
	j := logJournal(t)
	runs := &ran{}
	s := start(t, func(o *server.Options) { o.Logs, o.Runs = j, runs })
	for range 30 {
		s.do(t, "ann", "GET", "/data/v1/docs/notes/none", "")
	}
	l := server.LogLine{Level: "error", Message: "the disk is full", RequestID: "REQ-1", Attrs: map[string]string{"cause": "ENOSPC"}}
	body, marks := l.Entry()
	j.Add(body, marks...)
	seen := map[string]int{}
	pages := 0
	for after := ""; ; pages++ {
		got := logsOf(t, s, "kind=request,server&limit=7&after="+after)
		for _, e := range got.Logs {
			seen[e.ID]++
		}
		if after = got.Next; after == "" {
			break
		}
	}
	if len(seen) != 31 || pages < 4 {
		t.Errorf("%d entries on %d pages", len(seen), pages+1)
	}
	got := logsOf(t, s, "level=error&q=enospc")
	if len(got.Logs) != 1 || got.Logs[0].Attrs["cause"] != "ENOSPC" || got.Logs[0].RequestID != "REQ-1" {
		t.Errorf("%+v", got)
	}
	if got := logsOf(t, s, "kind=audit"); len(got.Logs) != 1 || got.Logs[0].Message != "signed_in" {
		t.Errorf("%+v", got)
	}
}

// TestALinkLeadsToALogEntry: whatever a list holds is found by its id alone.
func TestALinkLeadsToALogEntry(t *testing.T) {
	j := logJournal(t)
	at := time.UnixMilli(1_790_000_000_123)
	runs := &ran{runs: []*functions.Run{{ID: "r1", At: at, Function: "buy", Outcome: functions.OutcomeOK}}}
	s := start(t, func(o *server.Options) { o.Logs, o.Runs = j, runs })
	for range 3 {
		s.do(t, "ann", "GET", "/data/v1/docs/notes/none", "")
	}
	list := logsOf(t, s, "kind=request,function")
	if len(list.Logs) != 4 {
		t.Fatalf("%+v", list)
	}
	one := func(id string) *answer { return s.do(t, "ops", "GET", "/admin/v1/logs/"+id, "") }
	for _, e := range list.Logs {
		var got struct{ ID, Kind, RequestID string }
		if a := one(e.ID); a.StatusCode != 200 || json.Unmarshal([]byte(a.body), &got) != nil || e.Kind == "request" && (got.ID != e.ID || got.RequestID != e.RequestID) || got.Kind != e.Kind {
			t.Errorf("%s: %d %s", e.ID, a.StatusCode, a.body)
		}
	}
	if !runs.at.Equal(at) || runs.full {
		t.Errorf("the run was looked for at %v, in full: %v", runs.at, runs.full)
	}
	pack, _, _ := strings.Cut(list.Logs[1].ID, ".")
	for _, id := range []string{pack, pack + ".3", pack + ".01", pack + ".-1", pack + ".9223372036854775807", "run.r1", "run.r1.%24", "audit.1", "audit.", "x", strings.Repeat("x", 201)} {
		if a := one(id); a.StatusCode != 404 {
			t.Errorf("%s: %d %s", id, a.StatusCode, a.body)
		}
	}
}

func TestLogsRefuseWhatTheyDoNotKnow(t *testing.T) {
	s := start(t, func(o *server.Options) { o.Logs = logJournal(t) })
	long := strings.Repeat("x", 201)
	for query, field := range map[string]string{
		"level=loud": "level", "kind=all": "kind", "status=6xx": "status", "status=40": "status", "since=today": "since", "until=1": "until",
		"limit=0": "limit", "limit=501": "limit", "after=%24": "after", "q=" + long: "q", "user=" + long: "user", "nope=1": "nope",
	} {
		a := s.do(t, "ops", "GET", "/admin/v1/logs?"+query, "")
		if a.StatusCode != 400 || !strings.Contains(a.body, `"field":"`+field+`"`) && !strings.Contains(a.body, field) {
			t.Errorf("%s: %d %s", query, a.StatusCode, a.body)
		}
	}
	for _, query := range []string{"limit=500", "limit=1", "q=" + long[1:], "status=4xx", "kind=audit,request"} {
		if a := s.do(t, "ops", "GET", "/admin/v1/logs?"+query, ""); a.StatusCode != 200 {
			t.Errorf("%s: %d %s", query, a.StatusCode, a.body)
		}
	}
	for _, query := range []string{"", "kind=all", "kind=logs&after=%24", "kind=logs&kinds=x"} {
		if a := s.do(t, "ops", "GET", "/admin/v1/tail?"+query, ""); a.StatusCode != 400 {
			t.Errorf("tail %s: %d %s", query, a.StatusCode, a.body)
		}
	}
}

func TestATailWaitsForWhatComes(t *testing.T) {
	j := logJournal(t)
	s := start(t, func(o *server.Options) { o.Logs = j })
	next := func(a *answer) (n int, cursor string) {
		var out struct {
			Logs []json.RawMessage
			Next string
		}
		if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.StatusCode != 200 {
			t.Fatal(a.StatusCode, a.body)
		}
		return len(out.Logs), out.Next
	}
	_, cursor := next(s.do(t, "ops", "GET", "/admin/v1/tail?kind=logs&kinds=request", ""))
	got := make(chan *answer)
	go func() {
		got <- s.do(t, "ops", "GET", "/admin/v1/tail?kind=logs&kinds=request&status=404&after="+cursor, "")
	}()
	s.do(t, "ann", "GET", "/data/v1/docs/notes/none", "")
	if err := j.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	n, cursor := next(<-got)
	if n != 1 || cursor == "" {
		t.Errorf("%d entries", n)
	}
}

func TestSuccessesBeyondARateAreCountedOnly(t *testing.T) {
	j := logJournal(t)
	s := start(t, func(o *server.Options) { o.Logs = j })
	s.docs.put("notes", "n1", "ann", "x")
	var wg sync.WaitGroup
	const each = 1500
	for range 4 {
		wg.Go(func() {
			for range each {
				s.do(t, "ann", "GET", "/data/v1/docs/notes/n1", "")
			}
		})
	}
	began := time.Now()
	wg.Wait()
	took := time.Since(began)
	time.Sleep(1100 * time.Millisecond) // what is skipped is told with the next second
	s.do(t, "ann", "GET", "/data/v1/docs/notes/n1", "")
	kept := 0
	var skipped int64
	for after := ""; ; {
		got := logsOf(t, s, "kind=request&limit=500&after="+after)
		kept += len(got.Logs)
		skipped += got.Skipped
		if after = got.Next; after == "" {
			break
		}
	}
	if kept+int(skipped) != 4*each+1 || kept > 1000*(int(took.Seconds())+2)+1 {
		t.Errorf("%d kept and %d skipped of %d in %v", kept, skipped, 4*each+1, took)
	}
}

func TestARunsPayloadIsForOperators(t *testing.T) {
	runs := &ran{}
	s := start(t, func(o *server.Options) { o.Runs = runs })
	if a := s.do(t, "ops", "GET", "/admin/v1/runs/r1", ""); a.StatusCode != 200 || runs.full {
		t.Error("a key of scope ops gets what a run got")
	}
	for query, field := range map[string]string{"limit=0": "limit", "limit=501": "limit", "since=x": "since", "function=" + strings.Repeat("x", 201): "function"} {
		if a := s.do(t, "ops", "GET", "/admin/v1/runs?"+query, ""); a.StatusCode != http.StatusBadRequest || !strings.Contains(a.body, field) {
			t.Errorf("%s: %d %s", query, a.StatusCode, a.body)
		}
	}
}

// TestS91WhatRunsGotIsTold: once in a while, of runs of which something is shown,
// to operators, who alone are shown it.
func TestS91WhatRunsGotIsTold(t *testing.T) {
	s := start(t, func(o *server.Options) { o.Runs = &ran{} })
	for _, c := range [][2]string{{"ops", "failed"}, {"operator", "ok"}, {"operator", "failed"}, {"operator", "failed"}} {
		if a := s.do(t, c[0], "GET", "/admin/v1/runs/"+c[1], ""); a.StatusCode != 200 {
			t.Fatal(a.StatusCode, a.body)
		}
	}
	if want := []string{"op run_read failed"}; !slices.Equal(s.auth.acts, want) {
		t.Errorf("told %q, want %q", s.auth.acts, want)
	}
	s = start(t, func(o *server.Options) { o.Runs = &ran{} })
	if a := s.do(t, "operator", "GET", "/admin/v1/logs/run.failed."+strconv.FormatInt(1_760_000_000_000, 36), ""); a.StatusCode != 200 || !strings.Contains(a.body, `"payload"`) {
		t.Error(a.StatusCode, a.body)
	}
	if want := []string{"op run_read failed"}; !slices.Equal(s.auth.acts, want) {
		t.Errorf("by the log: told %q, want %q", s.auth.acts, want)
	}
}
