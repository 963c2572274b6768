package boot

import (
	"context"
	"log/slog"
	"time"

	"github.com/hutch-dev/hutch/data/jobs"
)

// openJobs starts the pool of durable jobs of this node.
func (a *App) openJobs() {
	a.jobs = jobs.New(jobs.Config{
		System: a.Data.System(jobs.Collections()[0].Name), Feed: a.Data.Feed(), Now: a.jobTime, Random: a.o.Entropy, Log: a.log,
	})
	a.sendMail(a.jobs)
	a.tellFunctions(a.jobs)
	a.jobs.Start()
}

// jobTime is the clock of leases: the store's, where it is shared.
func (a *App) jobTime() time.Time {
	if a.shared {
		return a.Data.Feed().StoreNow()
	}
	return a.o.Now()
}

// closeJobs waits a moment for what runs.
func (a *App) closeJobs() {
	if a.jobs == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := a.jobs.Close(ctx); err != nil {
		a.log.Warn("jobs were ended before they were done; they will run again", slog.Any("error", err))
	}
}
