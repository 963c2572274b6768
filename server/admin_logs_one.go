package server

import (
	"strconv"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

const maxLogID = 200 // bytes

// showLog is GET /admin/v1/logs/{id}: what a link to an entry leads to, though no
// list on the screen has it.
func showLog(r *request) error {
	id := r.params[0]
	if len(id) > maxLogID {
		return noLog()
	}
	source, rest, _ := strings.Cut(id, ".")
	find := r.oneLog
	switch source {
	case "run":
		id, find = rest, r.oneRun
	case "audit":
		id, find = rest, r.oneAudit
	}
	l, err := find(id)
	if err == nil && l == nil {
		err = noLog()
	}
	return r.sendJSON(l, err)
}

func noLog() *hutch.Error {
	return &hutch.Error{Code: hutch.NotFound, Field: "id", Message: "no such entry is kept", Hint: "entries are kept as `logs:` says, 7 days unless it says more, the audit for a year"}
}

func (r *request) oneLog(id string) (*logEntry, error) {
	for _, j := range []*data.Journal{r.srv.o.Logs, r.srv.o.Lines} {
		if j == nil {
			continue
		}
		if e, err := j.One(r.ctx, id); e != nil || err != nil {
			return readLog(e), err
		}
	}
	return nil, nil
}

// oneRun finds a run by its id and its time, as ofRun writes them.
func (r *request) oneRun(id string) (*logEntry, error) {
	id, at, _ := strings.Cut(id, ".")
	ended, ok := runTime(at)
	if !ok || r.srv.o.Runs == nil {
		return nil, nil
	}
	k, err := r.srv.o.Runs.One(r.ctx, id, ended, r.who.Kind == hutch.Operator)
	if err != nil {
		return nil, err
	}
	if k.Payload != nil {
		if err := r.noteRun(k); err != nil {
			return nil, err
		}
	}
	return ofRun(k), nil
}

func runTime(s string) (at time.Time, ok bool) {
	ms, err := strconv.ParseInt(s, 36, 64)
	return time.UnixMilli(ms), err == nil && ms > 0
}

func (r *request) oneAudit(id string) (*logEntry, error) {
	if auth.AuditTime(id).IsZero() {
		return nil, nil
	}
	rows, _, err := r.srv.o.Auth.Audit(r.ctx, auth.AuditQuery{After: id + "~", Limit: 1, Newest: true})
	if err != nil || len(rows) == 0 || rows[0].ID != id {
		return nil, err
	}
	return ofAudit(&rows[0]), nil
}
