package server

import (
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

// credentials are copies of what the request shows. auth decides: Authorization
// alone, where it is present, else a service key in apikey.
func (r *request) credentials() auth.Credentials {
	return auth.Credentials{
		Authorization: string(r.head.authorization), APIKey: string(r.head.apikey),
		Browser: r.head.has("origin") || r.head.has("sec-fetch-site"), Operator: r.operator(),
	}
}

// operator is who sits at the dashboard; nil for all others.
func (r *request) operator() *hutch.Principal {
	if r.who.Kind != hutch.Operator {
		return nil
	}
	p := r.who
	return &p
}

// authenticate makes the request's context with the principal in it, and
// judges what the route needs. A credential that is present and not valid is
// 401, also where a guest would be let in.
func (r *request) authenticate(route *Route) error {
	limit := r.srv.o.Limits.Request
	if route.limit != nil {
		limit = max(limit, route.limit(r))
	}
	r.life = newDeadline(r.srv.base, r.start.Add(limit), r.id)
	r.ctx = r.life
	r.named = (r.head.has("authorization") || r.head.has("apikey")) && !r.asOperator()
	if route.Creds == CredsAuth {
		if r.named { // a service key must be good, and not from a browser; all else is ignored
			if _, err := r.srv.o.Auth.Exempt(r.life, r.credentials()); err != nil {
				return err
			}
		}
		r.named = true // tokens are in the answers
		return nil
	}
	if r.head.has("authorization") && len(r.head.authorization) == 0 {
		return unauthenticated("Authorization is `Bearer <token>`")
	}
	if r.named {
		c := r.credentials()
		p, _, err := r.srv.o.Auth.Authenticate(r.life, c)
		if err != nil {
			return err
		}
		r.who = p
		r.named = p.Kind != hutch.Guest || c.Authorization != "" && !strings.HasSuffix(c.Authorization, " anon")
		r.ctx = data.WithVerified(r.ctx, r.verified())
	} else if err := r.operate(route); err != nil {
		return err
	}
	if route.Service == ServiceAdmin || r.who.Kind == hutch.Operator { // the audit tells from where
		r.ctx = auth.WithClient(r.ctx, r.whence())
	}
	r.ctx = hutch.WithPrincipal(r.ctx, r.who)
	return r.need(route.Need)
}

// need judges what the table asks of a principal; rules judge the rest.
func (r *request) need(n Need) error {
	if n == NeedUser && r.who.Kind != hutch.User {
		return unauthenticated("sign in first")
	}
	if n == NeedOps {
		return r.needOps()
	}
	if n == NeedDesk {
		r.named = true // cookies are in the answers
		return r.fromDesk()
	}
	if n == NeedAdmin {
		return r.needAdmin(r.route.Scope)
	}
	return nil
}

// needAdmin lets operators pass, and service keys of a scope. Who is neither is
// told that there is no such path, but at the dashboard that they are to sign in.
func (r *request) needAdmin(scope string) error {
	switch {
	case r.who.Kind == hutch.Operator:
		if r.route.Fresh {
			return r.recent()
		}
		return nil
	case r.desk && r.who.IsGuest():
		return unauthenticated("sign in to the dashboard")
	case r.desk && r.who.Kind != hutch.Service:
		return &hutch.Error{Code: hutch.PermissionDenied, Message: "this needs an operator"}
	case r.who.Kind != hutch.Service:
		return notFound()
	case scope == "":
		return &hutch.Error{Code: hutch.PermissionDenied, Message: "this needs an operator"}
	case slices.Contains(r.who.Scopes, scope):
		return nil
	}
	return &hutch.Error{Code: hutch.PermissionDenied, Message: "this needs a service key of scope " + scope}
}

// recent refuses operators whose last proof is too old: who finds a dashboard
// open takes no power from it that outlives the session.
// reauthentication_needed.
func (r *request) recent() error {
	if r.who.Kind != hutch.Operator {
		return nil
	}
	return r.operators().Recent(r.life, r.deskToken())
}

// needOps lets service keys of scope ops pass, and operators.
func (r *request) needOps() error {
	const why = "this needs a service key of scope ops"
	switch {
	case r.who.IsGuest():
		return unauthenticated(why)
	case r.who.Kind == hutch.Operator, r.who.Kind == hutch.Service && slices.Contains(r.who.Scopes, hutch.ScopeOps):
		return nil
	}
	return &hutch.Error{Code: hutch.PermissionDenied, Message: why}
}

func unauthenticated(why string) *hutch.Error {
	return &hutch.Error{Code: hutch.Unauthenticated, Message: why}
}
