package auth

import (
	"context"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Passkey is a passkey as its user sees it.
type Passkey struct {
	ID         string `json:"id"`
	Name       string `json:"friendly_name,omitempty"`
	CreatedAt  string `json:"created_at"`
	LastUsedAt string `json:"last_used_at,omitempty"`
}

func (d *passkeyDoc) show() *Passkey {
	return &Passkey{ID: d.ID, Name: d.Name, CreatedAt: rfc3339(d.Created), LastUsedAt: rfc3339(d.LastUsed)}
}

// AddPasskey answers POST passkeys/registration/verify, in the session that asked
// for the challenge. Errors of PasskeyOptions, and bad_json, validation_failed,
// webauthn_challenge_expired, webauthn_verification_failed,
// webauthn_credential_exists.
func (s *Service) AddPasskey(ctx context.Context, cr Credentials, body []byte, c Client) (*Passkey, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return nil, err
	}
	l, err := s.mayChangeIdentities(ctx, cr)
	if err != nil {
		return nil, err
	}
	r, err := ParsePasskeyVerify(body)
	if err != nil {
		return nil, err
	}
	if err := s.countFlow(ctx, c, passkeyTryName, triesAnHour); err != nil {
		return nil, err
	}
	p, err := parseNew(r.Credential)
	if err != nil {
		return nil, err
	}
	var out *Passkey
	err = rerun(ctx, func() error {
		d, challenge, err := s.openChallenge(ctx, forPasskeyNew, l.session.ID, r.ChallengeID)
		if err != nil {
			return err
		}
		u, session, err := s.alive(ctx, l.session.ID, l.user.ID, s.o.Now())
		if err != nil {
			return err
		}
		out, err = s.addPasskey(ctx, rp, u, session, d, p, challenge)
		return err
	})
	return out, err
}

// addPasskey commits a passkey of u, as it was read.
func (s *Service) addPasskey(ctx context.Context, rp *relyingParty, u *userDoc, session *sessionDoc, d *otpDoc, p *protocol.ParsedCredentialCreationData, challenge []byte) (*Passkey, error) {
	now := s.o.Now()
	key, err := rp.registered(p, u.Handle, challenge, true)
	if err != nil {
		return nil, s.fail(ctx, d, err)
	}
	if err := mayHavePasskeys(u); err != nil {
		return nil, s.fail(ctx, d, err)
	}
	id, err := newID(now, s.o.Entropy)
	if err != nil {
		return nil, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	if err := s.newFactorKey(ctx, u, key); err != nil {
		return nil, s.fail(ctx, d, err)
	}
	unique, err := s.uniqueCredential(ctx, u, id, key, now)
	if err != nil {
		return nil, s.fail(ctx, d, err)
	}
	n := &passkeyDoc{ID: id, User: u.ID, Type: passkeyType, Key: *key, Created: now}
	w, err := s.savePasskey(n, now)
	if err != nil {
		return nil, err
	}
	// Of parallel ones each reads the user again: ten stay ten.
	u.Passkeys = append(u.Passkeys, passkeyRef{ID: id, Identity: unique.ID, Created: now})
	wu, err := s.saveUser(u, now)
	if err != nil {
		return nil, err
	}
	row, err := s.audit(now, auditDoc{Event: "passkey_added", User: u.ID, Session: session.ID, Detail: id})
	if err != nil {
		return nil, err
	}
	ws := append(s.accessNotice(ctx, u, MailPasskeyAdded, now), d.spend(), unique, w, wu, row)
	if err := s.commit(ctx, now, ws...); err != nil {
		return nil, err
	}
	return n.show(), nil
}

// refuseCredential refuses one that is a passkey: webauthn_credential_exists.
func (s *Service) refuseCredential(ctx context.Context, k *publicKey) error {
	known, err := load[identityDoc](ctx, s.o.System, colIdentities, credentialID(k.Credential))
	if err == nil && known != nil {
		err = credentialKnown()
	}
	return err
}

func credentialKnown() error {
	return &hutch.Error{Code: hutch.WebAuthnExists, Message: "the authenticator's key is registered already"}
}

// uniqueCredential claims a credential for a document of a user:
// webauthn_credential_exists.
func (s *Service) uniqueCredential(ctx context.Context, u *userDoc, id string, k *publicKey, now time.Time) (data.Write, error) {
	if err := s.refuseCredential(ctx, k); err != nil {
		return data.Write{}, err
	}
	unique := credentialID(k.Credential)
	return put(colIdentities, unique, 0, &identityDoc{ID: unique, IdentityID: id, Provider: passkeyType, User: u.ID, Created: now})
}
