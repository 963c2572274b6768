package config

import (
	"encoding/json"
	"maps"
)

// schema is a JSON Schema or a part of one.
type schema map[string]any

// JSONSchema describes hutch.yaml for editors.
func JSONSchema() []byte {
	s := objectSchema(defaults().keys())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "hutch.yaml"
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // strings, numbers and maps of them
	}
	return append(b, '\n')
}

func objectSchema(keys []key) schema {
	props, need := schema{}, []string{}
	for _, k := range keys {
		p := maps.Clone(k.schema)
		p["description"] = k.about
		props[k.name] = p
		if k.need {
			need = append(need, k.name)
		}
	}
	s := schema{"type": "object", "additionalProperties": false, "properties": props}
	if len(need) > 0 {
		s["required"] = need
	}
	return s
}

// orVariable lets ${NAME} stand for a value that is no text.
func orVariable(s schema) schema {
	return schema{"anyOf": []schema{s, {"type": "string", "pattern": `\$\{`}}}
}

func exprSchema() schema {
	return schema{"type": []string{"string", "boolean", "number"}, "minLength": 1}
}
