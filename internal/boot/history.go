package boot

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/server"
)

const (
	maxReloads  = 50  // that are remembered
	maxFindings = 100 // of each
)

// configHistory is what the dashboard shows of configs on this node.
type configHistory struct {
	mu       sync.Mutex // guards all
	config   *config.Config
	findings []server.ConfigFinding
	reloads  []server.ConfigReload // the newest first
}

// use remembers the config that is in use from now on, and what compiling it found.
func (h *configHistory) use(c *config.Config, ds []hutch.Diagnostic) {
	found := findings(slices.Concat(c.Warnings(), ds))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.config, h.findings = c, found
}

// note remembers a reload and how it ended.
func (h *configHistory) note(at time.Time, ds []hutch.Diagnostic, err error) {
	r := server.ConfigReload{At: at.UTC(), OK: err == nil, Findings: findings(ds)}
	if err != nil {
		r.Message = hutch.AsError(err).Message
		if _, told := errors.AsType[*ConfigError](err); told {
			r.Message = "the config has errors; the one of before is in use"
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reloads = slices.Insert(h.reloads, 0, r)
	h.reloads = h.reloads[:min(len(h.reloads), maxReloads)]
}

// NotReloaded tells that a changed config could not be read.
func (a *App) NotReloaded(ds []hutch.Diagnostic) {
	a.history.note(a.o.Now(), ds, &ConfigError{ds})
	a.told(a.base, &ConfigError{ds})
}

// view is what is remembered, with the values of the config in use.
func (h *configHistory) view() *server.ConfigView {
	h.mu.Lock()
	defer h.mu.Unlock()
	v := &server.ConfigView{Values: []server.ConfigValue{}, Findings: slices.Clone(h.findings), Reloads: slices.Clone(h.reloads)}
	if v.Reloads == nil {
		v.Reloads = []server.ConfigReload{}
	}
	for _, e := range h.config.Effective() {
		v.Values = append(v.Values, server.ConfigValue{
			Path: e.Path, Value: e.Text, Hidden: e.Hidden, Source: string(e.Source), File: e.Pos.File, Line: e.Pos.Line, Names: e.Names,
		})
	}
	return v
}

// findings are diagnostics as the dashboard shows them; they hold no value of the
// environment.
func findings(ds []hutch.Diagnostic) []server.ConfigFinding {
	out := []server.ConfigFinding{}
	for _, d := range ds[:min(len(ds), maxFindings)] {
		out = append(out, server.ConfigFinding{
			File: d.Pos.File, Line: d.Pos.Line, Column: d.Pos.Column, Severity: d.Severity.String(), Code: d.Code, Message: d.Message, Hint: d.Hint,
		})
	}
	return out
}
