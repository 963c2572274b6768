package auth

import (
	"fmt"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// undoRef names an undo link that holds a former address. A user may have several:
// a thief's second change does not end the owner's link.
type undoRef struct {
	ID      string    `bson:"id"`        // of its document
	About   string    `bson:"about"`     // what mails to that address are about
	Changed time.Time `bson:"changedAt"` // in the store's milliseconds
}

// maxUndos bounds a user's undo links, and so the changes of address of a week.
const maxUndos = 20

// undos are the links of u that are good at a time.
func (u *userDoc) undos(now time.Time) (refs []undoRef) {
	for _, r := range u.Undos {
		if now.Before(r.Changed.Add(undoLife)) {
			refs = append(refs, r)
		}
	}
	return refs
}

// mayMove refuses a change of address beyond those of a week that can be undone.
func (u *userDoc) mayMove(now time.Time) error {
	refs := u.undos(now)
	if len(refs) < maxUndos {
		return nil
	}
	return &hutch.Error{
		Code: hutch.OverRequestRateLimit, Field: "email", Message: fmt.Sprintf("an address is changed at most %d times in 7 days", maxUndos),
		RetryAfter: max(refs[0].Changed.Add(undoLife).Sub(now), time.Second).Round(time.Second),
	}
}

// undoable makes the link that brings old back, and notes it in u.
func (s *Service) undoable(u *userDoc, old *undoing, now time.Time) (*otp, error) {
	o, err := s.newOTP(forUndo, "", undoLife, old, false)
	if err != nil {
		return nil, err
	}
	ref := undoRef{ID: o.write.ID, About: identityID(old.Key), Changed: old.Changed.Truncate(time.Millisecond)}
	u.Undos = append(u.undos(now), ref)
	return o, nil
}

// dropUndos ends the links that undo changes since a time.
func (u *userDoc) dropUndos(since time.Time) (ws []data.Write) {
	var kept []undoRef
	for _, r := range u.Undos {
		if r.Changed.Before(since.Truncate(time.Millisecond)) {
			kept = append(kept, r)
		} else {
			ws = append(ws, remove(colOTPs, r.ID))
		}
	}
	u.Undos = kept
	return ws
}
