package boot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// What a store that many nodes share asks for.

const (
	feedSilence   = 3 * time.Second // the feed speaks each second
	firstPause    = 250 * time.Millisecond
	longestPause  = 10 * time.Second
	configureLife = time.Minute
)

// patient runs f until the shared store answers: a node may start before its
// database. The embedded store is asked once, and so is one that a command needs.
func (a *App) patient(ctx context.Context, what string, f func() error) error {
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := f()
		switch hutch.CodeOf(err) {
		case hutch.Unavailable, hutch.DeadlineExceeded:
		default:
			return err
		}
		if !a.waits || ctx.Err() != nil {
			return err
		}
		a.log.Warn("the database does not answer; trying again", slog.String("while", what),
			slog.Duration("in", pause), slog.Any("error", err))
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

// readiness is /readyz: nil, or why not yet.
func (a *App) readiness() error {
	if !a.isReady() {
		return hutch.Errorf(hutch.Unavailable, "starting: indexes and seeds are not in yet")
	}
	return nil
}

func (a *App) isReady() bool {
	select {
	case <-a.ready:
		return true
	default:
		return false
	}
}

// sound is /readyz besides readiness: nil, or why this node should get no
// requests for now. Those that come are answered as far as the store does.
func (a *App) sound() error {
	if a.nodes == nil {
		return nil
	}
	if quiet := a.o.Now().Sub(a.Data.Feed().Heard()); quiet > feedSilence {
		return hutch.Errorf(hutch.Unavailable, "the store (%s) does not answer", a.scheme)
	}
	return nil
}

var errLeaseLost = errors.New("another node took over, as this one was silent for too long")

func leaseLost(name string) error {
	return hutch.Errorf(hutch.Unavailable, "%s: %w", name, errLeaseLost)
}

// alone runs f while no other node is in one of that name.
func (a *App) alone(ctx context.Context, name string, f func(context.Context, *data.Lease) error) error {
	lease := a.Data.Lease(name, configureLife)
	for {
		ok, err := lease.Acquire(ctx)
		if err != nil {
			return fmt.Errorf("taking the lease %s: %w", name, err)
		}
		if ok {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(firstPause):
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		a.renew(ctx, lease, cancel)
	}()
	err := f(ctx, lease)
	if cause := context.Cause(ctx); err != nil && errors.Is(cause, errLeaseLost) {
		err = leaseLost(name)
	}
	cancel(nil)
	<-renewed
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer stop()
	if e := lease.Release(end); e != nil {
		a.log.Warn("a lease ends by itself", slog.String("lease", name), slog.Any("error", e))
	}
	return err
}

// renew prolongs the lease until ctx ends, and ends it when the lease is lost.
func (a *App) renew(ctx context.Context, lease *data.Lease, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(configureLife / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		trial, stop := context.WithTimeout(ctx, configureLife/4)
		ok, err := lease.Renew(trial)
		stop()
		// after an error it is held until its end: then another may have it
		if err == nil && !ok || lease.Fence() == 0 {
			cancel(errLeaseLost)
			return
		}
	}
}

// sowing brings seeds in, on one node at a time.
func (a *App) sowing(ctx context.Context, r *release) error {
	if a.nodes == nil {
		return a.seed(ctx, r)
	}
	return a.alone(ctx, "seed", func(ctx context.Context, _ *data.Lease) error { return a.seed(ctx, r) })
}
