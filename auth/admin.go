package auth

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	perPage    = 50
	maxPerPage = 1000
	maxWalk    = 10_000 // users that pages skip, that are counted, and that a search looks at

	maxProvider = 64 // bytes of a name
)

// admin lets operators and service keys of scope auth pass: no_authorization and
// unauthenticated or bad_jwt without a valid credential, not_admin for any other.
func (s *Service) admin(ctx context.Context, c Credentials) (hutch.Principal, error) {
	if c.Operator != nil && c.Operator.Kind == hutch.Operator {
		return *c.Operator, nil
	}
	token, err := c.bearer()
	if err != nil {
		return hutch.Principal{}, &hutch.Error{Code: hutch.BadJWT, Message: "the Authorization header is not a bearer token"}
	}
	refused := &hutch.Error{Code: hutch.NotAdmin, Message: "this needs a service key of scope auth"}
	switch {
	case token == "":
		return hutch.Principal{}, &hutch.Error{Code: hutch.NoAuthorization, Message: refused.Message}
	case !strings.HasPrefix(token, keyPrefix):
		if _, err := s.verify(ctx, token); err != nil {
			return hutch.Principal{}, err
		}
		return hutch.Principal{}, refused
	}
	p, _, err := s.Authenticate(ctx, c)
	if err != nil {
		return hutch.Principal{}, err
	}
	if p.Kind != hutch.Service || !slices.Contains(p.Scopes, hutch.ScopeAuth) {
		return hutch.Principal{}, refused
	}
	return p, nil
}

func noUser() error {
	return &hutch.Error{Code: hutch.UserNotFound, Message: "there is no such user"}
}

func userBanned() error {
	return &hutch.Error{Code: hutch.UserBanned, Message: "the account is banned"}
}

// userByID reads a user: user_not_found.
func (s *Service) userByID(ctx context.Context, id string) (*userDoc, error) {
	if u, err := uuid.Parse(id); err != nil || u.String() != id {
		return nil, noUser()
	}
	u, err := load[userDoc](ctx, s.o.System, colUsers, id)
	if err == nil && u == nil {
		err = noUser()
	}
	return u, err
}

// UserByID answers GET admin/users/{id}. user_not_found, and what tells that the
// credential is no key of scope auth: no_authorization, bad_jwt, unauthenticated,
// not_admin.
func (s *Service) UserByID(ctx context.Context, c Credentials, id string) (*User, error) {
	if _, err := s.admin(ctx, c); err != nil {
		return nil, err
	}
	u, err := s.userByID(ctx, id)
	if err != nil {
		return nil, err
	}
	return showUser(u), nil
}

// UserQuery are the parameters of GET admin/users, as they came.
type UserQuery struct {
	Page, PerPage string
	After         string // the id of a user: pages count from behind it
	Filter        string // an address, or a part of address or name
	Role          string
	Banned        string // true or false, as are the next two
	Confirmed     string // an address that was proven
	Anonymous     string
	Provider      string // a way to sign in: email, google..
}

// UserPage answers it, in the order of sign-up.
type UserPage struct {
	Users   []*User `json:"users"`
	Aud     string  `json:"aud"`
	PerPage int     `json:"-"`
	Next    int     `json:"-"` // the next page; 0 = none
	After   string  `json:"-"` // the last user that was looked at, where more are left: the search goes on behind; "" = none
	Last    int     `json:"-"` // the last page; 0 = not known
	Total   int     `json:"-"` // -1 = over 10,000, or not known
}

// search is a UserQuery that was read.
type search struct {
	page, size   int
	after        string
	filter, role string
	provider     string
	exact        bool // the filter is an address

	banned, confirmed, anonymous *bool // nil: either
}

