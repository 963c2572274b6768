package auth

import (
	"context"
	"encoding/json"
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
	s       *Service
	by      string // for the audit: the function
	depth   int    // of the job that it runs in
	users   map[string]*managed
	emails  map[string]string // key of an address of this run -> id
	invited int
}

// managed is one user. As it is read, so it must still be at the commit.
type managed struct {
	u       userDoc
	image   data.Doc // as stored; nil: new
	events  []string // what was done, for the audit
	details []string
	extra   []data.Write
}

const maxManaged = 100 // users that one run reads or changes

// Manage begins a run's changes of users.
func (s *Service) Manage(function string, depth int) *Managed {
	return &Managed{s: s, by: function, depth: depth, users: map[string]*managed{}, emails: map[string]string{}}
}

// Changes reports whether there is anything to commit.
func (m *Managed) Changes() bool {
	for _, x := range m.users {
		if len(x.events) > 0 {
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
// filter, role, banned, limit and after, all optional.
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
	x.events, x.details = append(x.events, event), append(x.details, detail)
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

// Create makes an account of the fields of POST admin/users: email_exists,
// validation_failed, weak_password.
func (m *Managed) Create(ctx context.Context, body []byte) (*User, error) {
	r, err := m.s.parseUserEdit(body)
	if err != nil {
		return nil, err
	}
	if r.email == nil {
		return nil, invalid("email", "email is missing")
	}
	if err := m.free(ctx, *r.email); err != nil {
		return nil, err
	}
	now := m.s.o.Now()
	u, ws, err := m.s.newAccount(*r.email, now)
	if err != nil {
		return nil, err
	}
	if err := r.apply(u, now); err != nil {
		return nil, err
	}
	if err := m.s.checkProfile(u); err != nil {
		return nil, err
	}
	u.Password = r.hash
	if r.password != "" {
		if u.Password, err = m.s.o.Hasher.Hash(ctx, r.password); err != nil {
			return nil, err
		}
	}
	if r.confirm {
		u.Confirmed = now
	}
	m.add(u, "user_created", strings.Join(r.names, ","), ws)
	return showUser(u), nil
}

func (m *Managed) free(ctx context.Context, e email) error {
	if _, ok := m.emails[e.key]; ok {
		return emailTaken()
	}
	if len(m.users) >= maxManaged {
		return hutch.Errorf(hutch.ResourceExhausted, "a run reads and changes at most %d users", maxManaged)
	}
	return asExists(m.s.refuseTaken(ctx, e))
}

func (m *Managed) add(u *userDoc, event, detail string, ws []data.Write) {
	m.users[u.ID] = &managed{u: *u, events: []string{event}, details: []string{detail}, extra: ws}
	m.emails[u.EmailKey] = u.ID
}

const maxInvited = 20 // by one run

// Invite makes an account without a password and mails its owner a link, which
// may end at redirect: email_exists, email_provider_disabled,
// over_email_send_rate_limit.
func (m *Managed) Invite(ctx context.Context, address string, meta map[string]json.RawMessage, redirect string) (*User, error) {
	if m.s.o.Mail.Mailer == nil {
		return nil, noMail()
	}
	if m.invited++; m.invited > maxInvited {
		return nil, hutch.Errorf(hutch.ResourceExhausted, "a run invites at most %d", maxInvited)
	}
	e, err := parseEmail(address)
	if err != nil {
		return nil, err
	}
	merged, err := metadata("", meta)
	if err != nil {
		return nil, err
	}
	if err := m.free(ctx, e); err != nil {
		return nil, err
	}
	if err := m.s.countMailTo(ctx, e.key, toStrangers, Client{}); err != nil {
		return nil, err
	}
	now := m.s.o.Now()
	var u *userDoc
	ws, err := m.s.invited(&u, e, now)
	if err != nil {
		return nil, err
	}
	u.Meta, u.Invited = merged, now
	if err := m.s.checkProfile(u); err != nil {
		return nil, err
	}
	more, err := m.s.mailLink(forInvite, u, u.Email, u.EmailKey, Flow{Redirect: redirect}, now)
	if err != nil {
		return nil, err
	}
	m.add(u, "user_invited", "", append(ws, more...))
	return showUser(u), nil
}

// Writes are what the run's changes come to, and checks of the users that it
// read: they fail the commit where another has changed one of them meanwhile.
func (m *Managed) Writes() (ws []data.Write, cs []data.Check, err error) {
	now := m.s.o.Now()
	var changes []data.Change
	for id, x := range m.users {
		if len(x.events) == 0 {
			cs = append(cs, data.Check{Collection: colUsers, ID: id, Version: x.u.Version})
			continue
		}
		w, err := m.s.saveUser(&x.u, now)
		if err != nil {
			return nil, nil, err
		}
		ws = append(append(ws, x.extra...), w)
		for i, event := range x.events {
			row, err := m.s.audit(now, auditDoc{Event: event, User: id, Function: m.by, Detail: x.details[i]})
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
		if len(x.events) > 0 {
			m.s.cache.drop(id)
		}
	}
}
