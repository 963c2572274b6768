package server

import (
	"net/http"

	"github.com/hutch-dev/hutch/auth"
)

// sessionRoutes are those of one's own sessions.
func sessionRoutes() []*Route {
	const path = "/auth/v1/sessions"
	return []*Route{
		{Method: http.MethodGet, Path: path, About: "one's own sessions", Need: NeedUser, handle: sessions, Out: devicesOut{}},
		{Method: http.MethodDelete, Path: path + "/{id}", About: "end one of them", Need: NeedUser, handle: endSession},
	}
}

func sessions(r *request) error {
	out, err := r.srv.o.Auth.Sessions(r.ctx, r.credentials())
	return r.sendSessions(out, err)
}

func (r *request) sendSessions(ds []auth.Device, err error) error {
	return r.sendJSON(struct {
		Sessions []auth.Device `json:"sessions"`
	}{ds}, err)
}

func endSession(r *request) error {
	if err := r.srv.o.Auth.EndSession(r.ctx, r.credentials(), r.params[0]); err != nil {
		return err
	}
	r.empty(http.StatusNoContent)
	return nil
}
