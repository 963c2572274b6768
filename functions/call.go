package functions

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	maxResultDepth = 40
	maxKeptResult  = 64 << 10 // bytes of a result under an idempotency key
)

// Invocation is a call or an http request for a function. Its strings and bytes
// belong to it.
type Invocation struct {
	Function string
	Body     []byte // the raw body
	Key      string // Idempotency-Key; "" = none
	Scope    string // of the key: method and path
	Request  data.Request
	HTTP     *HTTPRequest // of an http trigger; nil: a call
	Ran      func(*Run)   // if set, is told of the run, whatever came of it
}

// Answer is what a function answered.
type Answer struct {
	Body     []byte // JSON of a call or of a returned value
	Response *Response
	Position data.Position // of its commit; "" when it wrote nothing
	Replayed bool
}

func errNoFunction() error { return hutch.Errorf(hutch.NotFound, "no such function") }

// Call runs a function as the context's principal: authentication is done,
// then `auth:`, the key, input, the queue, the run, its commit.
func (s *Service) Call(ctx context.Context, in *Invocation) (*Answer, error) {
	set := s.set.Load()
	f := set.byName[in.Function]
	kind := TriggerCall
	if in.HTTP != nil {
		kind = TriggerHTTP
	}
	if f == nil || f.Trigger.Kind != kind {
		return nil, errNoFunction()
	}
	ctx, stop := context.WithTimeout(ctx, max(s.o.Request, f.Timeout))
	defer stop()
	p := hutch.PrincipalFrom(ctx)
	body, input, badBody := readBody(in)
	if err := set.allow(f.Name, p, in.Request, input); err != nil {
		return nil, err
	}
	once, err := onceOf(f, in, &p)
	if err != nil {
		return nil, err
	}
	if badBody != nil {
		return nil, badBody
	}
	if once != nil {
		kept, release, err := s.o.Data.Replay(ctx, once)
		if release != nil {
			defer release()
		}
		if err != nil {
			return nil, err
		}
		if kept != nil {
			return replayed(kept)
		}
	}
	ev, err := s.newEvent(string(kind), &p)
	if err != nil {
		return nil, err
	}
	if in.HTTP != nil {
		if ev.Request, err = in.HTTP.event(f, in, body); err != nil {
			return nil, err
		}
	} else {
		if err := validInput(f, body); err != nil {
			return nil, err
		}
		ev.Data = body
	}
	return s.execute(ctx, set, f, in, &p, &ev, once)
}

// execute runs and commits, again while what was read moves, until the deadline.
func (s *Service) execute(ctx context.Context, set *Set, f *loaded, in *Invocation, p *hutch.Principal, ev *event, once *data.Once) (*Answer, error) {
	var answer *Answer
	share := who(p, in.Request.IP)
	kept := &memory{}
	var last *run
	var res *Result
	var out *data.Outcome
	runs := 0
	err := s.o.Data.Rerun(ctx, f.Timeout, func(ctx context.Context) error {
		ses := &session{service: s, as: *p, request: in.Request, kept: kept.again()}
		h := &host{session: ses, set: set, f: f}
		defer func() { ses.close() }()
		h.again = func(context.Context) (Host, error) {
			ses.close()
			ses = &session{service: s, as: *p, request: in.Request, kept: kept.again()}
			h = &host{session: ses, set: set, f: f, run: h.run, ctx: h.ctx, deadline: h.deadline, again: h.again}
			return h, nil
		}
		last, out = s.newRun(ctx, f, ev, p), nil
		runs++
		var err error
		if res, err = last.do(ctx, share, false, h); err != nil {
			return publicError(f.Name, err)
		}
		answer, out, err = s.commit(ctx, ses, f, in, res, once)
		return err
	})
	if k := last.keep(res, out, err, runs-1); k != nil && in.Ran != nil {
		in.Ran(k)
	}
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// commit ends a run that went well: its answer is checked before anything is
// written, then its writes and the key's record are one commit.
func (s *Service) commit(ctx context.Context, ses *session, f *loaded, in *Invocation, res *Result, once *data.Once) (*Answer, *data.Outcome, error) {
	a := &Answer{Body: res.Value, Response: res.Response}
	var wrote []data.WriteResult // under a key, whose record has no results
	if res.Response != nil {
		if in.HTTP == nil {
			return nil, nil, hutch.Errorf(hutch.Internal, "function %s gave a Response to a call", f.Name)
		}
		if err := res.Response.Check(); err != nil {
			return nil, nil, err
		}
	}
	if a.Response != nil && a.Response.Status >= 400 {
		return a, nil, nil // like a throw: nothing is written, nothing kept
	}
	if once != nil {
		if a.Response != nil && a.Response.Status >= 300 {
			return nil, nil, hutch.Errorf(hutch.Internal, "function %s redirects under an idempotency key", f.Name).
				WithHint("what is kept has no headers: answer 2xx where keys are sent")
		}
		kept, err := encodeAnswer(a)
		if err != nil {
			return nil, nil, err
		}
		if len(kept) > maxKeptResult {
			return nil, nil, hutch.Errorf(hutch.Internal, "function %s gave more than 64 KiB under an idempotency key", f.Name)
		}
		once.Encode = func(res data.Result) (data.Outcome, error) {
			wrote = wrote[:0]
			for i := range res.Changes {
				if c := &res.Changes[i]; !strings.HasPrefix(c.Collection, "_") {
					wrote = append(wrote, data.WriteResult{In: c.Collection, ID: c.ID})
				}
			}
			return data.Outcome{Value: kept}, nil
		}
	} else if !ses.touched() {
		return a, nil, nil
	}
	out, err := ses.commit(ctx, once, nil)
	if err != nil {
		return nil, nil, err
	}
	if out.Replayed {
		a, err = replayed(out)
		return a, out, err
	}
	a.Position = out.Position
	if out.Results == nil {
		told := *out
		told.Results = wrote
		out = &told
	}
	return a, out, nil
}

// readBody decodes a call's JSON body; none is null. err is for after `auth:`,
// which sees what could not be read as nothing.
func readBody(in *Invocation) (js []byte, v data.Value, err error) {
	if in.HTTP != nil && !in.HTTP.isJSON() {
		return nil, v, nil
	}
	if len(in.Body) == 0 {
		return []byte("null"), v, nil
	}
	if v, err = data.ParseValueJSON(in.Body, maxResultDepth); err != nil {
		return nil, data.Value{}, err
	}
	if js, err = data.AppendValueJSON(nil, v); err != nil {
		return nil, data.Value{}, err
	}
	return js, v, nil
}

func validInput(f *loaded, js []byte) error {
	if f.Input == nil {
		return nil
	}
	return f.Input.ValidateJSON(js)
}

// publicError is what a caller learns of a failed run: the code's own error, or
// the function's name and the kind of failure. The cause stays for the log.
func publicError(name string, err error) error {
	e := hutch.AsError(err)
	f, ok := errors.AsType[*Failure](err)
	if !ok || f.Outcome == OutcomeThrew || e.Code != hutch.Internal {
		return err
	}
	what := map[Outcome]string{
		OutcomeMemory:   "ran out of memory",
		OutcomeStack:    "overflowed its stack",
		OutcomeKilled:   "was killed",
		OutcomeDied:     "was lost with its process",
		OutcomeTooLarge: "gave more than 1 MiB",
	}[f.Outcome]
	if what == "" {
		what = "failed"
	}
	return &hutch.Error{Code: hutch.Internal, Message: fmt.Sprintf("function %s %s", name, what), Err: err}
}
