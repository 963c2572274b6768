package auth

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
)

// MailApp is the kind of a mail of the app's own: Subject, Text and HTML, or
// Template with Data.
const MailApp = "app"

// The bounds of the app's own mails.
const (
	maxTo          = 50  // addresses of one mail
	maxSubject     = 200 // characters
	maxBody        = 64 << 10
	appMailsAnHour = 20 // to an address
	appMailsADay   = 100
)

// AppMail is a mail that the app's code sends, to each address on its own.
type AppMail struct {
	To       []string
	Subject  string
	Text     string
	HTML     string
	Template string // of the templates folder's app/, in place of the three
	Data     json.RawMessage
	Key      string // the same key is the same mail while it waits
	Depth    int    // of the job that sends it
}

// Renderer is a Mailer that fills in the app's templates.
type Renderer interface {
	// Render gives m with Subject, Text and HTML in place of its template:
	// invalid_argument.
	Render(m Mail) (Mail, error)
}

// MailRows are the jobs that send a mail, for the commit of its cause. count
// says of an address whether this mail to it counts still: a commit that is
// repeated counts once. validation_failed, email_provider_disabled,
// over_email_send_rate_limit.
func (s *Service) MailRows(ctx context.Context, m AppMail, count func(address string) bool) ([]data.Write, error) {
	if s.o.Mail.Mailer == nil {
		return nil, noMail()
	}
	if len(m.To) == 0 || len(m.To) > maxTo {
		return nil, invalid("to", "a mail goes to 1 to 50 addresses")
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	var keys []string
	var ws []data.Write
	for _, to := range m.To {
		e, err := parseEmail(to)
		if err != nil {
			return nil, invalid("to", "no address: "+printable(to))
		}
		if slices.Contains(keys, e.key) {
			continue
		}
		keys = append(keys, e.key)
		mail := Mail{Kind: MailApp, To: e.address, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Template: m.Template, Data: m.Data}
		if r, ok := s.o.Mail.Mailer.(Renderer); ok && m.Template != "" {
			mail.Site = s.issuer()
			if mail, err = r.Render(mail); err != nil {
				return nil, err
			}
		}
		if count(e.key) {
			if err := s.countAppMail(ctx, e.key); err != nil {
				return nil, err
			}
		}
		job := jobs.Job{Kind: MailJob, Depth: m.Depth}
		if m.Key != "" {
			job.Key = m.Key + " " + identityID(e.key)
		}
		w, err := s.mailJob(mail, job, s.o.Now())
		if err != nil {
			return nil, err
		}
		ws = append(ws, w)
	}
	return ws, nil
}

func (m *AppMail) check() error {
	if m.Template != "" {
		if m.Subject != "" || m.Text != "" || m.HTML != "" {
			return invalid("template", "a mail has a template, or subject and text")
		}
	} else {
		switch {
		case m.Subject == "" || utf8.RuneCountInString(m.Subject) > maxSubject || strings.ContainsFunc(m.Subject, unicode.IsControl):
			return invalid("subject", "a subject is one line of 1 to 200 characters")
		case m.Text == "":
			return invalid("text", "text is missing; html goes beside it")
		case len(m.Data) > 0:
			return invalid("data", "data goes with a template")
		}
	}
	if len(m.Text)+len(m.HTML)+len(m.Data) > maxBody {
		return invalid("text", "text, html and data are at most 64 KiB")
	}
	if len(m.Key) > 128 {
		return invalid("key", "a key is at most 128 bytes")
	}
	return nil
}

// countAppMail counts a mail of the app's own under ceilings of their own: they
// use up none of sign-in's.
func (s *Service) countAppMail(ctx context.Context, key string) error {
	id := identityID(key)
	_, wait, err := s.o.Counter.Count(ctx,
		data.Count{Key: "app mail hour " + id, Limit: appMailsAnHour, Window: time.Hour},
		data.Count{Key: "app mail day " + id, Limit: appMailsADay, Window: 24 * time.Hour},
		data.Count{Key: "app mail all", Limit: s.o.Limits.Mails, Window: time.Hour})
	return tooManyMails(limitError(wait, err))
}

// printable is a part of what was given, for a message.
func printable(s string) string { return printableTo(s, 64) }

func printableTo(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if r := []rune(s); len(r) > most {
		s = string(r[:most])
	}
	return s
}
