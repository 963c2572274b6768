package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"strings"
	"time"
	"unsafe"

	"github.com/hutch-dev/hutch"
)

// Credentials are what a request shows.
type Credentials struct {
	Authorization string // the header, "" when absent
	APIKey        string // the header apikey
	Browser       bool   // carries Origin or Sec-Fetch-Site
	// Operator is who a verified session of the dashboard is; it may do what keys
	// of scope auth may.
	Operator *hutch.Principal
}

// bearer is the token that decides: Authorization alone where it is present,
// else a service key in apikey. "" and the literal anon are a guest.
func (c Credentials) bearer() (string, error) {
	if c.Authorization == "" {
		if strings.HasPrefix(c.APIKey, keyPrefix) {
			return c.APIKey, nil
		}
		return "", nil
	}
	scheme, token, ok := strings.Cut(c.Authorization, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", unauthenticated("the Authorization header is not a bearer token")
	}
	if token == "anon" {
		return "", nil
	}
	return token, nil
}

func unauthenticated(message string) *hutch.Error {
	return &hutch.Error{Code: hutch.Unauthenticated, Message: message}
}

// Authenticate gives the principal of a request outside /auth and when its
// credential ends (zero: never). Without a credential it is a guest; one that is
// not valid is unauthenticated, never a guest.
func (s *Service) Authenticate(ctx context.Context, c Credentials) (hutch.Principal, time.Time, error) {
	token, err := c.bearer()
	if err != nil {
		return hutch.Principal{}, time.Time{}, err
	}
	if token == "" {
		return s.guest, time.Time{}, nil
	}
	p, exp, err := s.Verify(ctx, token)
	if err == nil && c.Browser && p.Kind == hutch.Service {
		s.auditBrowser(ctx, p.UID)
		return hutch.Principal{}, time.Time{}, unauthenticated("service keys are not for browsers").WithHint("revoke the key: pages are public")
	}
	return p, exp, err
}

// Exempt reports whether a request to a route of /auth that needs no user comes
// with a service key, which frees it of the limits. All else there is ignored,
// but a service key that is not valid is unauthenticated.
func (s *Service) Exempt(ctx context.Context, c Credentials) (bool, error) {
	token, err := c.bearer()
	if err != nil || !strings.HasPrefix(token, keyPrefix) {
		return false, nil //nolint:nilerr // what is no service key is ignored here
	}
	p, _, err := s.Authenticate(ctx, c)
	return err == nil && p.Kind == hutch.Service, err
}

// Verify gives the principal of an access token or a service key and when it
// ends. Its errors are unauthenticated, or unavailable when the store does not
// answer.
func (s *Service) Verify(ctx context.Context, token string) (hutch.Principal, time.Time, error) {
	r, err := s.verify(ctx, token)
	if err != nil {
		return hutch.Principal{}, time.Time{}, outside(err)
	}
	return r.principal, r.exp, nil
}

// outside gives the codes of /auth about a credential as the other services'
// unauthenticated; other errors stay.
func outside(err error) error {
	e, ok := errors.AsType[*hutch.Error](err)
	if !ok {
		return err
	}
	switch e.Code {
	case hutch.BadJWT, hutch.SessionNotFound, hutch.SessionExpired, hutch.UserBanned:
		return &hutch.Error{Code: hutch.Unauthenticated, Message: e.Message, Err: e}
	default:
		return err
	}
}

// bytesOf is s without a copy, to be read only: tokens are long, and this is the
// path of every request.
func bytesOf(s string) []byte {
	return unsafe.Slice(unsafe.StringData(s), len(s))
}

// verify answers with GoTrue's codes.
func (s *Service) verify(ctx context.Context, token string) (*remembered, error) {
	now := s.o.Now()
	sum := sha256.Sum256(bytesOf(token))
	isKey := strings.HasPrefix(token, keyPrefix)
	if r := s.cache.get(sum, now); r != nil {
		if isKey {
			s.noteUse(r.principal.UID, now)
		}
		return r, nil
	}
	if isKey {
		return s.verifyKey(ctx, token, sum, now)
	}
	live, err := s.verifyToken(ctx, token, now)
	if err != nil {
		return nil, err
	}
	r := &remembered{principal: s.principal(live.user, live.session), exp: time.Unix(live.claims.Expires, 0), stand: live.stand}
	if live.session.Recovery || s.waits(live.user, live.session) {
		r.principal = s.guest
	}
	if end := live.session.ends(s.o.Lifetimes); end.Before(r.exp) {
		r.exp = end
	}
	r.ends = r.exp.UnixNano()
	if live.noted && live.session.Actor == "" { // what is remembered does not know of an actor's end
		s.cache.put(sum, r, now)
	}
	return r, nil
}

// live is a token with the stored documents that make it valid.
type live struct {
	claims  *accessClaims
	user    *userDoc
	session *sessionDoc
	stand   stand
	noted   bool // nothing is left to be noted on the session
}

