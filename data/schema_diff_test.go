package data_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/hutch-dev/hutch/data"
)

// TestSchemaAgreesWithTheLibrary checks random schemas on random JSON against
// the library that compiles them. HUTCH_SEED repeats a run, HUTCH_LONG lengthens it.
func TestSchemaAgreesWithTheLibrary(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if s, err := strconv.ParseUint(os.Getenv("HUTCH_SEED"), 10, 64); err == nil {
		seed = s
	}
	limit := 300 * time.Millisecond
	if d, err := time.ParseDuration(os.Getenv("HUTCH_LONG")); err == nil {
		limit = d
	}
	g := schemaGen{rand.New(rand.NewPCG(seed, 1))}
	pairs, valid := 0, 0
	for end := time.Now().Add(limit); time.Now().Before(end); {
		text, err := json.Marshal(g.schema(3))
		if err != nil {
			t.Fatal(err)
		}
		ours, err := data.ParseSchema("s", text)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, text, err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		c := jsonschema.NewCompiler()
		if err := c.AddResource("s.json", doc); err != nil {
			t.Fatal(err)
		}
		theirs, err := c.Compile("s.json")
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			value, err := json.Marshal(g.value(3))
			if err != nil {
				t.Fatal(err)
			}
			inst, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
			if err != nil {
				t.Fatal(err)
			}
			want, got := theirs.Validate(inst), ours.ValidateJSON(value)
			if (want == nil) != (got == nil) {
				t.Fatalf("seed %d: schema %s\nvalue %s\nours %v\nlibrary %v", seed, text, value, got, want)
			}
			if pairs++; want == nil {
				valid++
			}
		}
	}
	t.Logf("seed %d: %d pairs, %d valid", seed, pairs, valid)
}

type schemaGen struct{ *rand.Rand }

func (g schemaGen) name() string { return string(rune('a' + g.IntN(4))) }

func (g schemaGen) value(depth int) any {
	switch n := g.IntN(10); {
	case n < 2 && depth > 0:
		obj := map[string]any{}
		for range g.IntN(4) {
			obj[g.name()] = g.value(depth - 1)
		}
		return obj
	case n < 4 && depth > 0:
		list := []any{}
		for range g.IntN(4) {
			list = append(list, g.value(depth-1))
		}
		return list
	case n < 5:
		return []any{nil, true, false}[g.IntN(3)]
	case n < 7:
		return json.RawMessage([]string{"0", "1", "2", "1.0", "0.1", "-3", "2.5", "12345678901", "1e2"}[g.IntN(9)])
	}
	return []string{"", "a", "bb", "ccc", "été"}[g.IntN(5)]
}

// schema makes a schema of a few random keywords.
func (g schemaGen) schema(depth int) any {
	if g.IntN(20) == 0 {
		return g.IntN(4) > 0
	}
	s := map[string]any{}
	for range g.IntN(4) {
		g.keyword(s, depth)
	}
	return s
}

func (g schemaGen) keyword(s map[string]any, depth int) {
	types := []any{"null", "boolean", "integer", "number", "string", "array", "object"}
	small := func() int { return g.IntN(4) }
	switch g.IntN(12) {
	case 0:
		s["type"] = types[g.IntN(len(types))]
	case 1:
		s["type"] = []any{types[g.IntN(3)], types[3+g.IntN(4)]}
	case 2:
		s["enum"] = []any{g.value(1), g.value(0), g.value(0)}
	case 3:
		s["const"] = g.value(1)
	case 4:
		s[[]string{"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}[g.IntN(4)]] = json.RawMessage([]string{"0", "1", "0.1", "2.5"}[g.IntN(4)])
	case 5:
		s["multipleOf"] = json.RawMessage([]string{"1", "2", "0.1", "0.5"}[g.IntN(4)])
	case 6:
		s[[]string{"minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"}[g.IntN(6)]] = small()
	case 7:
		s["pattern"] = []string{"^a", "b", "^.{2,}$"}[g.IntN(3)]
	case 8:
		s["required"] = []any{g.name()}
		s["dependentRequired"] = map[string]any{g.name(): []any{g.name()}}
	case 9:
		s["uniqueItems"] = g.IntN(2) == 0
	}
	if depth == 0 {
		return
	}
	sub := func() any { return g.schema(depth - 1) }
	switch g.IntN(14) {
	case 0, 1, 2:
		s["properties"] = map[string]any{g.name(): sub(), g.name(): sub()}
	case 3:
		s["additionalProperties"] = sub()
	case 4:
		s["patternProperties"] = map[string]any{"[ab]": sub()}
	case 5:
		s["propertyNames"] = map[string]any{"pattern": fmt.Sprintf("[%s%s]", g.name(), g.name())}
	case 6, 7:
		s["items"] = sub()
		if g.IntN(2) == 0 {
			s["prefixItems"] = []any{sub()}
		}
	case 8:
		s["contains"] = sub()
		if g.IntN(2) == 0 {
			s["minContains"], s["maxContains"] = g.IntN(2), 1+g.IntN(2)
		}
	case 9:
		s[[]string{"allOf", "anyOf", "oneOf"}[g.IntN(3)]] = []any{sub(), sub()}
	case 10:
		s["not"] = sub()
	case 11:
		s["if"], s["then"], s["else"] = sub(), sub(), sub()
	case 12:
		s["dependentSchemas"] = map[string]any{g.name(): sub()}
	case 13:
		s["$defs"] = map[string]any{"x": sub()}
		s["unevaluatedProperties"] = g.IntN(3) > 0
	}
}
