package rules

import (
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// assign is a row of preset or default: a path and the rule for its value.
type assign struct {
	path []string
	rule *rule
	copy bool // the value of a field as it is, not a computed one
}

// Prepare implements data.Session. Create: preset overwrites, default fills.
// Set of a stored document: what it leaves out of preset, immutable and system
// fields keeps its stored value. Changes of immutable fields are refused with
// the field. Create presets do not touch updates.
func (s *session) Prepare(op data.Op, coll string, old, next data.Doc) (data.Doc, error) {
	c := s.set.colls[coll]
	if c == nil {
		if s.free {
			return next, nil
		}
		return nil, s.denied()
	}
	set := op == data.OpSet && old != nil
	if op == data.OpSet && old == nil {
		op = data.OpCreate
	}
	s.prepare(op == data.OpCreate)
	if !s.known(next) || old != nil && !s.known(old) {
		return nil, s.denied()
	}
	if op == data.OpCreate {
		var err error
		if !s.free {
			if next, err = s.assign(c.preset, next, true); err != nil {
				return nil, err
			}
		}
		return s.assign(c.defaults, next, false)
	}
	if s.free {
		return next, nil
	}
	if set {
		next = c.keep(old, next)
	}
	return next, s.immutable(c, old, next)
}

// assign gives next the values of as, each computed on next as it came.
func (s *session) assign(as []assign, next data.Doc, overwrite bool) (data.Doc, error) {
	out := docVal(next)
	for _, a := range as {
		if !overwrite && leads(docVal(next), a.path) {
			continue
		}
		v, err := s.compute(a.rule, next)
		if err != nil {
			return nil, err
		}
		if !a.copy {
			v = narrow(v)
		}
		out = put(out, a.path, v)
	}
	return out.B, nil
}

func (s *session) compute(r *rule, next data.Doc) (val, error) {
	b := r.bind(null, val{}, &s.fetch)
	if s.caller != nil {
		b.auth = s.caller.auth
	}
	b.next = docVal(next)
	if id, ok, _ := lookup(next, data.FieldID); ok {
		b.id = id
	}
	if r.request {
		b.request = encodeRequest(data.OpCreate, &s.req)
	}
	s.fetch.err = nil
	v := b.compute()
	switch {
	case s.fetch.err != nil:
		return val{}, s.fetch.err
	case b.late:
		return val{}, s.failed(b, nil)
	case v.bad() || v.T == alien:
		return val{}, s.denied()
	}
	return v, nil
}

// narrow makes an int64 that fits an int32 one, as literals of requests are.
func narrow(v val) val {
	if v.T != bson.TypeInt64 {
		return v
	}
	n := data.Int(v.int64())
	return val{n.Type, n.Value}
}

// keep adds to next what a set leaves out of the fields that it may not drop.
func (c *collection) keep(old, next data.Doc) data.Doc {
	o, n := docVal(old), docVal(next)
	for _, p := range c.kept {
		n = keepPath(o, n, p)
	}
	return n.B
}

// keepPath gives n the value that o has at path if n has none there. An array
// on the way is kept whole, if n has nothing in its place.
func keepPath(o, n val, path []string) val {
	if len(path) == 0 || o.T != bson.TypeEmbeddedDocument || n.T != bson.TypeEmbeddedDocument {
		return n
	}
	was, is := child(o, path[0]), child(n, path[0])
	switch {
	case was.bad():
		return n
	case !is.bad():
		if got := keepPath(was, is, path[1:]); got.T == bson.TypeEmbeddedDocument && len(path) > 1 {
			return put(n, path[:1], got)
		}
		return n
	case len(path) > 1 && was.T == bson.TypeEmbeddedDocument:
		if !leads(was, path[1:]) {
			return n
		}
		empty := val{bson.TypeEmbeddedDocument, newBuilder(0).done()}
		return put(n, path[:1], keepPath(was, empty, path[1:]))
	case len(path) > 1 && !leads(was, path[1:]):
		return n
	}
	return put(n, path[:1], was)
}

// put gives document d with the value at path set; what is no object on the way
// is replaced by one.
func put(d val, path []string, v val) val {
	if len(path) > 1 {
		under := child(d, path[0])
		if under.T != bson.TypeEmbeddedDocument {
			under = val{bson.TypeEmbeddedDocument, newBuilder(0).done()}
		}
		v = put(under, path[1:], v)
	}
	out, done := newBuilder(len(d.B)+len(path[0])+len(v.B)+2), false
	for e := walk(d.B); e.next(); {
		if string(e.key) != path[0] {
			out.add(string(e.key), e.v)
		} else if !done {
			out.add(path[0], v)
			done = true
		}
	}
	if !done {
		out.add(path[0], v)
	}
	return val{bson.TypeEmbeddedDocument, out.done()}
}

// immutable refuses an update that changes an immutable field, and names it.
func (s *session) immutable(c *collection, old, next data.Doc) error {
	for _, p := range c.immutable {
		if differs(docVal(old), docVal(next), p) {
			e := data.Denied(s.p)
			if e.Code == hutch.PermissionDenied {
				e.Message = "the field may not be changed"
			}
			e.Field = strings.Join(p, ".")
			return e
		}
	}
	return nil
}
