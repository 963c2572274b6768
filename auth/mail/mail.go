package mail

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net"
	netmail "net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

const defaultTimeout = 20 * time.Second

// Options of a Mailer.
type Options struct {
	SMTP      string // smtp://user:password@host:587, smtps://host; ?tls=off for a server without
	From      string // "Name <address>"
	App       string // the app's name, in templates
	Templates fs.FS  // of the app; nil: the built-in ones
	Timeout   time.Duration
	Now       func() time.Time
	Roots     *x509.CertPool // nil: the system's
	Entropy   io.Reader
}

// Mailer sends through one SMTP server.
type Mailer struct {
	o         Options
	from      *netmail.Address
	server    server
	templates *templates
}

var _ auth.Mailer = (*Mailer)(nil)

// server is what an SMTP URL says.
type server struct {
	host           string
	port           int
	user, password string
	implicit       bool // TLS from the first byte
	policy         gomail.TLSPolicy
}

// New checks the options and the templates: invalid_argument with the key as
// field. It does not dial.
func New(o Options) (*Mailer, error) {
	m := &Mailer{o: o}
	var err error
	if m.server, err = parseServer(o.SMTP); err != nil {
		return nil, err
	}
	if m.from, err = ParseFrom(o.From); err != nil {
		return nil, err
	}
	if m.templates, err = loadTemplates(o.Templates); err != nil {
		return nil, err
	}
	if m.o.Timeout <= 0 {
		m.o.Timeout = defaultTimeout
	}
	if m.o.Now == nil {
		m.o.Now = time.Now
	}
	if m.o.Entropy == nil {
		m.o.Entropy = rand.Reader
	}
	return m, nil
}

func bad(field, why string) *hutch.Error {
	return &hutch.Error{Code: hutch.InvalidArgument, Field: field, Message: why}
}

// ParseFrom reads the sender: one address, with or without a name.
func ParseFrom(s string) (*netmail.Address, error) {
	a, err := netmail.ParseAddress(s)
	if err != nil || strings.ContainsFunc(s, unicode.IsControl) || !strings.Contains(a.Address, "@") {
		return nil, bad("auth.mail.from", `from is "Name <address>"`)
	}
	return a, nil
}

// parseServer reads an SMTP URL; its errors do not show it, for it holds a password.
func parseServer(s string) (v server, err error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return v, bad("auth.mail.smtp", "smtp is smtp://user:password@host:587 or smtps://host")
	}
	v.host = u.Hostname()
	v.password, _ = u.User.Password()
	v.user = u.User.Username()
	switch u.Scheme {
	case "smtp":
		v.port, v.policy = 587, gomail.TLSMandatory
	case "smtps":
		v.port, v.implicit, v.policy = 465, true, gomail.TLSOpportunistic
	default:
		return v, bad("auth.mail.smtp", "the scheme is smtp or smtps")
	}
	if ip := net.ParseIP(v.host); !v.implicit && (v.host == "localhost" || ip != nil && ip.IsLoopback()) {
		v.policy = gomail.TLSOpportunistic
	}
	if p := u.Port(); p != "" {
		if v.port, err = strconv.Atoi(p); err != nil || v.port < 1 || v.port > 65535 {
			return v, bad("auth.mail.smtp", "the port goes from 1 to 65535")
		}
	}
	for name, values := range u.Query() {
		if name != "tls" || values[0] != "off" && values[0] != "on" || v.implicit {
			return v, bad("auth.mail.smtp", "the only parameter is tls=on or tls=off, of smtp")
		}
		v.policy = map[string]gomail.TLSPolicy{"on": gomail.TLSMandatory, "off": gomail.NoTLS}[values[0]]
	}
	return v, nil
}

// Send sends one mail. invalid_argument: no further try would mend it;
// unavailable: the server is not there or does not take it now.
func (m *Mailer) Send(ctx context.Context, mail auth.Mail) error {
	msg, err := m.message(mail)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, m.o.Timeout)
	defer cancel() // closes the connection, however far it came
	c, err := m.client(ctx)
	if err != nil {
		return err
	}
	conn, err := c.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return failed(ctx, "reaching the mail server", err)
	}
	if err := c.SendWithSMTPClient(conn, msg); err != nil {
		return failed(ctx, "sending a mail", err)
	}
	// It is sent: what the server says to a good-bye changes nothing.
	_ = c.CloseWithSMTPClient(conn)
	return nil
}

// failed judges an error: what the server refuses for good is invalid_argument.
func failed(ctx context.Context, what string, err error) error {
	if cause := ctx.Err(); cause != nil {
		return hutch.Errorf(hutch.Unavailable, "%s: %w", what, errors.Join(err, cause))
	}
	if e, ok := errors.AsType[*gomail.SendError](err); ok && !e.IsTemp() && e.ErrorCode() >= 500 {
		return hutch.Errorf(hutch.InvalidArgument, "%s: %w", what, err)
	}
	return hutch.Errorf(hutch.Unavailable, "%s: %w", what, err)
}

func (m *Mailer) client(ctx context.Context) (*gomail.Client, error) {
	conf := &tls.Config{ServerName: m.server.host, MinVersion: tls.VersionTLS12, RootCAs: m.o.Roots}
	_, domain, _ := strings.Cut(m.from.Address, "@")
	opts := []gomail.Option{
		gomail.WithPort(m.server.port), gomail.WithTimeout(m.o.Timeout), gomail.WithTLSPolicy(m.server.policy),
		gomail.WithTLSConfig(conf), gomail.WithHELO(domain), gomail.WithoutNoop(),
		gomail.WithDialContextFunc(func(dial context.Context, network, addr string) (net.Conn, error) {
			var d net.Dialer
			conn, err := d.DialContext(dial, network, addr)
			if err != nil {
				return nil, err
			}
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			if !m.server.implicit {
				return conn, nil
			}
			secure := tls.Client(conn, conf)
			return secure, secure.HandshakeContext(dial)
		}),
	}
	if m.server.user != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(m.server.user), gomail.WithPassword(m.server.password))
	}
	c, err := gomail.NewClient(m.server.host, opts...)
	if err != nil {
		return nil, hutch.Errorf(hutch.InvalidArgument, "making a mail client: %w", err)
	}
	return c, nil
}

// message makes the mail: one recipient, one sender, our subject.
func (m *Mailer) message(mail auth.Mail) (*gomail.Msg, error) {
	at := strings.LastIndexByte(mail.To, '@')
	if at < 1 || len(mail.To) > 254 || strings.ContainsFunc(mail.To, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || strings.ContainsRune(`<>(),;:"\[]`, r)
	}) {
		return nil, bad("to", "the address of a mail is not valid")
	}
	r, err := m.templates.render(mail, m.o.App)
	if err != nil {
		return nil, err
	}
	var id [16]byte
	if _, err := io.ReadFull(m.o.Entropy, id[:]); err != nil {
		return nil, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	_, domain, _ := strings.Cut(m.from.Address, "@")
	msg := gomail.NewMsg()
	msg.FromMailAddress(m.from)
	msg.ToMailAddress(&netmail.Address{Address: mail.To})
	msg.Subject(r.subject)
	msg.SetDateWithValue(m.o.Now())
	msg.SetMessageIDWithValue(hex.EncodeToString(id[:]) + "@" + domain)
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetBodyString(gomail.TypeTextPlain, r.text)
	if r.html != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, r.html)
	}
	return msg, nil
}
