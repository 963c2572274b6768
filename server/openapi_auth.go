package server

import (
	"encoding/json"

	"github.com/hutch-dev/hutch/auth"
)

// The bodies of /auth, as GoTrue's clients send them: other keys are ignored.

// flowIn is of what ends at a page of the app's.
type flowIn struct {
	RedirectTo string `json:"redirect_to,omitempty"`
	Challenge  string `json:"code_challenge,omitempty"`
	Method     string `json:"code_challenge_method,omitempty" enum:"plain,s256"`
}

type metaIn = map[string]json.RawMessage

type securityIn struct {
	Captcha string `json:"captcha_token,omitempty"`
}

type signupIn struct {
	flowIn
	Email    string     `json:"email,omitempty" doc:"neither address nor password: an anonymous account"`
	Password string     `json:"password,omitempty"`
	Data     metaIn     `json:"data,omitempty" doc:"user_metadata"`
	Security securityIn `json:"gotrue_meta_security,omitzero"`
}

// tokenIn is the body of each grant of POST token.
type tokenIn struct{}

func (tokenIn) schema(s *schemas) schema {
	return schema{"anyOf": []any{
		s.of(struct {
			Email    string     `json:"email"`
			Password string     `json:"password"`
			Security securityIn `json:"gotrue_meta_security,omitzero"`
		}{}),
		s.of(struct {
			RefreshToken string `json:"refresh_token"`
		}{}),
		s.of(struct {
			Code     string `json:"auth_code"`
			Verifier string `json:"code_verifier"`
		}{}),
		s.of(struct {
			Provider    string `json:"provider"`
			IDToken     string `json:"id_token"`
			Nonce       string `json:"nonce"`
			AccessToken string `json:"access_token,omitempty"`
			Link        bool   `json:"link_identity,omitempty"`
		}{}),
	}}
}

type userIn struct {
	flowIn
	Email    string `json:"email,omitempty"`
	Password string `json:"password,omitempty"`
	Current  string `json:"current_password,omitempty"`
	Nonce    string `json:"nonce,omitempty" doc:"the code that GET reauthenticate mails"`
	Data     metaIn `json:"data,omitempty" doc:"merged into user_metadata"`
}

type verifyIn struct {
	Type     string `json:"type" enum:"signup,invite,magiclink,recovery,email_change,email"`
	Hash     string `json:"token_hash,omitempty" doc:"of the link"`
	Token    string `json:"token,omitempty" doc:"the code of a mail, with email"`
	Email    string `json:"email,omitempty"`
	Password string `json:"password,omitempty"`
	Verifier string `json:"code_verifier,omitempty"`
}

type addressIn struct {
	flowIn
	Email    string     `json:"email"`
	Create   bool       `json:"create_user,omitempty"`
	Data     metaIn     `json:"data,omitempty"`
	Security securityIn `json:"gotrue_meta_security,omitzero"`
}

type resendIn struct {
	flowIn
	Email    string     `json:"email"`
	Type     string     `json:"type" enum:"signup,email_change"`
	Security securityIn `json:"gotrue_meta_security,omitzero"`
}

type factorIn struct {
	Type   string `json:"factor_type" enum:"totp,webauthn"`
	Name   string `json:"friendly_name,omitempty"`
	Issuer string `json:"issuer,omitempty" doc:"shown by authenticator apps"`
}

type factorProof struct {
	Challenge string          `json:"challenge_id"`
	Code      string          `json:"code,omitempty" doc:"of an authenticator app"`
	WebAuthn  json.RawMessage `json:"webauthn,omitempty" doc:"{type, credential_response}"`
}

type codeIn struct {
	Code string `json:"code"`
}

type passkeyProof struct {
	Challenge  string      `json:"challenge_id"`
	Credential plainFields `json:"credential" doc:"what the browser answered, as JSON"`
}

type plainFields struct{}

func (plainFields) schema(*schemas) schema { return plainObject }

type nameIn struct {
	Name string `json:"friendly_name"`
}

type idOut struct {
	ID string `json:"id"`
}

type urlOut struct {
	URL string `json:"url"`
}

type devicesOut struct {
	Sessions []auth.Device `json:"sessions"`
}

type jwksOut struct {
	Keys []metaIn `json:"keys"`
}

// accountIn is a user as an administrator sets one.
type accountIn struct {
	Email    string   `json:"email,omitempty"`
	Password string   `json:"password,omitempty"`
	Hash     string   `json:"password_hash,omitempty" doc:"of another program: Argon2id, bcrypt, scrypt; of a new account"`
	Confirm  bool     `json:"email_confirm,omitempty"`
	Ban      string   `json:"ban_duration,omitempty" doc:"24h; none lifts a ban"`
	Roles    []string `json:"roles,omitempty"`
	App      metaIn   `json:"app_metadata,omitempty"`
	User     metaIn   `json:"user_metadata,omitempty"`
}

type inviteIn struct {
	Email string `json:"email"`
	Data  metaIn `json:"data,omitempty"`
}

type linkIn struct {
	flowIn
	Type     string `json:"type" enum:"signup,magiclink,recovery,invite,email_change_new,email_change_current"`
	Email    string `json:"email"`
	NewEmail string `json:"new_email,omitempty" doc:"of a change of address"`
	Password string `json:"password,omitempty" doc:"of a sign-up"`
	Data     metaIn `json:"data,omitempty"`
}

type softIn struct {
	Soft bool `json:"should_soft_delete,omitempty" doc:"false: accounts are erased"`
}

type signInForIn struct {
	User string `json:"user" doc:"the id, or the address"`
}

type impersonateIn struct {
	User   string `json:"user" doc:"the id, or the address"`
	Reason string `json:"reason" doc:"for the audit"`
}
