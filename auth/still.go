package auth

import (
	"context"
	"time"

	"github.com/hutch-dev/hutch"
)

// Seen is since when what Verify remembers is known to hold: the last time the
// feed spoke, at most 3 s ago, or the zero time. A write's request counts as
// verified then (data.WithVerified), not when Verify answered.
func (s *Service) Seen() time.Time {
	if heard := s.cache.heard.Load(); heard != 0 {
		return time.Unix(0, heard)
	}
	return time.Time{}
}

// StillValid reads a principal's session, user or key anew: for a write that
// commits more than a second after its request was verified. unauthenticated.
func (s *Service) StillValid(ctx context.Context, p hutch.Principal) error {
	now := s.o.Now()
	switch p.Kind {
	case hutch.User:
		if p.SessionID == "" && p.Actor != "" { // whom an operator calls a function as
			return s.stillThere(ctx, p.UID, now)
		}
		u, d, err := s.alive(ctx, p.SessionID, p.UID, now)
		if err != nil {
			return outside(err)
		}
		if u.banned(now) {
			return unauthenticated("the account is banned")
		}
		if s.waits(u, d) {
			return unauthenticated("the second factor is needed")
		}
	case hutch.Service:
		d, err := load[keyDoc](ctx, s.o.System, colKeys, p.UID)
		if err != nil {
			return err
		}
		if d == nil || d.expired(now) {
			return unauthenticated("the service key is not valid")
		}
	case hutch.Operator:
		o := s.Operators()
		d, session, err := o.alive(ctx, p.UID, p.SessionID, now)
		if err != nil {
			return err
		}
		if o.owes(d, session) != "" {
			return notSignedIn()
		}
	default: // nothing that could have ended
	}
	return nil
}

// stillThere refuses an account that is gone or banned.
func (s *Service) stillThere(ctx context.Context, uid string, now time.Time) error {
	u, err := load[userDoc](ctx, s.o.System, colUsers, uid)
	if err != nil {
		return err
	}
	if u == nil || u.banned(now) {
		return unauthenticated("the account is gone or banned")
	}
	return nil
}
