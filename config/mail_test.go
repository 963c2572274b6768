package config_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hutch-dev/hutch/config"
)

func loadMail(t *testing.T, yaml string, env map[string]string) (*config.Config, string) {
	t.Helper()
	fsys := fstest.MapFS{
		"hutch.yaml": {Data: []byte("name: shop\nauth:\n" + yaml)}, "mail/confirm.txt": {Data: []byte("x")}, "web/index.html": {Data: []byte("x")},
	}
	c, diags := config.Load(fsys, func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	var all strings.Builder
	for _, d := range diags {
		all.WriteString(d.String() + "\n")
	}
	return c, all.String()
}

func TestConfirmEmailFollowsSMTP(t *testing.T) {
	const mail = "  mail: { smtp: \"${SMTP_URL:-}\", from: \"Shop <no-reply@shop.example>\", templates: mail }\n"
	smtp := map[string]string{"SMTP_URL": "smtp://u:secret@mail.shop.example"}
	c, diags := loadMail(t, mail, smtp)
	if diags != "" || !c.Auth.ConfirmEmail || c.Auth.Mail.Templates != "mail" || c.Auth.EmailChange != "secure" {
		t.Errorf("with smtp: %s %+v", diags, c.Auth)
	}
	c, diags = loadMail(t, mail, nil)
	if diags != "" || c.Auth.ConfirmEmail {
		t.Errorf("without smtp: %s %+v", diags, c.Auth)
	}
	for name, x := range map[string]struct{ yaml, want string }{
		"confirmEmail without smtp":  {"  confirmEmail: true\n", "error: auth.confirmEmail"},
		"S4: false beside mail":      {"  confirmEmail: false\n" + mail, "warning: auth.confirmEmail"},
		"S4: false beside providers": {"  confirmEmail: false\n  providers: { google: { clientId: a, clientSecret: b } }\n", "warning: auth.confirmEmail"},
		"smtp without from":          {"  mail: { smtp: \"${SMTP_URL:-}\" }\n", "from is missing"},
		"a bad from":                 {"  mail: { from: shop }\n", "Name <address>"},
		"a folder that is not there": {"  mail: { templates: mails }\n", "no folder"},
		"a folder outside":           {"  mail: { templates: ../x }\n", "error: auth.mail.templates"},
		"an unknown emailChange":     {"  emailChange: none\n", "error: auth.emailChange"},
	} {
		if _, diags := loadMail(t, x.yaml, smtp); !strings.Contains(diags, x.want) || strings.Contains(diags, "secret@") {
			t.Errorf("%s: %q", name, diags)
		}
	}
	fsys := fstest.MapFS{
		"hutch.yaml": {Data: []byte("name: shop\nweb: web\nauth: { mail: { templates: web/mail } }\n")}, "web/mail/confirm.txt": {}, "web/index.html": {},
	}
	_, ds := config.Load(fsys, func(string) (string, bool) { return "", false })
	if len(ds) != 1 || !strings.Contains(ds[0].String(), "would be served") {
		t.Errorf("templates below web: %v", ds)
	}
}
