package auth

import (
	"cmp"
	"context"
	"net/url"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	linkLife   = 15 * time.Minute
	inviteLife = 7 * 24 * time.Hour
)

// mailed is what a mailed link or code is good for.
type mailed struct {
	Flow Flow   `json:"flow"`
	Key  string `json:"key"` // of the address it was sent to
}

// proof is what a request shows beside a link or code.
type proof struct {
	verifier string // of the flow's challenge
	password string // of the sign-up
	typed    bool   // a code, not a link
	page     bool   // the button of the link's page: no session begins there
}

var linkKinds = map[string]string{ // of mails
	forSignup: MailConfirm, forMagic: MailMagicLink, forRecovery: MailRecover, forInvite: MailInvite,
	forChange: MailChange, forCurrent: MailChange,
}

// mailLink makes the one-time secret of a purpose and its mail to u: two writes.
func (s *Service) mailLink(purpose string, u *userDoc, to, key string, f Flow, now time.Time) ([]data.Write, error) {
	o, life, err := s.newLink(purpose, u, key, f)
	if err != nil {
		return nil, err
	}
	m := Mail{Kind: linkKinds[purpose], To: to, Code: o.code, Name: nameOf(u.Meta), Until: now.Add(life)}
	m.Link = s.linkTo(purpose, o.secret, f.Redirect)
	if u.Change != nil && (purpose == forChange || purpose == forCurrent) {
		m.NewEmail = u.Change.Email
	}
	if to != "" {
		m.User = u.ID
	}
	w, err := s.mailRow(m, now)
	return []data.Write{o.write, w}, err
}

// newLink makes the one-time secret of a purpose for who reads the mail of the
// address of key.
func (s *Service) newLink(purpose string, u *userDoc, key string, f Flow) (o *otp, life time.Duration, err error) {
	life = linkLife
	if purpose == forInvite {
		life = inviteLife
	}
	o, err = s.newOTP(purpose, u.ID, life, &mailed{Flow: f, Key: key}, true)
	return o, life, err
}

// decoy costs what mailLink does, for an address that gets no mail.
func (s *Service) decoy(purpose, key string, now time.Time) ([]data.Write, error) {
	return s.mailLink(purpose, &userDoc{ID: "nobody " + identityID(key), Meta: "{}"}, "", key, Flow{}, now)
}

// linkTo is the address in a mail: of the public URL, never of a request.
func (s *Service) linkTo(purpose, secret, redirect string) string {
	q := url.Values{"token": {secret}, "type": {purpose}}
	if redirect != "" {
		q.Set("redirect_to", s.redirect(redirect).String())
	}
	return s.issuer() + "/auth/v1/verify?" + q.Encode()
}

// redirect is where a flow may end: target where the config allows it, else the
// public URL.
func (s *Service) redirect(target string) *url.URL {
	r := s.o.Redirects
	if r == nil {
		r = &Redirects{}
	}
	return r.Allow(target, s.issuer())
}

// purposesOf are what a type of POST verify may name.
func purposesOf(kind string) []string {
	switch kind {
	case "email":
		return []string{forMagic, forSignup, forInvite}
	case forChange:
		return []string{forChange, forCurrent}
	case forSignup, forMagic, forRecovery, forInvite, forCurrent, forUndo:
		return []string{kind}
	}
	return nil
}

// VerifyRequest is the body of POST verify.
type VerifyRequest struct {
	Type      string
	Token     string // a code, with Email, or a link's
	TokenHash string
	Email     string
	Password  string // of the sign-up that is confirmed
	Verifier  string // of its code_challenge
}

// ParseVerify reads it: bad_json, validation_failed.
func ParseVerify(body []byte) (r VerifyRequest, err error) {
	f, err := readBody(body)
	if err != nil {
		return r, err
	}
	if r.Type, err = f.needText("type"); err != nil {
		return r, err
	}
	for _, m := range []struct {
		to   *string
		name string
	}{
		{&r.Token, "token"},
		{&r.TokenHash, "token_hash"},
		{&r.Email, "email"},
		{&r.Password, "password"},
		{&r.Verifier, "code_verifier"},
	} {
		if *m.to, _, err = f.text(m.name); err != nil {
			return r, err
		}
	}
	return r, r.check()
}

