package config

import (
	"io/fs"
	"net/mail"
	"strings"

	"github.com/hutch-dev/hutch"
)

// Mail is what sends the mails of sign-in.
type Mail struct {
	SMTP      hutch.Secret // URL; empty: no mail
	From      string
	Templates string // folder
}

func (m *Mail) keys() []key {
	return []key{
		secret("smtp", "The mail server: smtp://user:password@host:587 or smtps://host. Empty: no mail.", &m.SMTP, anyText),
		text("from", `Who sends: "Name <address>".`, &m.From, badSender),
		plain("templates", "The folder of the app's own templates of mails.", &m.Templates, func(s string) string { return badPath(s) }),
	}
}

func badSender(s string) string {
	if _, err := mail.ParseAddress(s); err != nil || strings.ContainsAny(s, "\r\n") {
		return `is not "Name <address>"`
	}
	return ""
}

// mailChecks are those of mail and what depends on it.
func (w *walker) mailChecks() {
	a := &w.cfg.Auth
	said := w.has("auth.confirmEmail")
	if !said {
		a.ConfirmEmail = a.Mail.SMTP.Reveal() != ""
	}
	switch at := w.cfg.Pos("auth.confirmEmail"); {
	case a.ConfirmEmail && !w.has("auth.mail.smtp"):
		w.errorf(at, codeValue, "auth: { mail: { smtp: \"${SMTP_URL:-}\", from: ... } }", "auth.confirmEmail: there is no auth.mail.smtp to send mails")
	case said && !a.ConfirmEmail && (len(a.Providers) > 0 || a.Mail.SMTP.Reveal() != ""):
		w.warnf(at, codeValue, "leave confirmEmail out", "auth.confirmEmail: false beside providers or mailed links: accounts can be made with an address of others")
	}
	if a.Mail.SMTP.Reveal() != "" && a.Mail.From == "" {
		w.errorf(w.cfg.Pos("auth.mail"), codeMissing, "", "auth.mail: from is missing")
	}
	if dir := a.Mail.Templates; dir != "" {
		at := w.cfg.Pos("auth.mail.templates")
		if info, err := fs.Stat(w.fsys, dir); err != nil || !info.IsDir() {
			w.errorf(at, codeFile, w.nearFile(dir), "auth.mail.templates: there is no folder %q", dir)
		}
		for _, shown := range append([]string{w.cfg.Web}, w.cfg.Shared...) {
			if shown != "" && (shown == dir || within(dir, shown) || within(shown, dir)) {
				w.errorf(at, codeWeb, "", "auth.mail.templates: %q would be served with %q", dir, shown)
			}
		}
	}
}
