package boot

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data/jobs"
)

// MailOptions is what a mailer gets to open.
type MailOptions struct {
	SMTP      hutch.Secret // URL; empty in development: mails are logged
	From, App string
	Templates fs.FS // nil: the built-in ones
	Now       func() time.Time
	Log       *slog.Logger
}

// OpenMailer makes what sends mail; it does not dial.
type OpenMailer func(o MailOptions) (auth.Mailer, error)

// mailer opens it: nil where the app sends no mail.
func (o *Options) mailer(log *slog.Logger) (auth.Mailer, error) {
	m := &o.Config.Auth.Mail
	if o.Mailer == nil || m.SMTP.Reveal() == "" && !o.Dev {
		return nil, nil
	}
	opts := MailOptions{SMTP: m.SMTP, From: m.From, App: o.Config.Name, Now: o.Now, Log: log}
	if m.Templates != "" {
		own, err := fs.Sub(o.FS, m.Templates)
		if err != nil {
			return nil, err
		}
		opts.Templates = own
	}
	return o.Mailer(opts)
}

func (o *Options) mail(log *slog.Logger) (auth.MailOptions, error) {
	c := &o.Config.Auth
	m, err := o.mailer(log)
	if err != nil {
		return auth.MailOptions{}, err
	}
	return auth.MailOptions{
		Mailer: m, Confirm: c.ConfirmEmail, SingleMail: c.EmailChange == "single", MagicLinks: m != nil,
		NoticeMails: c.Mail.SMTP.Reveal() != "",
	}, nil
}

const codeMail = "mail"

// checkMail finds what would not open: the URL, templates, redirects.
func (b *compiler) checkMail(o *Options) {
	tell := func(err error, at string) {
		if e := hutch.AsError(err); err != nil {
			if e.Field != "" {
				at = e.Field
			}
			b.errorf(b.c.Pos(at), codeMail, e.Hint, "%s: %s", at, e.Message)
		}
	}
	_, err := auth.ParseRedirects(b.c.Auth.Redirects)
	tell(err, "auth.redirects")
	checked := *o
	checked.Config = b.c
	_, err = checked.mailer(slog.New(slog.DiscardHandler))
	tell(err, "auth.mail")
}

// sendMail runs the jobs that send mail.
func (a *App) sendMail(pool *jobs.Pool) {
	pool.Handle(auth.MailJob, func(ctx context.Context, r *jobs.Run) error {
		err := a.Auth.SendMail(ctx, r.Payload)
		if e, ok := errors.AsType[*hutch.Error](err); ok && e.Code == hutch.InvalidArgument {
			return jobs.Permanent(err)
		}
		return err
	}, jobs.Options{Concurrency: 4, Timeout: 30 * time.Second})
}
