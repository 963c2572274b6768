package functions

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
)

const maxLines = 200 // console lines of a run that the log keeps

// run is one execution of a function: its slot, its time, its log.
type run struct {
	service *Service
	f       *loaded
	id      string
	trigger string

	mu    sync.Mutex // guards lines
	lines []slog.Attr
}

// do runs f on an event. nested runs, of ctx.call, use the slot of their caller.
func (r *run) do(ctx context.Context, principal string, nested bool, ev *event, h *host) (*Result, error) {
	s := r.service
	if err := s.breaker.allow(r.f.Name); err != nil {
		return nil, err
	}
	js, err := json.Marshal(ev)
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
	begun := s.o.Now()
	res, err := r.f.runtime.Invoke(ctx, r.f.module, &Call{ID: r.id, Event: js, Again: h.again}, h)
	r.log(ctx, s.o.Now().Sub(begun), res, err)
	return res, err
}

// log writes the run's line and counts what took its process down.
func (r *run) log(ctx context.Context, took time.Duration, res *Result, err error) {
	outcome, cold := OutcomeOK, res != nil && res.Cold
	attrs := []slog.Attr{
		slog.String("run", r.id), slog.String("function", r.f.Name), slog.String("trigger", r.trigger),
		slog.Float64("ms", float64(took.Microseconds())/1000),
	}
	level := slog.LevelInfo
	if err != nil {
		level, outcome = slog.LevelError, OutcomeError
		attrs = append(attrs, slog.String("code", string(hutch.CodeOf(err))))
		if f, ok := errors.AsType[*Failure](err); ok {
			outcome, cold = f.Outcome, f.Cold
			if outcome == OutcomeThrew {
				level = slog.LevelInfo
			}
			if f.Killed() {
				r.service.breaker.killed(r.f.Name)
			}
			attrs = append(attrs, slog.String("error", f.Text), slog.String("stack", f.Stack))
		}
	}
	r.mu.Lock()
	lines := slices.Clone(r.lines)
	r.mu.Unlock()
	attrs = append(attrs, slog.String("outcome", string(outcome)), slog.Bool("cold", cold), slog.Int("attempt", 1))
	if len(lines) > 0 {
		attrs = append(attrs, slog.GroupAttrs("console", lines...))
	}
	r.service.o.Log.LogAttrs(ctx, level, "function ran", attrs...)
}

func (r *run) console(level, line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case len(r.lines) < maxLines:
		if len(line) > 4096 {
			line = line[:4096]
		}
		r.lines = append(r.lines, slog.String(level, line))
	case len(r.lines) == maxLines:
		r.lines = append(r.lines, slog.String("warn", "more lines were dropped"))
	}
}
