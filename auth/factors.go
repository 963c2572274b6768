package auth

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	maxFactors     = 10
	maxFactorName  = 64 // characters
	unverifiedLife = 15 * time.Minute
	challengeLife  = 5 * time.Minute

	aal1, aal2 = "aal1", "aal2"
)

// factorDoc is a second factor. It counts once it is verified, which its owner
// does in the session that began it.
type factorDoc struct {
	ID      string     `bson:"_id"` // UUIDv7
	Version int64      `bson:"_version,omitempty"`
	User    string     `bson:"user"`
	Type    string     `bson:"type"`
	Session string     `bson:"session,omitempty"`  // that may verify it; "": it is verified
	Secret  []byte     `bson:"secret,omitempty"`   // sealed
	Step    int64      `bson:"step,omitempty"`     // the last period whose code was taken
	Handle  []byte     `bson:"handle,omitempty"`   // random, what an authenticator calls the user
	Key     *publicKey `bson:"webauthn,omitempty"` // nil until it is verified
	Created time.Time  `bson:"createdAt"`
	Updated time.Time  `bson:"updatedAt"`
}

// factorRef is a factor as its user's document lists it: who is signed in, and
// whether that is enough, is known without a further read.
type factorRef struct {
	ID       string    `bson:"id"`
	Type     string    `bson:"type"`
	Name     string    `bson:"name,omitempty"`
	Verified bool      `bson:"verified,omitempty"`
	Created  time.Time `bson:"createdAt"`
	Updated  time.Time `bson:"updatedAt"`
}

// factorType is a type of second factor: what its documents keep, what it asks
// and what it takes for proof.
type factorType interface {
	// method is its name in amr.
	method() string
	// enroll fills a new document, and what its owner is shown this once.
	enroll(s *Service, u *userDoc, f *factorDoc, r *enrolling, out *Enrolled) error
	// challenge fills what the client is shown; keep comes back in verify.
	challenge(ctx context.Context, s *Service, u *userDoc, f *factorDoc, body fields, out *FactorChallenge) (keep any, err error)
	// verify judges an answer and notes in f what makes it good for one use:
	// mfa_verification_failed, webauthn_credential_exists.
	verify(ctx context.Context, s *Service, u *userDoc, f *factorDoc, keep json.RawMessage, body fields) error
}

// factorTypes are those that POST factors makes.
var factorTypes = map[string]factorType{"totp": totpType{}, webauthnFactor: webauthnType{}}

// Enrolled answers POST factors.
type Enrolled struct {
	ID           string    `json:"id"`
	Type         string    `json:"type"`
	FriendlyName string    `json:"friendly_name"` // clients want one, be it empty
	TOTP         *TOTPShow `json:"totp,omitempty"`
}

// FactorChallenge answers POST factors/{id}/challenge.
type FactorChallenge struct {
	ID        string        `json:"id"`
	Type      string        `json:"type"`
	ExpiresAt int64         `json:"expires_at"` // Unix seconds
	WebAuthn  *WebAuthnShow `json:"webauthn,omitempty"`
}

func noFactor() error {
	return &hutch.Error{Code: hutch.FactorNotFound, Message: "you have no such factor"}
}

func wrongFactor() error {
	return &hutch.Error{Code: hutch.FactorRefused, Message: "the code is wrong or was used"}
}

func showFactors(u *userDoc) []Factor {
	out := make([]Factor, 0, len(u.Factors))
	for i := range u.Factors {
		out = append(out, u.Factors[i].show())
	}
	return out
}

func (r *factorRef) show() Factor {
	status := "unverified"
	if r.Verified {
		status = "verified"
	}
	return Factor{
		ID: r.ID, FriendlyName: r.Name, FactorType: r.Type, Status: status,
		CreatedAt: rfc3339(r.Created), UpdatedAt: rfc3339(r.Updated),
	}
}

// factorOf finds a factor; -1: none.
func (u *userDoc) factorOf(id string) int {
	return slices.IndexFunc(u.Factors, func(r factorRef) bool { return r.ID == id })
}

// hasFactor reports whether an account has a second factor that counts.
func hasFactor(u *userDoc) bool {
	return slices.ContainsFunc(u.Factors, func(r factorRef) bool { return r.Verified })
}

// sameFactors reports whether the same factors count.
func sameFactors(a, b *userDoc) bool {
	counts := func(u *userDoc) (ids []string) {
		for i := range u.Factors {
			if u.Factors[i].Verified {
				ids = append(ids, u.Factors[i].ID)
			}
		}
		return ids
	}
	return slices.Equal(counts(a), counts(b))
}

// aalOf is the level of a session: what a factor gave goes with the factor.
func aalOf(u *userDoc, d *sessionDoc) string {
	if d.AAL != aal2 || d.Factor == "" {
		return d.AAL
	}
	if d.Factor == recoveryType && hasFactor(u) {
		return aal2
	}
	if i := u.factorOf(d.Factor); i >= 0 && u.Factors[i].Verified {
		return aal2
	}
	return aal1
}

// highest refuses a session below the highest level of its user: insufficient_aal.
func highest(u *userDoc, d *sessionDoc) error {
	if hasFactor(u) && aalOf(u, d) != aal2 {
		return &hutch.Error{Code: hutch.InsufficientAAL, Message: "the second factor is needed"}
	}
	return nil
}

