package functions

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	maxLines = 200     // console lines of a run that are kept
	maxLine  = 4 << 10 // bytes
	maxTouch = 1 << 10 // bytes of a document's name that is noted
)

// run is one execution of a function: its slot, its time, what is told of it.
type run struct {
	service  *Service
	f        *loaded
	ev       *event
	as       *hutch.Principal
	trigger  string
	parent   string // the run that called it
	parentFn string
	ctx      context.Context //nolint:containedctx // of the request, for its id

	begun   time.Time // zero: it did not come to run
	took    time.Duration
	outcome Outcome
	cold    bool
	text    string // what was thrown
	stack   string

	mu      sync.Mutex // guards the rest
	lines   []ConsoleLine
	chars   int // bytes of lines
	touched []RunTouch
}

func (s *Service) newRun(ctx context.Context, f *loaded, ev *event, as *hutch.Principal) *run {
	return &run{service: s, f: f, ev: ev, as: as, trigger: string(f.Trigger.Kind), ctx: ctx}
}

// touch notes a document that is asked for by its id; in a run that fails it is
// all that leads to the documents.
func (r *run) touch(args data.Doc, write bool) {
	in, _ := data.Field(args, "in").StringValueOK()
	id, _ := data.Field(args, "id").StringValueOK()
	if in == "" || id == "" || len(in)+len(id) > maxTouch || r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.touched {
		if t := &r.touched[i]; t.ID == id && t.In == in {
			t.Write = t.Write || write
			return
		}
	}
	if len(r.touched) < maxWrote {
		r.touched = append(r.touched, RunTouch{in, id, write})
	}
}

// do runs the function. nested runs, of ctx.call, use the slot of their caller.
func (r *run) do(ctx context.Context, principal string, nested bool, h *host) (*Result, error) {
	s := r.service
	if err := s.breaker.allow(r.f.Name); err != nil {
		return nil, err
	}
	js, err := json.Marshal(r.ev)
	if err != nil {
		return nil, hutch.Errorf(hutch.Internal, "encoding the event: %w", err)
	}
	if !nested {
		leave, err := s.queue.enter(ctx, principal, r.f.Name)
		if err != nil {
			return nil, err
		}
		defer leave()
	}
	ctx, stop := context.WithTimeout(ctx, r.f.Timeout)
	defer stop()
	h.run, h.ctx = r, ctx
	if deadline, ok := ctx.Deadline(); ok {
		h.deadline = deadline
	}
	r.begun = s.o.Now()
	res, err := r.f.runtime.Invoke(ctx, r.f.module, &Call{ID: r.ev.ID, Event: js, Again: h.again}, h)
	r.took = s.o.Now().Sub(r.begun)
	r.judge(res, err)
	r.log(ctx, err)
	return res, err
}

// judge notes how it ended, and counts what took its process down.
func (r *run) judge(res *Result, err error) {
	r.outcome, r.cold = OutcomeOK, res != nil && res.Cold
	if err == nil {
		return
	}
	r.outcome, r.text = OutcomeError, hutch.AsError(err).Message
	if f, ok := errors.AsType[*Failure](err); ok {
		r.outcome, r.cold, r.text, r.stack = f.Outcome, f.Cold, f.Text, f.Stack
		if f.Killed() {
			r.service.breaker.killed(r.f.Name)
		}
	}
}

// log writes the run's line.
func (r *run) log(ctx context.Context, err error) {
	attrs := []slog.Attr{
		slog.String("run", r.ev.ID), slog.String("function", r.f.Name), slog.String("trigger", r.trigger),
		slog.Float64("ms", float64(r.took.Microseconds())/1000),
	}
	if id := hutch.RequestIDFrom(ctx); id != "" {
		attrs = append(attrs, slog.String("request_id", id))
	}
	level := slog.LevelInfo
	if err != nil {
		if r.outcome.Failed(hutch.CodeOf(err)) {
			level = slog.LevelError
		}
		attrs = append(attrs, slog.String("code", string(hutch.CodeOf(err))), slog.String("error", r.text), slog.String("stack", r.stack))
	}
	attrs = append(attrs, slog.String("outcome", string(r.outcome)), slog.Bool("cold", r.cold), slog.Int("attempt", r.ev.Attempt))
	r.mu.Lock()
	lines := make([]slog.Attr, len(r.lines))
	for i, l := range r.lines {
		lines[i] = slog.String(l.Level, l.Text)
	}
	r.mu.Unlock()
	if len(lines) > 0 {
		attrs = append(attrs, slog.GroupAttrs("console", lines...))
	}
	r.service.o.Log.LogAttrs(ctx, level, "function ran", attrs...)
}

// keep counts the run, makes its record and keeps it, where runs are kept; nil for
// one that did not come to run.
func (r *run) keep(res *Result, out *data.Outcome, err error, reruns int) *Run {
	if r == nil || r.begun.IsZero() {
		return nil
	}
	k := r.record(res, out, err)
	k.Reruns = reruns
	r.service.tallies.count(k)
	r.service.o.Runs.keep(k, r.f.Sensitive)
	return k
}

func (r *run) console(level, line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := float64(r.service.o.Now().Sub(r.begun).Microseconds()) / 1000
	line = cut(line, maxLine)
	switch {
	case len(r.lines) < maxLines && r.chars+len(line) <= maxConsole:
		r.lines = append(r.lines, ConsoleLine{at, level, line})
		r.chars += len(line)
	case r.chars <= maxConsole:
		r.lines = append(r.lines, ConsoleLine{at, "warn", "more lines were dropped"})
		r.chars = maxConsole + 1
	}
}
