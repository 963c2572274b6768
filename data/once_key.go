package data

import (
	"github.com/google/uuid"

	"github.com/hutch-dev/hutch"
)

const maxKeyBytes = 255

// CheckKey reports what is wrong with an Idempotency-Key: 1 to 255 printable
// ASCII characters, from guests a UUID.
func CheckKey(p *hutch.Principal, key string) error {
	bad := &hutch.Error{Code: hutch.InvalidArgument, Field: "Idempotency-Key", Message: "the key is 1 to 255 printable ASCII characters"}
	if key == "" || len(key) > maxKeyBytes {
		return bad
	}
	for i := range len(key) {
		if key[i] < ' ' || key[i] > '~' {
			return bad
		}
	}
	if p.IsGuest() && (len(key) != 36 || uuid.Validate(key) != nil) {
		bad.Message, bad.Hint = "a guest's key is a UUID", "make one with crypto.randomUUID()"
		return bad
	}
	return nil
}

// OnceScope is the scope of a principal's key on a route (method and path).
func OnceScope(p *hutch.Principal, route string) string {
	return p.Kind.String() + ":" + p.UID + " " + route
}
