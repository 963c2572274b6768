package functions

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
)

// AuthEvent is what a function of an auth trigger is told.
type AuthEvent struct {
	User     json.RawMessage `json:"user,omitempty"`
	Method   string          `json:"method,omitempty"`
	Provider string          `json:"provider,omitempty"`
	IP       string          `json:"ip,omitempty"`
	Session  string          `json:"session,omitempty"`
	AAL      string          `json:"aal,omitempty"`
	Claims   json.RawMessage `json:"claims,omitempty"`
	UID      string          `json:"-"` // draws from the queue where there is no IP
}

// Judge is a function that judges an event of auth.
type Judge struct {
	Name string
	// Run gives what the function returned, nil for nothing. It reads as nobody,
	// without rules, and writes nothing.
	Run func(ctx context.Context, e AuthEvent) (json.RawMessage, error)
}

// Judges gives the functions of an event of auth, in the order of their names.
func (s *Service) Judges(event string) []Judge {
	set := s.set.Load()
	fs := set.events[event]
	if len(fs) == 0 {
		return nil
	}
	out := make([]Judge, 0, len(fs))
	for _, f := range fs {
		out = append(out, Judge{Name: f.Name, Run: func(ctx context.Context, e AuthEvent) (json.RawMessage, error) {
			return set.judge(ctx, f, &e)
		}})
	}
	return out
}

func (set *Set) judge(ctx context.Context, f *loaded, e *AuthEvent) (json.RawMessage, error) {
	s := set.service
	guest := hutch.Principal{}.Sealed()
	ev, err := s.newEvent("auth."+f.Trigger.Event, &guest)
	if err != nil {
		return nil, err
	}
	ev.AuthEvent = e
	share := who(&guest, e.IP)
	if e.IP == "" {
		share = "auth:" + e.UID
	}
	ses, h := set.alone(f, guest, e.IP)
	defer func() { ses.close() }()
	h.again = func(context.Context) (Host, error) { // it only read
		ses.close()
		was := h
		ses, h = set.alone(f, guest, e.IP)
		h.run, h.ctx, h.deadline, h.again = was.run, was.ctx, was.deadline, was.again
		return h, nil
	}
	r := s.newRun(ctx, f, &ev, &guest)
	res, err := r.do(ctx, share, false, h)
	r.keep(res, nil, err, 0)
	switch {
	case err != nil:
		return nil, publicError(f.Name, err)
	case res.Response != nil:
		return nil, hutch.Errorf(hutch.Internal, "function %s gave a Response to a hook", f.Name)
	case res.None:
		return nil, nil
	}
	return res.Value, nil
}

// alone is the session of a run that nobody called.
func (set *Set) alone(f *loaded, guest hutch.Principal, ip string) (*session, *host) {
	ses := &session{service: set.service, as: guest, request: data.Request{IP: ip, Time: set.service.o.Now()}}
	h := &host{session: ses, set: set, f: f}
	if !f.info.Writes {
		h.depth = maxDepth // calls may write
	}
	return ses, h
}

// Hear tells a function of an event, as a durable job: what it writes and the end
// of the job are one commit.
func (s *Service) Hear(ctx context.Context, job *jobs.Run, name, event string, e AuthEvent) error {
	set := s.set.Load()
	f := set.byName[name]
	if f == nil || f.Trigger.Kind != TriggerHear || f.Trigger.Event != event {
		return hutch.Errorf(hutch.NotFound, "no function %s hears of %s", name, event)
	}
	guest := hutch.Principal{}.Sealed()
	ev, err := s.newEvent("auth."+event, &guest)
	if err != nil {
		return err
	}
	ev.ID, ev.Attempt, ev.AuthEvent = job.ID, job.Try, &e
	kept := &memory{}
	var last *run
	var out *data.Outcome
	runs := 0
	err = s.o.Data.Rerun(ctx, f.Timeout, func(ctx context.Context) error {
		ses, h := set.alone(f, guest, "")
		ses.depth, ses.kept = job.Depth+1, kept.again()
		defer func() { ses.close() }()
		h.again = func(context.Context) (Host, error) {
			ses.close()
			was := h
			ses, h = set.alone(f, guest, "")
			ses.depth, ses.kept = job.Depth+1, kept.again()
			h.run, h.ctx, h.deadline, h.again = was.run, was.ctx, was.deadline, was.again
			return h, nil
		}
		last, out = s.newRun(ctx, f, &ev, &guest), nil
		runs++
		if _, err := last.do(ctx, "jobs", false, h); err != nil {
			return err
		}
		if !ses.touched() {
			return nil // the job ends by itself
		}
		var err error
		out, err = ses.commit(ctx, nil, job.Ack())
		return err
	})
	last.keep(nil, out, err, runs-1)
	if failure, ok := errors.AsType[*Failure](err); ok && failure.Retry != nil && !*failure.Retry {
		return jobs.Permanent(err)
	}
	return err
}
