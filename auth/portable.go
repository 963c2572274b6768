package auth

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/hutch-dev/hutch"
)

// portable is an account as a line of JSON: what Export writes and Import reads.
// Second factors and sessions do not travel.
type portable struct {
	ID           string          `json:"id,omitempty"`
	Email        string          `json:"email,omitempty"`
	ConfirmedAt  string          `json:"email_confirmed_at,omitempty"`
	Verified     bool            `json:"email_verified,omitempty"` // read only: at an unknown time
	PasswordHash string          `json:"password_hash,omitempty"`
	Roles        []string        `json:"roles,omitempty"`
	App          json.RawMessage `json:"app_metadata,omitempty"`
	Meta         json.RawMessage `json:"user_metadata,omitempty"`
	Identities   []portableID    `json:"identities,omitempty"`
	Pending      bool            `json:"pending,omitempty"` // made by mail and not proven yet
	InvitedAt    string          `json:"invited_at,omitempty"`
	BannedUntil  string          `json:"banned_until,omitempty"`
	LastSignInAt string          `json:"last_sign_in_at,omitempty"`
	CreatedAt    string          `json:"created_at,omitempty"`
	UpdatedAt    string          `json:"updated_at,omitempty"`
}

// portableID is a way in: of the provider email, or of an issuer and subject.
type portableID struct {
	ID           string `json:"identity_id,omitempty"`
	Provider     string `json:"provider"`
	Issuer       string `json:"issuer,omitempty"`
	Subject      string `json:"subject,omitempty"`
	Email        string `json:"email,omitempty"`
	Verified     bool   `json:"email_verified,omitempty"`
	Name         string `json:"name,omitempty"`
	Username     string `json:"username,omitempty"`
	Picture      string `json:"picture,omitempty"`
	LastSignInAt string `json:"last_sign_in_at,omitempty"`
	CreatedAt    string `json:"created_at,omitempty"`
	UpdatedAt    string `json:"updated_at,omitempty"`
}

func toPortable(u *userDoc, hashes bool) *portable {
	p := &portable{
		ID: u.ID, Email: u.Email, ConfirmedAt: rfc3339(u.Confirmed), Roles: u.Roles,
		App: json.RawMessage(orEmpty(u.App)), Meta: json.RawMessage(orEmpty(u.Meta)), Pending: u.Pending,
		InvitedAt: rfc3339(u.Invited), BannedUntil: rfc3339(u.Banned), LastSignInAt: rfc3339(u.LastSignIn),
		CreatedAt: rfc3339(u.Created), UpdatedAt: rfc3339(u.Updated),
	}
	if hashes {
		p.PasswordHash = u.Password
	}
	if u.IdentityID != "" {
		p.Identities = append(p.Identities, portableID{ID: u.IdentityID, Provider: "email"})
	}
	for i := range u.Linked {
		l := &u.Linked[i]
		p.Identities = append(p.Identities, portableID{
			ID: l.ID, Provider: l.Provider, Issuer: l.Issuer, Subject: l.Subject, Email: l.Email, Verified: l.Verified,
			Name: l.Name, Username: l.Username, Picture: l.Picture,
			LastSignInAt: rfc3339(l.LastSignIn), CreatedAt: rfc3339(l.Created), UpdatedAt: rfc3339(l.Updated),
		})
	}
	return p
}

// readPortable reads a line; its errors are validation_failed with a field.
func (s *Service) readPortable(line []byte, o ImportOptions, now time.Time) (*userDoc, error) {
	f, err := readBody(line)
	if err != nil {
		return nil, &hutch.Error{Code: hutch.ValidationFailed, Message: "not a JSON object in UTF-8, without duplicate keys"}
	}
	var p portable
	if err := json.Unmarshal(line, &p); err != nil {
		return nil, &hutch.Error{Code: hutch.ValidationFailed, Message: "not an account: " + err.Error()}
	}
	u := &userDoc{ID: strings.ToLower(p.ID), Roles: []string{}, App: "{}", Meta: "{}"}
	if p.ID != "" && uuid.Validate(u.ID) != nil || p.ID != "" && len(u.ID) != 36 {
		return nil, invalid("id", "the id of an account is a UUID")
	}
	if p.Email != "" {
		e, err := parseEmail(p.Email)
		if err != nil {
			return nil, err
		}
		u.Email, u.EmailKey = e.address, e.key
	}
	if err := checkHash(p.PasswordHash); err != nil {
		return nil, err
	}
	u.Password, u.Pending = p.PasswordHash, p.Pending
	if u.Pending {
		u.From = mixed
	}
	if err := p.times(u, o, now); err != nil {
		return nil, err
	}
	if err := p.metadata(u, f, o); err != nil {
		return nil, err
	}
	if u.ID == "" {
		if u.ID, err = newID(u.Created, s.o.Entropy); err != nil {
			return nil, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
		}
	}
	if u.Pending {
		if u.Waits, err = newID(now, s.o.Entropy); err != nil {
			return nil, hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
		}
	}
	if err := s.readIdentities(u, &p, o, now); err != nil {
		return nil, err
	}
	if u.EmailKey == "" && len(u.Linked) == 0 {
		return nil, invalid("email", "an account has an address or an identity")
	}
	return u, nil
}

