package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// linked is an identity of a provider, kept in its user's document; a document
// of _identities named foreignID makes it unique.
type linked struct {
	ID         string    `bson:"id"` // on the wire identity_id
	Provider   string    `bson:"provider"`
	Issuer     string    `bson:"issuer"`
	Subject    string    `bson:"subject"`
	Email      string    `bson:"email,omitempty"`
	Verified   bool      `bson:"emailVerified,omitempty"`
	Name       string    `bson:"name,omitempty"`
	Username   string    `bson:"username,omitempty"`
	Picture    string    `bson:"picture,omitempty"`
	LastSignIn time.Time `bson:"lastSignInAt,omitempty"`
	Created    time.Time `bson:"createdAt"`
	Updated    time.Time `bson:"updatedAt"`
}

// foreignID is the _id of a provider's identity in _identities: (issuer,
// subject) and nothing else.
func foreignID(issuer, subject string) string {
	sum := sha256.Sum256([]byte(issuer + "\x00" + subject))
	return "oidc:" + hex.EncodeToString(sum[:])
}

// claimAddress makes the address of u its own, and nobody else's: an account has
// none that it has not claimed.
func claimAddress(u *userDoc, now time.Time) (data.Write, error) {
	id := identityID(u.EmailKey)
	return put(colIdentities, id, 0, &identityDoc{ID: id, IdentityID: u.IdentityID, Provider: "email", User: u.ID, Created: now})
}

// releaseAddress gives the address of u free, if it is its own still.
func (s *Service) releaseAddress(ctx context.Context, u *userDoc) ([]data.Write, error) {
	if u.EmailKey == "" {
		return nil, nil
	}
	d, err := load[identityDoc](ctx, s.o.System, colIdentities, identityID(u.EmailKey))
	if err != nil || d == nil || d.User != u.ID {
		return nil, err
	}
	w := remove(colIdentities, d.ID)
	w.Expect = d.Version
	return []data.Write{w}, nil
}

// ownWay gives an account that came by a provider the identity of its address,
// once it has a password.
func (s *Service) ownWay(u *userDoc, now time.Time) (err error) {
	if u.IdentityID != "" || u.EmailKey == "" {
		return nil
	}
	if u.IdentityID, err = newID(now, s.o.Entropy); err != nil {
		return hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	return nil
}

// providersOf lists how a user may sign in, the first being the oldest.
func providersOf(u *userDoc) []string {
	var names []string
	if u.IdentityID != "" {
		names = append(names, "email")
	}
	for i := range u.Linked {
		if !slices.Contains(names, u.Linked[i].Provider) {
			names = append(names, u.Linked[i].Provider)
		}
	}
	if len(names) == 0 {
		names = append(names, "email")
	}
	return names
}

// showIdentities is a user's identities in GoTrue's shape.
func showIdentities(u *userDoc) []Identity {
	out := []Identity{}
	if u.IdentityID != "" {
		out = append(out, Identity{
			IdentityID: u.IdentityID, ID: u.ID, UserID: u.ID, Provider: "email", Email: u.Email,
			IdentityData: map[string]any{"sub": u.ID, "email": u.Email, "email_verified": !u.Confirmed.IsZero(), "phone_verified": false},
			LastSignInAt: rfc3339(u.LastSignIn), CreatedAt: rfc3339(u.Created), UpdatedAt: rfc3339(u.Updated),
		})
	}
	for i := range u.Linked {
		out = append(out, u.Linked[i].show(u.ID))
	}
	return out
}

func (l *linked) show(uid string) Identity {
	claims := map[string]any{
		"iss": l.Issuer, "sub": l.Subject, "provider_id": l.Subject,
		"email_verified": l.Verified, "phone_verified": false,
	}
	for name, value := range map[string]string{
		"email": l.Email, "name": l.Name, "full_name": l.Name, "avatar_url": l.Picture, "picture": l.Picture,
		"user_name": l.Username, "preferred_username": l.Username,
	} {
		if value != "" {
			claims[name] = value
		}
	}
	return Identity{
		IdentityID: l.ID, ID: l.Subject, UserID: uid, Provider: l.Provider, Email: l.Email, IdentityData: claims,
		LastSignInAt: rfc3339(l.LastSignIn), CreatedAt: rfc3339(l.Created), UpdatedAt: rfc3339(l.Updated),
	}
}
