package server

import (
	"encoding/json"
	"net/http"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// sessionState answers every step of a sign-in, as GET /admin/v1/session does:
//
//	{"operator": {"id","email","aal","factors":["totp","passkey"],
//	              "passkeys":[{"id","name","createdAt","lastUsedAt"?}],"session","createdAt"} | null,
//	 "setup": bool,                      nobody is an operator yet: the one-time link makes one
//	 "mfa": "required|optional|off", "dev": bool,
//	 "app": "name",                      once signed in
//	 "next": "totp|passkey|enroll"?,     a password was given and this is owed
//	 "methods": ["totp","passkey"]?, "email"?}
//
// All routes of NeedDesk want Sec-Fetch-Site: same-origin and X-Hutch-Admin: 1,
// and the cookie where they say operator. reauthentication_needed (400) wants
// POST /admin/v1/session/confirm {"password"} first. An answer of a passkey is
// what PublicKeyCredential.toJSON makes; options are for
// parseCreationOptionsFromJSON and parseRequestOptionsFromJSON.
type sessionState struct {
	auth.OperatorState
	Dev bool   `json:"dev"`
	App string `json:"app,omitempty"`
}

type signInIn struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

type confirmIn struct {
	Password string `json:"password"`
}

type setUpIn struct {
	Token    string `json:"token"`
	Email    string `json:"email,omitempty" doc:"of the first operator"`
	Password string `json:"password"`
}

// sessionAdminRoutes are the operators' way in, and out.
func sessionAdminRoutes() []*Route {
	const at = "/admin/v1/session"
	get, post, del := http.MethodGet, http.MethodPost, http.MethodDelete
	return desk(
		&Route{Method: get, Path: at, About: "who is signed in, or what sign-in asks for", handle: sessionGet, Out: sessionState{}},
		&Route{Method: post, Path: at, About: "sign in: {email, password}", handle: sessionBegin, In: signInIn{}, Out: sessionState{}},
		&Route{Method: del, Path: at, About: "sign out", handle: sessionEnd},
		&Route{Method: post, Path: at + "/totp", About: "a code of the authenticator app: {code}", handle: sessionTOTP, In: codeIn{}, Out: sessionState{}},
		&Route{Method: post, Path: at + "/passkey/options", About: "ask for a passkey, with a password before or without", handle: sessionPasskeyOptions, In: nothingIn{}, Bare: true, Out: auth.OperatorChallenge{}},
		&Route{Method: post, Path: at + "/passkey/verify", About: "its answer: {challengeId, credential}", handle: sessionPasskey, In: passkeyAnswer{}, Out: sessionState{}},
		&Route{Method: post, Path: at + "/confirm", About: "prove the password again: {password}", handle: sessionConfirm, In: confirmIn{}, Out: sessionState{}},
		&Route{Method: post, Path: "/admin/v1/setup", About: "use a one-time link: {token, password, email (first operator)}", handle: setUp, In: setUpIn{}, Out: sessionState{}},
	)
}

// desk completes rows that only the dashboard asks, signed in or not.
func desk(rows ...*Route) []*Route {
	for _, r := range rows {
		r.Need, r.Query, r.BodyLimit = NeedDesk, []string{}, authBodySize
	}
	return rows
}

// operators is who signs in here; NeedDesk has seen that there are some.
func (r *request) operators() Operators { return r.srv.o.Desk.Operators }

func (r *request) sendState(s auth.OperatorState) error {
	out := sessionState{OperatorState: s, Dev: r.srv.o.Dev}
	if s.Operator != nil {
		out.App = r.srv.o.Desk.App
	}
	return r.sendJSON(out, nil)
}

// entered answers a step of a sign-in and keeps its token in the cookie.
func (r *request) entered(e *auth.Entered, err error) error {
	if err != nil {
		return err
	}
	r.setDesk(e.Token, e.Ends)
	return r.sendState(e.State)
}

func sessionGet(r *request) error {
	s, err := r.operators().State(r.ctx, r.deskToken())
	if err != nil {
		return err
	}
	return r.sendState(s)
}

func sessionBegin(r *request) error {
	var in signInIn
	if err := r.bind(&in); err != nil {
		return err
	}
	return r.entered(r.operators().SignIn(r.ctx, in.Email, in.Password, r.whence()))
}

func sessionEnd(r *request) error {
	if token := r.deskToken(); token != "" {
		if err := r.operators().SignOut(r.ctx, token); err != nil {
			return err
		}
	}
	r.setDesk("", r.start)
	r.empty(http.StatusNoContent)
	return nil
}

func sessionTOTP(r *request) error {
	var in codeIn
	if err := r.bind(&in); err != nil {
		return err
	}
	return r.entered(r.operators().ProveTOTP(r.ctx, r.deskToken(), in.Code, r.whence()))
}

func sessionPasskeyOptions(r *request) error {
	if err := r.bind(&struct{}{}); err != nil {
		return err
	}
	out, err := r.operators().PasskeyOptions(r.ctx, r.deskToken(), r.whence())
	return r.sendJSON(out, err)
}

// passkeyAnswer is the answer of an authenticator.
type passkeyAnswer struct {
	ChallengeID string          `json:"challengeId"`
	Credential  json.RawMessage `json:"credential"`
}

func sessionPasskey(r *request) error {
	var in passkeyAnswer
	if err := r.bind(&in); err != nil {
		return err
	}
	return r.entered(r.operators().ProvePasskey(r.ctx, r.deskToken(), in.ChallengeID, in.Credential, r.whence()))
}

func sessionConfirm(r *request) error {
	var in confirmIn
	if err := r.bind(&in); err != nil {
		return err
	}
	return r.entered(r.operators().Confirm(r.ctx, r.deskToken(), in.Password, r.whence()))
}

func setUp(r *request) error {
	var in setUpIn
	if err := r.bind(&in); err != nil {
		return err
	}
	if in.Token == "" {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "token", Message: "token is missing"}
	}
	return r.entered(r.operators().SetUp(r.ctx, in.Token, in.Email, in.Password, r.whence()))
}
