package auth

import (
	"context"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func noPasskey() error {
	return &hutch.Error{Code: hutch.WebAuthnNotFound, Message: "there is no such passkey"}
}

func (s *Service) listPasskeys(ctx context.Context, u *userDoc) ([]*Passkey, error) {
	ds, err := s.passkeysOf(ctx, u)
	if err != nil {
		return nil, err
	}
	out := make([]*Passkey, 0, len(ds))
	for _, d := range ds {
		out = append(out, d.show())
	}
	return out, nil
}

// Passkeys answers GET passkeys. Errors of Sessions.
func (s *Service) Passkeys(ctx context.Context, c Credentials) ([]*Passkey, error) {
	l, err := s.mayManage(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.listPasskeys(ctx, l.user)
}

// RenamePasskey answers PATCH passkeys/{id}. bad_json, validation_failed,
// webauthn_credential_not_found (also for another's), over_request_rate_limit, and
// the errors of Sessions.
func (s *Service) RenamePasskey(ctx context.Context, c Credentials, id string, body []byte) (*Passkey, error) {
	l, err := s.mayManage(ctx, c)
	if err != nil {
		return nil, err
	}
	f, err := readBody(body)
	if err != nil {
		return nil, err
	}
	name, err := f.needText("friendly_name")
	if err != nil {
		return nil, err
	}
	if name, err = deviceName(name); err != nil {
		return nil, err
	}
	if err = s.countEdit(ctx, l.user.ID); err != nil {
		return nil, err
	}
	var out *Passkey
	err = s.rerunAlive(ctx, l, func(u *userDoc, session *sessionDoc, now time.Time) error {
		d, err := s.passkeyOf(ctx, u, id)
		if err != nil {
			return err
		}
		d.Name = name
		w, err := s.savePasskey(d, now)
		if err != nil {
			return err
		}
		row, err := s.audit(now, auditDoc{Event: "passkey_renamed", User: u.ID, Session: session.ID, Detail: id})
		if err != nil {
			return err
		}
		out = d.show()
		return s.commit(ctx, now, w, row)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *Service) passkeyOf(ctx context.Context, u *userDoc, id string) (*passkeyDoc, error) {
	if u.passkey(id) < 0 {
		return nil, noPasskey()
	}
	d, err := load[passkeyDoc](ctx, s.o.System, colFactors, id)
	if err == nil && (d == nil || d.User != u.ID) {
		err = noPasskey()
	}
	return d, err
}

// takePasskey removes a passkey of u, as it was read: sessions that it began end
// with it.
func (s *Service) takePasskey(ctx context.Context, u *userDoc, id string) ([]data.Write, error) {
	i := u.passkey(id)
	if i < 0 {
		return nil, noPasskey()
	}
	now := s.o.Now()
	ws := append(s.accessNotice(ctx, u, MailPasskeyRemoved, now),
		remove(colFactors, id), remove(colIdentities, u.Passkeys[i].Identity))
	u.Passkeys = slices.Delete(slices.Clone(u.Passkeys), i, i+1)
	w, err := s.saveUser(u, now)
	return append(ws, w), err
}

// RemovePasskey answers DELETE passkeys/{id}: the passkey goes, and with it the
// sessions that it began, but the present one.
// webauthn_credential_not_found (also for another's), reauthentication_needed,
// and the errors of Sessions.
func (s *Service) RemovePasskey(ctx context.Context, c Credentials, id string) error {
	l, err := s.mayChangeIdentities(ctx, c)
	if err != nil {
		return err
	}
	return s.rerunAlive(ctx, l, func(u *userDoc, d *sessionDoc, now time.Time) error {
		ws, err := s.takePasskey(ctx, u, id)
		if err != nil {
			return err
		}
		if d.Passkey == id {
			d.Passkey = ""
			w, err := s.saveSession(d)
			if err != nil {
				return err
			}
			ws = append(ws, w)
		}
		row, err := s.audit(now, auditDoc{Event: "passkey_removed", User: u.ID, Session: d.ID, Detail: id})
		if err != nil {
			return err
		}
		if err := s.commit(ctx, now, append(ws, row)...); err != nil {
			return err
		}
		s.cache.drop(u.ID)
		return nil
	})
}

// PasskeysOf answers GET admin/users/{id}/passkeys. Errors of UserByID.
func (s *Service) PasskeysOf(ctx context.Context, c Credentials, id string) ([]*Passkey, error) {
	if _, err := s.admin(ctx, c); err != nil {
		return nil, err
	}
	u, err := s.userByID(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.listPasskeys(ctx, u)
}

// RemovePasskeyOf answers DELETE admin/users/{id}/passkeys/{passkey}.
// webauthn_credential_not_found and the errors of UserByID.
func (s *Service) RemovePasskeyOf(ctx context.Context, c Credentials, id, passkey string) error {
	return s.administer(ctx, c, id, "passkey_removed", func(u *userDoc, row *auditDoc) ([]data.Write, error) {
		row.Detail = passkey
		return s.takePasskey(ctx, u, passkey)
	})
}