// times reads what is dated; nothing but a ban lies in the future.
func (p *portable) times(u *userDoc, o ImportOptions, now time.Time) error {
	for _, t := range []struct {
		name, text string
		to         *time.Time
		future     bool
	}{
		{"email_confirmed_at", p.ConfirmedAt, &u.Confirmed, false},
		{"invited_at", p.InvitedAt, &u.Invited, false},
		{"banned_until", p.BannedUntil, &u.Banned, true},
		{"last_sign_in_at", p.LastSignInAt, &u.LastSignIn, false},
		{"created_at", p.CreatedAt, &u.Created, false},
		{"updated_at", p.UpdatedAt, &u.Updated, false},
	} {
		var err error
		if *t.to, err = readTime(t.name, t.text); err != nil {
			return err
		}
		if !t.future && t.to.After(now) {
			*t.to = now
		}
	}
	if u.Created.IsZero() {
		u.Created = now
	}
	if p.Verified && u.Confirmed.IsZero() {
		u.Confirmed = u.Created
	}
	if !o.Verified || u.EmailKey == "" {
		u.Confirmed = time.Time{}
	}
	if u.Updated.IsZero() {
		u.Updated = now
	}
	return nil
}

func readTime(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || t.Year() < 1971 || t.Year() > 9999 {
		return time.Time{}, invalid(name, "a time such as 2026-05-01T10:00:00Z is needed")
	}
	return t.UTC().Truncate(time.Millisecond), nil
}

// metadata takes user_metadata, and with o.Roles what rules see: roles and
// app_metadata.
func (p *portable) metadata(u *userDoc, f fields, o ImportOptions) error {
	user, err := f.object("user_metadata")
	if err != nil {
		return err
	}
	if u.Meta, err = mergeMetadata(u.Meta, user); err != nil || len(u.Meta) > maxMetadata {
		return invalid("user_metadata", "user_metadata is at most 4 KiB of JSON")
	}
	if !o.Roles {
		return nil
	}
	app, err := f.object("app_metadata")
	if err != nil {
		return err
	}
	e := userEdit{app: app}
	if err := e.readRoles(f); err != nil {
		return err
	}
	if e.roles != nil {
		u.Roles = e.roles
	}
	if u.App, err = mergeMetadata(u.App, e.app); err != nil || checkApp(u) != nil {
		return invalid("app_metadata", "roles and app_metadata are at most 4 KiB of JSON")
	}
	return nil
}

// readIdentities takes the ways in. Where none is named, an address is one.
func (s *Service) readIdentities(u *userDoc, p *portable, o ImportOptions, now time.Time) (err error) {
	if len(p.Identities) > maxLinked+1 {
		return invalid("identities", "an account has at most 20 identities")
	}
	own := len(p.Identities) == 0 || u.Password != ""
	for i := range p.Identities {
		one := &p.Identities[i]
		id := strings.ToLower(one.ID)
		if id == "" {
			if id, err = newID(now, s.o.Entropy); err != nil {
				return hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
			}
		} else if uuid.Validate(id) != nil || len(id) != 36 {
			return invalid("identities", "an identity_id is a UUID")
		}
		if one.Provider == "email" {
			u.IdentityID, own = id, true
			continue
		}
		l := linked{
			ID: id, Provider: one.Provider, Issuer: one.Issuer, Subject: one.Subject, Email: one.Email, Verified: one.Verified && o.Verified,
			Name: one.Name, Username: one.Username, Picture: one.Picture,
		}
		if err := l.check(); err != nil {
			return err
		}
		if slices.ContainsFunc(u.Linked, func(k linked) bool { return k.ID == l.ID || k.Issuer == l.Issuer && k.Subject == l.Subject }) {
			return invalid("identities", "an identity stands there twice")
		}
		for _, t := range []struct {
			to   *time.Time
			text string
		}{{&l.LastSignIn, one.LastSignInAt}, {&l.Created, one.CreatedAt}, {&l.Updated, one.UpdatedAt}} {
			if *t.to, err = readTime("identities", t.text); err != nil {
				return err
			}
		}
		if l.Created.IsZero() {
			l.Created = now
		}
		if l.Updated.IsZero() {
			l.Updated = l.Created
		}
		u.Linked = append(u.Linked, l)
	}
	switch {
	case u.EmailKey == "":
		u.IdentityID = ""
	case !own:
		u.IdentityID = ""
		if u.Confirmed.IsZero() { // a provider names the address, and nobody owns it
			u.Email, u.EmailKey = "", ""
		}
	case u.IdentityID == "":
		if u.IdentityID, err = newID(now, s.o.Entropy); err != nil {
			return hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
		}
	}
	return nil
}

func (l *linked) check() error {
	word := func(s string, least, most int) bool {
		n := utf8.RuneCountInString(s)
		return n >= least && n <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
	}
	if !word(l.Provider, 1, maxRoleLength) || !word(l.Issuer, 1, 512) || !word(l.Subject, 1, 255) {
		return invalid("identities", "an identity has provider, issuer and subject")
	}
	if !word(l.Email, 0, maxEmail) || !word(l.Name, 0, 256) || !word(l.Username, 0, 256) || !word(l.Picture, 0, 2048) {
		return invalid("identities", "the profile of an identity is too long")
	}
	return nil
}
