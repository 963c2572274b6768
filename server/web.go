package server

import (
	"bytes"
	"net/http"
	"strings"
)

// Web are the app's pages.
type Web struct {
	Dir string // its files are opened through os.Root: no symlink leaves it
	// Built are pages and bundles made from the folder, by name ("main.js",
	// "index.html"); they stand before its files.
	Built map[string][]byte
}

// page answers a file of the app's pages, or the page that draws itself for
// paths of its own making; 404 where there is neither.
func (r *request) page(raw string) error {
	method := string(r.fctx.Method())
	get := method == http.MethodGet || method == http.MethodHead
	w := r.parts.web
	if w == nil {
		return notFound()
	}
	r.route = r.srv.pages
	name, err := decode(raw)
	if err != nil {
		return err
	}
	name = strings.TrimPrefix(name, "/")
	a, ferr := w.file(name)
	switch {
	case ferr != nil:
		return ferr
	case a == nil && get && !ReservedPath(raw) && acceptsHTML(r.head.accept):
		if a, ferr = w.file("index.html"); ferr != nil {
			return ferr
		}
	}
	if a == nil {
		return notFound()
	}
	if !get {
		r.notAllowed()
		return nil
	}
	r.sendAsset(a)
	return nil
}

func (r *request) sendAsset(a *asset) {
	resp := &r.fctx.Response
	body, etag := a.body, `"`+a.etag+`"`
	if a.gzip != nil {
		r.header(hdrVary, []byte("Accept-Encoding"))
		if r.fctx.Request.Header.HasAcceptEncoding("gzip") {
			body, etag = a.gzip, `"`+a.etag+`-gz"`
			resp.Header.SetCanonical([]byte("Content-Encoding"), []byte("gzip"))
		}
	}
	r.header(hdrETag, []byte(etag))
	r.header(hdrCache, valNoCache)
	if r.head.has("if-none-match") && matchTag(r.head.ifNoneMatch, etag) {
		resp.Header.Del("Content-Encoding")
		r.empty(http.StatusNotModified)
		return
	}
	resp.Header.SetContentType(a.kind)
	resp.SetBodyRaw(body)
}

func matchTag(list []byte, etag string) bool {
	for tag := range bytes.SplitSeq(list, []byte(",")) {
		tag = bytes.TrimPrefix(bytes.TrimSpace(tag), []byte("W/"))
		if string(tag) == etag || string(tag) == "*" {
			return true
		}
	}
	return false
}

// acceptsHTML reports whether Accept names text/html itself.
func acceptsHTML(accept []byte) bool {
	for kind := range bytes.SplitSeq(accept, []byte(",")) {
		kind, _, _ = bytes.Cut(kind, []byte(";"))
		if equalFold(bytes.TrimSpace(kind), "text/html") {
			return true
		}
	}
	return false
}
