package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// enrolling is the body of POST factors.
type enrolling struct {
	Type   string
	Name   string
	Issuer string // shown by authenticator apps
	body   fields
}

func parseEnroll(body []byte) (r enrolling, err error) {
	if r.body, err = readBody(body); err != nil {
		return r, err
	}
	if r.Type, err = r.body.needText("factor_type"); err != nil {
		return r, err
	}
	if factorTypes[r.Type] == nil {
		return r, invalid("factor_type", "there is no such type of factor here")
	}
	if r.Name, err = r.body.label("friendly_name"); err != nil {
		return r, err
	}
	r.Issuer, err = r.body.label("issuer")
	return r, err
}

// label is a short text in one line that people read; "" where it is absent.
func (f fields) label(name string) (string, error) {
	s, _, err := f.text(name)
	if err != nil {
		return "", err
	}
	return line(name, s, maxFactorName)
}

// line is s as people read it: at most so many characters in one line.
func line(name, s string, most int) (string, error) {
	s = strings.TrimSpace(s)
	if utf8.RuneCountInString(s) > most || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return "", invalid(name, fmt.Sprintf("%s is a line of at most %d characters", name, most))
	}
	return s, nil
}

// Enroll begins a factor of who asks. It counts for nothing until VerifyFactor.
// One of the same name that still waits is replaced. Errors of User,
// bad_json, validation_failed, insufficient_aal, reauthentication_needed,
// mfa_factor_name_conflict, too_many_enrolled_mfa_factors.
func (s *Service) Enroll(ctx context.Context, cr Credentials, body []byte) (*Enrolled, error) {
	l, err := s.present(ctx, cr)
	if err != nil {
		return nil, err
	}
	r, err := parseEnroll(body)
	if err != nil {
		return nil, err
	}
	if err = s.countEdit(ctx, l.user.ID); err != nil {
		return nil, err
	}
	var out *Enrolled
	err = s.rerunAlive(ctx, l, func(u *userDoc, d *sessionDoc, now time.Time) error {
		if err := s.mayManageAccount(u, d); err != nil {
			return err
		}
		if u.Anonymous {
			return invalid("factor_type", "an account needs a way to sign in before a second factor")
		}
		ws := dropUnverified(u, func(f *factorRef) bool {
			return now.Sub(f.Created) >= unverifiedLife || f.Name == r.Name && f.Type == r.Type
		})
		if r.Name != "" && slices.ContainsFunc(u.Factors, func(f factorRef) bool { return f.Name == r.Name }) {
			return &hutch.Error{Code: hutch.FactorNameConflict, Field: "friendly_name", Message: "you have a factor of this name"}
		}
		if len(u.Factors) >= maxFactors {
			return &hutch.Error{Code: hutch.TooManyFactors, Message: fmt.Sprintf("an account has at most %d factors", maxFactors)}
		}
		id, err := newID(now, s.o.Entropy)
		if err != nil {
			return hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
		}
		f := &factorDoc{ID: id, User: u.ID, Type: r.Type, Session: d.ID, Created: now, Updated: now}
		out = &Enrolled{ID: id, Type: r.Type, FriendlyName: r.Name}
		if err := factorTypes[r.Type].enroll(s, u, f, &r, out); err != nil {
			return err
		}
		u.Factors = append(u.Factors, factorRef{ID: id, Type: r.Type, Name: r.Name, Created: now, Updated: now})
		wu, err := s.saveUser(u, now)
		if err != nil {
			return err
		}
		wf, err := put(colFactors, id, 0, f)
		if err != nil {
			return err
		}
		return s.commit(ctx, now, append(ws, wu, wf)...)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

const forFactor = "factor" // the purpose of a challenge

// challenged is what a challenge is bound to.
type challenged struct {
	Session string          `json:"session"`
	Factor  string          `json:"factor"`
	Keep    json.RawMessage `json:"keep,omitempty"`
}

// ChallengeFactor begins the proof of a factor in the session that asks, which
// has one challenge a factor. Errors of User, bad_json, mfa_factor_not_found,
// and for a factor that waits those of Enroll.
func (s *Service) ChallengeFactor(ctx context.Context, cr Credentials, id string, body []byte) (*FactorChallenge, error) {
	l, err := s.presentAny(ctx, cr)
	if err != nil {
		return nil, err
	}
	in := fields{}
	if len(body) > 0 {
		if in, err = readBody(body); err != nil {
			return nil, err
		}
	}
	now := s.o.Now()
	f, kind, err := s.factor(ctx, l.user, l.session, id, now)
	if err != nil {
		return nil, err
	}
	out := &FactorChallenge{Type: f.Type, ExpiresAt: now.Add(challengeLife).Unix()}
	keep, err := kind.challenge(ctx, s, l.user, f, in, out)
	if err != nil {
		return nil, err
	}
	c := challenged{Session: l.session.ID, Factor: id}
	if keep != nil {
		if c.Keep, err = json.Marshal(keep); err != nil {
			return nil, hutch.Errorf(hutch.Internal, "encoding a challenge: %w", err)
		}
	}
	out.ID, err = s.issueOTP(ctx, forFactor, l.session.ID+"/"+id, challengeLife, &c)
	return out, err
}

// openFactor finds a challenge of a session and factor:
// mfa_challenge_expired.
func (s *Service) openFactor(ctx context.Context, secret, session, factor string) (*otpDoc, *challenged, error) {
	expired := &hutch.Error{Code: hutch.ChallengeExpired, Field: "challenge_id", Message: "the challenge is unknown, was used or has expired"}
	d, err := s.openOTP(ctx, forFactor, secret)
	if hutch.CodeOf(err) == hutch.OTPExpired {
		return nil, nil, expired
	}
	if err != nil {
		return nil, nil, err
	}
	var c challenged
	if err := d.read(&c); err != nil {
		return nil, nil, err
	}
	if c.Session != session || c.Factor != factor {
		return nil, nil, expired
	}
	return d, &c, nil
}

// VerifyFactor proves a factor: the session goes on at aal2 with new tokens. The
// first proof of a factor makes it count; where it is the first factor, all
// other sessions end. Errors of User, bad_json, validation_failed,
// mfa_factor_not_found, mfa_challenge_expired, mfa_verification_failed,
// webauthn_credential_exists, over_request_rate_limit.
func (s *Service) VerifyFactor(ctx context.Context, cr Credentials, id string, body []byte, c Client) (*Session, error) {
	l, err := s.presentAny(ctx, cr)
	if err != nil {
		return nil, err
	}
	in, err := readBody(body)
	if err != nil {
		return nil, err
	}
	secret, err := in.needText("challenge_id")
	if err != nil {
		return nil, err
	}
	if l.user.factorOf(id) < 0 {
		return nil, noFactor()
	}
	t, err := s.beginCode(ctx, "factor "+l.user.ID, c, l.user.seenFrom(s.networkMark(c)))
	if err != nil {
		return nil, err
	}
	var out *Session
	err = rerun(ctx, func() error {
		out, err = s.proveFactor(ctx, l, id, secret, in, c)
		return err
	})
	s.noteFailure("factor", l.user, c, err)
	t.end(ctx, err)
	return out, err
}

func (s *Service) proveFactor(ctx context.Context, l *live, id, secret string, in fields, c Client) (*Session, error) {
	now := s.o.Now()
	u, d, err := s.alive(ctx, l.session.ID, l.user.ID, now)
	if err != nil {
		return nil, err
	}
	if u.banned(now) {
		return nil, userBanned()
	}
	f, kind, err := s.factor(ctx, u, d, id, now)
	if err != nil {
		return nil, err
	}
	o, ch, err := s.openFactor(ctx, secret, d.ID, id)
	if err != nil {
		return nil, err
	}
	if err := kind.verify(ctx, s, u, f, ch.Keep, in); err != nil {
		return nil, s.refusedFactor(ctx, o, f, err)
	}
	ws := []data.Write{o.spend()}
	if !hasFactor(u) { // no network is known from before with the factor
		u.Networks = nil
	}
	seen, err := s.seenNow(u, c)
	if err != nil {
		return nil, err
	}
	if i := u.factorOf(id); !u.Factors[i].Verified {
		if seen, err = s.addFactor(ctx, u, d, f, i); err != nil {
			return nil, err
		}
	}
	ws = append(ws, seen...)
	version := f.Version
	f.Version, f.Session, f.Updated = 0, "", now
	wf, err := put(colFactors, f.ID, version, f)
	if err != nil {
		return nil, err
	}
	return s.stepUp(ctx, u, d, id, kind.method(), append(ws, wf))
}

// addFactor makes the factor at i of u count. The first one ends all sessions
// but d: they came in without it.
func (s *Service) addFactor(ctx context.Context, u *userDoc, d *sessionDoc, f *factorDoc, i int) ([]data.Write, error) {
	now := s.o.Now()
	if !hasFactor(u) {
		u.Epoch++
		d.Epoch = u.Epoch
	}
	u.Factors = slices.Clone(u.Factors)
	u.Factors[i].Verified, u.Factors[i].Updated = true, now
	ws := dropUnverified(u, func(*factorRef) bool { return true })
	w, err := s.saveUser(u, now)
	if err != nil {
		return nil, err
	}
	u.Updated = now
	row, err := s.audit(now, auditDoc{Event: "factor_added", User: u.ID, Session: d.ID, Detail: f.Type})
	return append(ws, append(s.accessNotice(ctx, u, MailFactorAdded, now), w, row)...), err
}

// accessNotice tells the owner of a proven address of another passkey or factor.
func (s *Service) accessNotice(ctx context.Context, u *userDoc, kind string, now time.Time) []data.Write {
	if u.Confirmed.IsZero() {
		return nil
	}
	return s.notice(ctx, u, Mail{Kind: kind, To: u.Email, Name: nameOf(u.Meta)}, now)
}

// Unenroll removes a factor of who asks; sessions that it raised fall back to
// aal1. Errors of Enroll, mfa_factor_not_found.
func (s *Service) Unenroll(ctx context.Context, cr Credentials, id string) error {
	l, err := s.present(ctx, cr)
	if err != nil {
		return err
	}
	return s.rerunAlive(ctx, l, func(u *userDoc, d *sessionDoc, now time.Time) error {
		if u.factorOf(id) < 0 {
			return noFactor()
		}
		if err := s.mayManageAccount(u, d); err != nil {
			return err
		}
		ws, err := s.removeFactor(ctx, u, id)
		if err != nil {
			return err
		}
		row, err := s.audit(now, auditDoc{Event: "factor_removed", User: u.ID, Session: d.ID})
		if err != nil {
			return err
		}
		if err := s.commit(ctx, now, append(ws, row)...); err != nil {
			return err
		}
		s.cache.drop(u.ID)
		return nil
	})
}

// removeFactor takes a factor from u and gives the writes, u's too. Recovery
// codes go with the last one.
func (s *Service) removeFactor(ctx context.Context, u *userDoc, id string) ([]data.Write, error) {
	had, now := hasFactor(u), s.o.Now()
	u.Factors = slices.DeleteFunc(slices.Clone(u.Factors), func(r factorRef) bool { return r.ID == id })
	ws := []data.Write{remove(colFactors, id)}
	if had && !hasFactor(u) {
		ws = append(ws, remove(colFactors, recoveryID(u.ID)))
	}
	if had {
		ws = append(ws, s.accessNotice(ctx, u, MailFactorRemoved, now)...)
	}
	w, err := s.saveUser(u, now)
	return append(ws, w), err
}
