package rules

import (
	"bytes"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// Masks, immutable and changed() compare documents, not requests: a path has
// changed if its value or its presence differs.

// changed is changed('a.b').
func (b *bound) changed(path val) val {
	if path.T != bson.TypeString || b.resource.bad() || b.next.bad() || !b.spend(1+(len(b.resource.B)+len(b.next.B))>>10) {
		return val{}
	}
	return vBool(differs(b.resource, b.next, strings.Split(string(path.str()), ".")))
}

// changedOnly is changedOnly(['a', 'b.c']): nothing else has changed.
func (b *bound) changedOnly(paths val) val {
	if paths.T != bson.TypeArray || b.resource.bad() || b.next.bad() || !b.spend(1+(len(b.resource.B)+len(b.next.B))>>8) {
		return val{}
	}
	var ps []string
	for e := walk(paths.B); e.next(); {
		if e.v.T != bson.TypeString {
			return val{}
		}
		ps = append(ps, string(e.v.str()))
	}
	return vBool(onlyWithin(b.resource, b.next, "", ps))
}

// same is equality of a stored and a new value. Maps too large to compare in
// any order are the same if their bytes are.
func same(a, b val) bool {
	return a.T == b.T && bytes.Equal(a.B, b.B) || equal(a, b) == yes
}

// differs reports whether what path leads to differs. In arrays it leads
// through each element, or to one that the path names by number.
func differs(a, b val, path []string) bool {
	if a.bad() || b.bad() {
		return a.bad() != b.bad() && (len(path) == 0 || leads(a, path) || leads(b, path))
	}
	if len(path) == 0 || bytes.Equal(a.B, b.B) && a.T == b.T {
		return !same(a, b)
	}
	switch {
	case a.T == bson.TypeEmbeddedDocument && b.T == bson.TypeEmbeddedDocument:
		return differs(child(a, path[0]), child(b, path[0]), path[1:])
	case a.T == bson.TypeArray && b.T == bson.TypeArray:
		if n, err := strconv.Atoi(path[0]); err == nil && differs(element(a, n), element(b, n), path[1:]) {
			return true
		}
		x, y := walk(a.B), walk(b.B)
		for {
			more, both := x.next(), y.next()
			if !more && !both {
				return false
			}
			if more != both {
				return leads(a, path) || leads(b, path)
			}
			if differs(x.v, y.v, path) {
				return true
			}
		}
	}
	return leads(a, path) || leads(b, path)
}

// leads reports whether path leads to any value in v.
func leads(v val, path []string) bool {
	if v.bad() || len(path) == 0 {
		return !v.bad()
	}
	switch v.T {
	case bson.TypeEmbeddedDocument:
		return leads(child(v, path[0]), path[1:])
	case bson.TypeArray:
		if n, err := strconv.Atoi(path[0]); err == nil && leads(element(v, n), path[1:]) {
			return true
		}
		for e := walk(v.B); e.next(); {
			if leads(e.v, path) {
				return true
			}
		}
	default:
	}
	return false
}

func child(v val, name string) val {
	c, _, _ := lookup(v.B, name)
	return c
}

func element(v val, n int) val {
	for e := walk(v.B); n >= 0 && e.next(); n-- {
		if n == 0 {
			return e.v
		}
	}
	return val{}
}

// onlyWithin reports whether a and b, which stand at path, differ at most in paths.
func onlyWithin(a, b val, at string, paths []string) bool {
	if !a.bad() && !b.bad() && same(a, b) || a.bad() && b.bad() {
		return true
	}
	within := at == ""
	for _, p := range paths {
		if p == at {
			return true
		}
		within = within || strings.HasPrefix(p, at+".")
	}
	isDoc := func(v val) bool { return v.T == bson.TypeEmbeddedDocument }
	if !within || !isDoc(a) && !a.bad() || !isDoc(b) && !b.bad() {
		return false
	}
	some := false
	each := func(d, other val, skip bool) bool { // skip: keys that other has were compared
		if d.bad() {
			return true
		}
		for e := walk(d.B); e.next(); {
			name := string(e.key)
			if at == "" && (stamped[name] || name == data.FieldID) {
				continue
			}
			some = true
			o := val{}
			if !other.bad() {
				o = child(other, name)
			}
			if skip && !o.bad() {
				continue
			}
			under := name
			if at != "" {
				under = at + "." + name
			}
			if !onlyWithin(child(d, name), o, under, paths) {
				return false
			}
		}
		return true
	}
	return each(a, b, false) && each(b, a, true) && (some || at == "")
}
