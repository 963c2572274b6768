package auth

import (
	"bytes"
	"context"
	"log/slog"
	"time"

	"github.com/hutch-dev/hutch"
)

// replayWindow is how long a spent refresh token gets its successor in any case.
const replayWindow = 10 * time.Second

// Refresh trades a refresh token for its successor and an access token.
//
// A token that was just spent gets the same successor: within 10 s, or as long
// as no access token of the successor's was seen, and in both cases until the
// successor itself is used. Any other use of a spent token ends the session.
// refresh_token_not_found, refresh_token_already_used, session_expired,
// user_banned.
func (s *Service) Refresh(ctx context.Context, r RefreshRequest) (*Session, error) {
	unknown := &hutch.Error{Code: hutch.RefreshTokenNotFound, Message: "the refresh token is not known or its session has ended"}
	key := s.keys.Load().refresh
	t, ok := parseRefresh(key, r.RefreshToken)
	if !ok {
		return nil, unknown
	}
	var out *Session
	err := rerun(ctx, func() error {
		now := s.o.Now()
		u, d, err := s.pairOf(ctx, t.session())
		switch {
		case err != nil:
			return err
		case d == nil:
			return unknown
		case u.banned(now):
			return userBanned()
		case !now.Before(d.ends(s.o.Lifetimes)):
			return &hutch.Error{Code: hutch.SessionExpired, Message: "the session is past its life"}
		}
		next, was := t.successor(key), d.Claims
		switch hash := t.hash(); {
		case bytes.Equal(hash, d.Current):
			if e := s.judgeToken(ctx, u, d); e != nil {
				return e
			}
			d.Gen, d.Spent, d.SpentAt, d.Current = d.Gen+1, hash, now, next.hash()
			d.Presented, d.Refreshed = false, now
			w, e := s.saveSession(d)
			if e == nil {
				e = s.commit(ctx, now, w)
			}
			if e != nil {
				return e
			}
		case bytes.Equal(hash, d.Spent) && (now.Sub(d.SpentAt) <= replayWindow || !d.Presented):
			if e := s.judgeToken(ctx, u, d); e != nil {
				return e
			}
			if d.Claims == was {
				break
			}
			w, e := s.saveSession(d)
			if e == nil {
				e = s.commit(ctx, now, w)
			}
			if e != nil {
				return e
			}
		default:
			return s.reused(ctx, d, now)
		}
		if d.Claims != was {
			s.cache.drop(d.ID)
		}
		out, err = s.answer(u, d, next, now)
		return err
	})
	return out, err
}

// reused ends the session whose spent token came again.
func (s *Service) reused(ctx context.Context, d *sessionDoc, now time.Time) error {
	w := remove(colSessions, d.ID)
	w.Expect = d.Version
	row, err := s.audit(now, auditDoc{Event: "refresh_token_reused", User: d.User, Session: d.ID})
	if err != nil {
		return err
	}
	if err := s.commit(ctx, now, w, row); err != nil {
		return err
	}
	s.cache.drop(d.ID)
	s.o.Log.Warn("a spent refresh token was used again; its session has ended", slog.String("user", d.User), slog.String("session", d.ID))
	return &hutch.Error{
		Code: hutch.RefreshTokenAlreadyUsed, Message: "the refresh token was used before; the session has ended",
	}
}

// notePresented notes the first use of an access token of a generation: from
// then on the token before it is spent for good.
func (s *Service) notePresented(ctx context.Context, session string, gen int64, now time.Time) error {
	return rerun(ctx, func() error {
		d, err := load[sessionDoc](ctx, s.o.System, colSessions, session)
		if err != nil || d == nil || d.Gen != gen || d.Presented {
			return err
		}
		d.Presented = true
		w, err := s.saveSession(d)
		if err != nil {
			return err
		}
		return s.commit(ctx, now, w)
	})
}
