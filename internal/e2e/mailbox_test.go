package e2e_test

import (
	"bytes"
	"context"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// mailbox is a mail server on loopback with what came.
type mailbox struct {
	addr string

	mu   sync.Mutex // guards the rest
	got  []letter
	came chan struct{} // closed at the next one
}

// letter is a mail as its reader sees it.
type letter struct {
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	Link    string `json:"link"`
	Code    string `json:"code"`
	Token   string `json:"token"` // of the link
	Type    string `json:"type"`
}

func startMailbox(t *testing.T) *mailbox {
	t.Helper()
	m := &mailbox{came: make(chan struct{})}
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &delivery{box: m}, nil }))
	srv.Domain, srv.EnableSMTPUTF8 = "localhost", true
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m.addr = ln.Addr().String()
	go func() { _ = srv.Serve(ln) }()
	t.Cleanup(func() { _ = srv.Close() })
	return m
}

type delivery struct {
	box *mailbox
	to  string
}

func (d *delivery) Mail(string, *smtp.MailOptions) error { return nil }
func (d *delivery) Reset()                               { d.to = "" }
func (d *delivery) Logout() error                        { return nil }

// Rcpt knows nobody whose address begins with nobody.
func (d *delivery) Rcpt(to string, _ *smtp.RcptOptions) error {
	if d.to = to; strings.HasPrefix(to, "nobody") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	return nil
}

func (d *delivery) Data(r io.Reader) error {
	l, err := read(r)
	if err != nil {
		return err
	}
	l.To = d.to
	d.box.mu.Lock()
	defer d.box.mu.Unlock()
	d.box.got = append(d.box.got, l)
	close(d.box.came)
	d.box.came = make(chan struct{})
	return nil
}

var (
	mailedLink = regexp.MustCompile(`https?://\S+/verify\?\S+`)
	mailedCode = regexp.MustCompile(`(?m)\b(\d{6})\b\s*$`)
)

// read takes the plain text of a mail, and what it says to open or to type.
func read(r io.Reader) (l letter, err error) {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return l, err
	}
	if l.Subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return l, err
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		return l, err
	}
	body, encoding := m.Body, m.Header.Get("Content-Transfer-Encoding")
	if strings.HasPrefix(kind, "multipart/") {
		part, err := multipart.NewReader(m.Body, params["boundary"]).NextRawPart()
		if err != nil {
			return l, err
		}
		body, encoding = part, part.Header.Get("Content-Transfer-Encoding")
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return l, err
	}
	l.Text = string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
	l.Link = mailedLink.FindString(l.Text)
	if m := mailedCode.FindStringSubmatch(strings.ReplaceAll(l.Text, l.Link, "")); m != nil {
		l.Code = m[1]
	}
	if u, err := url.Parse(l.Link); err == nil {
		l.Token, l.Type = u.Query().Get("token"), u.Query().Get("type")
	}
	return l, nil
}

// await waits for the nth mail to an address whose subject has a word.
func (m *mailbox) await(ctx context.Context, to, subject string, n int) (letter, error) {
	for {
		m.mu.Lock()
		left, came := n, m.came
		for _, l := range m.got {
			if l.To == to && strings.Contains(l.Subject, subject) {
				if left--; left == 0 {
					m.mu.Unlock()
					return l, nil
				}
			}
		}
		m.mu.Unlock()
		select {
		case <-came:
		case <-ctx.Done():
			return letter{}, ctx.Err()
		}
	}
}
