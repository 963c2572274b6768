package auth

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const maxDepth = 40

// fields are the members of a body. Unknown ones are ignored, as GoTrue does.
type fields map[string]json.RawMessage

// readBody takes a JSON object; bad_json for anything else.
func readBody(body []byte) (fields, error) {
	var f fields
	// The documents' decoder says what is JSON here too: no duplicate keys, lone
	// surrogates or NUL, which encoding/json lets pass or replaces.
	if _, err := data.ParseJSON(body, maxDepth); err != nil || json.Unmarshal(body, &f) != nil {
		return nil, &hutch.Error{Code: hutch.BadJSON, Message: "the body is one JSON object in UTF-8, without duplicate keys", Err: err}
	}
	return f, nil
}

// text gives a member that is a string; ok is false when it is absent or null.
func (f fields) text(name string) (s string, ok bool, err error) {
	raw := bytes.TrimSpace(f[name])
	if len(raw) == 0 || string(raw) == "null" {
		return "", false, nil
	}
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false, invalid(name, "a text is needed")
	}
	return s, true, nil
}

// needText is text that may not be absent or empty.
func (f fields) needText(name string) (string, error) {
	s, _, err := f.text(name)
	if err == nil && s == "" {
		err = invalid(name, name+" is missing")
	}
	return s, err
}

// object gives a member that is an object, compact; nil when absent or null.
func (f fields) object(name string) (fields, error) {
	raw := bytes.TrimSpace(f[name])
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var o fields
	if raw[0] != '{' || json.Unmarshal(raw, &o) != nil {
		return nil, invalid(name, "an object is needed")
	}
	for k, v := range o {
		if slices.ContainsFunc(v, isSpace) {
			var b bytes.Buffer
			if json.Compact(&b, v) != nil {
				return nil, invalid(name, "an object is needed")
			}
			o[k] = b.Bytes()
		}
	}
	return o, nil
}

func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }

func invalid(field, message string) *hutch.Error {
	return &hutch.Error{Code: hutch.ValidationFailed, Field: field, Message: message}
}

// SignupRequest is the body of POST signup.
type SignupRequest struct {
	Email    string                     `json:"email"`
	Password string                     `json:"password"`
	Data     map[string]json.RawMessage `json:"data,omitempty"` // user_metadata
	Flow     Flow                       `json:"-"`
	Captcha  string                     `json:"-"`

	Anonymous bool `json:"-"` // neither address nor password
}

// ParseSignup reads it: bad_json, validation_failed.
func ParseSignup(body []byte) (r SignupRequest, err error) {
	f, err := readBody(body)
	if err != nil {
		return r, err
	}
	if r.Captcha, err = f.captcha(); err != nil {
		return r, err
	}
	email, hasEmail, err := f.text("email")
	if err != nil {
		return r, err
	}
	_, hasPassword, err := f.text("password")
	if err != nil {
		return r, err
	}
	phone, _, err := f.text("phone")
	if err != nil {
		return r, err
	}
	if !hasEmail && !hasPassword && phone == "" {
		r.Anonymous = true
		r.Data, err = f.object("data")
		return r, err
	}
	if email == "" {
		return r, invalid("email", "email is missing")
	}
	r.Email = email
	if r.Password, err = f.needText("password"); err != nil {
		return r, err
	}
	if r.Flow, err = f.flow(); err != nil {
		return r, err
	}
	r.Data, err = f.object("data")
	return r, err
}

// PasswordRequest is the body of POST token with grant_type=password.
type PasswordRequest struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Device   string `json:"device_token"` // of a session of this account, from before
	Captcha  string `json:"-"`
}

// ParsePassword reads it: bad_json, validation_failed.
func ParsePassword(body []byte) (r PasswordRequest, err error) {
	f, err := readBody(body)
	if err != nil {
		return r, err
	}
	if r.Email, err = f.needText("email"); err != nil {
		return r, err
	}
	if r.Password, err = f.needText("password"); err != nil {
		return r, err
	}
	if r.Device, _, err = f.text("device_token"); err != nil {
		return r, err
	}
	r.Captcha, err = f.captcha()
	return r, err
}

// RefreshRequest is the body of POST token with grant_type=refresh_token.
type RefreshRequest struct {
	RefreshToken string `json:"refresh_token"`
}

// ParseRefresh reads it: bad_json, validation_failed.
func ParseRefresh(body []byte) (r RefreshRequest, err error) {
	f, err := readBody(body)
	if err != nil {
		return r, err
	}
	r.RefreshToken, err = f.needText("refresh_token")
	return r, err
}

// UpdateRequest is the body of PUT user.
type UpdateRequest struct {
	Email           string                     `json:"email,omitempty"`
	Password        string                     `json:"password,omitempty"`
	CurrentPassword string                     `json:"current_password,omitempty"`
	Nonce           string                     `json:"nonce,omitempty"` // the code that GET reauthenticate mails
	Flow            Flow                       `json:"-"`
	Data            map[string]json.RawMessage `json:"data,omitempty"` // merged into user_metadata
}

// notYours are the fields of a user that PUT user does not set.
var notYours = []string{
	"id", "aud", "role", "roles", "phone", "email_confirmed_at", "phone_confirmed_at", "confirmed_at",
	"last_sign_in_at", "app_metadata", "user_metadata", "identities", "factors", "is_anonymous",
	"banned_until", "is_super_admin", "email_verified", "created_at", "updated_at", "deleted_at",
}

// ParseUpdate reads it: bad_json, validation_failed, also for fields of a user
// that nobody sets here; names that are no field are ignored.
func ParseUpdate(body []byte) (r UpdateRequest, err error) {
	f, err := readBody(body)
	if err != nil {
		return r, err
	}
	for _, name := range notYours {
		if raw, ok := f[name]; ok && (name != "phone" || string(raw) != `""` && string(raw) != "null") {
			return r, invalid(name, name+" is not set by its user")
		}
	}
	if r.Email, _, err = f.text("email"); err != nil {
		return r, err
	}
	password, ok, err := f.text("password")
	if err != nil {
		return r, err
	}
	if ok && password == "" {
		return r, invalid("password", "password is missing")
	}
	r.Password = password
	if r.CurrentPassword, _, err = f.text("current_password"); err != nil {
		return r, err
	}
	if r.Nonce, _, err = f.text("nonce"); err != nil {
		return r, err
	}
	if r.Flow, err = f.flow(); err != nil {
		return r, err
	}
	r.Data, err = f.object("data")
	return r, err
}
