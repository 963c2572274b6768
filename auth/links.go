package auth

import (
	"context"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// linkPurposes are the types of POST admin/generate_link.
var linkPurposes = map[string]string{
	forSignup: forSignup, forMagic: forMagic, forRecovery: forRecovery, forInvite: forInvite,
	"email_change_new": forChange, "email_change_current": forCurrent,
}

// GeneratedLink answers POST admin/generate_link, in GoTrue's shape: what the
// mail would hold that nobody sends, and the user.
type GeneratedLink struct {
	*User

	ActionLink       string `json:"action_link"`
	EmailOTP         string `json:"email_otp"`
	HashedToken      string `json:"hashed_token"` // of the link
	RedirectTo       string `json:"redirect_to"`  // as the link allows it
	VerificationType string `json:"verification_type"`
}

// linkRequest is the body of it.
type linkRequest struct {
	kind, purpose string
	email         email
	newEmail      *email // of a change
	hash          string // of a sign-up's password
	meta          string // of an account that is made
	flow          Flow
}

// GenerateLink makes what a mail of a type would hold and sends nothing: the
// key's holder does. A sign-up, an invitation and a magic link make the account
// that is not there. Who proves an address by it gets what the mail would give:
// a sign-up's link wants the password where its flow did not begin. bad_json,
// validation_failed, weak_password, email_exists, user_not_found, user_banned,
// over_request_rate_limit, and what tells that the credential is no key of scope auth.
func (s *Service) GenerateLink(ctx context.Context, c Credentials, body []byte, redirect string) (*GeneratedLink, error) {
	p, err := s.admin(ctx, c)
	if err != nil {
		return nil, err
	}
	r, err := s.parseLink(ctx, body)
	if err != nil {
		return nil, asExists(err)
	}
	r.flow.Redirect = redirect
	var out *GeneratedLink
	err = rerun(ctx, func() error {
		now := s.o.Now()
		u, key, ws, err := s.linked(ctx, &r, now)
		if err != nil {
			return err
		}
		o, _, err := s.newLink(r.purpose, u, key, r.flow)
		if err != nil {
			return err
		}
		if err := s.StillValid(ctx, p); err != nil {
			return err
		}
		a := auditDoc{Event: "link_generated", User: u.ID, Network: networkFrom(ctx), Detail: r.kind}
		a.by(p)
		row, err := s.audit(now, a)
		if err != nil {
			return err
		}
		w, err := s.saveUser(u, now)
		if err != nil {
			return err
		}
		// Of a document the first write counts: the new link goes before what ends old ones.
		if err := s.commit(ctx, now, once(append([]data.Write{o.write, row, w}, ws...))...); err != nil {
			return err
		}
		s.cache.drop(u.ID)
		out = &GeneratedLink{
			User: showUser(u), ActionLink: s.linkTo(r.purpose, o.secret, redirect), EmailOTP: o.code, HashedToken: o.secret,
			RedirectTo: s.redirect(redirect).String(), VerificationType: r.kind,
		}
		return nil
	})
	return out, asExists(err)
}

func (s *Service) parseLink(ctx context.Context, body []byte) (r linkRequest, err error) {
	f, err := readBody(body)
	if err != nil {
		return r, err
	}
	if r.kind, err = f.needText("type"); err != nil {
		return r, err
	}
	if r.purpose = linkPurposes[r.kind]; r.purpose == "" {
		return r, invalid("type", "type is signup, magiclink, recovery, invite, email_change_new or email_change_current")
	}
	address, err := f.needText("email")
	if err != nil {
		return r, err
	}
	if r.email, err = parseEmail(address); err != nil {
		return r, err
	}
	fields, err := f.object("data")
	if err != nil {
		return r, err
	}
	if r.meta, err = metadata("", fields); err != nil {
		return r, err
	}
	if r.flow, err = f.flow(); err != nil {
		return r, err
	}
	switch r.purpose {
	case forChange, forCurrent:
		if address, err = f.needText("new_email"); err != nil {
			return r, err
		}
		e, err := parseEmail(address)
		if err != nil {
			return r, invalid("new_email", "an e-mail address is needed")
		}
		r.newEmail = &e
	case forSignup:
		password, err := f.needText("password")
		if err != nil {
			return r, err
		}
		if err = checkNew(password, s.o.MinLength); err != nil {
			return r, err
		}
		if err = s.refuseProven(ctx, r.email); err != nil { // before anything is hashed
			return r, err
		}
		r.hash, err = s.o.Hasher.Hash(ctx, password)
		return r, err
	}
	return r, nil
}

// refuseProven tells of an account that no sign-up takes the place of.
func (s *Service) refuseProven(ctx context.Context, e email) error {
	u, err := s.userByEmail(ctx, e)
	switch {
	case err != nil || u == nil:
		return err
	case u.banned(s.o.Now()):
		return userBanned()
	case !u.Pending || !u.Invited.IsZero():
		return taken()
	}
	return nil
}

// linked gives the account of a link, changed as the mail would leave it, the key
// of the address that the link proves, and what is written beside it.
func (s *Service) linked(ctx context.Context, r *linkRequest, now time.Time) (u *userDoc, key string, ws []data.Write, err error) {
	if u, err = s.userByEmail(ctx, r.email); err != nil {
		return nil, "", nil, err
	}
	if u != nil && u.banned(now) {
		return nil, "", nil, userBanned()
	}
	key = r.email.key
	switch r.purpose {
	case forSignup:
		if u, ws, err = s.pending(ctx, r.email, "", now); err == nil && u == nil {
			err = taken()
		}
		if err != nil {
			return nil, "", nil, err
		}
		u.Password, u.Meta = r.hash, r.meta
	case forInvite:
		if ws, err = s.invited(&u, r.email, now); err != nil {
			return nil, "", nil, err
		}
		u.Meta, u.Invited = r.meta, now
	case forMagic:
		if u == nil {
			if u, ws, err = s.newAccount(r.email, now); err != nil {
				return nil, "", nil, err
			}
			u.Pending, u.Meta = true, r.meta
		}
	}
	if u == nil {
		return nil, "", nil, noUser()
	}
	if r.newEmail != nil {
		if ws, err = s.changing(ctx, u, r, now); err != nil {
			return nil, "", nil, err
		}
		if r.purpose == forChange {
			key = r.newEmail.key
		}
	}
	if u.Pending && r.purpose != forSignup { // as for a mail: what is proven otherwise keeps no sign-up's password
		u.From = mixed
		ws = append(ws, dropOTP(forSignup, u.ID))
	}
	return u, key, ws, nil
}

// changing notes a change of address in u, or goes on with the one that waits:
// both links belong to it. email_exists, validation_failed, over_request_rate_limit.
func (s *Service) changing(ctx context.Context, u *userDoc, r *linkRequest, now time.Time) ([]data.Write, error) {
	if err := u.mayMove(now); err != nil {
		return nil, err
	}
	if err := s.refuseTaken(ctx, *r.newEmail); err != nil {
		return nil, asExists(err)
	}
	alone := s.o.Mail.SingleMail || u.Confirmed.IsZero()
	if alone && r.purpose == forCurrent {
		return nil, invalid("type", "the new address alone confirms this change")
	}
	var ws []data.Write
	if ch := u.Change; ch == nil || ch.Key != r.newEmail.key || now.Sub(ch.Sent) > linkLife {
		u.Change = &change{Email: r.newEmail.address, Key: r.newEmail.key, Current: alone}
		ws = []data.Write{dropOTP(forChange, u.ID), dropOTP(forCurrent, u.ID)}
	}
	u.Change.Sent, u.Change.Current = now, u.Change.Current || alone
	target, err := s.newOTP(forTarget, identityID(r.newEmail.key), linkLife, u.ID, false)
	if err != nil {
		return nil, err
	}
	return append(ws, target.write), nil
}
