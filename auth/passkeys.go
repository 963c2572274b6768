package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// colFactors holds passkeys and second factors.
const colFactors = "_factors"

const (
	maxPasskeys    = 10  // of a user
	maxFriendly    = 120 // characters of a name
	passkeyType    = "passkey"
	forPasskey     = "passkey"     // purpose of the challenge of a sign-in
	forPasskeyNew  = "passkey_new" // of a new passkey; its subject is the session
	passkeyTryName = "passkey try"
)

// passkeyDoc is a passkey, in _factors. It is a way in and no second factor:
// who has one may still sign in without.
type passkeyDoc struct {
	ID       string    `bson:"_id"`
	Version  int64     `bson:"_version,omitempty"`
	User     string    `bson:"user"`
	Type     string    `bson:"type"` // passkey
	Name     string    `bson:"name,omitempty"`
	Key      publicKey `bson:"webauthn"`
	LastUsed time.Time `bson:"lastUsedAt,omitempty"`
	Created  time.Time `bson:"createdAt"`
	Updated  time.Time `bson:"updatedAt"`
}

// passkeyRef is what a user's document keeps of a passkey: the ids of its
// documents in _factors and _identities.
type passkeyRef struct {
	ID       string    `bson:"id"`
	Identity string    `bson:"identity"`
	Created  time.Time `bson:"createdAt,omitempty"`
}

// credentialID is the _id in _identities that makes a credential unique.
func credentialID(credential []byte) string {
	sum := sha256.Sum256(credential)
	return "webauthn:" + hex.EncodeToString(sum[:])
}

func (u *userDoc) passkey(id string) int {
	return slices.IndexFunc(u.Passkeys, func(r passkeyRef) bool { return r.ID == id })
}

// holds reports whether a session is alive as far as its user says: of its
// epoch, and by a passkey that is still there.
func (u *userDoc) holds(d *sessionDoc) bool {
	return u.Epoch == d.Epoch && (d.Passkey == "" || u.passkey(d.Passkey) >= 0)
}

func (r *passkeyRef) drop() []data.Write {
	return []data.Write{remove(colFactors, r.ID), remove(colIdentities, r.Identity)}
}

// dropPasskeys takes all passkeys from u.
func dropPasskeys(u *userDoc) []data.Write {
	ws := make([]data.Write, 0, 2*len(u.Passkeys))
	for i := range u.Passkeys {
		ws = append(ws, u.Passkeys[i].drop()...)
	}
	u.Passkeys, u.Handle = nil, nil
	return ws
}

func (s *Service) savePasskey(d *passkeyDoc, now time.Time) (data.Write, error) {
	v := d.Version
	c := *d
	c.Version, c.Updated = 0, now
	return put(colFactors, d.ID, v, &c)
}

// passkeysOf reads them, oldest first.
func (s *Service) passkeysOf(ctx context.Context, u *userDoc) ([]*passkeyDoc, error) {
	out := make([]*passkeyDoc, 0, len(u.Passkeys))
	for _, r := range u.Passkeys {
		d, err := load[passkeyDoc](ctx, s.o.System, colFactors, r.ID)
		if err != nil {
			return nil, err
		}
		if d != nil && d.User == u.ID {
			out = append(out, d)
		}
	}
	return out, nil
}

// PasskeyChallenge is the answer to POST passkeys/*/options.
type PasskeyChallenge struct {
	ChallengeID string `json:"challenge_id"`
	Options     any    `json:"options"` // for parseCreationOptionsFromJSON or parseRequestOptionsFromJSON
	ExpiresAt   int64  `json:"expires_at"`
}

// ceremony is what a challenge is good for.
type ceremony struct {
	Challenge []byte `json:"challenge"`
}

// PasskeyVerify is the body of POST passkeys/*/verify.
type PasskeyVerify struct {
	ChallengeID string
	Credential  json.RawMessage
}

// ParsePasskeyVerify reads it: bad_json, validation_failed.
func ParsePasskeyVerify(body []byte) (r PasskeyVerify, err error) {
	f, err := readBody(body)
	if err != nil {
		return r, err
	}
	if r.ChallengeID, err = f.needText("challenge_id"); err != nil {
		return r, err
	}
	if r.Credential = f["credential"]; len(r.Credential) == 0 {
		return r, invalid("credential", "credential is missing")
	}
	return r, nil
}

