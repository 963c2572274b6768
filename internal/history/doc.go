// Package history keeps what a server measured: its own Prometheus registry,
// sampled each 10 seconds and stored in the collection _metrics, so that plots of
// an hour, a day and a month need no other service.
//
// A sample holds differences of counters, the buckets of latency and sums of
// gauges: merging samples is adding them, so a quantile of an hour is as good as
// one of 10 seconds. It is interpolated within a bucket, as Prometheus does.
//
// Guarantees: what is stored is bounded, by time and by node; a restart loses at
// most a minute; writing a stretch twice changes nothing; where nothing was
// measured there is nothing, not zero.
//
// Limits: nodes align by their clocks. A quantile above the last bucket's bound
// is that bound.
package history

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hutch-dev/hutch/data"
)

// Collection is where the history is kept.
const Collection = "_metrics"

const (
	every    = 10 * time.Second // between samples
	perSlot  = int64(every / time.Second)
	memory   = 45 * 60 / perSlot // slots that a node holds, to merge them into larger ones
	flushes  = 6                 // slots between writes
	longest  = 3                 // slots that may be missed before a difference says nothing
	storing  = 5 * time.Second
	sweeping = time.Hour
)

// tier is a resolution and how long it is kept.
type tier struct {
	name  string
	slot  int64 // seconds of a row
	chunk int64 // seconds of a document
	keep  time.Duration
}

var tiers = []tier{
	{"10s", 10, 10 * 60, 2 * time.Hour},
	{"1m", 60, 60 * 60, 26 * time.Hour},
	{"15m", 15 * 60, 24 * 60 * 60, 32 * 24 * time.Hour},
}

// Lease is the right to sweep; *data.Lease.
type Lease interface {
	Acquire(ctx context.Context) (bool, error)
}

// Options of a History. System holds Collection; Size gives the bytes of store
// and change log, and may be nil.
type Options struct {
	System  data.System
	Metrics prometheus.Gatherer
	Size    func(context.Context) (store, log int64, err error)
	Sweep   Lease
	Node    string // this one's name, the same after a restart
	Shared  bool   // other nodes write, too
	Now     func() time.Time
	Log     *slog.Logger
}

// History samples and answers. It is safe for concurrent use.
type History struct {
	o Options

	mu    sync.Mutex // guards the rest
	rows  map[int64]*row
	last  *reading
	dirty int64 // the first slot that is not stored; 0: none
	size  size
	swept time.Time
}

type size struct {
	at         time.Time
	store, log int64
	ok         bool
}

// New makes a History; Run fills it.
func New(o Options) *History { return &History{o: o, rows: map[int64]*row{}} }

// SweepLease is how long a node keeps the right to sweep.
const SweepLease = 2 * sweeping

// Run samples until ctx ends, and stores what is left then.
func (h *History) Run(ctx context.Context) {
	h.recall(ctx)
	h.sample(ctx) // what later samples are measured against
	for {
		now := h.o.Now()
		wait := time.Unix((now.Unix()/perSlot+1)*perSlot, 0).Sub(now)
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), storing)
			defer cancel()
			h.sample(end)
			h.flush(end, true)
			return
		case <-time.After(wait):
		}
		h.step(ctx)
	}
}

// step is what happens each 10 seconds.
func (h *History) step(ctx context.Context) {
	h.sample(ctx)
	now := h.o.Now()
	if now.Unix()/perSlot%flushes == 0 {
		h.flush(ctx, false)
	}
	h.mu.Lock()
	due := now.Sub(h.swept) >= sweeping
	if due {
		h.swept = now
	}
	h.mu.Unlock()
	if due {
		h.sweep(ctx)
	}
}