func (q *UserQuery) read() (r search, err error) {
	number := func(name, s string, least, most, def int) (int, error) {
		if s == "" {
			return def, nil
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return 0, invalid(name, name+" goes from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
		}
		return n, nil
	}
	if r.size, err = number("per_page", q.PerPage, 1, maxPerPage, perPage); err != nil {
		return r, err
	}
	if r.page, err = number("page", q.Page, 1, maxWalk, 1); err != nil {
		return r, err
	}
	if r.page*r.size > max(maxWalk, r.size) {
		return r, invalid("page", "pages go to 10,000 users").WithHint("give the last user's id as after")
	}
	if q.After != "" {
		if _, err := uuid.Parse(q.After); err != nil {
			return r, invalid("after", "after is the id of a user")
		}
	}
	if len(q.Filter) > maxEmail || len(q.Role) > 4*maxRoleLength {
		return r, invalid("filter", "the filter is too long")
	}
	for name, f := range map[string]struct {
		text string
		to   **bool
	}{"banned": {q.Banned, &r.banned}, "confirmed": {q.Confirmed, &r.confirmed}, "anonymous": {q.Anonymous, &r.anonymous}} {
		switch f.text {
		case "":
		case "true", "false":
			*f.to = new(f.text == "true")
		default:
			return r, invalid(name, name+" is true or false")
		}
	}
	if len(q.Provider) > maxProvider {
		return r, invalid("provider", "provider is the name of a way to sign in")
	}
	r.provider = q.Provider
	r.after, r.filter, r.role = q.After, strings.ToLower(q.Filter), q.Role
	_, bad := parseEmail(q.Filter)
	r.exact = bad == nil
	return r, nil
}

// Users answers GET admin/users. An address is looked up; any other filter
// looks at 10,000 users and says behind whom to go on. validation_failed, and the errors of UserByID.
func (s *Service) Users(ctx context.Context, c Credentials, q UserQuery) (*UserPage, error) {
	if _, err := s.admin(ctx, c); err != nil {
		return nil, err
	}
	return s.usersOf(ctx, q)
}

// usersOf is Users for who may ask.
func (s *Service) usersOf(ctx context.Context, q UserQuery) (*UserPage, error) {
	r, err := q.read()
	if err != nil {
		return nil, err
	}
	out := &UserPage{Users: []*User{}, Aud: audience, PerPage: r.size}
	if r.exact {
		e, err := parseEmail(q.Filter)
		if err != nil {
			return nil, err
		}
		u, err := s.userByEmail(ctx, e)
		if err != nil {
			return nil, err
		}
		if u != nil && u.ID > r.after && s.fits(u, &r) {
			out.Total, out.Last = 1, 1
			if r.page == 1 {
				out.Users = append(out.Users, showUser(u))
			}
		}
		return out, nil
	}
	return out, s.walk(ctx, &r, out)
}

// walk fills a page, and goes on to count while that is cheap.
func (s *Service) walk(ctx context.Context, r *search, out *UserPage) error {
	q := data.Query{From: colUsers, OrderBy: []data.Order{{Path: data.FieldID}}}
	if r.after != "" {
		q.Where = data.Where{Op: data.OpGt, Path: data.FieldID, Value: data.String(r.after)}
	}
	from, to, seen, last := (r.page-1)*r.size, r.page*r.size, 0, ""
	for raw, err := range s.o.System.Find(ctx, q) {
		if err != nil {
			return err
		}
		if seen++; seen > s.looks {
			switch {
			case out.Total > to:
				out.Total, out.Next = -1, r.page+1
				return nil
			case !r.any():
				out.Total, out.After = -1, last
				return nil
			}
		}
		if r.any() && out.Total >= to { // counting needs no look
			out.Total++
			continue
		}
		u, err := decode[userDoc](raw)
		if err != nil {
			return err
		}
		last = u.ID
		if !s.fits(u, r) {
			continue
		}
		if out.Total >= from && out.Total < to {
			out.Users = append(out.Users, showUser(u))
		}
		out.Total++
	}
	if out.Total > to {
		out.Next = r.page + 1
	}
	out.Last = (out.Total + r.size - 1) / r.size
	return nil
}

// any reports whether every user is asked for.
func (r *search) any() bool {
	return r.filter == "" && r.role == "" && r.provider == "" && r.banned == nil && r.confirmed == nil && r.anonymous == nil
}

// fits judges all but an address, which was looked up.
func (s *Service) fits(u *userDoc, r *search) bool {
	differs := func(want *bool, is bool) bool { return want != nil && *want != is }
	switch {
	case r.role != "" && !slices.Contains(u.Roles, r.role),
		r.provider != "" && (u.Anonymous || !slices.Contains(providersOf(u), r.provider)),
		differs(r.banned, u.banned(s.o.Now())),
		differs(r.confirmed, !u.Confirmed.IsZero()),
		differs(r.anonymous, u.Anonymous):
		return false
	}
	return r.exact || r.filter == "" || strings.Contains(strings.ToLower(u.Email), r.filter) ||
		strings.Contains(strings.ToLower(nameOf(u.Meta)), r.filter)
}

// SessionsOf answers GET admin/users/{id}/sessions; errors of UserByID.
func (s *Service) SessionsOf(ctx context.Context, c Credentials, id string) ([]Device, error) {
	if _, err := s.admin(ctx, c); err != nil {
		return nil, err
	}
	u, err := s.userByID(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.devices(ctx, u, "")
}

// EndSessionsOf ends all sessions of a user; errors of UserByID.
func (s *Service) EndSessionsOf(ctx context.Context, c Credentials, id string) error {
	return s.administer(ctx, c, id, "sessions_ended", func(u *userDoc, row *auditDoc) ([]data.Write, error) {
		u.Epoch++
		w, err := s.saveUser(u, u.Updated) // the account itself stays as it was
		return []data.Write{w}, err
	})
}

// EndSessionOf ends one session of a user: not_found for one that they do not
// have, and the errors of UserByID.
func (s *Service) EndSessionOf(ctx context.Context, c Credentials, id, session string) error {
	err := s.administer(ctx, c, id, "session_ended", func(u *userDoc, row *auditDoc) ([]data.Write, error) {
		d, err := load[sessionDoc](ctx, s.o.System, colSessions, session)
		if err != nil {
			return nil, err
		}
		if d == nil || d.User != u.ID {
			return nil, &hutch.Error{Code: hutch.NotFound, Message: "the user has no such session"}
		}
		row.Session = d.ID
		w := remove(colSessions, d.ID)
		w.Expect = d.Version
		return []data.Write{w}, nil
	})
	if err == nil {
		s.cache.drop(session)
	}
	return err
}

// administer commits what edit does to a user, with a row of _audit; the key is
// asked again before each commit.
func (s *Service) administer(ctx context.Context, c Credentials, id, event string, edit func(*userDoc, *auditDoc) ([]data.Write, error)) error {
	p, err := s.admin(ctx, c)
	if err != nil {
		return err
	}
	return rerun(ctx, func() error {
		now := s.o.Now()
		u, err := s.userByID(ctx, id)
		if err != nil {
			return err
		}
		if err := s.StillValid(ctx, p); err != nil {
			return err
		}
		a := auditDoc{Event: event, User: u.ID, Network: networkFrom(ctx)}
		a.by(p)
		ws, err := edit(u, &a)
		if err != nil {
			return err
		}
		row, err := s.audit(now, a)
		if err != nil {
			return err
		}
		if err := s.commit(ctx, now, once(append(ws, row))...); err != nil {
			return err
		}
		s.cache.drop(u.ID)
		return nil
	})
}
