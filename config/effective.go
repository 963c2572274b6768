package config

import (
	"slices"
	"strconv"
	"strings"

	"github.com/hutch-dev/hutch"
)

// Source says where the value of a key came from.
type Source string

// The sources.
const (
	FromFile        Source = "file"
	FromDefault     Source = "default"
	FromEnvironment Source = "environment"
	FromFlag        Source = "flag"
)

// Value is one value of the effective config, as operators may see it.
type Value struct {
	Path   string
	Text   string // REDACTED where it is Hidden; "" for nothing
	Hidden bool   // of a secret, or of the environment
	Source Source
	Pos    hutch.Pos // where a file says it
	Names  []string  // of variables, or of the flag
}

// Effective lists every key that has a value or a default, in the order of the
// table of keys. No secret is in it, and nothing that the environment holds.
func (c *Config) Effective() []Value { return c.effective("", c.keys()) }

// Warnings are the findings of Load, none of them an error.
func (c *Config) Warnings() []hutch.Diagnostic { return c.warnings }

// Overrule says that a variable or flag gave a key its value, over the files.
func (c *Config) Overrule(path string, by Source, name, text string) {
	v := Value{Path: path, Text: text, Source: by, Names: []string{name}}
	if by == FromEnvironment {
		v.hide()
	}
	c.values = slices.DeleteFunc(c.values, func(v Value) bool { return v.Path == path })
	c.values = append(c.values, v)
}

func (v *Value) hide() { v.Text, v.Hidden = hutch.Secret(v.Text).String(), true }

func (c *Config) effective(parent string, keys []key) (out []Value) {
	for _, k := range keys {
		path := join(parent, k.name)
		if len(k.kids) > 0 && !k.named && k.kind == "" {
			out = append(out, c.effective(path, k.kids)...)
			continue
		}
		before := len(out)
		for _, v := range c.values {
			if rest, ok := strings.CutPrefix(v.Path, path); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
				out = append(out, v)
			}
		}
		if len(out) == before && !k.named {
			v := Value{Path: path, Text: k.def, Source: FromDefault}
			if k.hidden && v.Text != "" {
				v.hide()
			}
			out = append(out, v)
		}
	}
	return out
}

// note keeps what a file says of a key, for Effective.
func (w *walker) note(path string, k *key, n *node) {
	switch n.kind {
	case mapNode:
		for _, f := range n.fields {
			w.note(join(path, f.key), k, f.value)
		}
		if len(n.fields) > 0 {
			return
		}
	case listNode:
		for i, item := range n.items {
			w.note(path+"["+strconv.Itoa(i)+"]", k, item)
		}
		if len(n.items) > 0 {
			return
		}
	}
	v := Value{Path: path, Text: n.text, Source: FromFile, Pos: n.pos}
	switch {
	case w.cfg.env[path]:
		v.Source, v.Names = FromEnvironment, variables(n.text)
		v.hide()
	case k.hidden:
		v.hide()
	case n.kind == mapNode:
		v.Text = "{}"
	case n.kind == listNode:
		v.Text = "[]"
	}
	w.cfg.values = append(w.cfg.values, v)
}

// variables are the names in the ${..} of s.
func variables(s string) (names []string) {
	for {
		_, rest, found := strings.Cut(s, "${")
		inside, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			return names
		}
		name, _, _ := strings.Cut(inside, ":-")
		names, s = append(names, name), after
	}
}
