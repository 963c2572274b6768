package auth

import (
	"context"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Logout ends sessions: scope global (all of the user, the default), local (this
// one) or others. A session that waits for its second factor, or may only set a
// password, ends no other: global is local then. Errors of User,
// validation_failed, insufficient_aal.
func (s *Service) Logout(ctx context.Context, c Credentials, scope string) error {
	switch scope {
	case "":
		scope = "global"
	case "global", "local", "others":
	default:
		return invalid("scope", "scope is global, local or others")
	}
	l, err := s.presentOrActing(ctx, c)
	if err != nil {
		return err
	}
	if scope != "local" {
		if err := l.acts(); err != nil {
			return err
		}
	}
	return s.rerunAlive(ctx, l, func(u *userDoc, d *sessionDoc, now time.Time) error {
		if scope != "local" {
			err := highest(u, d)
			if d.Recovery {
				err = &hutch.Error{Code: hutch.ReauthenticationNeeded, Field: "password", Message: "set a new password first"}
			}
			if err != nil && scope == "others" {
				return err
			}
			if err != nil {
				scope = "local"
			}
		}
		if scope == "others" {
			if ds, err := s.sessionsOf(ctx, u, now); err != nil || len(ds) < 2 {
				return err
			}
		}
		var ws []data.Write
		if scope == "others" {
			d.Epoch++
			w, err := s.saveSession(d)
			if err != nil {
				return err
			}
			ws = append(ws, w)
		} else {
			ws = append(ws, remove(colSessions, d.ID))
		}
		if scope != "local" {
			updated := u.Updated // signing out is no change of the account
			u.Epoch++
			w, err := s.saveUser(u, updated)
			if err != nil {
				return err
			}
			ws = append(ws, w)
		}
		if err := s.commit(ctx, now, ws...); err != nil {
			return err
		}
		s.cache.drop(d.ID)
		s.cache.drop(u.ID)
		return nil
	})
}
