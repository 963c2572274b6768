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

// confirmedSignup makes an account that waits for its mail. The answer is equal
// for an address that has an account, whose owner gets a mail.
func (s *Service) confirmedSignup(ctx context.Context, e email, r SignupRequest, meta string, c Client) (*Session, error) {
	if err := s.countMail(ctx, e.key, c); err != nil {
		return nil, err
	}
	hash, err := s.o.Hasher.Hash(ctx, r.Password)
	if err != nil {
		return nil, err
	}
	mark := s.networkMark(c)
	var out *Session
	err = rerun(ctx, func() error {
		now := s.o.Now()
		u, ws, err := s.pending(ctx, e, mark, now)
		if err != nil {
			return err
		}
		shown := u
		if shown == nil { // taken: an account as the answer would show a new one
			if shown, _, err = s.newAccount(e, now); err != nil {
				return err
			}
		}
		shown.Meta, shown.Updated = meta, now
		out = &Session{User: showUser(shown)}
		if u == nil {
			if ws, err = s.takenMail(ctx, "", e, now); err != nil {
				return err
			}
			return s.commit(ctx, now, ws...)
		}
		u.Password = hash
		more, err := s.mailLink(forSignup, u, u.Email, u.EmailKey, r.Flow, now)
		if err != nil {
			return err
		}
		w, err := s.saveUser(u, now)
		if err != nil {
			return err
		}
		return s.commit(ctx, now, append(append(ws, more...), w)...)
	})
	return out, err
}

// pending makes an account for an address that nobody has proven, in place of
// one that still waits; nil where the address has an account.
func (s *Service) pending(ctx context.Context, e email, mark string, now time.Time) (*userDoc, []data.Write, error) {
	id, err := load[identityDoc](ctx, s.o.System, colIdentities, identityID(e.key))
	if err != nil {
		return nil, nil, err
	}
	u, ws, err := s.newAccount(e, now)
	if err != nil {
		return nil, nil, err
	}
	u.Pending, u.From = true, mark
	if id == nil {
		return u, ws, nil
	}
	old, err := load[userDoc](ctx, s.o.System, colUsers, id.User)
	if err != nil {
		return nil, nil, err
	}
	if old == nil || !old.Pending || !old.Invited.IsZero() {
		return nil, nil, nil
	}
	if old.From != mark {
		u.From = mixed
	}
	for i := range ws {
		ws[i].Expect = id.Version
	}
	gone := remove(colUsers, old.ID)
	gone.Expect = old.Version
	return u, append(append(ws, gone), dropMails(old)...), nil
}

// takenMail tells the owner of an address that somebody signed up with it.
func (s *Service) takenMail(ctx context.Context, uid string, e email, now time.Time) ([]data.Write, error) {
	ws, err := s.decoy(forSignup, e.key, now)
	if err != nil {
		return nil, err
	}
	u, err := s.userByEmail(ctx, e)
	if uid != "" && err == nil {
		u, err = load[userDoc](ctx, s.o.System, colUsers, uid)
	}
	if err != nil || u == nil {
		return ws, err
	}
	w, err := s.mailRow(Mail{Kind: MailTaken, To: u.Email}, now)
	return append(ws[:1], w), err
}

// RecoverRequest is the body of POST recover, otp, magiclink and resend.
type RecoverRequest struct {
	Email  string
	Type   string // of resend
	Create bool   // of otp: an account for an address that has none
	Data   map[string]json.RawMessage
	Flow   Flow
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
	r.Flow, err = f.flow()
	return r, err
}

// Recover mails a way to set a new password; the answer is equal for unknown
// addresses. validation_failed, over_email_send_rate_limit,
// email_provider_disabled.
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
		return u, ws, nil
	})
}

// Resend mails what a sign-up or a change of address waits for. Errors of Recover.
func (s *Service) Resend(ctx context.Context, r RecoverRequest, c Client) error {
	switch r.Type {
	case forSignup, forChange:
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
	return rerun(ctx, func() error {
		now := s.o.Now()
		u, err := s.userByEmail(ctx, e)
		if err != nil {
			return err
		}
		var ws []data.Write
		if u == nil && make != nil {
			if u, ws, err = make(e, now); err != nil {
				return err
			}
		}
		if ws, err = s.linkFor(purpose, u, e, r.Flow, ws, now); err != nil {
			return err
		}
		return s.commit(ctx, now, ws...)
	})
}

// linkFor gives the writes of a mail to u, or of none to nobody.
func (s *Service) linkFor(purpose string, u *userDoc, e email, f Flow, ws []data.Write, now time.Time) ([]data.Write, error) {
	to := ""
	if u != nil && !u.banned(now) {
		to = u.Email
	}
	key := e.key
	switch purpose {
	case forSignup:
		if u == nil || !u.Pending || u.Password == "" {
			to = ""
		}
	case forChange:
		if u == nil || u.Change == nil || u.Change.New || now.Sub(u.Change.Sent) > linkLife {
			to = ""
		} else {
			to, key = u.Change.Email, u.Change.Key
		}
	}
	if to == "" {
		more, err := s.decoy(purpose, e.key, now)
		return append(ws, more...), err
	}
	more, err := s.mailLink(purpose, u, to, key, f, now)
	if err != nil {
		return nil, err
	}
	ws = append(ws, more...)
	if u.Pending && purpose != forSignup {
		// What is proven otherwise does not keep a sign-up's password, nor its mail.
		ws = append(ws, dropOTP(forSignup, u.ID))
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

// Invite makes an account without password and mails its owner a link; again for
// one that waits. user_already_exists, validation_failed, email_provider_disabled.
func (s *Service) Invite(ctx context.Context, address string, data map[string]json.RawMessage, redirect string) (*User, error) {
	if s.o.Mail.Mailer == nil {
		return nil, noMail()
	}
	e, err := parseEmail(address)
	if err != nil {
		return nil, err
	}
	meta, err := metadata("", data)
	if err != nil {
		return nil, err
	}
	var out *User
	err = rerun(ctx, func() error {
		now := s.o.Now()
		u, err := s.userByEmail(ctx, e)
		if err != nil {
			return err
		}
		ws, err := s.invited(&u, e, now)
		if err != nil {
			return err
		}
		u.Meta, u.Invited = meta, now
		more, err := s.mailLink(forInvite, u, u.Email, u.EmailKey, Flow{Redirect: redirect}, now)
		if err != nil {
			return err
		}
		row, err := s.audit(now, auditDoc{Event: "user_invited", User: u.ID})
		if err != nil {
			return err
		}
		w, err := s.saveUser(u, now)
		if err != nil {
			return err
		}
		if err = s.commit(ctx, now, append(append(ws, more...), w, row)...); err != nil {
			return err
		}
		u.Updated = now
		out = showUser(u)
		return nil
	})
	return out, err
}

// invited makes the account of an invitation, or takes over one that waits.
func (s *Service) invited(u **userDoc, e email, now time.Time) ([]data.Write, error) {
	if *u == nil {
		n, ws, err := s.newAccount(e, now)
		if err != nil {
			return nil, err
		}
		n.Pending, n.From = true, mixed
		*u = n
		return ws, nil
	}
	if !(*u).Pending {
		return nil, taken()
	}
	(*u).Password, (*u).From = "", mixed
	return []data.Write{dropOTP(forSignup, (*u).ID), dropOTP(forMagic, (*u).ID)}, nil
}
