package auth

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	forOperatorPasskey    = "operator_passkey"     // of a sign-in; its subject is the session, "" without
	forOperatorPasskeyNew = "operator_passkey_new" // its subject is the session
	passkeyName           = "Passkey"
)

// EnrollTOTP begins an authenticator app for the operator of a token, also in a
// session that owes a first factor. failed_precondition where there is one,
// over_request_rate_limit, and errors of Recent.
func (o *Operators) EnrollTOTP(ctx context.Context, token string) (*TOTPShow, error) {
	if err := o.s.countFlow(ctx, clientFrom(ctx), "operator totp", flowsAnHour); err != nil {
		return nil, err
	}
	var out *TOTPShow
	_, err := o.change(ctx, token, func(d *operatorDoc, s *operatorSession, now time.Time) (auditDoc, error) {
		if err := o.mayEnroll(d, s, now); err != nil {
			return auditDoc{}, err
		}
		if d.TOTP != nil {
			return auditDoc{}, &hutch.Error{Code: hutch.FailedPrecondition, Message: "you have an authenticator app", Hint: "remove it first"}
		}
		id, err := newID(now, o.s.o.Entropy)
		if err != nil {
			return auditDoc{}, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
		}
		f, shown := &factorDoc{ID: id, Type: "totp", Session: s.ID, Created: now, Updated: now}, &Enrolled{}
		as := &userDoc{ID: d.ID, Email: d.Email}
		if err := (totpType{}).enroll(o.s, as, f, &enrolling{Issuer: "Hutch " + o.s.host()}, shown); err != nil {
			return auditDoc{}, err
		}
		d.NewTOTP, out = f, shown.TOTP
		return auditDoc{Event: "operator_factor_begun", Detail: "totp"}, nil
	})
	return out, err
}

// mayEnroll is mayManage, and lets in who owes a first factor.
func (o *Operators) mayEnroll(d *operatorDoc, s *operatorSession, now time.Time) error {
	if o.owes(d, s) == "enroll" {
		return nil
	}
	return o.mayManage(d, s, now)
}

// ProveTOTP takes a code: of the app that is being enrolled in this session, else
// as the second factor of it. mfa_verification_failed, over_request_rate_limit,
// and errors of Verify.
func (o *Operators) ProveTOTP(ctx context.Context, token, code string, c Client) (*Entered, error) {
	d, _, err := o.read(ctx, token)
	if err != nil {
		return nil, err
	}
	t, err := o.s.begin(ctx, c, "operator code "+d.EmailKey, o.knows(d, c))
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]string{"code": code})
	if err != nil {
		return nil, hutch.Errorf(hutch.Internal, "encoding a code: %w", err)
	}
	in, err := readBody(body)
	if err != nil {
		t.undo(ctx)
		return nil, err
	}
	var out *Entered
	err = rerun(ctx, func() error {
		now := o.s.o.Now()
		d, s, err := o.read(ctx, token)
		if err != nil {
			return err
		}
		f, event := d.TOTP, ""
		if f == nil {
			if f = d.NewTOTP; f == nil || f.Session != s.ID || now.Sub(f.Created) >= unverifiedLife {
				return noFactor()
			}
			if err := o.mayEnroll(d, s, now); err != nil { // another factor was added meanwhile
				return err
			}
			event = "operator_factor_added"
		}
		if err := (totpType{}).verify(ctx, o.s, nil, f, nil, in); err != nil {
			return err
		}
		f.Session, f.Updated = "", now
		d.TOTP, d.NewTOTP = f, nil
		var ws []data.Write
		if event != "" {
			if ws, err = o.told(ctx, d, event, "totp", now); err != nil {
				return err
			}
		}
		out, err = o.enter(ctx, d, aal2, "totp", s.ID, c, now, ws...)
		return err
	})
	o.failed("operator code", d, c, err)
	t.end(ctx, err)
	return out, err
}

// told is a row of what an operator did to themselves.
func (o *Operators) told(ctx context.Context, d *operatorDoc, event, detail string, now time.Time) ([]data.Write, error) {
	row, err := o.s.audit(now, auditDoc{Event: event, Operator: d.ID, Target: d.ID, Detail: detail, Network: networkFrom(ctx)})
	return []data.Write{row}, err
}

