package server

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

const maxForm = 8 << 10

// mailRoutes are those of mailed links and codes.
func mailRoutes() []*Route {
	get, post := http.MethodGet, http.MethodPost
	return []*Route{
		{Method: get, Path: "/auth/v1/verify", About: "the page of a mailed link; consumes nothing", handle: landing, Out: answers{http.StatusOK: page{}, http.StatusForbidden: badLink{}}, Reads: []string{"type", "token", "redirect_to"}},
		{Method: post, Path: "/auth/v1/verify", About: "use a mailed link or code", AnyType: true, handle: verify, In: verifyIn{}, Form: true, Out: answers{http.StatusOK: verified{}, http.StatusSeeOther: redirect{}, http.StatusBadRequest: badLink{}, http.StatusForbidden: badLink{}}},
		{Method: post, Path: "/auth/v1/recover", About: "mail a way to set a new password", handle: recoverPassword, In: addressIn{}, Out: nothing{}, Reads: []string{"redirect_to"}},
		{Method: post, Path: "/auth/v1/otp", About: "mail a link and a code that sign in", handle: magicLink, In: addressIn{}, Out: nothing{}, Reads: []string{"redirect_to"}},
		{Method: post, Path: "/auth/v1/magiclink", About: "the same", handle: magicLink, In: addressIn{}, Out: nothing{}, Reads: []string{"redirect_to"}},
		{Method: post, Path: "/auth/v1/resend", About: "mail a confirmation again", handle: resend, In: resendIn{}, Out: nothing{}, Reads: []string{"redirect_to"}},
		{Method: get, Path: "/auth/v1/reauthenticate", About: "mail the code that PUT user takes", Need: NeedUser, handle: reauthenticate, Out: nothing{}},
	}
}

func landing(r *request) error {
	page, err := r.srv.o.Auth.Landing(r.ctx, auth.LandingRequest{
		Type: r.param("type"), Token: r.param("token"), RedirectTo: r.param("redirect_to"),
	})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if !page.Good {
		status = hutch.OTPExpired.Status()
	}
	return r.sendPage(status, page)
}

// verify takes JSON of a client, or the form of a link's page.
func verify(r *request) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	kind, _, _ := bytes.Cut(r.head.contentType, []byte(";"))
	if equalFold(bytes.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return r.followLink(c)
	}
	if r.head.has("content-type") && !isJSON(r.head.contentType) {
		return &hutch.Error{Code: hutch.InvalidArgument, HTTP: http.StatusUnsupportedMediaType, Field: "Content-Type", Message: "the body is application/json in UTF-8"}
	}
	in, err := auth.ParseVerify(bytes.Clone(r.raw()))
	if err != nil {
		return err
	}
	out, err := r.srv.o.Auth.VerifyMailed(r.ctx, in, c)
	if err == nil && out == nil {
		return r.sendJSON(struct{}{}, nil)
	}
	return r.sendJSON(out, err)
}

// followLink answers the button of a link's page.
func (r *request) followLink(c auth.Client) error {
	form, err := url.ParseQuery(string(bytes.Clone(r.raw())))
	if len(r.raw()) > maxForm || err != nil {
		return malformed("the form cannot be read")
	}
	in := auth.LandingRequest{
		Type: form.Get("type"), Token: form.Get("token"), RedirectTo: form.Get("redirect_to"), Password: form.Get("password"),
	}
	to, err := r.srv.o.Auth.Follow(r.ctx, in, c)
	if e := hutch.AsError(err); err != nil && e.Code == hutch.ValidationFailed && (e.Field == "data" || strings.HasPrefix(e.Field, "data.")) {
		page, err := r.srv.o.Auth.Landing(r.ctx, in)
		if err != nil {
			return err
		}
		page.Problem = e.Field + ": " + e.Message
		return r.sendPage(http.StatusBadRequest, page)
	}
	switch hutch.CodeOf(err) {
	case "":
		r.goTo(http.StatusSeeOther, to)
		return nil
	case hutch.OTPExpired, hutch.ValidationFailed, hutch.EmailExists, hutch.UserBanned:
		return r.sendPage(hutch.OTPExpired.Status(), &auth.Landing{Type: in.Type, Site: r.srv.PublicURL()})
	case hutch.InvalidCredentials, hutch.ReauthenticationNeeded:
		page, e := r.srv.o.Auth.Landing(r.ctx, in)
		if e != nil {
			return e
		}
		page.Failed = true
		return r.sendPage(http.StatusBadRequest, page)
	}
	return err
}

func (r *request) mailRequest() (in auth.RecoverRequest, c auth.Client, err error) {
	if c, err = r.client(); err != nil {
		return in, c, err
	}
	in, err = auth.ParseRecover(bytes.Clone(r.raw()))
	in.Flow.Redirect = r.param("redirect_to")
	return in, c, err
}

func recoverPassword(r *request) error {
	in, c, err := r.mailRequest()
	if err == nil {
		err = r.srv.o.Auth.Recover(r.ctx, in, c)
	}
	return r.sendJSON(struct{}{}, err)
}

func magicLink(r *request) error {
	in, c, err := r.mailRequest()
	if err == nil {
		err = r.srv.o.Auth.MagicLink(r.ctx, in, c)
	}
	return r.sendJSON(struct{}{}, err)
}

func resend(r *request) error {
	in, c, err := r.mailRequest()
	if err == nil {
		err = r.srv.o.Auth.Resend(r.ctx, in, c)
	}
	return r.sendJSON(struct{}{}, err)
}

func reauthenticate(r *request) error {
	return r.sendJSON(struct{}{}, r.srv.o.Auth.Reauthenticate(r.ctx, r.credentials(), r.whence()))
}
