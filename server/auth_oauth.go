package server

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/hutch-dev/hutch/auth"
)

const maxCallback = 8 << 10

// oauthRoutes are those of sign-in at providers.
func oauthRoutes() []*Route {
	get, post, del := http.MethodGet, http.MethodPost, http.MethodDelete
	return []*Route{
		{Method: get, Path: "/auth/v1/authorize", About: "sign in at a provider", handle: authorize, Out: answers{http.StatusFound: redirect{}}, Reads: flowReads},
		{Method: get, Path: "/auth/v1/callback", About: "where providers send the browser", handle: callback, Out: answers{http.StatusFound: redirect{}}, Reads: []string{"state", "code", "iss", "error", "name"}},
		{Method: post, Path: "/auth/v1/callback", About: "the same, as a form", AnyType: true, handle: callbackForm, In: anything{}, Form: true, Out: answers{http.StatusSeeOther: redirect{}}},
		{Method: get, Path: "/auth/v1/user/identities/authorize", About: "link an identity of a provider", Need: NeedUser, handle: linkIdentity, Out: answers{http.StatusOK: urlOut{}, http.StatusFound: redirect{}}, Reads: append([]string{"skip_http_redirect"}, flowReads...)},
		{Method: del, Path: "/auth/v1/user/identities/{id}", About: "unlink an identity", Need: NeedUser, handle: unlinkIdentity, Out: nothing{}},
	}
}

// flowReads are the parameters of flow.
var flowReads = []string{"provider", "redirect_to", "code_challenge", "code_challenge_method", "scopes", "prompt", "login_hint", "ticket"}

// param is a query parameter; "" where it is absent.
func (r *request) param(name string) string {
	s, _ := r.queryParam(name)
	return s
}

func (r *request) flow() auth.AuthorizeRequest {
	return auth.AuthorizeRequest{
		Provider: r.param("provider"), RedirectTo: r.param("redirect_to"),
		Challenge: r.param("code_challenge"), ChallengeMethod: r.param("code_challenge_method"),
		Scopes: r.param("scopes"), Prompt: r.param("prompt"), LoginHint: r.param("login_hint"), Ticket: r.param("ticket"),
	}
}

func authorize(r *request) error {
	if to := r.otherLoopback(); to != "" {
		r.goTo(http.StatusFound, to)
		return nil
	}
	c, err := r.client()
	if err != nil {
		return err
	}
	step, err := r.srv.o.Auth.Authorize(r.ctx, r.flow(), c)
	return r.step(step, err)
}

// otherLoopback is the same address under the public URL's name of this machine:
// a cookie of localhost would not come back to 127.0.0.1, where the provider
// sends the browser.
func (r *request) otherLoopback() string {
	public, err := url.Parse(r.srv.PublicURL())
	if err != nil || !localName(public.Hostname()) {
		return ""
	}
	here, err := url.Parse("http://" + r.host())
	if err != nil || !localName(here.Hostname()) || here.Hostname() == strings.ToLower(public.Hostname()) || here.Port() != public.Port() {
		return ""
	}
	return public.Scheme + "://" + public.Host + "/auth/v1/authorize?" + string(r.query)
}

func localName(host string) bool {
	return strings.EqualFold(host, "localhost") || host == "127.0.0.1" || host == "::1"
}

func callback(r *request) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	step, err := r.srv.o.Auth.Callback(r.ctx, auth.CallbackRequest{
		State: r.param("state"), Code: r.param("code"), Issuer: r.param("iss"), Error: r.param("error"), Name: r.param("name"),
		Cookie: func(name string) string { return string(r.fctx.Request.Header.Cookie(name)) },
	}, c)
	return r.step(step, err)
}

// callbackForm turns a provider's form into a GET: a form of another site
// carries no SameSite cookie, the browser's way on from it does.
func callbackForm(r *request) error {
	form, err := url.ParseQuery(string(bytes.Clone(r.raw())))
	if len(r.raw()) > maxCallback || err != nil {
		return malformed("the form cannot be read")
	}
	q := url.Values{}
	for _, name := range []string{"state", "code", "iss", "error"} {
		if v := form.Get(name); v != "" {
			q.Set(name, v)
		}
	}
	if name := auth.FormName(form.Get("user")); name != "" {
		q.Set("name", name)
	}
	r.goTo(http.StatusSeeOther, "/auth/v1/callback?"+q.Encode())
	return nil
}

func linkIdentity(r *request) error {
	c, err := r.client()
	if err != nil {
		return err
	}
	to, err := r.srv.o.Auth.LinkIdentity(r.ctx, r.credentials(), r.flow(), c)
	if err != nil {
		return err
	}
	if skip, _ := strconv.ParseBool(r.param("skip_http_redirect")); skip {
		return r.sendJSON(map[string]string{"url": to}, nil)
	}
	r.goTo(http.StatusFound, to)
	return nil
}

func unlinkIdentity(r *request) error {
	return r.sendJSON(struct{}{}, r.srv.o.Auth.Unlink(r.ctx, r.credentials(), r.params[0]))
}

// step sends the browser on, with the cookie that binds a flow to it.
func (r *request) step(s *auth.Step, err error) error {
	if err != nil {
		return err
	}
	if s.Cookie.Name != "" {
		r.fctx.Response.Header.Add("Set-Cookie", cookieLine(s.Cookie))
	}
	r.goTo(http.StatusFound, s.Location)
	return nil
}

func cookieLine(c auth.Cookie) string {
	life := int(c.Life.Seconds())
	if c.Value == "" {
		life = 0
	}
	line := c.Name + "=" + c.Value + "; Path=/; Max-Age=" + strconv.Itoa(life) + "; HttpOnly; SameSite=Lax"
	if c.Secure {
		line += "; Secure"
	}
	return line
}

// goTo answers a redirect; auth has judged where to.
func (r *request) goTo(status int, to string) {
	r.empty(status)
	r.header([]byte("Location"), []byte(to))
}
