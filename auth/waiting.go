package auth

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	waitLife   = 30 * 24 * time.Hour // of an account that nobody proved, without use
	sweepAgain = 24 * time.Hour      // until one that may not go yet is looked at again
	sweepPage  = 100
)

// markWaiting keeps u among those that are swept while nobody has proven it. A
// UUIDv7 sorts by its time, so the index finds those that wait longest.
func (s *Service) markWaiting(u *userDoc) (err error) {
	switch {
	case !u.Pending && !u.Anonymous:
		u.Waits = ""
	case u.Waits == "":
		err = s.waitsSince(u, u.Created)
	}
	return err
}

func (s *Service) waitsSince(u *userDoc, t time.Time) (err error) {
	if u.Waits, err = newID(t, s.o.Entropy); err != nil {
		err = hutch.Errorf(hutch.Internal, "reading entropy: %w", err)
	}
	return err
}

// sweepWaiting deletes accounts that nobody came back to for 30 days: those that
// wait for their mail, and unused ones of anonymous users. All goes in one
// commit that expects what was read, so none that is proven or used at the same
// moment is lost.
func (s *Service) sweepWaiting(ctx context.Context) error {
	pending, anonymous := 0, 0
	for {
		found, gone, err := s.sweepSome(ctx, &pending, &anonymous)
		if err != nil {
			return fmt.Errorf("deleting accounts that wait: %w", err)
		}
		if found < sweepPage || gone == 0 {
			break
		}
	}
	if pending+anonymous > 0 {
		s.o.Log.Info("accounts that nobody came back to are deleted", slog.Int("waiting", pending), slog.Int("anonymous", anonymous))
	}
	return nil
}

// sweepSome looks at a page of them; done counts those that it will not find again.
func (s *Service) sweepSome(ctx context.Context, pending, anonymous *int) (found, done int, err error) {
	now := s.o.Now()
	limit, err := newID(now.Add(-waitLife), zeros{})
	if err != nil {
		return 0, 0, err
	}
	q := data.Query{
		From: colUsers, Limit: sweepPage, OrderBy: []data.Order{{Path: "waits"}},
		Where: data.Where{Op: data.OpLt, Path: "waits", Value: data.String(limit)},
	}
	var old []*userDoc
	for raw, err := range s.o.System.Find(ctx, q) {
		if err != nil {
			return 0, 0, err
		}
		u, err := decode[userDoc](raw)
		if err != nil {
			return 0, 0, err
		}
		if u.Waits != "" && u.Waits < limit {
			old = append(old, u)
		}
	}
	gone := map[bool]int{} // by anonymous
	for _, u := range old {
		again, ws, erased, err := s.unused(ctx, u, now)
		if err != nil {
			return 0, 0, err
		}
		if again.IsZero() {
			err = s.commit(ctx, now, ws...)
		} else if err = s.waitsSince(u, again.Add(-waitLife)); err == nil {
			var w data.Write
			if w, err = s.saveUser(u, u.Updated); err == nil { // the account itself stays as it was
				err = s.commit(ctx, now, w)
			}
		}
		switch {
		case moved(err): // it was proven or used just now
			continue
		case err != nil:
			return 0, 0, err
		case again.IsZero():
			gone[u.Anonymous]++
			s.forgetSessions(ctx, erased)
		}
		done++
	}
	*pending, *anonymous = *pending+gone[false], *anonymous+gone[true]
	return len(old), done, s.tellSwept(ctx, gone, now)
}

// tellSwept writes how many went.
func (s *Service) tellSwept(ctx context.Context, gone map[bool]int, now time.Time) error {
	for anonymous, n := range gone {
		a := auditDoc{Event: "pending_users_swept", Detail: strconv.Itoa(n)}
		if anonymous {
			a.Event = "anonymous_users_swept"
		}
		row, err := s.audit(now, a)
		if err != nil {
			return err
		}
		if err := s.commit(ctx, now, row); err != nil {
			return err
		}
	}
	return nil
}

// unused gives the writes that erase an account, or when it is to be looked at
// again.
func (s *Service) unused(ctx context.Context, u *userDoc, now time.Time) (again time.Time, ws []data.Write, gone erased, err error) {
	last := u.Created
	for _, t := range []time.Time{u.Invited, u.LastSignIn} {
		if t.After(last) {
			last = t
		}
	}
	if u.banned(now) { // a new account for the address would not be
		return now.Add(sweepAgain), nil, gone, nil
	}
	for _, purpose := range mailPurposes {
		id, _ := otpID(purpose, u.ID)
		d, err := load[otpDoc](ctx, s.o.System, colOTPs, id)
		if err != nil {
			return again, nil, gone, err
		}
		if d != nil && now.Before(d.Expires) { // its mail is on the way
			return now.Add(sweepAgain), nil, gone, nil
		}
	}
	ds, err := s.sessionsOf(ctx, u, now)
	if err != nil {
		return again, nil, gone, err
	}
	for _, d := range ds {
		if d.Refreshed.After(last) {
			last = d.Refreshed
		}
	}
	if again = last.Add(waitLife); now.Before(again) {
		return again, nil, gone, nil
	}
	ws, gone, err = s.erasingWith(ctx, u, ds, now)
	return time.Time{}, once(ws), gone, err
}

// zeros makes the least id of a time.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
