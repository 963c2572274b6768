package auth

import (
	"context"
	"crypto/subtle"
	"time"

	"github.com/hutch-dev/hutch"
)

// recent is how long a session counts as freshly signed in.
const recent = 10 * time.Minute

// bearerOf takes the access token of a request to a route of /auth that needs a
// user: no_authorization, bad_jwt.
func bearerOf(c Credentials) (string, error) {
	none := &hutch.Error{Code: hutch.NoAuthorization, Message: "the route needs an access token"}
	if c.Authorization == "" {
		return "", none
	}
	token, err := c.bearer()
	switch {
	case err != nil:
		return "", &hutch.Error{Code: hutch.BadJWT, Message: "the Authorization header is not a bearer token"}
	case token == "":
		return "", none
	}
	return token, nil
}

// present is the user and session of a request, read anew. A session that a
// recovery began is not good for it until it has set a password.
func (s *Service) present(ctx context.Context, c Credentials) (*live, error) {
	l, err := s.presentAny(ctx, c)
	if err == nil && l.session.Recovery {
		return nil, &hutch.Error{Code: hutch.ReauthenticationNeeded, Field: "password", Message: "set a new password first"}
	}
	return l, err
}

// presentAny is present for what a recovery's session may do too.
func (s *Service) presentAny(ctx context.Context, c Credentials) (*live, error) {
	l, err := s.presentOrActing(ctx, c)
	if err == nil {
		err = l.acts()
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

// presentOrActing lets those pass, too, who act in the user's name.
func (s *Service) presentOrActing(ctx context.Context, c Credentials) (*live, error) {
	token, err := bearerOf(c)
	if err != nil {
		return nil, err
	}
	return s.verifyToken(ctx, token, s.o.Now())
}

// User answers GET user. no_authorization, bad_jwt, session_not_found,
// session_expired, user_banned.
func (s *Service) User(ctx context.Context, c Credentials) (*User, error) {
	l, err := s.presentOrActing(ctx, c)
	if err != nil {
		return nil, err
	}
	return showUser(l.user), nil
}

// UpdateUser answers PUT user: data is merged into user_metadata, a password
// needs the present one, a nonce or a session younger than 10 minutes, and ends
// the other sessions; an address needs a nonce or such a session, and the mails
// that it sends. Errors of User, and validation_failed, weak_password,
// same_password, invalid_credentials, reauthentication_needed, otp_expired,
// over_request_rate_limit, over_email_send_rate_limit.
func (s *Service) UpdateUser(ctx context.Context, cr Credentials, r UpdateRequest, c Client) (*User, error) {
	l, err := s.presentAny(ctx, cr)
	if err != nil {
		return nil, err
	}
	to, err := s.mayChangeUser(ctx, l, r, c)
	if err != nil {
		return nil, err
	}
	if _, err = metadata(l.user.Meta, r.Data); err != nil {
		return nil, err
	}
	hash, old := "", l.user.Password
	if r.Password != "" {
		if err = s.mayChangePassword(ctx, l, r, c); err != nil {
			return nil, err
		}
		if hash, err = s.o.Hasher.Hash(ctx, r.Password); err != nil {
			return nil, err
		}
	}
	return s.changeUser(ctx, l, r, to, hash, old, c)
}

// changeUser commits what UpdateUser judged; hash "" leaves the password, to nil
// the address.
func (s *Service) changeUser(ctx context.Context, l *live, r UpdateRequest, to *email, hash, old string, c Client) (*User, error) {
	var out *User
	err := s.rerunAlive(ctx, l, func(u *userDoc, d *sessionDoc, now time.Time) error {
		if err := s.stillMay(u, d, r); err != nil {
			return err
		}
		if hash != "" && u.Password != old { // changed by another: what was proven is stale
			return &hutch.Error{Code: hutch.ReauthenticationNeeded, Message: "the password has changed meanwhile"}
		}
		meta, err := metadata(u.Meta, r.Data)
		if err != nil {
			return err
		}
		u.Meta = meta
		ws, err := s.spendNonce(ctx, u, r)
		if err != nil {
			return err
		}
		if hash != "" {
			// The epoch ends every session; this one moves along.
			u.Password = hash
			if err = s.ownWay(u, now); err != nil {
				return err
			}
			u.Epoch++
			d.Epoch, d.Recovery = u.Epoch, false
			ws = append(ws, s.passwordChanged(ctx, u, now)...)
			w, e := s.saveSession(d)
			if e != nil {
				return e
			}
			row, e := s.audit(now, auditDoc{Event: "password_changed", User: u.ID, Session: d.ID})
			if e != nil {
				return e
			}
			ws = append(ws, w, row)
		}
		if to != nil { // after the password, which ends what was mailed before
			if u.Anonymous {
				s.beginUpgrade(u, hash, c)
			}
			more, e := s.beginChange(ctx, u, *to, r.Flow, now)
			if e != nil {
				return e
			}
			ws = append(more, ws...) // of a document the first write counts
		}
		w, err := s.saveUser(u, now)
		if err != nil {
			return err
		}
		if err := s.commit(ctx, now, once(append(ws, w))...); err != nil {
			return err
		}
		if hash != "" {
			s.cache.drop(u.ID)
		}
		u.Updated = now
		out = showUser(u)
		return nil
	})
	return out, err
}

// mayChangePassword judges a new password and the proof for it.
func (s *Service) mayChangePassword(ctx context.Context, l *live, r UpdateRequest, c Client) error {
	if err := checkNew(r.Password, s.o.MinLength); err != nil {
		return err
	}
	u := l.user
	if u.Anonymous {
		if r.Email == "" {
			return invalid("password", "a password needs an address to sign in with: set email")
		}
		return nil
	}
	same := &hutch.Error{Code: hutch.SamePassword, Field: "password", Message: "the new password equals the old one"}
	if r.CurrentPassword != "" {
		// A guess with a stolen token counts as a sign-in does.
		known := u.seenFrom(s.networkMark(c))
		if err := s.checkPassword(ctx, c, u.EmailKey, r.CurrentPassword, u.Password, known); err != nil {
			s.noteFailure("current_password", u, c, err)
			return err
		}
		if subtle.ConstantTimeCompare([]byte(r.CurrentPassword), []byte(r.Password)) == 1 {
			return same
		}
		return nil
	}
	if r.Nonce == "" && !s.isRecent(l) {
		return &hutch.Error{
			Code: hutch.ReauthenticationNeeded, Field: "current_password",
			Message: "give the current password, or sign in again",
		}
	}
	ok, err := s.o.Hasher.Verify(ctx, r.Password, u.Password)
	if err != nil {
		return err
	}
	if ok {
		return same
	}
	return nil
}
