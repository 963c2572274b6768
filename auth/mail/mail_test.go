package mail_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/auth/mail"
)

func confirm() auth.Mail {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return auth.Mail{
		Kind: auth.MailConfirm, To: "ann@shop.example", Code: "123456", Site: "https://shop.example", Name: "Ann",
		Link: "https://shop.example/auth/v1/verify?token=abc&type=signup", At: at, Until: at.Add(15 * time.Minute),
	}
}

func options(s *smtpServer, url string) mail.Options {
	return mail.Options{SMTP: strings.ReplaceAll(url, "ADDR", s.addr), From: "Pet store <no-reply@shop.example>", App: "petstore", Roots: s.roots}
}

func mailer(t *testing.T, o mail.Options) *mail.Mailer {
	t.Helper()
	m, err := mail.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// parts gives a mail's headers, text and HTML.
func parts(t *testing.T, raw string) (h netmail.Header, text, html string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return m.Header, text, html
		}
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = p
		switch p.Header.Get("Content-Transfer-Encoding") {
		case "quoted-printable":
			body = quotedprintable.NewReader(p)
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, p)
		}
		b, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			html = string(b)
		} else {
			text = string(b)
		}
	}
}

func TestMailsAreSent(t *testing.T) {
	for name, c := range map[string]struct {
		starttls, implicit, secure bool
		url                        string
	}{
		"with STARTTLS and a password": {true, false, true, "smtp://shop:secret@ADDR?tls=on"},
		"with STARTTLS":                {true, false, true, "smtp://ADDR"},
		"over TLS":                     {false, true, true, "smtps://ADDR"},
		"in clear to loopback":         {false, false, false, "smtp://ADDR"},
		"in clear where it says so":    {false, false, false, "smtp://ADDR?tls=off"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startSMTP(t, c.starttls, c.implicit)
			if err := mailer(t, options(s, c.url)).Send(t.Context(), confirm()); err != nil {
				t.Fatal(err)
			}
			got := s.mails()
			if len(got) != 1 || got[0].from != "no-reply@shop.example" || got[0].to != "ann@shop.example" {
				t.Fatalf("received: %+v", got)
			}
			if (s.secured == 1) != c.secure {
				t.Errorf("%d mails over TLS", s.secured)
			}
			h, text, html := parts(t, got[0].body)
			for name, want := range map[string]string{
				"From": `"Pet store" <no-reply@shop.example>`, "To": "<ann@shop.example>", "Subject": "Confirm your address - petstore", "Auto-Submitted": "auto-generated",
			} {
				if h.Get(name) != want {
					t.Errorf("%s: %q", name, h.Get(name))
				}
			}
			link := confirm().Link
			if !strings.Contains(text, link) || !strings.Contains(text, "123456") || !strings.Contains(text, "15 minutes") || !strings.Contains(text, "Hello Ann,") {
				t.Errorf("text: %s", text)
			}
			if !strings.Contains(html, strings.ReplaceAll(link, "&", "&amp;")) || !strings.Contains(html, "123456") {
				t.Errorf("html: %s", html)
			}
		})
	}
}

