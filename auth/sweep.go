package auth

import (
	"context"
	"fmt"

	"github.com/hutch-dev/hutch/data"
)

// sweepOTPs deletes one-time things past their time.
func (s *Service) sweepOTPs(ctx context.Context) error {
	now := s.o.Now()
	const page = 500
	for after := ""; ; {
		q := data.Query{From: colOTPs, Limit: page}
		if after != "" {
			q.Where = data.Where{Op: data.OpGt, Path: data.FieldID, Value: data.String(after)}
		}
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
			n, after = n+1, d.ID
			if !now.Before(d.Expires) {
				ws = append(ws, d.spend())
			}
		}
		if len(ws) > 0 {
			if err := s.commit(ctx, now, ws...); err != nil && !moved(err) {
				return fmt.Errorf("deleting one-time secrets: %w", err)
			}
		}
		if n < page {
			return nil
		}
	}
}

// sweep deletes sessions past their life and those of an earlier epoch.
func (s *Service) sweep(ctx context.Context) error {
	now := s.o.Now()
	var ws []data.Write
	flush := func() error {
		if len(ws) == 0 {
			return nil
		}
		err := s.tidy(ctx, now, ws...)
		ws = ws[:0]
		if err != nil && !moved(err) {
			return fmt.Errorf("deleting ended sessions: %w", err)
		}
		return nil
	}
	after := ""
	const page = 500
	for {
		// Ids are UUIDv7: the walk goes from the oldest session on.
		q := data.Query{From: colSessions, Limit: page}
		if after != "" {
			q.Where = data.Where{Op: data.OpGt, Path: data.FieldID, Value: data.String(after)}
		}
		n := 0
		for raw, err := range s.o.System.Find(ctx, q) {
			if err != nil {
				return fmt.Errorf("looking for ended sessions: %w", err)
			}
			d, err := decode[sessionDoc](raw)
			if err != nil {
				return err
			}
			n, after = n+1, d.ID
			dead := !now.Before(d.ends(s.o.Lifetimes))
			if !dead {
				u, err := load[userDoc](ctx, s.o.System, colUsers, d.User)
				if err != nil {
					return err
				}
				dead = u == nil || !u.holds(d)
			}
			if dead {
				w := remove(colSessions, d.ID)
				w.Expect = d.Version
				ws = append(ws, w)
			}
		}
		if err := flush(); err != nil {
			return err
		}
		if n < page {
			return nil
		}
	}
}
