package auth

import (
	"context"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// testMailsAnHour is how many mails operators send to see that it works.
const testMailsAnHour = 20

// Previewer is a Mailer that shows what it would send.
type Previewer interface {
	// Preview gives m with Subject, Text and HTML, nothing sent: invalid_argument.
	Preview(m Mail) (Mail, error)
	// Templates lists those of the app's own mails.
	Templates() []string
}

// MailTemplates lists the templates of the app's own mails; nil without mail.
func (s *Service) MailTemplates() []string {
	if p, ok := s.o.Mail.Mailer.(Previewer); ok {
		return p.Templates()
	}
	return nil
}

// PreviewMail shows a mail as it would be sent, with a link and a code that are
// good for nothing: of a kind, or by a template of the app's own with data.
// email_provider_disabled, invalid_argument.
func (s *Service) PreviewMail(m Mail) (Mail, error) {
	p, ok := s.o.Mail.Mailer.(Previewer)
	if !ok {
		return Mail{}, noMail()
	}
	if m.Kind != MailApp && !slices.Contains(MailKinds(), m.Kind) {
		return Mail{}, &hutch.Error{Code: hutch.InvalidArgument, Field: "kind", Message: "no mail is called so"}
	}
	now := s.o.Now()
	m.To, m.Name, m.NewEmail = "ann@example.com", "Ann", "ann.new@example.com"
	m.Site, m.At, m.Until = s.issuer(), now, now.Add(time.Hour)
	m.Link, m.Code = m.Site+"/auth/v1/verify?token=preview", "123456"
	return p.Preview(m)
}

// TestMail sends a mail to an address and waits until the server has taken it.
// invalid_argument, email_provider_disabled, over_email_send_rate_limit,
// unavailable with what the mail server said.
func (s *Service) TestMail(ctx context.Context, to string) error {
	if s.o.Mail.Mailer == nil {
		return noMail()
	}
	e, err := parseEmail(to)
	if err != nil {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "to", Message: "to is no address"}
	}
	_, wait, err := s.o.Counter.Count(ctx, data.Count{Key: "test mails", Limit: testMailsAnHour, Window: time.Hour})
	if err := tooManyMails(limitError(wait, err)); err != nil {
		return err
	}
	now := s.o.Now()
	err = s.o.Mail.Mailer.Send(ctx, Mail{
		Kind: MailApp, To: e.address, Site: s.issuer(), At: now,
		Subject: "A test mail from " + s.issuer(), Text: "This mail was sent from the dashboard to see that mail works.\n\n" + s.issuer() + "\n",
	})
	if err != nil {
		return &hutch.Error{Code: hutch.Unavailable, Message: "the mail server did not take it: " + printableTo(err.Error(), 300), Err: err}
	}
	row, err := s.audit(now, auditDoc{Event: "mail_tested"}.acted(ctx))
	if err != nil {
		return err
	}
	return s.commit(ctx, now, row)
}
