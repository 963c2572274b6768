package server

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data/jobs"
)

// Jobs are the durable jobs of all nodes: *jobs.Pool.
type Jobs interface {
	List(ctx context.Context, f jobs.Filter) ([]jobs.Entry, error)
	// Letter is a dead letter; not_found.
	Letter(ctx context.Context, id string) (*jobs.Entry, error)
	Redrive(ctx context.Context, ids ...string) (int, error)
	// Discard deletes dead letters, and nothing that may still run.
	Discard(ctx context.Context, ids ...string) (int, error)
}

const (
	jobsDefault = 50
	jobsMost    = 500
)

// jobsRoutes show jobs and what was given up, for operators alone: reasons may
// hold addresses. What a job carries is not shown.
//
//	GET    /admin/v1/jobs?state=dead|waiting&kind=&after=&limit=   {"jobs":[..],"next":""}; dead, the default: the newest
//	  first, kept 30 days; waiting: those too that run, by what is due first
//	POST   /admin/v1/jobs/{id}/retry   a dead one waits again, with all its tries
//	DELETE /admin/v1/jobs/{id}         a dead one goes
func jobsRoutes() []*Route {
	const at = "/admin/v1/jobs"
	none := []string{}
	return []*Route{
		{Method: http.MethodGet, Path: at, About: "durable jobs: those that were given up, or those that wait", Query: []string{"state", "kind", "after", "limit"}, Out: jobList{}, handle: listJobs},
		{Method: http.MethodPost, Path: at + "/{id}/retry", About: "let a job that was given up try again", Query: none, In: nothingIn{}, Bare: true, handle: retryJob},
		{Method: http.MethodDelete, Path: at + "/{id}", About: "delete a job that was given up", Query: none, handle: discardJob},
	}
}

type jobList struct {
	Jobs []jobRow `json:"jobs"`
	Next string   `json:"next"`
}

type jobRow struct {
	ID     string    `json:"id"`
	Kind   string    `json:"kind"`
	State  string    `json:"state" enum:"waiting,running,dead"`
	At     time.Time `json:"at" doc:"when it died; of others when it is due, or its node must have renewed its lease"`
	Tries  int       `json:"tries"`
	Reason string    `json:"reason" doc:"why it died, or why the last try failed"`
}

func (r *request) jobs() (Jobs, error) {
	if r.srv.o.Jobs == nil {
		return nil, hutch.Errorf(hutch.Unimplemented, "this server has no jobs")
	}
	return r.srv.o.Jobs, nil
}

func listJobs(r *request) error {
	js, err := r.jobs()
	if err != nil {
		return err
	}
	f := jobs.Filter{Kind: r.param("kind")}
	switch cmp.Or(r.param("state"), "dead") {
	case "dead":
		f.Dead = true
	case "waiting":
	default:
		return badBody("state", "state is dead or waiting")
	}
	if len(f.Kind) > maxSearch {
		return badBody("kind", "kind is longer than "+strconv.Itoa(maxSearch)+" bytes")
	}
	limit, err := r.limitParam(jobsDefault, jobsMost)
	if err != nil {
		return err
	}
	if s := r.param("after"); s != "" {
		if f.After = readJobCursor(s); f.After == nil {
			return badBody("after", "after is a cursor of an earlier page")
		}
	}
	f.Limit = limit + 1 // the one more tells whether there is one
	found, err := js.List(r.ctx, f)
	if err != nil {
		return err
	}
	out := jobList{Jobs: []jobRow{}}
	if len(found) > limit {
		found = found[:limit]
		last := found[limit-1]
		out.Next = strconv.FormatInt(last.At.UnixMilli(), 36) + "." + last.ID
	}
	for i := range found {
		out.Jobs = append(out.Jobs, jobShown(&found[i]))
	}
	return r.sendJSON(out, nil)
}

func jobShown(e *jobs.Entry) jobRow {
	row := jobRow{ID: e.ID, Kind: e.Kind, State: "waiting", At: e.At.UTC(), Tries: e.Tries, Reason: e.Reason}
	switch {
	case e.Dead:
		row.State = "dead"
	case e.Running:
		row.State = "running"
	}
	return row
}

// readJobCursor is the last job of a page; nil: it is none.
func readJobCursor(s string) *jobs.Entry {
	at, id, ok := strings.Cut(s, ".")
	ms, err := strconv.ParseInt(at, 36, 64)
	if !ok || err != nil || id == "" || len(s) > maxCursor {
		return nil
	}
	return &jobs.Entry{ID: id, At: time.UnixMilli(ms)}
}

func retryJob(r *request) error { return r.onLetter("job.retry", Jobs.Redrive) }

func discardJob(r *request) error { return r.onLetter("job.delete", Jobs.Discard) }

// onLetter does something to a dead letter, told before it is done.
func (r *request) onLetter(what string, do func(Jobs, context.Context, ...string) (int, error)) error {
	js, err := r.jobs()
	if err != nil {
		return err
	}
	e, err := js.Letter(r.ctx, r.params[0])
	if err != nil {
		return err
	}
	if err := r.note(what, e.ID, map[string]any{"kind": e.Kind}); err != nil {
		return err
	}
	n, err := do(js, r.ctx, e.ID)
	if err == nil && n == 0 { // another was faster
		err = hutch.Errorf(hutch.NotFound, "there is no such dead letter")
	}
	return r.done(err)
}
