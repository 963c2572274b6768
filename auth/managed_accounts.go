package auth

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Create makes an account of the fields of POST admin/users: email_exists,
// validation_failed, weak_password.
func (m *Managed) Create(ctx context.Context, body []byte) (*User, error) {
	r, err := m.s.parseUserEdit(body)
	if err != nil {
		return nil, err
	}
	if r.email == nil {
		return nil, invalid("email", "email is missing")
	}
	if err := m.free(ctx, *r.email); err != nil {
		return nil, err
	}
	now := m.s.o.Now()
	u, ws, err := m.s.newAccount(*r.email, now)
	if err != nil {
		return nil, err
	}
	if err := r.apply(u, now); err != nil {
		return nil, err
	}
	if err := m.s.checkProfile(u); err != nil {
		return nil, err
	}
	u.Password = r.hash
	if r.password != "" {
		if u.Password, err = m.call.hash(ctx, m.s.o.Hasher, r.email.key, r.password); err != nil {
			return nil, err
		}
	}
	if r.confirm {
		u.Confirmed = now
	}
	m.add(u, "user_created", strings.Join(r.names, ","), ws)
	return showUser(u), nil
}

func (m *Managed) free(ctx context.Context, e email) error {
	if _, ok := m.emails[e.key]; ok {
		return emailTaken()
	}
	if len(m.users) >= maxManaged {
		return hutch.Errorf(hutch.ResourceExhausted, "a run reads and changes at most %d users", maxManaged)
	}
	return asExists(m.s.refuseTaken(ctx, e))
}

func (m *Managed) add(u *userDoc, event, detail string, ws []data.Write) {
	m.users[u.ID] = &managed{u: *u, acts: []managedAct{{event, detail, m.By}}, extra: ws}
	m.emails[u.EmailKey] = u.ID
}

const maxInvited = 20 // by one run

// Invite makes an account without a password and mails its owner a link, which
// may end at redirect: email_exists, email_provider_disabled,
// over_email_send_rate_limit.
func (m *Managed) Invite(ctx context.Context, address string, meta map[string]json.RawMessage, redirect string) (*User, error) {
	if m.s.o.Mail.Mailer == nil {
		return nil, noMail()
	}
	if m.invited++; m.invited > maxInvited {
		return nil, hutch.Errorf(hutch.ResourceExhausted, "a run invites at most %d", maxInvited)
	}
	e, err := parseEmail(address)
	if err != nil {
		return nil, err
	}
	merged, err := metadata("", meta)
	if err != nil {
		return nil, err
	}
	if err := m.free(ctx, e); err != nil {
		return nil, err
	}
	if m.call.counts(e.key) {
		if err := m.s.countInvitation(ctx, e.key); err != nil {
			return nil, err
		}
	}
	now := m.s.o.Now()
	var u *userDoc
	ws, err := m.s.invited(&u, e, now)
	if err != nil {
		return nil, err
	}
	u.Meta, u.Invited = merged, now
	if err := m.s.checkProfile(u); err != nil {
		return nil, err
	}
	more, err := m.s.mailLink(forInvite, u, u.Email, u.EmailKey, Flow{Redirect: redirect}, now)
	if err != nil {
		return nil, err
	}
	m.add(u, "user_invited", "", append(ws, more...))
	return showUser(u), nil
}
