package data

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// ParseJSON reads a JSON object of the wire (relaxed Extended JSON) into BSON:
// one strict decoder. depth is the deepest nesting allowed. Names with a leading
// `$` (operators) and dots pass, as bodies are queries and updates too; what is
// to be stored goes through CheckFields. Errors: invalid_argument with the field.
func ParseJSON(js []byte, depth int) (Doc, error) {
	d := decoder{s: js, max: depth}
	d.names = d.buf[:0]
	d.space()
	if d.peek() != '{' {
		return nil, d.fail("expected a JSON object")
	}
	dst, t, err := d.object(make([]byte, 0, len(js)+len(js)/4+16), 1)
	switch {
	case err != nil:
		return nil, err
	case t != bson.TypeEmbeddedDocument:
		return nil, d.fail("expected an object, not an Extended JSON value")
	}
	if err := d.end(); err != nil {
		return nil, err
	}
	return dst, nil
}

// ParseValueJSON reads any JSON value.
func ParseValueJSON(js []byte, depth int) (Value, error) {
	d := decoder{s: js, max: depth}
	d.names = d.buf[:0]
	dst, err := d.value([]byte{0}, 0, 1)
	if err != nil {
		return none, err
	}
	if err := d.end(); err != nil {
		return none, err
	}
	return Value{Type: bson.Type(dst[0]), Value: dst[1:]}, nil
}

// AppendJSON appends d as relaxed Extended JSON. What another program put into d
// and no document of ours holds is canonical Extended JSON, which ParseJSON
// refuses.
func AppendJSON(dst []byte, d Doc) ([]byte, error) {
	if len(d) == 0 {
		return dst, encodeError(errCorrupt)
	}
	out, err := appendDocJSON(dst, d, false, 0)
	if err != nil && d.Validate() == nil {
		return appendForeignDoc(dst, d, false, 0)
	}
	return out, err
}

// AppendValueJSON appends v; the zero Value is null.
func AppendValueJSON(dst []byte, v Value) ([]byte, error) { return appendValueJSON(dst, v, 0) }

// Marshal gives a Go struct (bson tags) as a document; internal where it holds
// what documents do not.
func Marshal(v any) (Doc, error) {
	b, err := bson.Marshal(v)
	if err != nil {
		return nil, hutch.Errorf(hutch.Internal, "encoding a document: %w", err)
	}
	if err := CheckDoc(b); err != nil {
		return nil, hutch.Errorf(hutch.Internal, "encoding a document: %w", err)
	}
	return b, nil
}

// Unmarshal reads a document into a Go struct.
func Unmarshal(d Doc, v any) error {
	if err := bson.Unmarshal(d, v); err != nil {
		return hutch.Errorf(hutch.Internal, "decoding a document: %w", err)
	}
	return nil
}

func encodeError(err error) error {
	return hutch.Errorf(hutch.Internal, "encoding a document as JSON: %w", err)
}
