package boot

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/internal/history"
	"github.com/hutch-dev/hutch/server"
)

const (
	lowDisk     = 2 << 30   // bytes that are free
	fullDisk    = 256 << 20 // of the same: the store refuses writes soon
	failingRuns = 3         // failures in a row
	recently    = time.Hour
	mostJobs    = 1000
	manyJobs    = 500
)

// state is what a reload leaves for the overview; never changed.
type state struct {
	warnings []hutch.Diagnostic
	restart  []string // keys that differ and are read at the start
	failed   string   // why the last reload did not take
}

// watch is the server's Watch.
type watch struct{ a *App }

func (w watch) Series(ctx context.Context, name, node string) (*history.Page, error) {
	return w.a.past.Series(ctx, name, node)
}

// Overview gathers what each room says of itself.
func (w watch) Overview(ctx context.Context) (*server.Overview, error) {
	a := w.a
	o := &server.Overview{Items: []server.Item{}, Nodes: a.nodeNames(), Started: a.started.UTC(), Version: hutch.Version}
	c := a.using()
	o.App = server.OverviewApp{Name: c.Name, URL: a.publicURL(), Collections: len(c.Collections), Functions: len(c.Functions)}
	o.App.Empty = o.App.Collections+o.App.Functions == 0
	a.overviewStore(ctx, o)
	if err := a.overviewJobs(ctx, o); err != nil {
		return nil, err
	}
	a.overviewDisk(o)
	a.overviewConfig(o)
	a.overviewRuns(o)
	slices.SortStableFunc(o.Items, func(x, y server.Item) int { return cmp.Compare(x.Severity, y.Severity) }) // error, warning
	o.Status = "ok"
	if len(o.Items) > 0 {
		o.Status = o.Items[0].Severity
	}
	return o, nil
}

func needs(o *server.Overview, severity, kind, link string, values ...string) {
	item := server.Item{ID: kind, Kind: kind, Severity: severity, Link: link, Values: map[string]string{}}
	for i := 0; i+1 < len(values); i += 2 {
		item.Values[values[i]] = values[i+1]
		item.ID += "|" + values[i+1]
	}
	o.Items = append(o.Items, item)
}

const (
	warning = "warning"
	failure = "error"

	serverLog = "/logs?kind=server&level=warn" // what the server says that went wrong
)

func (a *App) overviewStore(ctx context.Context, o *server.Overview) {
	o.Store = server.OverviewStore{Kind: cmp.Or(a.scheme, "embedded"), Live: string(a.live.Position())}
	info, err := a.Data.Info(ctx)
	if err == nil {
		err = a.sound()
	}
	o.Store.OK = err == nil
	o.Store.Head, o.Store.Bytes, o.Store.LogBytes = string(info.Head), info.Bytes, info.LogBytes
	if err != nil {
		needs(o, failure, "store", serverLog, "error", hutch.AsError(err).Message)
	}
}

func (a *App) overviewJobs(ctx context.Context, o *server.Overview) error {
	c, err := a.jobs.Count(ctx, mostJobs)
	if err != nil {
		return err
	}
	o.Jobs = server.OverviewJobs{Waiting: c.Living, Dead: c.Dead}
	if c.Dead > 0 {
		needs(o, warning, "jobsDead", "/overview?jobs=dead", "count", strconv.Itoa(c.Dead), "reason", firstLine(c.Reason))
	}
	if c.Living > manyJobs {
		needs(o, warning, "jobsWaiting", "/overview?jobs=waiting", "count", strconv.Itoa(c.Living))
	}
	return nil
}

func firstLine(s string) string {
	if len(s) > 200 {
		s = s[:200]
	}
	for i, c := range s {
		if c == '\n' {
			return s[:i]
		}
	}
	return s
}

func (a *App) overviewDisk(o *server.Overview) {
	var st unix.Statfs_t
	if unix.Statfs(a.o.DataDir, &st) != nil {
		return
	}
	size := st.Bsize
	o.Disk = &server.OverviewDisk{Free: int64(st.Bavail) * size, Total: int64(st.Blocks) * size}
	switch {
	case o.Disk.Free < fullDisk:
		needs(o, failure, "diskFull", "/data", "free", strconv.FormatInt(o.Disk.Free, 10))
	case o.Disk.Free < lowDisk:
		needs(o, warning, "diskLow", "/data", "free", strconv.FormatInt(o.Disk.Free, 10))
	}
}

// overviewConfig tells what the config leaves open.
func (a *App) overviewConfig(o *server.Overview) {
	s := a.state.Load()
	if s.failed != "" {
		needs(o, failure, "reloadFailed", "/settings", "error", s.failed)
	}
	for _, key := range s.restart {
		needs(o, warning, "restart", "/settings", "key", key)
	}
	for _, d := range s.warnings[:min(len(s.warnings), 20)] {
		needs(o, warning, "config", "/settings", "text", d.String())
	}
	if a.o.Dev {
		return
	}
	c := a.using()
	switch u, err := url.Parse(c.PublicURL.Reveal()); {
	case c.PublicURL == "":
		needs(o, warning, "publicUrlMissing", "/settings", "url", a.publicURL())
	case err == nil && u.Scheme == "http" && !loopbackName(u.Hostname()):
		needs(o, warning, "publicUrlPlain", "/settings", "url", u.String())
	}
	if c.Auth.Signup && c.Auth.Mail.SMTP == "" {
		needs(o, warning, "mailOff", "/settings")
	} else if c.Auth.Signup && !c.Auth.ConfirmEmail {
		needs(o, warning, "mailUnconfirmed", "/settings")
	}
}

func loopbackName(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// overviewRuns tells what goes wrong while the app runs.
func (a *App) overviewRuns(o *server.Overview) {
	now := a.o.Now()
	for name, err := range a.confined {
		needs(o, failure, "runtimeHalted", "/functions", "runtime", name, "error", firstLine(err.Error()))
	}
	tallies := a.Functions.Tallies()
	for _, f := range a.using().Functions {
		if t := tallies[f.Name]; t.InARow >= failingRuns && now.Sub(t.FailedAt) < recently {
			needs(o, failure, "functionFailing", "/functions?fn="+url.QueryEscape(f.Name), "function", f.Name, "count", strconv.FormatInt(t.InARow, 10))
		}
	}
	for _, r := range a.Data.Refusals() {
		link, count := "/data?in="+url.QueryEscape(r.Collection), strconv.FormatInt(r.Count, 10)
		switch {
		case r.Advice != "":
			needs(o, warning, "indexMissing", link, "collection", r.Collection, "advice", r.Advice, "count", count)
		case now.Sub(r.At) < recently: // nothing that is done in the config ends it
			needs(o, warning, "queryRefused", link, "collection", r.Collection, "count", count)
		}
	}
	if n, at := a.sockets.Slow(), a.sockets.SlowAt(); n > 0 && now.Sub(at) < recently {
		needs(o, warning, "liveSlow", "/live", "count", strconv.FormatUint(n, 10))
	}
}

// using is the config in use.
func (a *App) using() *config.Config {
	if c := a.inUse.Load(); c != nil {
		return c
	}
	return a.o.Config
}

// nodeNames are the nodes that serve the app, this one first.
func (a *App) nodeNames() []string {
	if a.nodes == nil {
		return []string{onlyNode}
	}
	return a.nodes.hosts()
}
