package boot

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/internal/history"
)

// onlyNode is what the history calls the node of a store that is not shared.
const onlyNode = "server"

// openPast registers what rooms count, and what keeps it.
func (a *App) openPast() {
	count := func(name, help string, f func() float64) {
		a.metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, f))
	}
	calls := func() (all, failed float64) {
		for _, t := range a.Functions.Tallies() {
			all, failed = all+float64(t.Calls), failed+float64(t.Failures)
		}
		return all, failed
	}
	a.metrics.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "hutch_live_connections", Help: "Open websockets."}, func() float64 { return float64(a.sockets.Count()) }),
	)
	count("hutch_live_deliveries_total", "Frames of live queries that were written.", func() float64 { return float64(a.sockets.Delivered()) })
	count("hutch_live_slow_total", "Websockets closed as their clients read too slowly.", func() float64 { return float64(a.sockets.Slow()) })
	count("hutch_function_calls_total", "Runs of functions.", func() float64 { n, _ := calls(); return n })
	count("hutch_function_failures_total", "Runs that met a fault, a limit or a service that was away; not what was refused on purpose.", func() float64 { _, n := calls(); return n })
	node := onlyNode
	if a.shared {
		node = a.o.Host
	}
	a.past = history.New(history.Options{
		System: a.Data.System(history.Collection), Metrics: a.metrics, Sweep: a.Data.Lease("metrics sweep", history.SweepLease),
		Node: node, Shared: a.shared, Now: a.o.Now, Log: a.log,
		Size: func(ctx context.Context) (store, log int64, err error) {
			info, err := a.Data.Info(ctx)
			return info.Bytes, info.LogBytes, err
		},
	})
}

// remember runs the history once the data is there.
func (a *App) remember() {
	a.upkeep.Go(func() {
		a.past.Mark(a.base, history.Started, hutch.Version)
		a.past.Run(a.base)
	})
}

// told notes how a reload went; of what went wrong the first finding, in the log all of
// it, and its cause.
func (a *App) told(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		if a.past != nil {
			a.past.Mark(ctx, history.Reloaded, "")
		}
		return
	}
	text, cause := hutch.AsError(err).Message, err.Error()
	if c, ok := errors.AsType[*ConfigError](err); ok {
		text, cause = c.Error(), c.Error()
	}
	text, _, _ = strings.Cut(text, "\n")
	a.log.Error("not reloaded: the config of before is in use", slog.String("error", cause))
	if a.past == nil {
		return
	}
	next := *a.state.Load()
	next.failed = text
	a.state.Store(&next)
	a.past.Mark(ctx, history.ReloadFailed, text)
}
