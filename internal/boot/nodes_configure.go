package boot

import (
	"context"
	"log/slog"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// beats keeps this node among the living, has indexes dropped as soon as all of
// them agree, and makes its own anew where another may have dropped them.
func (a *App) beats(ctx context.Context) {
	every := a.o.Heartbeat
	if every == 0 {
		every = nodeBeat
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	done := make(chan time.Duration, 1) // nothing is being configured: how long to pause after a failure
	done <- firstPause
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := a.nodes.beat(ctx); err != nil {
			if ctx.Err() == nil {
				a.log.Warn("this node is not heard by the others", slog.Any("error", err))
			}
			continue
		}
		if !a.nodes.due() || !a.isReady() {
			continue
		}
		select {
		case pause := <-done:
			a.upkeep.Go(func() { done <- a.anew(ctx, pause) })
		default:
		}
	}
}

// anew configures the store for the release in use, and gives the next pause.
func (a *App) anew(ctx context.Context, pause time.Duration) time.Duration {
	a.reload.Lock()
	var err error
	if a.nodes.due() { // a reload may have been in between
		err = a.configure(ctx, a.release)
	}
	a.reload.Unlock()
	if err == nil || ctx.Err() != nil {
		return firstPause
	}
	a.log.Warn("configuring the store anew", slog.Any("error", err))
	select {
	case <-ctx.Done():
	case <-time.After(pause):
	}
	return min(2*pause, longestPause)
}

// configure switches the data to a release. Indexes that it does not name go when
// all live nodes agree: nodes configure one at a time, each announced first, so
// that none drops what another has just built.
func (a *App) configure(ctx context.Context, r *release) error {
	app := data.App{
		Version: r.version, Collections: append(systemCollections(), r.collections...), Guard: r.rules, Hooks: r.code,
	}
	if a.nodes == nil {
		app.Prune = true
		return a.Data.Use(ctx, app)
	}
	return a.alone(ctx, "configure", func(ctx context.Context, lease *data.Lease) error {
		if err := a.nodes.announce(ctx, r, a.publicURL()); err != nil {
			a.withdraw(ctx, r)
			return err
		}
		a.nodes.setAmiss(false)
		if err := a.Data.Use(ctx, app); err != nil {
			a.nodes.setAmiss(true)
			a.withdraw(ctx, r)
			return err
		}
		if err := a.prune(ctx, lease, app); err != nil && hutch.CodeOf(err) != hutch.Cancelled {
			a.log.Warn("indexes that nobody names stay for now", slog.Any("error", err))
		}
		return nil
	})
}

// withdraw announces what is still in use instead of r, so that the others keep it.
func (a *App) withdraw(ctx context.Context, r *release) {
	if a.release == r {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	if err := a.nodes.announce(ctx, a.release, a.publicURL()); err != nil {
		a.log.Warn("the other nodes hear later that this one keeps its config", slog.Any("error", err))
	}
}

// prune has the indexes dropped that nobody names, if all agree now: a build may
// have taken long. app is in use whatever comes of it, and a heartbeat tries again.
func (a *App) prune(ctx context.Context, lease *data.Lease, app data.App) error {
	a.nodes.dropping(true)
	if err := a.nodes.beat(ctx); err != nil {
		a.nodes.dropping(false)
		return err
	}
	if !a.nodes.agreed() {
		a.nodes.dropping(false)
		return nil
	}
	if ok, err := lease.Renew(ctx); err != nil || !ok {
		a.nodes.dropping(false)
		a.nodes.setAmiss(true) // who has the lease may have taken this node for dead
		if err == nil {
			err = leaseLost("configure")
		}
		return err
	}
	app.Prune = true
	a.nodes.setPruned(true) // before, as a heartbeat may see one that differs
	err := a.Data.Use(ctx, app)
	a.nodes.dropped()
	if err != nil {
		a.nodes.setPruned(false)
		a.nodes.setAmiss(true)
		return err
	}
	return a.nodes.beat(ctx)
}
