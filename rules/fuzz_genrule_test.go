package rules

// The fuzzer's generator: rules and helpers. It reuses names on purpose and
// mixes what filters can say with what only cel-go evaluates.

import (
	"encoding/json"
	"fmt"
	"strings"
)

// names that helpers and rules share, so that each can capture the other's.
var loopNames = []string{"r", "i", "v"}

// in is what is visible where an expression is generated.
type in struct {
	vars  []string // comprehension variables
	param []string // of the helper
	help  int      // helpers below this number may be called
	quant int
	doc   bool // may read the document
}

func (c in) with(v string) in {
	c.vars = append(append([]string(nil), c.vars...), v)
	c.quant++
	return c
}

// fresh picks a name for a new variable; a visible one is a load error, so rarely.
func (g *gen) fresh(c in) string {
	for try := 0; ; try++ {
		n := g.pick(loopNames...)
		if !strings.Contains(","+strings.Join(append(c.vars, c.param...), ",")+",", ","+n+",") || try > 20 {
			return n
		}
	}
}

func (g *gen) ground() string {
	return g.pick(quote(strs[g.n(len(strs))]), quote(strs[g.n(len(strs))]), "0", "1", "1.5", "2.0", "true", "false", "null", "9007199254740993", "9007199254740992.0", "9223372036854775807",
		"timestamp('2024-01-02T00:00:00Z')", "auth.uid", "auth.uid", "auth.n", "auth.vip", "auth.missing", "auth.num", "auth.num", "auth.roles", "auth.m", "[1, 'a']", "[]", "auth.m.k", "auth.roles[0]", "auth.roles[9]", "b'a'", "request.time", "request.ip", "auth.big")
}

func (g *gen) glist() string {
	return g.pick("['a','u1']", "[0, 'b', null]", "auth.roles", "auth.roles", "auth.m", "auth.n", "auth.missing", "[]", "[[1],'a']", "auth.uid", "[1.0, true]", "[9007199254740993, 0.1]", "[auth.num, auth.big]")
}

// path: a field of the document, of an element, of a claim, or a helper's argument.
func (g *gen) path(c in) string {
	if len(c.param) > 0 && g.chance(50) {
		return g.pick(c.param...)
	}
	if len(c.vars) > 0 && g.chance(65) {
		v := g.pick(c.vars...)
		return g.pick(v, v+".x", v+".y", v+".role", v+".x.y", v+"[auth.uid]", v+".?x.orValue('a')")
	}
	if !c.doc {
		return g.ground()
	}
	if c.doc && g.chance(12) {
		return g.lookup(c)
	}
	return g.rooted("resource.a", "resource.b", "resource.c", "resource.c", "resource.o.x", "resource.o.y", "resource.o.x.y", "resource.l", "resource.o[auth.uid]", "resource.o", "resource['a']", "resource.o['a.b']",
		"resource.o[auth.vip]", "resource.l[0]", "resource.l[auth.num]", "resource.?a.orValue("+g.pick("null", "'a'", "0", "false", "auth.missing")+")", "resource.items", "resource.z", "resource.t", "id")
}

// rooted picks as pick does; in rules of updates it may be the new document.
func (g *gen) rooted(s ...string) string {
	out := g.pick(s...)
	if g.mode == updating && g.chance(40) {
		out = strings.ReplaceAll(out, "resource", "next")
	}
	return out
}

// lookupID is an id to look up; in list rules one that is no document's.
func (g *gen) lookupID(c in) string {
	if c.doc && g.mode == updating && g.chance(60) {
		return g.rooted("resource.a", "resource.o.x", "resource.b", "resource.l", "id")
	}
	if c.doc && g.chance(5) { // refused at load
		return "resource.a"
	}
	return g.pick("auth.uid", "auth.roles", "auth.n", "'u1'", "'a'", "'nobody'", "auth.missing")
}

func (g *gen) lookup(c in) string {
	return "get('c', " + g.lookupID(c) + ")." + g.pick("x", "x", "y", "l", "o.x", "missing")
}

func (g *gen) cmp() string { return g.pick("==", "==", "!=", "<", "<=", ">", ">=") }

