package server

import (
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

const (
	maxTails  = 32 // that wait at the same time on a node
	tailWait  = 20 * time.Second
	tailMost  = 500
	tailLook  = time.Second // how often other nodes' entries are looked for
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
	Runs  string `json:"r,omitempty"`
	Audit string `json:"a,omitempty"`
	From  int64  `json:"f"` // of the audit, ms, until there is a row
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
		if err != nil || len(after) > maxCursor || json.Unmarshal(b, &at) != nil || at.From < 0 {
			return badBody("after", "after is a cursor of an earlier answer")
		}
	}
	if r.srv.tails.Add(1) > maxTails {
		r.srv.tails.Add(-1)
		return &hutch.Error{Code: hutch.ResourceExhausted, Message: "too many look on already", RetryAfter: 5 * time.Second}
	}
	defer r.srv.tails.Add(-1)
	look := func(p *tailPage) error { return r.lookLogs(p, f, &at) }
	if kind == "runs" {
		q := functions.RunQuery{Function: r.param("function"), Outcome: r.param("outcome"), User: f.user, RequestID: f.requestID, Text: f.text}
		look = func(p *tailPage) error { return r.lookRuns(p, q, &at) }
	}
	p := &tailPage{}
	for end := time.Now().Add(tailWait); ; {
		runs, logs := r.changes()
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
		case <-time.After(min(left, tailLook)):
		case <-r.ctx.Done():
		}
		if r.ctx.Err() != nil {
			break
		}
	}
	b, err := json.Marshal(at)
	if err != nil {
		return hutch.Errorf(hutch.Internal, "making a cursor: %w", err)
	}
	p.Next = base64.RawURLEncoding.EncodeToString(b)
	return r.sendJSON(p, nil)
}

// changes tell when this node has stored more; nil: never.
func (r *request) changes() (runs, logs <-chan struct{}) {
	if r.srv.o.Runs != nil {
		runs = r.srv.o.Runs.Changed()
	}
	if r.srv.o.Logs != nil {
		logs = r.srv.o.Logs.Changed()
	}
	return runs, logs
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
	if j := r.srv.o.Logs; j != nil && (f.wants(kindRequest) || f.wants(kindServer)) {
		_, at.Logs, err = j.Follow(r.ctx, at.Logs, tailMost, func(e *data.Entry) bool {
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
	if !f.wants(kindAudit) {
		return nil
	}
	rows, _, err := r.srv.o.Auth.Audit(r.ctx, auth.AuditQuery{Since: time.UnixMilli(at.From), After: at.Audit, About: f.user, Limit: tailMost})
	if err != nil {
		return err
	}
	for i := range rows {
		at.Audit = rows[i].ID
		if l := ofAudit(&rows[i]); f.matches(l) {
			p.Logs = append(p.Logs, l)
		}
	}
	return nil
}
