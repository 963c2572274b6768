package auth

import (
	"context"
	"time"

	"github.com/hutch-dev/hutch"
)

// byNobody is the method and the provider of an anonymous user's session.
const byNobody = "anonymous"

// signInAnonymously makes an account without a way back into it: its session
// is the only one. anonymous_provider_disabled, signup_disabled,
// validation_failed, captcha_failed, over_request_rate_limit.
func (s *Service) signInAnonymously(ctx context.Context, r SignupRequest, c Client) (*Session, error) {
	if !s.o.Anonymous {
		return nil, &hutch.Error{Code: hutch.AnonymousDisabled, Message: "an account needs an address and a password"}
	}
	if err := s.mayBecomeUser(); err != nil {
		return nil, err
	}
	if err := s.person(ctx, r.Captcha, c); err != nil {
		return nil, err
	}
	if err := s.count(ctx, c, "anonymous", s.o.Limits.AnonymousPerNetwork); err != nil {
		return nil, err
	}
	meta, err := metadata("", r.Data)
	if err != nil {
		return nil, err
	}
	now := s.o.Now()
	u, _, err := s.newAccount(email{}, now)
	if err != nil {
		return nil, err
	}
	u.IdentityID, u.Anonymous, u.Meta, u.LastSignIn = "", true, meta, now
	how := mailEntry{method: byNobody, provider: byNobody}
	if err = s.judgeSignUp(ctx, u, how, c); err != nil {
		return nil, err
	}
	d, refresh, err := s.newSession(ctx, u, how, c, now)
	if err != nil {
		return nil, err
	}
	wu, err := s.saveUser(u, now)
	if err != nil {
		return nil, err
	}
	wd, err := s.saveSession(d)
	if err != nil {
		return nil, err
	}
	if err := s.commit(ctx, now, wu, wd); err != nil {
		return nil, err
	}
	return s.answer(u, d, refresh, now)
}

// mayBecomeUser refuses new accounts, those that an anonymous user would become
// too, where accounts are by invitation.
func (s *Service) mayBecomeUser() error {
	if !s.o.Signup {
		return &hutch.Error{Code: hutch.SignupDisabled, Message: "accounts are by invitation only"}
	}
	return nil
}

// isRecent reports whether a session proves who it is of by itself. One of an
// anonymous user always does: there is no other proof, and no way to sign in again.
func (s *Service) isRecent(l *live) bool {
	return l.user.Anonymous || s.o.Now().Sub(l.session.Authentic) < recent
}

// beginUpgrade notes what came with the address that an anonymous user wants:
// the password waits with it, and only one that came with the last address.
func (s *Service) beginUpgrade(u *userDoc, hash string, c Client) {
	u.Password, u.From = hash, s.networkMark(c)
}

// upgrades turns u, whose new address has proven itself, into a permanent user,
// and reports whether the password that waited is kept: as at a sign-up, where
// the proof came from where it was set.
func (s *Service) upgrades(ctx context.Context, u *userDoc, m *mailed, p proof, c Client, now time.Time) (keep bool, err error) {
	applicant := *u
	applicant.EmailKey = m.Key // a guess of the password counts for the address
	if keep, err = s.ownSignup(ctx, &applicant, &m.Flow, p, c); err != nil {
		return false, err
	}
	if u.IdentityID, err = newID(now, s.o.Entropy); err != nil {
		return false, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	return keep, nil
}

// upgrading reports whether a link proves the address of an anonymous user, and
// whether a password waits with it.
func (s *Service) upgrading(ctx context.Context, d *otpDoc) (upgrade, password bool, err error) {
	if d.Purpose != forChange {
		return false, false, nil
	}
	u, err := load[userDoc](ctx, s.o.System, colUsers, d.Subject)
	if err != nil || u == nil {
		return false, false, err
	}
	return u.Anonymous, u.Anonymous && u.Password != "", nil
}

// upgrade makes an anonymous user permanent by the identity that is being
// linked. Whoever has a session, passkey or factor of before is out: it may have been planted.
func (e *entry) upgrade(u *userDoc) error {
	if err := e.s.mayBecomeUser(); err != nil {
		return err
	}
	e.ws = append(append(append(e.ws, e.s.mailedTo(u)...), dropPasskeys(u)...), dropFactors(u)...)
	u.Anonymous, u.Password, u.From = false, "", ""
	u.Epoch++
	row, err := e.s.audit(e.now, auditDoc{Event: "user_upgraded", User: u.ID, Detail: e.g.Provider})
	e.ws = append(e.ws, row)
	return err
}
