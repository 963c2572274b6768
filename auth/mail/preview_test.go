package mail_test

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/auth/mail"
)

func TestPreviewsShowWhatWouldBeSent(t *testing.T) {
	p, err := mail.NewPrinter(slog.New(slog.DiscardHandler), "shop", fstest.MapFS{
		"invite.txt":      {Data: []byte("Subject: Come\n\nTo {{.Site}}\n")},
		"app/receipt.txt": {Data: []byte("Subject: {{.Data.total}} paid\n\nThanks\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Templates(); !slices.Equal(got, []string{"receipt"}) {
		t.Errorf("%q", got)
	}
	for _, kind := range auth.MailKinds() {
		m := confirm()
		m.Kind = kind
		got, err := p.Preview(m)
		if err != nil || got.Subject == "" || got.Text == "" || !strings.Contains(got.HTML, "<") {
			t.Errorf("%s: %+v %v", kind, got, err)
		}
		if kind == auth.MailInvite && got.Subject != "Come" {
			t.Errorf("the app's own template is not used: %q", got.Subject)
		}
	}
	got, err := p.Preview(auth.Mail{Kind: auth.MailApp, Template: "receipt", Data: []byte(`{"total":7}`)})
	if err != nil || got.Subject != "7 paid" {
		t.Errorf("%+v %v", got, err)
	}
	for _, m := range []auth.Mail{{Kind: "other"}, {Kind: auth.MailApp, Template: "none"}, {Kind: auth.MailApp, Template: "receipt", Data: []byte("{")}} {
		if _, err := p.Preview(m); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%+v: %v", m, err)
		}
	}
	if _, err := mail.NewPrinter(slog.New(slog.DiscardHandler), "shop", fstest.MapFS{"invit.txt": {Data: []byte("Subject: x\n")}}); hutch.CodeOf(err) != hutch.InvalidArgument {
		t.Errorf("a template that no mail has: %v", err)
	}
}