func (r *VerifyRequest) check() error {
	switch {
	case purposesOf(r.Type) == nil:
		return invalid("type", "type is signup, magiclink, recovery, invite, email_change or email")
	case r.Token == "" && r.TokenHash == "":
		return invalid("token", "token or token_hash is missing")
	case r.TokenHash == "" && len(r.Token) <= len("000000") && r.Email == "":
		return invalid("email", "a code needs the address it was sent to")
	}
	return nil
}

// VerifyMailed uses a mailed link or code: a session, or where a change of address
// waits for the other mail none. otp_expired, reauthentication_needed (a sign-up
// that did not begin here: its password is needed), invalid_credentials,
// user_banned, over_request_rate_limit.
func (s *Service) VerifyMailed(ctx context.Context, r VerifyRequest, c Client) (*Session, error) {
	p := proof{verifier: r.Verifier, password: r.Password}
	secret := cmp.Or(r.TokenHash, r.Token)
	if _, ok := handleOf(secret); !ok {
		return s.useCode(ctx, r, p, c)
	}
	err := otpExpired() // of a type that is none
	for _, purpose := range purposesOf(r.Type) {
		var out *Session
		if out, err = s.useLink(ctx, purpose, secret, p, c); hutch.CodeOf(err) != hutch.OTPExpired {
			return out, err
		}
	}
	return nil, err
}

// useLink uses the secret of a link.
func (s *Service) useLink(ctx context.Context, purpose, secret string, p proof, c Client) (out *Session, err error) {
	err = rerun(ctx, func() error {
		d, err := s.openOTP(ctx, purpose, secret)
		if err != nil {
			return err
		}
		out, err = s.effect(ctx, d, p, c)
		return err
	})
	return out, err
}

// effect commits what d is good for and spends it.
func (s *Service) effect(ctx context.Context, d *otpDoc, p proof, c Client, ws ...data.Write) (*Session, error) {
	if d.Purpose == forUndo {
		return nil, s.undo(ctx, d)
	}
	var m mailed
	if err := d.read(&m); err != nil {
		return nil, err
	}
	now := s.o.Now()
	u, err := load[userDoc](ctx, s.o.System, colUsers, d.Subject)
	switch {
	case err != nil:
		return nil, err
	case u == nil:
		return nil, otpExpired()
	case u.banned(now):
		return nil, userBanned()
	}
	ws = append(ws, d.spend())
	if d.Purpose == forChange || d.Purpose == forCurrent {
		return s.confirmChange(ctx, u, d.Purpose, &m, p, c, ws)
	}
	if m.Key != u.EmailKey {
		return nil, otpExpired()
	}
	how := mailEntry{method: "otp"}
	keep := false
	switch d.Purpose {
	case forSignup:
		if !u.Pending {
			return nil, otpExpired()
		}
		if keep, err = s.ownSignup(ctx, u, &m.Flow, p, c); err != nil {
			return nil, err
		}
	case forRecovery:
		how = mailEntry{method: "recovery", recovery: true}
	}
	gone, err := s.proven(u, keep, now)
	if err != nil {
		return nil, err
	}
	// proven drops what was mailed, this too: one write a document.
	return s.enterBy(ctx, u, how, c, once(append(ws, gone...))...)
}

// once keeps the first write of each document.
func once(ws []data.Write) []data.Write {
	seen, out := map[string]bool{}, ws[:0]
	for _, w := range ws {
		if id := w.Collection + "/" + w.ID; w.Collection == colAudit || !seen[id] {
			seen[id] = true
			out = append(out, w)
		}
	}
	return out
}

// ownSignup reports whether a confirmation keeps the password of its sign-up:
// where the flow began here, or its code is typed in the network of the only
// sign-up. A link that is opened elsewhere may be of a sign-up
// of somebody else's, so it needs the password.
func (s *Service) ownSignup(ctx context.Context, u *userDoc, f *Flow, p proof, c Client) (bool, error) {
	switch {
	case u.Password == "" || f.proves(p.verifier):
		return true, nil
	case p.password != "":
		if len(p.password) > maxPassword {
			return false, wrongPassword()
		}
		err := s.checkPassword(ctx, c, u.EmailKey, p.password, u.Password, false)
		s.noteFailure("signup_password", u, c, err)
		return true, err
	case p.typed && u.From == s.networkMark(c):
		return true, nil
	}
	return false, &hutch.Error{
		Code: hutch.ReauthenticationNeeded, Field: "password",
		Message: "the sign-up did not begin here: its password is needed",
	}
}

// mixed says that sign-ups for a pending account came from several networks.
const mixed = "mixed"