func TestAServerThatFails(t *testing.T) {
	s := startSMTP(t, true, false)
	m := mailer(t, options(s, "smtp://shop:secret@ADDR?tls=on"))
	for _, verb := range []string{"mail", "rcpt", "data"} {
		for status, want := range map[int]hutch.Code{451: hutch.Unavailable, 421: hutch.Unavailable, 550: hutch.InvalidArgument, 554: hutch.InvalidArgument} {
			s.set(func(v string) error {
				if v == verb {
					return says(status)
				}
				return nil
			})
			if err := m.Send(t.Context(), confirm()); hutch.CodeOf(err) != want {
				t.Errorf("%d to %s: %v", status, verb, err)
			}
		}
	}
	s.set(nil)
	if len(s.mails()) != 0 {
		t.Error("a refused mail arrived")
	}
	if err := mailer(t, options(s, "smtp://shop:wrong@ADDR?tls=on")).Send(t.Context(), confirm()); hutch.CodeOf(err) != hutch.Unavailable {
		t.Errorf("a wrong password: %v", err)
	}
	o := options(s, "smtp://ADDR?tls=on")
	o.Roots = nil
	if err := mailer(t, o).Send(t.Context(), confirm()); hutch.CodeOf(err) != hutch.Unavailable {
		t.Errorf("an unknown certificate: %v", err)
	}
	plain := startSMTP(t, false, false)
	if err := mailer(t, options(plain, "smtp://ADDR?tls=on")).Send(t.Context(), confirm()); hutch.CodeOf(err) != hutch.Unavailable || len(plain.mails()) != 0 {
		t.Errorf("no STARTTLS: %v", err)
	}
	if err := m.Send(t.Context(), confirm()); err != nil {
		t.Errorf("after the failures: %v", err)
	}
}

func TestASlowServerDoesNotHoldAJob(t *testing.T) {
	for name, greet := range map[string]string{"says nothing": "", "stops after the greeting": "220 hello\r\n"} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			closed := make(chan error, 1)
			go func() {
				c, err := l.Accept()
				if err != nil {
					closed <- err
					return
				}
				_, _ = io.WriteString(c, greet)
				_, err = io.Copy(io.Discard, c) // until the client hangs up
				closed <- err
			}()
			m := mailer(t, mail.Options{SMTP: "smtp://" + l.Addr().String(), From: "a@b.example", Timeout: 100 * time.Millisecond})
			if err := m.Send(t.Context(), confirm()); hutch.CodeOf(err) != hutch.Unavailable {
				t.Errorf("%v", err)
			}
			<-closed
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := startSMTP(t, true, false)
	if err := mailer(t, options(s, "smtp://ADDR")).Send(ctx, confirm()); hutch.CodeOf(err) != hutch.Unavailable {
		t.Errorf("cancelled: %v", err)
	}
}

func TestS85NothingInjectsHeadersOrHTML(t *testing.T) {
	s := startSMTP(t, true, false)
	o := options(s, "smtp://ADDR")
	o.App = "shop\r\nBcc: eve@evil.example\r\n\r\nbody"
	m := mailer(t, o)
	for _, to := range []string{
		"ann@shop.example\r\nBcc: eve@evil.example", "ann@shop.example, eve@evil.example", "ann@shop.example> RCPT TO:<eve@evil.example",
		"Ann <ann@shop.example>", "ann@shop.example\n.\nMAIL FROM:<x>", "", "@", "\"a b\"@shop.example",
	} {
		x := confirm()
		x.To = to
		if err := m.Send(t.Context(), x); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%q: %v", to, err)
		}
	}
	if n := len(s.mails()); n != 0 {
		t.Fatalf("%d mails", n)
	}
	x := confirm()
	x.Name = "Ann\r\nSubject: x\r\n\r\n<script>alert(1)</script>\r\n.\r\nQUIT"
	x.Link = `https://shop.example/?a="><script>alert(2)</script>`
	if err := m.Send(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	got := s.mails()
	if len(got) != 1 || got[0].to != "ann@shop.example" {
		t.Fatalf("received %+v", got)
	}
	h, _, html := parts(t, got[0].body)
	if h.Get("Bcc") != "" || len(h["Subject"]) != 1 || h.Get("Subject") != "Confirm your address - shop Bcc: eve@evil.example body" {
		t.Errorf("headers: %v", h)
	}
	if strings.Contains(html, "<script") {
		t.Errorf("html: %s", html)
	}
}

