package config

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/hutch-dev/hutch"
)

// walker fills a Config from nodes and gathers findings.
type walker struct {
	cfg    *Config
	fsys   fs.FS
	lookup func(string) (string, bool)
	seen   map[string]hutch.Pos // paths of keys and names that are defined
	bad    map[string]bool      // paths whose value was refused: no more is said of them
	diags  []hutch.Diagnostic

	includeAt []hutch.Pos // of Config.Include
}

// key is a row of the table of keys: what a mapping may hold.
type key struct {
	name, about string
	need        bool
	merge       bool   // a mapping of names that several files may add to
	kind        string // for people: "size", "a list of text"
	bounds, def string // "1KiB to 16MiB"; the default, "" where there is none
	hidden      bool   // a secret
	kids        []key  // of an object, or of each value under a name
	named       bool   // kids stand under names of the app's choice
	schema      schema
	read        func(w *walker, path string, n *node)
}

func required(k key) key { k.need = true; return k }

func (w *walker) report(d hutch.Diagnostic) { w.diags = append(w.diags, d) }

func (w *walker) errorf(pos hutch.Pos, code, hint, format string, args ...any) {
	w.report(hutch.Diagnostic{Pos: pos, Code: code, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (w *walker) warnf(pos hutch.Pos, code, hint, format string, args ...any) {
	w.report(hutch.Diagnostic{Pos: pos, Severity: hutch.SeverityWarning, Code: code, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// expected reports a value of the wrong kind; a bad node has been reported.
func (w *walker) expected(path, what string, n *node) {
	w.bad[path] = true
	if n.kind != badNode {
		w.errorf(n.pos, codeType, "", "%s: expected %s, got %s", path, what, n.describe())
	}
}

// mapping reads the fields of n by a table; at is where a missing key is told.
func (w *walker) mapping(path string, at hutch.Pos, n *node, keys []key) {
	w.fields(path, n, keys)
	if n.kind == mapNode {
		w.missing(path, at, keys)
	}
}

func (w *walker) fields(path string, n *node, keys []key) {
	if n.kind != mapNode {
		w.expected(orFile(path), "a mapping", n)
		return
	}
	for _, f := range n.fields {
		p := join(path, f.key)
		i := slices.IndexFunc(keys, func(k key) bool { return k.name == f.key })
		if i < 0 {
			w.unknown(path, f, keys)
			continue
		}
		k := keys[i]
		if first, ok := w.seen[p]; ok && !k.merge {
			w.errorf(f.pos, codeTwice, "", "%s is already defined at %s", p, first)
			continue
		} else if !ok {
			w.seen[p] = f.pos
		}
		w.cfg.pos[p] = f.value.pos
		k.read(w, p, f.value)
		if len(k.kids) == 0 {
			w.note(p, &k, f.value)
		}
	}
}

func (w *walker) missing(path string, at hutch.Pos, keys []key) {
	for _, k := range keys {
		if _, ok := w.seen[join(path, k.name)]; k.need && !ok {
			w.errorf(at, codeMissing, k.about, "%s is missing", join(path, k.name))
		}
	}
}

func (w *walker) unknown(path string, f field, keys []key) {
	w.bad[path] = true
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	where := ""
	if path != "" {
		where = " in " + path
	}
	w.errorf(f.pos, codeUnknown, didYouMean(f.key, names), "unknown key %q%s", f.key, where)
}

// names reads a mapping whose keys the app chooses; a name is told by check to
// be no name at all.
func (w *walker) names(path string, n *node, check func(string) string, read func(name string, at hutch.Pos, path string, v *node)) {
	if n.kind != mapNode {
		w.expected(path, "a mapping of names", n)
		return
	}
	for _, f := range n.fields {
		p := join(path, f.key)
		if first, ok := w.seen[p]; ok {
			w.errorf(f.pos, codeTwice, "", "%s is already defined at %s", p, first)
			continue
		}
		w.seen[p] = f.pos
		if problem := check(f.key); problem != "" {
			w.errorf(f.pos, codeValue, "", "%s: the name %q %s", path, f.key, problem)
			continue
		}
		w.cfg.pos[p] = f.value.pos
		read(f.key, f.pos, p, f.value)
	}
}

// scalar gives the text of n with variables replaced; env tells that the
// result must not be shown.
func (w *walker) scalar(path, what string, n *node) (s string, env, ok bool) {
	if n.kind != scalarNode {
		w.expected(path, what, n)
		return "", false, false
	}
	s, env, problem := expand(n.text, w.lookup)
	if env {
		w.cfg.env[path] = true
	}
	if problem != "" {
		w.errorf(n.pos, codeEnv, "", "%s: %s", path, problem)
		return "", env, false
	}
	return s, env, true
}

// literal gives the text of n where variables are not replaced.
func (w *walker) literal(path, what string, n *node) (string, bool) {
	if n.kind != scalarNode || n.style == 'n' || n.style == 'b' {
		w.expected(path, what, n)
		return "", false
	}
	if _, env, _ := expand(n.text, func(string) (string, bool) { return "", true }); env {
		w.errorf(n.pos, codeEnv, "", "%s: ${..} is not replaced here", path)
		return "", false
	}
	return n.text, true
}

// show gives a value for a message.
func show(s string, env bool) string {
	if env {
		return hutch.Secret(s).String()
	}
	if len(s) > 80 {
		s = s[:80] + ".."
	}
	return fmt.Sprintf("%q", s)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func orFile(path string) string {
	if path == "" {
		return FileName
	}
	return path
}
