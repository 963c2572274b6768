package auth

import (
	"context"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Reauthenticate mails the code that PUT user takes as nonce, to the stored
// address. Errors of User, over_email_send_rate_limit, email_provider_disabled.
func (s *Service) Reauthenticate(ctx context.Context, cr Credentials, c Client) error {
	l, err := s.present(ctx, cr)
	if err != nil {
		return err
	}
	if s.o.Mail.Mailer == nil {
		return noMail()
	}
	if l.user.Email == "" {
		return invalid("email", "the account has no address")
	}
	if err = s.countMailTo(ctx, l.user.EmailKey, recipientOf(forReauth, l.user, l.user.Email), c); err != nil {
		return err
	}
	now := s.o.Now()
	o, err := s.newOTP(forReauth, l.user.ID, codeLife, &mailed{Key: l.user.EmailKey}, true)
	if err != nil {
		return err
	}
	w, err := s.mailRow(Mail{
		Kind: MailReauthenticate, To: l.user.Email, Code: o.code, Name: nameOf(l.user.Meta), Until: now.Add(codeLife),
	}, now)
	if err != nil {
		return err
	}
	return s.commit(ctx, now, o.write, w)
}

// mayChangeUser judges what PUT user asks but the proof for a password; to is the
// new address, nil where it stays.
func (s *Service) mayChangeUser(ctx context.Context, l *live, r UpdateRequest, c Client) (to *email, err error) {
	if l.session.Recovery && (r.Email != "" || r.Data != nil) {
		return nil, &hutch.Error{Code: hutch.ReauthenticationNeeded, Field: "password", Message: "set a new password first"}
	}
	if err := s.stillMay(l.user, l.session, r); err != nil {
		return nil, err
	}
	if r.Nonce != "" {
		t, err := s.beginCode(ctx, l.user.ID, c, l.user.seenFrom(s.networkMark(c)))
		if err != nil {
			return nil, err
		}
		if _, err = s.openNonce(ctx, l.user, r.Nonce); err != nil {
			s.noteFailure("nonce", l.user, c, err)
			return nil, err
		}
		t.passed(ctx)
	}
	if r.Email == "" {
		return nil, nil
	}
	e, err := parseEmail(r.Email)
	if err != nil || e.key == l.user.EmailKey {
		return nil, err
	}
	if s.o.Mail.Mailer == nil {
		return nil, invalid("email", "the address cannot be changed: this server sends no mail")
	}
	if l.user.Anonymous {
		if err = s.mayBecomeUser(); err != nil {
			return nil, err
		}
	}
	if r.Nonce == "" && !s.isRecent(l) {
		return nil, &hutch.Error{
			Code: hutch.ReauthenticationNeeded, Field: "nonce", Message: "give the code that GET reauthenticate mails, or sign in again",
		}
	}
	if err = s.countMailTo(ctx, e.key, toStrangers, c); err != nil {
		return nil, err
	}
	if !s.o.Mail.SingleMail && !l.user.Confirmed.IsZero() { // it is mailed as well
		if err = s.countMailTo(ctx, l.user.EmailKey, toOwners, c); err != nil {
			return nil, err
		}
	}
	return &e, nil
}

// stillMay refuses a session without the second factor of its user; what counts
// without it by the config may change data. insufficient_aal.
func (s *Service) stillMay(u *userDoc, d *sessionDoc, r UpdateRequest) error {
	if r.Email != "" || r.Password != "" || s.waits(u, d) {
		return highest(u, d)
	}
	return nil
}

// openNonce finds the mailed code of a user: otp_expired.
func (s *Service) openNonce(ctx context.Context, u *userDoc, nonce string) (d *otpDoc, err error) {
	err = rerun(ctx, func() error {
		d, err = s.openCode(ctx, []string{forReauth}, u.ID, nonce)
		return err
	})
	return d, err
}

// spendNonce uses up the nonce of a request in the commit of what it allows.
func (s *Service) spendNonce(ctx context.Context, u *userDoc, r UpdateRequest) ([]data.Write, error) {
	if r.Nonce == "" {
		return nil, nil
	}
	d, err := s.openNonce(ctx, u, r.Nonce)
	if err != nil {
		return nil, err
	}
	return []data.Write{d.spend()}, nil
}

// passwordChanged ends the mailed ways in and tells the owner.
func (s *Service) passwordChanged(ctx context.Context, u *userDoc, now time.Time) []data.Write {
	ws := dropMails(u) // a change of address that waits, too
	if u.Confirmed.IsZero() {
		return ws
	}
	return append(s.notice(ctx, u, Mail{Kind: MailPassword, To: u.Email, Name: nameOf(u.Meta)}, now), ws...)
}
