package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTypes(t *testing.T) {
	dir := app(t, "hutch.yaml", `name: x
auth:
  providers:
    google: { clientId: x, clientSecret: "" }
    corp: { issuer: https://id.example, clientId: x, clientSecret: "" }
collections:
  a-b: { schema: a.json, preset: { owner: auth.uid, "x.y": auth.uid }, immutable: [owner, kind] }
  free: {}
functions:
  f: { handler: f.ts, trigger: { call: {} }, auth: "true", input: in.json }
  g: { handler: f.ts, trigger: { call: {} }, auth: "true" }
  h: { handler: f.ts, trigger: { http: GET /h }, auth: "true" }
`, "f.ts", "export default () => 1", "in.json", `{"type": ["object", "null"], "properties": {"n": {"type": "integer"}}, "required": ["n"]}`,
		"a.json", `{
  "$defs": {"tag": {"type": "string"}, "tree": {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/tag"}}}}},
  "type": "object",
  "required": ["owner", "it's"],
  "properties": {
    "owner": {"type": "string"}, "kind": {"enum": ["a", "it's \"b\"", 3, null, true]}, "it's": {"const": "x"},
    "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}}, "tree": {"$ref": "#/$defs/tree"},
    "at": {"bsonType": "date"}, "some": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "number"}]}},
    "both": {"allOf": [{"type": "object", "properties": {"a": {"type": "boolean"}}}, {"type": "object"}]},
    "map": {"type": "object", "additionalProperties": {"type": "number"}}, "any": true, "loop": {"$ref": "#"}
  }
}`)
	ok(t, hutch(t, "types", dir))
	got, err := os.ReadFile(filepath.Join(dir, "hutch.d.ts"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(got)
	// a type that holds itself ends somewhere
	if i := strings.Index(text, "; loop?:"); i < 0 || strings.Count(text, "unknown }") == 0 {
		t.Errorf("loop: %s", text)
	} else {
		text = text[:i] + text[strings.Index(text, "; preset"):]
	}
	want := `// Written by ` + "`hutch types`" + `; do not edit.
export interface App {
  collections: {
    'a-b': { doc: { owner: string; kind?: 'a' | 'it\'s "b"' | 3 | null | true; 'it\'s': 'x'; tags?: string[]; tree?: { kids?: string[] }; at?: Date; some?: (string | number)[]; both?: { a?: boolean } & Record<string, unknown>; map?: Record<string, number>; any?: unknown; preset: 'owner'; immutable: 'owner' | 'kind' }
    free: { doc: Record<string, any> }
  }
  functions: {
    f: { in: { n: number } | null; out: any }
    g: { in: any; out: any }
  }
  providers: 'corp' | 'google'
}
`
	if diff := cmp.Diff(want, text); diff != "" {
		t.Error(diff)
	}
	if r := ok(t, hutch(t, "types", dir)); !strings.Contains(r.err, "is current") {
		t.Errorf("a second run: %s", r.err)
	}
}

// TestTypesOfThePetStore: the file beside the example is what the command writes.
func TestTypesOfThePetStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "petstore")
	ok(t, hutch(t, "init", "--template", "petstore", dir))
	if r := ok(t, hutch(t, "types", dir)); !strings.Contains(r.err, "is current") {
		got, _ := os.ReadFile(filepath.Join(dir, "hutch.d.ts"))
		t.Errorf("stale; run hutch types examples/petstore:\n%s", got)
	}
}
