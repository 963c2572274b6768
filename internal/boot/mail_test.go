package boot_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/auth/mail"
	"github.com/hutch-dev/hutch/internal/boot"
)

// mailServer is a real SMTP server that refuses the first mails it is told to.
type mailServer struct {
	mu     sync.Mutex // guards the rest
	refuse []int
	tries  int
	got    []string
}

type mailSession struct{ s *mailServer }

func (mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (mailSession) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (mailSession) Reset()                               {}
func (mailSession) Logout() error                        { return nil }

func (m mailSession) Data(r io.Reader) error {
	b, err := io.ReadAll(quotedprintable.NewReader(r))
	if err != nil {
		return err
	}
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	if m.s.tries++; m.s.tries <= len(m.s.refuse) {
		code := m.s.refuse[m.s.tries-1]
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 0, 0}, Message: "not now"}
	}
	m.s.got = append(m.s.got, string(b))
	return nil
}

func (m *mailServer) mails() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.got...)
}

func (m *mailServer) start(t *testing.T) (addr string) {
	t.Helper()
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return mailSession{m}, nil }))
	srv.Domain = "localhost"
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close() })
	return ln.Addr().String()
}

func openMailer(o boot.MailOptions) (auth.Mailer, error) {
	if o.SMTP.Reveal() == "" {
		return mail.NewPrinter(o.Log, o.App, o.Templates)
	}
	return mail.New(mail.Options{SMTP: o.SMTP.Reveal(), From: o.From, App: o.App, Templates: o.Templates})
}

