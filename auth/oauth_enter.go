package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// entry is one sign-in by a provider's word, on its way to a commit.
type entry struct {
	s     *Service
	g     *grant
	c     Client
	now   time.Time
	known *identityDoc // nil: the identity is new
	ws    []data.Write
}

// linkOf finds an identity by its id; -1: none.
func (u *userDoc) linkOf(id string) int {
	return slices.IndexFunc(u.Linked, func(l linked) bool { return l.ID == id })
}

// proven gives the address that the provider proves.
func (e *entry) proven() (email, bool) {
	if !e.g.Foreign.EmailVerified {
		return email{}, false
	}
	a, err := parseEmail(e.g.Foreign.Email)
	return a, err == nil
}

// again signs in whose identity it is, whatever its address.
func (e *entry) again(ctx context.Context, u *userDoc) (*Session, error) {
	if u.banned(e.now) {
		return nil, userBanned()
	}
	i := u.linkOf(e.known.IdentityID)
	u.Linked = slices.Clone(u.Linked)
	u.Linked[i].tell(&e.g.Foreign, e.now)
	if err := e.address(ctx, u, e.known.IdentityID); err != nil {
		return nil, err
	}
	return e.finish(ctx, u, nil)
}

// first finds or makes the account of an identity that nobody has.
func (e *entry) first(ctx context.Context) (*Session, error) {
	s := e.s
	a, proven := e.proven()
	if proven {
		u, err := s.userByEmail(ctx, a)
		if err != nil {
			return nil, err
		}
		if u != nil {
			if u.banned(e.now) {
				return nil, userBanned()
			}
			// Both have proven the address: it is the same person's. Where a second
			// factor guards the account, a first one alone adds no way in.
			if !u.Confirmed.IsZero() && hasFactor(u) {
				return nil, &hutch.Error{
					Code: hutch.InsufficientAAL, Message: "the account has a second factor: sign in there and link the provider",
				}
			}
			id, err := e.add(u)
			if err != nil {
				return nil, err
			}
			if err := e.address(ctx, u, id); err != nil {
				return nil, err
			}
			return e.finish(ctx, u, nil)
		}
	}
	if !s.o.Signup {
		return nil, &hutch.Error{Code: hutch.SignupDisabled, Message: "accounts are by invitation only"}
	}
	if err := s.countSignup(ctx, e.c); err != nil {
		return nil, err
	}
	u, err := e.account(a, proven)
	if err != nil {
		return nil, err
	}
	if _, err := e.add(u); err != nil {
		return nil, err
	}
	if err := s.judgeSignUp(ctx, u, e.how(), e.c); err != nil {
		return nil, err
	}
	return e.finish(ctx, u, nil)
}

func (e *entry) how() mailEntry { return mailEntry{method: "oauth", provider: e.g.Provider} }

// account makes an account without a password; an address that nobody proved is
// not its own, and keeps nobody else from it.
func (e *entry) account(a email, proven bool) (*userDoc, error) {
	meta := map[string]json.RawMessage{}
	f := &e.g.Foreign
	called := cmp.Or(f.Name, f.Called)
	for name, value := range map[string]string{
		"name": called, "full_name": called, "avatar_url": f.Picture, "picture": f.Picture, "user_name": f.Username,
	} {
		if value != "" {
			meta[name], _ = json.Marshal(value)
		}
	}
	merged, err := metadata("", meta)
	if err != nil {
		merged = "{}"
	}
	u, ws, err := e.s.newAccount(a, e.now)
	if err != nil {
		return nil, err
	}
	u.Meta, u.IdentityID = merged, ""
	if proven {
		u.Confirmed = e.now
		e.ws = append(e.ws, ws...)
	}
	return u, nil
}

