package rules

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/common/types"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// Types of expressions. What is stored may still break a schema (older data):
// then a test is an error, so types only find mistakes at load.

// schemaType begins the names of collections' object types: doc:pets.
const schemaType = "doc:"

// authFields are the fields of auth, request and request.query.
var authFields = []string{"uid", "email", "emailVerified", "anonymous", "role", "roles", "claims", "aal", "provider", "actor", "op", "time", "ip", "query", "limit", "orderBy"}

// The names of fixed types are no names of variables.
const (
	typeAuth    = "type:auth"
	typeRequest = "type:request"
	typeQuery   = "type:query"
)

var fixedTypes = map[string]map[string]*types.Type{
	typeAuth: {
		"uid": types.StringType, "email": types.NewNullableType(types.StringType), "emailVerified": types.BoolType, "anonymous": types.BoolType,
		"role": types.StringType, "roles": types.NewListType(types.StringType), "claims": types.NewMapType(types.StringType, types.DynType),
		"aal": types.StringType, "provider": types.StringType, "actor": types.NewNullableType(types.StringType),
	},
	typeRequest: {"op": types.StringType, "time": types.TimestampType, "ip": types.StringType, "query": types.NewObjectType(typeQuery)},
	typeQuery: {
		"limit": types.IntType, "orderBy": types.NewListType(types.NewListType(types.StringType)),
	},
}

// schemaTypes answers field types from a collection's schema.
type schemaTypes struct {
	name   string
	schema *data.Schema
	closed []string // the fields at the top, when the schema allows no others

	mu    sync.Mutex
	cache map[string]field // guarded by mu
}

func newSchemaTypes(name string, s *data.Schema) *schemaTypes {
	t := &schemaTypes{name: name, schema: s, cache: map[string]field{}}
	if s != nil {
		t.closed = closedFields(s.JSON())
	}
	return t
}

// closedFields are the properties of a schema that allows no others, nil of
// any that may.
func closedFields(js []byte) []string {
	var s struct {
		Properties           map[string]json.RawMessage
		PatternProperties    json.RawMessage
		AdditionalProperties json.RawMessage
		Unevaluated          json.RawMessage `json:"unevaluatedProperties"`
		Ref                  json.RawMessage `json:"$ref"`
		AllOf, AnyOf, OneOf  json.RawMessage
	}
	if json.Unmarshal(js, &s) != nil || string(s.AdditionalProperties) != "false" || s.PatternProperties != nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.Properties))
}

func (s *schemaTypes) names() []string { return s.closed }

// field is what the schema says of a dotted path, for quantifiers and `in`.
func (s *schemaTypes) field(path string) field {
	if s.schema == nil {
		return field{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	f, ok := s.cache[path]
	if !ok {
		t, _ := s.schema.Type(strings.Split(path, ".")...)
		f.maxItems = t.MaxItems
		switch t.Kind {
		case "array":
			f.kind = "list"
		case "object":
			f.kind = "map"
		case "string":
			f.class = bson.TypeString
		case "bool":
			f.class = bson.TypeBoolean
		case "int", "double", "number":
			f.class = bson.TypeDouble
		}
		s.cache[path] = f
	}
	return f
}

// typeOf is the type of a field of the documents. Objects in them are maps, so
// that keys may be computed.
func (s *schemaTypes) typeOf(name string) (*types.Type, bool) {
	switch name {
	case data.FieldID:
		return types.StringType, true
	case data.FieldVersion:
		return types.IntType, true
	case data.FieldCreated, data.FieldUpdated:
		return types.TimestampType, true
	}
	if s.closed != nil && !slices.Contains(s.closed, name) {
		return nil, false
	}
	t, _ := s.schema.Type(name)
	switch t.Kind {
	case "bool":
		return types.BoolType, true
	case "string":
		return types.StringType, true
	case "int":
		return types.IntType, true
	case "date":
		return types.TimestampType, true
	case "binary":
		return types.BytesType, true
	case "array":
		return types.NewListType(types.DynType), true
	case "object":
		return types.NewMapType(types.StringType, types.DynType), true
	}
	return types.DynType, true // of numbers too: 5 and 5.0 compare
}

func (s *schemaTypes) typeName() string { return schemaType + s.name }

// provider is a CEL type provider of the fixed types and one schema's.
type provider struct {
	types.Provider
	sch *schemaTypes
}

func (p *provider) isDoc(name string) bool {
	return p.sch != nil && p.sch.schema != nil && name == p.sch.typeName()
}

func (p *provider) FindStructType(n string) (*types.Type, bool) {
	if p.isDoc(n) || fixedTypes[n] != nil {
		return types.NewTypeTypeWithParam(types.NewObjectType(n)), true
	}
	return p.Provider.FindStructType(n)
}

func (p *provider) FindStructFieldNames(n string) ([]string, bool) {
	if o := fixedTypes[n]; o != nil {
		return slices.Sorted(maps.Keys(o)), true
	}
	if p.isDoc(n) {
		return p.sch.closed, true
	}
	return p.Provider.FindStructFieldNames(n)
}

func (p *provider) FindStructFieldType(n, f string) (*types.FieldType, bool) {
	if o := fixedTypes[n]; o != nil {
		t, ok := o[f]
		return &types.FieldType{Type: t}, ok
	}
	if p.isDoc(n) {
		t, ok := p.sch.typeOf(f)
		return &types.FieldType{Type: t}, ok
	}
	return p.Provider.FindStructFieldType(n, f)
}