func (r *running) post(t *testing.T, path, body string) (int, string) {
	t.Helper()
	resp, err := http.Post(r.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

var mailedLink = regexp.MustCompile(`http://127\.0\.0\.1:1(/auth/v1/verify\?[^\s"]+)`)

const annSignsUp = `{"email":"ann@shop.example","password":"correct horse battery"}`

// TestMailSurvivesItsServer: a sign-up's mail is sent once the mail server takes
// it, by the app's template, and its link confirms.
func TestMailSurvivesItsServer(t *testing.T) {
	s := &mailServer{refuse: []int{451, 451}}
	f := newFolder(t, "hutch.yaml", "name: shop\nauth: { mail: { smtp: \"smtp://"+s.start(t)+"\", from: \"Shop <no-reply@shop.example>\", templates: mail } }\n",
		"mail/confirm.txt", "Subject: Welcome\n\nto the shop\n{{.Link}}\n")
	o := f.options(t)
	o.Mailer = openMailer
	r := f.startWith(t, o).ready(t)
	if status, body := r.post(t, "/auth/v1/signup", annSignsUp); status != 200 || strings.Contains(body, "access_token") || !strings.Contains(body, `"email":"ann@shop.example"`) {
		t.Fatalf("%d %s", status, body)
	}
	until(t, "the mail", func() bool { return len(s.mails()) > 0 })
	got := s.mails()[0]
	m := mailedLink.FindStringSubmatch(got)
	if m == nil || !strings.Contains(got, "Subject: Welcome") || !strings.Contains(got, "to the shop") {
		t.Fatalf("mail: %s", got)
	}
	if status, page := r.get(t, m[1]); status != 200 || !strings.Contains(page, "<form") {
		t.Errorf("%d %s", status, page)
	}
	link, err := url.Parse(m[1])
	if err != nil {
		t.Fatal(err)
	}
	status, body := r.post(t, "/auth/v1/verify", `{"type":"signup","token_hash":"`+link.Query().Get("token")+`","password":"correct horse battery"}`)
	var session auth.Session
	if json.Unmarshal([]byte(body), &session) != nil || status != 200 || session.AccessToken == "" {
		t.Fatalf("%d %s", status, body)
	}
	if status, _ = r.get(t, m[1]); status != 403 {
		t.Errorf("a used link: %d", status)
	}
	if n := len(s.mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

// TestDevPrintsTheMail: to the terminal alone, as its link is a way in that the
// log's journal would keep for a week.
func TestDevPrintsTheMail(t *testing.T) {
	f := newFolder(t, "hutch.yaml", "name: shop\n")
	f.dev = true
	o := f.options(t)
	var log syncBuffer
	o.Mailer, o.Log = openMailer, slog.New(slog.NewTextHandler(&log, nil))
	r := f.startWith(t, o).ready(t)
	if status, body := r.post(t, "/auth/v1/otp", `{"email":"ann@shop.example"}`); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	until(t, "the link", func() bool { return mailedLink.MatchString(log.String()) })
	r.Log().Info("a line after it")
	key, _, err := r.Auth.CreateKey(t.Context(), "watch", hutch.ScopeOps, 0)
	if err != nil {
		t.Fatal(err)
	}
	kept := ""
	until(t, "the line after it in the journal", func() bool {
		kept = r.as(t, key, "/admin/v1/logs?kind=server")
		return strings.Contains(kept, "a line after it")
	})
	link := mailedLink.FindString(log.String())
	if !strings.Contains(log.String(), "mail, not sent") || strings.Contains(kept, "mail, not sent") || strings.Contains(kept, link[strings.Index(link, "token="):]) || strings.Contains(kept, "ann@shop.example") {
		t.Errorf("the journal has it: %s", kept)
	}
}

// as gets a path with a service key.
func (r *running) as(t *testing.T, key, path string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestS15MailLinksComeFromThePublicURL: whatever host a request claims.
func TestS15MailLinksComeFromThePublicURL(t *testing.T) {
	s := &mailServer{}
	f := newFolder(t, "hutch.yaml", "name: shop\nauth: { mail: { smtp: \"smtp://"+s.start(t)+"\", from: no-reply@shop.example } }\n")
	o := f.options(t)
	o.Mailer = openMailer
	r := f.startWith(t, o).ready(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/auth/v1/otp?redirect_to=https%3A%2F%2Fevil.example%2F", strings.NewReader(`{"email":"ann@shop.example"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example"
	for _, name := range []string{"X-Forwarded-Host", "X-Original-Host", "Forwarded", "Referer", "Origin"} {
		req.Header.Set(name, "https://evil.example")
	}
	req.Header.Set("Forwarded", "host=evil.example;proto=https")
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	until(t, "the mail", func() bool { return len(s.mails()) > 0 })
	if got := s.mails()[0]; strings.Contains(got, "evil") || !mailedLink.MatchString(got) {
		t.Errorf("mail: %s", got)
	}
}

func TestMailThatDoesNotOpenIsFound(t *testing.T) {
	for name, c := range map[string]struct{ yaml, at string }{
		"a bad URL":      {"auth: { mail: { smtp: \"http://u:secret@h\", from: a@b.example } }\n", "auth.mail.smtp"},
		"a bad template": {"auth: { mail: { smtp: \"smtp://h\", from: a@b.example, templates: mail } }\n", "auth.mail.templates"},
		"a bad redirect": {"auth: { redirects: [\"https://shop.example**\"] }\n", "auth.redirects"},
	} {
		f := newFolder(t, "hutch.yaml", "name: shop\n"+c.yaml, "mail/confirm.txt", "no subject")
		o := f.options(t)
		o.Mailer = openMailer
		found := boot.Check(t.Context(), o).Diagnostics
		if len(found) != 1 || !strings.Contains(found[0].Message, c.at) || strings.Contains(found[0].Message, "secret") {
			t.Errorf("%s: %v", name, found)
		}
		if _, err := boot.New(t.Context(), o); err == nil || hutch.AsError(err) == nil {
			t.Errorf("%s: it starts: %v", name, err)
		}
	}
	f := newFolder(t, "hutch.yaml", "name: shop\nauth: { confirmEmail: true, mail: { smtp: \"\" } }\n")
	o := f.options(t)
	o.Mailer = openMailer
	if _, err := boot.New(t.Context(), o); err == nil || !strings.Contains(err.Error(), "confirmEmail") {
		t.Errorf("confirmEmail without smtp: %v", err)
	}
}

type syncBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
