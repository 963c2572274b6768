package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hutch-dev/hutch"
)

// Web are the app's pages.
type Web struct {
	Dir string // its files are opened through os.Root: no symlink leaves it
	// Built are pages and bundles made from the folder, by name ("main.js",
	// "index.html"); they stand before its files.
	Built map[string][]byte
}

const (
	maxCachedFile = 4 << 20 // larger ones are read anew
	maxCached     = 64 << 20
	maxServedFile = 512 << 20
	minGzip       = 1 << 10
)

// web serves a Web.
type web struct {
	root  *os.Root
	built map[string]*asset
	dev   bool

	mu    sync.Mutex // guards the rest
	files map[string]*asset
	bytes int64
}

// asset is a file as it is answered; never changed.
type asset struct {
	kind, etag string
	body, gzip []byte
	size       int64
	mod        time.Time
}

func openWeb(o Web, dev bool) (*web, error) {
	w := &web{dev: dev, built: make(map[string]*asset, len(o.Built)), files: map[string]*asset{}}
	for name, body := range o.Built {
		w.built[name] = newAsset(name, body)
	}
	if o.Dir == "" {
		return w, nil
	}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return nil, hutch.Errorf(hutch.InvalidArgument, "opening the web folder: %w", err)
	}
	w.root = root // closed when nothing refers to it any more
	return w, nil
}

func newAsset(name string, body []byte) *asset {
	sum := sha256.Sum256(body)
	a := &asset{kind: kindOfFile(name), etag: base64.RawURLEncoding.EncodeToString(sum[:12]), body: body, size: int64(len(body))}
	if len(body) >= minGzip && compressible(a.kind) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(body); err == nil && z.Close() == nil && b.Len() < len(body)*9/10 {
			a.gzip = b.Bytes()
		}
	}
	return a
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

// file gives the asset of a name, nil where there is none to serve.
func (w *web) file(name string) (*asset, *hutch.Error) {
	if name == "" || strings.HasSuffix(name, "/") {
		name += "index.html"
	}
	if w.hidden(name) {
		return nil, nil
	}
	if a := w.built[name]; a != nil {
		return a, nil
	}
	if w.root == nil {
		return nil, nil
	}
	a, err := w.read(name)
	switch {
	case err == nil:
		return a, nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrInvalid), errors.Is(err, errEscapes):
		return nil, nil
	}
	var pe *fs.PathError
	if errors.As(err, &pe) { // a symlink out of the folder, a name too long, a file as a folder
		return nil, nil
	}
	return nil, hutch.Errorf(hutch.Internal, "reading a page: %w", err)
}

var errEscapes = errors.New("not a file to serve")

func (w *web) read(name string) (*asset, error) {
	st, err := w.root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || st.Size() > maxServedFile {
		return nil, errEscapes
	}
	w.mu.Lock()
	a := w.files[name]
	w.mu.Unlock()
	if a != nil && a.size == st.Size() && a.mod.Equal(st.ModTime()) {
		return a, nil
	}
	f, err := w.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // never waits, should a pipe have taken its place
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err = f.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, errEscapes
	}
	body, err := io.ReadAll(io.LimitReader(f, maxServedFile))
	if err != nil {
		return nil, err
	}
	a = newAsset(name, body)
	a.size, a.mod = st.Size(), st.ModTime()
	w.keep(name, a)
	return a, nil
}

// keep caches a file; a full cache starts anew.
func (w *web) keep(name string, a *asset) {
	if a.size > maxCachedFile {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if old := w.files[name]; old != nil {
		w.bytes -= int64(len(old.body) + len(old.gzip))
	}
	if w.bytes += int64(len(a.body) + len(a.gzip)); w.bytes > maxCached {
		clear(w.files)
		w.bytes = int64(len(a.body) + len(a.gzip))
	}
	w.files[name] = a
}

// hidden names are never served, whatever the folder holds.
func (w *web) hidden(name string) bool {
	if strings.ContainsAny(name, "\\\x00%") {
		return true
	}
	for i, segment := range strings.Split(name, "/") {
		if strings.HasPrefix(segment, ".") && (i > 0 || segment != ".well-known") || strings.EqualFold(segment, "node_modules") || segment == "" {
			return true
		}
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".ts", ".tsx", ".yaml", ".yml":
		return true
	case ".map":
		return !w.dev
	}
	return false
}
