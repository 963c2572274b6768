package auth

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	actorLife = 15 * time.Minute
	maxReason = 500 // characters
)

// Impersonation is an access token that says who acts; nothing renews it.
type Impersonation struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"` // bearer
	ExpiresIn   int64  `json:"expires_in"` // seconds
	ExpiresAt   int64  `json:"expires_at"` // Unix seconds
	User        *User  `json:"user"`
}

// whose is the body of a request for a session in the name of somebody.
type whose struct{ user, reason string }

func parseWhose(body []byte, names ...string) (r whose, err error) {
	f, err := readBody(body)
	if err != nil {
		return r, err
	}
	for name := range f {
		ok := false
		for _, n := range names {
			ok = ok || n == name
		}
		if !ok {
			return r, &hutch.Error{Code: hutch.InvalidArgument, Field: name, Message: "unknown key"}
		}
	}
	if r.user, err = f.needText("user"); err != nil {
		return r, err
	}
	r.reason, _, err = f.text("reason")
	r.reason = strings.TrimSpace(r.reason)
	return r, err
}

// userNamed reads a user by id or address: user_not_found.
func (s *Service) userNamed(ctx context.Context, name string) (*userDoc, error) {
	if !strings.Contains(name, "@") {
		return s.userByID(ctx, name)
	}
	e, err := parseEmail(name)
	if err != nil {
		return nil, noUser()
	}
	u, err := s.userByEmail(ctx, e)
	if err == nil && u == nil {
		err = noUser()
	}
	return u, err
}

// enterable refuses who may not be signed in by anybody.
func (s *Service) enterable(u *userDoc, now time.Time) error {
	switch {
	case u.banned(now):
		return userBanned()
	case u.Pending:
		return &hutch.Error{Code: hutch.EmailNotConfirmed, Message: "the account waits for its mail"}
	}
	return nil
}

// SignInFor answers POST /admin/v1/auth/tokens: a session for whom an app's own
// backend has proven, which is no proof of a second factor. user_not_found,
// user_banned, email_not_confirmed, invalid_argument, and the errors of UserByID.
func (s *Service) SignInFor(ctx context.Context, c Credentials, body []byte, from Client) (*Session, error) {
	p, err := s.admin(ctx, c)
	if err != nil {
		return nil, err
	}
	r, err := parseWhose(body, "user")
	if err != nil {
		return nil, err
	}
	var out *Session
	err = rerun(ctx, func() error {
		now := s.o.Now()
		u, err := s.userNamed(ctx, r.user)
		if err != nil {
			return err
		}
		if err = s.enterable(u, now); err != nil {
			return err
		}
		// The network is the backend's, and none that the user is known in.
		u.LastSignIn = now
		d, refresh, err := s.newSession(ctx, u, mailEntry{method: "custom", provider: "custom"}, from, now)
		if err != nil {
			return err
		}
		w, err := s.saveUser(u, now)
		if err != nil {
			return err
		}
		if err = s.beginFor(ctx, p, d, auditDoc{Event: "custom_sign_in"}, now, w); err != nil {
			return err
		}
		out, err = s.answer(u, d, refresh, now)
		return err
	})
	return out, err
}

// Impersonate answers POST /admin/v1/auth/impersonate: for 15 minutes a token in
// the name of a user, which says who acts and changes nothing of the account.
// Its session ends with those of the user, and with the key. invalid_argument
// without a reason, and the errors of SignInFor.
func (s *Service) Impersonate(ctx context.Context, c Credentials, body []byte, from Client) (*Impersonation, error) {
	p, err := s.admin(ctx, c)
	if err != nil {
		return nil, err
	}
	r, err := parseWhose(body, "user", "reason")
	if err != nil {
		return nil, err
	}
	if n := utf8.RuneCountInString(r.reason); n < 1 || n > maxReason || strings.ContainsFunc(r.reason, unicode.IsControl) {
		return nil, &hutch.Error{Code: hutch.InvalidArgument, Field: "reason", Message: "a reason of 1 to 500 characters in one line is needed; the audit keeps it"}
	}
	var out *Impersonation
	err = rerun(ctx, func() error {
		now := s.o.Now()
		u, err := s.userNamed(ctx, r.user)
		if err != nil {
			return err
		}
		if err = s.enterable(u, now); err != nil {
			return err
		}
		sid, err := newID(now, s.o.Entropy)
		if err != nil {
			return hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
		}
		d := &sessionDoc{ // no refresh token proves itself against it
			ID: sid, User: u.ID, Epoch: u.Epoch, AAL: "aal1", Method: "impersonation", Provider: "impersonation",
			Actor: p.UID, Until: now.Add(actorLife),
			Authentic: now, Refreshed: now, Created: now, Agent: from.agent(), Addr: from.address(),
		}
		if err = s.judgeToken(ctx, u, d); err != nil {
			return err
		}
		if err = s.beginFor(ctx, p, d, auditDoc{Event: "impersonated", Detail: r.reason}, now); err != nil {
			return err
		}
		token, exp, err := s.issue(u, d, now)
		if err != nil {
			return err
		}
		out = &Impersonation{
			AccessToken: token, TokenType: "bearer", ExpiresIn: exp.Unix() - now.Unix(), ExpiresAt: exp.Unix(), User: showUser(u),
		}
		return nil
	})
	return out, err
}

// beginFor commits a session that a key begins, with its row of _audit; the key
// is asked again before.
func (s *Service) beginFor(ctx context.Context, p hutch.Principal, d *sessionDoc, a auditDoc, now time.Time, ws ...data.Write) error {
	if err := s.StillValid(ctx, p); err != nil {
		return err
	}
	a.User, a.Session, a.Network = d.User, d.ID, networkFrom(ctx)
	a.by(p)
	row, err := s.audit(now, a)
	if err != nil {
		return err
	}
	w, err := s.saveSession(d)
	if err != nil {
		return err
	}
	return s.commit(ctx, now, append(ws, w, row)...)
}

// acts refuses what nobody does in another's name: all that touches the account.
func (l *live) acts() error {
	if l.session.Actor == "" {
		return nil
	}
	return &hutch.Error{Code: hutch.InsufficientAAL, Message: "the account is not changed in another's name"}
}

// actorHolds reports whether the key that impersonates is there still; d ends
// with it.
func (s *Service) actorHolds(ctx context.Context, d *sessionDoc, now time.Time) (bool, error) {
	if d.Actor == "" {
		return true, nil
	}
	if isOperatorID(d.Actor) {
		op, err := s.operator(ctx, d.Actor)
		return err == nil && op != nil && op.active(), err
	}
	k, err := load[keyDoc](ctx, s.o.System, colKeys, d.Actor)
	if err != nil || k == nil || k.expired(now) {
		return false, err
	}
	if !k.Expires.IsZero() && k.Expires.Before(d.Until) {
		d.Until = k.Expires
	}
	return true, nil
}
