package auth

import (
	"context"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// followChange confirms an address on the page of its link. code gives the client
// that began the change a session in place of its own, which the change has
// ended; "" where the change waits for the other mail, where no client can show
// that it began it, and where nobody had proven the address of before: what
// predates a proof is worth nothing.
func (s *Service) followChange(ctx context.Context, r LandingRequest, uid string, f *Flow, c Client) (code string, err error) {
	before, err := load[userDoc](ctx, s.o.System, colUsers, uid)
	if err != nil {
		return "", err
	}
	if _, err = s.useLink(ctx, r.Type, r.Token, proof{page: true, password: r.Password}, c); err != nil {
		return "", err
	}
	if f.Challenge == "" || before == nil || before.Confirmed.IsZero() {
		return "", nil
	}
	u, err := load[userDoc](ctx, s.o.System, colUsers, uid)
	if err != nil || u == nil || u.Change != nil {
		return "", err
	}
	return s.issueOTP(ctx, forCode, uid, codeTime, &flowCode{Flow: *f, User: uid, Epoch: u.Epoch})
}

// changedOnPage ends a change of address where no session begins: the browser of
// the page may be anybody's.
func (s *Service) changedOnPage(ctx context.Context, u *userDoc, now time.Time, ws ...data.Write) (*Session, error) {
	w, err := s.saveUser(u, now)
	if err != nil {
		return nil, err
	}
	if err = s.commit(ctx, now, append(ws, w)...); err != nil {
		return nil, err
	}
	s.cache.drop(u.ID)
	return &Session{User: showUser(u)}, nil
}

// enterChanged begins the session of a code of followChange; whatever ends sessions has
// ended the code too. otp_expired, user_banned.
func (s *Service) enterChanged(ctx context.Context, f *flowCode, c Client, ws ...data.Write) (*Session, error) {
	u, err := load[userDoc](ctx, s.o.System, colUsers, f.User)
	if err != nil {
		return nil, err
	}
	if u == nil || u.Epoch != f.Epoch {
		return nil, otpExpired()
	}
	return s.enterBy(ctx, u, mailEntry{method: "otp"}, c, ws...)
}

// changeAgain gives the writes that mail a change of address anew to each address
// that has not confirmed. It waits from now on.
func (s *Service) changeAgain(u *userDoc, f Flow, now time.Time) (ws []data.Write, err error) {
	u.Change.Sent = now
	if !u.Change.New {
		if ws, err = s.mailLink(forChange, u, u.Change.Email, u.Change.Key, f, now); err != nil {
			return nil, err
		}
		target, err := s.newOTP(forTarget, identityID(u.Change.Key), linkLife, u.ID, false)
		if err != nil {
			return nil, err
		}
		ws = append(ws, target.write)
	}
	if !u.Change.Current {
		more, err := s.mailLink(forCurrent, u, u.Email, u.EmailKey, f, now)
		if err != nil {
			return nil, err
		}
		ws = append(ws, more...)
	}
	w, err := s.saveUser(u, u.Updated) // the account itself stays as it was
	return append(ws, w), err
}

// countChange counts the mail to the address that an account is to move to; an
// account that does not move costs the same.
func (s *Service) countChange(ctx context.Context, r RecoverRequest, c Client) error {
	e, err := parseEmail(r.Email)
	if err != nil {
		return err
	}
	u, err := s.userByEmail(ctx, e)
	if err != nil {
		return err
	}
	key := "none of " + e.key
	if u != nil && u.Change != nil && !u.Change.New {
		key = u.Change.Key
	}
	return s.countMail(ctx, key, c)
}
