package server

import (
	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// A console is a socket of the dashboard on which an operator sees what a user or
// a guest sees: hutch.v1, with `as` beside the token in hello and auth.

// through gives whom the operator looks through. Whoever may not be looked
// through is unauthenticated, as a token that is not valid.
func (s *socket) through(op hutch.Principal, uid string) (hutch.Principal, error) {
	p, err := s.realtime.o.Auth.As(s.realtime.ctx, op, uid)
	switch hutch.CodeOf(err) {
	case "":
		return p, nil
	case hutch.Unavailable, hutch.DeadlineExceeded, hutch.Cancelled, hutch.Internal:
		return hutch.Principal{}, err
	}
	e := hutch.AsError(err)
	return hutch.Principal{}, &hutch.Error{Code: hutch.Unauthenticated, Message: e.Message, Err: e}
}

// note tells the audit who looks through whom, once in a quarter of an hour, as a
// console that comes back says so again; without it nobody does.
func (s *socket) note(by *hutch.Principal, cl claim) error {
	key := by.UID + "\x00" + by.SessionID + "\x00" + cl.as
	now := s.realtime.o.Now()
	if s.realtime.told.lately(key, now) {
		return nil
	}
	ctx := hutch.WithPrincipal(s.realtime.ctx, *by)
	ctx = auth.WithClient(ctx, auth.Client{Addr: s.handshake.Addr, Agent: s.handshake.Agent})
	whom := cl.as
	if whom == "" {
		whom = "guest"
	}
	if err := s.realtime.o.Auth.Note(ctx, auth.Act{What: "live.console", Target: whom}); err != nil {
		return err
	}
	s.realtime.told.add(key, now)
	return nil
}
