package data_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const petSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "required": ["name", "price"], "additionalProperties": false,
	"properties": {
		"name": {"type": "string", "minLength": 1, "maxLength": 5},
		"species": {"enum": ["dog", "cat", 7, null]},
		"price": {"type": "number", "minimum": 0.1, "exclusiveMaximum": 1000},
		"stock": {"type": "integer", "minimum": 0},
		"tags": {"type": "array", "maxItems": 3, "uniqueItems": true, "items": {"type": "string", "pattern": "^[a-z]+$"}},
		"born": {"bsonType": "date"}, "photo": {"bsonType": "binData"}, "owner": {"bsonType": "objectId"}, "cents": {"bsonType": "long"},
		"weight": {"bsonType": "decimal", "minimum": 1},
		"mail": {"type": "string", "format": "email"},
		"size": {"$ref": "#/$defs/size"},
		"either": {"oneOf": [{"type": "string"}, {"type": "object", "required": ["a"]}]},
		"odd": {"not": {"multipleOf": 2}},
		"kind": {"const": "pet"}
	},
	"if": {"properties": {"species": {"const": "dog"}}, "required": ["species"]}, "then": {"required": ["stock"]},
	"$defs": {"size": {"type": "object", "properties": {"cm": {"type": "integer"}, "in": {"$ref": "#/$defs/size"}}, "minProperties": 1}}
}`

func TestSchema(t *testing.T) {
	s, err := data.ParseSchema("pet.json", []byte(petSchema))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ doc, field string }{
		{`{"name":"rex","price":1}`, ""},
		{`{"_id":"a","_version":7,"_createdAt":{"$date":"2026-01-01T00:00:00Z"},"name":"rex","price":0.1}`, ""},
		{`{"price":1}`, "name"},
		{`{"name":"rex","price":1,"x":1}`, "x"},
		{`{"name":7,"price":1}`, "name"},
		{`{"name":"","price":1}`, "name"},
		{`{"name":"ñandú","price":1}`, ""},
		{`{"name":"ñandús","price":1}`, "name"},
		{`{"name":"rex","price":0.05}`, "price"},
		{`{"name":"rex","price":1000}`, "price"},
		{`{"name":"rex","price":{"$numberDecimal":"0.1"}}`, ""},
		{`{"name":"rex","price":{"$numberDecimal":"0.09"}}`, "price"},
		{`{"name":"rex","price":1,"stock":1.0}`, ""},
		{`{"name":"rex","price":1,"stock":1.5}`, "stock"},
		{`{"name":"rex","price":1,"stock":-1}`, "stock"},
		{`{"name":"rex","price":1,"species":7.0}`, ""},
		{`{"name":"rex","price":1,"species":null}`, ""},
		{`{"name":"rex","price":1,"species":false}`, "species"},
		{`{"name":"rex","price":1,"species":"dog"}`, "stock"},
		{`{"name":"rex","price":1,"species":"dog","stock":2}`, ""},
		{`{"name":"rex","price":1,"tags":["a","b"]}`, ""},
		{`{"name":"rex","price":1,"tags":["a","B"]}`, "tags[1]"},
		{`{"name":"rex","price":1,"tags":["a","a"]}`, "tags"},
		{`{"name":"rex","price":1,"tags":["a","b","c","d"]}`, "tags"},
		{`{"name":"rex","price":1,"born":{"$date":"2026-01-01T00:00:00Z"}}`, ""},
		{`{"name":"rex","price":1,"born":"2026-01-01T00:00:00Z"}`, "born"},
		{`{"name":{"$date":"2026-01-01T00:00:00Z"},"price":1}`, "name"},
		{`{"name":"rex","price":1,"photo":{"$binary":{"base64":"AAAA","subType":"00"}}}`, ""},
		{`{"name":"rex","price":1,"photo":"AAAA"}`, "photo"},
		{`{"name":"rex","price":1,"owner":{"$oid":"0123456789abcdef01234567"},"cents":{"$numberLong":"12345678901"},"weight":{"$numberDecimal":"2.5"}}`, ""},
		{`{"name":"rex","price":1,"cents":5}`, ""},
		{`{"name":"rex","price":1,"cents":5.5}`, "cents"},
		{`{"name":"rex","price":1,"weight":2.5}`, "weight"},
		{`{"name":"rex","price":1,"weight":{"$numberDecimal":"0.5"}}`, "weight"},
		{`{"name":"rex","price":1,"mail":"a@b.test"}`, ""},
		{`{"name":"rex","price":1,"mail":"nobody"}`, "mail"},
		{`{"name":"rex","price":1,"size":{"in":{"cm":"x"}}}`, "size.in.cm"},
		{`{"name":"rex","price":1,"size":{}}`, "size"},
		{`{"name":"rex","price":1,"either":{"a":1}}`, ""},
		{`{"name":"rex","price":1,"either":{"b":1}}`, "either"},
		{`{"name":"rex","price":1,"odd":3}`, ""},
		{`{"name":"rex","price":1,"odd":4}`, "odd"},
		{`{"name":"rex","price":1,"kind":"pets"}`, "kind"},
	} {
		err := s.Validate(js(t, c.doc))
		e := hutch.AsError(err)
		switch {
		case c.field == "" && err != nil:
			t.Errorf("%s: %v", c.doc, err)
		case c.field != "" && (e == nil || e.Code != hutch.InvalidArgument || e.Field != c.field || e.Message == ""):
			t.Errorf("%s: %v, want field %s", c.doc, err, c.field)
		}
	}
}

func TestSchemaOfWholeDocuments(t *testing.T) {
	s, err := data.ParseSchema("s", []byte(`{"allOf":[{"properties":{"a":{"bsonType":"date"}}}],"properties":{"b":{"type":"string"}},"unevaluatedProperties":false}`))
	if err != nil {
		t.Fatal(err)
	}
	for doc, ok := range map[string]bool{
		`{"_id":"x","a":{"$date":"2026-01-01T00:00:00Z"},"b":"s"}`: true,
		`{"a":"2026-01-01"}`: false, `{"b":1}`: false, `{"c":1}`: false,
	} {
		if err := s.Validate(js(t, doc)); (err == nil) != ok {
			t.Errorf("%s: %v", doc, err)
		}
	}
}

func TestSchemaOfInputs(t *testing.T) {
	s, err := data.ParseSchema("input", []byte(`{"type":"object","required":["quantity"],"properties":{"quantity":{"type":"integer","maximum":99}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for input, field := range map[string]string{`{"quantity":5}`: "", `{"quantity":100}`: "quantity", `{}`: "quantity"} {
		err := s.ValidateJSON([]byte(input))
		if e := hutch.AsError(err); (err == nil) != (field == "") || err != nil && (e.Code != hutch.InvalidArgument || e.Field != field) {
			t.Errorf("%s: %v", input, err)
		}
	}
	for _, input := range []string{`7`, `null`, `[]`, `{`, ``} {
		if err := s.ValidateJSON([]byte(input)); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%s: %v", input, err)
		}
	}
}

