package auth

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Invite makes an account without password and mails its owner a link; again for
// one that waits. user_already_exists, user_banned, validation_failed,
// email_provider_disabled, over_email_send_rate_limit.
func (s *Service) Invite(ctx context.Context, address string, data map[string]json.RawMessage, redirect string) (*User, error) {
	return s.invite(ctx, nil, address, data, redirect)
}

// InviteUser answers POST invite, for a service key of scope auth: email_exists,
// bad_json, the errors of Invite, and what tells that the credential is no such
// key.
func (s *Service) InviteUser(ctx context.Context, c Credentials, body []byte, redirect string) (*User, error) {
	p, err := s.admin(ctx, c)
	if err != nil {
		return nil, err
	}
	f, err := readBody(body)
	if err != nil {
		return nil, err
	}
	address, err := f.needText("email")
	if err != nil {
		return nil, err
	}
	meta, err := f.object("data")
	if err != nil {
		return nil, err
	}
	out, err := s.invite(ctx, &p, address, meta, redirect)
	return out, asExists(err)
}

// invite does it; by is the key that asks, nil for the server itself.
func (s *Service) invite(ctx context.Context, by *hutch.Principal, address string, data map[string]json.RawMessage, redirect string) (*User, error) {
	if s.o.Mail.Mailer == nil {
		return nil, noMail()
	}
	e, err := parseEmail(address)
	if err != nil {
		return nil, err
	}
	meta, err := metadata("", data)
	if err != nil {
		return nil, err
	}
	if err = s.countAddress(ctx, e.key); err != nil { // keys are free of limits, people are not of mails
		return nil, err
	}
	var out *User
	err = rerun(ctx, func() error {
		now := s.o.Now()
		u, err := s.userByEmail(ctx, e)
		if err != nil {
			return err
		}
		ws, err := s.invited(&u, e, now)
		if err != nil {
			return err
		}
		u.Meta, u.Invited = meta, now
		more, err := s.mailLink(forInvite, u, u.Email, u.EmailKey, Flow{Redirect: redirect}, now)
		if err != nil {
			return err
		}
		a := auditDoc{Event: "user_invited", User: u.ID}
		if by != nil {
			if err := s.StillValid(ctx, *by); err != nil {
				return err
			}
			a.Key = by.UID
		}
		row, err := s.audit(now, a)
		if err != nil {
			return err
		}
		w, err := s.saveUser(u, now)
		if err != nil {
			return err
		}
		if err = s.commit(ctx, now, append(append(ws, more...), w, row)...); err != nil {
			return err
		}
		u.Updated = now
		out = showUser(u)
		return nil
	})
	return out, err
}

// invited makes the account of an invitation, or takes over one that waits.
func (s *Service) invited(u **userDoc, e email, now time.Time) ([]data.Write, error) {
	if *u == nil {
		n, ws, err := s.newAccount(e, now)
		if err != nil {
			return nil, err
		}
		n.Pending, n.From = true, mixed
		*u = n
		return ws, nil
	}
	switch {
	case (*u).banned(now):
		return nil, userBanned()
	case !(*u).Pending:
		return nil, taken()
	}
	(*u).Password, (*u).From = "", mixed
	return []data.Write{dropOTP(forSignup, (*u).ID), dropOTP(forMagic, (*u).ID)}, nil
}