// add links the identity to u.
func (e *entry) add(u *userDoc) (id string, err error) {
	if id, err = newID(e.now, e.s.o.Entropy); err != nil {
		return "", hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	f := &e.g.Foreign
	l := linked{ID: id, Provider: e.g.Provider, Issuer: f.Issuer, Subject: f.Subject, Created: e.now}
	l.tell(f, e.now)
	u.Linked = append(slices.Clone(u.Linked), l)
	if len(u.Linked) > maxLinked {
		return "", &hutch.Error{Code: hutch.ValidationFailed, Message: "an account has at most 20 identities"}
	}
	key := foreignID(f.Issuer, f.Subject)
	var expect int64
	if e.known != nil { // of an account that is no more
		expect = e.known.Version
	}
	w, err := put(colIdentities, key, expect, &identityDoc{ID: key, IdentityID: id, Provider: e.g.Provider, User: u.ID, Created: e.now})
	if err != nil {
		return "", err
	}
	row, err := e.s.audit(e.now, auditDoc{Event: "identity_linked", User: u.ID, Detail: e.g.Provider})
	e.ws = append(e.ws, w, row)
	return id, err
}

const maxLinked = 20

// tell keeps what the provider says today.
func (l *linked) tell(f *Foreign, now time.Time) {
	l.Email, l.Verified = f.Email, f.EmailVerified
	l.Name, l.Username, l.Picture = f.Name, f.Username, f.Picture
	l.LastSignIn, l.Updated = now, now
}

// address draws the consequences of what the provider proves: an account
// without an address takes it where it is free, one that was made with it
// without proof is cleared of all that came before but the identity keep. An
// address that was proven stays.
func (e *entry) address(ctx context.Context, u *userDoc, keep string) error {
	a, proven := e.proven()
	if !proven {
		return nil
	}
	switch {
	case u.EmailKey == "":
		err := e.s.refuseTaken(ctx, a)
		if hutch.CodeOf(err) == hutch.UserAlreadyExists {
			return nil
		}
		if err != nil {
			return err
		}
		ws, err := e.s.moveAddress(ctx, u, a, e.now)
		if err != nil {
			return err
		}
		u.Confirmed = e.now
		e.ws = append(e.ws, ws...)
	case u.EmailKey == a.key && u.Confirmed.IsZero():
		var kept []linked
		if i := u.linkOf(keep); i >= 0 {
			kept = append(kept, u.Linked[i])
			u.Linked = slices.Delete(slices.Clone(u.Linked), i, i+1)
		}
		ws, err := e.s.proven(u, false, e.now)
		if err != nil {
			return err
		}
		u.Linked = append(u.Linked, kept...)
		u.IdentityID = "" // its password is gone; the provider is the way in
		e.ws = append(e.ws, ws...)
	}
	return nil
}

// link gives the identity to who asked for it while signed in.
func (e *entry) link(ctx context.Context) (*Session, error) {
	u, d, err := e.s.alive(ctx, e.g.Session, e.g.User, e.now)
	if err != nil {
		return nil, err
	}
	if u.banned(e.now) {
		return nil, userBanned()
	}
	if err := highest(u, d); err != nil { // a factor may be new since the flow began
		return nil, err
	}
	if e.known != nil {
		owner, err := load[userDoc](ctx, e.s.o.System, colUsers, e.known.User)
		if err != nil {
			return nil, err
		}
		if owner != nil && owner.linkOf(e.known.IdentityID) >= 0 {
			return nil, &hutch.Error{Code: hutch.IdentityAlreadyExists, Message: "the identity belongs to an account already"}
		}
	}
	epoch, upgraded := u.Epoch, u.Anonymous
	if upgraded {
		if err := e.upgrade(u); err != nil {
			return nil, err
		}
	}
	id, err := e.add(u)
	if err != nil {
		return nil, err
	}
	if err := e.address(ctx, u, id); err != nil {
		return nil, err
	}
	if upgraded {
		if err := e.s.judgeSignUp(ctx, u, e.how(), e.c); err != nil {
			return nil, err
		}
	}
	if u.Epoch != epoch {
		d = nil // its session predates the proof
	}
	return e.finish(ctx, u, d)
}

// finish commits the account with a new session. One that links goes on as
// what it was, from: a provider is no proof of the account's own factors.
func (e *entry) finish(ctx context.Context, u *userDoc, from *sessionDoc) (*Session, error) {
	s := e.s
	how := e.how()
	if from != nil {
		how = mailEntry{method: from.Method, provider: from.Provider, recovery: from.Recovery, aal: from.AAL}
	}
	mark := s.networkMark(e.c)
	e.ws = append(e.ws, s.deviceNotice(ctx, u, mark, e.now)...)
	u.LastSignIn = e.now
	u.noteNetwork(mark, how.aal)
	d, refresh, err := s.newSession(ctx, u, how, e.c, e.now)
	if err != nil {
		return nil, err
	}
	if from != nil {
		n := *from
		n.ID, n.Version, n.Current, n.Refreshed = d.ID, 0, d.Current, e.now
		n.Claims, n.judged = d.Claims, d.judged
		n.Gen, n.Spent, n.SpentAt, n.Presented = 0, nil, time.Time{}, false
		d = &n
	}
	if err := checkApp(u); err != nil {
		return nil, err
	}
	wu, err := s.saveUser(u, e.now)
	if err != nil {
		return nil, err
	}
	wd, err := s.saveSession(d)
	if err != nil {
		return nil, err
	}
	if err := s.commit(ctx, e.now, append(e.ws, wu, wd)...); err != nil {
		return nil, err
	}
	s.cache.drop(u.ID)
	u.Updated = e.now
	return s.answer(u, d, refresh, e.now)
}
