package auth

import (
	"context"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	forOperator      = "operator" // purpose of the links
	firstOperator    = "first"    // subject of the one that makes the first operator
	operatorLinkLife = 30 * time.Minute
	setupsAnHour     = 30 // of a network
)

// OperatorLink is good for one setup within 30 minutes: it is shown this once.
type OperatorLink struct {
	ID      string    `json:"id,omitempty"` // of the operator
	Email   string    `json:"email,omitempty"`
	Token   string    `json:"token"`
	Expires time.Time `json:"expiresAt"`
}

// FirstLink makes the link by which the first operator sets up; a new one ends
// the last. nil: there is an operator.
func (o *Operators) FirstLink(ctx context.Context) (*OperatorLink, error) {
	exist, err := o.Exist(ctx)
	if err != nil || exist {
		return nil, err
	}
	l, err := o.s.newOTP(forOperator, firstOperator, operatorLinkLife, nil, false)
	if err != nil {
		return nil, err
	}
	now := o.s.o.Now()
	if err := o.s.commit(ctx, now, l.write); err != nil {
		return nil, err
	}
	return &OperatorLink{Token: l.secret, Expires: now.Add(operatorLinkLife)}, nil
}

// Invite makes a link for an operator: a new one, or with again one who is
// locked out, who by it sets a new password and gives up all factors and
// sessions. by is who asks, "" the command line. validation_failed,
// already_exists, failed_precondition beyond 100 operators.
func (o *Operators) Invite(ctx context.Context, address, by string, again bool) (*OperatorLink, error) {
	e, err := parseEmail(address)
	if err != nil {
		return nil, err
	}
	var out *OperatorLink
	err = rerun(ctx, func() error {
		now := o.s.o.Now()
		all, err := o.all(ctx)
		if err != nil {
			return err
		}
		id := operatorID(e.key)
		d := &operatorDoc{ID: id, Email: e.address, EmailKey: e.key, Created: now, Updated: now}
		if i := slices.IndexFunc(all, func(d *operatorDoc) bool { return d.ID == id }); i >= 0 {
			d = all[i]
			if d.active() && !again {
				out = nil // already_exists within rerun would be a lost commit
				return nil
			}
		} else if len(all) >= maxOperators {
			return &hutch.Error{Code: hutch.FailedPrecondition, Message: "there are 100 operators; remove one first"}
		}
		l, err := o.s.newOTP(forOperator, id, operatorLinkLife, nil, false)
		if err != nil {
			return err
		}
		a := auditDoc{Event: "operator_invited", Operator: by, Target: id}
		if d.active() {
			a.Event = "operator_link_made"
		}
		if by == "" {
			a.Detail = "command line"
		}
		if err := o.commit(ctx, d, a, now, l.write); err != nil {
			return err
		}
		out = &OperatorLink{ID: id, Email: d.Email, Token: l.secret, Expires: now.Add(operatorLinkLife)}
		return nil
	})
	if err == nil && out == nil {
		err = &hutch.Error{
			Code: hutch.AlreadyExists, Field: "email", Message: "this address is an operator's",
			Hint: "hutch operator create makes a new link for who is locked out",
		}
	}
	return out, err
}

// SetUp uses a link up: its owner, or with the first link whoever has it, is an
// operator with this password and signed in. otp_expired, validation_failed,
// weak_password, over_request_rate_limit.
func (o *Operators) SetUp(ctx context.Context, link, address, password string, c Client) (*Entered, error) {
	if err := o.s.count(ctx, c, "operator setup", setupsAnHour); err != nil {
		return nil, err
	}
	l, err := o.s.openOTP(ctx, forOperator, link)
	if err != nil {
		return nil, err
	}
	if err := checkNew(password, max(o.s.o.MinLength, operatorPassword)); err != nil {
		return nil, err
	}
	if _, err := o.invited(ctx, l, address, o.s.o.Now()); err != nil {
		return nil, err
	}
	hash, err := o.s.o.Hasher.Hash(ctx, password)
	if err != nil {
		return nil, err
	}
	var out *Entered
	err = rerun(ctx, func() error {
		now := o.s.o.Now()
		l, err := o.s.openOTP(ctx, forOperator, link)
		if err != nil {
			return err
		}
		d, err := o.invited(ctx, l, address, now)
		if err != nil {
			return err
		}
		d.Password, d.TOTP, d.NewTOTP, d.Passkeys, d.Handle, d.Sessions = hash, nil, nil, nil, nil, nil
		d.Networks = nil // who had the account may have come from there
		row, err := o.s.audit(now, auditDoc{Event: "operator_set_up", Operator: d.ID, Target: d.ID, Network: area(c.Addr), Detail: l.Subject})
		if err != nil {
			return err
		}
		ws := []data.Write{l.spend(), row}
		if l.Subject != firstOperator {
			ws = append(ws, dropOTP(forOperator, firstOperator))
		}
		out, err = o.enter(ctx, d, "aal1", "link", "", c, now, ws...)
		return err
	})
	return out, err
}

// invited is the operator whom a link makes: otp_expired where that is nobody any
// more, validation_failed.
func (o *Operators) invited(ctx context.Context, l *otpDoc, address string, now time.Time) (*operatorDoc, error) {
	if l.Subject != firstOperator {
		d, err := o.s.operator(ctx, l.Subject)
		if err != nil {
			return nil, err
		}
		if d == nil {
			return nil, otpExpired()
		}
		if address != "" {
			if e, err := parseEmail(address); err != nil || e.key != d.EmailKey {
				return nil, invalid("email", "the link is for another address")
			}
		}
		return d, nil
	}
	exist, err := o.Exist(ctx)
	if err != nil {
		return nil, err
	}
	if exist {
		return nil, otpExpired()
	}
	e, err := parseEmail(address)
	if err != nil {
		return nil, err
	}
	d, err := o.s.operator(ctx, operatorID(e.key))
	if err == nil && d == nil {
		d = &operatorDoc{ID: operatorID(e.key), Email: e.address, EmailKey: e.key, Created: now}
	}
	return d, err
}
