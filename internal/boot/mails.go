package boot

import (
	"context"
	"encoding/json"

	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

// mails plugs auth's mail into functions: ctx.mail.
type mails struct{ a *App }

var _ functions.Mail = mails{}

// ownMail is the argument of ctx.mail.send.
type ownMail struct {
	To       json.RawMessage `json:"to"`
	Subject  string          `json:"subject"`
	Text     string          `json:"text"`
	HTML     string          `json:"html"`
	Template string          `json:"template"`
	Data     json.RawMessage `json:"data"`
	Key      string          `json:"key"`
}

func (m mails) Rows(ctx context.Context, in json.RawMessage, depth int, count func(string) bool) ([]data.Write, error) {
	var o ownMail
	if json.Unmarshal(in, &o) != nil {
		return nil, badArg("mail", "subject, text, html, template and key are strings")
	}
	out := auth.AppMail{Subject: o.Subject, Text: o.Text, HTML: o.HTML, Template: o.Template, Data: o.Data, Key: o.Key, Depth: depth}
	var one string
	switch {
	case json.Unmarshal(o.To, &one) == nil:
		out.To = []string{one}
	case json.Unmarshal(o.To, &out.To) != nil:
		return nil, badArg("to", "to is an address, or a list of them")
	}
	rows, err := m.a.Auth.MailRows(ctx, out, count)
	if err != nil {
		return nil, shared(err)
	}
	return rows, nil
}
