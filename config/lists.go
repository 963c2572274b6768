package config

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
)

// The keys whose values have a shape of their own.

// then runs f once k has been read.
func then(k key, f func()) key {
	read := k.read
	k.read = func(w *walker, path string, n *node) { read(w, path, n); f() }
	return k
}

// object2 is an object without keys, whose presence counts.
func object2(name, about string, present func()) key { return then(object(name, about), present) }

func prefixes(name, about string, dst *[]netip.Prefix) key {
	var ss []string
	k := texts(name, about, &ss, func(s string) string {
		if _, ok := prefix(s); !ok {
			return "is no address or CIDR such as 10.0.0.0/8"
		}
		return ""
	})
	return then(k, func() {
		for _, s := range ss {
			p, _ := prefix(s)
			*dst = append(*dst, p)
		}
	})
}

func prefix(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	a = a.Unmap()
	return netip.PrefixFrom(a, a.BitLen()), true
}

func seeds(name, about string, dst *[]Seed) key {
	sch := schema{"type": "object", "additionalProperties": schema{"type": "string"}}
	return key{name: name, about: about, kind: "collections with files", merge: true, schema: sch, read: func(w *walker, path string, n *node) {
		w.names(path, n, anyText, func(coll string, _ hutch.Pos, path string, v *node) {
			if f, ok := w.text(path, v, func(s string) string { return badPath(s, ".jsonl") }); ok {
				*dst = append(*dst, Seed{coll, f})
			}
		})
	}}
}

func indexes(name, about string, dst *[]Index) key {
	var zero Index
	kids := zero.keys()
	sch := schema{"type": "array", "items": objectSchema(kids)}
	return key{name: name, about: about, kind: "list", kids: kids, schema: sch, read: func(w *walker, path string, n *node) {
		w.list(path, n, func(path string, item *node) {
			x := Index{Pos: item.pos}
			w.mapping(path, item.pos, item, x.keys())
			if len(x.Fields) > 4 {
				w.errorf(w.cfg.Pos(path+".fields"), codeValue, "", "%s: an index has 1 to 4 fields", path)
			}
			*dst = append(*dst, x)
		})
	}}
}

func (x *Index) keys() []key {
	seen := []string{}
	return []key{
		required(texts("fields", `Up to 4 fields; "-price" descends.`, &x.Fields, func(s string) string {
			f := strings.TrimPrefix(s, "-")
			if slices.Contains(seen, f) {
				return "stands twice"
			}
			seen = append(seen, f)
			return badIndexField(f)
		})),
		flag("unique", "Whether a value may stand once only.", &x.Unique),
	}
}

func access(name, about string, dst *[]Named) key {
	keys := make([]key, len(accessKeys))
	for i, op := range accessKeys {
		keys[i] = key{name: op, about: accessAbout[op], kind: "expression", schema: exprSchema(), read: func(w *walker, path string, n *node) {
			if e, ok := w.expr(path, n); ok {
				*dst = append(*dst, Named{Name: op, Pos: n.pos, Expr: e})
			}
		}}
	}
	return object(name, about, keys...)
}

var paramTypes = []string{"string", "int", "number", "bool"}

func params(name, about string, dst *[]Param) key {
	sch := schema{"type": "object", "additionalProperties": schema{"enum": withOptional(paramTypes)}}
	return key{name: name, about: about, kind: "names with types", schema: sch, read: func(w *walker, path string, n *node) {
		w.names(path, n, badParam, func(name string, _ hutch.Pos, path string, v *node) {
			s, ok := w.literal(path, "a type", v)
			if !ok {
				return
			}
			typ, optional := strings.CutSuffix(s, "?")
			if !slices.Contains(paramTypes, typ) {
				w.errorf(v.pos, codeValue, didYouMean(typ, paramTypes), "%s: %s is no type", path, show(s, false))
				return
			}
			*dst = append(*dst, Param{Name: name, Type: typ, Optional: optional})
		})
	}}
}

func withOptional(types []string) []string {
	var out []string
	for _, t := range types {
		out = append(out, t, t+"?")
	}
	return out
}

// includes is read before the walk (load.go); here it is checked only.
func includes(name, about string, dst *[]string) key {
	sch := schema{"type": "array", "items": schema{"type": "string"}}
	return key{name: name, about: about, kind: "list", schema: sch, read: func(w *walker, path string, n *node) {
		w.list(path, n, func(path string, item *node) {
			s, ok := w.literal(path, "text", item)
			if !ok {
				return
			}
			if problem := badPath(s, ".yaml", ".yml"); problem != "" {
				w.errorf(item.pos, codeValue, "", "%s: %s %s", path, show(s, false), problem)
				return
			}
			*dst = append(*dst, s)
			w.includeAt = append(w.includeAt, item.pos)
		})
	}}
}
