package rules

import (
	"maps"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// collection compiles the rules of one collection.
func (c *compiler) collection(in *Collection) {
	out := &collection{name: in.Name, scan: in.Scan}
	c.set.colls[in.Name] = out
	sch := newSchemaTypes(in.Name, in.Schema)
	keys := append([]string{"read", "write"}, "get", "list", "create", "update", "delete")
	for _, key := range slices.Sorted(maps.Keys(in.Access)) {
		if !slices.Contains(keys, key) {
			c.reportf(in.Access[key], didYouMean(key, keys), "access has no key %q", key)
		}
	}
	type done struct {
		key   string
		class envClass
	}
	compiled := map[done]*rule{}
	for n, k := range ruleKeys {
		key := k.key
		e, ok := in.Access[key]
		if !ok {
			key = k.wide
			if e, ok = in.Access[key]; !ok {
				continue
			}
		}
		class := classOf(n)
		list := n == ruleList || key == "read"
		if r := compiled[done{key, class}]; r != nil {
			out.rules[n] = r
			continue
		}
		what := in.Name + "." + key
		if key == "write" {
			what += " (" + k.key + ")"
		}
		env, vars := c.envs.of(class, sch)
		r := c.compile(env, e, what, &options{
			fields: sch.field, colls: c.names, list: list, words: c.words(vars, sch.names()),
		})
		if r == nil {
			continue
		}
		if r.root != nil {
			r.constant = constantOf(r.root)
		}
		if list && len(r.inexact) > 0 && in.Scan <= 0 {
			c.inexact(e, what, key, r)
		}
		compiled[done{key, class}], out.rules[n] = r, r
	}
	out.preset = c.assigns(in, sch, "preset", in.Preset)
	out.defaults = c.assigns(in, sch, "default", in.Default)
	c.fixed(in, out)
}

// inexact reports the parts of a list rule that no filter can say.
func (c *compiler) inexact(e hutch.Expr, what, key string, r *rule) {
	hint := "with scan: N a page examines N documents one by one and says partial"
	if key == "read" {
		hint += "; or write get: and list: apart"
	}
	for _, f := range r.inexact {
		f.msg, f.hint = "a list rule must be a filter: "+f.msg, hint
		c.report(e, what, []finding{f})
	}
}

// assigns compiles preset or default.
func (c *compiler) assigns(in *Collection, sch *schemaTypes, what string, exprs map[string]hutch.Expr) (out []assign) {
	if len(exprs) == 0 {
		return nil
	}
	class := classPreset
	if what == "default" {
		class = classDefault
	}
	env, vars := c.envs.of(class, sch)
	for _, path := range slices.Sorted(maps.Keys(exprs)) {
		e := exprs[path]
		name := in.Name + "." + what + "." + path
		if !ownPath(path) {
			c.reportf(e, "", "%s: %q is no path of a field", in.Name+"."+what, path)
			continue
		}
		if other := overlap(path, exprs); other != "" {
			c.reportf(e, "", "%s: %s is inside %s", in.Name+"."+what, path, other)
			continue
		}
		r := c.compile(env, e, name, &options{fields: sch.field, colls: c.names, value: true, words: c.words(vars, sch.names())})
		if r != nil {
			out = append(out, assign{path: strings.Split(path, "."), rule: r, copy: isPath(r.value)})
		}
	}
	return out
}

// isPath reports whether a value is that of a field as it stands.
func isPath(t term) bool {
	if k, ok := t.(kept); ok {
		t = k.t
	}
	_, ok := t.(*path)
	return ok
}

// overlap is another path that path lies in.
func overlap(path string, exprs map[string]hutch.Expr) string {
	for other := range exprs {
		if strings.HasPrefix(path, other+".") {
			return other
		}
	}
	return ""
}

// ownPath: a path of the app's fields.
func ownPath(p string) bool { return validPath(p) && !strings.HasPrefix(p, "_") }

// fixed notes immutable and what a set keeps.
func (c *compiler) fixed(in *Collection, out *collection) {
	for _, p := range in.Immutable {
		if !ownPath(p) {
			c.reportf(hutch.Expr{Pos: position(in)}, "", "%s.immutable: %q is no path of a field", in.Name, p)
			continue
		}
		out.immutable = append(out.immutable, strings.Split(p, "."))
	}
	out.kept = append(out.kept, out.immutable...)
	for _, a := range out.preset {
		out.kept = append(out.kept, a.path)
	}
	out.kept = append(out.kept, []string{data.FieldID})
}

// position is a place in the collection's rules: paths of immutable have none
// of their own.
func position(in *Collection) hutch.Pos {
	for _, m := range []map[string]hutch.Expr{in.Access, in.Preset, in.Default} {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			return m[k].Pos
		}
	}
	return hutch.Pos{}
}

// constantOf is the outcome of a rule that is the same for everybody, fail if
// there is none.
func constantOf(n node) truth {
	if c, ok := n.(*nConst); ok {
		return c.v
	}
	return fail
}
