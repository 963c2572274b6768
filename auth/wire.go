package auth

import (
	"encoding/json"
	"time"
)

// Session is the answer to signup and token.
type Session struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"` // bearer
	ExpiresIn    int64  `json:"expires_in"` // seconds
	ExpiresAt    int64  `json:"expires_at"` // Unix seconds
	RefreshToken string `json:"refresh_token"`
	DeviceToken  string `json:"device_token,omitempty"` // for the next sign-in by password from here
	User         *User  `json:"user"`
}

// MarshalJSON shows the user alone where no session began.
func (a Session) MarshalJSON() ([]byte, error) {
	if a.AccessToken == "" {
		return json.Marshal(a.User)
	}
	type session Session
	return json.Marshal(session(a))
}

// User is an account in GoTrue's shape.
type User struct {
	ID               string          `json:"id"`
	Aud              string          `json:"aud"`
	Role             string          `json:"role"`
	Email            string          `json:"email"`
	Phone            string          `json:"phone"`
	EmailConfirmedAt string          `json:"email_confirmed_at,omitempty"`
	LastSignInAt     string          `json:"last_sign_in_at,omitempty"`
	AppMetadata      json.RawMessage `json:"app_metadata"`
	UserMetadata     json.RawMessage `json:"user_metadata"`
	Identities       []Identity      `json:"identities"`
	Factors          []Factor        `json:"factors"`
	IsAnonymous      bool            `json:"is_anonymous"`
	BannedUntil      string          `json:"banned_until,omitempty"`
	CreatedAt        string          `json:"created_at"`
	UpdatedAt        string          `json:"updated_at"`
}

// Identity is a way to sign in.
type Identity struct {
	IdentityID   string         `json:"identity_id"`
	ID           string         `json:"id"` // the provider's subject; for e-mail the user's id
	UserID       string         `json:"user_id"`
	IdentityData map[string]any `json:"identity_data"`
	Provider     string         `json:"provider"`
	LastSignInAt string         `json:"last_sign_in_at,omitempty"`
	CreatedAt    string         `json:"created_at"`
	UpdatedAt    string         `json:"updated_at"`
	Email        string         `json:"email,omitempty"`
}

// Factor is a second factor.
type Factor struct {
	ID           string `json:"id"`
	FriendlyName string `json:"friendly_name,omitempty"`
	FactorType   string `json:"factor_type"`
	Status       string `json:"status"`
	CreatedAt    string `json:"created_at"`
	UpdatedAt    string `json:"updated_at"`
}

// rfc3339 writes a time as GoTrue does; "" for none.
func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

func showUser(u *userDoc) *User {
	return &User{
		ID: u.ID, Aud: audience, Role: audience, Email: u.Email,
		EmailConfirmedAt: rfc3339(u.Confirmed), LastSignInAt: rfc3339(u.LastSignIn),
		AppMetadata: appMetadata(u), UserMetadata: json.RawMessage(orEmpty(u.Meta)),
		Identities: showIdentities(u), IsAnonymous: u.Anonymous,
		Factors: showFactors(u), BannedUntil: rfc3339(u.Banned), CreatedAt: rfc3339(u.Created), UpdatedAt: rfc3339(u.Updated),
	}
}

// answer is the session answer: an access token for the stored session beside
// the refresh token.
func (s *Service) answer(u *userDoc, d *sessionDoc, refresh refreshToken, now time.Time) (*Session, error) {
	token, exp, err := s.issue(u, d, now)
	if err != nil {
		return nil, err
	}
	out := &Session{
		AccessToken: token, TokenType: "bearer",
		ExpiresIn: exp.Unix() - now.Unix(), ExpiresAt: exp.Unix(),
		RefreshToken: refresh.String(), User: showUser(u),
	}
	if u.Password != "" && highest(u, d) == nil { // who has but the password makes no device known
		out.DeviceToken = s.deviceMark(u, now)
	}
	return out, nil
}
