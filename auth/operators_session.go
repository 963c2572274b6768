package auth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
)

// adminAudience is aud of an operator's token; no access token of a user has it,
// and this one is no access token.
const adminAudience = "hutch-admin"

const renewAfter = 10 * time.Minute

// owes is what a session still has to show before it is an operator's: "",
// totp, passkey, or enroll where there is no factor yet.
func (o *Operators) owes(d *operatorDoc, s *operatorSession) string {
	has := d.methods()
	switch {
	case o.MFA() == MFAOff, len(has) == 0 && o.MFA() == MFAOptional:
		return ""
	case len(has) == 0:
		return "enroll"
	case s.AAL == aal2:
		return ""
	}
	return has[0]
}

func (o *Operators) ends(d *operatorDoc, s *operatorSession) time.Time {
	end := s.Created.Add(operatorMax)
	if o.owes(d, s) != "" {
		end = s.Created.Add(operatorHalf)
	}
	return end
}

func (o *Operators) lives(d *operatorDoc, s *operatorSession, now time.Time) bool {
	return now.Before(o.ends(d, s)) && now.Before(s.Seen.Add(operatorIdle+renewAfter))
}

// end takes a session from d.
func (d *operatorDoc) end(id string) {
	d.Sessions = slices.DeleteFunc(slices.Clone(d.Sessions), func(s operatorSession) bool { return s.ID == id })
}