func TestTemplatesOfTheApp(t *testing.T) {
	s := startSMTP(t, true, false)
	o := options(s, "smtp://ADDR")
	o.Templates = fstest.MapFS{
		"confirm.txt":  {Data: []byte("Subject: Hi {{.Name}}\n\nGo to {{.Link}}")},
		"confirm.html": {Data: []byte(`<a href="{{.Link}}">{{.Name}}</a>`)},
		"README.md":    {Data: []byte("not a mail")},
	}
	x := confirm()
	x.Name = "A<b>"
	if err := mailer(t, o).Send(t.Context(), x); err != nil {
		t.Fatal(err)
	}
	h, text, html := parts(t, s.mails()[0].body)
	if h.Get("Subject") != "Hi A<b>" || text != "Go to "+x.Link || !strings.Contains(html, "A&lt;b&gt;</a>") {
		t.Errorf("%v\n%s\n%s", h, text, html)
	}
	for name, files := range map[string]fstest.MapFS{
		"a typo in a name":   {"confrim.txt": {Data: []byte("Subject: x\n")}},
		"no subject":         {"confirm.txt": {Data: []byte("Hello")}},
		"a broken template":  {"confirm.txt": {Data: []byte("Subject: {{.Name\n\nx")}},
		"an unknown field":   {"confirm.txt": {Data: []byte("Subject: x\n\n{{.Password}}")}},
		"a broken page":      {"confirm.html": {Data: []byte("{{if}}")}},
		"an unknown block":   {"confirm.html": {Data: []byte(`{{template "nothing" .}}`)}},
		"a page that is bad": {"confirm.html": {Data: []byte(`<a href="{{if .Name}}x" {{end}}>`)}},
	} {
		o.Templates = files
		if _, err := mail.New(o); hutch.AsError(err) == nil || hutch.AsError(err).Field != "auth.mail.templates" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := mail.Options{SMTP: "smtps://u:p@mail.shop.example", From: "a@b.example"}
	if _, err := mail.New(good); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{"", "mail.shop.example", "http://mail.shop.example", "smtp://", "smtp://h:0", "smtp://h:99999", "smtp://h/x", "smtp://h?tls=maybe", "smtp://h?x=1", "smtps://h?tls=off", "smtp://u:sec\x00ret@h"} {
		o := good
		o.SMTP = url
		_, err := mail.New(o)
		if e := hutch.AsError(err); e == nil || e.Field != "auth.mail.smtp" || strings.Contains(err.Error(), "sec") && strings.Contains(url, "sec") {
			t.Errorf("%q: %v", url, err)
		}
	}
	for _, from := range []string{"", "shop", "a@b.example, c@d.example", "a@b.example\r\nBcc: x@y.example"} {
		o := good
		o.From = from
		if _, err := mail.New(o); err == nil || hutch.AsError(err).Field != "auth.mail.from" {
			t.Errorf("%q: %v", from, err)
		}
	}
}

func TestEveryKindHasItsTemplates(t *testing.T) {
	s := startSMTP(t, true, false)
	m := mailer(t, options(s, "smtp://ADDR"))
	for i, kind := range auth.MailKinds() {
		x := confirm()
		x.Kind, x.NewEmail = kind, "new@shop.example"
		if err := m.Send(t.Context(), x); err != nil {
			t.Fatal(err)
		}
		h, text, html := parts(t, s.mails()[i].body)
		if h.Get("Subject") == "" || !strings.Contains(text, "Hello Ann") || !strings.Contains(html, "Hello Ann") || strings.Contains(text+html, "<no value>") {
			t.Errorf("%s: %v %s", kind, h, text)
		}
	}
	x := confirm()
	x.Kind = "other"
	if err := m.Send(t.Context(), x); hutch.CodeOf(err) != hutch.InvalidArgument {
		t.Errorf("an unknown kind: %v", err)
	}
}

func TestThePrinterShowsTheLink(t *testing.T) {
	var b bytes.Buffer
	p, err := mail.NewPrinter(slog.New(slog.NewTextHandler(&b, nil)), "shop", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Send(t.Context(), confirm()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), confirm().Link) || !strings.Contains(b.String(), "123456") {
		t.Error(b.String())
	}
}
