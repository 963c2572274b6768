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
	var buf [8]Value
	vs := AppendIndexValues(buf[:0], d, o.Path)
	best := vs[0]
	for _, v := range vs[1:] {
		if c := Compare(v, best); c < 0 && !o.Desc || c > 0 && o.Desc {
			best = v
		}
	}
	return best
}

// AppendIndexValues appends what an index on path holds of d, at least one value:
// of an array each element, null for a missing field, and for an empty array a
// value of its own below null. A filter of path matches d only if one of them
// passes, save those that a whole array can pass (an array as operand, $size,
// $elemMatch, $type) and the complements.
func AppendIndexValues(dst []Value, d Doc, path string) []Value {
	from := len(dst)
	dst = indexValues(dst, d, path)
	if len(dst) == from {
		dst = append(dst, Null())
	}
	return dst
}

// indexValues follows path as node.follow does; one value for every element of
// an array that leads nowhere is null, as in MongoDB's indexes.
func indexValues(dst []Value, doc []byte, path string) []Value {
	name, rest, more := cutPath(path)
	v, ok := fieldOf(doc, name)
	switch {
	case !ok:
		return append(dst, Null())
	case !more && v.Type == bson.TypeArray:
		from := len(dst)
		for e := walk(v.Value); e.next(); {
			dst = append(dst, e.v)
		}
		if len(dst) == from {
			dst = append(dst, Value{Type: typeUndefined})
		}
		return dst
	case !more:
		return append(dst, v)
	case v.Type == bson.TypeEmbeddedDocument:
		return indexValues(dst, v.Value, rest)
	case v.Type != bson.TypeArray:
		return append(dst, Null())
	}
	return arrayValues(dst, v.Value, rest)
}

func arrayValues(dst []Value, arr []byte, path string) []Value {
	name, below, more := cutPath(path)
	index, k := indexOf(name), 0
	for e := walk(arr); e.next(); k++ {
		if e.v.Type == bson.TypeEmbeddedDocument {
			dst = indexValues(dst, e.v.Value, path)
		}
		switch {
		case index != k:
			if e.v.Type != bson.TypeEmbeddedDocument && index < 0 {
				dst = append(dst, Null())
			}
		case !more:
			dst = append(dst, e.v)
		case e.v.Type == bson.TypeEmbeddedDocument:
			dst = indexValues(dst, e.v.Value, below)
		case e.v.Type == bson.TypeArray:
			dst = arrayValues(dst, e.v.Value, below)
		}
	}
	return dst
}
