package auth

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
)

// The kinds of Mail: names of templates.
const (
	MailConfirm        = "confirm"        // Link, Code: a sign-up
	MailTaken          = "taken"          // a sign-up for an address that has an account
	MailRecover        = "recover"        // Link, Code
	MailMagicLink      = "magiclink"      // Link, Code
	MailInvite         = "invite"         // Link, Code
	MailChange         = "email_change"   // Link, Code, NewEmail: to either address
	MailChanged        = "email_changed"  // Link undoes it; NewEmail: to the old address
	MailReauthenticate = "reauthenticate" // Code
	MailPassword       = "password_changed"
	MailDevice         = "new_device"
	MailPasskeyAdded   = "passkey_added"
	MailPasskeyRemoved = "passkey_removed"
	MailFactorAdded    = "factor_added"
	MailFactorRemoved  = "factor_removed"
)

// MailKinds lists them.
func MailKinds() []string {
	return []string{
		MailConfirm, MailTaken, MailRecover, MailMagicLink, MailInvite,
		MailChange, MailChanged, MailReauthenticate, MailPassword, MailDevice,
		MailPasskeyAdded, MailPasskeyRemoved, MailFactorAdded, MailFactorRemoved,
	}
}

// Mail is one mail to one address.
type Mail struct {
	Kind     string    `json:"kind"`
	To       string    `json:"to"`             // as stored with the account, never as typed
	User     string    `json:"user,omitempty"` // the account that Link enters: without it there is no mail
	Link     string    `json:"link,omitempty"`
	Code     string    `json:"code,omitempty"`
	Name     string    `json:"name,omitempty"` // of the person: 64 characters, no URL
	NewEmail string    `json:"newEmail,omitempty"`
	Site     string    `json:"site"` // the public URL
	At       time.Time `json:"at"`
	Until    time.Time `json:"until,omitzero"` // not sent any more then

	Subject  string          `json:"subject,omitempty"` // of MailApp, as is what follows
	Text     string          `json:"text,omitempty"`
	HTML     string          `json:"html,omitempty"`
	Template string          `json:"template,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
}

// Mailer sends mail: auth/mail. An error is tried again unless it says
// invalid_argument.
type Mailer interface {
	Send(ctx context.Context, m Mail) error
}

// MailOptions say what mail does.
type MailOptions struct {
	Mailer      Mailer // nil: routes that send answer email_provider_disabled
	Confirm     bool   // a sign-up is confirmed by mail; needs Mailer
	SingleMail  bool   // a new address alone confirms a change
	MagicLinks  bool   // POST otp
	NoticeMails bool   // of new devices
}

func (o *MailOptions) check() error {
	if o.Confirm && o.Mailer == nil {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "auth.confirmEmail", Message: "confirmEmail needs auth.mail.smtp"}
	}
	return nil
}

// MailJob is the kind of the jobs that send mail; SendMail handles them.
const MailJob = "auth.mail"

// maxMailAge bounds a mail that has no end of its own.
const maxMailAge = 24 * time.Hour

// mailRow enqueues a mail in the commit of its cause. It is sealed: its link is a
// way in.
func (s *Service) mailRow(m Mail, now time.Time) (data.Write, error) {
	return s.mailJob(m, jobs.Job{Kind: MailJob}, now)
}

func (s *Service) mailJob(m Mail, job jobs.Job, now time.Time) (data.Write, error) {
	m.Site, m.At = s.issuer(), now
	if m.Until.IsZero() {
		m.Until = now.Add(maxMailAge)
	}
	plain, err := json.Marshal(m)
	if err != nil {
		return data.Write{}, hutch.Errorf(hutch.Internal, "encoding a mail: %w", err)
	}
	sealed, err := s.seal.seal(MailJob, plain)
	if err != nil {
		return data.Write{}, hutch.Errorf(hutch.Internal, "sealing a mail: %w", err)
	}
	payload, err := data.Marshal(struct {
		Sealed []byte `bson:"sealed"`
	}{sealed})
	if err != nil {
		return data.Write{}, err
	}
	job.Payload = payload
	if e, err := parseEmail(m.To); err == nil {
		job.About = identityID(e.key)
	}
	return jobs.Row(job), nil
}

// SendMail sends the mail of a job: invalid_argument where no further try would
// mend it. A mail whose time is over, or that is for nobody, is done;
// so is one with a link into an account that is no more.
func (s *Service) SendMail(ctx context.Context, payload data.Doc) error {
	var p struct {
		Sealed []byte `bson:"sealed"`
	}
	if err := data.Unmarshal(payload, &p); err != nil {
		return hutch.Errorf(hutch.InvalidArgument, "reading a mail: %w", err)
	}
	plain, err := s.seal.open(MailJob, p.Sealed)
	if err != nil {
		return hutch.Errorf(hutch.InvalidArgument, "opening a mail: %w", err)
	}
	var m Mail
	if err := json.Unmarshal(plain, &m); err != nil {
		return hutch.Errorf(hutch.InvalidArgument, "reading a mail: %w", err)
	}
	if m.To == "" || s.o.Mail.Mailer == nil {
		return nil
	}
	if !s.o.Now().Before(m.Until) {
		s.o.Log.Warn("a mail was not sent in time", slog.String("mail", m.Kind))
		return nil
	}
	if m.User != "" {
		u, err := load[userDoc](ctx, s.o.System, colUsers, m.User)
		if err != nil || u == nil { // erased since
			return err
		}
	}
	return s.o.Mail.Mailer.Send(ctx, m)
}

func noMail() error {
	return &hutch.Error{
		Code: hutch.EmailProviderDisabled, Message: "this server sends no mail", Hint: "set auth.mail.smtp",
	}
}
