package auth

import (
	"encoding/json"

	"github.com/hutch-dev/hutch"
)

// Settings is the answer to GET settings.
type Settings struct {
	External          map[string]bool `json:"external"`
	DisableSignup     bool            `json:"disable_signup"`
	MailerAutoconfirm bool            `json:"mailer_autoconfirm"` // a sign-up signs in at once
	MailerOTP         bool            `json:"mailer_otp_enabled"` // POST otp mails links and codes
	PhoneAutoconfirm  bool            `json:"phone_autoconfirm"`
	SMSProvider       string          `json:"sms_provider"`
	SAMLEnabled       bool            `json:"saml_enabled"`
}

// Settings says what clients may offer.
func (s *Service) Settings() Settings {
	external := map[string]bool{"email": true, "phone": false, "anonymous_users": s.o.Anonymous && s.o.Signup}
	for _, name := range s.o.Providers.names() {
		external[name] = true
	}
	return Settings{
		External:      external,
		DisableSignup: !s.o.Signup, MailerAutoconfirm: !s.o.Mail.Confirm, MailerOTP: s.o.Mail.MagicLinks,
	}
}

// Health is the answer to GET health; strangers do not learn the version.
type Health struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// Health says that the service is there.
func (s *Service) Health() Health {
	return Health{Name: "Hutch", Description: "sign-in"}
}

// JWKS is the answer to /.well-known/jwks.json: the keys that sign, will sign
// next, or have signed a token that may be alive.
func (s *Service) JWKS() (json.RawMessage, error) {
	b, err := json.Marshal(s.keys.Load().jwks(s.o.Now()))
	if err != nil {
		return nil, hutch.Errorf(hutch.Internal, "encoding the keys: %w", err)
	}
	return b, nil
}

// Discovery is the answer to /.well-known/openid-configuration. All addresses
// come from the public URL.
type Discovery struct {
	Issuer        string   `json:"issuer"`
	JWKSURI       string   `json:"jwks_uri"`
	TokenEndpoint string   `json:"token_endpoint"`
	ResponseTypes []string `json:"response_types_supported"`
	SubjectTypes  []string `json:"subject_types_supported"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	Claims        []string `json:"claims_supported"`
}

// Discovery says where others find the keys.
func (s *Service) Discovery() Discovery {
	at := s.issuer()
	return Discovery{
		Issuer: at, JWKSURI: at + "/.well-known/jwks.json",
		TokenEndpoint: at + "/auth/v1/token",
		ResponseTypes: []string{}, SubjectTypes: []string{"public"}, Algorithms: []string{"ES256"},
		Claims: []string{"iss", "sub", "aud", "exp", "iat", "jti", "role", "email", "is_anonymous", "act", "session_id", "aal", "amr", "app_metadata", "user_metadata"},
	}
}
