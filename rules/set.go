package rules

import (
	"fmt"
	"slices"

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
