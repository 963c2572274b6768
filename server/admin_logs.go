package server

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

const (
	logsDefault = 100
	logsMost    = 500
	maxSearch   = 200 // bytes of a text that is looked for

	auditLook = 10_000 // rows that a search reads
	auditTime = 2 * time.Second
)

var logsQuery = []string{"q", "level", "kind", "user", "requestId", "route", "status", "since", "until", "after", "limit"}

// logsRoutes are the Logs page's:
//
//	GET /admin/v1/logs?q=&level=&kind=request,server,function,audit&user=&requestId=&route=&status=4xx&since=&until=&after=&limit=
//	  {"logs":[..],"next":"","partial":false,"dropped":0,"skipped":0,"kept":{..}}  the newest first
//	  level: at least this; partial: the search met its bound in time or bytes, next goes on; dropped: entries lost as the
//	  store was slow; skipped: those for which their second had no
//	  room, by kind, level and status; 0 with filters that this is not known of; kept only without after
//	GET /admin/v1/logs/{id}   an entry of a list, wherever it is; operators get what a failed run got and gave
//	GET /admin/v1/tail?kind=runs|logs&after=&..   what came after the cursor of the last answer, the oldest first; it waits
//	  up to 20 s for something: {"runs":[..]} or {"logs":[..]}, "next". Without after it begins now.
func logsRoutes() []*Route {
	return []*Route{
		{Method: http.MethodGet, Path: "/admin/v1/logs", About: "requests, the server's log, runs of functions, the audit", Scope: hutch.ScopeOps, Query: logsQuery, Out: logsPage{}, handle: listLogs},
		{Method: http.MethodGet, Path: "/admin/v1/logs/{id}", About: "an entry of the logs", Scope: hutch.ScopeOps, Query: []string{}, Out: logEntry{}, handle: showLog},
		{
			Method: http.MethodGet, Path: "/admin/v1/tail", About: "runs or log entries as they come; it waits for them", Scope: hutch.ScopeOps,
			Query: []string{"kind", "kinds", "function", "outcome", "q", "level", "user", "requestId", "route", "status", "after"}, Out: tailPage{}, handle: tail,
		},
	}
}

type logsPage struct {
	Logs    []*logEntry `json:"logs"`
	Next    string      `json:"next"`
	Partial bool        `json:"partial"`
	Dropped int64       `json:"dropped"`
	Skipped int64       `json:"skipped"`
	Kept    *logsKept   `json:"kept,omitempty"`
}

// logsKept is what is stored of requests, of the server's log and of runs.
type logsKept struct {
	Bytes   int64      `json:"bytes"`
	Entries int64      `json:"entries"`
	Oldest  *time.Time `json:"oldest,omitempty"`
}

// logCursor is where each source goes on, in the order of logSources; "-" is its end.
type logCursor [4]string

const sourceEnd = "-"

func listLogs(r *request) error {
	f, err := r.logFilter("kind")
	if err != nil {
		return err
	}
	if f.since, err = r.timeParam("since"); err != nil {
		return err
	}
	if f.until, err = r.timeParam("until"); err != nil {
		return err
	}
	limit, err := r.limitParam(logsDefault, logsMost)
	if err != nil {
		return err
	}
	var at logCursor
	if s := r.param("after"); s != "" {
		b, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || json.Unmarshal(b, &at) != nil {
			return badBody("after", "after is a cursor of an earlier page")
		}
	}
	page := &logsPage{Logs: []*logEntry{}}
	leave, err := r.enterSearch()
	if err != nil {
		return err
	}
	defer leave()
	sources, err := r.logSources(f, &at, limit, page)
	if err != nil {
		return err
	}
	mergeLogs(page, sources, limit)
	more := false
	for i, s := range sources {
		at[i] = s.next()
		more = more || at[i] != sourceEnd
	}
	if more {
		b, err := json.Marshal(at)
		if err != nil {
			return hutch.Errorf(hutch.Internal, "making a cursor: %w", err)
		}
		page.Next = base64.RawURLEncoding.EncodeToString(b)
	}
	if r.param("after") == "" {
		if page.Kept, err = r.logsKept(); err != nil {
			return err
		}
	}
	return r.sendJSON(page, nil)
}

