package auth

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Erasures is what the documents' side does when a person is erased:
// *data.Service.
type Erasures interface {
	// Erasure is the mark that goes with the deletion of the account.
	Erasure(id string, now time.Time, also ...string) data.Write
	// Erase drops what is kept of the person's requests, and dead letters about
	// id and also; the mark brings it about later where it fails.
	Erase(ctx context.Context, id string, also ...string) error
}

// removeAtOnce is how many sessions go in the commit that removes their user;
// more are dead with it and swept.
const removeAtOnce = 400

// erased is what a node forgets once an account is gone.
type erased struct {
	user     string
	mailed   []string // what mails to the account's addresses are about
	sessions []string
}

// erasing are the writes that end an account as it was read, with all that
// belongs to it: identities, sessions, passkeys, what was mailed.
func (s *Service) erasing(ctx context.Context, u *userDoc, now time.Time) ([]data.Write, erased, error) {
	ds, err := s.sessionsOf(ctx, u, now)
	if err != nil {
		return nil, erased{}, err
	}
	return s.erasingWith(ctx, u, ds, now)
}

// erasingWith is erasing with the sessions of u as they were read: none was used
// since.
func (s *Service) erasingWith(ctx context.Context, u *userDoc, ds []*sessionDoc, now time.Time) ([]data.Write, erased, error) {
	gone := erased{user: u.ID, mailed: addressesOf(u, now)}
	w := remove(colUsers, u.ID)
	w.Expect = u.Version
	ws := append(append(s.mailedTo(u), u.dropUndos(time.Time{})...), dropOTP(forCode, u.ID), w)
	free, err := s.releaseAddress(ctx, u)
	if err != nil {
		return nil, gone, err
	}
	ws = append(ws, free...)
	for i := range u.Linked {
		ws = append(ws, remove(colIdentities, foreignID(u.Linked[i].Issuer, u.Linked[i].Subject)))
	}
	ws = append(append(ws, dropPasskeys(u)...), dropFactors(u)...)
	for _, d := range ds[:min(len(ds), removeAtOnce)] {
		w := remove(colSessions, d.ID)
		w.Expect = d.Version
		ws, gone.sessions = append(ws, w), append(gone.sessions, d.ID)
	}
	if s.o.Erasures != nil {
		ws = append(ws, s.o.Erasures.Erasure(u.ID, now, gone.mailed...))
	}
	return ws, gone, nil
}

// letterLife is how long a mail is kept that was given up.
const letterLife = 30 * 24 * time.Hour

// addressesOf are what mails to an account are about, also at its former addresses.
func addressesOf(u *userDoc, now time.Time) []string {
	var out []string
	if u.EmailKey != "" {
		out = append(out, identityID(u.EmailKey))
	}
	if u.Change != nil {
		if e, err := parseEmail(u.Change.Email); err == nil {
			out = append(out, identityID(e.key))
		}
	}
	for _, r := range u.Undos {
		if now.Before(r.Changed.Add(letterLife)) { // later nothing is left, and the address may be another's
			out = append(out, r.About)
		}
	}
	return out
}

// Gone reports whether an account is no more.
func (s *Service) Gone(ctx context.Context, id string) (bool, error) {
	u, err := load[userDoc](ctx, s.o.System, colUsers, id)
	return u == nil && err == nil, err
}

// forget does what needs no commit, or may come later.
func (s *Service) forget(ctx context.Context, gone erased) {
	s.forgetSessions(ctx, gone)
	if s.o.Erasures == nil {
		return
	}
	if err := s.o.Erasures.Erase(ctx, gone.user, gone.mailed...); err != nil {
		s.o.Log.Warn("what is kept of an erased user's requests goes later", slog.String("user", gone.user), slog.Any("error", err))
	}
}

// forgetSessions is forget of many in turn, whose other traces go together by their
// marks.
func (s *Service) forgetSessions(ctx context.Context, gone erased) {
	if err := s.endSessionsOf(ctx, gone.user); err != nil {
		s.o.Log.Warn("sessions of an erased user go with the next sweep", slog.String("user", gone.user), slog.Any("error", err))
	}
	s.cache.drop(gone.user)
	for _, id := range gone.sessions {
		s.cache.drop(id)
	}
}

// endSessionsOf deletes the sessions that are left of a user who is gone, before
// the images of the account leave the log: those that had ended, and those beyond
// removeAtOnce.
func (s *Service) endSessionsOf(ctx context.Context, user string) error {
	q := data.Query{From: colSessions, Where: data.Where{Op: data.OpEq, Path: "user", Value: data.String(user)}, Limit: removeAtOnce}
	for {
		var ws []data.Write
		for raw, err := range s.o.System.Find(ctx, q) {
			if err != nil {
				return err
			}
			d, err := decode[sessionDoc](raw)
			if err != nil {
				return err
			}
			if d.User == user {
				ws = append(ws, remove(colSessions, d.ID))
			}
		}
		if len(ws) == 0 {
			return nil
		}
		if err := s.tidy(ctx, s.o.Now(), ws...); err != nil { // the account's row tells of them
			return err
		}
	}
}

// EraseSelf answers DELETE user: the account of who asks goes, if the session is
// recent. no_authorization, bad_jwt, session_not_found, user_banned,
// reauthentication_needed, insufficient_aal.
func (s *Service) EraseSelf(ctx context.Context, cr Credentials) error {
	l, err := s.mayChangeIdentities(ctx, cr)
	if err != nil {
		return err
	}
	var gone erased
	err = s.rerunAlive(ctx, l, func(u *userDoc, d *sessionDoc, now time.Time) error {
		if err := s.mayManageAccount(u, d); err != nil {
			return err
		}
		var ws []data.Write
		if ws, gone, err = s.erasing(ctx, u, now); err != nil {
			return err
		}
		row, err := s.audit(now, auditDoc{Event: "user_erased", User: u.ID, Session: d.ID})
		if err != nil {
			return err
		}
		return s.commit(ctx, now, once(append(ws, row))...)
	})
	if err == nil {
		s.forget(ctx, gone)
	}
	return err
}

// EraseUser erases an account, named by address or id, for the command line; it
// gives the id. not_found.
func (s *Service) EraseUser(ctx context.Context, which string) (string, error) {
	find := func() (*userDoc, error) {
		if id := strings.ToLower(which); uuid.Validate(id) == nil {
			return load[userDoc](ctx, s.o.System, colUsers, id)
		}
		e, err := parseEmail(which)
		if err != nil {
			return nil, err
		}
		return s.userByEmail(ctx, e)
	}
	var gone erased
	err := rerun(ctx, func() error {
		u, err := find()
		if err != nil {
			return err
		}
		if u == nil {
			return &hutch.Error{Code: hutch.NotFound, Message: "no account has this address or id"}
		}
		now := s.o.Now()
		var ws []data.Write
		if ws, gone, err = s.erasing(ctx, u, now); err != nil {
			return err
		}
		row, err := s.audit(now, auditDoc{Event: "user_erased", User: u.ID})
		if err != nil {
			return err
		}
		return s.commit(ctx, now, once(append(ws, row))...)
	})
	if err != nil {
		return "", err
	}
	s.forget(ctx, gone)
	return gone.user, nil
}
