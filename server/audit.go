package server

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// auditRoute is for who keeps the audit elsewhere.
func auditRoute() *Route {
	return &Route{
		Method: http.MethodGet, Path: "/admin/v1/audit", About: "what happened to accounts, sessions and keys",
		Scope: hutch.ScopeOps, Query: []string{"since", "until", "user", "operator", "event", "requestId", "order", "after", "limit"}, handle: audit, Out: auditPage{},
	}
}

// auditPage answers it; Next is "" at the end.
type auditPage struct {
	Rows []auth.AuditRow `json:"rows"`
	Next string          `json:"next,omitempty"`
}

func audit(r *request) error {
	q := auth.AuditQuery{User: r.param("user"), Operator: r.param("operator"), Event: r.param("event"), Request: r.param("requestId"), After: r.param("after")}
	if strings.Contains(q.User, "@") && r.who.Kind != hutch.Operator { // which addresses have accounts is no business of these keys
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "user", Message: "user is the id of a user"}
	}
	for name, to := range map[string]*time.Time{"since": &q.Since, "until": &q.Until} {
		s := r.param(name)
		if s == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return &hutch.Error{Code: hutch.InvalidArgument, Field: name, Message: name + " is a time of RFC 3339"}
		}
		*to = t
	}
	switch r.param("order") {
	case "", "oldest":
	case "newest":
		q.Newest = true
	default:
		return &hutch.Error{Code: hutch.InvalidArgument, Field: "order", Message: "order is oldest or newest"}
	}
	if s := r.param("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > auth.AuditMost {
			return &hutch.Error{Code: hutch.InvalidArgument, Field: "limit", Message: "limit goes from 1 to " + strconv.Itoa(auth.AuditMost)}
		}
		q.Limit = n
	}
	rows, next, err := r.srv.o.Auth.Audit(r.ctx, q)
	if rows == nil {
		rows = []auth.AuditRow{}
	}
	return r.sendJSON(auditPage{rows, next}, err)
}
