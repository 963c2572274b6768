package server

import (
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/functions"
)

// parts are Parts made ready; never changed.
type parts struct {
	functions Functions
	app       appRoutes
	origins   origins
	web       *web
	docs      descriptions
	declared  []DeclaredCollection
	rules     RuleTexts
	code      []DeclaredFunction
	fns       []functions.Function
}

func (s *Server) newParts(p Parts) (next *parts, err error) {
	next = &parts{functions: p.Functions, docs: s.describe(p.App), declared: p.Declared, rules: p.Rules, code: p.Code, fns: p.App.Functions}
	if next.origins, err = newOrigins(p.CORS, s.o.Dev); err != nil {
		return nil, err
	}
	if p.Functions != nil {
		if next.app, err = s.newAppRoutes(p.Functions.Routes()); err != nil {
			return nil, err
		}
	}
	if p.Web != nil {
		if next.web, err = openWeb(*p.Web, s.o.Dev); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// appRoute is an http trigger.
type appRoute struct {
	route    *Route
	function string
	segments []string
}

// appRoutes are the app's own routes, those with fewer parameters first.
type appRoutes []appRoute

func (s *Server) newAppRoutes(list []functions.Route) (out appRoutes, err error) {
	for _, f := range list {
		if !slices.Contains(methods, f.Method) || !strings.HasPrefix(f.Path, "/") || ReservedPath(f.Path) || strings.Count(f.Path, "{") > maxParams {
			return nil, &hutch.Error{Code: hutch.InvalidArgument, Field: "functions." + f.Function, Message: "the route " + f.Method + " " + f.Path + " cannot be served"}
		}
		a := appRoute{function: f.Function, segments: strings.Split(f.Path, "/")[1:]}
		a.route = &Route{
			Method: f.Method, Path: f.Path, Service: ServiceApp, About: "function " + f.Function, BodyLimit: s.o.Limits.Body, AnyType: true,
			Once: f.Method == "POST", App: true, Name: f.Method + " " + f.Path, limit: callLimit,
		}
		_, a.route.names = fiberPath(f.Path)
		a.route.handle = func(r *request) error { return r.runHTTP(f.Function) }
		s.stats.add(a.route)
		out = append(out, a)
	}
	slices.SortStableFunc(out, func(a, b appRoute) int { return len(a.route.names) - len(b.route.names) })
	return out, nil
}

// find gives the route for a raw path and its raw parameters; the methods that
// the path has where it lacks this one.
func (rs appRoutes) find(method, path string) (found *appRoute, params [maxParams]string, methods []string) {
	for i := range rs {
		a := &rs[i]
		got, ok := a.match(path)
		if !ok {
			continue
		}
		if a.route.Method == method {
			return a, got, nil
		}
		methods = append(methods, a.route.Method)
	}
	return nil, params, methods
}

func (a *appRoute) match(path string) (params [maxParams]string, ok bool) {
	rest, n := path[1:], 0
	for i, want := range a.segments {
		segment, tail, more := strings.Cut(rest, "/")
		if more != (i < len(a.segments)-1) {
			return params, false
		}
		if strings.HasPrefix(want, "{") && segment != "" {
			params[n] = segment
			n++
		} else if want != segment {
			return params, false
		}
		rest = tail
	}
	return params, true
}
