package functions

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const maxDepth = 8 // of ctx.call

// session is the database session that a run, and the functions it calls,
// share: one snapshot, one read set, one commit.
type session struct {
	service *Service
	as      hutch.Principal
	request data.Request

	mu    sync.Mutex   // one operation at a time; guards the rest
	tx    *data.Tx     // nil until the first operation
	mails []data.Write // jobs, each of another mail
	over  bool

	depth int     // of the job that this is a run of
	kept  *memory // of the call

	managing sync.Mutex  // one operation on users at a time, beside those on documents; guards users
	users    UserChanges // nil until the first
}

// use runs f on the session's transaction, opened at first need.
func (s *session) use(ctx context.Context, f func(*data.Tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.do(ctx, f)
}

// do is use under mu.
func (s *session) do(ctx context.Context, f func(*data.Tx) error) error {
	if s.over {
		return hutch.Errorf(hutch.FailedPrecondition, "the run is over")
	}
	if s.tx == nil {
		tx, err := s.service.o.Data.Begin(ctx, s.as, s.request)
		if err != nil {
			return err
		}
		s.tx = tx
	}
	return f(s.tx)
}

func (s *session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	if s.tx != nil {
		s.tx.Close()
		s.tx = nil
	}
}

// host is one run's ctx. It implements Host.
type host struct {
	session  *session
	set      *Set
	f        *loaded
	depth    int
	run      *run
	ctx      context.Context //nolint:containedctx // a run's host lives as long as the run
	deadline time.Time
	again    func(context.Context) (Host, error)
}

var _ Host = (*host)(nil)

// DB does an operation of DBOps.
func (h *host) DB(ctx context.Context, op string, args data.Doc) (data.Doc, error) {
	if strings.HasPrefix(op, "auth.") {
		return h.auth(ctx, op, args)
	}
	if op == "mail.send" {
		return nil, h.mail(ctx, args)
	}
	admin := false
	if len(op) > 6 && op[:6] == "admin." {
		if !h.f.Admin {
			return nil, hutch.Errorf(hutch.PermissionDenied, "ctx.admin needs `admin: true` in the function's config")
		}
		admin, op = true, op[6:]
	}
	do := dbOps[op]
	switch {
	case do == nil:
		return nil, hutch.Errorf(hutch.Unimplemented, "no operation %q", op)
	case !admin && !h.f.info.Caller:
		return nil, hutch.Errorf(hutch.FailedPrecondition, "ctx.db acts as a caller, and this trigger has none").WithHint("use ctx.admin.db")
	case !h.f.info.Writes && isWrite(op):
		return nil, errReads()
	}
	h.run.touch(args, isWrite(op))
	var out any
	err := h.session.use(ctx, func(tx *data.Tx) (err error) {
		if admin {
			tx = tx.Admin()
		}
		out, err = do(ctx, tx, args)
		return err
	})
	if err != nil || out == nil {
		return nil, err
	}
	return data.Marshal(out)
}

func errReads() error {
	return hutch.Errorf(hutch.FailedPrecondition, "a before-hook reads, it does not write")
}

func isWrite(op string) bool {
	return slices.ContainsFunc(DBOps, func(o DBOp) bool { return o.Name == op && o.Sync })
}

// Call runs another function of the same release as the same caller, in the
// same session: in {data}, out {data}.
func (h *host) Call(ctx context.Context, name string, in data.Doc) (data.Doc, error) {
	if h.depth+1 >= maxDepth {
		return nil, hutch.Errorf(hutch.FailedPrecondition, "functions call each other more than %d deep", maxDepth)
	}
	f := h.set.byName[name]
	if f == nil || f.Trigger.Kind != TriggerCall {
		return nil, errNoFunction()
	}
	s := h.set.service
	input := data.Field(in, "data")
	if err := h.set.allow(name, h.session.as, h.session.request, input); err != nil {
		return nil, err
	}
	js := []byte("null")
	if !input.IsZero() {
		var err error
		if js, err = data.AppendValueJSON(nil, input); err != nil {
			return nil, err
		}
	}
	if err := validInput(f, js); err != nil {
		return nil, err
	}
	ev, err := s.newEvent("call", &h.session.as)
	if err != nil {
		return nil, err
	}
	ev.Data = js
	r := s.newRun(ctx, f, &ev, &h.session.as)
	r.parent, r.parentFn = h.run.ev.ID, h.run.f.Name
	res, err := r.do(ctx, "", true, &host{session: h.session, set: h.set, f: f, depth: h.depth + 1})
	r.keep(res, nil, err, 0)
	if err != nil {
		return nil, publicError(f.Name, err)
	}
	if res.Response != nil {
		return nil, hutch.Errorf(hutch.Internal, "function %s gave a Response to a call", name)
	}
	v, err := data.ParseValueJSON(res.Value, maxResultDepth)
	if err != nil {
		return nil, err
	}
	return data.Marshal(map[string]any{"data": v})
}

// Enqueue is not there yet.
func (h *host) Enqueue(context.Context, data.Doc) error {
	return hutch.Errorf(hutch.Unimplemented, "there are no queues")
}

// Fetch is not there yet: no function reaches the network.
func (h *host) Fetch(context.Context, *FetchRequest) (*FetchResponse, error) {
	return nil, hutch.Errorf(hutch.Unimplemented, "there is no fetch")
}

// Secret is not there yet.
func (h *host) Secret(string) (string, error) {
	return "", hutch.Errorf(hutch.Unimplemented, "there are no secrets")
}

// Log takes a console line.
func (h *host) Log(level, line string) { h.run.console(level, line) }
