package auth

import (
	"context"
	"fmt"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// SigningKey says from when a signing key signs.
type SigningKey struct {
	ID        string    `json:"id"`
	SignsFrom time.Time `json:"signsFrom"`
}

// SigningKeyRow is a key of the set as operators see it, without its secret.
type SigningKeyRow struct {
	ID        string     `json:"id"` // kid
	SignsFrom time.Time  `json:"signsFrom"`
	EndsAt    *time.Time `json:"endsAt,omitempty"` // its last token has ended
	State     string     `json:"state"`            // waits, signs, verifies
	CreatedAt time.Time  `json:"createdAt"`
}

// SigningKeys lists the keys that stand in the JWKS, by when they sign.
func (s *Service) SigningKeys(ctx context.Context) ([]SigningKeyRow, error) {
	if err := s.loadKeys(ctx); err != nil {
		return nil, err
	}
	out := []SigningKeyRow{}
	set, now := s.keys.Load(), s.o.Now()
	signs := set.signs(now)
	for _, key := range set.keys {
		if set.verifies(key.kid, now) == nil {
			continue
		}
		r := SigningKeyRow{ID: key.kid, SignsFrom: key.signsFrom, CreatedAt: key.doc.Created, State: "verifies"}
		if !key.ends.IsZero() {
			r.EndsAt = &key.ends
		}
		switch {
		case key == signs:
			r.State = "signs"
		case now.Before(key.signsFrom):
			r.State = "waits"
		}
		out = append(out, r)
	}
	return out, nil
}

// RotateSigning brings the next signing key in before its time: it stands in
// JWKS for a day and then signs, and the tokens of the one before live on. One
// that stands there already is the answer. With now it signs at once, and all
// other keys go: no access token of before is worth anything, sessions refresh.
func (s *Service) RotateSigning(ctx context.Context, now bool) (SigningKey, error) {
	var out SigningKey
	err := rerun(ctx, func() error {
		if err := s.loadKeys(ctx); err != nil {
			return err
		}
		set, at := s.keys.Load(), s.o.Now()
		newest := set.keys[len(set.keys)-1]
		if !now && at.Before(newest.signsFrom) {
			out = SigningKey{ID: newest.kid, SignsFrom: newest.signsFrom}
			return nil
		}
		from, event := at.Add(publishLead), "signing_rotated"
		if now {
			from, event = at, "signing_replaced"
		}
		next, err := s.makeKey(at, from)
		if err != nil {
			return fmt.Errorf("making a signing key: %w", err)
		}
		ws, err := followedBy(newest, next)
		if err != nil {
			return err
		}
		if now {
			ws = ws[:1]
			for _, key := range set.keys { // as they were read: of two at once one loses
				w := remove(colSigning, key.kid)
				w.Expect = key.doc.Version
				ws = append(ws, w)
			}
		}
		row, err := s.audit(at, auditDoc{Event: event, Key: next.ID}.acted(ctx))
		if err != nil {
			return err
		}
		if err := s.commit(ctx, at, append(ws, row)...); err != nil {
			return err
		}
		out = SigningKey{ID: next.ID, SignsFrom: from}
		return nil
	})
	if err != nil {
		return SigningKey{}, err
	}
	err = s.loadKeys(ctx)
	if now { // forgotten after: what is remembered from now on knows the keys of now
		s.cache.dropAll()
	}
	return out, err
}

// followedBy are the writes that put next behind newest, whose version lets one
// node of several win.
func followedBy(newest *signingKey, next *signingDoc) ([]data.Write, error) {
	w, err := put(colSigning, next.ID, 0, next)
	if err != nil {
		return nil, err
	}
	d := *newest.doc
	expect := d.Version
	d.Version, d.Next = 0, next.ID
	w2, err := put(colSigning, d.ID, expect, &d)
	return []data.Write{w, w2}, err
}
