package jobs

import (
	"cmp"
	"time"

	"github.com/hutch-dev/hutch/data"
)

const (
	claimMost  = 100                    // jobs a claim
	quick      = 100 * time.Millisecond // jobs shorter than that are claimed ahead
	blockedFor = time.Second            // an order found blocked is not looked at for that long
)

// handler is a kind on this node. Its mutable fields are guarded by Pool.mu.
type handler struct {
	kind string
	fn   Func
	o    Options
	wake chan struct{}

	running int
	ready   []*Run // claimed ahead, waiting for a place
	dry     bool   // the last look found nothing, and nothing has come since
	mean    time.Duration
	blocked map[string]time.Time // orders whose head is not to be had until then
}

func newHandler(kind string, fn Func, o Options, sys data.System) *handler {
	if o.System == nil {
		o.System = sys
	}
	o.Concurrency, o.Timeout = cmp.Or(max(o.Concurrency, 0), 4), cmp.Or(o.Timeout, time.Minute)
	o.MaxTries, o.Backoff = cmp.Or(max(o.MaxTries, 0), 12), o.Backoff.filled()
	return &handler{kind: kind, fn: fn, o: o, wake: make(chan struct{}, 1), mean: quick, blocked: map[string]time.Time{}}
}

func (h *handler) signal() { signal(h.wake) }

// room is how many more jobs this node may lease; p.mu is held. Quick jobs are
// claimed ahead, so that a claim is not a commit a job.
func (p *Pool) room(h *handler) int {
	if p.closing {
		return 0
	}
	n := h.o.Concurrency
	if h.mean < quick {
		n *= 2
	}
	held := h.running + len(h.ready)
	for _, e := range p.leased {
		if e.h == h {
			held++
		}
	}
	return max(0, n-held)
}

// begin runs r, or keeps it until there is a place.
func (p *Pool) begin(h *handler, r *Run) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.beginLocked(h, r)
}

func (p *Pool) beginLocked(h *handler, r *Run) {
	if p.runs[r.ID] != nil || p.base.Err() != nil {
		return // a lease taken anew while its run still goes on; it ends by itself
	}
	p.runs[r.ID] = r
	h.ready = append(h.ready, r)
	if h.running < h.o.Concurrency && !p.closing {
		h.running++
		go p.serve(h)
	}
}

// serve runs what is ready, one after another; it is one of h.running.
func (p *Pool) serve(h *handler) {
	for {
		p.mu.Lock()
		if len(h.ready) == 0 || p.closing {
			h.running--
			if !h.dry {
				h.signal()
			}
			p.mu.Unlock()
			return
		}
		r := h.ready[0]
		h.ready[0] = nil
		h.ready = h.ready[1:]
		if len(h.ready) <= h.o.Concurrency/2 && !h.dry {
			h.signal()
		}
		p.mu.Unlock()
		began := time.Now()
		ended := p.execute(r)
		p.mu.Lock()
		delete(p.runs, r.ID)
		h.mean = (3*h.mean + time.Since(began)) / 4
		p.quiet()
		delete(h.blocked, r.line)
		p.mu.Unlock()
		switch {
		case !ended:
			p.again(h) // it may be due already, and was passed by while it ran here
		case r.line != "":
			p.follow(h, r.line, 1)
		}
	}
}
