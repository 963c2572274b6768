package server

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"

	"github.com/hutch-dev/hutch/auth"
)

const adminPath = "/auth/v1/admin/users"

// adminUsers begins the paths whose DELETE may have a body.
var adminUsers = []byte(adminPath + "/")

var (
	hdrTotal = []byte("X-Total-Count")
	hdrLink  = []byte("Link")
)

// usersRoutes are GoTrue's for a service key of scope auth, and sessions.
func usersRoutes() []*Route {
	get, post, put, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete
	const user, list = adminPath + "/{id}", adminPath + "/{id}/sessions"
	return []*Route{
		{Method: get, Path: adminPath, About: "list and search users", Need: NeedAuth, handle: listUsers, Out: auth.UserPage{}, Reads: []string{"page", "per_page", "after", "filter", "role", "banned"}},
		{Method: post, Path: adminPath, About: "make a user", Need: NeedAuth, handle: addUser, In: accountIn{}, Out: auth.User{}},
		{Method: post, Path: "/auth/v1/invite", About: "make a user and mail a link", Need: NeedAuth, handle: inviteUser, In: inviteIn{}, Out: auth.User{}, Reads: []string{"redirect_to"}},
		{Method: post, Path: "/auth/v1/admin/generate_link", About: "make a link that the caller mails", Need: NeedAuth, handle: generateLink, In: linkIn{}, Out: auth.GeneratedLink{}, Reads: []string{"redirect_to"}},
		{Method: get, Path: user, About: "a user", Need: NeedAuth, handle: userByID, Out: auth.User{}},
		{Method: put, Path: user, About: "change a user", Need: NeedAuth, handle: editUser, In: accountIn{}, Out: auth.User{}},
		{Method: del, Path: user, About: "delete a user", Need: NeedAuth, handle: removeUser, In: softIn{}, Bare: true, Out: nothing{}},
		{Method: get, Path: list, About: "a user's sessions", Need: NeedAuth, handle: sessionsOf, Out: devicesOut{}},
		{Method: del, Path: list, About: "end a user's sessions", Need: NeedAuth, handle: endSessionsOf},
	}
}

// listUsers answers with GoTrue's headers: Link, and X-Total-Count where the
// number is known.
func listUsers(r *request) error {
	q := auth.UserQuery{
		Page: r.param("page"), PerPage: r.param("per_page"), After: r.param("after"),
		Filter: r.param("filter"), Role: r.param("role"), Banned: r.param("banned"),
	}
	out, err := r.srv.o.Auth.Users(r.ctx, r.credentials(), q)
	if err != nil {
		return err
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
		for name, value := range map[string]string{"after": after, "filter": q.Filter, "role": q.Role, "banned": q.Banned} {
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

func editUser(r *request) error {
	out, err := r.srv.o.Auth.EditUser(r.ctx, r.credentials(), r.params[0], bytes.Clone(r.raw()))
	return r.sendJSON(out, err)
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
