package server

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// authPrefix begins the paths of GoTrue's clients.
var authPrefix = []byte("/auth/v1/")

// authRoutes are GoTrue's; unknown query parameters and keys are ignored there.
func authRoutes() []*Route {
	get, post, put := http.MethodGet, http.MethodPost, http.MethodPut
	rows := []*Route{
		{Method: post, Path: "/auth/v1/signup", About: "make an account and sign in", handle: signup, In: signupIn{}, Out: auth.Session{}, Reads: []string{"redirect_to"}},
		{Method: post, Path: "/auth/v1/token", About: "sign in, or refresh a session", handle: token, In: tokenIn{}, Out: auth.Session{}, Reads: []string{"grant_type"}},
		{Method: post, Path: "/auth/v1/logout", About: "end sessions", Need: NeedUser, handle: logout, Reads: []string{"scope"}},
		{Method: get, Path: "/auth/v1/user", About: "the signed-in user", Need: NeedUser, handle: getUser, Out: auth.User{}},
		{Method: put, Path: "/auth/v1/user", About: "change data or password", Need: NeedUser, handle: putUser, In: userIn{}, Out: auth.User{}, Reads: []string{"redirect_to"}},
		{Method: http.MethodDelete, Path: "/auth/v1/user", About: "erase oneself", Need: NeedUser, handle: deleteUser},
		{Method: get, Path: "/auth/v1/settings", About: "what sign-in offers", handle: settings, Out: auth.Settings{}},
		{Method: get, Path: "/auth/v1/health", About: "alive", handle: authHealth, Out: auth.Health{}},
		{Method: get, Path: "/auth/v1/.well-known/jwks.json", About: "public keys of access tokens", handle: jwks, Out: jwksOut{}},
		{Method: get, Path: "/auth/v1/.well-known/openid-configuration", About: "discovery", handle: discovery, Out: auth.Discovery{}},
		{Method: get, Path: "/.well-known/jwks.json", About: "public keys of access tokens", handle: jwks, Out: jwksOut{}},
		{Method: get, Path: "/.well-known/openid-configuration", About: "discovery", handle: discovery, Out: auth.Discovery{}},
	}
	rows = append(rows, append(oauthRoutes(), mailRoutes()...)...)
	rows = append(rows, factorRoutes()...)
	rows = append(rows, append(sessionRoutes(), usersRoutes()...)...)
	rows = append(rows, passkeyRoutes()...)
	for _, r := range rows {
		r.Service, r.Creds, r.BodyLimit = ServiceAuth, CredsAuth, authBodySize
	}
	return rows
}

// whence says where a request to /auth came from.
func (r *request) whence() auth.Client {
	return auth.Client{Addr: r.addr, Forwarded: r.head.forwarded && !r.proxied, Agent: string(r.fctx.UserAgent()), Credentials: r.credentials()}
}

// client is whence; a service key frees it of the limits, and is all that routes
// look at which need no user.
func (r *request) client() (auth.Client, error) {
	exempt, err := r.srv.o.Auth.Exempt(r.ctx, r.credentials())
	c := r.whence()
	c.ServiceKey = exempt
	return c, err
}

func signup(r *request) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	in, err := auth.ParseSignup(bytes.Clone(r.raw()))
	if err != nil {
		return err
	}
	in.Flow.Redirect = r.param("redirect_to")
	out, err := r.srv.o.Auth.Signup(r.ctx, in, c)
	return r.sendJSON(out, err)
}

func token(r *request) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	grant, _ := r.queryParam("grant_type")
	out, err := r.srv.o.Auth.Token(r.ctx, grant, bytes.Clone(r.raw()), c)
	return r.sendJSON(out, err)
}

func logout(r *request) error {
	scope, _ := r.queryParam("scope")
	if err := r.srv.o.Auth.Logout(r.ctx, r.credentials(), scope); err != nil {
		return err
	}
	r.empty(http.StatusNoContent)
	return nil
}

func getUser(r *request) error {
	out, err := r.srv.o.Auth.User(r.ctx, r.credentials())
	return r.sendJSON(out, err)
}

func putUser(r *request) error {
	in, err := auth.ParseUpdate(bytes.Clone(r.raw()))
	if err != nil {
		return err
	}
	in.Flow.Redirect = r.param("redirect_to")
	out, err := r.srv.o.Auth.UpdateUser(r.ctx, r.credentials(), in, r.whence())
	return r.sendJSON(out, err)
}

func deleteUser(r *request) error {
	if err := r.srv.o.Auth.EraseSelf(r.ctx, r.credentials()); err != nil {
		return err
	}
	r.empty(http.StatusNoContent)
	return nil
}

func settings(r *request) error   { return r.sendJSON(r.srv.o.Auth.Settings(), nil) }
func authHealth(r *request) error { return r.sendJSON(r.srv.o.Auth.Health(), nil) }
func discovery(r *request) error  { return r.sendJSON(r.srv.o.Auth.Discovery(), nil) }
func jwks(r *request) error {
	keys, err := r.srv.o.Auth.JWKS()
	return r.sendJSON(keys, err)
}

func (r *request) sendJSON(v any, err error) error {
	if err != nil {
		return err
	}
	js, err := json.Marshal(v)
	if err != nil {
		return hutch.Errorf(hutch.Internal, "encoding the answer: %w", err)
	}
	r.send(http.StatusOK, append(r.buffer(), js...))
	return nil
}
