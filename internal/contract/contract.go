// Package contract holds the answers of a server against its description in
// OpenAPI. Tests send their requests through a Witness, so that each answer any
// of them gets is held against it.
package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

type object = map[string]any

// Contract is a description. Objects in it are closed: schemas let others
// through, so that a version may add fields; here none may be that is not
// described. It is safe for concurrent use.
type Contract struct {
	doc        object
	operations []operation
	failure    string // where the schema of failures is

	mu      sync.Mutex // guards the rest: a compiler is nobody else's meanwhile
	lib     *jsonschema.Compiler
	schemas map[string]*jsonschema.Schema // by place in the document
}

type operation struct {
	method, path string
	segments     []string
}

func (o *operation) name() string { return o.method + " " + o.path }

const root = "hutch:///openapi.json"

// Read reads a description.
func Read(text []byte) (*Contract, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := &Contract{schemas: map[string]*jsonschema.Schema{}, lib: jsonschema.NewCompiler()}
	c.doc, _ = doc.(object)
	paths, _ := c.doc["paths"].(object)
	for path, item := range paths {
		for method := range item.(object) {
			c.operations = append(c.operations, operation{strings.ToUpper(method), path, strings.Split(path, "/")})
		}
	}
	if len(c.operations) == 0 {
		return nil, fmt.Errorf("no operations: %.100s", text)
	}
	c.failure = "/components/schemas/Failure"
	Close(c.doc)
	c.lib.DefaultDraft(jsonschema.Draft2020)
	c.lib.AssertFormat()
	return c, c.lib.AddResource(root, c.doc)
}

// Operations are the names of all, "GET /healthz".
func (c *Contract) Operations() []string {
	out := []string{}
	for i := range c.operations {
		out = append(out, c.operations[i].name())
	}
	slices.Sort(out)
	return out
}

// Close lets no object of a description have a field that is not described:
// schemas let others through, so that a version may add fields.
func Close(v any) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			Close(e)
		}
	case object:
		_, open := v["additionalProperties"]
		if _, props := v["properties"].(object); props && v["type"] == "object" && !open {
			v["additionalProperties"] = false
		}
		for _, e := range v {
			Close(e)
		}
	}
}

// find is the operation of a request, and whether its path is known at all. Of
// two paths the one that spells more of itself wins.
func (c *Contract) find(method, path string) (op *operation, known bool) {
	segments := strings.Split(path, "/")
	best := -1
	for i := range c.operations {
		o := &c.operations[i]
		spelled, ok := similar(o.segments, segments)
		if !ok {
			continue
		}
		known = true
		if o.method == method && spelled > best {
			op, best = o, spelled
		}
	}
	return op, known
}

func similar(pattern, path []string) (spelled int, ok bool) {
	if len(pattern) != len(path) {
		return 0, false
	}
	for i, p := range pattern {
		switch {
		case strings.HasPrefix(p, "{"):
			if path[i] == "" {
				return 0, false
			}
		case p != path[i]:
			return 0, false
		default:
			spelled++
		}
	}
	return spelled, true
}

// answer is an answer to be judged; whole: body is all of it.
type answer struct {
	status int
	header http.Header
	body   []byte
	whole  bool
}

// check tells what of an answer the description does not say.
func (c *Contract) check(op *operation, a *answer) error {
	at := "/paths/" + escaped(op.path) + "/" + strings.ToLower(op.method) + "/responses/"
	responses := c.at(at[:len(at)-1])
	key := strconv.Itoa(a.status)
	if responses[key] == nil {
		key = key[:1] + "XX"
	}
	response, ok := responses[key].(object)
	if !ok && responses["default"] != nil {
		return nil // as the app's own code likes
	}
	if !ok {
		return fmt.Errorf("%d is not described", a.status)
	}
	at += key
	if ref, ok := response["$ref"].(string); ok {
		at = strings.TrimPrefix(ref, "#")
		response = c.at(at)
	}
	headers, _ := response["headers"].(object)
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		if err := c.header(at+"/headers/"+name, headers[name].(object), a.header.Values(name)); err != nil {
			return fmt.Errorf("%d: header %s: %w", a.status, name, err)
		}
	}
	content, ok := response["content"].(object)
	if !ok {
		if len(a.body) > 0 {
			return fmt.Errorf("%d has a body: %.200s", a.status, a.body)
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err != nil || content[kind] == nil {
		return fmt.Errorf("%d comes as %q, which is not described", a.status, a.header.Get("Content-Type"))
	}
	if !a.whole || kind != "application/json" {
		return nil
	}
	return c.valid(at+"/content/"+escaped(kind)+"/schema", a)
}

func (c *Contract) header(at string, described object, values []string) error {
	if len(values) == 0 {
		if described["required"] == true {
			return errors.New("missing")
		}
		return nil
	}
	s, err := c.schema(at + "/schema")
	if err != nil {
		return err
	}
	var v any = values[0]
	if c.at(at + "/schema")["type"] == "integer" {
		v = json.Number(values[0])
		if _, err := strconv.ParseInt(values[0], 10, 64); err != nil {
			return err
		}
	}
	return s.Validate(v)
}

// valid holds a body against the schema at a place.
func (c *Contract) valid(at string, a *answer) error {
	s, err := c.schema(at)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(a.body))
	if err != nil {
		return fmt.Errorf("%d: no JSON: %w: %.200s", a.status, err, a.body)
	}
	if err := s.Validate(v); err != nil {
		return fmt.Errorf("%d: %w\n%.600s", a.status, err, a.body)
	}
	return nil
}

func (c *Contract) schema(at string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.schemas[at]; s != nil {
		return s, nil
	}
	s, err := c.lib.Compile(root + "#" + at)
	if err == nil {
		c.schemas[at] = s
	}
	return s, err
}

// at is the object at a place of the document.
func (c *Contract) at(place string) object {
	o := c.doc
	for _, s := range strings.Split(place, "/")[1:] {
		o, _ = o[strings.NewReplacer("~1", "/", "~0", "~").Replace(s)].(object)
	}
	return o
}

func escaped(s string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(s) }

// Compile makes every schema of the description ready: none is broken.
func (c *Contract) Compile() error {
	for i := range c.operations {
		at := "/paths/" + escaped(c.operations[i].path) + "/" + strings.ToLower(c.operations[i].method)
		if err := c.compile(c.at(at), at); err != nil {
			return err
		}
	}
	return c.compile(c.at("/components"), "/components")
}

// compile takes what stands under schema or schemas below a place.
func (c *Contract) compile(o object, at string) error {
	for name, v := range o {
		inner, ok := v.(object)
		if !ok {
			continue
		}
		at := at + "/" + escaped(name)
		switch name {
		case "schema":
			if _, err := c.schema(at); err != nil {
				return err
			}
		case "schemas":
			for name := range inner {
				if _, err := c.schema(at + "/" + escaped(name)); err != nil {
					return err
				}
			}
		default:
			if err := c.compile(inner, at); err != nil {
				return err
			}
		}
	}
	return nil
}
