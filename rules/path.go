package rules

import (
	"go.mongodb.org/mongo-driver/v2/bson"
)

type root int8

const (
	rootAuth root = iota
	rootRequest
	rootResource
	rootNext
	rootInput
	rootID
	rootVar
	rootLook // get(..)
)

// roots are the variables; those whose value is not known when bound are the
// documents, the id and the input.
var roots = map[string]root{"auth": rootAuth, "request": rootRequest, "resource": rootResource, "next": rootNext, "input": rootInput, "id": rootID}

func (r root) ground() bool { return r == rootAuth || r == rootRequest }

type seg struct {
	name string
	dyn  term // a key computed from the request
}

// path is a chain of fields below a root. Values of paths are bytes of the
// document: nothing is decoded.
type path struct {
	root   root
	name   string // of the root
	slot   int    // of a variable
	look   *getTerm
	segs   []seg
	def    term   // resource.?x.orValue(def)
	ground bool   // the root is not part of the document
	schema string // where the schema describes it; "?" is nowhere
}

func (p *path) child(s seg) *path {
	c := *p
	c.segs = append(append([]seg(nil), p.segs...), s)
	switch {
	case s.dyn != nil, p.schema == "?":
		c.schema = "?"
	case p.schema == "":
		c.schema = s.name
	default:
		c.schema = p.schema + "." + s.name
	}
	return &c
}

type look int8

const (
	found   look = iota
	missing      // the last key is absent from an object
	broken       // a parent is absent or no object, or a key is no key
)

func (p *path) find(b *bound) (val, look) {
	v := b.rootValue(p)
	if v.bad() {
		return v, broken
	}
	for i := range p.segs {
		s := &p.segs[i]
		name := s.name
		if s.dyn != nil {
			k := s.dyn.eval(b)
			if v.T == bson.TypeArray {
				e, ok := index(v, k)
				if !ok {
					return val{}, broken
				}
				v = e
				continue
			}
			if k.T != bson.TypeString {
				return val{}, broken
			}
			name = string(k.str())
		}
		if v.T != bson.TypeEmbeddedDocument {
			return val{}, broken
		}
		w, ok, passed := lookup(v.B, name)
		b.units += passed >> 6
		if !ok {
			if i == len(p.segs)-1 {
				return val{}, missing
			}
			return val{}, broken
		}
		v = w
	}
	return v, found
}

func (b *bound) rootValue(p *path) val {
	switch p.root {
	case rootVar:
		return b.frames[p.slot]
	case rootLook:
		return p.look.eval(b)
	default:
	}
	return b.variable(p.root)
}

// index takes an integral int or double, as CEL does.
func index(list, k val) (val, bool) {
	var n int64
	switch k.T {
	case bson.TypeInt32, bson.TypeInt64:
		n = k.int64()
	case bson.TypeDouble:
		if f := k.double(); f >= 0 && f < 1<<31 && f == float64(int64(f)) {
			n = int64(f)
			break
		}
		return val{}, false
	default:
		return val{}, false
	}
	for e := walk(list.B); n >= 0 && e.next(); n-- {
		if n == 0 {
			return e.v, true
		}
	}
	return val{}, false
}

func (p *path) eval(b *bound) val {
	v, l := p.find(b)
	if l == missing && p.def != nil {
		v = p.def.eval(b)
	}
	if v.T == bson.TypeArray && (p.ground || p.root == rootLook) && count(v.B) > maxListItems {
		return val{}
	}
	return v
}
