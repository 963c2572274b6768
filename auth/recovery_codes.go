package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"slices"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	recoveryType  = "recovery_code" // also what a session has as factor
	recoveryCodes = 10
	recoverySize  = 10 // random bytes of a code, 16 characters
)

// recoveryAlphabet has no letters that are read as digits (Crockford's).
var recoveryAlphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// recoveryDoc is a user's recovery codes, one document a user in _factors. They
// stand in for a lost factor and are none: they go with the last one.
type recoveryDoc struct {
	ID      string    `bson:"_id"` // recoveryID
	Version int64     `bson:"_version,omitempty"`
	User    string    `bson:"user"`
	Type    string    `bson:"type"`
	Factor  string    `bson:"factor"` // UUIDv7, on the wire id
	Name    string    `bson:"name,omitempty"`
	Left    [][]byte  `bson:"left"` // SHA-256 of those not used: 80 random bits each
	Total   int       `bson:"total"`
	Created time.Time `bson:"createdAt"`
	Updated time.Time `bson:"updatedAt"`
}

// RecoveryCodes answers the routes of factors/recovery-codes.
type RecoveryCodes struct {
	ID           string   `json:"id"`
	Type         string   `json:"type"`
	FriendlyName string   `json:"friendly_name,omitempty"`
	Total        int      `json:"total"`
	Remaining    *int     `json:"remaining,omitempty"`
	Codes        []string `json:"codes,omitempty"` // shown this once
}

func recoveryID(uid string) string { return recoveryType + ":" + uid }

func recoveryHash(uid, code string) []byte {
	sum := sha256.Sum256([]byte(recoveryID(uid) + "\x00" + code))
	return sum[:]
}

// readRecovery takes a code as people type it.
func readRecovery(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '\t', '\n', '\r', '\u00a0', '\u2010', '\u2011', '\u2013':
			return -1
		case 'o':
			return '0'
		case 'i', 'l':
			return '1'
		}
		return r
	}, strings.ToLower(s))
}

