package server

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// schema is a JSON Schema, or another object of the OpenAPI document.
type schema = map[string]any

// described is a type that is not on the wire what reflection sees.
type described interface{ schema(*schemas) schema }

// schemas gathers the named types of a document under #/components/schemas.
type schemas struct {
	named schema
	types map[string]reflect.Type
}

func newSchemas() *schemas { return &schemas{schema{}, map[string]reflect.Type{}} }

var (
	typeRaw       = reflect.TypeFor[json.RawMessage]()
	typeTime      = reflect.TypeFor[time.Time]()
	typeDescribed = reflect.TypeFor[described]()
	typeMarshaler = reflect.TypeFor[json.Marshaler]()
	typeText      = reflect.TypeFor[encoding.TextMarshaler]()
)

// of is the schema of v's type as encoding/json writes it; lists are never null
// on this wire.
func (s *schemas) of(v any) schema { return s.typed(reflect.TypeOf(v)) }

func (s *schemas) typed(t reflect.Type) schema {
	if t == nil || t == typeRaw || t.Kind() == reflect.Interface {
		return schema{}
	}
	if known, ok := s.written(t); ok {
		return s.ref(t, func() schema { return known })
	}
	if t.Implements(typeDescribed) {
		return s.ref(t, func() schema { return reflect.Zero(t).Interface().(described).schema(s) })
	}
	switch {
	case t == typeTime:
		return schema{"type": "string", "format": "date-time"}
	case t.Kind() == reflect.Pointer:
		return s.typed(t.Elem())
	case t.Implements(typeText):
		return schema{"type": "string"}
	case t.Implements(typeMarshaler):
		panic(fmt.Sprintf("server: %s writes itself as JSON and is not in written", t))
	}
	switch t.Kind() {
	case reflect.String:
		return schema{"type": "string"}
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return schema{"type": "integer"}
	case reflect.Float32, reflect.Float64:
		return schema{"type": "number"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return schema{"type": "string", "contentEncoding": "base64"}
		}
		items := s.typed(t.Elem())
		if t.Elem().Kind() == reflect.Pointer && t.Elem().Elem().Kind() != reflect.Struct {
			items = orNull(items) // a value that may be missing
		}
		return schema{"type": "array", "items": items}
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": s.typed(t.Elem())}
	case reflect.Struct:
		if t.Name() == "" {
			return s.object(t)
		}
		return s.ref(t, func() schema { return s.object(t) })
	}
	panic(fmt.Sprintf("server: %s is nothing that JSON writes", t))
}

// ref puts a named type under the components once.
func (s *schemas) ref(t reflect.Type, make func() schema) schema {
	name := exported(t.Name())
	if other, ok := s.types[name]; ok && other != t {
		name = exported(t.PkgPath()[strings.LastIndexByte(t.PkgPath(), '/')+1:]) + name
	}
	if s.types[name] == nil {
		s.types[name] = t // before: it may hold itself
		s.named[name] = make()
	}
	return refTo(name)
}

func refTo(name string) schema { return schema{"$ref": "#/components/schemas/" + name} }

// exported spells a type's name; of a generic one without its arguments' paths.
func exported(name string) string {
	name, args, _ := strings.Cut(name, "[")
	if args != "" {
		args = strings.TrimSuffix(args[strings.LastIndexAny(args, "./")+1:], "]")
	}
	r, n := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(r)) + name[n:] + exportedArgs(args)
}

func exportedArgs(args string) string {
	if args == "" {
		return ""
	}
	return "Of" + exported(args)
}

func (s *schemas) object(t reflect.Type) schema {
	props, required := schema{}, []string{}
	s.fields(t, props, &required)
	out := schema{"type": "object", "properties": props}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// fields adds a struct's; those of embedded structs stand beside them. The tag
// enum lists what a text may be, doc says what it is.
func (s *schemas) fields(t reflect.Type, props schema, required *[]string) {
	for f := range t.Fields() {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "-" {
			continue
		}
		if f.Anonymous && tag == "" {
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			s.fields(inner, props, required)
			continue
		}
		if !f.IsExported() {
			continue
		}
		if tag == "" {
			tag = f.Name
		}
		omitted := strings.Contains(options, "omit")
		props[tag] = s.field(&f, omitted)
		if !omitted {
			*required = append(*required, tag)
		}
	}
}

func (s *schemas) field(f *reflect.StructField, omitted bool) schema {
	out := s.typed(f.Type)
	if f.Type.Kind() == reflect.Pointer && !omitted {
		out = orNull(out)
	}
	if words := f.Tag.Get("enum"); words != "" {
		out = schema{"type": "string", "enum": strings.Split(words, ",")}
	}
	if about := f.Tag.Get("doc"); about != "" {
		out["description"] = about
	}
	return out
}

func orNull(s schema) schema { return schema{"anyOf": []any{s, schema{"type": "null"}}} }
