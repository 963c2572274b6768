package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hutch-dev/hutch"
)

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
	if _, ok := errors.AsType[*fs.PathError](err); ok { // a symlink out of the folder, a name too long, a file as a folder
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
