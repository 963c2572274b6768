package main

import (
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/auth/mail"
	"github.com/hutch-dev/hutch/internal/boot"
)

// mailer opens what sends mail; without a server it logs.
func mailer(o boot.MailOptions) (auth.Mailer, error) {
	if o.SMTP.Reveal() == "" {
		return mail.NewPrinter(o.Log, o.App, o.Templates)
	}
	return mail.New(mail.Options{
		SMTP: o.SMTP.Reveal(), From: o.From, App: o.App, Templates: o.Templates, Now: o.Now,
	})
}
