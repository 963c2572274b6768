package server

import (
	"bytes"
	"net/http"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// backendRoutes are for an app's own backend, with a service key of scope auth.
func backendRoutes() []*Route {
	none := []string{}
	rows := []*Route{
		{Path: "/admin/v1/auth/tokens", About: "a session for whom the backend has proven", handle: signInFor, In: signInForIn{}, Out: auth.Session{}},
		{Path: "/admin/v1/auth/impersonate", About: "a token in the name of a user", handle: impersonate, In: impersonateIn{}, Out: auth.Impersonation{}},
	}
	for _, r := range rows {
		r.Method, r.Scope, r.Fresh, r.BodyLimit, r.Query = http.MethodPost, hutch.ScopeAuth, true, authBodySize, none
	}
	return rows
}

// from says where the backend is.
func (r *request) from() auth.Client {
	return auth.Client{Addr: r.addr, ServiceKey: true, Agent: string(r.fctx.UserAgent())}
}

func signInFor(r *request) error {
	out, err := r.srv.o.Auth.SignInFor(r.ctx, r.credentials(), bytes.Clone(r.raw()), r.from())
	return r.sendJSON(out, err)
}

func impersonate(r *request) error {
	out, err := r.srv.o.Auth.Impersonate(r.ctx, r.credentials(), bytes.Clone(r.raw()), r.from())
	return r.sendJSON(out, err)
}
