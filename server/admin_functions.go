package server

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

// Runs are what functions did: *functions.Runs.
type Runs interface {
	List(ctx context.Context, q functions.RunQuery) (*functions.RunPage, error)
	One(ctx context.Context, id string, at time.Time, full bool) (*functions.Run, error)
	Follow(ctx context.Context, cursor string, limit int, q functions.RunQuery) (runs []*functions.Run, next string, err error)
	Counts(ctx context.Context) (map[string]functions.Counts, error)
	Changed() <-chan struct{}
	Size(ctx context.Context) (data.JournalSize, error)
}

// DeclaredFunction is what the config says of a function besides App.Functions.
type DeclaredFunction struct {
	Name    string
	Auth    string    // the rule
	Handler string    // the file
	Pos     hutch.Pos // in the config
	Sources []SourceFile
}

const (
	runsDefault = 50
	runsMost    = 500
)

// functionsRoutes are the Functions page's:
//
//	GET  /admin/v1/functions          {"functions":[{..,"counts":{"hour":{"ok","failed","p50","p99"},"day":{..}},"lastError":{..}}],"next":""}
//	GET  /admin/v1/functions/{name}   the same of one, with "input" (its JSON Schema) and "sources":[{"file","text"}], the handler first
//	POST /admin/v1/functions/{name}/invoke {"data",..}: see invokeIn; 200 whatever came of it
//	GET  /admin/v1/runs?function=&outcome=ok|failed|..&user=&requestId=&q=&since=&until=&after=&limit=
//	GET  /admin/v1/runs/{id}?at=      at, where it is known, spares a search; operators get what a failed run got and gave
func functionsRoutes() []*Route {
	get, none := http.MethodGet, []string{}
	const at, runs = "/admin/v1/functions", "/admin/v1/runs"
	return []*Route{
		{Method: get, Path: at, About: "the functions, and how they fare", Query: none, Out: functionList{}, handle: listFunctions},
		{Method: get, Path: at + "/{name}", About: "a function with its source", Query: none, Out: functionShown{}, handle: showFunction},
		{Method: http.MethodPost, Path: at + "/{name}/invoke", About: "call a function, as any user", Query: none, In: invokeIn{}, Out: invoked{}, handle: invoke, limit: callLimit},
		{
			Method: get, Path: runs, About: "runs of functions, the newest first", Scope: hutch.ScopeOps, Out: runList{}, handle: listRuns,
			Query: []string{"function", "outcome", "user", "requestId", "q", "since", "until", "after", "limit"},
		},
		{Method: get, Path: runs + "/{id}", About: "a run", Scope: hutch.ScopeOps, Query: []string{"at"}, Out: functions.Run{}, handle: showRun},
	}
}

type functionList struct {
	Functions []functionRow `json:"functions"`
	Next      string        `json:"next"`
}

type functionRow struct {
	Name        string           `json:"name"`
	Trigger     triggerOut       `json:"trigger"`
	Auth        string           `json:"auth"`
	File        string           `json:"file"`
	DeclaredIn  string           `json:"declaredIn"`
	Line        int              `json:"line"`
	Column      int              `json:"column"`
	Timeout     int64            `json:"timeoutMs"`
	Admin       bool             `json:"admin"`
	KeyRequired bool             `json:"keyRequired"`
	HasInput    bool             `json:"hasInput"`
	Counts      functions.Counts `json:"counts"`
	LastError   *functions.Run   `json:"lastError,omitempty"`
}

type triggerOut struct {
	Kind       string   `json:"kind"`
	Method     string   `json:"method,omitempty"`
	Path       string   `json:"path,omitempty"`
	Collection string   `json:"collection,omitempty"`
	Ops        []string `json:"ops,omitempty"`
	Event      string   `json:"event,omitempty"`
}

type functionShown struct {
	functionRow
	Input   json.RawMessage `json:"input"`
	Params  []paramOut      `json:"params"`
	Sources []SourceFile    `json:"sources"`
}

type paramOut struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Optional bool   `json:"optional"`
}

// SourceFile is a file that a function was made of.
type SourceFile struct {
	File string `json:"file"`
	Text string `json:"text"`
}

type runList struct {
	Runs    []*functions.Run `json:"runs"`
	Next    string           `json:"next"`
	Partial bool             `json:"partial"`
	Dropped int64            `json:"dropped"`
	Skipped int64            `json:"skipped" doc:"runs for which their second had no room, as far as function and outcome tell; 0 with other filters"`
}

// row is a function as it is shown.
func (p *parts) functionRow(f *functions.Function) functionRow {
	row := functionRow{
		Name: f.Name, Timeout: f.Timeout.Milliseconds(), Admin: f.Admin, KeyRequired: f.KeyRequired, HasInput: f.Input != nil,
		Trigger: triggerOut{Kind: string(f.Trigger.Kind), Method: f.Trigger.Method, Path: f.Trigger.Path, Collection: f.Trigger.Collection, Event: f.Trigger.Event},
	}
	for _, op := range f.Trigger.Ops {
		row.Trigger.Ops = append(row.Trigger.Ops, string(op))
	}
	if info, ok := f.Trigger.Kind.Info(); ok && row.Timeout == 0 {
		row.Timeout = info.Timeout.Milliseconds()
	}
	for i := range p.code {
		if d := &p.code[i]; d.Name == f.Name {
			row.Auth, row.File, row.DeclaredIn, row.Line, row.Column = d.Auth, d.Handler, d.Pos.File, d.Pos.Line, d.Pos.Column
		}
	}
	return row
}

