package auth

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// The collections that Service needs of its System.
const (
	colUsers      = "_users"
	colSessions   = "_sessions"
	colIdentities = "_identities"
	colKeys       = "_keys"
	colSigning    = "_signing"
)

// Collections names what Options.System must hold.
func Collections() []string {
	return []string{colUsers, colSessions, colIdentities, colKeys, colSigning, colAudit, colOTPs, colFactors, colOperators}
}

// userDoc is an account. A session is alive while its epoch is the user's, so
// one write ends any number of sessions.
type userDoc struct {
	ID         string       `bson:"_id"`
	Version    int64        `bson:"_version,omitempty"`
	Email      string       `bson:"email"`
	EmailKey   string       `bson:"emailKey"`
	Confirmed  time.Time    `bson:"emailConfirmedAt,omitempty"`
	Password   string       `bson:"password,omitempty"` // PHC string
	Roles      []string     `bson:"roles"`
	App        string       `bson:"appMetadata"`  // JSON object, what is set; roles and providers are added on the way out
	Meta       string       `bson:"userMetadata"` // JSON object
	IdentityID string       `bson:"identityId"`   // of signing in with the address; "": not possible
	Linked     []linked     `bson:"identities,omitempty"`
	Factors    []factorRef  `bson:"factors,omitempty"`
	Pending    bool         `bson:"pending,omitempty"`   // made by mail and not proven yet: no sign-in but by that mail
	Anonymous  bool         `bson:"anonymous,omitempty"` // without a way to sign in
	Waits      string       `bson:"waits,omitempty"`     // while pending or anonymous: a UUIDv7 of the last known use
	From       string       `bson:"from,omitempty"`      // network mark of the sign-up while pending, of a password that waits while anonymous; mixed: of several
	Invited    time.Time    `bson:"invitedAt,omitempty"`
	Change     *change      `bson:"emailChange,omitempty"`
	Undos      []undoRef    `bson:"undos,omitempty"`  // oldest first
	Undone     *span        `bson:"undone,omitempty"` // undo links made within it are void
	Passkeys   []passkeyRef `bson:"passkeys,omitempty"`
	Handle     []byte       `bson:"passkeyHandle,omitempty"` // random, what authenticators call the user
	Epoch      int64        `bson:"epoch"`
	Networks   []string     `bson:"networks,omitempty"` // keyed hashes of those signed in from, newest last
	Banned     time.Time    `bson:"bannedUntil,omitempty"`
	LastSignIn time.Time    `bson:"lastSignInAt,omitempty"`
	Created    time.Time    `bson:"createdAt"`
	Updated    time.Time    `bson:"updatedAt"`
}

func (u *userDoc) banned(now time.Time) bool { return now.Before(u.Banned) }

// identityDoc makes an e-mail key unique: its _id is identityID(key).
type identityDoc struct {
	ID         string    `bson:"_id"`
	Version    int64     `bson:"_version,omitempty"`
	IdentityID string    `bson:"identityId"`
	Provider   string    `bson:"provider"`
	User       string    `bson:"user"`
	Created    time.Time `bson:"createdAt"`
}

// sessionDoc is a session with the ends of its one chain of refresh tokens.
type sessionDoc struct {
	ID        string    `bson:"_id"`
	Version   int64     `bson:"_version,omitempty"`
	User      string    `bson:"user"`
	Epoch     int64     `bson:"epoch"`
	AAL       string    `bson:"aal"`              // as it was raised; aalOf is what counts
	Factor    string    `bson:"factor,omitempty"` // that raised it
	Steps     []step    `bson:"steps,omitempty"`
	Method    string    `bson:"method"`             // of amr, at Created
	Recovery  bool      `bson:"recovery,omitempty"` // may set a password and nothing else
	Provider  string    `bson:"provider,omitempty"` // "": email
	Passkey   string    `bson:"passkey,omitempty"`  // that began it; it ends with it
	Actor     string    `bson:"actor,omitempty"`    // the key that acts in the user's name
	Until     time.Time `bson:"until,omitempty"`    // its end, whatever the lifetimes
	Authentic time.Time `bson:"authenticatedAt"`    // the last proof of a password, provider, link, passkey or factor
	Gen       int64     `bson:"gen"`                // refreshes so far
	Current   []byte    `bson:"current"`            // SHA-256 of the token that may be used
	Spent     []byte    `bson:"spent,omitempty"`    // of the one before
	SpentAt   time.Time `bson:"spentAt,omitempty"`
	Presented bool      `bson:"presented,omitempty"` // an access token of Gen was seen
	Refreshed time.Time `bson:"refreshedAt"`
	Created   time.Time `bson:"createdAt"`
	Agent     string    `bson:"agent,omitempty"` // of the client that signed in
	Addr      string    `bson:"addr,omitempty"`
	Claims    string    `bson:"claims,omitempty"` // JSON object: what functions added to the token

	judged bool // by functions; no token without
}

