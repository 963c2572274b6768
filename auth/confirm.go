package auth

import (
	"context"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// confirmedSignup makes an account that waits for its mail. The answer is equal
// for an address that has an account, whose owner gets a mail.
func (s *Service) confirmedSignup(ctx context.Context, e email, r SignupRequest, meta string, c Client) (*Session, error) {
	if err := s.countMail(ctx, e.key, c); err != nil {
		return nil, err
	}
	hash, err := s.o.Hasher.Hash(ctx, r.Password)
	if err != nil {
		return nil, err
	}
	mark := s.networkMark(c)
	var out *Session
	var room ceiling
	err = rerun(ctx, func() error {
		now := s.o.Now()
		u, ws, err := s.pending(ctx, e, mark, now)
		if err != nil {
			return err
		}
		shown := u
		if shown == nil { // taken: an account as the answer would show a new one
			if shown, _, err = s.newAccount(e, now); err != nil {
				return err
			}
		}
		shown.Meta, shown.Updated = meta, now
		if err = s.judgeSignUp(ctx, shown, mailEntry{}, c); err != nil { // of a taken address too: the answers are equal
			return err
		}
		if err = s.checkProfile(shown); err != nil {
			return err
		}
		out = &Session{User: showUser(shown)}
		to := toStrangers
		if u == nil {
			to = toOwners
		}
		if ok, err := s.mayMail(ctx, &room, to, c); err != nil {
			return err
		} else if !ok { // nothing is made; the answer is the same
			if ws, err = s.decoy(forSignup, e.key, now); err != nil {
				return err
			}
			return s.commit(ctx, now, ws...)
		}
		if u == nil {
			if ws, err = s.takenMail(ctx, "", e, now); err != nil {
				return err
			}
			return s.commit(ctx, now, ws...)
		}
		u.Password = hash
		more, err := s.mailLink(forSignup, u, u.Email, u.EmailKey, r.Flow, now)
		if err != nil {
			return err
		}
		w, err := s.saveUser(u, now)
		if err != nil {
			return err
		}
		return s.commit(ctx, now, append(append(ws, more...), w)...)
	})
	return out, err
}

// pending makes an account for an address that nobody has proven, in place of
// one that still waits; nil where the address has an account.
func (s *Service) pending(ctx context.Context, e email, mark string, now time.Time) (*userDoc, []data.Write, error) {
	id, err := load[identityDoc](ctx, s.o.System, colIdentities, identityID(e.key))
	if err != nil {
		return nil, nil, err
	}
	u, ws, err := s.newAccount(e, now)
	if err != nil {
		return nil, nil, err
	}
	u.Pending, u.From = true, mark
	if id == nil {
		return u, ws, nil
	}
	old, err := load[userDoc](ctx, s.o.System, colUsers, id.User)
	if err != nil {
		return nil, nil, err
	}
	if old == nil { // another sign-up has taken its place since id was read
		return nil, nil, data.Lost(colUsers, id.User)
	}
	if !old.Pending || !old.Invited.IsZero() || old.banned(now) {
		return nil, nil, nil
	}
	u.From = mixed // whose sign-up a code then answers is not known
	for i := range ws {
		ws[i].Expect = id.Version
	}
	gone := remove(colUsers, old.ID)
	gone.Expect = old.Version
	return u, append(append(ws, gone), dropMails(old)...), nil
}

// takenMail tells the owner of an address that somebody signed up with it.
func (s *Service) takenMail(ctx context.Context, uid string, e email, now time.Time) ([]data.Write, error) {
	ws, err := s.decoy(forSignup, e.key, now)
	if err != nil {
		return nil, err
	}
	u, err := s.userByEmail(ctx, e)
	if uid != "" && err == nil {
		u, err = load[userDoc](ctx, s.o.System, colUsers, uid)
	}
	if err != nil || u == nil {
		return ws, err
	}
	w, err := s.mailRow(Mail{Kind: MailTaken, To: u.Email}, now)
	return append(ws[:1], w), err
}
