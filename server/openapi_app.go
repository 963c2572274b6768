package server

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
)

// App is what the description tells of the app itself.
type App struct {
	Name        string
	Collections []data.Collection
	Functions   []functions.Function
}

// app adds each collection, function and route of the app under its own name.
func (b *describer) app(a *App) {
	for i := range a.Collections {
		b.collection(&a.Collections[i])
	}
	for i := range a.Functions {
		b.function(&a.Functions[i])
	}
}

func (b *describer) collection(c *data.Collection) {
	in, out := b.of(fieldsIn{}), b.of(document{})
	if c.Schema != nil {
		name := "collections." + c.Name
		in, out = refTo(name), refTo(name+".shown")
		b.named[name] = appSchema(name, c.Schema, nil)
		b.named[name+".shown"] = appSchema(name+".shown", c.Schema, b.named["Document"].(schema)["properties"].(schema))
	}
	page := schema{
		"type": "object", "required": []string{"docs", "next"},
		"properties": schema{
			"docs": schema{"type": "array", "items": out}, "next": orNull(schema{"type": "string"}),
			"count": schema{"type": "integer"}, "partial": schema{"type": "boolean"}, "explain": plainObject,
		},
	}
	shown := func(status string) schema { return schema{status: b.okay(out)} }
	both := shown("200")
	both["201"] = b.okay(out)
	const docs, doc = "/data/v1/docs/{collection}", "/data/v1/docs/{collection}/{id}"
	for _, row := range []struct {
		method, path string
		body         schema
		answers      schema
	}{
		{http.MethodPost, docs, in, shown("201")},
		{http.MethodGet, docs, nil, schema{"200": b.okay(page)}},
		{http.MethodGet, doc, nil, shown("200")},
		{http.MethodPut, doc, in, both},
		{http.MethodPatch, doc, b.of(changesIn{}), shown("200")},
		{http.MethodDelete, doc, nil, nil},
	} {
		b.like(row.method, row.path, "{collection}", c.Name, row.body, row.answers)
	}
}

func (b *describer) okay(s schema) schema {
	return schema{"description": "OK", "content": jsonContent(s)}
}

// like adds a row's operation with a parameter filled in, and its own body and answers.
func (b *describer) like(method, path, param, value string, body, own schema) {
	generic, ok := b.paths[path].(schema)[strings.ToLower(method)].(schema)
	if !ok {
		return
	}
	op := maps.Clone(generic)
	op["operationId"] = generic["operationId"].(string) + "." + value
	op["summary"] = generic["summary"].(string) + ": " + value
	params := []any{}
	if list, ok := generic["parameters"].([]any); ok {
		for _, p := range list {
			if "{"+p.(schema)["name"].(string)+"}" != param {
				params = append(params, p)
			}
		}
	}
	op["parameters"] = params
	if body != nil {
		op["requestBody"] = schema{"required": true, "content": jsonContent(body)}
	}
	responses := maps.Clone(generic["responses"].(schema))
	for status, answer := range own {
		answer.(schema)["headers"] = responses[status].(schema)["headers"]
		responses[status] = answer
	}
	op["responses"] = responses
	b.add(strings.Replace(path, param, value, 1), strings.ToLower(method), op)
}

// appSchema is a schema of the app as a component: its references stay within
// it. With system fields it is of a document as shown, where rules may hide
// fields and JSON wraps types, so nothing of the top is required.
func appSchema(name string, s *data.Schema, system schema) schema {
	var out schema
	if err := json.Unmarshal(s.JSON(), &out); err != nil {
		return schema{} // true and false are schemas, too
	}
	rebase(out, "#/components/schemas/"+name)
	delete(out, "$schema")
	delete(out, "$id")
	if system == nil {
		return out
	}
	props, ok := out["properties"].(schema)
	if !ok {
		return schema{"$ref": "#/components/schemas/Document"}
	}
	delete(out, "required")
	maps.Copy(props, system)
	return out
}

// rebase moves references to the root of a document; those to other files are
// dropped, as they lead nowhere from here.
func rebase(v any, to string) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			rebase(e, to)
		}
	case schema:
		if ref, ok := v["$ref"].(string); ok {
			if rest, ok := strings.CutPrefix(ref, "#"); ok {
				v["$ref"] = to + rest
			} else {
				delete(v, "$ref")
			}
		}
		for _, e := range v {
			rebase(e, to)
		}
	}
}

func (b *describer) function(f *functions.Function) {
	in := schema{}
	if f.Input != nil {
		name := "functions." + f.Name
		b.named[name] = appSchema(name, f.Input, nil)
		in = refTo(name)
	}
	switch f.Trigger.Kind {
	case functions.TriggerCall:
		b.like(http.MethodPost, "/functions/v1/{name}", "{name}", f.Name, in, nil)
		op := b.paths["/functions/v1/"+f.Name].(schema)["post"].(schema)
		requireKey(op, f.KeyRequired)
	case functions.TriggerHTTP:
		b.route(f, in)
	}
}

// requireKey marks Idempotency-Key.
func requireKey(op schema, required bool) {
	for i, p := range op["parameters"].([]any) {
		if p := p.(schema); required && p["name"] == "Idempotency-Key" {
			with := schema{"required": true}
			maps.Copy(with, p)
			op["parameters"].([]any)[i] = with
		}
	}
}

// route describes an http trigger: what it answers is the function's.
func (b *describer) route(f *functions.Function, in schema) {
	r := &Route{Method: f.Trigger.Method, Path: f.Trigger.Path, Service: ServiceApp, About: "the function " + f.Name, Once: f.Trigger.Method == http.MethodPost}
	_, r.names = fiberPath(r.Path)
	method, op := b.operation(r)
	op["responses"] = schema{"default": schema{"description": "as the function answers"}}
	params, _ := op["parameters"].([]any)
	for _, p := range f.Query {
		kind := map[functions.ParamType]string{
			functions.ParamString: "string", functions.ParamInt: "integer", functions.ParamNumber: "number", functions.ParamBool: "boolean",
		}[p.Type]
		params = append(params, schema{"name": p.Name, "in": "query", "required": !p.Optional, "schema": schema{"type": kind}})
	}
	if len(params) > 0 {
		op["parameters"] = params
	}
	if f.Input != nil {
		op["requestBody"] = schema{"required": true, "content": jsonContent(in)}
	}
	b.add(r.Path, method, op)
}
