package auth

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
)

const maxBan = 100 * 366 * 24 * time.Hour

// notAdmins are the fields of a user that nobody sets.
var notAdmins = []string{
	"id", "aud", "email_confirmed_at", "phone_confirmed_at", "confirmed_at", "last_sign_in_at", "identities", "factors",
	"is_anonymous", "banned_until", "is_super_admin", "email_verified", "created_at", "updated_at", "deleted_at",
	"phone_confirm", "nonce",
}

// userEdit is what an administrator sets; nil and "" leave things as they are.
type userEdit struct {
	email     *email
	password  string
	hash      string // another program's, of a new account
	confirm   bool
	ban       *time.Duration // 0 lifts
	roles     []string
	app, user fields // merged
	names     []string
}

// parseUserEdit reads the body of POST and PUT admin/users: bad_json,
// validation_failed, also for fields of a user that are not set here.
func (s *Service) parseUserEdit(body []byte) (r userEdit, err error) {
	f, err := readBody(body)
	if err != nil {
		return r, err
	}
	for _, name := range notAdmins {
		if !f.absent(name) {
			return r, invalid(name, name+" cannot be set")
		}
	}
	for name, only := range map[string]string{"phone": "", "role": audience} {
		if v, _, err := f.text(name); err != nil || v != "" && v != only {
			return r, invalid(name, name+" cannot be set")
		}
	}
	for _, name := range []string{"email", "password", "password_hash", "email_confirm", "ban_duration", "app_metadata", "roles", "user_metadata"} {
		if !f.absent(name) {
			r.names = append(r.names, name)
		}
	}
	address, ok, err := f.text("email")
	if err != nil {
		return r, err
	}
	if ok && address != "" {
		e, err := parseEmail(address)
		if err != nil {
			return r, err
		}
		r.email = &e
	}
	if r.password, ok, err = f.text("password"); err != nil {
		return r, err
	}
	if ok && r.password != "" {
		if err = checkLength(r.password, s.o.MinLength); err != nil { // a key may set any, e.g. one to be changed
			return r, err
		}
	}
	if r.hash, _, err = f.text("password_hash"); err != nil {
		return r, err
	}
	if r.hash != "" && r.password != "" {
		return r, invalid("password_hash", "give a password or the hash of one")
	}
	if err = checkHash(r.hash); err != nil {
		return r, err
	}
	if raw := f["email_confirm"]; !f.absent("email_confirm") && json.Unmarshal(raw, &r.confirm) != nil {
		return r, invalid("email_confirm", "true or false is needed")
	}
	if r.ban, err = f.ban(); err != nil {
		return r, err
	}
	if r.user, err = f.object("user_metadata"); err != nil {
		return r, err
	}
	if r.app, err = f.object("app_metadata"); err != nil {
		return r, err
	}
	return r, r.readRoles(f)
}

func (f fields) absent(name string) bool {
	raw := bytes.TrimSpace(f[name])
	return len(raw) == 0 || string(raw) == "null"
}

func (f fields) ban() (*time.Duration, error) {
	text, _, err := f.text("ban_duration")
	if err != nil || text == "" {
		return nil, err
	}
	if text == "none" {
		return new(time.Duration), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > maxBan {
		return nil, invalid("ban_duration", `ban_duration is a time such as 24h, at most 100 years, or none`)
	}
	return &d, nil
}

// readRoles takes roles, or those of app_metadata, which mirrors them. What else
// is computed there is left out.
func (r *userEdit) readRoles(f fields) error {
	at, raw := "roles", f["roles"]
	if f.absent("roles") {
		at, raw = "app_metadata.roles", r.app["roles"]
	} else if !r.app.absent("roles") && !sameJSON(raw, r.app["roles"]) {
		return invalid("roles", "roles and app_metadata.roles differ")
	}
	r.app = maps.Clone(r.app)
	for _, name := range []string{"roles", "provider", "providers"} {
		delete(r.app, name)
	}
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var roles []string
	if raw[0] != '[' || json.Unmarshal(raw, &roles) != nil {
		return invalid(at, "a list of words is needed")
	}
	roles, err := checkRoles(roles)
	if err != nil {
		return invalid(at, hutch.AsError(err).Message)
	}
	r.roles = roles
	if !slices.Contains(r.names, "roles") {
		r.names = append(r.names, "roles")
	}
	return nil
}

func sameJSON(a, b []byte) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

// apply sets what needs nothing but the user: validation_failed.
func (r *userEdit) apply(u *userDoc, now time.Time) (err error) {
	if r.ban != nil {
		u.Banned = time.Time{}
		if *r.ban > 0 {
			u.Banned = now.Add(*r.ban)
		}
	}
	if r.roles != nil {
		u.Roles = r.roles
	}
	if u.Meta, err = mergeMetadata(u.Meta, r.user); err != nil || len(u.Meta) > maxMetadata {
		return invalid("user_metadata", "user_metadata is at most 4 KiB of JSON")
	}
	if u.App, err = mergeMetadata(u.App, r.app); err != nil || checkApp(u) != nil {
		return invalid("app_metadata", "roles and app_metadata are at most 4 KiB of JSON")
	}
	return nil
}
