package auth

import (
	"context"

	"github.com/hutch-dev/hutch"
)

// LandingRequest is what a mailed link or the form of its page carries.
type LandingRequest struct{ Type, Token, RedirectTo, Password string }

// Landing is the page of a mailed link.
type Landing struct {
	Type     string
	Good     bool   // the link is valid now
	Password bool   // the sign-up's password may be given
	Needed   bool   // it must be: no client can show that it began the sign-up
	Failed   bool   // it was wrong
	Done     bool   // nothing is left to do
	Problem  string // what of the user's data is refused; the link stays good
	NewEmail string
	Site     string
}

// Landing says what a mailed link is good for. It reads and consumes nothing:
// mail programs and scanners open links too.
func (s *Service) Landing(ctx context.Context, r LandingRequest) (*Landing, error) {
	out := &Landing{Type: r.Type, Site: s.issuer()}
	d, m, err := s.openMailed(ctx, r)
	if hutch.CodeOf(err) == hutch.OTPExpired || hutch.CodeOf(err) == hutch.ValidationFailed {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	out.Good = true
	if d.Purpose == forUndo {
		return out, nil
	}
	u, err := load[userDoc](ctx, s.o.System, colUsers, d.Subject)
	if err != nil || u == nil {
		out.Good = false
		return out, err
	}
	if u.Change != nil {
		out.NewEmail = u.Change.Email
	}
	out.Password = u.Password != "" && (d.Purpose == forSignup || d.Purpose == forChange && u.Anonymous)
	out.Needed = out.Password && m.Flow.Challenge == ""
	return out, nil
}

func (s *Service) openMailed(ctx context.Context, r LandingRequest) (*otpDoc, *mailed, error) {
	if purposesOf(r.Type) == nil || r.Type == "email" {
		return nil, nil, invalid("type", "no link has this type")
	}
	d, err := s.openOTP(ctx, r.Type, r.Token)
	if err != nil {
		return nil, nil, err
	}
	m := &mailed{}
	if d.Purpose != forUndo {
		err = d.read(m)
	}
	return d, m, err
}

// Follow is what the button of a link's page does: it gives where the browser
// goes. Nothing there is a token: a code for the client that holds the flow's
// verifier, else the link's own secret for POST verify. What needs no session
// is done here. Errors of VerifyMailed.
func (s *Service) Follow(ctx context.Context, r LandingRequest, c Client) (to string, err error) {
	d, m, err := s.openMailed(ctx, r)
	if err != nil {
		return "", err
	}
	target := s.redirect(r.RedirectTo)
	add := func(pairs ...string) string {
		u := *target
		q := u.Query()
		for i := 0; i < len(pairs); i += 2 {
			q.Set(pairs[i], pairs[i+1])
		}
		u.RawQuery = q.Encode()
		return u.String()
	}
	upgrade, waits, err := s.upgrading(ctx, d)
	if err != nil {
		return "", err
	}
	switch {
	case r.Type == forUndo:
		if _, err = s.useLink(ctx, r.Type, r.Token, proof{}, c); err != nil {
			return "", err
		}
		return add("type", r.Type), nil
	case r.Type == forCurrent || r.Type == forChange && (!upgrade || r.Password != ""):
		code, err := s.followChange(ctx, r, d.Subject, &m.Flow, c)
		if err != nil || code == "" {
			return add("type", r.Type), err
		}
		return add("code", code), nil
	case r.Type == forSignup && r.Password != "":
		if err = s.confirmOnly(ctx, r, c); err != nil {
			return "", err
		}
		return add("type", r.Type), nil
	case m.Flow.Challenge != "":
		code, err := s.redirectCode(ctx, d.ID, &flowCode{Flow: m.Flow, Purpose: d.Purpose, Link: r.Token})
		if err != nil {
			return "", err
		}
		return add("code", code), nil
	case waits || r.Type == forSignup && !s.passwordless(ctx, d):
		return "", &hutch.Error{Code: hutch.ReauthenticationNeeded, Field: "password", Message: "the password of the sign-up is needed"}
	}
	return add("token_hash", r.Token, "type", d.Purpose), nil
}

func (s *Service) passwordless(ctx context.Context, d *otpDoc) bool {
	u, err := load[userDoc](ctx, s.o.System, colUsers, d.Subject)
	return err == nil && u != nil && u.Password == ""
}

// confirmOnly confirms a sign-up with its password, without a session: the page
// is not the app's.
func (s *Service) confirmOnly(ctx context.Context, r LandingRequest, c Client) error {
	return rerun(ctx, func() error {
		d, m, err := s.openMailed(ctx, r)
		if err != nil {
			return err
		}
		now := s.o.Now()
		u, err := load[userDoc](ctx, s.o.System, colUsers, d.Subject)
		if err != nil {
			return err
		}
		if u == nil || !u.Pending || u.EmailKey != m.Key {
			return otpExpired()
		}
		if _, err = s.ownSignup(ctx, u, &m.Flow, proof{password: r.Password}, c); err != nil {
			return err
		}
		ws, err := s.proven(u, true, now)
		if err != nil {
			return err
		}
		w, err := s.saveUser(u, now)
		if err != nil {
			return err
		}
		if err = s.commit(ctx, now, once(append(append(ws[:0:0], d.spend()), append(ws, w)...))...); err != nil {
			return err
		}
		s.cache.drop(u.ID)
		return nil
	})
}
