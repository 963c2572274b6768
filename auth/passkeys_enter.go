package auth

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"log/slog"
	"sync"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// PasskeyChallenge answers POST passkeys/authentication/options: for anybody,
// and of nobody. bad_json, validation_failed, captcha_failed, passkey_disabled,
// over_request_rate_limit.
func (s *Service) PasskeyChallenge(ctx context.Context, body []byte, c Client) (*PasskeyChallenge, error) {
	if err := s.passkeyCaptcha(ctx, body, c); err != nil {
		return nil, err
	}
	rp, err := s.relyingParty()
	if err != nil {
		return nil, err
	}
	if err := s.countFlow(ctx, c, "passkey", flowsAnHour); err != nil {
		return nil, err
	}
	o, challenge, err := s.newChallenge(forPasskey, "")
	if err != nil {
		return nil, err
	}
	now := s.o.Now()
	if err := s.commit(ctx, now, o.write); err != nil {
		return nil, err
	}
	return &PasskeyChallenge{
		ChallengeID: o.secret, Options: rp.request(challenge, nil, true), ExpiresAt: now.Add(ceremonyLife).Unix(),
	}, nil
}

// passkeyCaptcha: the body may be absent.
func (s *Service) passkeyCaptcha(ctx context.Context, body []byte, c Client) error {
	var token string
	if len(body) > 0 {
		f, err := readBody(body)
		if err != nil {
			return err
		}
		if token, err = f.captcha(); err != nil {
			return err
		}
	}
	return s.person(ctx, token, c)
}

// EnterByPasskey answers POST passkeys/authentication/verify: a session of aal2,
// for the authenticator verified who holds it. bad_json, validation_failed,
// webauthn_challenge_expired, webauthn_verification_failed (also for unknown
// credentials), and for who proved to hold one user_banned and
// email_not_confirmed; passkey_disabled, over_request_rate_limit.
func (s *Service) EnterByPasskey(ctx context.Context, body []byte, c Client) (*Session, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return nil, err
	}
	if err := s.countFlow(ctx, c, passkeyTryName, triesAnHour); err != nil {
		return nil, err
	}
	r, err := ParsePasskeyVerify(body)
	if err != nil {
		return nil, err
	}
	p, err := parseSigned(r.Credential)
	if err != nil {
		return nil, err
	}
	var out *Session
	err = rerun(ctx, func() error {
		d, challenge, err := s.openChallenge(ctx, forPasskey, "", r.ChallengeID)
		if err != nil {
			return err
		}
		out, err = s.enterByPasskey(ctx, rp, d, p, challenge, c)
		return err
	})
	s.noteFailure(passkeyType, nil, c, err) // whose it claims to be is no matter
	return out, err
}

func (s *Service) enterByPasskey(ctx context.Context, rp *relyingParty, d *otpDoc, p *protocol.ParsedCredentialAssertionData, challenge []byte, c Client) (*Session, error) {
	now := s.o.Now()
	u, f, err := s.holder(ctx, p.RawID)
	if err != nil {
		return nil, err
	}
	if u == nil { // the same work and answer as for a known one
		_, err := rp.signed(p, decoy(p), p.Response.UserHandle, challenge, true)
		return nil, s.fail(ctx, d, badCredential(err))
	}
	if subtle.ConstantTimeCompare(u.Handle, p.Response.UserHandle) != 1 {
		return nil, s.fail(ctx, d, badCredential(errHandle))
	}
	key, err := rp.signed(p, &f.Key, u.Handle, challenge, true)
	if errors.Is(err, errCounter) {
		row, e := s.audit(now, auditDoc{Event: "passkey_copied", User: u.ID, Detail: f.ID})
		if e != nil {
			return nil, e
		}
		s.o.Log.Warn("a passkey counts backwards: there may be a copy of it", slog.String("user", u.ID), slog.String("passkey", f.ID))
		return nil, s.fail(ctx, d, err, row)
	}
	if err != nil {
		return nil, s.fail(ctx, d, err)
	}
	switch {
	case u.banned(now):
		return nil, s.fail(ctx, d, userBanned())
	case u.Pending:
		return nil, s.fail(ctx, d, &hutch.Error{Code: hutch.EmailNotConfirmed, Message: "open the link in the mail first"})
	}
	f.Key, f.LastUsed = *key, now
	w, err := s.savePasskey(f, now)
	if err != nil {
		return nil, err
	}
	how := mailEntry{method: passkeyType, aal: "aal2", passkey: f.ID}
	return s.enterBy(ctx, u, how, c, []data.Write{d.spend(), w}...)
}

var errHandle = errors.New("a handle that is not the user's")

// holder finds whose credential it is; nil for none. It reads as often for one
// that is not known.
func (s *Service) holder(ctx context.Context, credential []byte) (*userDoc, *passkeyDoc, error) {
	id, err := load[identityDoc](ctx, s.o.System, colIdentities, credentialID(credential))
	if err != nil {
		return nil, nil, err
	}
	if id == nil {
		id = &identityDoc{IdentityID: "none", User: "none"}
	}
	d, err := load[passkeyDoc](ctx, s.o.System, colFactors, id.IdentityID)
	if err != nil {
		return nil, nil, err
	}
	u, err := load[userDoc](ctx, s.o.System, colUsers, id.User)
	if err != nil {
		return nil, nil, err
	}
	if u == nil || d == nil || d.Type != passkeyType || d.User != u.ID || u.passkey(d.ID) < 0 {
		return nil, nil, nil
	}
	return u, d, nil
}

// nobodysKey is a key that nobody has the other half of.
var nobodysKey = sync.OnceValue(func() []byte {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil
	}
	point, err := k.PublicKey.Bytes()
	if err != nil {
		return nil
	}
	cose, err := webauthncbor.Marshal(webauthncose.EC2PublicKeyData{
		PublicKeyData: webauthncose.PublicKeyData{KeyType: int64(webauthncose.EllipticKey), Algorithm: int64(webauthncose.AlgES256)},
		Curve:         int64(webauthncose.P256), XCoord: point[1:33], YCoord: point[33:],
	})
	if err != nil {
		return nil
	}
	return cose
})

// decoy stands for a credential that is not known: its signature is checked too.
func decoy(p *protocol.ParsedCredentialAssertionData) *publicKey {
	return &publicKey{
		Credential: p.RawID, Key: nobodysKey(), Eligible: p.Response.AuthenticatorData.Flags.HasBackupEligible(),
	}
}
