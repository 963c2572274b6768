package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/text/message"
)

const (
	typeObject = bson.TypeEmbeddedDocument
	typeArray  = bson.TypeArray
	typeNull   = bson.TypeNull
)

// bsonTypes are the words of the keyword bsonType.
var bsonTypes = map[string]bson.Type{
	"date": bson.TypeDateTime, "decimal": bson.TypeDecimal128, "binData": bson.TypeBinary,
	"objectId": bson.TypeObjectID, "long": bson.TypeInt64,
}

// isBSON reports whether v is of the type that a bsonType names. A long is any
// whole number, as JSON does not tell an int32 from an int64.
func isBSON(word string, v Value) bool {
	if word == "long" {
		return v.Type == bson.TypeInt64 || v.Type == bson.TypeInt32
	}
	return bsonTypes[word] == v.Type
}

const bsonVocabularyURL = schemaRoot + "bsonType"

// bsonVocabulary adds the keyword bsonType.
func bsonVocabulary() (*jsonschema.Vocabulary, error) {
	c := jsonschema.NewCompiler()
	words := make([]any, 0, len(bsonTypes))
	for w := range bsonTypes {
		words = append(words, w)
	}
	meta := map[string]any{"properties": map[string]any{"bsonType": map[string]any{"enum": words}}}
	if err := c.AddResource(bsonVocabularyURL, meta); err != nil {
		return nil, err
	}
	sch, err := c.Compile(bsonVocabularyURL)
	if err != nil {
		return nil, err
	}
	return &jsonschema.Vocabulary{URL: bsonVocabularyURL, Schema: sch, Compile: compileBSONType}, nil
}

func compileBSONType(_ *jsonschema.CompilerContext, obj map[string]any) (jsonschema.SchemaExt, error) {
	w, ok := obj["bsonType"].(string)
	if !ok {
		return nil, nil
	}
	if _, known := bsonTypes[w]; !known {
		return nil, fmt.Errorf("bsonType %q is not one of date, decimal, binData, objectId, long", w)
	}
	return bsonType(w), nil
}

// bsonType is the keyword as the library calls it, on values that libValue made.
type bsonType string

// Validate implements jsonschema.SchemaExt.
func (b bsonType) Validate(ctx *jsonschema.ValidatorContext, v any) {
	if libType(v) != string(b) {
		ctx.AddError(wrongBSONType(b))
	}
}

type wrongBSONType string

// KeywordPath implements jsonschema.ErrorKind.
func (wrongBSONType) KeywordPath() []string { return []string{"bsonType"} }

// LocalizedString implements jsonschema.ErrorKind.
func (w wrongBSONType) LocalizedString(*message.Printer) string {
	return "must be of bsonType " + string(w)
}

// libValue gives v as the library takes it. What JSON has no type for becomes a
// map with the key of its Extended JSON form.
func libValue(v Value, top bool) any {
	switch v.Type {
	case bson.TypeNull:
		return nil
	case bson.TypeBoolean:
		return v.Boolean()
	case bson.TypeInt32, bson.TypeInt64:
		return intOf(v)
	case bson.TypeDouble:
		return v.Double()
	case bson.TypeString:
		return Text(v)
	case bson.TypeDecimal128:
		return json.Number(v.Decimal128().String())
	case typeArray:
		out := []any{}
		for el := range Elements(v) {
			out = append(out, libValue(el, false))
		}
		return out
	case typeObject:
		out := map[string]any{}
		for name, f := range Fields(v.Value) {
			if !top || name == "" || name[0] != '_' {
				out[name] = libValue(f, false)
			}
		}
		return out
	}
	for w, t := range bsonTypes {
		if t == v.Type {
			return map[string]any{"$" + w: fmt.Sprintf("%x", v.Value)}
		}
	}
	return nil
}

// libType is the bsonType of a value that libValue made.
func libType(v any) string {
	switch v := v.(type) {
	case int64:
		return "long"
	case json.Number:
		return "decimal"
	case map[string]any:
		for w := range bsonTypes {
			if _, ok := v["$"+w]; ok && len(v) == 1 {
				return w
			}
		}
	}
	return ""
}

// checkWhole lets the library judge: for schemas with keywords that look at what
// others left over.
func (s *Schema) checkWhole(v Value, stored bool) error {
	err := s.lib.Validate(libValue(v, stored))
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return err
	}
	for len(e.Causes) > 0 {
		e = slices.MinFunc(e.Causes, func(a, b *jsonschema.ValidationError) int {
			return slices.Compare(a.InstanceLocation, b.InstanceLocation)
		})
	}
	return badField(fieldPath(e.InstanceLocation), "does not match the schema: "+lastOf(e.ErrorKind.KeywordPath()))
}

func lastOf(path []string) string {
	if len(path) == 0 {
		return "type"
	}
	return path[0]
}
