package mail

import (
	"context"
	"io/fs"
	"log/slog"

	"github.com/hutch-dev/hutch/auth"
)

// Printer logs mails and sends none: for development without a mail server.
type Printer struct {
	log       *slog.Logger
	app       string
	templates *templates
}

var _ auth.Mailer = (*Printer)(nil)

// NewPrinter logs to log; app and own are as in Options, and their mistakes are told.
func NewPrinter(log *slog.Logger, app string, own fs.FS) (*Printer, error) {
	t, err := loadTemplates(own)
	if err != nil {
		return nil, err
	}
	return &Printer{log: log, app: app, templates: t}, nil
}

// Preview gives the mail as a server would send it.
func (p *Printer) Preview(m auth.Mail) (auth.Mail, error) { return p.templates.preview(m, p.app) }

// Templates lists those of the app's own mails.
func (p *Printer) Templates() []string { return p.templates.names() }

// Send logs what the mail is for, with its link and code.
func (p *Printer) Send(ctx context.Context, m auth.Mail) error {
	attrs := []slog.Attr{slog.String("mail", m.Kind), slog.String("to", m.To)}
	if m.Code != "" {
		attrs = append(attrs, slog.String("code", m.Code))
	}
	if m.Link != "" {
		attrs = append(attrs, slog.String("link", m.Link))
	}
	if m.Kind == auth.MailApp {
		attrs = append(attrs, slog.String("subject", m.Subject), slog.String("text", m.Text))
		if m.Template != "" {
			attrs = append(attrs, slog.String("template", m.Template), slog.String("data", string(m.Data)))
		}
	}
	p.log.LogAttrs(ctx, slog.LevelInfo, "mail, not sent", attrs...)
	return nil
}
