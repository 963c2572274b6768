package data

import (
	"bytes"
	"errors"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/hutch-dev/hutch"
)

// schemaRoot is the base of the addresses under which files of an app are
// known to the compiler; nothing answers there.
const schemaRoot = "hutch:///"

const schemaDraft = "https://json-schema.org/draft/2020-12/schema"

// Schema is a compiled JSON Schema (2020-12) with the keyword bsonType. Formats
// are checked. It is safe for concurrent use.
type Schema struct {
	lib  *jsonschema.Schema
	top  *schemaNode
	text []byte
}

// CompileSchema reads file of fsys; $ref reaches files of fsys only.
func CompileSchema(fsys fs.FS, file string) (*Schema, error) {
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, hutch.Errorf(hutch.InvalidArgument, "reading schema %s: %w", file, err)
	}
	return compileSchema(fsys, file, text)
}

// ParseSchema compiles a schema given as text, without $ref to files.
func ParseSchema(name string, text []byte) (*Schema, error) {
	return compileSchema(nil, name, text)
}

func compileSchema(fsys fs.FS, name string, text []byte) (*Schema, error) {
	bad := func(err error) error {
		return &hutch.Error{Code: hutch.InvalidArgument, Field: name, Message: schemaProblem(err)}
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, bad(err)
	}
	if err := checkDraft(doc); err != nil {
		return nil, bad(err)
	}
	vocabulary, err := bsonVocabulary()
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.AssertVocabs()
	c.RegisterVocabulary(vocabulary)
	c.UseLoader(schemaLoader{fsys})
	at := (&url.URL{Scheme: "hutch", Path: "/" + path.Clean("/" + name)[1:]}).String()
	if fsys == nil {
		at = schemaRoot + "schema.json"
	}
	if err := c.AddResource(at, doc); err != nil {
		return nil, bad(err)
	}
	lib, err := c.Compile(at)
	if err != nil {
		return nil, bad(err)
	}
	top, err := newSchemaNode(lib, map[*jsonschema.Schema]*schemaNode{})
	if err != nil {
		return nil, bad(err)
	}
	return &Schema{lib: lib, top: top, text: bytes.Clone(text)}, nil
}

// JSON is the schema's text.
func (s *Schema) JSON() []byte { return s.text }

// Validate checks the app's fields of d (the system's are left out);
// invalid_argument with the path of the first violation.
func (s *Schema) Validate(d Doc) error {
	return s.check(Value{Type: typeObject, Value: d}, true)
}

// ValidateJSON checks a JSON text, e.g. a function's input; invalid_argument
// with the path of the first violation.
func (s *Schema) ValidateJSON(js []byte) error {
	v, err := ParseValueJSON(js, maxJSONDepth)
	if err != nil {
		return err
	}
	return s.check(v, false)
}

const maxJSONDepth = 40

func (s *Schema) check(v Value, stored bool) error {
	if s.top.whole {
		return s.checkWhole(v, stored)
	}
	c := schemaCheck{stored: stored}
	if c.ok(s.top, v) {
		return nil
	}
	return c.err()
}

// schemaLoader reads what $ref names from the files of an app.
type schemaLoader struct{ fsys fs.FS }

func (l schemaLoader) Load(at string) (any, error) {
	u, err := url.Parse(at)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "hutch" || u.Host != "" || l.fsys == nil {
		return nil, errors.New("$ref reaches files of the app folder only")
	}
	text, err := fs.ReadFile(l.fsys, strings.TrimPrefix(path.Clean(u.Path), "/"))
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return doc, checkDraft(doc)
}

func checkDraft(doc any) error {
	obj, ok := doc.(map[string]any)
	if !ok {
		return nil
	}
	if draft, ok := obj["$schema"].(string); ok && strings.TrimSuffix(draft, "#") != schemaDraft {
		return errors.New("$schema is " + schemaDraft + " or absent")
	}
	return nil
}

// schemaProblem words a compiler's error without the made-up address of the file.
func schemaProblem(err error) string {
	return strings.ReplaceAll(err.Error(), schemaRoot, "")
}
