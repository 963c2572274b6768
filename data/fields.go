package data

import (
	"maps"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

const (
	maxFields     = 500 // that SeenFields tells of
	maxFieldDepth = 5
)

// SeenField is a field as some documents have it.
type SeenField struct {
	Path  string
	Seen  int            // documents that have it
	Types map[string]int // how often, by TypeName
	Items map[string]int // of an array's elements
}

// SeenFields tells which fields documents have, by path; of the fields of objects
// in arrays it says nothing.
func SeenFields(docs []Doc) []SeenField {
	seen := map[string]*SeenField{}
	for _, d := range docs {
		seeFields(seen, "", d, 1)
	}
	out := make([]SeenField, 0, len(seen))
	for _, path := range slices.Sorted(maps.Keys(seen)) {
		out = append(out, *seen[path])
	}
	return out
}

func seeFields(seen map[string]*SeenField, under string, doc []byte, depth int) {
	for e := walk(doc); e.next(); {
		path := under + string(e.key)
		f := seen[path]
		if f == nil {
			if len(seen) == maxFields {
				continue
			}
			f = &SeenField{Path: path, Types: map[string]int{}}
			seen[path] = f
		}
		f.Seen++
		f.Types[TypeName(e.v)]++
		switch e.v.Type {
		case bson.TypeEmbeddedDocument:
			if depth < maxFieldDepth {
				seeFields(seen, path+".", e.v.Value, depth+1)
			}
		case bson.TypeArray:
			for v := range Elements(e.v) {
				if f.Items == nil {
					f.Items = map[string]int{}
				}
				f.Items[TypeName(v)]++
			}
		}
	}
}

// TypeName is the word for a value's type: null bool int long double decimal
// string date binary objectId array object, "other" for what another program wrote.
func TypeName(v Value) string {
	switch v.Type {
	case bson.TypeNull:
		return "null"
	case bson.TypeBoolean:
		return "bool"
	case bson.TypeInt32:
		return "int"
	case bson.TypeInt64:
		return "long"
	case bson.TypeDouble:
		return "double"
	case bson.TypeDecimal128:
		return "decimal"
	case bson.TypeString:
		return "string"
	case bson.TypeDateTime:
		return "date"
	case bson.TypeBinary:
		return "binary"
	case bson.TypeObjectID:
		return "objectId"
	case bson.TypeArray:
		return "array"
	case bson.TypeEmbeddedDocument:
		return "object"
	}
	return "other"
}

// SchemaField is a field as a schema names it.
type SchemaField struct {
	Path     string
	Types    []string // the words of `type` and `bsonType`; none: any
	Required bool
}

// Fields are those that the schema names, through $ref and allOf, in the order of
// their paths.
func (s *Schema) Fields() []SchemaField {
	all := map[string]*SchemaField{}
	s.top.fields(all, "", true, 1)
	out := make([]SchemaField, 0, len(all))
	for _, path := range slices.Sorted(maps.Keys(all)) {
		out = append(out, *all[path])
	}
	return out
}

func (n *schemaNode) fields(all map[string]*SchemaField, under string, needed bool, depth int) {
	if n == nil || depth > 2*maxFieldDepth {
		return
	}
	n.ref.fields(all, under, needed, depth+1)
	for _, k := range n.all {
		k.fields(all, under, needed, depth+1)
	}
	for name, kid := range n.props {
		path := under + name
		f := all[path]
		if f == nil {
			if strings.Count(path, ".") >= maxFieldDepth || len(all) == maxFields {
				continue
			}
			f = &SchemaField{Path: path}
			all[path] = f
		}
		f.Required = f.Required || needed && slices.Contains(n.required, name)
		for _, t := range kid.words(1) {
			if !slices.Contains(f.Types, t) {
				f.Types = append(f.Types, t)
			}
		}
		kid.fields(all, path+".", f.Required, depth+1)
	}
}

// words are the types that a value may have; none: any.
func (n *schemaNode) words(depth int) (out []string) {
	switch {
	case n == nil || depth > maxFieldDepth:
		return nil
	case n.bson != "":
		return []string{n.bson}
	case n.types != 0:
		for _, t := range []string{"string", "number", "integer", "boolean", "object", "array", "null"} {
			if n.types&jsonTypes[t] != 0 && (t != "integer" || n.types&jsonNumber == 0) {
				out = append(out, t)
			}
		}
		return out
	case len(n.consts) > 0:
		for _, v := range n.consts {
			if t := jsonWord(v); !slices.Contains(out, t) {
				out = append(out, t)
			}
		}
		return out
	}
	for _, k := range append(append([]*schemaNode{n.ref}, n.all...), append(n.any, n.one...)...) {
		out = append(out, k.words(depth+1)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// jsonWord is a schema's word for a value's type.
func jsonWord(v Value) string {
	switch t := TypeName(v); t {
	case "bool":
		return "boolean"
	case "int", "long":
		return "integer"
	case "double":
		return "number"
	default:
		return t
	}
}
