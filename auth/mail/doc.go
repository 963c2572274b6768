// Package mail sends the mails of sign-in: templates, SMTP, and a printer for
// development. New makes the auth.Mailer of a server, NewPrinter one that sends
// nothing and logs.
//
// A template is two files of the app's folder or of the binary, <kind>.txt and
// <kind>.html, for each kind of auth.MailKinds. The first line of the text is
// "Subject: ..."; both see App, Site, Link, Code, Name, Email, NewEmail, Minutes.
// The HTML is of html/template and may use layout.html.
//
// Guarantees: no value reaches a header but through one line of text; nothing is
// sent over a connection without TLS except to loopback, or where the URL says
// tls=off; a try ends with its context.
package mail
