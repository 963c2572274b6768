package server

import (
	"bytes"
	"net/http"

	"github.com/hutch-dev/hutch/auth"
)

// factorRoutes are those of one's own second factors.
func factorRoutes() []*Route {
	const path = "/auth/v1/factors"
	post, del := http.MethodPost, http.MethodDelete
	return []*Route{
		{Method: post, Path: path, About: "begin a second factor", Need: NeedUser, handle: enroll},
		{Method: post, Path: path + "/{id}/challenge", About: "begin the proof of a factor", Need: NeedUser, handle: challengeFactor},
		{Method: post, Path: path + "/{id}/verify", About: "prove a factor", Need: NeedUser, handle: verifyFactor},
		{Method: del, Path: path + "/{id}", About: "remove a factor", Need: NeedUser, handle: unenroll},
	}
}

func enroll(r *request) error {
	out, err := r.srv.o.Auth.Enroll(r.ctx, r.credentials(), bytes.Clone(r.raw()))
	return r.sendJSON(out, err)
}

func challengeFactor(r *request) error {
	out, err := r.srv.o.Auth.ChallengeFactor(r.ctx, r.credentials(), r.params[0], bytes.Clone(r.raw()))
	return r.sendJSON(out, err)
}

func verifyFactor(r *request) error {
	c := auth.Client{Addr: r.addr, Forwarded: r.head.forwarded && !r.proxied}
	out, err := r.srv.o.Auth.VerifyFactor(r.ctx, r.credentials(), r.params[0], bytes.Clone(r.raw()), c)
	return r.sendJSON(out, err)
}

func unenroll(r *request) error {
	id := r.params[0]
	err := r.srv.o.Auth.Unenroll(r.ctx, r.credentials(), id)
	return r.sendJSON(map[string]string{"id": id}, err)
}