// issue signs the token of a session, good until it is idle for too long.
func (o *Operators) issue(d *operatorDoc, s *operatorSession, now time.Time) (token string, exp time.Time, err error) {
	exp = now.Add(operatorIdle)
	if end := o.ends(d, s); end.Before(exp) {
		exp = end
	}
	var nonce [16]byte
	if _, err = io.ReadFull(o.s.o.Entropy, nonce[:]); err != nil {
		return "", exp, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	payload, err := json.Marshal(struct {
		Issuer    string `json:"iss"`
		Subject   string `json:"sub"`
		Audience  string `json:"aud"`
		Expires   int64  `json:"exp"`
		IssuedAt  int64  `json:"iat"`
		ID        string `json:"jti"`
		SessionID string `json:"session_id"`
	}{o.s.issuer(), d.ID, adminAudience, exp.Unix(), now.Unix(), base64.RawURLEncoding.EncodeToString(nonce[:]), s.ID})
	if err != nil {
		return "", exp, hutch.Errorf(hutch.Internal, "encoding a token: %w", err)
	}
	signed, err := o.s.keys.Load().signs(now).signer.Sign(payload)
	if err == nil {
		token, err = signed.CompactSerialize()
	}
	if err != nil {
		return "", exp, hutch.Errorf(hutch.Internal, "signing a token: %w", err)
	}
	return token, exp, nil
}

func notSignedIn() error { return unauthenticated("sign in to the dashboard") }

// read opens a token and finds its session, whatever that still owes:
// unauthenticated.
func (o *Operators) read(ctx context.Context, token string) (*operatorDoc, *operatorSession, error) {
	now := o.s.o.Now()
	c, err := o.s.openAs(token, adminAudience, now)
	if err != nil {
		return nil, nil, notSignedIn()
	}
	return o.alive(ctx, c.Subject, c.SessionID, now)
}

func (o *Operators) alive(ctx context.Context, id, session string, now time.Time) (*operatorDoc, *operatorSession, error) {
	d, err := o.s.operator(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if d == nil || !d.active() {
		return nil, nil, notSignedIn()
	}
	s := d.session(session)
	if s == nil || !o.lives(d, s, now) {
		return nil, nil, notSignedIn()
	}
	return d, s, nil
}

// Verify gives the principal of a token that has shown all it owes, and when the
// token ends: unauthenticated. stale: Renew is due.
func (o *Operators) Verify(ctx context.Context, token string) (p hutch.Principal, exp time.Time, stale bool, err error) {
	now := o.s.o.Now()
	sum := sha256.Sum256(append([]byte(adminAudience+"\x00"), token...)) // never found as a user's token
	if r := o.s.cache.get(sum, now); r != nil {
		return r.principal, r.exp, r.renew != 0 && now.UnixNano() >= r.renew, nil
	}
	all := o.s.cache.all.Load()
	c, err := o.s.openAs(token, adminAudience, now)
	if err != nil {
		return p, exp, false, notSignedIn()
	}
	r := &remembered{stand: o.s.cache.stand(c.SessionID, c.Subject), exp: time.Unix(c.Expires, 0)}
	r.stand.all = all
	d, s, err := o.alive(ctx, c.Subject, c.SessionID, now)
	if err != nil {
		return p, exp, false, err
	}
	if o.owes(d, s) != "" {
		return p, exp, false, notSignedIn()
	}
	r.principal = hutch.Principal{
		Kind: hutch.Operator, UID: d.ID, Email: d.Email, EmailVerified: true, AAL: s.AAL, SessionID: s.ID,
	}.Sealed()
	if end := o.ends(d, s); end.Before(r.exp) {
		r.exp = end
	} else if r.exp.Before(end.Truncate(time.Second)) { // a later one would live longer
		r.renew = time.Unix(c.IssuedAt, 0).Add(renewAfter).UnixNano()
	}
	r.ends = r.exp.UnixNano()
	o.s.cache.put(sum, r, now)
	return r.principal, r.exp, r.renew != 0 && now.UnixNano() >= r.renew, nil
}

// Renew gives a younger token of the same session: errors of Verify.
func (o *Operators) Renew(ctx context.Context, token string, c Client) (*Entered, error) {
	var out *Entered
	err := rerun(ctx, func() error {
		now := o.s.o.Now()
		d, s, err := o.read(ctx, token)
		if err != nil {
			return err
		}
		if now.Sub(s.Seen) > time.Minute { // of many requests at once one writes
			s.Seen, s.Addr = now, c.address()
			if err := o.commit(ctx, d, auditDoc{}, now); err != nil {
				return err
			}
		}
		out, err = o.entered(d, s, now)
		return err
	})
	return out, err
}

// Entered is a sign-in, or a step of one.
type Entered struct {
	Token string // for the cookie
	Ends  time.Time
	State OperatorState
}

func (o *Operators) entered(d *operatorDoc, s *operatorSession, now time.Time) (*Entered, error) {
	token, exp, err := o.issue(d, s, now)
	if err != nil {
		return nil, err
	}
	return &Entered{Token: token, Ends: exp, State: o.state(d, s)}, nil
}

// Operator is who is signed in, as they see themselves.
type Operator struct {
	ID        string            `json:"id"`
	Email     string            `json:"email"`
	AAL       string            `json:"aal"`
	Factors   []string          `json:"factors"` // totp, passkey
	Passkeys  []OperatorPasskey `json:"passkeys"`
	Session   string            `json:"session"`
	CreatedAt string            `json:"createdAt"`
}

// OperatorPasskey is a passkey of an operator.
type OperatorPasskey struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	CreatedAt  string `json:"createdAt"`
	LastUsedAt string `json:"lastUsedAt,omitempty"`
}

// OperatorState says where a sign-in stands.
type OperatorState struct {
	Operator *Operator `json:"operator"` // nil: not yet, or not at all
	Setup    bool      `json:"setup"`    // nobody is an operator yet
	MFA      string    `json:"mfa"`
	Next     string    `json:"next,omitempty"`    // totp, passkey or enroll: what is owed
	Methods  []string  `json:"methods,omitempty"` // that would do
	Email    string    `json:"email,omitempty"`   // of who owes
}

func (o *Operators) state(d *operatorDoc, s *operatorSession) OperatorState {
	if next := o.owes(d, s); next != "" {
		out := OperatorState{MFA: o.MFA(), Next: next, Methods: d.methods(), Email: d.Email}
		if next == "enroll" {
			out.Methods = []string{"totp", passkeyType}
		}
		return out
	}
	me := &Operator{
		ID: d.ID, Email: d.Email, AAL: s.AAL, Factors: d.methods(), Passkeys: []OperatorPasskey{}, Session: s.ID, CreatedAt: rfc3339(d.Created),
	}
	for i := range d.Passkeys {
		me.Passkeys = append(me.Passkeys, d.Passkeys[i].ofOperator())
	}
	return OperatorState{Operator: me, MFA: o.MFA()}
}

func (d *passkeyDoc) ofOperator() OperatorPasskey {
	return OperatorPasskey{ID: d.ID, Name: d.Name, CreatedAt: rfc3339(d.Created), LastUsedAt: rfc3339(d.LastUsed)}
}

// State says where the sign-in of a token stands; without one, or with one that
// has ended, that nobody is signed in.
func (o *Operators) State(ctx context.Context, token string) (OperatorState, error) {
	if token != "" {
		d, s, err := o.read(ctx, token)
		if err == nil {
			return o.state(d, s), nil
		}
		if hutch.CodeOf(err) != hutch.Unauthenticated {
			return OperatorState{}, err
		}
	}
	exist, err := o.Exist(ctx)
	return OperatorState{Setup: !exist, MFA: o.MFA()}, err
}
