package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Signup makes an account and signs it in. signup_disabled, validation_failed,
// weak_password, user_already_exists, over_request_rate_limit, captcha_failed,
// anonymous_provider_disabled.
func (s *Service) Signup(ctx context.Context, r SignupRequest, c Client) (*Session, error) {
	if r.Anonymous {
		return s.signInAnonymously(ctx, r, c)
	}
	if err := s.mayBecomeUser(); err != nil {
		return nil, err
	}
	if err := s.person(ctx, r.Captcha, c); err != nil {
		return nil, err
	}
	if err := s.countSignup(ctx, c); err != nil {
		return nil, err
	}
	e, meta, err := s.checkAccount(r.Email, r.Password, r.Data)
	if err != nil {
		return nil, err
	}
	if s.o.Mail.Confirm {
		return s.confirmedSignup(ctx, e, r, meta, c)
	}
	// A taken address is told before anything is hashed: that it is taken is no secret.
	if err = s.refuseTaken(ctx, e); err != nil {
		return nil, err
	}
	hash, err := s.o.Hasher.Hash(ctx, r.Password)
	if err != nil {
		return nil, err
	}
	now := s.o.Now()
	u, ws, err := s.newAccount(e, now)
	if err != nil {
		return nil, err
	}
	u.Password, u.Meta, u.LastSignIn = hash, meta, now
	u.noteNetwork(s.networkMark(c), aal1)
	if err = s.judgeSignUp(ctx, u, mailEntry{}, c); err != nil {
		return nil, err
	}
	d, refresh, err := s.newSession(ctx, u, mailEntry{}, c, now)
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
	if err := s.commit(ctx, now, append(ws, wu, wd)...); err != nil {
		if moved(err) {
			return nil, taken()
		}
		return nil, err
	}
	return s.answer(u, d, refresh, now)
}

func taken() error {
	return &hutch.Error{Code: hutch.UserAlreadyExists, Field: "email", Message: "the address has an account"}
}

// checkAccount judges what a new account is made of.
func (s *Service) checkAccount(address, password string, data map[string]json.RawMessage) (e email, meta string, err error) {
	if e, err = parseEmail(address); err != nil {
		return e, "", err
	}
	if err = checkNew(password, s.o.MinLength); err != nil {
		return e, "", err
	}
	meta, err = metadata("", data)
	return e, meta, err
}

// metadata merges user_metadata within its bound.
func metadata(base string, patch map[string]json.RawMessage) (string, error) {
	meta, err := mergeMetadata(base, patch)
	if err != nil {
		return "", invalid("data", "an object is needed")
	}
	if len(meta) > maxMetadata {
		return "", invalid("data", "the data of a user is at most 4 KiB of JSON")
	}
	return meta, nil
}

func (s *Service) refuseTaken(ctx context.Context, e email) error {
	id, err := load[identityDoc](ctx, s.o.System, colIdentities, identityID(e.key))
	if err != nil {
		return err
	}
	if id != nil {
		return taken()
	}
	return nil
}

// newAccount makes a user and the write of the identity that makes its address
// unique.
func (s *Service) newAccount(e email, now time.Time) (*userDoc, []data.Write, error) {
	uid, err := newID(now, s.o.Entropy)
	if err != nil {
		return nil, nil, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	iid, err := newID(now, s.o.Entropy)
	if err != nil {
		return nil, nil, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	u := &userDoc{
		ID: uid, Email: e.address, EmailKey: e.key, IdentityID: iid, Roles: []string{},
		App: "{}", Meta: "{}", Created: now,
	}
	w, err := claimAddress(u, now)
	return u, []data.Write{w}, err
}

// newSession begins a session of u for a client: the one place that all ways in
// pass. Functions judge it first, and may change u, which the caller commits
// with it.
func (s *Service) newSession(ctx context.Context, u *userDoc, how mailEntry, c Client, now time.Time) (*sessionDoc, refreshToken, error) {
	var t refreshToken
	if err := s.judgeUser(ctx, BeforeSignIn, u, how, c); err != nil {
		return nil, t, err
	}
	sid, err := newID(now, s.o.Entropy)
	if err != nil {
		return nil, t, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	if t, err = firstRefresh(s.keys.Load().refresh, sid, s.o.Entropy); err != nil {
		return nil, t, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	d := &sessionDoc{
		ID: sid, User: u.ID, Epoch: u.Epoch, AAL: cmp.Or(how.aal, aal1), Method: how.amr(), Provider: how.provider, Recovery: how.recovery, Passkey: how.passkey,
		Authentic: now, Current: t.hash(), Refreshed: now, Created: now, Agent: c.agent(), Addr: c.address(),
	}
	return d, t, s.judgeToken(ctx, u, d)
}