// logSource is a part of one source, the newest first.
type logSource struct {
	entries []*logEntry
	used    int
	begun   string // where it began
	after   string // where it goes on behind entries; sourceEnd: nowhere
	reached time.Time
}

// next is where the source goes on behind what was used of it.
func (s *logSource) next() string {
	switch s.used {
	case len(s.entries):
		return s.after
	case 0:
		return s.begun
	}
	return s.entries[s.used-1].cursor
}

// mergeLogs takes entries in the order of their times, as far as every source was read.
func mergeLogs(page *logsPage, sources []*logSource, limit int) {
	for len(page.Logs) < limit {
		var from *logSource
		for _, s := range sources {
			if s.used < len(s.entries) && (from == nil || s.entries[s.used].At.After(from.entries[from.used].At)) {
				from = s
			}
		}
		if from == nil {
			return
		}
		l := from.entries[from.used]
		for _, s := range sources {
			if s.used == len(s.entries) && s.after != sourceEnd && s.reached.After(l.At) {
				return // it may hold newer ones
			}
		}
		page.Logs = append(page.Logs, l)
		from.used++
	}
}

func (r *request) logSources(f *logFilter, at *logCursor, limit int, page *logsPage) ([]*logSource, error) {
	reads := []func(*logSource) error{
		func(s *logSource) error { return r.readLogs(s, f, r.srv.o.Logs, limit, page) },
		func(s *logSource) error { return r.readLogs(s, f, r.srv.o.Lines, limit, page) },
		func(s *logSource) error { return r.readRuns(s, f, limit, page) },
		func(s *logSource) error { return r.readAudit(s, f, limit, page) },
	}
	out := make([]*logSource, len(reads))
	for i, read := range reads {
		s := &logSource{after: sourceEnd, begun: at[i]}
		out[i] = s
		if s.begun == sourceEnd {
			continue
		}
		if err := read(s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// holds reports whether a journal may hold what is asked: requests that were served
// or refused are in one, the server's lines and what it failed in the other.
func (r *request) holds(j *data.Journal, f *logFilter) bool {
	switch {
	case j == nil || !f.wants(kindRequest) && !f.wants(kindServer):
		return false
	case r.srv.o.Lines == nil:
		return true
	case j == r.srv.o.Lines:
		return f.wants(kindServer) || f.status == "" || f.status[0] == '5'
	}
	return f.wants(kindRequest) && f.level != levelError && (f.status == "" || f.status[0] != '5')
}

func (r *request) readLogs(s *logSource, f *logFilter, j *data.Journal, limit int, page *logsPage) error {
	if !r.holds(j, f) {
		return nil
	}
	found := map[string]*logEntry{}
	p, err := j.Read(r.ctx, data.JournalQuery{
		Since: f.since, Until: f.until, After: s.begun, Limit: limit, Marks: f.marks(), Skips: f.skips,
		Match: func(e *data.Entry) bool {
			l := readLog(e)
			if l == nil || !f.matches(l) {
				return false
			}
			found[e.ID] = l
			return true
		},
	})
	if err != nil {
		return err
	}
	for i := range p.Entries {
		s.entries = append(s.entries, found[p.Entries[i].ID])
	}
	s.goOn(p.Next)
	page.Partial = page.Partial || p.Partial
	page.Dropped += p.Dropped
	page.Skipped += p.Skipped
	return nil
}

// goOn notes how far the source was read.
func (s *logSource) goOn(next string) {
	if next == "" {
		return
	}
	s.after = next
	s.reached, _ = data.JournalTime(next)
	if n := len(s.entries); n > 0 && s.entries[n-1].cursor == next {
		s.reached = s.entries[n-1].At
	}
}

func (r *request) readRuns(s *logSource, f *logFilter, limit int, page *logsPage) error {
	if r.srv.o.Runs == nil || !f.wants(kindFunction) {
		return nil
	}
	q := f.runs()
	q.After, q.Limit, q.Match = s.begun, limit, f.ofRun
	q.Skips = func(ended string) bool { return !f.narrow() && atLeast(levelOfEnd[ended], f.level) }
	p, err := r.srv.o.Runs.List(r.ctx, q)
	if err != nil {
		return err
	}
	for _, k := range p.Runs {
		s.entries = append(s.entries, ofRun(k))
	}
	s.goOn(p.Next)
	page.Partial = page.Partial || p.Partial
	page.Dropped += p.Dropped
	page.Skipped += p.Skipped
	return nil
}

// readAudit reads rows until limit of them fit, auditLook were read, or its time is over.
func (r *request) readAudit(s *logSource, f *logFilter, limit int, page *logsPage) error {
	if !f.wants(kindAudit) {
		return nil
	}
	q := auth.AuditQuery{Since: f.since, Until: f.until, After: s.begun, Limit: limit, Newest: true, Request: f.requestID}
	if f.text != "" {
		q.Limit = auth.AuditMost
	}
	if f.user != "" {
		q.About = f.user
	}
	for looked, end := 0, time.Now().Add(auditTime); ; {
		rows, next, err := r.srv.o.Auth.Audit(r.ctx, q)
		if err != nil {
			return err
		}
		for i := range rows {
			l := ofAudit(&rows[i])
			if !f.matches(l) {
				continue
			}
			if s.entries = append(s.entries, l); len(s.entries) == limit {
				if i < len(rows)-1 {
					next = rows[i].ID
				}
				break
			}
		}
		if next == "" {
			s.after = sourceEnd
			return nil
		}
		s.after, s.reached, q.After = next, auth.AuditTime(next), next
		if len(s.entries) == limit {
			return nil
		}
		if looked += max(len(rows), 1); looked >= auditLook || time.Now().After(end) {
			page.Partial = true
			return nil
		}
	}
}

func (r *request) logsKept() (*logsKept, error) {
	k := &logsKept{}
	sizes := []func(context.Context) (data.JournalSize, error){}
	for _, j := range []*data.Journal{r.srv.o.Logs, r.srv.o.Lines} {
		if j != nil {
			sizes = append(sizes, j.Size)
		}
	}
	if r.srv.o.Runs != nil {
		sizes = append(sizes, r.srv.o.Runs.Size)
	}
	for _, f := range sizes {
		size, err := f(r.ctx)
		if err != nil {
			return nil, err
		}
		k.Bytes += size.Bytes
		k.Entries += size.Entries
		if !size.Oldest.IsZero() && (k.Oldest == nil || size.Oldest.Before(*k.Oldest)) {
			k.Oldest = &size.Oldest
		}
	}
	return k, nil
}

// logFilter reads the parameters that lists and tails share; kinds stand in the
// parameter of that name.
func (r *request) logFilter(kinds string) (*logFilter, error) {
	f := &logFilter{
		text: r.param("q"), level: r.param("level"), user: r.param("user"), requestID: r.param("requestId"),
		route: r.param("route"), status: r.param("status"), kinds: logKinds,
	}
	switch {
	case f.level != "" && !slices.Contains(levels, f.level):
		return nil, badBody("level", "level is info, warn or error")
	case f.status != "" && !validStatus(f.status):
		return nil, badBody("status", "status is a code as 404, or a class as 4xx")
	}
	for name, v := range map[string]string{"q": f.text, "user": f.user, "requestId": f.requestID, "route": f.route} {
		if len(v) > maxSearch {
			return nil, badBody(name, name+" is longer than "+strconv.Itoa(maxSearch)+" bytes")
		}
	}
	if s := r.param(kinds); s != "" {
		f.kinds = strings.Split(s, ",")
		for _, k := range f.kinds {
			if !slices.Contains(logKinds, k) {
				return nil, badBody(kinds, "kinds are "+strings.Join(logKinds, ", "))
			}
		}
	}
	return f, nil
}

// ofRun reports whether a run is asked for.
func (f *logFilter) ofRun(k *functions.Run) bool { return f.matches(ofRun(k)) }

// timeParam is a time of RFC 3339; zero where the parameter is missing.
func (r *request) timeParam(name string) (t time.Time, err error) {
	if s := r.param(name); s != "" {
		if t, err = time.Parse(time.RFC3339, s); err != nil {
			return t, badBody(name, name+" is a time of RFC 3339")
		}
	}
	return t, nil
}

func (r *request) limitParam(def, most int) (int, error) {
	s := r.param("limit")
	if s == "" {
		return def, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return 0, badBody("limit", "limit goes from 1 to "+strconv.Itoa(most))
	}
	return n, nil
}
