package functions

import (
	"encoding/json"
	"time"

	"github.com/hutch-dev/hutch"
)

// event is what code gets as its first argument, for every trigger.
type event struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Time    date            `json:"time"`
	Attempt int             `json:"attempt"`
	Auth    *authEvent      `json:"auth"`
	Data    json.RawMessage `json:"data,omitempty"` // call

	Request *httpEvent `json:"request,omitempty"` // http

	Collection string          `json:"collection,omitempty"` // before
	Before     json.RawMessage `json:"before,omitempty"`
	After      json.RawMessage `json:"after,omitempty"`

	*AuthEvent // auth
}

// authEvent is `auth` as rules see it; nil for guests and service keys.
type authEvent struct {
	UID           string          `json:"uid"`
	Email         *string         `json:"email"` // null until it is verified
	EmailVerified bool            `json:"emailVerified"`
	Anonymous     bool            `json:"anonymous"`
	Role          string          `json:"role"`
	Roles         []string        `json:"roles"`
	Claims        json.RawMessage `json:"claims"`
	AAL           string          `json:"aal"`
	Provider      string          `json:"provider"`
	Actor         *string         `json:"actor"`
}

type date time.Time

// MarshalJSON gives the wire's form of a date.
func (d date) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"$date": time.Time(d).UTC().Format("2006-01-02T15:04:05.000Z07:00")})
}

// bytesEvent is a byte string in the wire's form.
type bytesEvent []byte

// MarshalJSON gives {"$binary": {"base64", "subType"}}.
func (b bytesEvent) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"$binary": map[string]any{"base64": []byte(b), "subType": "00"}})
}

func authOf(p *hutch.Principal) *authEvent {
	if p.Kind != hutch.User {
		return nil
	}
	a := &authEvent{
		UID: p.UID, EmailVerified: p.EmailVerified, Anonymous: p.Anonymous, Role: p.Role,
		Roles: p.Roles, Claims: p.Claims, AAL: p.AAL, Provider: p.Provider,
	}
	if a.Roles == nil {
		a.Roles = []string{}
	}
	if len(a.Claims) == 0 {
		a.Claims = json.RawMessage("{}")
	}
	if p.EmailVerified {
		a.Email = &p.Email
	}
	if p.Actor != "" {
		a.Actor = &p.Actor
	}
	return a
}

func (s *Service) newEvent(kind string, p *hutch.Principal) (event, error) {
	id, err := s.newID()
	return event{ID: id, Type: kind, Time: date(s.o.Now()), Attempt: 1, Auth: authOf(p)}, err
}
