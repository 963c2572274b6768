package server_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data/jobs"
	"github.com/hutch-dev/hutch/server"
)

// work are jobs in memory.
type work struct {
	mu   sync.Mutex // guards all
	jobs []jobs.Entry
}

var _ server.Jobs = (*work)(nil)

func (w *work) List(_ context.Context, f jobs.Filter) (out []jobs.Entry, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := slices.Clone(w.jobs)
	slices.SortFunc(all, func(a, b jobs.Entry) int {
		if f.Dead {
			return cmp.Or(b.At.Compare(a.At), strings.Compare(a.ID, b.ID))
		}
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID))
	})
	for _, e := range all {
		if e.Dead != f.Dead || f.Kind != "" && e.Kind != f.Kind || len(out) == f.Limit {
			continue
		}
		if a := f.After; a != nil && (e.At.Equal(a.At) && e.ID <= a.ID || f.Dead && e.At.After(a.At) || !f.Dead && e.At.Before(a.At)) {
			continue
		}
		out = append(out, e)
	}
	return out, nil
}

func (w *work) Letter(_ context.Context, id string) (*jobs.Entry, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := slices.IndexFunc(w.jobs, func(e jobs.Entry) bool { return e.ID == id && e.Dead }); i >= 0 {
		return &w.jobs[i], nil
	}
	return nil, hutch.Errorf(hutch.NotFound, "there is no such dead letter")
}

func (w *work) Redrive(_ context.Context, ids ...string) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for i := range w.jobs {
		if w.jobs[i].Dead && slices.Contains(ids, w.jobs[i].ID) {
			w.jobs[i].Dead, n = false, n+1
		}
	}
	return n, nil
}

func (w *work) Discard(_ context.Context, ids ...string) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.jobs)
	w.jobs = slices.DeleteFunc(w.jobs, func(e jobs.Entry) bool { return e.Dead && slices.Contains(ids, e.ID) })
	return n - len(w.jobs), nil
}

// TestJobsThatWereGivenUpAreShownDrivenAndDeleted by operators, and the audit tells.
func TestJobsThatWereGivenUpAreShownDrivenAndDeleted(t *testing.T) {
	w := &work{}
	now := time.UnixMilli(1_760_000_000_000)
	for i := range 600 {
		w.jobs = append(w.jobs, jobs.Entry{ID: fmt.Sprintf("mail~%03d", i), Kind: "mail", Dead: true, At: now.Add(time.Duration(i/3) * time.Second), Tries: 12, Reason: "550 no such box"})
	}
	w.jobs = append(w.jobs, jobs.Entry{ID: "tell~w", Kind: "tell", At: now}, jobs.Entry{ID: "tell~r", Kind: "tell", At: now, Running: true})
	s := start(t, func(o *server.Options) { o.Jobs = w })
	type list struct {
		Jobs []struct{ ID, State, Reason string }
		Next string
	}
	read := func(query string) (l list) {
		t.Helper()
		a := s.do(t, "operator", "GET", "/admin/v1/jobs?"+query, "")
		if a.StatusCode != 200 || json.Unmarshal([]byte(a.body), &l) != nil || l.Jobs == nil {
			t.Fatalf("%s: %d %s", query, a.StatusCode, a.body)
		}
		return l
	}
	seen := map[string]bool{}
	pages := 0
	for after := ""; ; pages++ {
		l := read("limit=7&after=" + url.QueryEscape(after))
		for _, j := range l.Jobs {
			if seen[j.ID] || j.State != "dead" || j.Reason == "" {
				t.Fatalf("%+v", j)
			}
			seen[j.ID] = true
		}
		if after = l.Next; after == "" {
			break
		}
	}
	if len(seen) != 600 || pages < 80 {
		t.Errorf("%d on %d pages", len(seen), pages)
	}
	if l := read("state=waiting"); len(l.Jobs) != 2 || l.Jobs[0].State != "running" || l.Jobs[1].State != "waiting" || l.Next != "" {
		t.Errorf("%+v", l)
	}
	if l := read("kind=tell"); len(l.Jobs) != 0 {
		t.Errorf("%+v", l)
	}
	for limit, n := range map[string]int{"": 50, "limit=1": 1, "limit=500": 500} {
		if l := read(limit); len(l.Jobs) != n || l.Next == "" {
			t.Errorf("%s: %d, next %q", limit, len(l.Jobs), l.Next)
		}
	}
	for query, field := range map[string]string{
		"limit=0": "limit", "limit=501": "limit", "state=all": "state", "after=x": "after", "after=.a": "after", "after=1.": "after", "kind=" + strings.Repeat("k", 201): "kind", "q=x": "q",
	} {
		if a := s.do(t, "operator", "GET", "/admin/v1/jobs?"+query, ""); a.StatusCode != 400 || a.field("field") != field {
			t.Errorf("%s: %d %s", query, a.StatusCode, a.body)
		}
	}
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/admin/v1/jobs/mail~001/retry", 204},
		{"POST", "/admin/v1/jobs/mail~001/retry", 404}, // it lives
		{"DELETE", "/admin/v1/jobs/mail~001", 404},
		{"DELETE", "/admin/v1/jobs/mail~002", 204},
		{"DELETE", "/admin/v1/jobs/mail~002", 404},
		{"DELETE", "/admin/v1/jobs/tell~r", 404},
		{"POST", "/admin/v1/jobs/none/retry", 404},
	} {
		if a := s.do(t, "operator", c.method, c.path, ""); a.StatusCode != c.status {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.StatusCode, a.body)
		}
	}
	if want := "[op job.retry mail~001 op job.delete mail~002]"; fmt.Sprint(s.auth.acts) != want {
		t.Errorf("told %v", s.auth.acts)
	}
	if a := start(t).do(t, "operator", "GET", "/admin/v1/jobs", ""); a.StatusCode != 501 {
		t.Errorf("without jobs: %d %s", a.StatusCode, a.body)
	}
}