// plain tests mostly have an outcome that is no error.
func (g *gen) plain(c in) string {
	if len(c.vars) > 0 && g.chance(70) {
		v := g.pick(c.vars...)
		return g.pick(v+" == 'a'", v+" != auth.uid", v+" in auth.roles", v+".role == 'admin'", v+".x == "+g.ground(), v+".x != "+g.ground(), "has("+v+".x)", "!has("+v+".x)", "!has("+v+".role)", v+".endsWith('x')", v+".y in "+g.glist(), v+"['0'] == 'a'", v+"['0'] != "+g.ground(), "has("+v+".x) && "+v+"['0'] == 'a'", v+"[auth.uid] != 'a'", v+".x in auth.roles", "("+v+" == 'a' || "+v+".y)")
	}
	if len(c.param) > 0 && g.chance(50) {
		p := g.pick(c.param...)
		return g.pick(p+" == 'a'", p+" != auth.uid", p+" in auth.roles", p+" == auth.num")
	}
	if !c.doc {
		return g.pick("auth != null", "auth.flag", "auth.num > 1", "auth.num <= auth.big", "auth.uid == 'u1'", "'a' in auth.roles", "auth.orgs.exists(z, z.role == 'admin')")
	}
	switch {
	case g.mode == updating && g.chance(25):
		return g.pick("changed('a')", "!changed('b')", "changed('o.x')", "!changed('items.x')", "changed('items.0')", "changed('o')", "changedOnly(['a'])",
			"changedOnly(['a', 'o.x', 'c'])", "!changedOnly(['b', 'l', 'items.x'])", "changedOnly([])", "changedOnly(['a', 'b', 'c', 't', 'o', 'l'])")
	case g.chance(10):
		return g.pick("exists('c', "+g.lookupID(c)+")", "!exists('c', "+g.lookupID(c)+")", "get('c', "+g.lookupID(c)+").x == "+g.ground(), "has(get('c', auth.uid).y)", "get('c', "+g.lookupID(c)+") != null", "!(get('c', "+g.lookupID(c)+") == null)", "'a' in get('c', "+g.lookupID(c)+").l",
			"get('c', 'u1').x == resource.a", "get('c', auth.uid).l.exists(z, z == 'a')")
	case g.chance(8):
		p := g.path(c)
		return g.pick(p+".hasAny("+g.glist()+")", p+".hasAll("+g.glist()+")", "!"+p+".hasAny("+g.glist()+")", "!"+p+".hasAll("+g.glist()+")", "auth.roles.hasAny("+p+")", g.rooted("resource.l")+".hasAll(['a', 'b'])", "id == auth.uid", "id != 'u1'", "id in "+g.glist())
	}
	return g.rooted("resource.a == "+g.ground(), "resource.a != "+g.ground(), "resource.c "+g.cmp()+" "+g.pick("1", "0.5", "auth.num", "auth.big", "9007199254740993", "9007199254740992.0", "0.1"), "resource.c "+g.cmp()+" resource.b",
		"resource.t "+g.cmp()+" request.time", "'a' in resource.l", "auth.num in resource.l", "auth.uid in resource.o", "has(resource.a)", "!has(resource.o.x)", "resource.b in "+g.glist(), "resource.c in "+g.glist(), "resource.?b.orValue(false) == false", "size(resource.l) < 3", "resource.o.x != 'a'", "resource.a.endsWith('x')", "!resource.b.endsWith('x')", "resource.c != 9007199254740993")
}

func (g *gen) leaf(c in) string {
	if g.chance(55) {
		return g.plain(c)
	}
	p := g.path(c)
	switch g.n(12) {
	case 0, 1, 2:
		if g.chance(50) {
			return p + " " + g.cmp() + " " + g.ground()
		}
		return g.ground() + " " + g.cmp() + " " + p
	case 3:
		return p + " in " + g.glist()
	case 4:
		return g.ground() + " in " + p
	case 5:
		if i := strings.LastIndexAny(p, ".])"); i > 0 && p[i] == '.' && !strings.Contains(p, "?") {
			return "has(" + p + ")"
		}
		return p
	case 6:
		return p + "." + g.pick("startsWith", "endsWith", "contains") + "(" + g.pick(quote("a"), quote("b"), quote(""), quote("x"), "auth.uid", "auth.n") + ")"
	case 7:
		return p + " " + g.cmp() + " " + g.path(c)
	case 8:
		return g.opaque(c, p)
	case 9:
		return g.rooted("resource.t " + g.cmp() + " request.time")
	}
	return p
}

// opaque: what only cel-go evaluates.
func (g *gen) opaque(c in, p string) string {
	v := g.fresh(c)
	inner := c.with(v)
	if c.quant > 1 {
		return "size(" + p + ") " + g.cmp() + " " + g.pick("0", "1", "2", "auth.num")
	}
	return g.pick(
		"size("+p+") "+g.cmp()+" "+g.pick("0", "1", "2", "auth.num"),
		p+".size() "+g.cmp()+" 1",
		p+".matches('^[a-z]+$')",
		p+".filter("+v+", "+g.leafIn(inner)+").size() > 0",
		p+".map("+v+", "+v+".x) == ['a']",
		p+".exists_one("+v+", "+g.leafIn(inner)+")",
		"["+p+"] == ["+g.path(c)+"]",
		"{'k': "+p+"} == {'k': "+g.ground()+"}",
		"(auth.flag ? "+p+" : auth.uid) "+g.cmp()+" "+g.ground(),
		"size("+p+") in "+g.path(c),
		p+".filter("+v+", "+v+" in "+g.glist()+").exists("+v+", "+g.leafIn(inner)+")",
	)
}

