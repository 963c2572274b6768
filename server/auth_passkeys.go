package server

import (
	"bytes"
	"net/http"

	"github.com/hutch-dev/hutch/auth"
)

// passkeyRoutes are those of passkeys, as auth-js calls them.
func passkeyRoutes() []*Route {
	get, post, patch, del := http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	const path = "/auth/v1/passkeys"
	return []*Route{
		{Method: post, Path: path + "/registration/options", About: "begin to add a passkey", Need: NeedUser, handle: passkeyOptions, Out: auth.PasskeyChallenge{}},
		{Method: post, Path: path + "/registration/verify", About: "add a passkey", Need: NeedUser, handle: addPasskey, In: passkeyProof{}, Out: auth.Passkey{}},
		{Method: post, Path: path + "/authentication/options", About: "begin to sign in with a passkey", handle: passkeyChallenge, In: nothingIn{}, Bare: true, Out: auth.PasskeyChallenge{}},
		{Method: post, Path: path + "/authentication/verify", About: "sign in with a passkey", handle: enterByPasskey, In: passkeyProof{}, Out: auth.Session{}},
		{Method: get, Path: path, About: "one's own passkeys", Need: NeedUser, handle: passkeys, Out: []auth.Passkey{}},
		{Method: patch, Path: path + "/{id}", About: "name one of them", Need: NeedUser, handle: renamePasskey, In: nameIn{}, Out: auth.Passkey{}},
		{Method: del, Path: path + "/{id}", About: "remove one of them", Need: NeedUser, handle: removePasskey},
		{Method: get, Path: "/.well-known/webauthn", About: "pages that may use the passkeys of this domain", handle: relatedOrigins, Out: auth.RelatedOrigins{}},
	}
}

func passkeyOptions(r *request) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	out, err := r.srv.o.Auth.PasskeyOptions(r.ctx, r.credentials(), c)
	return r.sendJSON(out, err)
}

func addPasskey(r *request) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	out, err := r.srv.o.Auth.AddPasskey(r.ctx, r.credentials(), bytes.Clone(r.raw()), c)
	return r.sendJSON(out, err)
}

func passkeyChallenge(r *request) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	out, err := r.srv.o.Auth.PasskeyChallenge(r.ctx, bytes.Clone(r.raw()), c)
	return r.sendJSON(out, err)
}

func enterByPasskey(r *request) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	out, err := r.srv.o.Auth.EnterByPasskey(r.ctx, bytes.Clone(r.raw()), c)
	return r.sendJSON(out, err)
}

func passkeys(r *request) error {
	out, err := r.srv.o.Auth.Passkeys(r.ctx, r.credentials())
	return r.sendJSON(out, err)
}

func renamePasskey(r *request) error {
	out, err := r.srv.o.Auth.RenamePasskey(r.ctx, r.credentials(), r.params[0], bytes.Clone(r.raw()))
	return r.sendJSON(out, err)
}

func removePasskey(r *request) error {
	return r.done(r.srv.o.Auth.RemovePasskey(r.ctx, r.credentials(), r.params[0]))
}

func passkeysOf(r *request) error {
	out, err := r.srv.o.Auth.PasskeysOf(r.ctx, r.credentials(), r.params[0])
	return r.sendJSON(out, err)
}

func removePasskeyOf(r *request) error {
	return r.done(r.srv.o.Auth.RemovePasskeyOf(r.ctx, r.credentials(), r.params[0], r.params[1]))
}

// done answers that there is nothing to say.
func (r *request) done(err error) error {
	if err == nil {
		r.empty(http.StatusNoContent)
	}
	return err
}

func relatedOrigins(r *request) error {
	out, err := r.srv.o.Auth.RelatedOrigins()
	return r.sendJSON(out, err)
}
