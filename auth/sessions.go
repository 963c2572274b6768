package auth

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	maxAgent   = 256 // bytes
	maxDevices = 1000
)

// Indexes are those that the collections need.
func Indexes() map[string][]data.Index {
	all := map[string][]data.Index{
		colSessions: {{Name: "user", Fields: []data.Order{{Path: "user"}}}},
		colOTPs:     {{Name: "expires", Fields: []data.Order{{Path: "expiresAt"}}}},
		colUsers:    {{Name: "waits", Fields: []data.Order{{Path: "waits"}}}},
	}
	indexAudit(all)
	return all
}

// Device is a session as its user sees it.
type Device struct {
	ID          string `json:"id"`
	UserAgent   string `json:"user_agent"` // of the sign-in, as is ip
	IP          string `json:"ip"`
	AAL         string `json:"aal"`
	CreatedAt   string `json:"created_at"`
	RefreshedAt string `json:"refreshed_at"` // last use, to the life of an access token
	NotAfter    string `json:"not_after"`    // without further use
	Current     bool   `json:"current"`
	Actor       string `json:"actor,omitempty"` // the id of the service key that acts in the user's name
}

// agent is User-Agent as it is kept: printable and short.
func (c Client) agent() string {
	a := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(c.Agent[:min(len(c.Agent), maxAgent)], ""))
	return strings.TrimSpace(a)
}

func (c Client) address() string {
	if a := c.Addr.Unmap().WithZone(""); a.IsValid() {
		return a.String()
	}
	return ""
}

// sessionsOf gives the living sessions of a user, the newest first, at most
// 1,000.
func (s *Service) sessionsOf(ctx context.Context, u *userDoc, now time.Time) ([]*sessionDoc, error) {
	var out []*sessionDoc
	q := data.Query{From: colSessions, Where: data.Where{Op: data.OpEq, Path: "user", Value: data.String(u.ID)}}
	for raw, err := range s.o.System.Find(ctx, q) {
		if err != nil {
			return nil, err
		}
		d, err := decode[sessionDoc](raw)
		if err != nil {
			return nil, err
		}
		if d.User != u.ID || !u.holds(d) || !now.Before(d.ends(s.o.Lifetimes)) {
			continue
		}
		if out = append(out, d); len(out) >= 2*maxDevices {
			out = newest(out)
		}
	}
	return newest(out), nil
}

// newest sorts sessions and keeps the last; their ids begin with their time.
func newest(ds []*sessionDoc) []*sessionDoc {
	slices.SortFunc(ds, func(a, b *sessionDoc) int { return strings.Compare(b.ID, a.ID) })
	return ds[:min(len(ds), maxDevices)]
}

func (s *Service) devices(ctx context.Context, u *userDoc, current string) ([]Device, error) {
	ds, err := s.sessionsOf(ctx, u, s.o.Now())
	if err != nil {
		return nil, err
	}
	out := make([]Device, 0, len(ds))
	for _, d := range ds {
		out = append(out, Device{
			ID: d.ID, UserAgent: d.Agent, IP: d.Addr, AAL: aalOf(u, d), CreatedAt: rfc3339(d.Created),
			RefreshedAt: rfc3339(d.Refreshed), NotAfter: rfc3339(d.ends(s.o.Lifetimes)), Current: d.ID == current, Actor: d.Actor,
		})
	}
	return out, nil
}

// mayManage is who asks about their sessions: with a second factor by it.
func (s *Service) mayManage(ctx context.Context, c Credentials) (*live, error) {
	l, err := s.present(ctx, c)
	if err != nil {
		return nil, err
	}
	return l, highest(l.user, l.session)
}

// Sessions lists the sessions of who asks. Errors of User, insufficient_aal,
// reauthentication_needed in a session that a recovery began.
func (s *Service) Sessions(ctx context.Context, c Credentials) ([]Device, error) {
	l, err := s.mayManage(ctx, c)
	if err != nil {
		return nil, err
	}
	return s.devices(ctx, l.user, l.session.ID)
}

// EndSession ends one session of who asks, the present one too. not_found,
// also for another's, and errors of Sessions.
func (s *Service) EndSession(ctx context.Context, c Credentials, id string) error {
	l, err := s.mayManage(ctx, c)
	if err != nil {
		return err
	}
	return rerun(ctx, func() error {
		now := s.o.Now()
		if _, _, err := s.alive(ctx, l.session.ID, l.user.ID, now); err != nil {
			return err
		}
		_, d, err := s.alive(ctx, id, l.user.ID, now)
		switch hutch.CodeOf(err) {
		case "":
		case hutch.SessionNotFound, hutch.SessionExpired:
			return &hutch.Error{Code: hutch.NotFound, Message: "you have no such session"}
		default:
			return err
		}
		row, err := s.audit(now, auditDoc{Event: "session_ended", User: l.user.ID, Session: d.ID})
		if err != nil {
			return err
		}
		w := remove(colSessions, d.ID)
		w.Expect = d.Version
		if err := s.commit(ctx, now, w, row); err != nil {
			return err
		}
		s.cache.drop(d.ID)
		return nil
	})
}
