package rules

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Config is what hutch.yaml says about access.
type Config struct {
	Helpers     map[string]hutch.Expr // by name, or name and parameters: "member(org)"
	Collections []Collection
}

// Collection is the rules of one collection.
type Collection struct {
	Name      string
	Schema    *data.Schema          // types the expressions; nil: fields are dynamic
	Access    map[string]hutch.Expr // read write get list create update delete
	Preset    map[string]hutch.Expr // dotted path to a value, on create
	Default   map[string]hutch.Expr // dotted path to a value, on create where it is missing
	Immutable []string              // dotted paths
	Scan      int                   // documents a page may examine under a list rule that is no exact filter
}

// Set is the compiled rules of an app. It is safe for concurrent use.
type Set struct {
	colls   map[string]*collection
	rules   int
	callers callers
	clean   clean
}

var (
	_ data.Guard    = (*Set)(nil)
	_ data.RuleInfo = (*Set)(nil)
)

// The rules of a collection, in the order of collection.rules.
const (
	ruleGet = iota
	ruleList
	ruleCreate
	ruleUpdate
	ruleDelete
	ruleCount
)

var ruleKeys = [ruleCount]struct{ key, wide string }{{"get", "read"}, {"list", "read"}, {"create", "write"}, {"update", "write"}, {"delete", "write"}}

func ruleOf(op data.Op) int {
	return slices.IndexFunc(ruleKeys[:], func(k struct{ key, wide string }) bool { return k.key == string(op) })
}

type collection struct {
	name      string
	rules     [ruleCount]*rule // nil: denied
	preset    []assign
	defaults  []assign
	immutable [][]string
	kept      [][]string // preset and immutable: what a set keeps
	scan      int
}

// LooksUp implements data.RuleInfo.
func (s *Set) LooksUp(op data.Op, coll string) bool {
	c := s.colls[coll]
	switch {
	case c == nil:
		return false
	case op == data.OpSet:
		return s.LooksUp(data.OpCreate, coll) || s.LooksUp(data.OpUpdate, coll)
	}
	if n := ruleOf(op); n >= 0 && c.rules[n] != nil && c.rules[n].looksUp {
		return true
	}
	looks := func(a assign) bool { return a.rule.looksUp }
	return op == data.OpCreate && (slices.ContainsFunc(c.preset, looks) || slices.ContainsFunc(c.defaults, looks))
}

// Compile checks and compiles all rules and reports everything that is wrong
// with them at once; the Set is nil if there are errors.
func Compile(cfg Config) (*Set, []hutch.Diagnostic) {
	c := &compiler{set: &Set{colls: make(map[string]*collection, len(cfg.Collections))}, envs: newEnvs()}
	c.helpers = c.parseHelpers(cfg.Helpers)
	for i := range cfg.Collections {
		c.names = append(c.names, cfg.Collections[i].Name)
	}
	c.checkHelpers(cfg.Helpers)
	for i := range cfg.Collections {
		c.collection(&cfg.Collections[i])
	}
	if c.diags = tidy(c.diags); slices.ContainsFunc(c.diags, func(d hutch.Diagnostic) bool { return d.Severity == hutch.SeverityError }) {
		return nil, c.diags
	}
	c.set.callers.nobody = newCaller(&hutch.Principal{}, c.set.rules)
	return c.set, c.diags
}

type compiler struct {
	set     *Set
	envs    *envs
	helpers map[string]*helper
	names   []string // of collections
	diags   []hutch.Diagnostic
}

func (c *compiler) report(e hutch.Expr, what string, fs []finding) {
	for _, f := range fs {
		c.diags = append(c.diags, f.at(e, what))
	}
}

func (c *compiler) reportf(e hutch.Expr, hint, format string, a ...any) {
	c.report(e, "", []finding{{line: 1, col: 1, code: codeConfig, msg: fmt.Sprintf(format, a...), hint: hint}})
}

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
		a, fs := expand(env, h.body, c.helpers)
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
func (c *compiler) words(vars []string, fields []string) func(string) []string {
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
