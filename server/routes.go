package server

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// Service groups routes.
type Service string

// The services.
const (
	ServiceData      Service = "data"
	ServiceAuth      Service = "auth"
	ServiceAdmin     Service = "admin" // for operators and service keys; there is nothing for anybody else
	ServiceRealtime  Service = "realtime"
	ServiceFunctions Service = "functions"
	ServiceOps       Service = "ops"
	ServiceApp       Service = "app" // the app's own routes and pages
)

// Need says who a route is for, before rules and `auth:` judge the rest.
type Need uint8

// The needs; the zero value leaves it to rules, `auth:` or the handler.
const (
	NeedNothing Need = iota
	NeedUser         // a signed-in user
	NeedOps          // a service key of scope ops, or an operator
	NeedAuth         // a service key of scope auth, as auth judges
	NeedAdmin        // an operator, or a service key of the route's Scope; for others the path is not there
	NeedDesk         // the dashboard's own pages, whoever sits there
)

// Creds says which credentials a route looks at.
type Creds uint8

// The credentials; the zero value takes every one, and refuses bad ones.
const (
	CredsAll  Creds = iota
	CredsAuth       // left to auth, which answers in GoTrue's codes
)

// Route is a row of the table: from it come routing, 404, 405 and Allow, the
// tests over all routes and the OpenAPI document.
type Route struct {
	Method, Path string // {name} is a parameter
	Service      Service
	About        string // one line
	Need         Need
	Scope        string // with NeedAdmin: of the service keys that may, too; "": none
	Fresh        bool   // with NeedAdmin: it gives power, so operators have proven themselves a moment ago
	Creds        Creds
	BodyLimit    int64
	AnyType      bool     // bodies of any Content-Type
	Once         bool     // Idempotency-Key works
	Query        []string // the query parameters it knows; nil: any
	App          bool     // not the system's
	Name         string   // METHOD path, in logs and metrics

	// What OpenAPI says of it. In and Out are values of the types on the wire.
	In    any      // of the body; nil: none
	Bare  bool     // the body may be missing
	Form  bool     // a form may be sent, too
	Out   any      // of the answer; answers by status; nil: 204
	Reads []string // the query parameters that it reads where others pass, too

	fiber  string   // Path as Fiber spells it
	names  []string // of parameters
	handle func(*request) error
	limit  func(*request) time.Duration // a longer deadline than limits.request
	stats  *routeStats
}

// Routes is a copy of the table, for tests and documents.
func (s *Server) Routes() []Route {
	out := make([]Route, len(s.routes))
	for i, r := range s.routes {
		out[i] = *r
	}
	return out
}

// table builds the rows.
func table(l Limits) []*Route {
	none := []string{} // strict, without parameters
	get, post, put, patch, del := http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	const docs, doc = "/data/v1/docs/{collection}", "/data/v1/docs/{collection}/{id}"
	rows := []*Route{
		{Method: post, Path: docs, Service: ServiceData, About: "create a document", Once: true, Query: none, handle: createDoc, In: fieldsIn{}, Out: answers{http.StatusCreated: document{}}},
		{Method: get, Path: docs, Service: ServiceData, About: "query by URL", Query: queryNames, handle: listDocs, Out: docsPage{}},
		{Method: get, Path: doc, Service: ServiceData, About: "get a document", Query: none, handle: getDoc, Out: answers{http.StatusOK: document{}, http.StatusNotModified: nil}},
		{Method: put, Path: doc, Service: ServiceData, About: "set a document", Once: true, Query: none, handle: putDoc, In: fieldsIn{}, Out: answers{http.StatusOK: document{}, http.StatusCreated: document{}}},
		{Method: patch, Path: doc, Service: ServiceData, About: "update a document", Once: true, Query: none, handle: patchDoc, In: changesIn{}, Out: document{}},
		{Method: del, Path: doc, Service: ServiceData, About: "delete a document", Once: true, Query: none, handle: deleteDoc},
		{Method: post, Path: "/data/v1/query", Service: ServiceData, About: "query", Query: none, handle: queryDocs, In: queryIn{}, Out: docsPage{}},
		{Method: post, Path: "/data/v1/commit", Service: ServiceData, About: "write documents, all or nothing", Once: true, Query: none, handle: commitDocs, In: commitIn{}, Out: committed{}},

		{Method: get, Path: "/realtime/v1", Service: ServiceRealtime, About: "websocket", handle: upgrade, Out: answers{http.StatusSwitchingProtocols: nil}},
		{Method: post, Path: "/functions/v1/{name}", Service: ServiceFunctions, About: "call a function", Once: true, handle: callFunction, limit: callLimit, In: anything{}, Bare: true, Out: anything{}},

		{Method: get, Path: "/healthz", Service: ServiceOps, About: "alive", handle: health, Out: statusOut{}},
		{Method: get, Path: "/readyz", Service: ServiceOps, About: "ready to serve", handle: ready, Out: readyOut{}, Reads: []string{"verbose"}},
		{Method: get, Path: "/metrics", Service: ServiceOps, About: "metrics", Need: NeedOps, handle: metrics, Out: metricText{}},
		openAPIRoute(),
	}
	rows = append(rows, append(authRoutes(), adminRoutes()...)...)
	for _, r := range rows {
		r.Name = r.Method + " " + r.Path
		if r.BodyLimit == 0 {
			r.BodyLimit = l.Body
		}
		r.fiber, r.names = fiberPath(r.Path)
	}
	return rows
}

// fiberPath spells a path of the table for Fiber and lists its parameters.
func fiberPath(path string) (fiber string, names []string) {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			names = append(names, s[1:len(s)-1])
			segments[i] = ":" + s[1:len(s)-1]
		}
	}
	return strings.Join(segments, "/"), names
}

// reserved are the first segments that belong to the system: no route of the
// app and no page of its single-page app lies below them.
var reserved = []string{
	"data", "auth", "functions", "realtime", "storage", "admin", "_", ".well-known", "hutch",
	"healthz", "readyz", "metrics", "openapi.json",
}

// ReservedPath reports whether a path belongs to the system.
func ReservedPath(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return slices.Contains(reserved, first)
}

// matches reports whether a raw path has the shape of a table path.
func matches(pattern, path string) bool {
	for {
		ps, prest, pmore := strings.Cut(pattern, "/")
		ss, srest, smore := strings.Cut(path, "/")
		if ps != ss && (!strings.HasPrefix(ps, "{") || ss == "") || pmore != smore {
			return false
		}
		if !pmore {
			return true
		}
		pattern, path = prest, srest
	}
}
