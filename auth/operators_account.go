package auth

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
)

// RenamePasskey names one anew: validation_failed, webauthn_credential_not_found, and errors of
// Verify.
func (o *Operators) RenamePasskey(ctx context.Context, token, id, name string) (*Entered, error) {
	name, err := deviceName(name)
	if err != nil {
		return nil, err
	}
	return o.change(ctx, token, func(d *operatorDoc, s *operatorSession, now time.Time) (auditDoc, error) {
		if o.owes(d, s) != "" {
			return auditDoc{}, notSignedIn()
		}
		i := slices.IndexFunc(d.Passkeys, func(k passkeyDoc) bool { return k.ID == id })
		if i < 0 {
			return auditDoc{}, noPasskey()
		}
		d.Passkeys[i].Name, d.Passkeys[i].Updated = name, now
		return auditDoc{Event: "operator_passkey_renamed", Target: d.ID, Detail: id}, nil
	})
}

// RemovePasskey takes a passkey away and ends all other sessions.
// webauthn_credential_not_found, and errors of Recent.
func (o *Operators) RemovePasskey(ctx context.Context, token, id string) (*Entered, error) {
	return o.change(ctx, token, func(d *operatorDoc, s *operatorSession, now time.Time) (auditDoc, error) {
		if err := o.mayManage(d, s, now); err != nil {
			return auditDoc{}, err
		}
		n := len(d.Passkeys)
		d.Passkeys = slices.DeleteFunc(slices.Clone(d.Passkeys), func(k passkeyDoc) bool { return k.ID == id })
		if len(d.Passkeys) == n {
			return auditDoc{}, noPasskey()
		}
		d.Sessions = []operatorSession{*s}
		return auditDoc{Event: "operator_factor_removed", Target: d.ID, Detail: joined(passkeyType, id)}, nil
	})
}

// SetPassword needs the present one and ends all other sessions.
// invalid_credentials, weak_password, same_password, over_request_rate_limit, and
// errors of Verify.
func (o *Operators) SetPassword(ctx context.Context, token, present, next string, c Client) (*Entered, error) {
	d, s, err := o.read(ctx, token)
	if err != nil {
		return nil, err
	}
	if o.owes(d, s) != "" {
		return nil, notSignedIn()
	}
	if err := o.right(ctx, d, present, c); err != nil {
		return nil, err
	}
	if present == next {
		return nil, &hutch.Error{Code: hutch.SamePassword, Field: "password", Message: "this is the password already"}
	}
	if err := checkNew(next, max(o.s.o.MinLength, operatorPassword)); err != nil {
		return nil, err
	}
	hash, err := o.s.o.Hasher.Hash(ctx, next)
	if err != nil {
		return nil, err
	}
	was := d.Password
	return o.change(ctx, token, func(d *operatorDoc, s *operatorSession, now time.Time) (auditDoc, error) {
		if d.Password != was {
			return auditDoc{}, wrongPassword()
		}
		d.Password, s.Authentic = hash, now
		d.Sessions = []operatorSession{*s}
		return auditDoc{Event: "operator_password_changed", Target: d.ID}, nil
	})
}

// OperatorDevice is a session of an operator.
type OperatorDevice struct {
	ID        string `json:"id"`
	UserAgent string `json:"userAgent"`
	IP        string `json:"ip"`
	AAL       string `json:"aal"`
	CreatedAt string `json:"createdAt"`
	SeenAt    string `json:"seenAt"`   // to 10 minutes
	NotAfter  string `json:"notAfter"` // whatever its use
	Current   bool   `json:"current"`
}

// Sessions lists those of the operator of a token, the newest first. Errors of
// Verify.
func (o *Operators) Sessions(ctx context.Context, token string) ([]OperatorDevice, error) {
	d, s, err := o.read(ctx, token)
	if err != nil {
		return nil, err
	}
	if o.owes(d, s) != "" {
		return nil, notSignedIn()
	}
	out, now := []OperatorDevice{}, o.s.o.Now()
	for i := range d.Sessions {
		x := &d.Sessions[i]
		if o.lives(d, x, now) {
			out = append(out, OperatorDevice{
				ID: x.ID, UserAgent: x.Agent, IP: x.Addr, AAL: x.AAL, CreatedAt: rfc3339(x.Created),
				SeenAt: rfc3339(x.Seen), NotAfter: rfc3339(o.ends(d, x)), Current: x.ID == s.ID,
			})
		}
	}
	slices.SortFunc(out, func(a, b OperatorDevice) int { return strings.Compare(b.CreatedAt, a.CreatedAt) })
	return out, nil
}

// EndSessions ends one session of the operator of a token, the present one too,
// or with "" all others. not_found, and errors of Verify.
func (o *Operators) EndSessions(ctx context.Context, token, id string) (*Entered, error) {
	return o.change(ctx, token, func(d *operatorDoc, s *operatorSession, _ time.Time) (auditDoc, error) {
		if o.owes(d, s) != "" {
			return auditDoc{}, notSignedIn()
		}
		if id == "" {
			d.Sessions = []operatorSession{*s}
			return auditDoc{Event: "operator_sessions_ended", Target: d.ID}, nil
		}
		if d.session(id) == nil {
			return auditDoc{}, &hutch.Error{Code: hutch.NotFound, Message: "you have no such session"}
		}
		d.end(id)
		return auditDoc{Event: "operator_session_ended", Target: d.ID, Detail: id}, nil
	})
}
