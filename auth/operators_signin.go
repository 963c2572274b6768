package auth

import (
	"context"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// SignIn begins a session with a password: the first step where a second factor
// is asked for. validation_failed, invalid_credentials (also for unknown
// addresses and those who are only invited, in the same time),
// over_request_rate_limit.
func (o *Operators) SignIn(ctx context.Context, address, password string, c Client) (*Entered, error) {
	e, err := parseEmail(address)
	if err != nil {
		return nil, err
	}
	if len(password) > maxPassword {
		return nil, wrongPassword()
	}
	d, err := o.s.operator(ctx, operatorID(e.key))
	if err != nil {
		return nil, err
	}
	hash, known := "", false
	if d != nil {
		hash, known = d.Password, o.knows(d, c)
	}
	if err = o.s.checkPassword(ctx, c, "operator "+e.key, password, hash, known); err != nil {
		o.failed("operator password", d, c, err)
		return nil, err
	}
	if !known && o.owes(d, &operatorSession{AAL: aal1}) != "" { // the password alone writes so much, and no more
		if err := o.s.count(ctx, c, "operator half "+d.ID, halvesAnHour); err != nil {
			return nil, err
		}
	}
	fresh := ""
	if o.s.o.Hasher.Stale(hash) {
		if fresh, err = o.s.o.Hasher.Hash(ctx, password); err != nil {
			fresh = ""
		}
	}
	var out *Entered
	err = rerun(ctx, func() error {
		now := o.s.o.Now()
		if d, err = o.s.operator(ctx, operatorID(e.key)); err != nil {
			return err
		}
		if d == nil || d.Password != hash { // set anew meanwhile
			return wrongPassword()
		}
		if fresh != "" {
			d.Password = fresh
		}
		out, err = o.enter(ctx, d, aal1, "password", "", c, now)
		return err
	})
	return out, err
}

// enter commits a session of d that begins by a method in place of another one,
// "" of none; complete ones are sign-ins.
func (o *Operators) enter(ctx context.Context, d *operatorDoc, aal, method, instead string, c Client, now time.Time, ws ...data.Write) (*Entered, error) {
	d.end(instead)
	s, err := o.begin(d, aal, c, now)
	if err != nil {
		return nil, err
	}
	a := auditDoc{Event: "operator_password_given", Operator: d.ID, Session: s.ID, Network: area(c.Addr)}
	if o.owes(d, s) == "" {
		a.Event, a.Detail = "operator_signed_in", joined(method, aal)
		d.SignedIn = now
		d.Networks = noted(d.Networks, o.s.networkMark(c))
	}
	if err := o.commit(ctx, d, a, now, ws...); err != nil {
		return nil, err
	}
	return o.entered(d, s, now)
}

// knows reports whether d signed in from where c is: then strangers' failures do
// not keep d out. Where no network is counted the account's limit is the only one.
func (o *Operators) knows(d *operatorDoc, c Client) bool {
	return c.counted() && seen(d.Networks, o.s.networkMark(c))
}

// failed counts a refused try for the audit.
func (o *Operators) failed(kind string, d *operatorDoc, c Client, err error) {
	a := auditDoc{Event: "sign_in_failed", Detail: kind, Network: area(c.Addr)}
	if d != nil {
		a.Target = d.ID
	}
	o.s.noteFailed(a, err)
}

// SignOut ends the session of a token; one that has ended already is fine.
func (o *Operators) SignOut(ctx context.Context, token string) error {
	err := rerun(ctx, func() error {
		d, s, err := o.read(ctx, token)
		if err != nil {
			return err
		}
		a := auditDoc{Event: "operator_signed_out", Operator: d.ID, Session: s.ID}
		d.end(s.ID)
		return o.commit(ctx, d, a, o.s.o.Now())
	})
	if hutch.CodeOf(err) == hutch.Unauthenticated {
		return nil
	}
	return err
}

// Confirm proves the password again in a session: acts that need a recent proof
// are open for 10 minutes. Errors of SignIn and Verify.
func (o *Operators) Confirm(ctx context.Context, token, password string, c Client) (*Entered, error) {
	d, _, err := o.read(ctx, token)
	if err != nil {
		return nil, err
	}
	if err := o.right(ctx, d, password, c); err != nil {
		return nil, err
	}
	return o.change(ctx, token, func(d *operatorDoc, s *operatorSession, now time.Time) (auditDoc, error) {
		s.Authentic = now
		return auditDoc{Event: "operator_confirmed"}, nil
	})
}

// right judges the password of who is signed in, under the limits of sign-in.
func (o *Operators) right(ctx context.Context, d *operatorDoc, password string, c Client) error {
	if len(password) > maxPassword {
		return wrongPassword()
	}
	err := o.s.checkPassword(ctx, c, "operator "+d.EmailKey, password, d.Password, o.knows(d, c))
	if err != nil {
		o.failed("operator password", d, c, err)
	}
	return err
}

// change commits what f does to the operator of a token, by themselves.
func (o *Operators) change(ctx context.Context, token string, f func(*operatorDoc, *operatorSession, time.Time) (auditDoc, error)) (*Entered, error) {
	var out *Entered
	err := rerun(ctx, func() error {
		now := o.s.o.Now()
		d, s, err := o.read(ctx, token)
		if err != nil {
			return err
		}
		id := s.ID
		a, err := f(d, s, now)
		if err != nil {
			return err
		}
		a.Operator, a.Session = d.ID, id
		if err := o.commit(ctx, d, a, now); err != nil {
			return err
		}
		if s = d.session(id); s == nil { // it ended itself
			out = &Entered{State: OperatorState{MFA: o.MFA()}}
			return nil
		}
		out, err = o.entered(d, s, now)
		return err
	})
	return out, err
}

// mayManage refuses, where factors are asked for, a session that still owes one
// or whose last proof is older than 10 minutes: unauthenticated,
// reauthentication_needed.
func (o *Operators) mayManage(d *operatorDoc, s *operatorSession, now time.Time) error {
	switch {
	case o.owes(d, s) != "":
		return notSignedIn()
	case o.MFA() != MFAOff && now.Sub(s.Authentic) >= recent:
		return &hutch.Error{Code: hutch.ReauthenticationNeeded, Message: "confirm with your password first", Hint: "POST /admin/v1/session/confirm"}
	}
	return nil
}

// Recent refuses what needs a recent proof: errors of Verify,
// reauthentication_needed.
func (o *Operators) Recent(ctx context.Context, token string) error {
	d, s, err := o.read(ctx, token)
	if err != nil {
		return err
	}
	return o.mayManage(d, s, o.s.o.Now())
}

// provenNow is Recent of who was let in as p: service keys are their own proof.
func (s *Service) provenNow(ctx context.Context, p hutch.Principal, now time.Time) error {
	if p.Kind != hutch.Operator {
		return nil
	}
	o := s.Operators()
	d, ses, err := o.alive(ctx, p.UID, p.SessionID, now)
	if err != nil {
		return err
	}
	return o.mayManage(d, ses, now)
}
