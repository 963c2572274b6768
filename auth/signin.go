package auth

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/hutch-dev/hutch"
)

// Token answers POST token: grant is password or refresh_token; body the
// request's. bad_json, validation_failed, and what the grant's method answers.
func (s *Service) Token(ctx context.Context, grant string, body []byte, c Client) (*Session, error) {
	switch grant {
	case "password":
		r, err := ParsePassword(body)
		if err != nil {
			return nil, err
		}
		return s.SignIn(ctx, r, c)
	case "refresh_token":
		r, err := ParseRefresh(body)
		if err != nil {
			return nil, err
		}
		return s.Refresh(ctx, r)
	case "pkce":
		return s.exchange(ctx, body, c)
	case "id_token":
		return s.tradeIDToken(ctx, body, c)
	}
	return nil, invalid("grant_type", "grant_type is password, refresh_token, pkce or id_token")
}

func wrongPassword() error {
	return &hutch.Error{Code: hutch.InvalidCredentials, Message: "e-mail or password is wrong"}
}

// SignIn starts a session with a password. validation_failed,
// invalid_credentials (also for unknown users and those whose sign-up waits for
// its mail, in the same time), user_banned,
// over_request_rate_limit, captcha_failed.
func (s *Service) SignIn(ctx context.Context, r PasswordRequest, c Client) (*Session, error) {
	if err := s.person(ctx, r.Captcha, c); err != nil {
		return nil, err
	}
	e, err := parseEmail(r.Email)
	if err != nil {
		return nil, err
	}
	if len(r.Password) > maxPassword {
		return nil, wrongPassword()
	}
	u, err := s.userByEmail(ctx, e)
	if err != nil {
		return nil, err
	}
	mark, hash := s.networkMark(c), ""
	known := false
	if u != nil && u.Pending {
		u = nil // else who signs up with an address learns whether it has an account by signing in
	}
	if u != nil {
		hash, known = u.Password, u.seenFrom(mark) || s.seenOn(u, r.Device, s.o.Now())
	}
	if err = s.checkPassword(ctx, c, e.key, r.Password, hash, known); err != nil {
		s.noteFailure("password", u, c, err)
		return nil, err
	}
	var fresh string // a hash of today's parameters
	if s.o.Hasher.Stale(hash) {
		if fresh, err = s.o.Hasher.Hash(ctx, r.Password); err != nil {
			fresh = ""
		}
	}
	var out *Session
	err = rerun(ctx, func() error {
		now := s.o.Now()
		if u == nil || u.Pending { // erased meanwhile, or replaced
			return wrongPassword()
		}
		if u.Password != hash { // set anew meanwhile, or hashed anew by a twin
			hash, fresh = u.Password, ""
			if ok, e := s.o.Hasher.Verify(ctx, r.Password, hash); e != nil || !ok {
				return cmp.Or(e, wrongPassword())
			}
		}
		if u.banned(now) {
			return userBanned()
		}
		out, err = s.begun(ctx, u, c, fresh)
		if moved(err) {
			if u, err = load[userDoc](ctx, s.o.System, colUsers, u.ID); err == nil {
				err = lost
			}
		}
		return err
	})
	if err == nil {
		s.warnClaims(u)
	}
	return out, err
}

var lost = &hutch.Error{Code: hutch.Aborted, Message: "the account has changed meanwhile"}

// begun commits a new session of u, as it was read, and its sign-in.
func (s *Service) begun(ctx context.Context, u *userDoc, c Client, fresh string) (*Session, error) {
	now, mark := s.o.Now(), s.networkMark(c)
	n := *u
	n.LastSignIn = now
	n.noteNetwork(mark, aal1)
	if fresh != "" {
		n.Password = fresh
	}
	d, refresh, err := s.newSession(ctx, &n, mailEntry{}, c, now)
	if err != nil {
		return nil, err
	}
	wu, err := s.saveUser(&n, now)
	if err != nil {
		return nil, err
	}
	wd, err := s.saveSession(d)
	if err != nil {
		return nil, err
	}
	ws := append(s.deviceNotice(ctx, u, mark, now), wu, wd)
	if fresh != "" {
		row, err := s.audit(now, auditDoc{Event: "password_rehashed", User: u.ID}) // the same password
		if err != nil {
			return nil, err
		}
		ws = append(ws, row)
	}
	if err := s.commit(ctx, now, ws...); err != nil {
		return nil, err
	}
	return s.answer(&n, d, refresh, now)
}

// checkPassword verifies under the limits. hash "" is an unknown account or one
// without a password: the same work, the same answer.
func (s *Service) checkPassword(ctx context.Context, c Client, key, password, hash string, known bool) error {
	t, err := s.begin(ctx, c, key, known)
	if err != nil {
		return err
	}
	ok, err := s.o.Hasher.Verify(ctx, password, hash)
	if err != nil {
		t.undo(ctx)
		return err
	}
	if !ok {
		return wrongPassword()
	}
	t.passed(ctx)
	return nil
}

// userByEmail gives the account of an address, nil when there is none.
func (s *Service) userByEmail(ctx context.Context, e email) (*userDoc, error) {
	id, err := load[identityDoc](ctx, s.o.System, colIdentities, identityID(e.key))
	if err != nil || id == nil {
		return nil, err
	}
	return load[userDoc](ctx, s.o.System, colUsers, id.User)
}

// warnClaims tells of claims that rules will not see.
func (s *Service) warnClaims(u *userDoc) {
	if u == nil {
		return
	}
	if _, dropped := claimsOf(appMetadata(u)); len(dropped) > 0 {
		s.o.Log.Warn("numbers of app_metadata are not exact and not in claims", slog.String("user", u.ID), slog.Any("fields", dropped))
	}
}
