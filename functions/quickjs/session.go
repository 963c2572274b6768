package quickjs

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

const maxDepth = 40 // of JSON from and to code: a document, and what it is wrapped in

// session answers what one run asks.
type session struct {
	m *module

	mu    sync.Mutex // guards the rest
	host  functions.Host
	errs  []*hutch.Error // what the code was told, the last ones
	lines int
}

type nestedKey struct{}

// isNested reports whether ctx belongs to a call that another run waits for.
func isNested(ctx context.Context) bool { return ctx.Value(nestedKey{}) != nil }

// restart is for a run from the start.
func (s *session) restart(h functions.Host) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.host, s.errs = h, nil
}

// bundleOnly answers a child that only loads.
func (m *module) bundleOnly(_ context.Context, op string, in []byte) ([]byte, error) {
	if op == opBundle && string(in) == m.key {
		return m.sent, nil
	}
	return errorReply(hutch.Errorf(hutch.FailedPrecondition, "the server cannot be asked while code loads")), nil
}

// answer is the child.HostFunc of a run.
func (s *session) answer(ctx context.Context, op string, in []byte) ([]byte, error) {
	if op == opBundle {
		return s.m.bundleOnly(ctx, op, in)
	}
	s.mu.Lock()
	h := s.host
	s.mu.Unlock()
	out, err := s.ask(ctx, h, op, in)
	if err == nil && out == nil {
		return []byte{replyOK, 'n', 'u', 'l', 'l'}, nil
	}
	var b []byte
	if err == nil {
		b, err = data.AppendJSON(append(make([]byte, 0, len(out)+64), replyOK), out)
	}
	if err != nil {
		s.remember(hutch.AsError(err))
		return errorReply(err), nil
	}
	return b, nil
}

func (s *session) ask(ctx context.Context, h functions.Host, op string, in []byte) (data.Doc, error) {
	args, err := data.ParseJSON(in, maxDepth)
	if err != nil {
		return nil, err
	}
	if op == opCall {
		name, ok := data.Field(args, "name").StringValueOK()
		if !ok {
			return nil, &hutch.Error{Code: hutch.InvalidArgument, Field: "name", Message: "the function's name is a string"}
		}
		return h.Call(context.WithValue(ctx, nestedKey{}, true), name, args)
	}
	name, admin := strings.CutPrefix(op, "admin.")
	if admin && !s.m.bundle.Admin {
		return nil, hutch.Errorf(hutch.PermissionDenied, "ctx.admin needs `admin: true` on this function in hutch.yaml")
	}
	is := func(o functions.DBOp) bool { return o.Name == name }
	if !admin && (slices.ContainsFunc(functions.AuthOps, is) || slices.ContainsFunc(functions.MailOps, is)) {
		return h.DB(ctx, op, args)
	}
	for i := range functions.DBOps {
		if functions.DBOps[i].Name == name {
			return h.DB(ctx, op, args)
		}
	}
	return nil, hutch.Errorf(hutch.Unimplemented, "no operation %q", op)
}

// remember keeps an error, for when the code lets it through.
func (s *session) remember(e *hutch.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.errs) == 16 {
		s.errs = append(s.errs[:0], s.errs[1:]...)
	}
	s.errs = append(s.errs, e)
}

// told gives the error of the server that a throw passes on, or nil.
func (s *session) told(w *wireFailure) *hutch.Error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range slices.Backward(s.errs) {
		if e := v; e.Code == w.Code && e.Message == w.Message && e.Field == w.Field {
			return e
		}
	}
	return nil
}

// note takes a console line. A child keeps the bounds; one that was taken over
// need not.
func (s *session) note(op string, in []byte) {
	level, line, ok := strings.Cut(string(in), "\n")
	switch level {
	case "debug", "info", "warn", "error":
	default:
		ok = false
	}
	s.mu.Lock()
	s.lines++
	h, many := s.host, s.lines > 4*maxLines
	s.mu.Unlock()
	if op == opLog && ok && !many && len(line) <= 2*maxLine {
		h.Log(level, s.m.mapText(strings.ToValidUTF8(line, "\uFFFD")))
	}
}