// RemoveTOTP takes the authenticator app away and ends all other sessions.
// mfa_factor_not_found, and errors of Recent.
func (o *Operators) RemoveTOTP(ctx context.Context, token string) (*Entered, error) {
	return o.change(ctx, token, func(d *operatorDoc, s *operatorSession, now time.Time) (auditDoc, error) {
		if err := o.mayManage(d, s, now); err != nil {
			return auditDoc{}, err
		}
		if d.TOTP == nil {
			return auditDoc{}, noFactor()
		}
		d.TOTP, d.NewTOTP = nil, nil
		d.Sessions = []operatorSession{*s}
		return auditDoc{Event: "operator_factor_removed", Target: d.ID, Detail: "totp"}, nil
	})
}

// party is whom operators' passkeys are made for: the dashboard.
func (o *Operators) party() (*relyingParty, error) {
	if f := o.s.o.Operators.Origin; f != nil {
		return partyOf(f(), nil)
	}
	return partyOf(o.s.issuer(), nil)
}

// OperatorChallenge is what a browser is to ask an authenticator for.
type OperatorChallenge struct {
	ChallengeID string `json:"challengeId"`
	Options     any    `json:"options"` // for parseCreationOptionsFromJSON or parseRequestOptionsFromJSON
	ExpiresAt   int64  `json:"expiresAt"`
}

// PasskeyOptions asks for a passkey: in a session for one of its operator, else
// for any. passkey_disabled, over_request_rate_limit.
func (o *Operators) PasskeyOptions(ctx context.Context, token string, c Client) (*OperatorChallenge, error) {
	rp, err := o.party()
	if err != nil {
		return nil, err
	}
	if err := o.s.countFlow(ctx, c, "operator passkey", flowsAnHour); err != nil {
		return nil, err
	}
	subject, known := "", []*publicKey(nil)
	if d, s, err := o.read(ctx, token); err == nil {
		subject = s.ID
		for i := range d.Passkeys {
			known = append(known, &d.Passkeys[i].Key)
		}
	} else if hutch.CodeOf(err) != hutch.Unauthenticated {
		return nil, err
	}
	l, challenge, err := o.s.newChallenge(forOperatorPasskey, subject)
	if err != nil {
		return nil, err
	}
	now := o.s.o.Now()
	if err := o.s.commit(ctx, now, l.write); err != nil {
		return nil, err
	}
	return &OperatorChallenge{ChallengeID: l.secret, Options: rp.request(challenge, known, true), ExpiresAt: now.Add(ceremonyLife).Unix()}, nil
}

// ProvePasskey takes the answer of an authenticator, which verified who holds it:
// a complete sign-in, in the session that asked or without one.
// webauthn_challenge_expired, webauthn_verification_failed,
// over_request_rate_limit.
func (o *Operators) ProvePasskey(ctx context.Context, token, challengeID string, credential json.RawMessage, c Client) (*Entered, error) {
	rp, err := o.party()
	if err != nil {
		return nil, err
	}
	if err := o.s.countFlow(ctx, c, "operator passkey try", triesAnHour); err != nil {
		return nil, err
	}
	p, err := parseSigned(credential)
	if err != nil {
		return nil, err
	}
	var out *Entered
	err = rerun(ctx, func() error {
		now, instead := o.s.o.Now(), ""
		_, s, err := o.read(ctx, token)
		if err == nil {
			instead = s.ID
		} else if hutch.CodeOf(err) != hutch.Unauthenticated {
			return err
		}
		l, challenge, err := o.s.openChallenge(ctx, forOperatorPasskey, instead, challengeID)
		if err != nil {
			return err
		}
		d, k, err := o.holder(ctx, p)
		if err != nil {
			return err
		}
		if d == nil || instead != "" && d.session(instead) == nil { // the same work as for a known one
			_, err := rp.signed(p, decoy(p), p.Response.UserHandle, challenge, true)
			return o.s.fail(ctx, l, badCredential(err))
		}
		key, err := rp.signed(p, &k.Key, d.Handle, challenge, true)
		if err != nil {
			return o.s.fail(ctx, l, err)
		}
		k.Key, k.LastUsed = *key, now
		out, err = o.enter(ctx, d, aal2, passkeyType, instead, c, now, l.spend())
		return err
	})
	o.failed("operator passkey", nil, c, err)
	return out, err
}

