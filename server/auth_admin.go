package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

const (
	adminPath     = "/auth/v1/admin/users"
	operatorUsers = "/admin/v1/auth" // begins the paths of the same acts for operators
)

var (
	hdrTotal = []byte("X-Total-Count")
	hdrLink  = []byte("Link")
)

// userQueryNames are the parameters of a list of users, which GoTrue counts in
// pages besides.
var userQueryNames = []string{"per_page", "after", "filter", "role", "banned", "confirmed", "anonymous", "provider"}

// userActs are what may be done with users, by their paths below /auth/v1: names
// come before {id}.
func userActs() []*Route {
	get, post, put, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	const list = "/admin/users"
	const user = list + "/{id}"
	none, redirect := []string{}, []string{"redirect_to"}
	return []*Route{
		{Method: get, Path: list, About: "list and search users", Query: userQueryNames, handle: listUsers, Out: auth.UserPage{}},
		{Method: post, Path: list, About: "make a user", Query: none, Fresh: true, handle: addUser, In: accountIn{}, Out: auth.User{}},
		{Method: post, Path: "/invite", About: "make a user and mail a link", Query: redirect, Fresh: true, handle: inviteUser, In: inviteIn{}, Out: auth.User{}},
		{Method: post, Path: "/admin/generate_link", About: "make a link that the caller mails", Query: redirect, Fresh: true, handle: generateLink, In: linkIn{}, Out: auth.GeneratedLink{}},
		{Method: get, Path: user, About: "a user", Query: none, handle: userByID, Out: auth.User{}},
		{Method: put, Path: user, About: "change a user", Query: none, handle: editUser, In: accountIn{}, Out: auth.User{}},
		{Method: del, Path: user, About: "delete a user", Query: none, Fresh: true, handle: removeUser, In: softIn{}, Bare: true, Out: nothing{}},
		{Method: get, Path: user + "/sessions", About: "a user's sessions", Query: none, handle: sessionsOf, Out: devicesOut{}},
		{Method: del, Path: user + "/sessions", About: "end a user's sessions", Query: none, handle: endSessionsOf},
		{Method: del, Path: user + "/sessions/{session}", About: "end one of them", Query: none, handle: endSessionOf},
		{Method: del, Path: user + "/identities/{identity}", About: "take an identity from a user", Query: none, handle: unlinkOf},
		{Method: get, Path: user + "/factors", About: "a user's second factors", Query: none, handle: factorsOf, Out: []auth.Factor{}},
		{Method: del, Path: user + "/factors/{factor}", About: "remove one of them", Query: none, Fresh: true, handle: removeFactorOf, Out: auth.Factor{}},
		{Method: get, Path: user + "/passkeys", About: "a user's passkeys", Query: none, handle: passkeysOf, Out: []auth.Passkey{}},
		{Method: del, Path: user + "/passkeys/{passkey}", About: "remove one of them", Query: none, Fresh: true, handle: removePasskeyOf},
	}
}

// usersRoutes are GoTrue's for a service key of scope auth, which ignore query
// parameters that they do not know.
func usersRoutes() []*Route {
	rows := userActs()
	for _, r := range rows {
		r.Path, r.Need, r.Fresh, r.Query, r.Reads = "/auth/v1"+r.Path, NeedAuth, false, nil, r.Query
	}
	rows[0].Reads = append([]string{"page"}, userQueryNames...)
	return rows
}

// adminUsersRoutes are the same acts for operators.
func adminUsersRoutes() []*Route {
	rows := userActs()
	for _, r := range rows {
		r.Path, r.Scope, r.BodyLimit = operatorUsers+strings.TrimPrefix(r.Path, "/admin"), hutch.ScopeAuth, authBodySize
		if r.Method == http.MethodDelete {
			r.In, r.Bare = nil, false
		}
	}
	rows[0].Out = usersList{}
	return rows
}

// usersList is a page for operators.
type usersList struct {
	Users []*auth.User `json:"users"`
	Next  string       `json:"next"`  // after, for what follows
	Total int          `json:"total"` // -1: not known, or over 10,000
}

// nextUser is the user behind whom a list goes on; "" at its end.
func nextUser(p *auth.UserPage) string {
	if p.Next > 0 && len(p.Users) > 0 {
		return p.Users[len(p.Users)-1].ID
	}
	return p.After
}

