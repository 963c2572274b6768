package rules

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"

	"github.com/hutch-dev/hutch"
)

var helperName = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_]*)\s*(?:\(\s*([A-Za-z0-9_,\s]*)\))?$`)

// parseHelpers reads the names of helpers and their parameters.
func (c *compiler) parseHelpers(in map[string]hutch.Expr) map[string]*helper {
	out := make(map[string]*helper, len(in))
	for _, key := range slices.Sorted(maps.Keys(in)) {
		e := in[key]
		m := helperName.FindStringSubmatch(strings.TrimSpace(key))
		if m == nil {
			c.reportf(e, "a helper is a name, or a name and its parameters: member(org)", "%q is no name of a helper", key)
			continue
		}
		name := m[1]
		h := &helper{body: e.Text}
		for p := range strings.SplitSeq(m[2], ",") {
			if p = strings.TrimSpace(p); p != "" {
				h.params = append(h.params, p)
			}
		}
		_, twice := out[name]
		switch {
		case twice:
			c.reportf(e, "", "helper %s is defined twice", name)
			continue
		case reserved[name] || functions[name] != nil || later[name] != "" || c.envs.taken(name):
			c.reportf(e, "choose another name", "%q already has a meaning", name)
			continue
		}
		if i := slices.IndexFunc(h.params, func(p string) bool { return reserved[p] || !plainName.MatchString(p) }); i >= 0 {
			c.reportf(e, "choose another name", "parameter %q of %s is no name, or already has a meaning", h.params[i], name)
			continue
		}
		if s := slices.Sorted(slices.Values(h.params)); len(slices.Compact(s)) != len(h.params) {
			c.reportf(e, "", "%s has two parameters of one name", name)
			continue
		}
		out[name] = h
	}
	return out
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// checkHelpers compiles each helper by itself, so that mistakes show where they
// are made, also in one that nothing calls.
func (c *compiler) checkHelpers(in map[string]hutch.Expr) {
	for _, key := range slices.Sorted(maps.Keys(in)) {
		m := helperName.FindStringSubmatch(strings.TrimSpace(key))
		if m == nil {
			continue
		}
		h, ok := c.helpers[m[1]]
		if !ok || h.body != in[key].Text {
			continue
		}
		env := c.envs.helper(h.params)
		a, fs := expand(env, h.body, c.helpers, nil)
		if a != nil {
			if _, iss := env.Check(a); iss.Err() != nil {
				fs = explain(iss, c.words(h.params, nil))
			}
		}
		c.report(in[key], "", fs)
	}
}

// words are the names that an unknown one may have meant: variables, helpers
// and functions, or the fields of a schema.
func (c *compiler) words(vars, fields []string) func(string) []string {
	return func(field string) []string {
		if field != "" {
			return append(slices.Clone(fields), authFields...)
		}
		out := append(slices.Clone(vars), slices.Collect(maps.Keys(c.helpers))...)
		out = append(out, slices.Collect(maps.Keys(functions))...)
		return append(out, "size", "has", "timestamp", "duration")
	}
}

// compile compiles one expression and numbers its rule; nil when it is wrong.
func (c *compiler) compile(env *cel.Env, e hutch.Expr, what string, opt *options) *rule {
	opt.helpers = c.helpers
	if strings.TrimSpace(e.Text) == "" {
		c.reportf(e, `write "true" for everyone, or leave the key out to deny`, "%s is empty", what)
		return nil
	}
	r, fs := compile(env, e.Text, opt)
	c.report(e, what, fs)
	if r == nil {
		return nil
	}
	r.number = c.set.rules
	c.set.rules++
	return r
}
