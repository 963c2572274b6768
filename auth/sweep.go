package auth

import (
	"context"
	"fmt"
	"slices"

	"github.com/hutch-dev/hutch/data"
)

const sweepBatch = 500

// sweepOTPs deletes one-time things past their time.
func (s *Service) sweepOTPs(ctx context.Context) error {
	now := s.o.Now()
	q := data.Query{
		From: colOTPs, Limit: sweepBatch, OrderBy: []data.Order{{Path: "expiresAt"}},
		Where: data.Where{Op: data.OpLte, Path: "expiresAt", Value: data.Date(now)},
	}
	for {
		var ws []data.Write
		n := 0
		for raw, err := range s.o.System.Find(ctx, q) {
			if err != nil {
				return fmt.Errorf("looking for one-time secrets: %w", err)
			}
			d, err := decode[otpDoc](raw)
			if err != nil {
				return err
			}
			if n++; !now.Before(d.Expires) {
				ws = append(ws, d.spend())
			}
		}
		if len(ws) == 0 {
			return nil
		}
		if err := s.commit(ctx, now, ws...); err != nil && !moved(err) {
			return fmt.Errorf("deleting one-time secrets: %w", err)
		}
		if n < sweepBatch {
			return nil
		}
	}
}

// usersOfSessions reads the users of sessions at once.
func (s *Service) usersOfSessions(ctx context.Context, ds []*sessionDoc) (map[string]*userDoc, error) {
	us := make(map[string]*userDoc, len(ds))
	var ids []data.Value
	for _, d := range ds {
		if _, known := us[d.User]; !known {
			us[d.User], ids = nil, append(ids, data.String(d.User))
		}
	}
	for some := range slices.Chunk(ids, sweepUsers) {
		q := data.Query{From: colUsers, Where: data.Where{Op: data.OpIn, Path: data.FieldID, Value: data.Array(some...)}}
		for raw, err := range s.o.System.Find(ctx, q) {
			if err != nil {
				return nil, fmt.Errorf("looking for the users of sessions: %w", err)
			}
			u, err := decode[userDoc](raw)
			if err != nil {
				return nil, err
			}
			us[u.ID] = u
		}
	}
	return us, nil
}

const sweepUsers = 100 // that one query names

// sweep deletes sessions past their life and those of an earlier epoch.
func (s *Service) sweep(ctx context.Context) error {
	now := s.o.Now()
	for after := ""; ; {
		// Ids are UUIDv7: the walk goes from the oldest session on.
		q := data.Query{From: colSessions, Limit: sweepBatch, OrderBy: []data.Order{{Path: data.FieldID}}}
		if after != "" {
			q.Where = data.Where{Op: data.OpGt, Path: data.FieldID, Value: data.String(after)}
		}
		var dead, living []*sessionDoc
		for raw, err := range s.o.System.Find(ctx, q) {
			if err != nil {
				return fmt.Errorf("looking for ended sessions: %w", err)
			}
			d, err := decode[sessionDoc](raw)
			if err != nil {
				return err
			}
			if after = d.ID; now.Before(d.ends(s.o.Lifetimes)) {
				living = append(living, d)
			} else {
				dead = append(dead, d)
			}
		}
		users, err := s.usersOfSessions(ctx, living)
		if err != nil {
			return err
		}
		for _, d := range living {
			if u := users[d.User]; u == nil || !u.holds(d) {
				dead = append(dead, d)
			}
		}
		ws := make([]data.Write, 0, len(dead))
		for _, d := range dead {
			w := remove(colSessions, d.ID)
			w.Expect = d.Version
			ws = append(ws, w)
		}
		if len(ws) > 0 {
			if err := s.tidy(ctx, now, ws...); err != nil && !moved(err) {
				return fmt.Errorf("deleting ended sessions: %w", err)
			}
		}
		if len(dead)+len(living) < sweepBatch {
			return nil
		}
	}
}
