package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
)

// The kinds of value a key may have; each gives a row of the table of keys.

// check says what is wrong with a value, e.g. "is empty"; "" is right.
type check func(string) string

func anyText(string) string { return "" }

func text(name, about string, dst *string, ok check) key {
	return key{name: name, about: about, kind: "text", def: *dst, schema: schema{"type": "string"}, read: func(w *walker, path string, n *node) {
		if s, ok := w.text(path, n, ok); ok {
			*dst = s
		}
	}}
}

// text reads text; numbers and booleans are not meant as such.
func (w *walker) text(path string, n *node, ok check) (string, bool) {
	if n.kind == scalarNode && (n.style == 'n' || n.style == 'b') {
		w.expected(path, "text", n)
		return "", false
	}
	s, env, good := w.scalar(path, "text", n)
	if !good {
		return "", false
	}
	if problem := ok(s); problem != "" {
		w.errorf(n.pos, codeValue, "", "%s: %s %s", path, show(s, env), problem)
		return "", false
	}
	return s, true
}

func secret(name, about string, dst *hutch.Secret, ok check) key {
	var s string
	k := text(name, about, &s, ok)
	k.def, k.hidden = dst.Reveal(), true
	read := k.read
	k.read = func(w *walker, path string, n *node) { read(w, path, n); *dst = hutch.Secret(s) }
	return k
}

// shown is a secret only where the environment holds it.
func shown(k key) key { k.def, k.hidden = "", false; return k }

// plain is text in which variables are not replaced.
func plain(name, about string, dst *string, ok check) key {
	return key{name: name, about: about, kind: "text", schema: schema{"type": "string"}, read: func(w *walker, path string, n *node) {
		s, good := w.literal(path, "text", n)
		if !good {
			return
		}
		if problem := ok(s); problem != "" {
			w.errorf(n.pos, codeValue, "", "%s: %s %s", path, show(s, false), problem)
			return
		}
		*dst = s
	}}
}

func choice(name, about string, dst *string, values ...string) key {
	return key{name: name, about: about, kind: strings.Join(values, ", "), def: *dst, schema: schema{"enum": values}, read: func(w *walker, path string, n *node) {
		s, env, ok := w.scalar(path, "one of "+strings.Join(values, ", "), n)
		switch {
		case !ok:
		case slices.Contains(values, s):
			*dst = s
		default:
			hint := "known here: " + strings.Join(values, ", ")
			w.errorf(n.pos, codeValue, hint, "%s: %s is not known", path, show(s, env))
		}
	}}
}

func flag(name, about string, dst *bool) key {
	return key{name: name, about: about, kind: "true or false", def: fmt.Sprint(*dst), schema: orVariable(schema{"type": "boolean"}), read: func(w *walker, path string, n *node) {
		s, env, ok := w.scalar(path, "true or false", n)
		switch {
		case !ok:
		case n.style != 'b' && !env || s != "true" && s != "false":
			w.errorf(n.pos, codeType, "", "%s: expected true or false, got %s", path, show(s, env))
		default:
			*dst = s == "true"
		}
	}}
}

func number(name, about string, dst *int64, least, most int64) key {
	sch := orVariable(schema{"type": "integer", "minimum": least, "maximum": most})
	return quantity(key{name: name, about: about, kind: "number", schema: sch}, "a whole number", "100", digits, dst, least, most,
		func(n int64) string { return fmt.Sprint(n) })
}

func size(name, about string, dst *int64, least, most int64) key {
	sch := orVariable(schema{"type": "string", "pattern": "^(0|[1-9][0-9]*)(B|KiB|MiB|GiB)$"})
	return quantity(key{name: name, about: about, kind: "size", schema: sch}, "a size", "64KiB or 1MiB", ParseSize, dst, least, most, formatSize)
}

func span(name, about string, dst *time.Duration, least, most time.Duration) key {
	sch := orVariable(schema{"type": "string", "pattern": "^(0|[1-9][0-9]*)(ms|s|m|h|d)$"})
	return quantity(key{name: name, about: about, kind: "time", schema: sch}, "a time", "500ms, 10s, 15m or 30d", ParseDuration, dst, least, most, formatDuration)
}

