package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// ordered is a JSON value whose objects keep the order of their keys.
type ordered struct {
	keys   []string
	fields map[string]*ordered
	items  []*ordered
	scalar any // nil, bool, string, json.Number
	kind   byte
}

func parseOrdered(text []byte) (*ordered, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return readOrdered(d)
}

func readOrdered(d *json.Decoder) (*ordered, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, _ := t.(json.Delim)
	o := &ordered{scalar: t}
	if delim == 0 {
		return o, nil
	}
	o.kind, o.scalar, o.fields = byte(delim), nil, map[string]*ordered{}
	for d.More() {
		key := ""
		if delim == '{' {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			key, _ = k.(string)
		}
		v, err := readOrdered(d)
		if err != nil {
			return nil, err
		}
		if delim == '[' {
			o.items = append(o.items, v)
			continue
		}
		if o.fields[key] == nil {
			o.keys = append(o.keys, key)
		}
		o.fields[key] = v
	}
	_, err = d.Token() // the closing one
	return o, err
}

// get gives a field, nil where there is none.
func (o *ordered) get(key string) *ordered {
	if o == nil || o.kind != '{' {
		return nil
	}
	return o.fields[key]
}

func (o *ordered) text() string {
	if o == nil {
		return ""
	}
	s, _ := o.scalar.(string)
	return s
}

// tsTypes turns a JSON Schema into a TypeScript type; what it does not know is
// unknown.
type tsTypes struct{ root *ordered }

const maxTypeDepth = 16

func (t *tsTypes) of(s *ordered, depth int) string {
	if depth > maxTypeDepth || s == nil || s.kind != '{' {
		return "unknown"
	}
	if ref := s.get("$ref").text(); ref != "" {
		return t.of(t.resolve(ref), depth+1)
	}
	if b := s.get("bsonType").text(); b != "" {
		return bsonTypes[b]
	}
	if c := s.get("const"); c != nil {
		return literal(c)
	}
	for _, key := range []string{"enum", "anyOf", "oneOf", "allOf"} {
		if v := s.get(key); v != nil && v.kind == '[' && len(v.items) > 0 {
			return t.several(key, v.items, depth)
		}
	}
	types := s.get("type")
	if types != nil && types.kind == '[' {
		var out []string
		for _, one := range types.items {
			out = append(out, t.plain(one.text(), s, depth))
		}
		return strings.Join(out, " | ")
	}
	return t.plain(types.text(), s, depth)
}

var bsonTypes = map[string]string{
	"date": "Date", "decimal": "{ $numberDecimal: string }", "binData": "Uint8Array", "objectId": "{ $oid: string }", "long": "number | bigint",
}

func (t *tsTypes) several(key string, items []*ordered, depth int) string {
	sep := " | "
	if key == "allOf" {
		sep = " & "
	}
	out := make([]string, len(items))
	for i, item := range items {
		if key == "enum" {
			out[i] = literal(item)
			continue
		}
		if out[i] = t.of(item, depth+1); strings.Contains(out[i], " | ") {
			out[i] = "(" + out[i] + ")"
		}
	}
	return strings.Join(out, sep)
}

func (t *tsTypes) plain(typ string, s *ordered, depth int) string {
	switch typ {
	case "string":
		return "string"
	case "integer", "number":
		return "number"
	case "boolean":
		return "boolean"
	case "null":
		return "null"
	case "array":
		item := t.of(s.get("items"), depth+1)
		if strings.ContainsAny(item, "|&") {
			item = "(" + item + ")"
		}
		return item + "[]"
	case "object":
		return t.object(s, depth)
	}
	if s.get("properties") != nil {
		return t.object(s, depth)
	}
	return "unknown"
}

func (t *tsTypes) object(s *ordered, depth int) string {
	props := s.get("properties")
	if props == nil || len(props.keys) == 0 {
		if more := s.get("additionalProperties"); more != nil && more.kind == '{' {
			return "Record<string, " + t.of(more, depth+1) + ">"
		}
		return "Record<string, unknown>"
	}
	need := map[string]bool{}
	if r := s.get("required"); r != nil {
		for _, k := range r.items {
			need[k.text()] = true
		}
	}
	out := make([]string, len(props.keys))
	for i, k := range props.keys {
		mark := "?"
		if need[k] {
			mark = ""
		}
		out[i] = tsKey(k) + mark + ": " + t.of(props.fields[k], depth+1)
	}
	return "{ " + strings.Join(out, "; ") + " }"
}

// resolve follows a pointer within the file.
func (t *tsTypes) resolve(ref string) *ordered {
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return nil
	}
	at := t.root
	for seg := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if seg != "" {
			at = at.get(strings.NewReplacer("~1", "/", "~0", "~").Replace(seg))
		}
	}
	return at
}

func literal(v *ordered) string {
	switch x := v.scalar.(type) {
	case string:
		return tsString(x)
	case nil:
		if v.kind == 0 {
			return "null"
		}
		return "unknown"
	default:
		return fmt.Sprint(x)
	}
}

// tsString quotes as the pages do: single quotes.
func tsString(s string) string {
	js, err := json.Marshal(s)
	if err != nil {
		return "string"
	}
	inner := strings.ReplaceAll(string(js[1:len(js)-1]), `\"`, `"`)
	return "'" + strings.ReplaceAll(inner, "'", `\'`) + "'"
}

var identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

func tsKey(s string) string {
	if identifier.MatchString(s) {
		return s
	}
	return tsString(s)
}
