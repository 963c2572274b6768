package data

import "io/fs"

// Schema is a compiled JSON Schema (2020-12) with the keyword bsonType.
type Schema struct{}

// CompileSchema reads file of fsys; $ref reaches files of fsys only.
func CompileSchema(fsys fs.FS, file string) (*Schema, error) { panic("unbuilt") }

// ParseSchema compiles a schema given as text, without $ref to files.
func ParseSchema(name string, text []byte) (*Schema, error) { panic("unbuilt") }

// Validate checks the app's fields of d (the system's are left out);
// invalid_argument with the path of the first violation.
func (s *Schema) Validate(d Doc) error { panic("unbuilt") }

// ValidateJSON checks a JSON text, e.g. a function's input.
func (s *Schema) ValidateJSON(js []byte) error { panic("unbuilt") }

// Type is what a schema says of a path.
type Type struct {
	Kind     string // bool int double number string date binary objectId array object; "" = unknown
	MaxItems int    // of an array; 0 = unknown
	NoArray  bool   // the schema excludes arrays at this path
}

// Type gives the type of a path and whether the document must have it.
func (s *Schema) Type(path ...string) (t Type, required bool) { panic("unbuilt") }

// JSON is the schema's text.
func (s *Schema) JSON() []byte { panic("unbuilt") }
