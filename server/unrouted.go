package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
)

// unrouted answers what the table has no row for: another method of a row's
// path, the app's routes, its pages, 404.
func (r *request) unrouted() {
	path := string(r.path)
	if r.desk && !ofAdmin(path) && (r.deskOnly() && len(r.allowed(path)) == 0 || strings.HasPrefix(path, "/_")) && r.deskPage(path) {
		return
	}
	if allow := r.allowed(path); len(allow) > 0 && !ofAdmin(path) {
		r.notAllowed()
		return
	}
	if ReservedPath(path) && !strings.HasPrefix(path, "/.well-known/") {
		r.fail(notFound())
		return
	}
	if app, params, methods := r.parts.app.find(string(r.fctx.Method()), path); app != nil {
		r.route, r.params = app.route, params
		r.serve()
		return
	} else if len(methods) > 0 {
		r.notAllowed()
		return
	}
	if err := r.page(path); err != nil {
		r.fail(err)
	}
}

// allowed lists the methods that the table has for a path.
func (r *request) allowed(path string) (methods []string) {
	for _, route := range r.srv.routes {
		if matches(route.Path, path) {
			methods = append(methods, route.Method)
			if route.Method == http.MethodGet {
				methods = append(methods, http.MethodHead)
			}
		}
	}
	return methods
}

// notAllowed answers 405 with the methods that the path has.
func (r *request) notAllowed() {
	path := string(r.path)
	allow := r.allowed(path)
	if len(allow) == 0 && !ReservedPath(path) {
		_, _, allow = r.parts.app.find("", path)
	}
	if len(allow) == 0 {
		allow = []string{http.MethodGet, http.MethodHead}
	}
	slices.Sort(allow)
	r.fail(&hutch.Error{Code: hutch.InvalidArgument, HTTP: http.StatusMethodNotAllowed, Message: "this path does not take that method"})
	r.header(hdrAllow, []byte(strings.Join(slices.Compact(allow), ", ")))
}

// ofAdmin reports whether a path is for service keys only: no page calls it, and
// nobody else learns what is there.
func ofAdmin(path string) bool { return strings.HasPrefix(path, "/admin/") }

func notFound() *hutch.Error { return &hutch.Error{Code: hutch.NotFound, Message: "no such path"} }
