package hutch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// Kind says who acts.
type Kind uint8

// The kinds of principal; the zero value is a guest.
const (
	Guest Kind = iota
	User
	Service  // a service key
	Operator // who runs the server
	System   // Hutch itself, and ctx.admin.db of a function
)

func (k Kind) String() string {
	return [...]string{"guest", "user", "service", "operator", "system"}[k]
}

// ScopeData is the scope of a service key that bypasses rules; ScopeAuth manages
// users, ScopeOps reads metrics and logs, and both nothing else.
const (
	ScopeData = "data"
	ScopeAuth = "auth"
	ScopeOps  = "ops"
)

// Principal is who a request acts as. The zero value is a guest. It is never
// changed once it has been given to another room.
type Principal struct {
	Kind          Kind
	UID           string // of a user: UUIDv7; of a service key: its id
	Email         string
	EmailVerified bool
	Anonymous     bool
	Provider, AAL string // "email", "aal1"
	Role          string // GoTrue's: "authenticated"
	Roles         []string
	SessionID     string
	Scopes        []string        // of a service key
	Claims        json.RawMessage // app_metadata and the token hook's; nulls dropped
	Actor         string          // operator or service key behind an impersonation
	Key           string          // equal = equal in every field a rule can see; set by Sealed
}

// Sealed returns p with its Key computed. Who builds a principal seals it.
func (p Principal) Sealed() Principal {
	p.Key = ""
	q := p
	q.SessionID = "" // no rule can see it
	b, err := json.Marshal(q)
	if err != nil { // Claims that are no JSON: nobody shares a key with them
		b = append([]byte(p.SessionID+"\x00"), p.Claims...)
	}
	sum := sha256.Sum256(b)
	p.Key = hex.EncodeToString(sum[:])
	return p
}

// Bypasses reports whether rules do not bind p: service keys of scope data,
// operators, the system. No role or claim ever does.
func (p *Principal) Bypasses() bool {
	switch p.Kind {
	case Operator, System:
		return true
	case Service:
		return slices.Contains(p.Scopes, ScopeData)
	}
	return false
}

// IsGuest reports whether p is nobody in particular.
func (p *Principal) IsGuest() bool { return p.Kind == Guest }

type principalKey struct{}

// WithPrincipal returns a context that carries p.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, &p)
}

// RequestIDKey is under what a context carries the id of a request.
type RequestIDKey struct{}

// RequestIDFrom is the id of the request that ctx belongs to, "" if none.
func RequestIDFrom(ctx context.Context) string {
	id, _ := ctx.Value(RequestIDKey{}).(string)
	return id
}

// PrincipalFrom is the principal that ctx carries, a guest if none.
func PrincipalFrom(ctx context.Context) Principal {
	if p, ok := ctx.Value(principalKey{}).(*Principal); ok {
		return *p
	}
	return Principal{}
}
