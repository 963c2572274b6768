package server

import (
	"net/http"

	"github.com/hutch-dev/hutch/auth"
)

// operatorAdminRoutes are what operators do about themselves and each other. The
// rows below /admin/v1/account answer as GET /admin/v1/session does, but for
//
//	POST account/totp             {"secret","uri","qrCode"}   qrCode is an SVG
//	POST account/passkeys/options {"challengeId","options","expiresAt"}
//	GET  account/sessions         {"sessions":[{"id","userAgent","ip","aal","createdAt","seenAt","notAfter","current"}]}
//	GET  operators                {"operators":[{"id","email","status":"active|invited","factors","createdAt","lastSignInAt"?,"sessions":n}]}
//	POST operators                {"id","email","token","expiresAt"}: the link is /_/setup#<token>, shown this once
//
// After POST account/totp its first code goes to POST /admin/v1/session/totp.
func operatorAdminRoutes() []*Route {
	const at, ops = "/admin/v1/account", "/admin/v1/operators"
	get, post, patch, del := http.MethodGet, http.MethodPost, http.MethodPatch, http.MethodDelete
	none := []string{}
	return append(desk(
		&Route{Method: post, Path: at + "/password", About: "change one's password: {current, password}", handle: accountPassword, In: newPasswordIn{}, Out: sessionState{}},
		&Route{Method: post, Path: at + "/totp", About: "begin an authenticator app", handle: accountTOTP, In: nothingIn{}, Bare: true, Out: totpOut{}},
		&Route{Method: del, Path: at + "/totp", About: "remove it", handle: accountRemoveTOTP, Out: sessionState{}},
		&Route{Method: post, Path: at + "/passkeys/options", About: "ask for a new passkey", handle: accountPasskeyOptions, In: nothingIn{}, Bare: true, Out: auth.OperatorChallenge{}},
		&Route{Method: post, Path: at + "/passkeys", About: "add it: {challengeId, credential, name}", handle: accountAddPasskey, In: newPasskeyIn{}, Out: sessionState{}},
		&Route{Method: patch, Path: at + "/passkeys/{id}", About: "name a passkey: {name}", handle: accountRenamePasskey, In: renameIn{}, Out: sessionState{}},
		&Route{Method: del, Path: at + "/passkeys/{id}", About: "remove a passkey", handle: accountRemovePasskey, Out: sessionState{}},
		&Route{Method: get, Path: at + "/sessions", About: "one's sessions", handle: accountSessions, Out: operatorDevices{}},
		&Route{Method: del, Path: at + "/sessions", About: "end one's other sessions", handle: accountEndSessions, Out: sessionState{}},
		&Route{Method: del, Path: at + "/sessions/{id}", About: "end a session", handle: accountEndSessions, Out: sessionState{}},
	),
		&Route{Method: get, Path: ops, About: "who runs the server", Query: none, handle: listOperators, Out: operatorRows{}},
		&Route{Method: post, Path: ops, About: "make a one-time link for a new operator: {email}", Query: none, Fresh: true, handle: inviteOperator, In: emailIn{}, Out: auth.OperatorLink{}},
		&Route{Method: del, Path: ops + "/{id}", About: "remove an operator", Query: none, Fresh: true, handle: removeOperator},
	)
}

type (
	newPasswordIn struct {
		Current  string `json:"current"`
		Password string `json:"password"`
	}
	newPasskeyIn struct {
		passkeyAnswer
		Name string `json:"name,omitempty"`
	}
	renameIn struct {
		Name string `json:"name"`
	}
	emailIn struct {
		Email string `json:"email"`
	}
	totpOut struct {
		Secret string `json:"secret"`
		URI    string `json:"uri"`
		QRCode string `json:"qrCode" doc:"SVG"`
	}
	operatorDevices struct {
		Sessions []auth.OperatorDevice `json:"sessions"`
	}
	operatorRows struct {
		Operators []auth.OperatorRow `json:"operators"`
	}
)

func accountPassword(r *request) error {
	var in newPasswordIn
	if err := r.bind(&in); err != nil {
		return err
	}
	return r.entered(r.operators().SetPassword(r.ctx, r.deskToken(), in.Current, in.Password, r.whence()))
}

func accountTOTP(r *request) error {
	if err := r.bind(&struct{}{}); err != nil {
		return err
	}
	out, err := r.operators().EnrollTOTP(r.ctx, r.deskToken())
	if err != nil {
		return err
	}
	return r.sendJSON(totpOut{out.Secret, out.URI, out.QRCode}, nil)
}

func accountRemoveTOTP(r *request) error {
	return r.entered(r.operators().RemoveTOTP(r.ctx, r.deskToken()))
}

func accountPasskeyOptions(r *request) error {
	if err := r.bind(&struct{}{}); err != nil {
		return err
	}
	out, err := r.operators().EnrollPasskey(r.ctx, r.deskToken(), r.whence())
	return r.sendJSON(out, err)
}

func accountAddPasskey(r *request) error {
	var in newPasskeyIn
	if err := r.bind(&in); err != nil {
		return err
	}
	return r.entered(r.operators().AddPasskey(r.ctx, r.deskToken(), in.ChallengeID, in.Credential, in.Name, r.whence()))
}

func accountRenamePasskey(r *request) error {
	var in renameIn
	if err := r.bind(&in); err != nil {
		return err
	}
	return r.entered(r.operators().RenamePasskey(r.ctx, r.deskToken(), r.params[0], in.Name))
}

func accountRemovePasskey(r *request) error {
	return r.entered(r.operators().RemovePasskey(r.ctx, r.deskToken(), r.params[0]))
}

func accountSessions(r *request) error {
	out, err := r.operators().Sessions(r.ctx, r.deskToken())
	return r.sendJSON(operatorDevices{out}, err)
}

func accountEndSessions(r *request) error {
	return r.entered(r.operators().EndSessions(r.ctx, r.deskToken(), r.params[0]))
}

func listOperators(r *request) error {
	out, err := r.operators().List(r.ctx)
	return r.sendJSON(operatorRows{out}, err)
}

func inviteOperator(r *request) error {
	var in emailIn
	if err := r.bind(&in); err != nil {
		return err
	}
	out, err := r.operators().Invite(r.ctx, in.Email, r.who.UID, false)
	return r.sendJSON(out, err)
}

func removeOperator(r *request) error {
	if err := r.operators().Remove(r.ctx, r.params[0], r.who.UID); err != nil {
		return err
	}
	r.empty(http.StatusNoContent)
	return nil
}
