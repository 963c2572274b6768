package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
)

const maxIncluded = 1000

// Load reads hutch.yaml of fsys and what it includes; lookup is the
// environment. With errors among the findings there is no Config.
func Load(fsys fs.FS, lookup func(string) (string, bool)) (*Config, []hutch.Diagnostic) {
	w := &walker{cfg: defaults(), fsys: fsys, lookup: lookup, seen: map[string]hutch.Pos{}, bad: map[string]bool{}}
	c := w.cfg
	keys := c.keys()
	root := w.file(FileName)
	if root == nil {
		return nil, w.diags
	}
	w.fields("", root, keys)
	if broken := w.include(keys); broken != nil {
		return nil, broken
	}
	if root.kind == mapNode {
		w.missing("", hutch.Pos{File: FileName, Line: 1, Column: 1}, keys)
	}
	w.checks()
	sortDiags(w.diags, c.files)
	if Errors(w.diags) {
		return nil, w.diags
	}
	c.warnings = w.diags
	return c, w.diags
}

// file reads one file; nil with a finding where it cannot be read or parsed.
func (w *walker) file(name string) *node {
	w.cfg.files = append(w.cfg.files, name)
	f, err := w.fsys.Open(name)
	var src []byte
	if err == nil {
		src, err = io.ReadAll(io.LimitReader(f, maxFile+1))
		_ = f.Close()
	}
	if err != nil {
		msg, hint := "the file cannot be read", ""
		if errors.Is(err, fs.ErrNotExist) {
			msg = "there is no such file"
		}
		if name == FileName {
			hint = "an app folder holds a hutch.yaml; `hutch init <dir>` makes one"
		}
		w.errorf(hutch.Pos{File: name}, codeFile, hint, "%s", msg)
		return nil
	}
	return parse(name, src, w.report)
}

// include reads the included files. A file that is no YAML comes alone: its
// findings are returned.
func (w *walker) include(keys []key) (alone []hutch.Diagnostic) {
	for i, pattern := range w.cfg.Include {
		at := w.includeAt[i]
		names := []string{pattern}
		if strings.ContainsAny(pattern, "*?[") {
			found, err := fs.Glob(w.fsys, pattern)
			switch {
			case err != nil:
				w.errorf(at, codeValue, "", "include: %q is no pattern", pattern)
			case len(found) == 0:
				w.warnf(at, codeFile, "", "include: no file matches %q", pattern)
			}
			names = found
		} else if _, err := fs.Stat(w.fsys, pattern); err != nil {
			w.errorf(at, codeFile, w.nearFile(pattern), "include: there is no file %q", pattern)
			continue
		}
		for _, name := range names {
			if slices.Contains(w.cfg.files, name) {
				continue // two patterns, or hutch.yaml itself
			}
			if len(w.cfg.files) > maxIncluded {
				w.errorf(at, codeFile, "", "include: more than 1,000 files")
				return nil
			}
			before := len(w.diags)
			n := w.file(name)
			if n == nil {
				return w.diags[before:]
			}
			w.included(n, keys)
		}
	}
	return nil
}

func (w *walker) included(n *node, keys []key) {
	if n.kind == mapNode {
		for i, f := range n.fields {
			if f.key == "include" {
				w.errorf(f.pos, codeValue, "", "include stands in hutch.yaml only")
				n.fields = slices.Delete(slices.Clone(n.fields), i, i+1)
				break
			}
		}
	}
	w.fields("", n, keys)
}

// nearFile is a hint naming a file of the same folder with a similar name.
func (w *walker) nearFile(name string) string {
	entries, err := fs.ReadDir(w.fsys, path.Dir(name))
	if err != nil {
		return ""
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	if near := hutch.Nearest(path.Base(name), names); near != "" {
		return fmt.Sprintf("did you mean %q?", path.Join(path.Dir(name), near))
	}
	return ""
}
