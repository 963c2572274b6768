package auth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// closed is a mail server that takes nothing.
type closed struct{ said string }

func (c closed) Send(context.Context, auth.Mail) error { return errors.New(c.said) }

func TestTestMails(t *testing.T) {
	b := mailSetup(t)
	for i := range 20 {
		if err := b.TestMail(t.Context(), "Ann@Shop.example"); err != nil {
			t.Fatal(i, err)
		}
	}
	wantCode(t, b.TestMail(t.Context(), "ann@shop.example"), hutch.OverEmailSendRateLimit)
	if len(b.post.got) != 20 || b.post.got[0].Kind != auth.MailApp || b.post.got[0].Subject == "" || strings.Contains(fmt.Sprint(b.post.got[0]), "token") {
		t.Errorf("%d mails, %+v", len(b.post.got), b.post.got[0])
	}
	wantCode(t, b.TestMail(t.Context(), "ann"), hutch.InvalidArgument)
	none := setup(t)
	wantCode(t, none.TestMail(t.Context(), "ann@shop.example"), hutch.EmailProviderDisabled)
	off := setup(t, func(o *auth.Options) {
		o.Mail.Mailer = closed{"535 wrong \x1b password " + strings.Repeat("x", 1000)}
	})
	err := off.TestMail(t.Context(), "ann@shop.example")
	wantCode(t, err, hutch.Unavailable)
	if m := hutch.AsError(err).Message; !strings.Contains(m, "535 wrong  password") || len(m) > 400 {
		t.Errorf("%q", m)
	}
}

func TestSigningKeysAreListed(t *testing.T) {
	b := setup(t)
	keys, err := b.SigningKeys(t.Context())
	if err != nil || len(keys) != 1 || keys[0].State != "signs" || keys[0].EndsAt != nil || keys[0].ID != kids(t, b.Service)[0] {
		t.Fatalf("%+v %v", keys, err)
	}
	next, err := b.RotateSigning(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	keys, err = b.SigningKeys(t.Context())
	if err != nil || len(keys) != 2 || keys[0].State != "signs" || keys[0].EndsAt == nil || keys[1].ID != next.ID || keys[1].State != "waits" {
		t.Fatalf("%+v %v", keys, err)
	}
	b.clock.add(day)
	if keys, err = b.SigningKeys(t.Context()); err != nil || keys[0].State != "verifies" || keys[1].State != "signs" {
		t.Fatalf("%+v %v", keys, err)
	}
	b.clock.add(day)
	if keys, err = b.SigningKeys(t.Context()); err != nil || len(keys) != 1 || keys[0].ID != next.ID {
		t.Fatalf("%+v %v", keys, err)
	}
}
