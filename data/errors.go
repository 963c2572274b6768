package data

import (
	"errors"

	"github.com/hutch-dev/hutch"
)

// ErrLogGone says that the change log no longer reaches back to a position.
var ErrLogGone = &hutch.Error{Code: hutch.FailedPrecondition, Message: "the change log does not reach back so far"}

// Conflict is the cause (Err) of a store's aborted and already_exists errors:
// the document of the batch that was in the way. Index names the unique index,
// "" for a moved version or a taken id.
type Conflict struct{ Collection, ID, Index string }

func (c *Conflict) Error() string {
	s := c.Collection + "/" + c.ID + " has changed"
	if c.Index != "" {
		s = c.Collection + "/" + c.ID + " violates " + c.Index
	}
	return s
}

// Lost is the aborted error of a commit that met another version of a document
// than it was judged on; stores and Next functions return it.
func Lost(coll, id string) *hutch.Error {
	return &hutch.Error{Code: hutch.Aborted, Message: "the document has changed meanwhile", Err: &Conflict{Collection: coll, ID: id}}
}

// lostOn gives the document on which err lost, nil unless err is aborted.
func lostOn(err error) *Conflict {
	if hutch.CodeOf(err) != hutch.Aborted {
		return nil
	}
	c, _ := errors.AsType[*Conflict](err)
	return c
}

// Denied is the refusal of access to p: unauthenticated for a guest, else
// permission_denied, always in the same words.
func Denied(p hutch.Principal) *hutch.Error {
	if p.IsGuest() {
		return &hutch.Error{Code: hutch.Unauthenticated, Message: "sign in to do this"}
	}
	return &hutch.Error{Code: hutch.PermissionDenied, Message: "the rules do not allow this"}
}

// missing is the answer for a document that is absent or hidden: the same bytes.
func noDocument() *hutch.Error {
	return &hutch.Error{Code: hutch.NotFound, Message: "no such document"}
}
