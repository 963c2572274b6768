package data

import (
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Projection keeps the fields that a query selects, and always _id and _version.
// It is safe for concurrent use.
type Projection struct{ root keep }

// keep is a step of the selected paths: whole, or the steps below.
type keep struct {
	name string
	kids []keep // none: whole
}

// NewProjection prepares the paths of a select; of two that lie above each other
// the wider counts. No paths: everything is kept.
func NewProjection(paths []string) *Projection {
	p := new(Projection)
	if len(paths) == 0 {
		return p
	}
	paths = append([]string{FieldID, FieldVersion}, paths...)
	slices.Sort(paths) // a parent comes before what lies below it
	for _, path := range slices.Compact(paths) {
		p.root.add(path)
	}
	return p
}

func (k *keep) add(path string) {
	name, rest, more := cutPath(path)
	i := slices.IndexFunc(k.kids, func(c keep) bool { return c.name == name })
	switch {
	case i < 0:
		k.kids = append(k.kids, keep{name: name})
		if more {
			k.kids[len(k.kids)-1].add(rest)
		}
	case len(k.kids[i].kids) > 0:
		k.kids[i].add(rest)
	}
}

// Apply gives the selected part of d in d's order; arrays on the way keep their
// objects, as in MongoDB.
func (p *Projection) Apply(d Doc) Doc {
	if len(p.root.kids) == 0 || len(d) == 0 {
		return d
	}
	return p.root.object(make([]byte, 0, 256), d)
}

// Project gives the part of d that paths select, and _id and _version.
func Project(d Doc, paths []string) Doc { return NewProjection(paths).Apply(d) }

func (k *keep) object(dst []byte, doc []byte) []byte {
	start := len(dst)
	dst = startDoc(dst)
	for e := walk(doc); e.next(); {
		for i := range k.kids {
			if c := &k.kids[i]; c.name == string(e.key) {
				dst = c.member(dst, e.key, e.v)
				break
			}
		}
	}
	return endDoc(dst, start)
}

func (k *keep) member(dst, name []byte, v Value) []byte {
	if len(k.kids) == 0 {
		return appendElem(dst, name, v)
	}
	if !isNested(v) {
		return dst // a field below a scalar is not there
	}
	dst = append(append(append(dst, byte(v.Type)), name...), 0)
	if v.Type == bson.TypeEmbeddedDocument {
		return k.object(dst, v.Value)
	}
	return k.array(dst, v.Value)
}

func (k *keep) array(dst []byte, arr []byte) []byte {
	start, n := len(dst), 0
	dst = startDoc(dst)
	for e := walk(arr); e.next(); {
		if isNested(e.v) {
			dst = k.member(dst, appendIndex(nil, n), e.v)
			n++
		}
	}
	return endDoc(dst, start)
}
