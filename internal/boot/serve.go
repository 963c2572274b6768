package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/internal/child"
	"github.com/hutch-dev/hutch/server"
)

// ConfigError is a config that does not work: what Check finds.
type ConfigError struct{ Diagnostics []hutch.Diagnostic }

func (e *ConfigError) Error() string {
	for _, d := range e.Diagnostics {
		if d.Severity == hutch.SeverityError {
			return d.String()
		}
	}
	return "the config does not work"
}

const runsPerChild = 4 // of the js runtime

// openServer makes functions and server and compiles the first release.
func (a *App) openServer(ctx context.Context) error {
	if err := a.outside(a.o.Config); err != nil {
		return err
	}
	if err := a.deskApart(); err != nil {
		return err
	}
	r, ds := compile(ctx, &a.o, a.o.Config)
	if r == nil {
		return &ConfigError{ds}
	}
	for _, d := range ds { // warnings
		a.log.Warn("the config", slog.String("warning", d.String()))
	}
	a.history.use(a.o.Config, ds)
	var err error
	for _, rt := range a.o.Runtimes {
		if err := a.openRuntime(rt); err != nil {
			return fmt.Errorf("starting the runtime %s: %w", rt.Name, err)
		}
	}
	a.Functions = functions.New(functions.Options{
		Data: a.Data, Runs: a.runs, Users: users{a}, Mail: mails{a}, Runtimes: a.runtimes, Slots: runsPerChild * runtime.GOMAXPROCS(0), Request: a.o.Config.Limits.Request,
		Now: a.o.Now, Entropy: a.o.Entropy, Log: slog.New(quiet{a.log.Handler(), &a.seeding}),
	})
	if r.code, err = a.Functions.Load(ctx, r.functions, r.judge); err != nil {
		return err
	}
	a.Functions.Use(r.code)
	a.release = r
	if a.shared {
		if a.o.Config.PublicURL == "" {
			a.log.Warn("publicUrl is not set: what one node issues, others on this store do not take", slog.String("issuer", a.publicURL()))
		}
		a.nodes = newNodes(a.Data.System(nodesCollection), a.o.Host, a.o.Now)
	}
	if err := a.openLive(ctx); err != nil {
		return fmt.Errorf("starting live queries: %w", err)
	}
	a.state.Store(&state{warnings: ds})
	a.openPast()
	c := a.o.Config
	a.Server, err = server.New(server.Options{
		Data: a.Data, Auth: a.Auth, DataPage: dataPage{a.Data, a}, RulesPage: dataPage{a.Data, a}, Sockets: a.sockets, Live: a.sockets, Nodes: a.nodesThere, Parts: a.parts(r), Desk: a.desk(),
		Limits:    server.Limits{Body: c.Limits.Body, Request: c.Limits.Request},
		PublicURL: a.publicURL(), Proxies: c.Proxies, Dev: a.o.Dev, Exposed: a.o.Exposed,
		Settings: settings{a}, Logs: a.logs, Lines: a.lines, Runs: a.runs, Jobs: a.jobs,
		Ready: a.readiness, Sound: a.sound, Details: a.details, Metrics: a.metrics, Watch: watch{a}, Log: a.log, Now: a.o.Now,
	})
	return err
}

// outside refuses pages that hold the data folder.
func (a *App) outside(c *config.Config) error {
	for _, dir := range append([]string{c.Web}, c.Shared...) {
		if dir == "" {
			continue
		}
		full := filepath.Join(a.o.Dir, filepath.FromSlash(dir))
		if below(full, a.o.DataDir) || below(a.o.DataDir, full) {
			return &ConfigError{[]hutch.Diagnostic{{
				Pos: c.Pos("web"), Code: codePages, Message: fmt.Sprintf("%q and the data folder lie in each other: data would be served", dir),
			}}}
		}
	}
	return nil
}