// waits reports whether a session is a guest's outside /auth, until it proves a
// second factor. Who acts in the user's name sees what the user sees: a key that
// may do so could remove the factors, too.
func (s *Service) waits(u *userDoc, d *sessionDoc) bool {
	return d.Actor == "" && !s.o.AnyLevel && highest(u, d) != nil
}

// mayManageAccount judges whether a session may change how its account is
// entered: it has the account's highest level, and a proof of it is younger than
// 10 minutes. A recovery's session may set a password and nothing else.
// insufficient_aal, reauthentication_needed.
func (s *Service) mayManageAccount(u *userDoc, d *sessionDoc) error {
	if d.Recovery {
		return &hutch.Error{Code: hutch.ReauthenticationNeeded, Field: "password", Message: "set a new password first"}
	}
	if err := highest(u, d); err != nil {
		return err
	}
	if !s.isRecent(&live{user: u, session: d}) {
		return &hutch.Error{Code: hutch.ReauthenticationNeeded, Message: "sign in again first"}
	}
	return nil
}

// dropFactors takes all factors from u, in the commit that writes it.
func dropFactors(u *userDoc) []data.Write {
	if len(u.Factors) == 0 {
		return nil
	}
	ws := []data.Write{remove(colFactors, recoveryID(u.ID))}
	for i := range u.Factors {
		ws = append(ws, remove(colFactors, u.Factors[i].ID))
	}
	u.Factors = nil
	return ws
}

// dropSince takes from u the factors that count from t on, the passkeys of since
// then or of an unknown time, and all recovery codes: whoever was in may have
// made them.
func dropSince(u *userDoc, t time.Time) (ws []data.Write) {
	t = t.Truncate(time.Millisecond) // as stored times are
	kept := make([]factorRef, 0, len(u.Factors))
	for _, r := range u.Factors {
		if r.Updated.Before(t) {
			kept = append(kept, r)
		} else {
			ws = append(ws, remove(colFactors, r.ID))
		}
	}
	if len(u.Factors) > 0 {
		ws = append(ws, remove(colFactors, recoveryID(u.ID)))
	}
	u.Factors = kept
	u.Passkeys = slices.DeleteFunc(slices.Clone(u.Passkeys), func(r passkeyRef) bool {
		if !r.Created.IsZero() && r.Created.Before(t) {
			return false
		}
		ws = append(ws, r.drop()...)
		return true
	})
	return ws
}

// dropUnverified takes from u the factors that wait and that drop names.
func dropUnverified(u *userDoc, drop func(*factorRef) bool) (ws []data.Write) {
	kept := make([]factorRef, 0, len(u.Factors))
	for _, r := range u.Factors {
		if !r.Verified && drop(&r) {
			ws = append(ws, remove(colFactors, r.ID))
		} else {
			kept = append(kept, r)
		}
	}
	u.Factors = kept
	return ws
}

// raise makes d a session of aal2 by a factor, with a new refresh token: the
// successor of the one before, whoever shows that now.
func (s *Service) raise(d *sessionDoc, factor, method string, now time.Time) (refreshToken, error) {
	next, err := d.successorOf(s.keys.Load().refresh)
	if err != nil {
		return next, hutch.Errorf(hutch.Internal, "reading a session: %w", err)
	}
	d.Gen, d.Spent, d.SpentAt, d.Current = d.Gen+1, d.Current, now, next.hash()
	d.Presented, d.Refreshed, d.Authentic = false, now, now
	d.AAL, d.Factor = aal2, factor
	d.Steps = slices.DeleteFunc(slices.Clone(d.Steps), func(p step) bool { return p.Method == method })
	d.Steps = append(d.Steps, step{Method: method, At: now})
	return next, nil
}

// step is a proof within a session, after the one that began it.
type step struct {
	Method string    `bson:"method"`
	At     time.Time `bson:"at"`
}

// amr lists the proofs of a session, the newest first as GoTrue does.
func (d *sessionDoc) amr() []amr {
	out := make([]amr, 0, len(d.Steps)+1)
	for _, p := range slices.Backward(d.Steps) {
		out = append(out, amr{Method: p.Method, Timestamp: p.At.Unix()})
	}
	return append(out, amr{Method: d.Method, Timestamp: d.Created.Unix()})
}

// factor reads the document of a factor of u that is good now:
// mfa_factor_not_found. One that waits is good in the session that began it,
// while it may manage the account; so nobody finishes what another began.
func (s *Service) factor(ctx context.Context, u *userDoc, d *sessionDoc, id string, now time.Time) (*factorDoc, factorType, error) {
	i := u.factorOf(id)
	if i < 0 {
		return nil, nil, noFactor()
	}
	f, err := load[factorDoc](ctx, s.o.System, colFactors, id)
	if err != nil {
		return nil, nil, err
	}
	if f == nil || f.User != u.ID || factorTypes[f.Type] == nil {
		return nil, nil, noFactor()
	}
	if !u.Factors[i].Verified {
		if f.Session != d.ID || now.Sub(f.Created) >= unverifiedLife {
			return nil, nil, noFactor()
		}
		if d.Recovery {
			return nil, nil, &hutch.Error{Code: hutch.ReauthenticationNeeded, Field: "password", Message: "set a new password first"}
		}
		if err := highest(u, d); err != nil {
			return nil, nil, err
		}
	}
	return f, factorTypes[f.Type], nil
}
