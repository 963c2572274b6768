package data

import (
	"encoding/json"
	"math/big"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// The JSON types as bits; an integer is a number too.
const (
	jsonNull uint8 = 1 << iota
	jsonBool
	jsonInteger
	jsonNumber
	jsonString
	jsonArray
	jsonObject
)

var jsonTypes = map[string]uint8{
	"null": jsonNull, "boolean": jsonBool, "integer": jsonInteger, "number": jsonNumber,
	"string": jsonString, "array": jsonArray, "object": jsonObject,
}

// schemaNode is a compiled schema as it is checked over raw BSON. Keywords that
// need no preparation are read from lib.
type schemaNode struct {
	lib      *jsonschema.Schema
	whole    bool  // of the top: the library judges whole documents
	types    uint8 // 0: any
	bson     string
	never    bool
	consts   []Value // enum, or const alone; nil: any
	required []string
	props    map[string]*schemaNode
	patterns []patternNode
	extra    *schemaNode // additionalProperties as a schema
	noExtra  bool
	names    *schemaNode
	depends  map[string]*schemaNode
	items    *schemaNode
	prefix   []*schemaNode
	contains *schemaNode
	ref      *schemaNode
	not      *schemaNode
	all      []*schemaNode
	any      []*schemaNode
	one      []*schemaNode
	cond     [3]*schemaNode // if, then, else
	bounds   []bound64
	plain    bool // no keyword beyond types, consts, object and array shape
}

type patternNode struct {
	re   jsonschema.Regexp
	node *schemaNode
}

// bound64 is one of the four limits of a number.
type bound64 struct {
	at        Value // nearest to rat
	rat       *big.Rat
	low, open bool
}

// newSchemaNode prepares lib and what it reaches. A schema with a keyword that
// depends on what others evaluated is left to the library as a whole.
func newSchemaNode(lib *jsonschema.Schema, seen map[*jsonschema.Schema]*schemaNode) (*schemaNode, error) {
	b := schemaBuilder{seen: seen}
	top := b.node(lib)
	top.whole = b.whole
	return top, b.err
}

type schemaBuilder struct {
	seen  map[*jsonschema.Schema]*schemaNode
	whole bool
	err   error
}

func (b *schemaBuilder) nodes(libs []*jsonschema.Schema) []*schemaNode {
	var ns []*schemaNode
	for _, l := range libs {
		ns = append(ns, b.node(l))
	}
	return ns
}

func (b *schemaBuilder) node(lib *jsonschema.Schema) *schemaNode {
	if lib == nil {
		return nil
	}
	if n := b.seen[lib]; n != nil {
		return n
	}
	n := &schemaNode{lib: lib}
	b.seen[lib] = n
	if lib.Bool != nil {
		n.never = !*lib.Bool
		return n
	}
	if lib.DynamicRef != nil || lib.UnevaluatedItems != nil || lib.UnevaluatedProperties != nil || lib.RecursiveRef != nil {
		b.whole = true
	}
	if lib.Types != nil {
		for _, t := range lib.Types.ToStrings() {
			n.types |= jsonTypes[t]
		}
		if n.types&jsonNumber != 0 {
			n.types |= jsonInteger
		}
	}
	for _, x := range lib.Extensions {
		if w, ok := x.(bsonType); ok {
			n.bson = string(w)
		}
	}
	b.consts(n)
	b.object(n)
	b.array(n)
	n.ref, n.not = b.node(lib.Ref), b.node(lib.Not)
	n.all, n.any, n.one = b.nodes(lib.AllOf), b.nodes(lib.AnyOf), b.nodes(lib.OneOf)
	n.cond = [3]*schemaNode{b.node(lib.If), b.node(lib.Then), b.node(lib.Else)}
	for _, x := range []struct {
		rat       *big.Rat
		low, open bool
	}{{lib.Minimum, true, false}, {lib.Maximum, false, false}, {lib.ExclusiveMinimum, true, true}, {lib.ExclusiveMaximum, false, true}} {
		if x.rat != nil {
			n.bounds = append(n.bounds, bound64{at: ratValue(x.rat), rat: x.rat, low: x.low, open: x.open})
		}
	}
	n.plain = n.ref == nil && n.not == nil && n.all == nil && n.any == nil && n.one == nil && n.cond[0] == nil
	return n
}

func (b *schemaBuilder) object(n *schemaNode) {
	lib := n.lib
	for _, r := range lib.Required {
		if r != "" && r[0] != '_' || r == "" {
			n.required = append(n.required, r)
		}
	}
	if len(lib.Properties) > 0 {
		n.props = make(map[string]*schemaNode, len(lib.Properties))
		for name, p := range lib.Properties {
			n.props[name] = b.node(p)
		}
	}
	for re, p := range lib.PatternProperties {
		n.patterns = append(n.patterns, patternNode{re, b.node(p)})
	}
	switch x := lib.AdditionalProperties.(type) {
	case bool:
		n.noExtra = !x
	case *jsonschema.Schema:
		n.extra = b.node(x)
	}
	n.names = b.node(lib.PropertyNames)
	for name, p := range lib.DependentSchemas {
		if n.depends == nil {
			n.depends = make(map[string]*schemaNode)
		}
		n.depends[name] = b.node(p)
	}
}

func (b *schemaBuilder) array(n *schemaNode) {
	lib := n.lib
	n.items, n.prefix, n.contains = b.node(lib.Items2020), b.nodes(lib.PrefixItems), b.node(lib.Contains)
}

// consts prepares enum and const; objects in them compare without order, which
// only the library does.
func (b *schemaBuilder) consts(n *schemaNode) {
	var list []any
	switch {
	case n.lib.Const != nil && n.lib.Enum != nil:
		b.whole = true
	case n.lib.Const != nil:
		list = []any{*n.lib.Const}
	case n.lib.Enum != nil:
		list = n.lib.Enum.Values
	}
	for _, x := range list {
		if hasObject(x) {
			b.whole = true
			return
		}
		js, err := json.Marshal(x)
		if err == nil {
			var v Value
			if v, err = ParseValueJSON(js, maxJSONDepth); err == nil {
				n.consts = append(n.consts, v)
				continue
			}
		}
		b.err = err
	}
}

func hasObject(x any) bool {
	switch x := x.(type) {
	case map[string]any:
		return true
	case []any:
		if slices.ContainsFunc(x, hasObject) {
			return true
		}
	}
	return false
}

// ratValue is r as a number of documents: exact where it is whole, else the
// nearest double, as a literal in a document would be.
func ratValue(r *big.Rat) Value {
	if r.IsInt() && r.Num().IsInt64() {
		return Int(r.Num().Int64())
	}
	f, _ := r.Float64()
	return Double(f)
}

// jsonType is the type bits of v, 0 for what JSON has no type for.
func jsonType(v Value) uint8 {
	switch v.Type {
	case bson.TypeNull:
		return jsonNull
	case bson.TypeBoolean:
		return jsonBool
	case bson.TypeInt32, bson.TypeInt64:
		return jsonNumber | jsonInteger
	case bson.TypeDouble:
		if _, whole := Integer(v); whole {
			return jsonNumber | jsonInteger
		}
		return jsonNumber
	case bson.TypeDecimal128:
		return jsonNumber
	case bson.TypeString:
		return jsonString
	case typeArray:
		return jsonArray
	case typeObject:
		return jsonObject
	}
	return 0
}
