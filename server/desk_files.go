package server

import (
	"io/fs"
	"net/http"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/internal/history"
)

// deskPage answers what the table has no row for at the dashboard's origin; done
// is false where the app may.
func (r *request) deskPage(path string) (done bool) {
	if !r.desk || r.srv.files == nil {
		return r.deskOnly() && r.deskMissing()
	}
	method := string(r.fctx.Method())
	get := method == http.MethodGet || method == http.MethodHead
	switch {
	case path == "/_", path == "/" && r.deskOnly():
		if !get {
			return r.deskMissing()
		}
		r.route = r.srv.deskRoute
		r.header([]byte("Location"), []byte(deskPath))
		r.empty(http.StatusFound)
		return true
	case !strings.HasPrefix(path, deskPath):
		return r.deskOnly() && r.deskMissing()
	case !get:
		r.notAllowed()
		return true
	}
	r.route = r.srv.deskRoute
	name := strings.TrimPrefix(path, deskPath)
	a, err := r.srv.files.file(name)
	if err == nil && a == nil && !strings.Contains(name[strings.LastIndexByte(name, '/')+1:], ".") { // a page of its own making
		a, err = r.srv.files.file("index.html")
	}
	switch {
	case err != nil:
		r.fail(err)
	case a == nil:
		r.fail(notFound())
	default:
		r.header(hdrCSP, deskCSP)
		r.sendAsset(a)
	}
	return true
}

func (r *request) deskMissing() bool {
	r.fail(notFound())
	return true
}

var deskCSP = []byte("default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")

// openDesk reads the dashboard's files, which are few and do not change.
func (s *Server) openDesk() error {
	s.deskRoute = &Route{Method: http.MethodGet, Path: deskPath, Service: ServiceAdmin, Name: history.Dashboard}
	s.stats.add(s.deskRoute)
	d := &s.o.Desk
	d.Host = strings.ToLower(d.Host)
	if d.Operators == nil || d.Files == nil {
		return nil
	}
	built := map[string][]byte{}
	err := fs.WalkDir(d.Files, ".", func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		built[p], err = fs.ReadFile(d.Files, p)
		return err
	})
	if err != nil {
		return hutch.Errorf(hutch.Internal, "reading the dashboard: %w", err)
	}
	s.files, err = openWeb(Web{Built: built}, s.o.Dev)
	return err
}