func TestS107SchemasStayInTheAppFolder(t *testing.T) {
	fsys := fstest.MapFS{
		"schemas/pet.json":  {Data: []byte(`{"properties":{"size":{"$ref":"size.json"},"owner":{"$ref":"../shared/owner.json#/$defs/owner"}}}`)},
		"schemas/size.json": {Data: []byte(`{"type":"integer"}`)},
		"shared/owner.json": {Data: []byte(`{"$defs":{"owner":{"type":"string"}}}`)},
		"schemas/loop.json": {Data: []byte(`{"$ref":"#"}`)},
	}
	s, err := data.CompileSchema(fsys, "schemas/pet.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(js(t, `{"size":"x"}`)); err == nil {
		t.Error("$ref to a file is not followed")
	}
	if err := s.Validate(js(t, `{"owner":1}`)); err == nil {
		t.Error("$ref into a file of another folder is not followed")
	}
	for _, ref := range []string{"http://127.0.0.1:1/s.json", "https://example.com/s.json", "file:///etc/passwd", "hutch://host/x.json", "../../outside.json", "none.json"} {
		fsys["schemas/bad.json"] = &fstest.MapFile{Data: []byte(`{"properties":{"a":{"$ref":"` + ref + `"}}}`)}
		if _, err := data.CompileSchema(fsys, "schemas/bad.json"); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%s: %v", ref, err)
		} else if strings.Contains(err.Error(), "hutch:///") {
			t.Error("the made-up address shows:", err)
		}
		if _, err := data.ParseSchema("inline", fsys["schemas/bad.json"].Data); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%s: %v", ref, err)
		}
	}
	for name, text := range map[string]string{
		"not JSON": `{`, "no schema": `{"type":7}`, "another draft": `{"$schema":"http://json-schema.org/draft-07/schema#"}`,
		"an unknown bsonType": `{"properties":{"a":{"bsonType":"timestamp"}}}`, "a bad pattern": `{"pattern":"("}`,
	} {
		if _, err := data.ParseSchema(name, []byte(text)); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	loop, err := data.CompileSchema(fsys, "schemas/loop.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := loop.Validate(js(t, `{}`)); err == nil {
		t.Error("a schema that only refers to itself allows")
	}
}

func TestSchemaTypes(t *testing.T) {
	s, err := data.ParseSchema("pet.json", []byte(petSchema))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct {
		T        data.Type
		Required bool
	}{
		"name":    {data.Type{Kind: "string", NoArray: true}, true},
		"price":   {data.Type{Kind: "number", NoArray: true}, true},
		"stock":   {data.Type{Kind: "int", NoArray: true}, false},
		"species": {data.Type{NoArray: true}, false},
		"tags":    {data.Type{Kind: "array", MaxItems: 3}, false},
		"tags.[]": {data.Type{Kind: "string", NoArray: true}, false},
		"born":    {data.Type{Kind: "date", NoArray: true}, false},
		"photo":   {data.Type{Kind: "binary", NoArray: true}, false},
		"size.cm": {data.Type{Kind: "int", NoArray: true}, false},
		"either":  {data.Type{}, false},
		"none":    {data.Type{}, false},
		"name.x":  {data.Type{}, false},
	} {
		got, required := s.Type(strings.Split(path, ".")...)
		if d := cmp.Diff(want.T, got); d != "" || required != want.Required {
			t.Errorf("%s: required %t, %s", path, required, d)
		}
	}
}
