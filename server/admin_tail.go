package server

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

const (
	maxTails  = 32 // that wait at the same time on a node
	ownTails  = 4  // of the same, of one operator or key
	tailOld   = time.Hour
	tailWait  = 20 * time.Second
	tailMost  = 500
	tailLook  = time.Second // how often other nodes' entries are looked for
	auditLate = 30 * time.Second
	maxCursor = 16 << 10
)

type tailPage struct {
	Runs []*functions.Run `json:"runs,omitempty"`
	Logs []*logEntry      `json:"logs,omitempty"`
	Next string           `json:"next"`
}

// tailCursor is where a tail goes on.
type tailCursor struct {
	Logs  string `json:"l,omitempty"`
	Lines string `json:"s,omitempty"`
	Runs  string `json:"r,omitempty"`
	Audit string `json:"a,omitempty"` // the last row
	From  int64  `json:"f"`           // of the audit, ms: rows before are not looked at
}

// tail is GET /admin/v1/tail. It holds no connection beyond an answer: who reads
// slowly asks later, and goes on where the cursor stands.
func tail(r *request) error {
	kind := r.param("kind")
	if kind != "runs" && kind != "logs" {
		return badBody("kind", "kind is runs or logs")
	}
	f, err := r.logFilter("kinds")
	if err != nil {
		return err
	}
	at := tailCursor{From: r.srv.now().UnixMilli()}
	after := r.param("after")
	if after != "" {
		b, err := base64.RawURLEncoding.DecodeString(after)
		if err != nil || len(after) > maxCursor || json.Unmarshal(b, &at) != nil {
			return badBody("after", "after is a cursor of an earlier answer")
		}
		if at.From < r.srv.now().Add(-tailOld).UnixMilli() {
			return badBody("after", "the cursor is older than an hour: begin anew")
		}
	}
	who := r.who.Kind.String() + ":" + r.who.UID
	if !r.srv.tails.enter(who) {
		return &hutch.Error{Code: hutch.ResourceExhausted, Message: "too many look on already", RetryAfter: 5 * time.Second}
	}
	defer r.srv.tails.leave(who)
	look := func(p *tailPage) error { return r.lookLogs(p, f, &at) }
	if kind == "runs" {
		q := functions.RunQuery{Function: r.param("function"), Outcome: r.param("outcome"), User: f.user, RequestID: f.requestID, Text: f.text}
		look = func(p *tailPage) error { return r.lookRuns(p, q, &at) }
	}
	p := &tailPage{}
	for end := time.Now().Add(tailWait); ; {
		runs, logs, lines := r.changes()
		if err := look(p); err != nil {
			return err
		}
		left := time.Until(end)
		if len(p.Runs)+len(p.Logs) > 0 || after == "" || left <= 0 || !r.srv.live.Load() {
			break
		}
		select {
		case <-runs:
		case <-logs:
		case <-lines:
		case <-time.After(min(left, tailLook)):
		case <-r.ctx.Done():
		}
		if r.ctx.Err() != nil {
			break
		}
	}
	slices.SortStableFunc(p.Logs, func(a, b *logEntry) int { return a.At.Compare(b.At) })
	if kind == "runs" || !f.wants(kindAudit) { // a place of the audit that nobody asks for does not age
		at.From = r.srv.now().UnixMilli()
	}
	b, err := json.Marshal(at)
	if err != nil {
		return hutch.Errorf(hutch.Internal, "making a cursor: %w", err)
	}
	p.Next = base64.RawURLEncoding.EncodeToString(b)
	return r.sendJSON(p, nil)
}

// changes tell when this node has stored more; nil: never.
func (r *request) changes() (runs, logs, lines <-chan struct{}) {
	if r.srv.o.Runs != nil {
		runs = r.srv.o.Runs.Changed()
	}
	if r.srv.o.Logs != nil {
		logs = r.srv.o.Logs.Changed()
	}
	if r.srv.o.Lines != nil {
		lines = r.srv.o.Lines.Changed()
	}
	return runs, logs, lines
}

func (r *request) lookRuns(p *tailPage, q functions.RunQuery, at *tailCursor) (err error) {
	if r.srv.o.Runs == nil {
		return nil
	}
	p.Runs, at.Runs, err = r.srv.o.Runs.Follow(r.ctx, at.Runs, tailMost, q)
	return err
}

func (r *request) lookLogs(p *tailPage, f *logFilter, at *tailCursor) (err error) {
	if f.wants(kindFunction) && r.srv.o.Runs != nil {
		q := f.runs()
		q.Match = f.ofRun
		var runs []*functions.Run
		if runs, at.Runs, err = r.srv.o.Runs.Follow(r.ctx, at.Runs, tailMost, q); err != nil {
			return err
		}
		for _, k := range runs {
			p.Logs = append(p.Logs, ofRun(k))
		}
	}
	for _, from := range []struct {
		j     *data.Journal
		place *string
	}{{r.srv.o.Logs, &at.Logs}, {r.srv.o.Lines, &at.Lines}} {
		if !r.holds(from.j, f) {
			continue
		}
		_, *from.place, err = from.j.Follow(r.ctx, *from.place, tailMost, func(e *data.Entry) bool {
			l := readLog(e)
			if l == nil || !f.matches(l) {
				return false
			}
			p.Logs = append(p.Logs, l)
			return true
		})
		if err != nil {
			return err
		}
	}
	if f.wants(kindAudit) {
		err = r.lookAudit(p, f, at)
	}
	return err
}

// lookAudit goes on behind the last row that was read, or behind those that no row
// fits; where there is nothing new the place moves with the time.
func (r *request) lookAudit(p *tailPage, f *logFilter, at *tailCursor) error {
	now := r.srv.now()
	rows, next, err := r.srv.o.Auth.Audit(r.ctx, auth.AuditQuery{Since: time.UnixMilli(at.From), After: at.Audit, About: f.user, Request: f.requestID, Limit: tailMost})
	if err != nil {
		return err
	}
	for i := range rows {
		at.Audit = rows[i].ID
		if l := ofAudit(&rows[i]); f.matches(l) {
			p.Logs = append(p.Logs, l)
		}
	}
	if next != "" {
		at.Audit = next
		at.From = max(at.From, auth.AuditTime(next).Add(-auditLate).UnixMilli())
	} else {
		at.From = max(at.From, now.Add(-auditLate).UnixMilli())
	}
	return nil
}
