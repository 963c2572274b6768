package server

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
)

const (
	corsHeaders = "authorization, apikey, content-type, idempotency-key, if-match, if-none-match, hutch-app, x-client-info, x-supabase-api-version"
	corsExposed = "ETag, Hutch-Position, X-Request-Id, Retry-After, Idempotency-Replayed, X-Supabase-Api-Version"
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE"
	corsMaxAge  = "600"
)

// origins are those that other pages may call from.
type origins struct {
	any   bool
	exact []string
	local bool // dev: localhost at any port
}

func newOrigins(list []string, dev bool) (o origins, err error) {
	o.local = dev
	for _, s := range list {
		if s == "*" {
			o.any = true
			continue
		}
		u, perr := url.Parse(s)
		if perr != nil || u.Scheme == "" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" || strings.Contains(s, "*") {
			return o, &hutch.Error{Code: hutch.InvalidArgument, Field: "cors.origins", Message: "an origin is scheme://host[:port] or *"}
		}
		o.exact = append(o.exact, strings.ToLower(s))
	}
	return o, nil
}

// allows reports whether an Origin header is listed; `null` never is.
func (o *origins) allows(origin string) bool {
	if origin == "" || origin == "null" {
		return false
	}
	if o.any || slices.Contains(o.exact, origin) {
		return true
	}
	return o.local && localOrigin(origin)
}

func localOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return false
	}
	h := u.Hostname()
	return h == "localhost" || h == "127.0.0.1" || h == "::1"
}

// cors adds the headers of an answer to another page's request.
func (r *request) cors() {
	h := &r.fctx.Response.Header
	if len(r.head.origin) == 0 || r.noCORS() || !r.parts.origins.allows(string(r.head.origin)) {
		return
	}
	if r.parts.origins.any {
		h.SetCanonical(hdrAllowOrigin, []byte("*"))
	} else {
		h.SetCanonical(hdrAllowOrigin, r.head.origin)
	}
	h.SetCanonical(hdrExpose, []byte(corsExposed))
}

// noCORS reports whether no other page may call: the admin routes, and all that
// is at the dashboard's own origin.
func (r *request) noCORS() bool { return ofAdmin(string(r.path)) || r.deskOnly() }

// preflight answers a browser's question before a request, for any path.
func (r *request) preflight() bool {
	if string(r.fctx.Method()) != http.MethodOptions || len(r.head.origin) == 0 || len(r.head.corsMethod) == 0 || r.noCORS() {
		return false
	}
	if !r.parts.origins.allows(string(r.head.origin)) {
		r.fail(&hutch.Error{Code: hutch.PermissionDenied, Field: "Origin", Message: "this origin may not call the server", Hint: "list it in cors.origins"})
		return true
	}
	h := &r.fctx.Response.Header
	h.SetCanonical([]byte("Access-Control-Allow-Methods"), []byte(corsMethods))
	h.SetCanonical([]byte("Access-Control-Allow-Headers"), []byte(corsHeaders))
	h.SetCanonical([]byte("Access-Control-Max-Age"), []byte(corsMaxAge))
	r.empty(http.StatusNoContent)
	return true
}
