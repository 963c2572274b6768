package mongo

import (
	"math"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/hutch-dev/hutch/data"
)

const (
	maxDepth   = 40      // of a filter that is sent; MongoDB reads at most 100
	maxPattern = 8 << 10 // bytes of a pattern that is sent; MongoDB reads 32 KiB
)

// translate gives a filter in MongoDB's language that every document passes
// which passes w; exact: and no other does. nil is the filter that all pass.
// w has been compiled.
func translate(w data.Where) (filter bson.Raw, exact bool) { return where(w, 0) }

func where(w data.Where, depth int) (bson.Raw, bool) {
	if depth > maxDepth {
		return nil, false
	}
	switch w.Op {
	case data.WhereAll:
		return nil, true
	case data.OpAnd:
		kids, exact := some(w.Kids, depth)
		return joined("$and", kids), exact
	case data.OpOr:
		return either(w.Kids, depth)
	case data.OpNot, data.OpNor:
		return neither(w.Kids, depth)
	case data.OpElem:
		return elem(w, depth)
	}
	if w.Path == "" {
		return nil, false
	}
	return leaf(w)
}

// some translates what is joined by and: what cannot be is left out.
func some(ws []data.Where, depth int) (kids []bson.Raw, exact bool) {
	exact = true
	for i := range ws {
		k, e := where(ws[i], depth+1)
		exact = exact && e
		if k != nil {
			kids = append(kids, k)
		}
	}
	return kids, exact
}

func either(ws []data.Where, depth int) (bson.Raw, bool) {
	if len(ws) == 0 {
		return never(), true
	}
	var kids []bson.Raw
	exact, all := true, false
	for i := range ws {
		k, e := where(ws[i], depth+1)
		exact, all = exact && e, all || k == nil
		kids = append(kids, k)
	}
	if all {
		return nil, exact
	}
	return joined("$or", kids), exact
}

// neither is a negation: only what is translated exactly may stand in it.
func neither(ws []data.Where, depth int) (bson.Raw, bool) {
	var kids []bson.Raw
	exact := true
	for i := range ws {
		k, e := where(ws[i], depth+1)
		switch {
		case !e:
			exact = false
		case k == nil:
			return never(), true
		default:
			kids = append(kids, k)
		}
	}
	if len(kids) == 0 {
		return nil, exact
	}
	return list("$nor", kids), exact
}

func never() bson.Raw { return list("$nor", []bson.Raw{object()}) }

// joined is {op: [kids]}; one kid stands for itself.
func joined(op string, kids []bson.Raw) bson.Raw {
	switch len(kids) {
	case 0:
		return nil
	case 1:
		return kids[0]
	}
	return list(op, kids)
}

func list(op string, kids []bson.Raw) bson.Raw {
	n := 16
	for _, k := range kids {
		n += len(k) + 8
	}
	_, b := bsoncore.AppendDocumentStart(make([]byte, 0, n))
	at, b := bsoncore.AppendArrayElementStart(b, op)
	for i, k := range kids {
		b = bsoncore.AppendDocumentElement(b, strconv.Itoa(i), bsoncore.Document(k))
	}
	b, _ = bsoncore.AppendArrayEnd(b, at)
	return finish(b)
}

// object is a document of elements that are written already.
func object(elems ...[]byte) bson.Raw {
	n := 8
	for _, e := range elems {
		n += len(e)
	}
	_, b := bsoncore.AppendDocumentStart(make([]byte, 0, n))
	for _, e := range elems {
		b = append(b, e...)
	}
	return finish(b)
}

// on is {path: d}.
func on(path string, d bson.Raw) bson.Raw {
	_, b := bsoncore.AppendDocumentStart(make([]byte, 0, len(path)+len(d)+8))
	return finish(bsoncore.AppendDocumentElement(b, path, bsoncore.Document(d)))
}

func operator(op string, v data.Value) []byte {
	if v.Type == 0 {
		v = data.Null()
	}
	return bsoncore.AppendValueElement(make([]byte, 0, len(op)+len(v.Value)+3), op, bsoncore.Value{Type: bsoncore.Type(v.Type), Data: v.Value})
}

// leaf translates one condition on a path.
func leaf(w data.Where) (bson.Raw, bool) {
	if !exactField(w) {
		return nil, false
	}
	op, exact := condition(w)
	if op == nil {
		return nil, exact
	}
	return on(w.Path, object(op)), exact
}

// exactField is false for a condition on what shown makes of a document of
// another program: a version, or nothing for a time that is none.
func exactField(w data.Where) bool {
	switch w.Path {
	case data.FieldVersion:
		return false
	case data.FieldCreated, data.FieldUpdated:
		switch w.Op {
		case data.OpEq, data.OpNe, data.OpGt, data.OpGte, data.OpLt, data.OpLte:
			return w.Value.Type == bson.TypeDateTime
		}
		return false
	}
	return true
}

// condition is the operator of a leaf as an element; nil where nothing is known
// of what passes.
func condition(w data.Where) (op []byte, exact bool) {
	switch w.Op {
	case data.OpSize:
		n, _ := data.Integer(w.Value)
		if n > math.MaxInt32 {
			return operator("$in", data.Array()), true
		}
		return operator("$size", data.Int(n)), true
	case data.OpContains, data.OpStarts:
		text := pattern(data.Text(w.Value))
		if len(text) > maxPattern {
			return operator("$type", data.String("string")), false
		}
		if w.Op == data.OpStarts {
			text = "^" + text
		}
		return operator("$regex", data.String(text)), true
	case data.OpRegex: // RE2 differs from PCRE
		if text := pattern(data.LiteralPrefix(data.Text(w.Value))); text != "" && len(text) <= maxPattern {
			return operator("$regex", data.String("^"+text)), false
		}
		return operator("$type", data.String("string")), false
	case data.OpEq, data.OpNe, data.OpGt, data.OpGte, data.OpLt, data.OpLte, data.OpIn, data.OpNin, data.OpExists, data.OpType:
		return operator(string(w.Op), w.Value), true
	}
	return nil, false
}

// pattern is a regular expression that matches text, byte by byte.
func pattern(text string) string {
	var b strings.Builder
	for i := range len(text) {
		switch c := text[i]; {
		case c < 0x20 || c == 0x7f:
			const hex = "0123456789abcdef"
			b.WriteString(`\x`)
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		case c < 0x80 && !isWord(c):
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
