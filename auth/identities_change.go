package auth

import (
	"context"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// mayChangeIdentities is who asks, if the session is recent.
func (s *Service) mayChangeIdentities(ctx context.Context, cr Credentials) (*live, error) {
	l, err := s.present(ctx, cr)
	if err != nil {
		return nil, err
	}
	return l, s.mayManageAccount(l.user, l.session)
}

// LinkIdentity begins a flow that gives who asks another identity, and answers
// where the browser goes: to a page of ours, which binds the flow to it.
// no_authorization, bad_jwt, session_not_found, reauthentication_needed,
// insufficient_aal, and the errors of Authorize.
func (s *Service) LinkIdentity(ctx context.Context, cr Credentials, r AuthorizeRequest, c Client) (string, error) {
	l, err := s.mayChangeIdentities(ctx, cr)
	if err != nil {
		return "", err
	}
	f, err := s.readFlow(r)
	if err != nil {
		return "", err
	}
	if err := s.countFlow(ctx, c, "oauth", flowsAnHour); err != nil {
		return "", err
	}
	f.User, f.Session = l.user.ID, l.session.ID
	ticket, err := s.issueOTP(ctx, otpTicket, l.session.ID, stateLife, f)
	if err != nil {
		return "", err
	}
	return s.issuer() + "/auth/v1/authorize?ticket=" + ticket, nil
}

// Unlink takes an identity away and ends the other sessions, which may have
// come by it; the one of the address takes the password with it.
// identity_not_found, single_identity_not_deletable, and LinkIdentity's.
func (s *Service) Unlink(ctx context.Context, cr Credentials, id string) error {
	l, err := s.mayChangeIdentities(ctx, cr)
	if err != nil {
		return err
	}
	return s.rerunAlive(ctx, l, func(u *userDoc, d *sessionDoc, now time.Time) error {
		ws, provider, err := s.takeIdentity(ctx, u, id)
		if err != nil {
			return err
		}
		u.Epoch++
		d.Epoch = u.Epoch
		wu, err := s.saveUser(u, now)
		if err != nil {
			return err
		}
		wd, err := s.saveSession(d)
		if err != nil {
			return err
		}
		row, err := s.audit(now, auditDoc{Event: "identity_unlinked", User: u.ID, Session: d.ID, Detail: provider})
		if err != nil {
			return err
		}
		if err := s.commit(ctx, now, append(ws, wu, wd, row)...); err != nil {
			return err
		}
		s.cache.drop(u.ID)
		return nil
	})
}

// takeIdentity takes one from u, which its caller saves, and gives its provider:
// identity_not_found, single_identity_not_deletable.
func (s *Service) takeIdentity(ctx context.Context, u *userDoc, id string) (ws []data.Write, provider string, err error) {
	ways := len(u.Linked)
	if u.IdentityID != "" {
		ways++
	}
	i := u.linkOf(id)
	switch {
	case i < 0 && (id == "" || id != u.IdentityID):
		return nil, "", &hutch.Error{Code: hutch.IdentityNotFound, Message: "the account has no such identity"}
	case ways < 2:
		return nil, "", &hutch.Error{Code: hutch.SingleIdentity, Message: "the only way in cannot be removed"}
	case i >= 0:
		ws = append(ws, remove(colIdentities, foreignID(u.Linked[i].Issuer, u.Linked[i].Subject)))
		provider, u.Linked = u.Linked[i].Provider, slices.Delete(slices.Clone(u.Linked), i, i+1)
		return ws, provider, nil
	}
	u.Password, u.IdentityID = "", ""
	if u.Confirmed.IsZero() { // nobody proved it: it is free for its owner
		if ws, err = s.releaseAddress(ctx, u); err != nil {
			return nil, "", err
		}
		u.Email, u.EmailKey = "", ""
	}
	return ws, "email", nil
}

// UnlinkOf answers DELETE admin/users/{id}/identities/{identity}: Unlink by an
// administrator, who ends all sessions with it. Errors of Unlink and UserByID.
func (s *Service) UnlinkOf(ctx context.Context, c Credentials, id, identity string) error {
	return s.administer(ctx, c, id, "identity_unlinked", func(u *userDoc, row *auditDoc) ([]data.Write, error) {
		ws, provider, err := s.takeIdentity(ctx, u, identity)
		if err != nil {
			return nil, err
		}
		row.Detail = provider
		u.Epoch++
		w, err := s.saveUser(u, s.o.Now())
		return append(ws, w), err
	})
}
