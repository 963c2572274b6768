package config

import (
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/hutch-dev/hutch"
)

// What a table of keys cannot say: what depends on other keys or on files.

const authHint = "auth: signedIn()   # who is signed in\n    auth: \"true\"       # everyone"

func (w *walker) checks() {
	c := w.cfg
	c.PublicURL = hutch.Secret(strings.TrimSuffix(c.PublicURL.Reveal(), "/"))
	if _, err := ParseStore(c.Store.Reveal()); err != nil {
		e := hutch.AsError(err)
		w.errorf(c.Pos("store"), codeValue, e.Hint, "store: %s", e.Message)
	}
	if c.Auth.Idle > c.Auth.Max {
		w.errorf(c.Pos("auth.session"), codeValue, "", "auth.session: idle is longer than max")
	}
	w.mailChecks()
	names := c.collectionNames()
	if p := &c.Auth.Profile; p.Collection != "" {
		w.known(c.Pos("auth.profile.collection"), "auth.profile.collection", p.Collection, names)
	}
	for _, s := range c.Seeds {
		p := "seed." + s.Collection
		w.known(w.seen[p], p, s.Collection, names)
		w.exists(p, s.File)
	}
	for i := range c.Collections {
		w.exists("collections."+c.Collections[i].Name+".schema", c.Collections[i].Schema)
		w.twice(&c.Collections[i])
	}
	for i := range c.Functions {
		w.function(&c.Functions[i], names)
	}
	w.folders()
	w.routes()
}

func (c *Config) collectionNames() []string {
	names := make([]string, len(c.Collections))
	for i := range c.Collections {
		names[i] = c.Collections[i].Name
	}
	return names
}

func (w *walker) has(path string) bool { _, ok := w.seen[path]; return ok }

// known reports a collection that the config does not have.
func (w *walker) known(at hutch.Pos, path, coll string, names []string) {
	if !slices.Contains(names, coll) {
		env, hint := w.cfg.env[path], ""
		if !env {
			hint = didYouMean(coll, names)
		}
		w.errorf(at, codeReference, hint, "%s: there is no collection %s", path, show(coll, env))
	}
}

// exists reports a file that is missing or a folder.
func (w *walker) exists(path, file string) {
	if file == "" {
		return
	}
	at, env, hint := w.cfg.Pos(path), w.cfg.env[path], ""
	if !env {
		hint = w.nearFile(file)
	}
	if info, err := fs.Stat(w.fsys, file); err != nil {
		w.errorf(at, codeFile, hint, "%s: there is no file %s", path, show(file, env))
	} else if !info.Mode().IsRegular() {
		w.errorf(at, codeFile, "", "%s: %s is no file", path, show(file, env))
	}
}

// twice reports indexes with equal fields.
func (w *walker) twice(c *Collection) {
	seen := map[string]bool{}
	for i, x := range c.Indexes {
		k := strings.Join(x.Fields, ",")
		if seen[k] && k != "" {
			w.errorf(x.Pos, codeTwice, "", "collections.%s.indexes[%d]: another index has the same fields", c.Name, i)
		}
		seen[k] = true
	}
}

func (w *walker) function(f *Function, collections []string) {
	p := "functions." + f.Name
	w.exists(p+".handler", f.Handler)
	w.exists(p+".input", f.Input)
	var kinds []string
	for _, k := range []string{"call", "http", "before", "auth"} {
		if w.has(p + ".trigger." + k) {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) != 1 {
		if at := p + ".trigger"; w.has(at) && !w.bad[at] {
			w.errorf(w.cfg.Pos(p+".trigger"), codeValue, "", "%s.trigger: exactly one of call, http, before and auth", p)
		}
		return
	}
	kind := kinds[0]
	if !w.has(p+".auth") && kind != "before" && kind != "auth" {
		w.errorf(f.Pos, codeAuth, authHint, "%s: auth is missing: who may call it?", p)
	}
	refuse := func(key string, on ...string) {
		if w.has(p+"."+key) && !slices.Contains(on, kind) {
			w.errorf(w.seen[p+"."+key], codeValue, "", "%s: %s goes with %s triggers only", p, key, strings.Join(on, " and "))
		}
	}
	refuse("auth", "call", "http")
	refuse("input", "call", "http")
	refuse("idempotency", "call", "http")
	refuse("request", "http")
	refuse("trigger.collection", "before")
	if kind != "before" {
		return
	}
	before := len(w.diags)
	if at := p + ".trigger.collection"; !w.has(at) {
		w.errorf(w.cfg.Pos(p+".trigger"), codeMissing, "", "%s is missing", at)
	} else if f.Trigger.Collection != "" {
		w.known(w.cfg.Pos(at), at, f.Trigger.Collection, collections)
	}
	if at := p + ".trigger.before"; len(f.Trigger.Before) == 0 && !w.bad[at] && len(w.diags) == before {
		w.errorf(w.cfg.Pos(at), codeValue, "", "%s: name at least one of create, update, delete", at)
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// ref is a file that the config names, and what it is.
type ref struct {
	what, path string
	env        bool
}

// refs are the files that pages must not hold.
func (c *Config) refs() []ref {
	var rs []ref
	add := func(what, key, path string) {
		if path != "" {
			rs = append(rs, ref{what, path, c.env[key]})
		}
	}
	for _, f := range c.files {
		add("the config file", "", f)
	}
	for i := range c.Collections {
		x := &c.Collections[i]
		add("the schema", "collections."+x.Name+".schema", x.Schema)
	}
	for i := range c.Functions {
		f := &c.Functions[i]
		add("the handler of "+f.Name, "functions."+f.Name+".handler", f.Handler)
		add("the schema", "functions."+f.Name+".input", f.Input)
	}
	for _, s := range c.Seeds {
		add("the seed", "seed."+s.Collection, s.File)
	}
	return rs
}
