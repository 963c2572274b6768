package functions

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Users is the room that keeps users: auth, plugged by boot.
type Users interface {
	// Begin begins a call.
	Begin() UserCall
}

// UserCall is what a call, which may run several times, does with users: what
// costs, or counts, is done once.
type UserCall interface {
	// Manage begins a run; depth is that of its job.
	Manage(depth int) UserChanges
}

// UserChanges are the users as one run sees and changes them. What it gives is
// JSON, without hashes, tokens and secrets.
type UserChanges interface {
	// Do does an operation of AuthOps on args, a JSON object, for a function.
	Do(ctx context.Context, function, op string, args json.RawMessage) (json.RawMessage, error)
	// Changes reports whether there is anything to commit.
	Changes() bool
	// Writes go into the commit of the run, with checks of what was read.
	Writes() ([]data.Write, []data.Check, error)
	// Done comes after the commit.
	Done()
}

// auth does an operation of AuthOps: nothing of it happens before the commit.
func (h *host) auth(ctx context.Context, op string, args data.Doc) (data.Doc, error) {
	switch {
	case !slices.ContainsFunc(AuthOps, func(o DBOp) bool { return o.Name == op }):
		return nil, hutch.Errorf(hutch.Unimplemented, "no operation %q", op)
	case !h.f.Admin:
		return nil, hutch.Errorf(hutch.PermissionDenied, "ctx.auth needs `admin: true` in the function's config")
	case h.set.service.o.Users == nil:
		return nil, hutch.Errorf(hutch.Unimplemented, "there are no users here")
	case !h.f.info.Writes && op != "auth.getUser" && op != "auth.findUsers":
		return nil, errReads()
	}
	in, err := data.AppendJSON(nil, args)
	if err != nil {
		return nil, err
	}
	out, err := h.session.manage(ctx, h.f.Name, op, in)
	if err != nil {
		return nil, err
	}
	v, err := data.ParseValueJSON(out, maxResultDepth)
	if err != nil {
		return nil, err
	}
	return data.Marshal(map[string]any{"value": v})
}

// manage does an operation on users, which may take as long as a password's hash.
func (s *session) manage(ctx context.Context, function, op string, in json.RawMessage) (json.RawMessage, error) {
	s.managing.Lock()
	defer s.managing.Unlock()
	s.mu.Lock()
	over := s.over
	s.mu.Unlock()
	if over {
		return nil, hutch.Errorf(hutch.FailedPrecondition, "the run is over")
	}
	if s.kept == nil { // of a hook, which reads alone
		s.kept = new(memory)
	}
	if s.users == nil {
		s.users = s.kept.manage(s.service.o.Users, s.depth)
	}
	return s.users.Do(ctx, function, op, in)
}

// touched reports whether the run has something to commit, or read documents.
func (s *session) touched() bool {
	s.managing.Lock()
	defer s.managing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tx != nil || len(s.mails) > 0 || s.users != nil && s.users.Changes()
}

// commit commits what the run has buffered, what it did with users, and ack.
func (s *session) commit(ctx context.Context, once *data.Once, ack []data.Write) (out *data.Outcome, err error) {
	s.managing.Lock()
	defer s.managing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.do(ctx, func(tx *data.Tx) error {
		ws, cs := slices.Concat(s.mails, ack), []data.Check(nil)
		if s.users != nil {
			more, checks, err := s.users.Writes()
			if err != nil {
				return err
			}
			ws, cs = append(more, ws...), checks
		}
		if err := tx.Join(ws, cs); err != nil {
			return err
		}
		out, err = tx.Commit(ctx, once)
		return err
	})
	if err == nil && s.users != nil {
		s.users.Done()
	}
	return out, err
}
