package quickjs

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/internal/child"
)

// result reads how a run ended.
type result struct {
	m       *module
	ctx     context.Context //nolint:containedctx // that of the one call
	session *session        // nil: of a load
	cold    bool
}

// read reads a child's outcome.
func (r *result) read(out []byte) (*functions.Result, error) {
	if len(out) < 2 {
		return nil, r.broken("an empty outcome")
	}
	r.cold = out[1] == '1'
	body := out[2:]
	switch out[0] {
	case tagNothing:
		return &functions.Result{Value: json.RawMessage("null"), None: true, Cold: r.cold}, nil
	case tagValue:
		if len(body) > maxResult {
			return nil, r.large()
		}
		if !json.Valid(body) {
			return nil, r.broken("a result that is no JSON")
		}
		return &functions.Result{Value: body, Cold: r.cold}, nil
	case tagResponse:
		return r.response(body)
	case tagHutch:
		return nil, r.thrown(body)
	case tagThrow:
		return nil, r.failed(body)
	case tagTime:
		return nil, r.timeout(functions.OutcomeTime)
	case tagLarge:
		return nil, r.large()
	}
	return nil, r.broken("an unknown outcome")
}

// fail makes the error of a failure; the message is for callers.
func (r *result) fail(c hutch.Code, message string, f *functions.Failure) *hutch.Error {
	f.Cold = r.cold
	return &hutch.Error{Code: c, Message: "function " + r.m.bundle.Function + " " + message, Err: f}
}

func (r *result) large() error {
	return r.fail(hutch.Internal, "gave more than 1 MiB", &functions.Failure{Outcome: functions.OutcomeTooLarge})
}

func (r *result) broken(text string) error {
	return r.fail(hutch.Internal, "failed", &functions.Failure{Outcome: functions.OutcomeError, Text: text})
}

// timeout is a run that was ended, by its deadline or because nobody waits.
func (r *result) timeout(o functions.Outcome) error {
	if errors.Is(context.Cause(r.ctx), context.Canceled) {
		if o == functions.OutcomeTime {
			o = functions.OutcomeGone
		}
		return r.fail(hutch.Cancelled, "was ended, as its caller gave up", &functions.Failure{Outcome: o})
	}
	return r.fail(hutch.DeadlineExceeded, "took longer than allowed", &functions.Failure{Outcome: o})
}

func (r *result) response(body []byte) (*functions.Result, error) {
	var w wireResponse
	if err := json.Unmarshal(body, &w); err != nil {
		return nil, r.broken("a malformed Response")
	}
	out := &functions.Response{Status: w.Status, Headers: w.Headers, Body: w.Bytes}
	if w.Text != nil {
		out.Body = []byte(*w.Text)
	}
	if len(out.Body) > maxResult {
		return nil, r.large()
	}
	return &functions.Result{Response: out, Cold: r.cold}, nil
}

// thrown is a HutchError. Codes of services and of nobody are a plain failure.
func (r *result) thrown(body []byte) error {
	var w wireFailure
	if err := json.Unmarshal(body, &w); err != nil {
		return r.broken("a malformed throw")
	}
	known := slices.ContainsFunc(hutch.Codes(), func(i hutch.CodeInfo) bool { return i.Code == w.Code && !i.Auth })
	f := &functions.Failure{
		Outcome: functions.OutcomeThrew, Text: string(w.Code) + ": " + w.Message,
		Stack: r.m.trace(w.Stack), Retry: w.Retry, Cold: r.cold,
	}
	if !known {
		f.Outcome = functions.OutcomeError
		return r.fail(hutch.Internal, "failed", f)
	}
	e := &hutch.Error{
		Code: w.Code, Reason: w.Reason, Message: w.Message, Field: w.Field, Hint: w.Hint, Details: w.Details, Err: f,
	}
	if told := r.session.told(&w); told != nil {
		f.Err = told
		e.RetryAfter = told.RetryAfter
	}
	return e
}

// failed is any other throw, or what the engine ended.
func (r *result) failed(body []byte) error {
	var w wireFailure
	if err := json.Unmarshal(body, &w); err != nil {
		return r.broken("a malformed throw")
	}
	if !utf8.ValidString(w.Text) || len(w.Text) > maxLine {
		w.Text = w.Text[:min(len(w.Text), maxLine)]
	}
	f := &functions.Failure{Outcome: functions.OutcomeError, Text: w.Text, Stack: r.m.trace(w.Stack)}
	switch w.Text {
	case "InternalError: out of memory", "null":
		f.Outcome = functions.OutcomeMemory
		return r.fail(hutch.Internal, "ran out of memory", f)
	case "InternalError: stack overflow":
		f.Outcome = functions.OutcomeStack
		return r.fail(hutch.Internal, "overflowed its stack", f)
	}
	return r.fail(hutch.Internal, "failed", f)
}

// lost is a run without an outcome.
func (r *result) lost(err error) error {
	var handler *child.HandlerError
	switch {
	case errors.Is(err, child.ErrInterrupted):
		return r.timeout(functions.OutcomeTime)
	case errors.Is(err, child.ErrKilled):
		return r.timeout(functions.OutcomeKilled)
	case errors.Is(err, child.ErrDied):
		return r.fail(hutch.Internal, "was lost with its process", &functions.Failure{Outcome: functions.OutcomeDied, Text: err.Error()})
	case errors.Is(err, child.ErrLost):
		return r.fail(hutch.Internal, "was lost with its process", &functions.Failure{Outcome: functions.OutcomeError, Text: err.Error()})
	case errors.Is(err, child.ErrClosed):
		return r.fail(hutch.Unavailable, "does not run, as the server is ending", &functions.Failure{Outcome: functions.OutcomeGone})
	case errors.Is(err, context.DeadlineExceeded):
		return r.fail(hutch.ResourceExhausted, "found no free process in time", &functions.Failure{Outcome: functions.OutcomeTime})
	case errors.Is(err, context.Canceled):
		return r.timeout(functions.OutcomeTime)
	case errors.As(err, &handler):
		return r.broken(handler.Text)
	}
	return err
}