// leafIn is a leaf of a nested test; no further quantifier.
func (g *gen) leafIn(c in) string { c.quant = 2; return g.leaf(c) }

func (g *gen) expr(d int, c in) string {
	if d > 0 {
		switch g.n(7) {
		case 0:
			return "!(" + g.expr(d-1, c) + ")"
		case 1, 2:
			return "(" + g.expr(d-1, c) + " && " + g.expr(d-1, c) + ")"
		case 3, 4:
			return "(" + g.expr(d-1, c) + " || " + g.expr(d-1, c) + ")"
		case 5:
			return "(" + g.expr(d-1, c) + " ? " + g.expr(d-1, c) + " : " + g.expr(d-1, c) + ")"
		}
	}
	switch n := g.n(14); {
	case len(c.vars) > 0 && c.help > 0 && g.chance(25): // where names can be captured
		return g.helperCall(c)
	case n == 0:
		return g.pick("auth.vip", "auth.uid == 'u1'", "auth.missing == 'x'", "true", "false", "auth.n", "auth.flag", "'a' in auth.roles", "auth.num > 0", "auth.num == auth.big", "request.time < timestamp('2024-01-02T00:00:00Z')", "size(auth.roles) > 1", "auth == null")
	case n <= 4 && c.quant < 2:
		return g.quantifier(d, c)
	case n <= 6 && c.help > 0:
		return g.helperCall(c)
	}
	return g.leaf(c)
}

func (g *gen) quantifier(d int, c in) string {
	v := g.fresh(c)
	over := []string{"auth.roles", "['a','u1', 1]", "auth.orgs", "auth.m"}
	if c.doc {
		over = append(over, "resource.items", "resource.items", "resource.items", "resource.l", "resource.l", "resource.o", "resource.a")
	}
	for _, o := range c.vars {
		over = append(over, o+".x", o)
	}
	over = append(over, c.param...)
	return g.rooted(over...) + "." + g.pick("exists", "all") + "(" + v + ", " + g.expr(min(d, 2), c.with(v)) + ")"
}

func (g *gen) helperCall(c in) string {
	h := g.n(c.help)
	if h == 0 {
		return "h0()"
	}
	args := []string{g.path(c)}
	if len(c.vars) > 0 && g.chance(60) {
		v := g.pick(c.vars...)
		args[0] = g.pick(v, v+".role", v+".x")
	}
	if h == 2 {
		args = append(args, g.ground())
	}
	return fmt.Sprintf("h%d(%s)", h, strings.Join(args, ", "))
}

// helpers: h0() reads claims, h1(p) its argument, h2(p, q) both and the document;
// each uses the loop names that its callers use.
func (g *gen) helpers() map[string]*helper {
	if k := &g.kept[g.mode]; k.left > 0 { // parsing costs most: several rules share them
		k.left--
		return k.helpers
	}
	g.kept[g.mode] = keptHelpers{g.newHelpers(), 5}
	return g.kept[g.mode].helpers
}

type keptHelpers struct {
	helpers map[string]*helper
	left    int
}

func (g *gen) newHelpers() map[string]*helper {
	if g.chance(30) {
		return nil
	}
	hs := map[string]*helper{"h0": {body: g.pick("auth.orgs.exists(r, r.role == 'admin')", "auth.roles.exists(i, i == 'a')", g.expr(1, in{}))}}
	p := g.pick(loopNames...)
	hs["h1"] = &helper{params: []string{p}, body: g.expr(1, in{param: []string{p}, help: 1, quant: 1})}
	if v := g.fresh(in{param: []string{p}}); g.chance(40) { // its own variable around the argument
		hs["h1"] = &helper{params: []string{p}, body: g.pick("auth.orgs.exists("+v+", "+v+".role == "+p+")", "auth.roles.exists("+v+", "+v+" == "+p+")", "['a', 'b'].all("+v+", "+v+" != "+p+")")}
	}
	q := "q"
	hs["h2"] = &helper{params: []string{p, q}, body: g.expr(1, in{param: []string{p, q}, help: 2, quant: 1, doc: true})}
	return hs
}

func (g *gen) rule(hs map[string]*helper) string {
	return g.expr(g.n(4), in{help: len(hs), doc: true})
}

func quote(s string) string { return string(must(json.Marshal(s))) }