// listUsers answers with GoTrue's headers: Link, and X-Total-Count where the
// number is known.
func listUsers(r *request) error {
	q := auth.UserQuery{
		Page: r.param("page"), PerPage: r.param("per_page"), After: r.param("after"),
		Filter: r.param("filter"), Role: r.param("role"), Banned: r.param("banned"),
		Confirmed: r.param("confirmed"), Anonymous: r.param("anonymous"), Provider: r.param("provider"),
	}
	out, err := r.srv.o.Auth.Users(r.ctx, r.credentials(), q)
	if err != nil {
		return err
	}
	if r.route.Service == ServiceAdmin {
		return r.sendJSON(usersList{Users: out.Users, Next: nextUser(out), Total: out.Total}, nil)
	}
	var links []byte
	link := func(page int, after, rel string) {
		if page == 0 {
			return
		}
		if links != nil {
			links = append(links, ", "...)
		}
		// page comes first: GoTrue's clients look for it there.
		more := url.Values{"per_page": {strconv.Itoa(out.PerPage)}}
		for name, value := range map[string]string{
			"after": after, "filter": q.Filter, "role": q.Role, "banned": q.Banned,
			"confirmed": q.Confirmed, "anonymous": q.Anonymous, "provider": q.Provider,
		} {
			if value != "" {
				more.Set(name, value)
			}
		}
		links = append(links, "<"+adminPath+"?page="+strconv.Itoa(page)+"&"+more.Encode()+">; rel=\""+rel+"\""...)
	}
	if out.After != "" {
		link(1, out.After, "next")
	}
	link(out.Next, q.After, "next")
	link(out.Last, q.After, "last")
	if links != nil {
		r.header(hdrLink, links)
	}
	if out.Total >= 0 {
		r.header(hdrTotal, strconv.AppendInt(nil, int64(out.Total), 10))
	}
	return r.sendJSON(out, nil)
}

func addUser(r *request) error {
	out, err := r.srv.o.Auth.AddUser(r.ctx, r.credentials(), bytes.Clone(r.raw()))
	return r.sendJSON(out, err)
}

func inviteUser(r *request) error {
	out, err := r.srv.o.Auth.InviteUser(r.ctx, r.credentials(), bytes.Clone(r.raw()), r.param("redirect_to"))
	return r.sendJSON(out, err)
}

func generateLink(r *request) error {
	out, err := r.srv.o.Auth.GenerateLink(r.ctx, r.credentials(), bytes.Clone(r.raw()), r.param("redirect_to"))
	return r.sendJSON(out, err)
}

func userByID(r *request) error {
	out, err := r.srv.o.Auth.UserByID(r.ctx, r.credentials(), r.params[0])
	return r.sendJSON(out, err)
}

// editUser asks operators for a recent proof but for what gives nobody power.
func editUser(r *request) error {
	if !harmless(r.raw()) {
		if err := r.recent(); err != nil {
			return err
		}
	}
	out, err := r.srv.o.Auth.EditUser(r.ctx, r.credentials(), r.params[0], bytes.Clone(r.raw()))
	return r.sendJSON(out, err)
}

// harmless reports whether the body of a change says nothing but what a user may
// set of themselves, and bans: to keep somebody out is urgent. To lift a ban gives
// power; one that ends sooner than the present one is judged where that is read.
func harmless(body []byte) bool {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return false
	}
	for name, value := range fields {
		var span string
		switch {
		case name == "user_metadata":
		case name != "ban_duration" || json.Unmarshal(value, &span) != nil:
			return false
		default:
			if d, err := time.ParseDuration(span); err != nil || d <= 0 {
				return false
			}
		}
	}
	return true
}

func removeUser(r *request) error {
	err := r.srv.o.Auth.RemoveUser(r.ctx, r.credentials(), r.params[0], bytes.Clone(r.raw()))
	return r.sendJSON(struct{}{}, err)
}

func sessionsOf(r *request) error {
	out, err := r.srv.o.Auth.SessionsOf(r.ctx, r.credentials(), r.params[0])
	return r.sendSessions(out, err)
}

func endSessionsOf(r *request) error {
	if err := r.srv.o.Auth.EndSessionsOf(r.ctx, r.credentials(), r.params[0]); err != nil {
		return err
	}
	r.empty(http.StatusNoContent)
	return nil
}

func endSessionOf(r *request) error {
	return r.done(r.srv.o.Auth.EndSessionOf(r.ctx, r.credentials(), r.params[0], r.params[1]))
}

func unlinkOf(r *request) error {
	return r.done(r.srv.o.Auth.UnlinkOf(r.ctx, r.credentials(), r.params[0], r.params[1]))
}
