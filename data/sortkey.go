package data

import (
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// CompareDocs orders documents by keys as a sort does (arrays by their least or
// greatest element, an empty one before null), _id last.
func CompareDocs(a, b Doc, keys []Order) int {
	for i := range keys {
		c := Compare(SortValue(a, keys[i]), SortValue(b, keys[i]))
		if c != 0 {
			if keys[i].Desc {
				return -c
			}
			return c
		}
	}
	return Compare(Field(a, FieldID), Field(b, FieldID))
}

// MarkOf is the place of d in an order. It shares nothing with d.
func MarkOf(d Doc, orderBy []Order) Mark {
	m := Mark{ID: Text(Field(d, FieldID))}
	for _, o := range orderBy {
		v := SortValue(d, o)
		v.Value = slices.Clone(v.Value)
		m.Values = append(m.Values, v)
	}
	return m
}

// CompareMarks orders places as CompareDocs orders their documents.
func CompareMarks(a, b Mark, keys []Order) int {
	for i := range keys {
		c := Compare(a.Values[i], b.Values[i])
		if c != 0 {
			if keys[i].Desc {
				return -c
			}
			return c
		}
	}
	return strings.Compare(a.ID, b.ID)
}

// CompareToMark orders d against a place: 1 = behind it.
func CompareToMark(d Doc, m Mark, keys []Order) int {
	for i := range keys {
		c := Compare(SortValue(d, keys[i]), m.Values[i])
		if c != 0 {
			if keys[i].Desc {
				return -c
			}
			return c
		}
	}
	return strings.Compare(Text(Field(d, FieldID)), m.ID)
}

// SortValue is what a sort by o compares of d: of an array's elements the least,
// or descending the greatest; null where there is nothing.
func SortValue(d Doc, o Order) Value {
	if strings.IndexByte(o.Path, '.') < 0 {
		v, ok := fieldOf(d, o.Path)
		if !ok {
			return Null()
		}
		if v.Type != bson.TypeArray {
			return v
		}
	}
	c := valueSink{order: o, pick: true}
	c.path(d, o.Path)
	if c.n == 0 {
		return Null()
	}
	return c.best
}

// AppendIndexValues appends what an index on path holds of d, at least one value:
// of an array each element, null for a missing field, and for an empty array a
// value of its own below null. A filter of path matches d only if one of them
// passes, save those that a whole array can pass (an array as operand, $size,
// $elemMatch, $type) and the complements.
func AppendIndexValues(dst []Value, d Doc, path string) []Value {
	from := len(dst)
	dst = appendKeyValues(dst, d, path)
	for i := from; i < len(dst); i++ {
		if dst[i].Type == 0 {
			dst[i] = Null()
		}
	}
	return dst
}

// appendKeyValues is AppendIndexValues with the zero Value for what is missing.
func appendKeyValues(dst []Value, d Doc, path string) []Value {
	c := valueSink{all: dst}
	c.path(d, path)
	if c.n == 0 {
		c.lack()
	}
	return c.all
}

// valueSink takes the values that a path leads to: all, or the first in an order.
type valueSink struct {
	all   []Value
	n     int
	pick  bool
	order Order
	best  Value
}

func (c *valueSink) add(v Value) {
	c.n++
	if !c.pick {
		c.all = append(c.all, v)
		return
	}
	if c.n == 1 {
		c.best = v
		return
	}
	if d := Compare(v, c.best); d < 0 && !c.order.Desc || d > 0 && c.order.Desc {
		c.best = v
	}
}

// path follows path in an object as node.follow does; an element of an array
// that leads nowhere is null, as in MongoDB's indexes.
func (c *valueSink) path(doc []byte, path string) {
	name, rest, more := cutPath(path)
	v, ok := fieldOf(doc, name)
	switch {
	case !ok:
		c.lack()
	case !more && v.Type == bson.TypeArray:
		from := c.n
		for e := walk(v.Value); e.next(); {
			c.add(e.v)
		}
		if c.n == from {
			c.add(Value{Type: typeUndefined})
		}
	case !more:
		c.add(v)
	case v.Type == bson.TypeEmbeddedDocument:
		c.path(v.Value, rest)
	case v.Type == bson.TypeArray:
		c.array(v.Value, rest)
	default:
		c.lack()
	}
}

// lack takes a field that is missing.
func (c *valueSink) lack() {
	if c.pick {
		c.add(Null())
	} else {
		c.add(none)
	}
}

func (c *valueSink) array(arr []byte, path string) {
	name, below, more := cutPath(path)
	index, k, from := indexOf(name), 0, c.n
	only := c.pick && index >= 0 && isPlace(arr, name, index)
	for e := walk(arr); e.next(); k++ {
		if e.v.Type == bson.TypeEmbeddedDocument && !only {
			c.path(e.v.Value, path)
		}
		switch {
		case index != k:
			if e.v.Type != bson.TypeEmbeddedDocument && index < 0 {
				c.lack()
			}
		case !more && e.v.Type == bson.TypeArray && count(e.v.Value) == 0:
			c.add(Value{Type: typeUndefined})
		case !more: // an array too
			c.add(e.v)
		case e.v.Type == bson.TypeEmbeddedDocument:
			c.path(e.v.Value, below)
		case e.v.Type == bson.TypeArray:
			c.array(e.v.Value, below)
		}
	}
	if c.n == from {
		c.lack()
	}
}

// isPlace reports whether arr has an element at index and none that is an object
// with a field of that name: a sort then looks at the element alone. (MongoDB
// refuses to sort what has both.)
func isPlace(arr []byte, name string, index int) bool {
	n := 0
	for e := walk(arr); e.next(); n++ {
		if e.v.Type == bson.TypeEmbeddedDocument {
			if _, named := fieldOf(e.v.Value, name); named {
				return false
			}
		}
	}
	return index < n
}

// CanSort reports whether d has a place in an order; a document of another
// program may have values that compare with none.
func CanSort(d Doc, keys []Order) (ok bool) {
	if len(keys) == 0 {
		return true
	}
	defer func() {
		if r := recover(); r != nil {
			if r != any(errCorrupt) {
				panic(r)
			}
			ok = false
		}
	}()
	for _, o := range keys {
		v := SortValue(d, o)
		Compare(v, v)
		AppendKey(nil, v, o.Desc)
	}
	return true
}