func (p *parts) function(name string) *functions.Function {
	i := slices.IndexFunc(p.fns, func(f functions.Function) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &p.fns[i]
}

func listFunctions(r *request) error {
	out := functionList{Functions: []functionRow{}}
	counts, failures, err := r.functionsFare("")
	if err != nil {
		return err
	}
	for i := range r.parts.fns {
		row := r.parts.functionRow(&r.parts.fns[i])
		row.Counts, row.LastError = counts[row.Name], failures[row.Name]
		out.Functions = append(out.Functions, row)
	}
	slices.SortFunc(out.Functions, func(a, b functionRow) int { return strings.Compare(a.Name, b.Name) })
	return r.sendJSON(out, nil)
}

// functionsFare gives, by function, the counts and the last run of the day that
// failed, where one did; of one function, or of all. The runs are read once.
func (r *request) functionsFare(only string) (counts map[string]functions.Counts, failures map[string]*functions.Run, err error) {
	if r.srv.o.Runs == nil {
		return nil, nil, nil
	}
	leave, err := r.enterSearch()
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	if counts, err = r.srv.o.Runs.Counts(r.ctx); err != nil {
		return nil, nil, err
	}
	failed := map[string]bool{}
	for i := range r.parts.fns {
		if name := r.parts.fns[i].Name; counts[name].Day.Failed > 0 && (only == "" || name == only) {
			failed[name] = true
		}
	}
	failures = map[string]*functions.Run{}
	if len(failed) == 0 {
		return counts, failures, nil
	}
	_, err = r.srv.o.Runs.List(r.ctx, functions.RunQuery{
		Function: only, Outcome: "failed", Since: r.srv.now().Add(-24 * time.Hour), Limit: len(failed),
		Match: func(k *functions.Run) bool {
			if !failed[k.Function] || failures[k.Function] != nil {
				return false
			}
			last := *k
			last.Console = nil
			failures[k.Function] = &last
			return true
		},
	})
	return counts, failures, err
}

func showFunction(r *request) error {
	f := r.parts.function(r.params[0])
	if f == nil {
		return noFunction()
	}
	counts, failures, err := r.functionsFare(f.Name)
	if err != nil {
		return err
	}
	out := functionShown{functionRow: r.parts.functionRow(f), Input: json.RawMessage("null"), Params: []paramOut{}}
	out.Counts, out.LastError = counts[f.Name], failures[f.Name]
	if f.Input != nil {
		out.Input = f.Input.JSON()
	}
	for _, q := range f.Query {
		out.Params = append(out.Params, paramOut{q.Name, string(q.Type), q.Optional})
	}
	out.Sources = []SourceFile{}
	for i := range r.parts.code {
		if d := &r.parts.code[i]; d.Name == f.Name && d.Sources != nil {
			out.Sources = d.Sources
		}
	}
	return r.sendJSON(out, nil)
}

func noFunction() *hutch.Error {
	return &hutch.Error{Code: hutch.NotFound, Field: "name", Message: "no such function"}
}

func noRuns() *hutch.Error {
	return &hutch.Error{Code: hutch.Unimplemented, Message: "this server keeps no runs"}
}

func listRuns(r *request) error {
	if r.srv.o.Runs == nil {
		return noRuns()
	}
	q := functions.RunQuery{
		Function: r.param("function"), Outcome: r.param("outcome"), User: r.param("user"), RequestID: r.param("requestId"),
		Text: r.param("q"), After: r.param("after"),
	}
	for name, v := range map[string]string{"function": q.Function, "outcome": q.Outcome, "user": q.User, "requestId": q.RequestID, "q": q.Text} {
		if len(v) > maxSearch {
			return badBody(name, name+" is too long")
		}
	}
	var err error
	if q.Since, err = r.timeParam("since"); err != nil {
		return err
	}
	if q.Until, err = r.timeParam("until"); err != nil {
		return err
	}
	if q.Limit, err = r.limitParam(runsDefault, runsMost); err != nil {
		return err
	}
	leave, err := r.enterSearch()
	if err != nil {
		return err
	}
	defer leave()
	p, err := r.srv.o.Runs.List(r.ctx, q)
	if err != nil {
		return err
	}
	return r.sendJSON(runList{p.Runs, p.Next, p.Partial, p.Dropped, p.Skipped}, nil)
}

func showRun(r *request) error {
	if r.srv.o.Runs == nil {
		return noRuns()
	}
	at, err := r.timeParam("at")
	if err != nil {
		return err
	}
	if at.IsZero() {
		leave, err := r.enterSearch()
		if err != nil {
			return err
		}
		defer leave()
	}
	k, err := r.srv.o.Runs.One(r.ctx, r.params[0], at, r.who.Kind == hutch.Operator)
	if err == nil && k.Payload != nil {
		err = r.noteRun(k)
	}
	return r.sendJSON(k, err)
}
