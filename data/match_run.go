package data

import (
	"bytes"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// fewValues is up to which length a list is searched one by one.
const fewValues = 6

// match judges a document; fs are its fields that have a slot.
func (n *node) match(doc []byte, fs *fields) bool {
	switch n.code {
	case matchAll:
		return true
	case matchAnd:
		for i := range n.kids {
			if !n.kids[i].match(doc, fs) {
				return n.not
			}
		}
		return !n.not
	case matchOr:
		for i := range n.kids {
			if n.kids[i].match(doc, fs) {
				return !n.not
			}
		}
		return n.not
	}
	if n.slot > 0 {
		return n.reach(fs[n.slot-1], 0) != n.not
	}
	return n.follow(doc, 0) != n.not
}

// find finds the first fields called names in one pass; what is not there stays
// zero.
func (fs *fields) find(doc []byte, names []string) {
	if len(doc) < 5 {
		panic(errCorrupt)
	}
	left := len(names)
	for b := doc[4 : len(doc)-1]; len(b) > 0; {
		i := nameEnd(b)
		t, rest := bson.Type(b[0]), b[i+1:]
		n := width(t, rest)
		if n < 0 {
			panic(errCorrupt)
		}
		for k, name := range names {
			if i-1 == len(name) && string(b[1:i]) == name && fs[k].Type == 0 {
				fs[k].Type, fs[k].Value = t, rest[:n]
				if left--; left == 0 {
					return
				}
			}
		}
		b = rest[n:]
	}
}

// matchElement judges an element of an array, which may be no document.
func (n *node) matchElement(v Value) bool {
	switch n.code {
	case matchAll:
		return true
	case matchAnd:
		for i := range n.kids {
			if !n.kids[i].matchElement(v) {
				return n.not
			}
		}
		return !n.not
	case matchOr:
		for i := range n.kids {
			if n.kids[i].matchElement(v) {
				return !n.not
			}
		}
		return n.not
	}
	if len(n.path) == 0 {
		return n.test(v) != n.not
	}
	return n.follow(v.Value, 0) != n.not
}

// follow reports whether a value that the path leads to passes, from its i-th
// segment on in doc, an object (or an array taken as one).
func (n *node) follow(doc []byte, i int) bool {
	v, _ := fieldOf(doc, n.path[i].name)
	return n.reach(v, i)
}

// reach goes on from v, the value at the i-th segment.
func (n *node) reach(v Value, i int) bool {
	switch {
	case v.Type == 0:
		return n.test(none)
	case i+1 == len(n.path):
		if v.Type == bson.TypeArray && n.code != matchSize && n.code != matchElem {
			for e := walk(v.Value); e.next(); {
				if n.test(e.v) {
					return true
				}
			}
		}
		return n.test(v)
	case v.Type == bson.TypeEmbeddedDocument:
		return n.follow(v.Value, i+1)
	case v.Type == bson.TypeArray:
		return n.traverse(v.Value, i+1)
	}
	return n.test(none)
}

// traverse follows the path through an array as MongoDB does: into each object,
// and into the element whose index the segment spells. That element is taken as
// it is; what is no object and has another index leads nowhere.
func (n *node) traverse(arr []byte, i int) bool {
	k := 0
	for e := walk(arr); e.next(); k++ {
		if e.v.Type == bson.TypeEmbeddedDocument && n.follow(e.v.Value, i) {
			return true
		}
		if n.path[i].index != k {
			continue
		}
		switch {
		case i+1 == len(n.path):
			if n.test(e.v) {
				return true
			}
		case e.v.Type == bson.TypeEmbeddedDocument:
			if n.follow(e.v.Value, i+1) {
				return true
			}
		case e.v.Type == bson.TypeArray:
			if n.traverse(e.v.Value, i+1) {
				return true
			}
		}
	}
	return false
}

func isNested(v Value) bool {
	return v.Type == bson.TypeEmbeddedDocument || v.Type == bson.TypeArray
}

// test judges one value; the zero Value is a missing field.
func (n *node) test(v Value) bool {
	switch n.code {
	case matchEq:
		return n.equals(v)
	case matchGt:
		return rank(v.Type) == n.rank && compareKind(v, n.val) > 0
	case matchGte:
		return rank(v.Type) == n.rank && compareKind(v, n.val) >= 0
	case matchLt:
		return rank(v.Type) == n.rank && compareKind(v, n.val) < 0
	case matchLte:
		return rank(v.Type) == n.rank && compareKind(v, n.val) <= 0
	case matchIn:
		return n.contains(v)
	case matchExists:
		return v.Type != 0
	case matchType:
		return slices.Contains(n.types, v.Type)
	case matchSize:
		return v.Type == bson.TypeArray && count(v.Value) == n.size
	case matchElem:
		return n.someElement(v)
	case matchContains:
		return v.Type == bson.TypeString && bytes.Contains(strOf(v), n.text)
	case matchStarts:
		return v.Type == bson.TypeString && bytes.HasPrefix(strOf(v), n.text)
	case matchRegex:
		return v.Type == bson.TypeString && n.re.Match(strOf(v))
	}
	return false
}

func (n *node) equals(v Value) bool {
	if v.Type == n.val.Type {
		switch v.Type {
		case bson.TypeString:
			return string(strOf(v)) == string(n.text)
		case bson.TypeInt32, bson.TypeInt64, bson.TypeBoolean, bson.TypeObjectID, bson.TypeDateTime, bson.TypeNull:
			return string(v.Value) == string(n.val.Value)
		}
	}
	return rank(v.Type) == n.rank && compareKind(v, n.val) == 0
}

func (n *node) contains(v Value) bool {
	if len(n.list) > fewValues {
		_, ok := slices.BinarySearchFunc(n.list, v, Compare)
		return ok
	}
	for _, x := range n.list {
		if Equal(v, x) {
			return true
		}
	}
	return false
}

// someElement is $elemMatch; a filter with paths passes over elements that have none.
func (n *node) someElement(v Value) bool {
	if v.Type != bson.TypeArray {
		return false
	}
	kid := &n.kids[0]
	for e := walk(v.Value); e.next(); {
		if kid.deep && !isNested(e.v) {
			continue
		}
		if kid.matchElement(e.v) {
			return true
		}
	}
	return false
}
