package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/hutch-dev/hutch"
)

const webauthnFactor = "webauthn"

// webauthnType is security keys and the authenticators of devices as second
// factors. Who holds one has given a first factor, so that touching it is enough.
type webauthnType struct{}

// WebAuthnShow is what the browser is to ask an authenticator for.
type WebAuthnShow struct {
	Type    string          `json:"type"` // create or request
	Options webauthnOptions `json:"credential_options"`
}

type webauthnOptions struct {
	PublicKey any `json:"publicKey"`
}

// webauthnKept is what verify compares an answer with.
type webauthnKept struct {
	Challenge []byte `json:"challenge"`
	Create    bool   `json:"create,omitempty"`
}

func (k *webauthnKept) kind() string {
	if k.Create {
		return "create"
	}
	return "request"
}

func (webauthnType) method() string { return "mfa/webauthn" }

func (webauthnType) enroll(s *Service, _ *userDoc, f *factorDoc, _ *enrolling, _ *Enrolled) error {
	if _, err := s.relyingParty(); err != nil {
		return err
	}
	var err error
	if f.Handle, err = random(s.o.Entropy, handleSize); err != nil {
		return hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	return nil
}

// challenge asks for a new key until there is one. What the body says of rpId
// and rpOrigins is not looked at.
func (webauthnType) challenge(ctx context.Context, s *Service, u *userDoc, f *factorDoc, _ fields, out *FactorChallenge) (any, error) {
	rp, err := s.relyingParty()
	if err != nil {
		return nil, err
	}
	keep := &webauthnKept{Create: f.Key == nil}
	if keep.Challenge, err = random(s.o.Entropy, challengeSize); err != nil {
		return nil, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	out.WebAuthn = &WebAuthnShow{Type: keep.kind()}
	if keep.Create {
		who := u.shown()
		who.handle = f.Handle
		known, err := s.factorKeys(ctx, u)
		if err != nil {
			return nil, err
		}
		out.WebAuthn.Options.PublicKey = rp.creation(who, keep.Challenge, known, false)
	} else {
		out.WebAuthn.Options.PublicKey = rp.request(keep.Challenge, []*publicKey{f.Key}, false)
	}
	return keep, nil
}

func (webauthnType) verify(ctx context.Context, s *Service, u *userDoc, f *factorDoc, kept json.RawMessage, body fields) error {
	var keep webauthnKept
	if err := json.Unmarshal(kept, &keep); err != nil {
		return hutch.Errorf(hutch.Internal, "reading a challenge: %w", err)
	}
	in, err := body.object("webauthn")
	if err != nil {
		return err
	}
	if kind, err := in.needText("type"); err != nil || kind != keep.kind() || keep.Create != (f.Key == nil) {
		return invalid("webauthn.type", "the type is that of the challenge")
	}
	rp, err := s.relyingParty()
	if err != nil {
		return err
	}
	var key *publicKey
	if keep.Create {
		var p *protocol.ParsedCredentialCreationData
		if p, err = parseNew(in["credential_response"]); err == nil {
			key, err = rp.registered(p, f.Handle, keep.Challenge, false)
		}
	} else {
		var p *protocol.ParsedCredentialAssertionData
		if p, err = parseSigned(in["credential_response"]); err == nil {
			key, err = rp.signed(p, f.Key, f.Handle, keep.Challenge, false)
		}
	}
	if hutch.CodeOf(err) == hutch.WebAuthnFailed {
		return &hutch.Error{Code: hutch.FactorRefused, Message: hutch.AsError(err).Message, Err: err}
	}
	if err == nil && keep.Create {
		err = s.newFactorKey(ctx, u, key)
	}
	if err != nil {
		return err
	}
	f.Key = key
	return nil
}

// factorKeys are the keys of u's factors.
func (s *Service) factorKeys(ctx context.Context, u *userDoc) ([]*publicKey, error) {
	var keys []*publicKey
	for i := range u.Factors {
		if r := &u.Factors[i]; r.Type == webauthnFactor && r.Verified {
			f, err := load[factorDoc](ctx, s.o.System, colFactors, r.ID)
			if err != nil {
				return nil, err
			}
			if f != nil && f.Key != nil {
				keys = append(keys, f.Key)
			}
		}
	}
	return keys, nil
}

// newFactorKey refuses a key that is a factor of u already, or a passkey:
// webauthn_credential_exists.
func (s *Service) newFactorKey(ctx context.Context, u *userDoc, k *publicKey) error {
	known, err := s.factorKeys(ctx, u)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(known, func(o *publicKey) bool { return bytes.Equal(o.Credential, k.Credential) }) {
		return credentialKnown()
	}
	return s.refuseCredential(ctx, k)
}

// refusedFactor uses up the challenge of an authenticator whose answer does not
// verify, and notes where it may be a copy.
func (s *Service) refusedFactor(ctx context.Context, o *otpDoc, f *factorDoc, err error) error {
	switch {
	case f.Type != webauthnFactor || hutch.CodeOf(err) != hutch.FactorRefused:
		return err
	case !errors.Is(err, errCounter):
		return s.fail(ctx, o, err)
	}
	row, e := s.audit(s.o.Now(), auditDoc{Event: "passkey_copied", User: f.User, Detail: f.ID})
	if e != nil {
		return e
	}
	return s.fail(ctx, o, err, row)
}
