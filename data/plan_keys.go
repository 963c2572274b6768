package data

import (
	"bytes"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

const (
	maxIndexFields = 4
	maxIndexValues = 1000 // of one document in one index
)

// Keyer makes the entries of documents in an index. It is safe for concurrent use.
type Keyer struct {
	name   string
	fields []Order
}

// Span is where an entry stands in a buffer.
type Span struct {
	From, To int
	Bare     bool // each of its fields is missing: a unique index does not hold it
}

// NewKeyer checks an index and prepares it; invalid_argument.
func NewKeyer(ix Index) (*Keyer, error) {
	if len(ix.Fields) == 0 || len(ix.Fields) > maxIndexFields {
		return nil, hutch.Errorf(hutch.InvalidArgument, "an index has 1 to %d fields", maxIndexFields)
	}
	for i, f := range ix.Fields {
		if err := CheckPath(f.Path); err != nil {
			return nil, err
		}
		for _, g := range ix.Fields[:i] {
			if g.Path == f.Path {
				return nil, hutch.Errorf(hutch.InvalidArgument, "an index names %s twice", f.Path)
			}
		}
	}
	return &Keyer{name: ix.Name, fields: ix.Fields}, nil
}

// Entries says what Keyer.Append found.
type Entries struct {
	Many uint32 // bit n: the document has more than one value at field n
}

// Append appends the entries of d to buf, each as prefix, values, suffix, and
// their places to spans, in order and distinct. invalid_argument: more than one
// field with several values, or too many of them.
func (k *Keyer) Append(buf []byte, spans []Span, d Doc, prefix []byte, suffix string) ([]byte, []Span, Entries, error) {
	var vals [maxIndexFields][8]Value
	of, e, many, err := k.each(&vals, d)
	if err != nil {
		return buf, spans, e, err
	}
	n := 1
	if many >= 0 {
		n = len(of[many])
	}
	first := len(spans)
	for j := range n {
		at, bare := len(buf), true
		buf = append(buf, prefix...)
		for i, f := range k.fields {
			v := of[i][0]
			if i == many {
				v = of[i][j]
			}
			buf = AppendKey(buf, v, f.Desc)
			bare = bare && v.Type == 0
		}
		buf = append(buf, suffix...)
		spans = append(spans, Span{at, len(buf), bare})
	}
	if n > 1 {
		own := spans[first:]
		slices.SortFunc(own, func(a, b Span) int {
			if c := bytes.Compare(buf[a.From:a.To], buf[b.From:b.To]); c != 0 || a.Bare == b.Bare {
				return c
			} else if a.Bare { // of null and missing null stays
				return 1
			}
			return -1
		})
		own = slices.CompactFunc(own, func(a, b Span) bool { return bytes.Equal(buf[a.From:a.To], buf[b.From:b.To]) })
		spans = spans[:first+len(own)]
	}
	return buf, spans, e, nil
}

// Check finds what Append would, without making entries. Arrays of one element
// are arrays too.
func (k *Keyer) Check(d Doc) (Entries, error) {
	var vals [maxIndexFields][8]Value
	_, e, _, err := k.each(&vals, d)
	return e, err
}

// each gives the values of each field, and the field that has several; -1 if none has.
func (k *Keyer) each(room *[maxIndexFields][8]Value, d Doc) (of [maxIndexFields][]Value, e Entries, many int, err error) {
	many = -1
	array := false
	for i, f := range k.fields {
		of[i] = k.values(room[i][:0], d, f.Path)
		if !throughArray(d, f.Path) {
			continue
		}
		if len(of[i]) > maxIndexValues {
			return of, e, many, invalid(f.Path, "an indexed array has at most %d elements", maxIndexValues)
		}
		if array {
			return of, e, many, invalid(f.Path, "index %s cannot hold two arrays of one document", k.name)
		}
		if array = true; len(of[i]) > 1 {
			many = i
			e.Many |= 1 << i
		}
	}
	return of, e, many, nil
}

// throughArray reports whether path leads to or through an array.
func throughArray(d []byte, path string) bool {
	for {
		name, rest, more := cutPath(path)
		v, ok := fieldOf(d, name)
		switch {
		case ok && v.Type == bson.TypeArray:
			return true
		case !ok || !more || v.Type != bson.TypeEmbeddedDocument:
			return false
		}
		d, path = v.Value, rest
	}
}

// values are the index's values at a path; the zero Value is a missing field.
func (k *Keyer) values(dst []Value, d Doc, path string) []Value {
	if strings.IndexByte(path, '.') < 0 {
		if v, ok := fieldOf(d, path); !ok || !isNested(v) {
			return append(dst, v)
		}
	}
	return appendKeyValues(dst, d, path)
}