// quantity makes k a value between two bounds.
func quantity[T int64 | time.Duration](k key, what, such string, parse func(string) (T, bool), dst *T, least, most T, format func(T) string) key {
	k.bounds = format(least) + " to " + format(most)
	if *dst != 0 {
		k.def = format(*dst)
	}
	k.read = func(w *walker, path string, n *node) {
		s, env, ok := w.scalar(path, what, n)
		if !ok {
			return
		}
		v, ok := parse(s)
		switch {
		case !ok:
			w.errorf(n.pos, codeType, "", "%s: %s is not %s such as %s", path, show(s, env), what, such)
		case v < least || v > most:
			w.errorf(n.pos, codeValue, "", "%s: %s is not between %s and %s", path, show(s, env), format(least), format(most))
		default:
			*dst = v
		}
	}
	return k
}

func texts(name, about string, dst *[]string, ok check) key {
	sch := schema{"type": "array", "items": schema{"type": "string"}}
	return key{name: name, about: about, kind: "list", schema: sch, read: func(w *walker, path string, n *node) {
		w.list(path, n, func(path string, item *node) {
			s, good := w.text(path, item, ok)
			if !good {
				return
			}
			if slices.Contains(*dst, s) {
				w.errorf(item.pos, codeTwice, "", "%s stands twice", path)
				return
			}
			*dst = append(*dst, s)
		})
	}}
}

func (w *walker) list(path string, n *node, read func(path string, item *node)) {
	if n.kind != listNode {
		w.expected(path, "a list", n)
		return
	}
	for i, item := range n.items {
		p := path + "[" + strconv.Itoa(i) + "]"
		w.cfg.pos[p] = item.pos
		read(p, item)
	}
}

// file is a path inside the app folder; that the file exists is checked once
// all is read.
func file(name, about string, dst *string, ends ...string) key {
	k := text(name, about, dst, func(s string) string { return badPath(s, ends...) })
	k.kind = "file"
	return k
}

func expression(name, about string, dst *hutch.Expr) key {
	return key{name: name, about: about, kind: "expression", schema: exprSchema(), read: func(w *walker, path string, n *node) {
		if e, ok := w.expr(path, n); ok {
			*dst = e
		}
	}}
}

// expr takes text, true, false and numbers; variables are not replaced in it.
func (w *walker) expr(path string, n *node) (hutch.Expr, bool) {
	switch {
	case n.kind == nullNode, n.kind == scalarNode && strings.TrimSpace(n.text) == "":
		w.errorf(n.pos, codeType, `write "true" for everyone, "false" for nobody, or leave the key out`,
			"%s: an expression is missing", path)
		return hutch.Expr{}, false
	case n.kind != scalarNode:
		w.expected(path, "an expression", n)
		return hutch.Expr{}, false
	}
	return hutch.Expr{Text: n.text, Pos: n.first}, true
}

func expressions(name, about string, dst *[]Named, ok check) key {
	sch := schema{"type": "object", "additionalProperties": exprSchema()}
	return key{name: name, about: about, kind: "names with expressions", merge: true, schema: sch, read: func(w *walker, path string, n *node) {
		w.names(path, n, ok, func(name string, at hutch.Pos, path string, v *node) {
			if e, ok := w.expr(path, v); ok {
				*dst = append(*dst, Named{Name: name, Pos: at, Expr: e})
			}
		})
	}}
}

// object is a mapping with keys of its own.
func object(name, about string, keys ...key) key {
	return key{name: name, about: about, kids: keys, schema: objectSchema(keys), read: func(w *walker, path string, n *node) {
		w.mapping(path, n.pos, n, keys)
	}}
}

// named is a mapping from names of the app's choice to T.
func named[T any](name, about string, dst *[]T, ok check, open func(t *T, name string, at hutch.Pos) []key) key {
	var zero T
	kids := open(&zero, "", hutch.Pos{})
	sch := schema{"type": "object", "additionalProperties": objectSchema(kids)}
	return key{name: name, about: about, kids: kids, named: true, merge: true, schema: sch, read: func(w *walker, path string, n *node) {
		w.names(path, n, ok, func(name string, at hutch.Pos, path string, v *node) {
			var t T
			keys := open(&t, name, at)
			w.mapping(path, at, v, keys)
			*dst = append(*dst, t)
		})
	}}
}
