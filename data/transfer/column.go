package transfer

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// The types that a column may be given; auto takes the schema's, else it guesses.
const (
	typeAuto = "auto"
	typeSkip = "skip"
	typeJSON = "json"
)

// columnTypes are the words for a column's type.
var columnTypes = []string{typeAuto, "string", "number", "boolean", "date", "decimal", "long", "objectId", "binary", typeJSON, typeSkip}

const (
	maxColumns = 500
	cellDepth  = 32
)

// column is one of a CSV file.
type column struct {
	path  string
	names []string
	types []string // tried in this order; none: guessed
	skip  bool
}

// columns checks the header and says what each column holds.
func columns(header []string, given map[string]string, schema []data.SchemaField) ([]column, error) {
	if len(header) == 0 || len(header) > maxColumns {
		return nil, hutch.Errorf(hutch.InvalidArgument, "a file has 1 to %d columns", maxColumns)
	}
	out := make([]column, len(header))
	for i, path := range header {
		path = strings.TrimSpace(strings.TrimPrefix(path, "\ufeff"))
		c := column{path: path, names: strings.Split(path, ".")}
		if !utf8.ValidString(path) || strings.ContainsRune(path, 0) {
			return nil, &hutch.Error{Code: hutch.InvalidArgument, Field: "columns", Message: "the name of a column is not UTF-8"}
		}
		c.skip = given[path] == typeSkip || path == data.FieldVersion
		if !c.skip {
			if path == "" || slices.Contains(c.names, "") || path[0] == '_' && !slices.Contains([]string{data.FieldID, data.FieldCreated, data.FieldUpdated}, path) {
				return nil, &hutch.Error{Code: hutch.InvalidArgument, Field: "columns", Message: "the column " + quoted(path) + " is no path of a field"}
			}
			for j := range i {
				if o := out[j].path; !out[j].skip && (o == path || strings.HasPrefix(path, o+".") || strings.HasPrefix(o, path+".")) {
					return nil, &hutch.Error{Code: hutch.InvalidArgument, Field: "columns", Message: "the columns " + quoted(o) + " and " + quoted(path) + " are of the same field"}
				}
			}
		}
		switch t := given[path]; {
		case path == data.FieldID:
			c.types = []string{"string"}
		case path == data.FieldCreated || path == data.FieldUpdated:
			c.types = []string{"date"}
		case t != "" && t != typeAuto:
			c.types = []string{t}
		default:
			c.types = declared(path, schema)
		}
		out[i] = c
	}
	return out, nil
}

// declared are the types of a schema's field, texts last: almost all is a text.
func declared(path string, schema []data.SchemaField) (out []string) {
	for _, f := range schema {
		if f.Path != path {
			continue
		}
		for _, t := range f.Types {
			switch t {
			case "integer":
				t = "number"
			case "binData":
				t = "binary"
			case "object", "array":
				t = typeJSON
			case "null":
				continue
			}
			out = append(out, t)
		}
		slices.SortStableFunc(out, func(a, b string) int {
			if a == "string" {
				return 1
			}
			if b == "string" {
				return -1
			}
			return 0
		})
	}
	return slices.Compact(out)
}

// value reads a cell; ok is false for an empty one, which is no value.
func (c *column) value(text string) (v data.Value, ok bool, err error) {
	if text = unguarded(text); text == "" {
		return v, false, nil
	}
	if len(c.types) == 0 {
		return guessed(text), true, nil
	}
	for _, t := range c.types {
		if v, ok := cell(t, text); ok {
			return v, true, nil
		}
	}
	return v, false, &hutch.Error{Code: hutch.InvalidArgument, Field: c.path, Message: "the cell is no " + strings.Join(c.types, ", no ")}
}

// guessed reads a cell of which nothing is known.
func guessed(text string) data.Value {
	if text == "true" || text == "false" {
		return data.Bool(text == "true")
	}
	if v, ok := cell("number", text); ok {
		return v
	}
	if text[0] == '{' || text[0] == '[' {
		if v, ok := cell(typeJSON, text); ok {
			return v
		}
	}
	return data.String(text)
}

// cell reads text as a type.
func cell(t, text string) (data.Value, bool) {
	wrapped := func(form, text string) (data.Value, bool) {
		js, err := json.Marshal(text)
		if err != nil {
			return data.Value{}, false
		}
		v, err := data.ParseValueJSON([]byte(`{"`+form+`":`+string(js)+`}`), cellDepth)
		return v, err == nil
	}
	switch t {
	case "string":
		return data.String(text), true
	case "boolean":
		switch strings.ToLower(text) {
		case "true", "1":
			return data.Bool(true), true
		case "false", "0":
			return data.Bool(false), true
		}
		return data.Value{}, false
	case "number":
		v, err := data.ParseValueJSON([]byte(text), cellDepth)
		return v, err == nil && slices.Contains([]string{"int", "long", "double"}, data.TypeName(v))
	case "date":
		switch {
		case len(text) == len("2006-01-02"):
			text += "T00:00:00Z"
		case len(text) == len("2006-01-02 15:04:05") && text[10] == ' ':
			text = text[:10] + "T" + text[11:] + "Z"
		}
		return wrapped("$date", text)
	case "decimal":
		return wrapped("$numberDecimal", text)
	case "long":
		return wrapped("$numberLong", text)
	case "objectId":
		return wrapped("$oid", text)
	case "binary":
		js, err := json.Marshal(text)
		if err != nil {
			return data.Value{}, false
		}
		v, err := data.ParseValueJSON([]byte(`{"$binary":{"base64":`+string(js)+`,"subType":"00"}}`), cellDepth)
		return v, err == nil
	}
	v, err := data.ParseValueJSON([]byte(text), cellDepth)
	return v, err == nil
}

// A cell that a spreadsheet would take for a formula gets an apostrophe before
// it, and one that begins so already another, which an import takes off.
// The wide forms are the same to spreadsheets of East Asia.
const formula = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"

func isGuarded(text string) bool {
	first, size := utf8.DecodeRuneInString(strings.TrimLeft(text, "'"))
	return size > 0 && strings.ContainsRune(formula, first)
}

func guarded(text string) string {
	if isGuarded(text) {
		return "'" + text
	}
	return text
}

func unguarded(text string) string {
	if text != "" && text[0] == '\'' && isGuarded(text) {
		return text[1:]
	}
	return text
}

func quoted(text string) string { return `"` + text + `"` }

// clip shortens a text to n bytes of whole characters.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "") + "…"
}
