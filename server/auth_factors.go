package server

import (
	"bytes"
	"net/http"

	"github.com/hutch-dev/hutch/auth"
)

// factorRoutes are those of second factors; names come before {id}.
func factorRoutes() []*Route {
	const path, codes = "/auth/v1/factors", "/auth/v1/factors/recovery-codes"
	get, post, del := http.MethodGet, http.MethodPost, http.MethodDelete
	return []*Route{
		{Method: get, Path: codes, About: "how many recovery codes are left", Need: NeedUser, handle: recoveryCodes, Out: auth.RecoveryCodes{}},
		{Method: post, Path: codes, About: "make recovery codes", Need: NeedUser, handle: addRecoveryCodes, Out: auth.RecoveryCodes{}},
		{Method: del, Path: codes, About: "remove them", Need: NeedUser, handle: removeRecoveryCodes, Out: idOut{}},
		{Method: post, Path: codes + "/regenerate", About: "make new ones in their place", Need: NeedUser, handle: renewRecoveryCodes, Out: auth.RecoveryCodes{}},
		{Method: post, Path: codes + "/verify", About: "use one in place of a factor", Need: NeedUser, handle: verifyRecoveryCode, In: codeIn{}, Out: auth.Session{}},
		{Method: post, Path: path, About: "begin a second factor", Need: NeedUser, handle: enroll, In: factorIn{}, Out: auth.Enrolled{}},
		{Method: post, Path: path + "/{id}/challenge", About: "begin the proof of a factor", Need: NeedUser, handle: challengeFactor, In: nothingIn{}, Bare: true, Out: auth.FactorChallenge{}},
		{Method: post, Path: path + "/{id}/verify", About: "prove a factor", Need: NeedUser, handle: verifyFactor, In: factorProof{}, Out: auth.Session{}},
		{Method: del, Path: path + "/{id}", About: "remove a factor", Need: NeedUser, handle: unenroll, Out: idOut{}},
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
	out, err := r.srv.o.Auth.VerifyFactor(r.ctx, r.credentials(), r.params[0], bytes.Clone(r.raw()), r.whence())
	return r.sendJSON(out, err)
}

func unenroll(r *request) error {
	id := r.params[0]
	err := r.srv.o.Auth.Unenroll(r.ctx, r.credentials(), id)
	return r.sendJSON(map[string]string{"id": id}, err)
}

func recoveryCodes(r *request) error {
	out, err := r.srv.o.Auth.RecoveryCodes(r.ctx, r.credentials())
	return r.sendJSON(out, err)
}

func addRecoveryCodes(r *request) error {
	out, err := r.srv.o.Auth.AddRecoveryCodes(r.ctx, r.credentials(), bytes.Clone(r.raw()))
	return r.sendJSON(out, err)
}

func renewRecoveryCodes(r *request) error {
	out, err := r.srv.o.Auth.RenewRecoveryCodes(r.ctx, r.credentials())
	return r.sendJSON(out, err)
}

func removeRecoveryCodes(r *request) error {
	id, err := r.srv.o.Auth.RemoveRecoveryCodes(r.ctx, r.credentials())
	return r.sendJSON(map[string]string{"id": id}, err)
}

func verifyRecoveryCode(r *request) error {
	out, err := r.srv.o.Auth.VerifyRecoveryCode(r.ctx, r.credentials(), bytes.Clone(r.raw()), r.whence())
	return r.sendJSON(out, err)
}

func factorsOf(r *request) error {
	out, err := r.srv.o.Auth.FactorsOf(r.ctx, r.credentials(), r.params[0])
	return r.sendJSON(out, err)
}

func removeFactorOf(r *request) error {
	out, err := r.srv.o.Auth.RemoveFactorOf(r.ctx, r.credentials(), r.params[0], r.params[1])
	return r.sendJSON(out, err)
}
