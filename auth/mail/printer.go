package mail

import (
	"context"
	"log/slog"

	"github.com/hutch-dev/hutch/auth"
)

// Printer logs mails and sends none: for development without a mail server.
type Printer struct{ log *slog.Logger }

var _ auth.Mailer = (*Printer)(nil)

// NewPrinter logs to log.
func NewPrinter(log *slog.Logger) *Printer { return &Printer{log: log} }

// Send logs what the mail is for, with its link and code.
func (p *Printer) Send(ctx context.Context, m auth.Mail) error {
	attrs := []slog.Attr{slog.String("mail", m.Kind), slog.String("to", m.To)}
	if m.Code != "" {
		attrs = append(attrs, slog.String("code", m.Code))
	}
	if m.Link != "" {
		attrs = append(attrs, slog.String("link", m.Link))
	}
	p.log.LogAttrs(ctx, slog.LevelInfo, "mail, not sent", attrs...)
	return nil
}
