package boot

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/rules"
	"github.com/hutch-dev/hutch/server"
)

// The codes of findings here.
const (
	codeSchema   = "schema"
	codeFunction = "function"
	codeKey      = "service_key"
	codeSeed     = "seed"
	codePages    = "pages"
)

// release is a config made ready: what a reload replaces as one.
type release struct {
	config      *config.Config
	version     string // of what rules and groups depend on
	collections []data.Collection
	rules       *rules.Set
	texts       server.RuleTexts
	allow       map[string]*rules.Bool
	functions   []functions.Function
	code        *functions.Set // functions, loaded
	pages       map[string][]byte
}

// compiler turns a config into a release and gathers what is wrong.
type compiler struct {
	fsys    fs.FS
	c       *config.Config
	schemas map[string]*data.Schema // by file; nil: it is wrong
	diags   []hutch.Diagnostic
}

func (b *compiler) errorf(at hutch.Pos, code, hint, format string, args ...any) {
	b.diags = append(b.diags, hutch.Diagnostic{Pos: at, Code: code, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// compile checks all that can be checked without a store or a process.
func compile(ctx context.Context, o *Options, c *config.Config) (*release, []hutch.Diagnostic) {
	b := &compiler{fsys: o.FS, c: c, schemas: map[string]*data.Schema{}}
	r := &release{config: c, allow: map[string]*rules.Bool{}}
	r.collections = b.collections()
	b.rules(r)
	b.code(ctx, o, r)
	b.serviceKeys(r)
	b.seeds(r)
	b.checkProviders(o)
	b.checkCaptcha(o)
	b.checkMail(o)
	b.checkProfile(r)
	r.version = b.version(r)
	if config.Errors(b.diags) {
		return nil, b.diags
	}
	return r, b.diags
}

// schema compiles a file once; nil where it is wrong, told once.
func (b *compiler) schema(at, file string) *data.Schema {
	if file == "" {
		return nil
	}
	if s, ok := b.schemas[file]; ok {
		return s
	}
	s, err := data.CompileSchema(b.fsys, file)
	if err != nil {
		b.errorf(b.c.Pos(at), codeSchema, "", "%s: %s: %s", at, file, hutch.AsError(err).Message)
		s = nil
	}
	b.schemas[file] = s
	return s
}

func (b *compiler) collections() []data.Collection {
	var out []data.Collection
	for i := range b.c.Collections {
		out = append(out, b.collection(&b.c.Collections[i]))
	}
	return out
}

func (b *compiler) collection(c *config.Collection) data.Collection {
	d := data.Collection{Name: c.Name, ServerIDs: c.ServerIDs, Schema: b.schema("collections."+c.Name+".schema", c.Schema)}
	for _, x := range c.Indexes {
		d.Indexes = append(d.Indexes, index(x))
	}
	return d
}

// index names an index by its fields: "species_-price".
func index(x config.Index) data.Index {
	out := data.Index{Name: strings.Join(x.Fields, "_"), Unique: x.Unique}
	for _, f := range x.Fields {
		path, desc := strings.CutPrefix(f, "-")
		out.Fields = append(out.Fields, data.Order{Path: path, Desc: desc})
	}
	return out
}

func (b *compiler) rules(r *release) {
	cfg := rules.Config{Helpers: exprs(b.c.Helpers)}
	for i := range b.c.Collections {
		c := &b.c.Collections[i]
		cfg.Collections = append(cfg.Collections, rules.Collection{
			Name: c.Name, Schema: b.schemas[c.Schema], Access: exprs(c.Access), Preset: exprs(c.Preset), Default: exprs(c.Default),
			Immutable: c.Immutable, Scan: int(c.Scan),
		})
	}
	set, ds := rules.Compile(cfg)
	r.rules, r.texts.Config, b.diags = set, cfg, append(b.diags, ds...)
	for i := range b.c.Functions {
		f := &b.c.Functions[i]
		if f.Auth.Text == "" {
			continue // a hook
		}
		r.texts.Functions = append(r.texts.Functions, rules.Named{Name: f.Name, Expr: f.Auth})
		allow, ds := rules.CompileBool("functions."+f.Name, f.Auth, cfg.Helpers)
		r.allow[f.Name], b.diags = allow, append(b.diags, ds...)
	}
	if b.c.Auth.Anonymous {
		b.diags = append(b.diags, rules.Anonymous(cfg.Helpers, b.judged())...)
	}
	r.texts.Diagnostics = b.diags
}

// judged are the expressions that let somebody pass.
func (b *compiler) judged() (out []rules.Named) {
	for i := range b.c.Collections {
		c := &b.c.Collections[i]
		for _, a := range c.Access {
			out = append(out, rules.Named{Name: "collections." + c.Name + ".access." + a.Name, Expr: a.Expr})
		}
	}
	for i := range b.c.Functions {
		if f := &b.c.Functions[i]; f.Auth.Text != "" {
			out = append(out, rules.Named{Name: "functions." + f.Name + ".auth", Expr: f.Auth})
		}
	}
	return out
}

func exprs(named []config.Named) map[string]hutch.Expr {
	m := make(map[string]hutch.Expr, len(named))
	for _, n := range named {
		m[n.Name] = n.Expr
	}
	return m
}

// trigger translates what config has checked.
func trigger(t *config.Trigger) functions.Trigger {
	switch {
	case t.HTTP != "":
		method, path, _ := strings.Cut(t.HTTP, " ")
		return functions.Trigger{Kind: functions.TriggerHTTP, Method: method, Path: path}
	case len(t.Before) > 0:
		out := functions.Trigger{Kind: functions.TriggerBefore, Collection: t.Collection}
		for _, op := range t.Before {
			out.Ops = append(out.Ops, data.Op(op))
		}
		return out
	case strings.HasPrefix(t.Auth, "before"):
		return functions.Trigger{Kind: functions.TriggerJudge, Event: t.Auth}
	case t.Auth != "":
		return functions.Trigger{Kind: functions.TriggerHear, Event: t.Auth}
	}
	return functions.Trigger{Kind: functions.TriggerCall}
}

// judge is the `auth:` of all functions; one without is denied.
func (r *release) judge(name string, p hutch.Principal, q data.Request, input data.Value) error {
	return r.allow[name].Allow(p, q, input)
}

// version changes with all that a rule's verdict depends on.
func (b *compiler) version(r *release) string {
	h := newDigest()
	for _, n := range b.c.Helpers {
		h.add("helper", n.Name, n.Expr.Text)
	}
	for i := range b.c.Collections {
		c := &b.c.Collections[i]
		h.add("collection", c.Name, fmt.Sprint(c.Scan, c.ServerIDs), strings.Join(c.Immutable, ","))
		for _, group := range [][]config.Named{c.Access, c.Preset, c.Default} {
			for _, n := range group {
				h.add(n.Name, n.Expr.Text)
			}
		}
		if s := b.schemas[c.Schema]; s != nil {
			h.add(string(s.JSON()))
		}
	}
	for _, f := range r.functions {
		h.add("function", f.Name, string(f.Bundle.Code))
	}
	return h.sum()
}

// admins names the functions that skip rules.
func admins(c *config.Config) []string {
	names := map[string]bool{}
	for i := range c.Functions {
		if c.Functions[i].Admin || c.Functions[i].Trigger.Auth != "" {
			names[c.Functions[i].Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
