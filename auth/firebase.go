package auth

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/hutch-dev/hutch"
)

// Firebase turns accounts of `firebase auth:export --format=json` into lines for
// Import. Its fields are the project's password hash parameters.
type Firebase struct {
	SignerKey, SaltSeparator string
	Rounds, MemCost          int
}

var firebaseParameter = regexp.MustCompile(`"?\b(algorithm|base64_signer_key|base64_salt_separator|rounds|mem_cost)"?\s*:\s*"?([A-Za-z0-9+/=_-]+)`)

// ParseFirebase reads the hash_config that Firebase's console shows.
func ParseFirebase(text []byte) (*Firebase, error) {
	p := map[string]string{}
	for _, m := range firebaseParameter.FindAllStringSubmatch(string(text), -1) {
		p[m[1]] = m[2]
	}
	if a := p["algorithm"]; a != "SCRYPT" {
		return nil, invalid("algorithm", fmt.Sprintf("the hash_config of a Firebase project says SCRYPT, not %q", a))
	}
	f := &Firebase{SignerKey: p["base64_signer_key"], SaltSeparator: p["base64_salt_separator"]}
	for name, to := range map[string]*int{"rounds": &f.Rounds, "mem_cost": &f.MemCost} {
		n, err := strconv.ParseUint(p[name], 10, 8)
		if err != nil {
			return nil, invalid(name, "the hash_config lacks "+name)
		}
		*to = int(n)
	}
	key, err := base64Of(f.SignerKey)
	if err != nil || len(key) == 0 {
		return nil, invalid("base64_signer_key", "the hash_config lacks base64_signer_key")
	}
	// One hash of these, so that costs over the bounds are told once.
	if err := checkHash(f.hash("AAAA", base64.StdEncoding.EncodeToString(key))); err != nil {
		return nil, err
	}
	return f, nil
}

func (f *Firebase) hash(salt, sum string) string {
	return fmt.Sprintf("$fbscrypt$v=1,n=%d,r=%d,p=1,ss=%s,sk=%s$%s$%s", f.MemCost, f.Rounds, f.SaltSeparator, f.SignerKey, salt, sum)
}

// firebaseUser is an account of the export.
type firebaseUser struct {
	LocalID    string `json:"localId"`
	Email      string `json:"email"`
	Verified   bool   `json:"emailVerified"`
	Hash       string `json:"passwordHash"`
	Salt       string `json:"salt"`
	Name       string `json:"displayName"`
	Photo      string `json:"photoUrl"`
	Disabled   bool   `json:"disabled"`
	Attributes string `json:"customAttributes"` // JSON

	SignedIn  json.RawMessage `json:"lastSignedInAt"` // milliseconds, as a text
	Created   json.RawMessage `json:"createdAt"`
	Providers []struct {
		Provider string `json:"providerId"`
		Subject  string `json:"rawId"`
		Email    string `json:"email"`
		Name     string `json:"displayName"`
		Photo    string `json:"photoUrl"`
	} `json:"providerUserInfo"`
}

// firebaseIssuers are the providers whose subjects are the same for everybody.
var firebaseIssuers = map[string][2]string{
	"google.com": {"google", "https://accounts.google.com"},
	"apple.com":  {"apple", "https://appleid.apple.com"},
	"github.com": {"github", "https://github.com"},
}

// FirebaseID is the id that an account of Firebase gets: always the same.
func FirebaseID(localID string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://firebase.google.com/users/"+localID)).String()
}

// Line turns one account; its custom claims become app_metadata, with the id that
// it had as firebase_uid.
func (f *Firebase) Line(user json.RawMessage) (json.RawMessage, error) {
	var u firebaseUser
	if err := json.Unmarshal(user, &u); err != nil {
		return nil, invalid("", "not an account of Firebase: "+err.Error())
	}
	if u.LocalID == "" || len(u.LocalID) > 128 {
		return nil, invalid("localId", "localId is missing")
	}
	p := &portable{
		ID: FirebaseID(u.LocalID), Email: u.Email, Verified: u.Verified, CreatedAt: milliseconds(u.Created), LastSignInAt: milliseconds(u.SignedIn),
	}
	if u.Hash != "" {
		p.PasswordHash = f.hash(u.Salt, u.Hash)
	}
	if u.Disabled {
		p.BannedUntil = "9999-01-01T00:00:00Z"
	}
	app := fields{}
	if u.Attributes != "" && json.Unmarshal([]byte(u.Attributes), &app) != nil {
		return nil, invalid("customAttributes", "the custom claims are not a JSON object")
	}
	meta := fields{}
	for name, text := range map[string]string{"full_name": u.Name, "avatar_url": u.Photo} {
		if text != "" {
			meta[name], _ = json.Marshal(text)
		}
	}
	var err error
	if app["firebase_uid"], err = json.Marshal(u.LocalID); err == nil {
		if p.App, err = json.Marshal(app); err == nil {
			p.Meta, err = json.Marshal(meta)
		}
	}
	if err != nil {
		return nil, hutch.Errorf(hutch.Internal, "encoding an account: %w", err)
	}
	for _, one := range u.Providers {
		switch known, ok := firebaseIssuers[one.Provider]; {
		case one.Provider == "password":
			p.Identities = append(p.Identities, portableID{Provider: "email"})
		case ok:
			p.Identities = append(p.Identities, portableID{
				Provider: known[0], Issuer: known[1], Subject: one.Subject, Email: one.Email, Name: one.Name, Picture: one.Photo,
			})
		}
	}
	return json.Marshal(p)
}

func milliseconds(raw json.RawMessage) string {
	n, err := strconv.ParseInt(strings.Trim(string(raw), `" `), 10, 64)
	if err != nil || n <= 0 || n > 253_000_000_000_000 {
		return ""
	}
	return rfc3339(time.UnixMilli(n))
}