// renew fills d with new codes, in place of all it had.
func (s *Service) renew(d *recoveryDoc, now time.Time) (codes []string, err error) {
	b, err := random(s.o.Entropy, recoveryCodes*recoverySize)
	if err != nil {
		return nil, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	d.Left, d.Total, d.Updated = nil, recoveryCodes, now
	for c := range slices.Chunk(b, recoverySize) {
		code := recoveryAlphabet.EncodeToString(c)
		codes = append(codes, code)
		d.Left = append(d.Left, recoveryHash(d.User, code))
	}
	return codes, nil
}

// manageRecovery commits what edit does to the codes of who asks; d is nil where
// there are none, edit gives nil to remove them.
func (s *Service) manageRecovery(ctx context.Context, cr Credentials, event string, edit func(u *userDoc, d *recoveryDoc, now time.Time) (*recoveryDoc, error)) error {
	l, err := s.present(ctx, cr)
	if err != nil {
		return err
	}
	return s.rerunAlive(ctx, l, func(u *userDoc, session *sessionDoc, now time.Time) error {
		if err := s.mayManageAccount(u, session); err != nil {
			return err
		}
		d, err := load[recoveryDoc](ctx, s.o.System, colFactors, recoveryID(u.ID))
		if err != nil {
			return err
		}
		version := int64(0)
		if d != nil {
			version = d.Version
		}
		next, err := edit(u, d, now)
		if err != nil || event == "" {
			return err
		}
		w := remove(colFactors, recoveryID(u.ID))
		w.Expect = version
		if next != nil {
			next.Version = 0
			if w, err = put(colFactors, next.ID, version, next); err != nil {
				return err
			}
		}
		// The user is written too: codes do not outlive a factor that goes meanwhile.
		wu, err := s.saveUser(u, now)
		if err != nil {
			return err
		}
		row, err := s.audit(now, auditDoc{Event: event, User: u.ID, Session: session.ID})
		if err != nil {
			return err
		}
		return s.commit(ctx, now, w, wu, row)
	})
}

// RecoveryCodes tells how many are left. Errors of Enroll, and
// mfa_factor_not_found.
func (s *Service) RecoveryCodes(ctx context.Context, cr Credentials) (out *RecoveryCodes, err error) {
	err = s.manageRecovery(ctx, cr, "", func(_ *userDoc, d *recoveryDoc, _ time.Time) (*recoveryDoc, error) {
		if d == nil {
			return nil, noFactor()
		}
		left := len(d.Left)
		out = &RecoveryCodes{ID: d.Factor, Type: recoveryType, FriendlyName: d.Name, Total: d.Total, Remaining: &left}
		return nil, nil
	})
	return out, err
}

// AddRecoveryCodes makes a user's recovery codes, which are shown this once.
// Errors of Enroll, mfa_recovery_codes_sole_factor, mfa_verified_factor_exists.
func (s *Service) AddRecoveryCodes(ctx context.Context, cr Credentials, body []byte) (out *RecoveryCodes, err error) {
	f := fields{}
	if len(body) > 0 {
		if f, err = readBody(body); err != nil {
			return nil, err
		}
	}
	name, err := f.label("friendly_name")
	if err != nil {
		return nil, err
	}
	err = s.manageRecovery(ctx, cr, "recovery_codes_made", func(u *userDoc, d *recoveryDoc, now time.Time) (*recoveryDoc, error) {
		switch {
		case !hasFactor(u):
			return nil, &hutch.Error{Code: hutch.RecoveryAlone, Message: "recovery codes stand in for a factor: add one first"}
		case d != nil:
			return nil, &hutch.Error{Code: hutch.RecoveryExists, Message: "you have recovery codes: make new ones in their place"}
		}
		id, err := newID(now, s.o.Entropy)
		if err != nil {
			return nil, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
		}
		d = &recoveryDoc{ID: recoveryID(u.ID), User: u.ID, Type: recoveryType, Factor: id, Name: name, Created: now}
		out, err = s.shownOnce(d, now)
		return d, err
	})
	return out, err
}

// RenewRecoveryCodes puts new codes in place of all others. Errors of Enroll,
// and mfa_factor_not_found.
func (s *Service) RenewRecoveryCodes(ctx context.Context, cr Credentials) (out *RecoveryCodes, err error) {
	err = s.manageRecovery(ctx, cr, "recovery_codes_made", func(_ *userDoc, d *recoveryDoc, now time.Time) (*recoveryDoc, error) {
		if d == nil {
			return nil, noFactor()
		}
		out, err = s.shownOnce(d, now)
		return d, err
	})
	return out, err
}

func (s *Service) shownOnce(d *recoveryDoc, now time.Time) (*RecoveryCodes, error) {
	codes, err := s.renew(d, now)
	return &RecoveryCodes{ID: d.Factor, Type: recoveryType, FriendlyName: d.Name, Total: d.Total, Codes: codes}, err
}

// RemoveRecoveryCodes removes them. Errors of RenewRecoveryCodes.
func (s *Service) RemoveRecoveryCodes(ctx context.Context, cr Credentials) (id string, err error) {
	err = s.manageRecovery(ctx, cr, "recovery_codes_removed", func(_ *userDoc, d *recoveryDoc, _ time.Time) (*recoveryDoc, error) {
		if d == nil {
			return nil, noFactor()
		}
		id = d.Factor
		return nil, nil
	})
	return id, err
}

// VerifyRecoveryCode uses a code up in place of a factor: the session goes on at
// aal2. Errors of User, bad_json, validation_failed, mfa_verification_failed
// (also where there are no codes), over_request_rate_limit.
func (s *Service) VerifyRecoveryCode(ctx context.Context, cr Credentials, body []byte, c Client) (*Session, error) {
	l, err := s.presentAny(ctx, cr)
	if err != nil {
		return nil, err
	}
	in, err := readBody(body)
	if err != nil {
		return nil, err
	}
	code, err := in.needText("code")
	if err != nil {
		return nil, err
	}
	t, err := s.beginCode(ctx, "recovery codes "+l.user.ID, c, l.user.seenFrom(s.networkMark(c)))
	if err != nil {
		return nil, err
	}
	var out *Session
	err = rerun(ctx, func() error {
		out, err = s.recover(ctx, l, readRecovery(code), c)
		return err
	})
	s.noteFailure(recoveryType, l.user, c, err)
	t.end(ctx, err)
	return out, err
}

func (s *Service) recover(ctx context.Context, l *live, code string, c Client) (*Session, error) {
	now := s.o.Now()
	u, d, err := s.alive(ctx, l.session.ID, l.user.ID, now)
	if err != nil {
		return nil, err
	}
	if u.banned(now) {
		return nil, userBanned()
	}
	r, err := load[recoveryDoc](ctx, s.o.System, colFactors, recoveryID(u.ID))
	if err != nil {
		return nil, err
	}
	if r == nil || !hasFactor(u) {
		return nil, wrongFactor()
	}
	hash := recoveryHash(u.ID, code)
	i := slices.IndexFunc(r.Left, func(h []byte) bool { return subtle.ConstantTimeCompare(h, hash) == 1 })
	if i < 0 {
		return nil, wrongFactor()
	}
	version := r.Version
	r.Version, r.Left, r.Updated = 0, slices.Delete(slices.Clone(r.Left), i, i+1), now
	wr, err := put(colFactors, r.ID, version, r)
	if err != nil {
		return nil, err
	}
	row, err := s.audit(now, auditDoc{Event: "recovery_code_used", User: u.ID, Session: d.ID})
	if err != nil {
		return nil, err
	}
	ws, err := s.seenNow(u, c)
	if err != nil {
		return nil, err
	}
	return s.stepUp(ctx, u, d, recoveryType, "mfa/recovery_code", append(ws, wr, row))
}

// seenNow remembers the network where a user has proven a factor.
func (s *Service) seenNow(u *userDoc, c Client) ([]data.Write, error) {
	mark := s.networkMark(c)
	if u.seenFrom(mark) {
		return nil, nil
	}
	u.noteNetwork(mark, aal2)
	w, err := s.saveUser(u, u.Updated) // the account itself stays as it was
	return []data.Write{w}, err
}

// stepUp commits ws with a session that a factor has raised.
func (s *Service) stepUp(ctx context.Context, u *userDoc, d *sessionDoc, factor, method string, ws []data.Write) (*Session, error) {
	now := s.o.Now()
	next, err := s.raise(d, factor, method, now)
	if err != nil {
		return nil, err
	}
	if err := s.judgeToken(ctx, u, d); err != nil {
		return nil, err
	}
	w, err := s.saveSession(d)
	if err != nil {
		return nil, err
	}
	if err := s.commit(ctx, now, append(ws, w)...); err != nil {
		return nil, err
	}
	s.cache.drop(d.ID)
	s.cache.drop(u.ID)
	return s.answer(u, d, next, now)
}
