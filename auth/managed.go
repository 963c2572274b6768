package auth

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Managed are the users as one run of the app's code sees and changes them. The
// caller commits Writes with what else the run writes, then calls Done. It is for
// one goroutine at a time, and shows no hash, token or secret.
type Managed struct {
	By      string // for the audit: the function that does what comes next
	s       *Service
	call    *ManagedCall
	depth   int // of the job that it runs in
	users   map[string]*managed
	emails  map[string]string // key of an address of this run -> id
	invited int
}

// managed is one user. As it is read, so it must still be at the commit.
type managed struct {
	u     userDoc
	image data.Doc // as stored; nil: new
	acts  []managedAct
	extra []data.Write
}

// managedAct is what was done, for the audit.
type managedAct struct{ event, detail, by string }

const maxManaged = 100 // users that one run reads or changes

// Manage begins a run of call's changes of users.
func (s *Service) Manage(call *ManagedCall, depth int) *Managed {
	return &Managed{s: s, call: call, depth: depth, users: map[string]*managed{}, emails: map[string]string{}}
}

// Changes reports whether there is anything to commit.
func (m *Managed) Changes() bool {
	for _, x := range m.users {
		if len(x.acts) > 0 {
			return true
		}
	}
	return false
}

// find gives a user by id or address, nil where there is none. What was found
// is read once.
func (m *Managed) find(ctx context.Context, who string) (*managed, error) {
	id := who
	if strings.Contains(who, "@") {
		e, err := parseEmail(who)
		if err != nil {
			return nil, err
		}
		if own, ok := m.emails[e.key]; ok {
			return m.users[own], nil
		}
		known, err := load[identityDoc](ctx, m.s.o.System, colIdentities, identityID(e.key))
		if err != nil || known == nil {
			return nil, err
		}
		id = known.User
	}
	if x := m.users[id]; x != nil {
		return x, nil
	}
	if len(m.users) >= maxManaged {
		return nil, hutch.Errorf(hutch.ResourceExhausted, "a run reads and changes at most %d users", maxManaged)
	}
	image, err := m.s.o.System.Get(ctx, colUsers, id)
	if hutch.CodeOf(err) == hutch.NotFound || err == nil && image == nil {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	u, err := decode[userDoc](image)
	if err != nil {
		return nil, err
	}
	x := &managed{u: *u, image: image}
	m.users[id] = x
	return x, nil
}

// User gives a user by id or address; nil where there is none.
func (m *Managed) User(ctx context.Context, who string) (*User, error) {
	x, err := m.find(ctx, who)
	if err != nil || x == nil {
		return nil, err
	}
	return showUser(&x.u), nil
}

// Find gives a page of users as stored, in the order of sign-up: body holds
// filter, role, banned, limit and after, all optional. resource_exhausted where
// 10,000 users did not fill the page and more are left.
func (m *Managed) Find(ctx context.Context, body []byte) ([]*User, error) {
	f, err := readBody(body)
	if err != nil {
		return nil, err
	}
	q := UserQuery{}
	for name, to := range map[string]*string{"filter": &q.Filter, "role": &q.Role, "after": &q.After} {
		if *to, _, err = f.text(name); err != nil {
			return nil, err
		}
	}
	if !f.absent("banned") {
		q.Banned = string(f["banned"])
	}
	if !f.absent("limit") {
		q.PerPage = string(f["limit"])
	}
	p, err := m.s.usersOf(ctx, q)
	if err != nil {
		return nil, err
	}
	if p.After != "" && len(p.Users) < p.PerPage {
		return nil, hutch.Errorf(hutch.ResourceExhausted, "the search looked at %d users and found %d", m.s.looks, len(p.Users)).
			WithHint("Search for the whole address, or go on from a user with after.")
	}
	return p.Users, nil
}

// change does something to a user; user_not_found.
func (m *Managed) change(ctx context.Context, who, event, detail string, do func(*userDoc) error) (*User, error) {
	x, err := m.find(ctx, who)
	if err != nil {
		return nil, err
	}
	if x == nil {
		return nil, noUser()
	}
	n := x.u
	if err := do(&n); err != nil {
		return nil, err
	}
	x.u = n
	x.acts = append(x.acts, managedAct{event, detail, m.By})
	return showUser(&x.u), nil
}

// SetRoles replaces the roles of a user.
func (m *Managed) SetRoles(ctx context.Context, who string, roles []string) (*User, error) {
	roles, err := checkRoles(roles)
	if err != nil {
		return nil, err
	}
	return m.change(ctx, who, "roles_set", strings.Join(roles, ","), func(u *userDoc) error {
		u.Roles = roles
		return checkApp(u)
	})
}

// SetClaims merges claims, a JSON object, into app_metadata; null removes.
func (m *Managed) SetClaims(ctx context.Context, who string, claims []byte) (*User, error) {
	f, err := readBody(claims)
	if err != nil {
		return nil, invalid("claims", "an object is needed")
	}
	for _, name := range []string{"roles", "provider", "providers"} {
		if _, ok := f[name]; ok {
			return nil, invalid("claims."+name, name+" is no claim to set").WithHint("roles: setRoles")
		}
	}
	return m.change(ctx, who, "claims_set", "", func(u *userDoc) (err error) {
		if u.App, err = mergeMetadata(u.App, f); err != nil {
			return invalid("claims", "an object is needed")
		}
		return checkApp(u)
	})
}

// Ban keeps a user out until a time; the zero time lifts a ban.
func (m *Managed) Ban(ctx context.Context, who string, until time.Time) (*User, error) {
	if until.Sub(m.s.o.Now()) > maxBan {
		return nil, invalid("until", "a ban is at most 100 years")
	}
	return m.change(ctx, who, "banned", rfc3339(until), func(u *userDoc) error {
		u.Banned = until
		return nil
	})
}

// Revoke ends all sessions of a user.
func (m *Managed) Revoke(ctx context.Context, who string) error {
	_, err := m.change(ctx, who, "sessions_ended", "", func(u *userDoc) error {
		u.Epoch++
		return nil
	})
	return err
}

// Writes are what the run's changes come to, and checks of the users that it
// read: they fail the commit where another has changed one of them meanwhile.
func (m *Managed) Writes() (ws []data.Write, cs []data.Check, err error) {
	now := m.s.o.Now()
	var changes []data.Change
	for id, x := range m.users {
		if len(x.acts) == 0 {
			cs = append(cs, data.Check{Collection: colUsers, ID: id, Version: x.u.Version})
			continue
		}
		w, err := m.s.saveUser(&x.u, now)
		if err != nil {
			return nil, nil, err
		}
		ws = append(append(ws, x.extra...), w)
		for _, a := range x.acts {
			row, err := m.s.audit(now, auditDoc{Event: a.event, User: id, Function: a.by, Detail: a.detail})
			if err != nil {
				return nil, nil, err
			}
			ws = append(ws, row)
		}
		after, err := w.Next(x.image)
		if err != nil {
			return nil, nil, err
		}
		changes = append(changes, data.Change{Collection: colUsers, ID: id, Before: x.image, After: after})
	}
	if derive := m.s.hearers(m.depth); derive != nil && len(changes) > 0 {
		rows, err := derive(changes)
		if err != nil {
			return nil, nil, err
		}
		ws = append(ws, rows...)
	}
	more, err := m.s.profiles(changes, hutch.InvalidArgument)
	if err != nil {
		return nil, nil, err
	}
	ws = append(ws, more...)
	slices.SortFunc(cs, func(a, b data.Check) int { return strings.Compare(a.ID, b.ID) })
	return ws, cs, nil
}

// Done forgets what this node remembers of those that were changed.
func (m *Managed) Done() {
	for id, x := range m.users {
		if len(x.acts) > 0 {
			m.s.cache.drop(id)
		}
	}
}
