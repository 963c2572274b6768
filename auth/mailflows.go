package auth

import (
	"context"
	"encoding/json"
	"strings"
	"time"
	"unicode"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// nameLength bounds the name of a person in a mail.
const nameLength = 64

// nameOf is the name in user_metadata, as a mail may show it: short, one line,
// nothing that mail programs make a link of.
func nameOf(meta string) string {
	var m struct {
		Name     any `json:"name"`
		FullName any `json:"full_name"`
	}
	if json.Unmarshal([]byte(orEmpty(meta)), &m) != nil {
		return ""
	}
	name, ok := m.Name.(string)
	if !ok {
		name, _ = m.FullName.(string)
	}
	name = strings.Join(strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) }), " ")
	low := strings.ToLower(name)
	for _, s := range []string{".", "://", "www", "@", "/", "<", ">", "&"} {
		if strings.Contains(low, s) {
			return ""
		}
	}
	if r := []rune(name); len(r) > nameLength {
		name = string(r[:nameLength])
	}
	return strings.TrimSpace(name)
}

// RecoverRequest is the body of POST recover, otp, magiclink and resend.
type RecoverRequest struct {
	Email  string
	Type   string // of resend
	Create bool   // of otp: an account for an address that has none
	Data   map[string]json.RawMessage
	Flow   Flow

	Captcha string
}

// ParseRecover reads it: bad_json, validation_failed.
func ParseRecover(body []byte) (r RecoverRequest, err error) {
	f, err := readBody(body)
	if err != nil {
		return r, err
	}
	if phone, _, err := f.text("phone"); err != nil || phone != "" {
		return r, invalid("phone", "codes go to addresses only")
	}
	if r.Email, err = f.needText("email"); err != nil {
		return r, err
	}
	if r.Type, _, err = f.text("type"); err != nil {
		return r, err
	}
	switch string(f["create_user"]) {
	case "", "null", "true":
		r.Create = true
	case "false":
	default:
		return r, invalid("create_user", "create_user is true or false")
	}
	if r.Data, err = f.object("data"); err != nil {
		return r, err
	}
	if r.Captcha, err = f.captcha(); err != nil {
		return r, err
	}
	r.Flow, err = f.flow()
	return r, err
}

// Recover mails a way to set a new password; the answer is equal for unknown
// addresses. validation_failed, over_email_send_rate_limit,
// email_provider_disabled, captcha_failed.
func (s *Service) Recover(ctx context.Context, r RecoverRequest, c Client) error {
	return s.toOwner(ctx, forRecovery, r, c, nil)
}

// MagicLink mails a link and a code that sign in, and makes the account where
// there is none yet. Errors of Recover.
func (s *Service) MagicLink(ctx context.Context, r RecoverRequest, c Client) error {
	if !s.o.Mail.MagicLinks {
		return &hutch.Error{Code: hutch.EmailProviderDisabled, Message: "magic links are off here"}
	}
	meta, err := metadata("", r.Data)
	if err != nil {
		return err
	}
	return s.toOwner(ctx, forMagic, r, c, func(e email, now time.Time) (*userDoc, []data.Write, error) {
		if !r.Create || !s.o.Signup {
			return nil, nil, nil
		}
		u, ws, err := s.newAccount(e, now)
		if err != nil {
			return nil, nil, err
		}
		u.Pending, u.From, u.Meta = true, s.networkMark(c), meta
		if err = s.judgeSignUp(ctx, u, mailEntry{method: "otp"}, c); err == nil {
			err = s.checkProfile(u)
		}
		if err != nil {
			s.tellRefusal(err)
			return nil, nil, nil
		}
		return u, ws, nil
	})
}

// Resend mails what a sign-up or a change of address waits for. Errors of Recover.
func (s *Service) Resend(ctx context.Context, r RecoverRequest, c Client) error {
	switch r.Type {
	case forChange:
		if err := s.countChange(ctx, r, c); err != nil {
			return err
		}
		fallthrough
	case forSignup:
		return s.toOwner(ctx, r.Type, r, c, nil)
	}
	return invalid("type", "type is signup or email_change")
}

// toOwner mails a link of a purpose to the stored address of an account; make
// gives the account of an address that has none. Both cases take the same path.
func (s *Service) toOwner(ctx context.Context, purpose string, r RecoverRequest, c Client, make func(email, time.Time) (*userDoc, []data.Write, error)) error {
	if s.o.Mail.Mailer == nil {
		return noMail()
	}
	if err := s.person(ctx, r.Captcha, c); err != nil {
		return err
	}
	e, err := parseEmail(r.Email)
	if err != nil {
		return err
	}
	if make != nil {
		if err = s.countSignup(ctx, c); err != nil {
			return err
		}
	}
	if err = s.countMail(ctx, e.key, c); err != nil {
		return err
	}
	var room ceiling
	return rerun(ctx, func() error {
		now := s.o.Now()
		u, err := s.userByEmail(ctx, e)
		if err != nil {
			return err
		}
		var ws []data.Write
		if make != nil { // for an address that has an account too: what it does takes its time
			n, more, err := make(e, now)
			if err != nil {
				return err
			}
			if u == nil {
				u, ws = n, more
			}
		}
		to, _ := addressee(purpose, u, now)
		if ok, err := s.mayMail(ctx, &room, recipientOf(purpose, u, to), c); err != nil {
			return err
		} else if !ok { // as for an address that nobody has
			u, ws = nil, nil
		}
		if ws, err = s.linkFor(purpose, u, e, r.Flow, ws, now); err != nil {
			return err
		}
		return s.commit(ctx, now, ws...)
	})
}

// addressee is where a mail of a purpose goes; to "": nowhere.
func addressee(purpose string, u *userDoc, now time.Time) (to, key string) {
	if u == nil || u.banned(now) {
		return "", ""
	}
	switch purpose {
	case forSignup:
		if !u.Pending || u.Password == "" {
			return "", ""
		}
	case forChange:
		if u.Change == nil || now.Sub(u.Change.Sent) > linkLife {
			return "", ""
		}
		if !u.Change.New {
			return u.Change.Email, u.Change.Key
		}
	}
	return u.Email, u.EmailKey
}

// linkFor gives the writes of a mail to u, or of none to nobody.
func (s *Service) linkFor(purpose string, u *userDoc, e email, f Flow, ws []data.Write, now time.Time) ([]data.Write, error) {
	to, key := addressee(purpose, u, now)
	if to == "" {
		more, err := s.decoy(purpose, e.key, now)
		return append(ws, more...), err
	}
	var more []data.Write
	var err error
	if purpose == forChange {
		more, err = s.changeAgain(u, f, now)
	} else {
		more, err = s.mailLink(purpose, u, to, key, f, now)
	}
	if err != nil {
		return nil, err
	}
	ws = append(ws, more...)
	if u.Pending && purpose != forSignup {
		// What is proven otherwise does not keep a sign-up's password, nor its mail.
		ws = append(ws, dropOTP(forSignup, u.ID))
	}
	if waits := u.Version != 0 && u.Pending && purpose != forSignup && u.From != mixed; waits {
		u.From = mixed // a code typed from now on may be of this mail, and says nothing of the sign-up
		w, err := s.saveUser(u, now)
		if err != nil {
			return nil, err
		}
		ws = append(ws, w)
	}
	if u.Version == 0 {
		w, err := s.saveUser(u, now)
		if err != nil {
			return nil, err
		}
		ws = append(ws, w)
	}
	return ws, nil
}
