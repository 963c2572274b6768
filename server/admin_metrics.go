package server

import (
	"context"
	"net/http"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/internal/history"
)

// Watch is what the server's own past and state are read from.
type Watch interface {
	Series(ctx context.Context, name, node string) (*history.Page, error)
	Overview(ctx context.Context) (*Overview, error)
}

// Overview says whether all is well, and what needs an operator.
type Overview struct {
	Status  string        `json:"status" enum:"ok,warning,error"`
	Items   []Item        `json:"items"`
	App     OverviewApp   `json:"app"`
	Store   OverviewStore `json:"store"`
	Jobs    OverviewJobs  `json:"jobs"`
	Disk    *OverviewDisk `json:"disk,omitempty"`
	Nodes   []string      `json:"nodes" doc:"those that serve the app, this one first"`
	Started time.Time     `json:"startedAt"`
	Version string        `json:"version"`
}

// Item is something that needs an operator. Kind names the text; values stand in it.
type Item struct {
	ID       string            `json:"id"`
	Kind     string            `json:"kind"`
	Severity string            `json:"severity" enum:"warning,error"`
	Values   map[string]string `json:"values"`
	Link     string            `json:"link" doc:"a path of the dashboard; empty: none"`
}

// OverviewApp is the app in numbers.
type OverviewApp struct {
	Name        string `json:"name"`
	URL         string `json:"url"`
	Collections int    `json:"collections"`
	Functions   int    `json:"functions"`
	Empty       bool   `json:"empty" doc:"there are neither collections nor functions yet"`
}

// OverviewStore is the store in numbers.
type OverviewStore struct {
	Kind     string `json:"kind"`
	OK       bool   `json:"ok"`
	Head     string `json:"head" doc:"the position of the last commit"`
	Live     string `json:"live" doc:"that live queries have reached"`
	Bytes    int64  `json:"bytes"`
	LogBytes int64  `json:"logBytes"`
}

// OverviewJobs counts jobs, up to 1,000.
type OverviewJobs struct {
	Waiting int `json:"waiting"`
	Dead    int `json:"dead"`
}

// OverviewDisk is where the data folder is.
type OverviewDisk struct {
	Free  int64 `json:"free"`
	Total int64 `json:"total"`
}

func adminMetricsRoutes() []*Route {
	return []*Route{
		{
			Method: http.MethodGet, Path: "/admin/v1/metrics", About: "what was measured, over time", Scope: hutch.ScopeOps,
			Query: []string{"range", "node"}, Out: history.Page{}, handle: pastMetrics,
		},
		{
			Method: http.MethodGet, Path: "/admin/v1/overview", About: "is it healthy, and what needs an operator", Scope: hutch.ScopeOps,
			Query: []string{}, Out: Overview{}, handle: overview,
		},
	}
}

// watch is unavailable where nothing watches.
func (r *request) watch() (Watch, error) {
	if r.srv.o.Watch == nil {
		return nil, hutch.Errorf(hutch.Unavailable, "nothing is measured here")
	}
	return r.srv.o.Watch, nil
}

func pastMetrics(r *request) error {
	w, err := r.watch()
	if err != nil {
		return err
	}
	name := r.param("range")
	if name == "" {
		name = history.Ranges()[0].Name
	}
	out, err := w.Series(r.ctx, name, r.param("node"))
	return r.sendJSON(out, err)
}

func overview(r *request) error {
	w, err := r.watch()
	if err != nil {
		return err
	}
	out, err := w.Overview(r.ctx)
	return r.sendJSON(out, err)
}