func challengeExpired() error {
	return &hutch.Error{Code: hutch.WebAuthnExpired, Message: "the challenge is not known, was used or has expired", Hint: "begin again"}
}

// mayHavePasskeys refuses one more than ten, and accounts whose one session
// proves nothing of who has it: a stolen one would make a second way in.
func mayHavePasskeys(u *userDoc) error {
	switch {
	case u.Anonymous:
		return &hutch.Error{Code: hutch.ValidationFailed, Message: "an anonymous account has no passkeys", Hint: "give it an address first"}
	case len(u.Passkeys) >= maxPasskeys:
		return &hutch.Error{Code: hutch.TooManyPasskeys, Message: "an account has at most 10 passkeys"}
	}
	return nil
}

// newChallenge makes one, for a subject or for anybody who has its id.
func (s *Service) newChallenge(purpose, subject string) (*otp, []byte, error) {
	challenge, err := random(s.o.Entropy, challengeSize)
	if err != nil {
		return nil, nil, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	o, err := s.newOTP(purpose, subject, ceremonyLife, &ceremony{Challenge: challenge}, false)
	return o, challenge, err
}

// openChallenge: webauthn_challenge_expired for all that is not valid now, and
// for what belongs to another subject.
func (s *Service) openChallenge(ctx context.Context, purpose, subject, id string) (*otpDoc, []byte, error) {
	d, err := s.openOTP(ctx, purpose, id)
	if hutch.CodeOf(err) == hutch.OTPExpired || err == nil && d.Subject != subject {
		return nil, nil, challengeExpired()
	}
	if err != nil {
		return nil, nil, err
	}
	var c ceremony
	return d, c.Challenge, d.read(&c)
}

// fail uses a challenge up: what did not verify is not tried twice.
func (s *Service) fail(ctx context.Context, d *otpDoc, because error, ws ...data.Write) error {
	if err := s.commit(ctx, s.o.Now(), append(ws, d.spend())...); err != nil {
		return err
	}
	return because
}

// PasskeyOptions answers POST passkeys/registration/options, for who is signed
// in with all factors they have and authenticated within 10 minutes.
// no_authorization, bad_jwt, session_not_found, session_expired, user_banned,
// insufficient_aal, reauthentication_needed, too_many_passkeys,
// passkey_disabled, over_request_rate_limit.
func (s *Service) PasskeyOptions(ctx context.Context, cr Credentials, c Client) (*PasskeyChallenge, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return nil, err
	}
	l, err := s.mayChangeIdentities(ctx, cr)
	if err != nil {
		return nil, err
	}
	if err := s.countFlow(ctx, c, "passkey", flowsAnHour); err != nil {
		return nil, err
	}
	var out *PasskeyChallenge
	err = s.rerunAlive(ctx, l, func(u *userDoc, d *sessionDoc, now time.Time) error {
		if err := mayHavePasskeys(u); err != nil {
			return err
		}
		known, err := s.passkeysOf(ctx, u)
		if err != nil {
			return err
		}
		keys := make([]*publicKey, 0, len(known))
		for _, k := range known {
			keys = append(keys, &k.Key)
		}
		var ws []data.Write
		if len(u.Handle) == 0 { // authenticators keep it: it says nothing of the account
			if u.Handle, err = random(s.o.Entropy, handleSize); err != nil {
				return hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
			}
			w, err := s.saveUser(u, now)
			if err != nil {
				return err
			}
			ws = append(ws, w)
		}
		o, challenge, err := s.newChallenge(forPasskeyNew, d.ID)
		if err != nil {
			return err
		}
		if err := s.commit(ctx, now, append(ws, o.write)...); err != nil {
			return err
		}
		out = &PasskeyChallenge{
			ChallengeID: o.secret, Options: rp.creation(u.shown(), challenge, keys, true), ExpiresAt: now.Add(ceremonyLife).Unix(),
		}
		return nil
	})
	return out, err
}

// shown is what authenticators show of an account.
func (u *userDoc) shown() shown {
	p := shown{handle: u.Handle, name: u.Email, full: nameOf(u.Meta)}
	if p.name == "" {
		p.name = "account"
	}
	if p.full == "" {
		p.full = p.name
	}
	return p
}