// holder finds whose credential it is; nil for none.
func (o *Operators) holder(ctx context.Context, p *protocol.ParsedCredentialAssertionData) (*operatorDoc, *passkeyDoc, error) {
	all, err := o.all(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range all {
		if !d.active() || len(d.Handle) == 0 || len(p.Response.UserHandle) > 0 && string(d.Handle) != string(p.Response.UserHandle) {
			continue
		}
		if i := slices.IndexFunc(d.Passkeys, func(k passkeyDoc) bool { return string(k.Key.Credential) == string(p.RawID) }); i >= 0 {
			return d, &d.Passkeys[i], nil
		}
	}
	return nil, nil, nil
}

// EnrollPasskey asks for a new passkey. too_many_passkeys, passkey_disabled,
// over_request_rate_limit, and errors of Recent.
func (o *Operators) EnrollPasskey(ctx context.Context, token string, c Client) (*OperatorChallenge, error) {
	rp, err := o.party()
	if err != nil {
		return nil, err
	}
	if err := o.s.countFlow(ctx, c, "operator passkey", flowsAnHour); err != nil {
		return nil, err
	}
	var out *OperatorChallenge
	err = rerun(ctx, func() error {
		now := o.s.o.Now()
		d, s, err := o.read(ctx, token)
		if err == nil {
			err = o.mayEnroll(d, s, now)
		}
		if err != nil {
			return err
		}
		if len(d.Passkeys) >= maxPasskeys {
			return &hutch.Error{Code: hutch.TooManyPasskeys, Message: "an operator has at most 10 passkeys"}
		}
		if len(d.Handle) == 0 {
			if d.Handle, err = random(o.s.o.Entropy, handleSize); err != nil {
				return hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
			}
		}
		known := make([]*publicKey, 0, len(d.Passkeys))
		for i := range d.Passkeys {
			known = append(known, &d.Passkeys[i].Key)
		}
		l, challenge, err := o.s.newChallenge(forOperatorPasskeyNew, s.ID)
		if err != nil {
			return err
		}
		who := shown{handle: d.Handle, name: d.Email, full: d.Email}
		out = &OperatorChallenge{ChallengeID: l.secret, Options: rp.creation(who, challenge, known, true), ExpiresAt: now.Add(ceremonyLife).Unix()}
		return o.commit(ctx, d, auditDoc{}, now, l.write)
	})
	return out, err
}

// AddPasskey takes the new passkey; the session goes on at aal2.
// webauthn_challenge_expired, webauthn_verification_failed,
// webauthn_credential_exists, and errors of EnrollPasskey.
func (o *Operators) AddPasskey(ctx context.Context, token, challengeID string, credential json.RawMessage, name string, c Client) (*Entered, error) {
	rp, err := o.party()
	if err != nil {
		return nil, err
	}
	if name == "" {
		name = passkeyName
	}
	if name, err = deviceName(name); err != nil {
		return nil, err
	}
	p, err := parseNew(credential)
	if err != nil {
		return nil, err
	}
	var out *Entered
	err = rerun(ctx, func() error {
		now := o.s.o.Now()
		d, s, err := o.read(ctx, token)
		if err == nil {
			err = o.mayEnroll(d, s, now)
		}
		if err != nil {
			return err
		}
		l, challenge, err := o.s.openChallenge(ctx, forOperatorPasskeyNew, s.ID, challengeID)
		if err != nil {
			return err
		}
		key, err := rp.registered(p, d.Handle, challenge, true)
		if err != nil {
			return o.s.fail(ctx, l, err)
		}
		if slices.ContainsFunc(d.Passkeys, func(k passkeyDoc) bool { return string(k.Key.Credential) == string(key.Credential) }) {
			return o.s.fail(ctx, l, credentialKnown())
		}
		if len(d.Passkeys) >= maxPasskeys {
			return o.s.fail(ctx, l, &hutch.Error{Code: hutch.TooManyPasskeys, Message: "an operator has at most 10 passkeys"})
		}
		id, err := newID(now, o.s.o.Entropy)
		if err != nil {
			return hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
		}
		d.Passkeys = append(d.Passkeys, passkeyDoc{ID: id, Type: passkeyType, Name: name, Key: *key, Created: now, Updated: now})
		ws, err := o.told(ctx, d, "operator_factor_added", passkeyType, now)
		if err != nil {
			return err
		}
		out, err = o.enter(ctx, d, aal2, passkeyType, s.ID, c, now, append(ws, l.spend())...)
		return err
	})
	return out, err
}