// below reports whether path is dir or lies in it, through symbolic links, too.
func below(dir, path string) bool {
	resolve := func(p string) string {
		if r, err := filepath.EvalSymlinks(p); err == nil {
			return r
		}
		return filepath.Clean(p)
	}
	rel, err := filepath.Rel(resolve(dir), resolve(path))
	return err == nil && filepath.IsLocal(rel)
}

func (a *App) openRuntime(rt Runtime) error {
	o := RuntimeOptions{Isolation: child.Auto, Exe: a.o.Exe, Log: a.log}
	if a.o.Config.Isolation == "off" {
		o.Isolation = child.Off
		a.log.Warn("functions are not confined: isolation is off", slog.String("runtime", rt.Name))
	}
	opened, err := rt.Open(o)
	if errors.Is(err, child.ErrIsolation) {
		if a.o.Dev {
			a.log.Warn("functions are not confined; `serve` would not run them", slog.Any("error", err))
			o.Isolation = child.Off
			opened, err = rt.Open(o)
		} else {
			a.log.Error("functions do not run: they cannot be confined", slog.Any("error", err),
				slog.String("hint", "isolation: off runs them all the same"))
			a.confined[rt.Name] = err
			opened, err = &halted{err}, nil
		}
	}
	if err != nil {
		return err
	}
	a.runtimes[rt.Name] = opened
	return nil
}

// parts are what the server shows of a release.
func (a *App) parts(r *release) server.Parts {
	p := server.Parts{
		Functions: a.Functions, CORS: r.config.Origins, Declared: r.declared(), Rules: r.texts, Code: r.declaredCode(a.o.FS),
		App: server.App{Name: r.config.Name, Collections: r.collections, Functions: r.functions},
	}
	if r.config.Web != "" {
		p.Web = &server.Web{Dir: filepath.Join(a.o.Dir, filepath.FromSlash(r.config.Web)), Built: r.pages}
	}
	return p
}

// details are /readyz?verbose.
func (a *App) details(ctx context.Context) map[string]any {
	d := map[string]any{"app": a.o.Config.Name}
	if info, err := a.Data.Info(ctx); err == nil {
		d["store"] = map[string]any{"head": info.Head, "oldest": info.Oldest, "bytes": info.Bytes, "logBytes": info.LogBytes}
	}
	if a.nodes != nil {
		a.nodes.details(d)
	}
	for name, rt := range a.runtimes {
		s := rt.Stats()
		m := map[string]any{"processes": s.Processes, "busy": s.Busy, "kills": s.Kills, "isolation": s.Isolation, "confined": s.Confined}
		if err := a.confined[name]; err != nil {
			m["halted"] = err.Error()
		}
		d["runtime "+name] = m
	}
	return d
}

// Serve answers on ln until ctx ends, and brings indexes and seeds in; it fails
// when these do.
func (a *App) Serve(ctx context.Context, ln net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	served := make(chan error, 1)
	go func() { served <- a.Server.Serve(ctx, ln) }()
	if a.o.Desk != nil {
		a.upkeep.Go(func() {
			if err := a.Server.ServeDesk(a.o.Desk); err != nil {
				a.log.Error("the dashboard is gone", slog.Any("error", err))
			}
		})
	}
	err := a.begin(ctx)
	if err != nil {
		stop()
	}
	return errors.Join(err, <-served)
}

func (a *App) begin(ctx context.Context) error {
	a.reload.Lock()
	defer a.reload.Unlock()
	if a.nodes != nil {
		a.upkeep.Go(func() { a.beats(a.base) })
	}
	err := a.patient(ctx, "bringing indexes and seeds in", func() error { return a.use(ctx, a.release) })
	if err != nil {
		if ctx.Err() != nil {
			return nil // asked to end while starting
		}
		return err
	}
	for a.sound() != nil { // the feed's first word, within a second
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(10 * time.Millisecond):
		}
	}
	close(a.ready)
	a.remember()
	return nil
}

// use switches the data to a release, with what it seeds.
func (a *App) use(ctx context.Context, r *release) error {
	if err := a.configure(ctx, r); err != nil {
		return fmt.Errorf("configuring the store: %w", err)
	}
	return a.sowing(ctx, r)
}
