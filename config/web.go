package config

import (
	"io/fs"
	"path"
	"strings"
)

// folders checks web and shared: what they hold is shown to the world, so they
// hold nothing else that the config names, and lie in no folder of such files.
func (w *walker) folders() {
	c := w.cfg
	if c.Web != "" {
		w.folder("web", c.Web)
	}
	for i, s := range c.Shared {
		p := "shared[" + itoa(i) + "]"
		w.folder(p, s)
		if c.Web != "" && (s == c.Web || within(c.Web, s)) {
			w.errorf(c.Pos(p), codeWeb, "", "%s: %q holds the web folder", p, s)
		}
	}
}

func (w *walker) folder(p, dir string) {
	at := w.cfg.Pos(p)
	if info, err := fs.Stat(w.fsys, dir); err != nil {
		w.errorf(at, codeFile, w.nearFile(dir), "%s: there is no folder %q", p, dir)
		return
	} else if !info.IsDir() {
		w.errorf(at, codeFile, "", "%s: %q is no folder", p, dir)
		return
	}
	for _, r := range w.cfg.refs() {
		home := path.Dir(r.path)
		switch {
		case within(r.path, dir):
			w.errorf(at, codeWeb, "", "%s: %q would be served: it holds %s %s", p, dir, r.what, show(r.path, r.env))
			return
		case home != "." && (home == dir || within(dir, home)):
			w.errorf(at, codeWeb, "", "%s: %q lies in the folder of %s %s", p, dir, r.what, show(r.path, r.env))
			return
		}
	}
}

// within reports whether the path p lies below dir.
func within(p, dir string) bool { return strings.HasPrefix(p, dir+"/") }

// servable reports whether the server would show a file of the web folder.
func servable(name string) bool {
	for seg := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(seg, ".") && seg != ".well-known" || seg == "node_modules" {
			return false
		}
	}
	return true
}