// verifyToken checks an access token and reads its session and user: bad_jwt,
// session_not_found, session_expired, user_banned.
func (s *Service) verifyToken(ctx context.Context, token string, now time.Time) (*live, error) {
	all := s.cache.all.Load() // before the keys are looked at
	c, err := s.open(token, now)
	if err != nil {
		return nil, hutch.Errorf(hutch.BadJWT, "the access token is not valid or has ended: %w", err)
	}
	l := &live{claims: c, stand: s.cache.stand(c.SessionID, c.Subject), noted: true}
	l.stand.all = all
	if l.user, l.session, err = s.alive(ctx, c.SessionID, c.Subject, now); err != nil {
		return nil, err
	}
	if l.user.banned(now) {
		return nil, userBanned()
	}
	gen, ok := c.generation()
	if !ok || gen > l.session.Gen {
		return nil, &hutch.Error{Code: hutch.BadJWT, Message: "the access token is not valid"}
	}
	if gen == l.session.Gen && gen > 0 && !l.session.Presented {
		if err := s.notePresented(ctx, l.session.ID, gen, now); err != nil {
			// The token is good; it is not remembered, so the next use notes it.
			l.noted = false
			s.o.Log.Warn("noting the first use of a refreshed session", slog.Any("error", err))
		}
	}
	return l, nil
}

// alive reads a session with its user: session_not_found, session_expired.
func (s *Service) alive(ctx context.Context, session, uid string, now time.Time) (*userDoc, *sessionDoc, error) {
	gone := &hutch.Error{Code: hutch.SessionNotFound, Message: "the session has ended"}
	u, d, err := s.pairOf(ctx, session)
	if err != nil {
		return nil, nil, err
	}
	if d == nil || d.User != uid {
		return nil, nil, gone
	}
	switch holds, err := s.actorHolds(ctx, d, now); {
	case err != nil:
		return nil, nil, err
	case !holds:
		return nil, nil, gone
	}
	if !now.Before(d.ends(s.o.Lifetimes)) {
		return nil, nil, &hutch.Error{Code: hutch.SessionExpired, Message: "the session is past its life"}
	}
	return u, d, nil
}

// rerunAlive reads the session of l with its user, as they are by now, and commits
// what f makes of them; anew while that loses against other commits. Errors of
// alive and of f.
func (s *Service) rerunAlive(ctx context.Context, l *live, f func(u *userDoc, d *sessionDoc, now time.Time) error) error {
	return rerun(ctx, func() error {
		now := s.o.Now()
		u, d, err := s.alive(ctx, l.session.ID, l.user.ID, now)
		if err != nil {
			return err
		}
		return f(u, d, now)
	})
}

// pairOf reads a session and its user; nil, nil where the session has ended. A
// commit between the two reads does not part them: what ends other sessions keeps
// its own, in one commit.
func (s *Service) pairOf(ctx context.Context, session string) (*userDoc, *sessionDoc, error) {
	var before int64
	for {
		d, err := load[sessionDoc](ctx, s.o.System, colSessions, session)
		if err != nil || d == nil {
			return nil, nil, err
		}
		if d.Version == before { // and its user has moved on
			return nil, nil, nil
		}
		u, err := load[userDoc](ctx, s.o.System, colUsers, d.User)
		if err != nil || u == nil {
			return nil, nil, err
		}
		if u.holds(d) {
			return u, d, nil
		}
		before = d.Version
	}
}

// principal is the one place where a user becomes a principal: roles, claims and
// e-mail are those stored, not the token's. The role is GoTrue's and no power.
func (s *Service) principal(u *userDoc, d *sessionDoc) hutch.Principal {
	claims, _ := claimsOf(withClaims(appMetadata(u), d.claims()))
	return hutch.Principal{
		Kind: hutch.User, UID: u.ID, Email: u.Email, EmailVerified: !u.Confirmed.IsZero(), Anonymous: u.Anonymous,
		Provider: d.provider(), AAL: aalOf(u, d), Role: audience, Roles: u.Roles, SessionID: d.ID, Claims: claims, Actor: d.Actor,
	}.Sealed()
}

// verifyKey checks a service key.
func (s *Service) verifyKey(ctx context.Context, key string, sum [32]byte, now time.Time) (*remembered, error) {
	bad := unauthenticated("the service key is not valid")
	k, ok := parseKey(key)
	if !ok {
		return nil, bad
	}
	stand := s.cache.stand(k.id, k.id)
	d, err := load[keyDoc](ctx, s.o.System, colKeys, k.id)
	if err != nil {
		return nil, err
	}
	if d == nil || d.Scope != k.scope || subtle.ConstantTimeCompare(d.Hash, sum[:]) != 1 || d.expired(now) {
		return nil, bad
	}
	r := &remembered{
		principal: hutch.Principal{Kind: hutch.Service, UID: d.ID, Scopes: []string{d.Scope}}.Sealed(),
		exp:       d.Expires, stand: stand,
	}
	if !d.Expires.IsZero() {
		r.ends = d.Expires.UnixNano()
	}
	s.cache.put(sum, r, now)
	s.noteUse(d.ID, now)
	return r, nil
}