func (d *sessionDoc) provider() string { return cmp.Or(d.Provider, "email") }

// ends is when the session's idle or absolute life ends.
func (d *sessionDoc) ends(l Lifetimes) time.Time {
	end := d.Created.Add(l.Max)
	if idle := d.Refreshed.Add(l.Idle); idle.Before(end) {
		end = idle
	}
	if !d.Until.IsZero() && d.Until.Before(end) {
		end = d.Until
	}
	return end
}

// keyDoc is a service key.
type keyDoc struct {
	ID       string    `bson:"_id"`
	Version  int64     `bson:"_version,omitempty"`
	Name     string    `bson:"name"`
	Scope    string    `bson:"scope"`
	Hash     []byte    `bson:"hash"` // SHA-256 of the whole key
	Created  time.Time `bson:"createdAt"`
	Expires  time.Time `bson:"expiresAt,omitempty"`
	LastUsed time.Time `bson:"lastUsedAt,omitempty"`
}

// signingDoc is a signing key, or with _id refreshKeyID the refresh key.
type signingDoc struct {
	ID        string    `bson:"_id"` // kid
	Version   int64     `bson:"_version,omitempty"`
	Sealed    []byte    `bson:"sealed"` // PKCS #8
	SignsFrom time.Time `bson:"signsFrom,omitempty"`
	Life      int64     `bson:"life,omitempty"` // seconds, the longest of a token it signed
	Next      string    `bson:"next,omitempty"` // the kid that follows
	Created   time.Time `bson:"createdAt"`
}

// load reads a document; nil when it is absent.
func load[T any](ctx context.Context, s data.System, coll, id string) (*T, error) {
	d, err := s.Get(ctx, coll, id)
	if err != nil {
		if hutch.CodeOf(err) == hutch.NotFound {
			return nil, nil
		}
		return nil, err
	}
	if d == nil {
		return nil, nil
	}
	return decode[T](d)
}

func decode[T any](d data.Doc) (*T, error) {
	v := new(T)
	if err := data.Unmarshal(d, v); err != nil {
		return nil, hutch.Errorf(hutch.Internal, "reading a stored document: %w", err)
	}
	return v, nil
}

// put replaces a document as a whole; expect is the version that was read.
func put(coll, id string, expect int64, v any) (data.Write, error) {
	d, err := data.Marshal(v)
	if err != nil {
		return data.Write{}, hutch.Errorf(hutch.Internal, "encoding a document: %w", err)
	}
	return data.Write{Collection: coll, ID: id, Expect: expect, Next: func(data.Doc) (data.Doc, error) { return d, nil }}, nil
}

// remove deletes a document if it is there.
func remove(coll, id string) data.Write {
	return data.Write{Collection: coll, ID: id, Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return nil, nil }}
}

func (s *Service) saveUser(u *userDoc, now time.Time) (data.Write, error) {
	u.Updated = now // answers show it
	c := *u
	if err := s.markWaiting(&c); err != nil {
		return data.Write{}, err
	}
	c.Version = 0
	return put(colUsers, u.ID, u.Version, &c)
}

func (s *Service) saveSession(d *sessionDoc) (data.Write, error) {
	v := d.Version
	c := *d
	c.Version = 0
	return put(colSessions, d.ID, v, &c)
}

// commitTime bounds a commit of commands and maintenance, whose contexts may not.
const commitTime = 30 * time.Second

// commit writes a batch whole.
func (s *Service) commit(ctx context.Context, now time.Time, ws ...data.Write) error {
	return s.commitWith(ctx, now, s.derive(now, 0), ws)
}

func (s *Service) commitWith(ctx context.Context, now time.Time, derive func([]data.Change) ([]data.Write, error), ws []data.Write) error {
	ctx, cancel := context.WithTimeout(ctx, commitTime)
	defer cancel()
	_, err := s.o.System.Commit(ctx, &data.Batch{Now: now, Writes: stamped(ctx, ws), Derive: func(cs []data.Change) ([]data.Write, error) {
		rows, err := derive(cs)
		return stamped(ctx, rows), err
	}})
	return s.takenProfile(err)
}

// moved reports whether a commit lost against another; the caller reads again.
func moved(err error) bool {
	if errors.Is(err, errHook) { // whatever code a function gave
		return false
	}
	c := hutch.CodeOf(err)
	return c == hutch.Aborted || c == hutch.AlreadyExists
}

// rerun repeats f while it loses against other commits, until ctx ends.
func rerun(ctx context.Context, f func() error) error {
	for {
		err := f()
		if !moved(err) {
			return err
		}
		if ctx.Err() != nil {
			return ctxError(ctx)
		}
	}
}
