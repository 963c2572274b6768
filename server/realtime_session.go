package server

import (
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// operatorToken is what a page of the dashboard says in a frame to act as who sits
// there: its cookie came with the handshake, and without this word it is nobody's.
const operatorToken = "operator"

// claim is who a frame says that it comes from: a token, "" of a guest; with the
// operator's also whom to look through: an id, "" for a guest.
type claim struct {
	token   string
	as      string
	through bool
}

// authenticate verifies a claim; by is the operator who looks through who, nil
// where nobody does.
func (s *socket) authenticate(cl claim) (who hutch.Principal, exp time.Time, by *hutch.Principal, err error) {
	if cl.token == operatorToken && s.handshake.Operator != "" && s.realtime.o.Operators != nil {
		who, exp, _, err = s.realtime.o.Operators.Verify(s.realtime.ctx, s.handshake.Operator)
		if err != nil || !cl.through {
			return who, exp, nil, err
		}
		op := who
		who, err = s.through(op, cl.as)
		return who, exp, &op, err
	}
	if cl.through {
		return who, exp, nil, unauthenticated("only operators look through others")
	}
	c := auth.Credentials{Browser: s.handshake.Origin != ""}
	if cl.token != "" {
		c.Authorization = "Bearer " + cl.token
	}
	who, exp, err = s.realtime.o.Auth.Authenticate(s.realtime.ctx, c)
	return who, exp, nil, err
}

// concerned reports whether one of the changes may have changed who s acts as.
func (s *socket) concerned(cs []auth.Change) bool {
	p := s.who.Load()
	if p == nil {
		return false
	}
	uid, session := p.UID, p.SessionID
	if p.IsGuest() {
		of := s.named.Load()
		if of == nil {
			return false
		}
		uid, session = of.UID, of.Session
	}
	for _, c := range cs {
		if c.All || c.UID == uid && (c.Session == "" || c.Session == session) || c.UID != "" && c.UID == p.Actor {
			return true
		}
	}
	return false
}

// act notes who the socket acts as; s.mu is held. A token may be good and its
// user a guest until a second factor: who that is, changes tell. A guest whom an
// operator looks through ends with the operator.
func (s *socket) act(p, by *hutch.Principal) {
	var of *auth.Change
	switch {
	case !p.IsGuest():
	case by != nil:
		of = &auth.Change{UID: by.UID, Session: by.SessionID}
	case s.claim.token != "":
		of = auth.TokenOf(s.claim.token)
	}
	s.named.Store(of)
	s.by.Store(by)
	s.who.Store(p)
}

// verifyAgain checks the token as it stands now: gone, the socket is closed and
// its queue dropped; another principal, all is bound anew.
func (s *socket) verifyAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.check()
}

// check is verifyAgain with s.mu held.
func (s *socket) check() {
	if s.client == nil || s.claim == (claim{}) || s.held == errExpired || s.closed || s.ending.Load() != nil {
		return
	}
	p, exp, by, err := s.authenticate(s.claim)
	switch {
	case hutch.CodeOf(err) == hutch.Unauthenticated || hutch.CodeOf(err) == hutch.SessionExpired:
		s.end(closeAuth, &hutch.Error{Code: hutch.SessionExpired, Message: "the session has ended"})
	case err != nil: // the store does not answer: nothing is delivered until it does
		s.realtime.o.Log.Warn("checking a socket's session again", "error", err)
		s.hold(errDoubt)
		s.later(doubtTime, s.verifyAgain)
	case s.held != nil || !same(s.who.Load(), &p):
		s.become(p, by, exp, nil)
	default:
		s.expire(exp)
	}
}

// Why nothing is delivered.
var (
	errExpired = &hutch.Error{Code: hutch.Unauthenticated, Message: "the token has ended"}
	errDoubt   = &hutch.Error{Code: hutch.Unavailable, Message: "the session cannot be checked now"}
)

// hold stops delivery; s.mu is held.
func (s *socket) hold(why *hutch.Error) {
	s.held = why
	s.client.Pause()
}

// later sets the socket's one timer; s.mu is held.
func (s *socket) later(d time.Duration, f func()) {
	if s.stop != nil {
		s.stop()
		s.stop = nil
	}
	if !s.closed {
		s.stop = s.realtime.o.After(d, f)
	}
}

func same(a, b *hutch.Principal) bool {
	return a.Key == b.Key && a.SessionID == b.SessionID && a.UID == b.UID
}

// become makes the socket act as p; s.mu is held.
func (s *socket) become(p hutch.Principal, by *hutch.Principal, exp time.Time, answer []byte) {
	s.act(&p, by)
	s.client.Become(s.realtime.ctx, p, answer)
	s.held = nil
	s.expire(exp)
	s.realtime.proven(s, p.IsGuest())
	s.trim()
}

// rebind binds the subscriptions anew, for new rules.
func (s *socket) rebind() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil && s.held == nil && !s.closed && s.ending.Load() == nil {
		s.client.Become(s.realtime.ctx, s.client.Principal(), nil)
	}
}

// expire sets the timer of a token's end; s.mu is held.
func (s *socket) expire(exp time.Time) {
	if s.exp = exp; !exp.IsZero() {
		s.later(exp.Sub(s.realtime.o.Now()), func() { s.expired(exp) })
	} else if s.stop != nil {
		s.stop()
	}
}

// expired stops delivery; a minute later, without a new token, the socket goes.
func (s *socket) expired(exp time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.exp.Equal(exp) || s.client == nil || s.closed || s.ending.Load() != nil {
		return
	}
	if s.held != errExpired {
		s.hold(errExpired)
		s.later(s.realtime.o.Times.Grace, func() { s.expired(exp) })
		return
	}
	s.end(closeAuth, errExpired)
}
