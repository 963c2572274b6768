package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/server"
)

type object = map[string]any

// contract is a description that answers can be held against.
type contract struct {
	text    string
	paths   map[string]map[string]object
	schemas map[string]*data.Schema // by reference and by text
	whole   object
}

func readContract(t testing.TB, text string) *contract {
	t.Helper()
	c := &contract{text: text, schemas: map[string]*data.Schema{}}
	var doc struct {
		Paths map[string]map[string]object `json:"paths"`
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(text), &c.whole); err != nil {
		t.Fatal(err)
	}
	c.paths = doc.Paths
	return c
}

// compile makes a schema of the document ready; what it refers to is there.
func (c *contract) compile(s any) (*data.Schema, error) {
	js, err := json.Marshal(object{"allOf": []any{s}, "components": c.whole["components"]})
	if err != nil {
		return nil, err
	}
	if known := c.schemas[string(js)]; known != nil {
		return known, nil
	}
	out, err := data.ParseSchema("openapi.json", js)
	c.schemas[string(js)] = out
	return out, err
}

// answer is the response that an operation has for a status; nil: none.
func (c *contract) answer(op object, status int) object {
	responses := op["responses"].(object)
	for _, key := range []string{fmt.Sprint(status), fmt.Sprintf("%dXX", status/100), "default"} {
		r, ok := responses[key].(object)
		if !ok {
			continue
		}
		if ref, ok := r["$ref"].(string); ok {
			r = c.whole["components"].(object)["responses"].(object)[ref[strings.LastIndexByte(ref, '/')+1:]].(object)
		}
		return r
	}
	return nil
}

// holds tells what of an answer the description does not say.
func (c *contract) holds(path, method string, status int, kind, body string) error {
	op := c.paths[path][strings.ToLower(method)]
	if op == nil {
		return fmt.Errorf("%s %s is not described", method, path)
	}
	r := c.answer(op, status)
	if r == nil {
		return fmt.Errorf("%d is not described", status)
	}
	content, _ := r["content"].(object)
	kind, _, _ = strings.Cut(kind, ";")
	if content == nil {
		if body != "" {
			return fmt.Errorf("%d has a body: %.200s", status, body)
		}
		return nil
	}
	media, ok := content[kind].(object)
	if !ok {
		return fmt.Errorf("%d comes as %q, which is not described", status, kind)
	}
	if kind != "application/json" {
		return nil
	}
	s, err := c.compile(media["schema"])
	if err != nil {
		return err
	}
	if err := s.ValidateJSON([]byte(body)); err != nil {
		return fmt.Errorf("%d: %w: %.300s", status, err, body)
	}
	return nil
}

func petApp(t testing.TB) server.App {
	t.Helper()
	schema := func(text string) *data.Schema {
		s, err := data.CompileSchema(fstest.MapFS{"s.json": {Data: []byte(text)}}, "s.json")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	return server.App{
		Name: "pets",
		Collections: []data.Collection{
			{Name: "notes", Schema: schema(`{"$id":"https://x.example/note","type":"object","required":["owner"],"additionalProperties":false,
				"properties":{"owner":{"type":"string"},"text":{"$ref":"#/$defs/text"}},"$defs":{"text":{"type":"string"}}}`)},
			{Name: "open"},
		},
		Functions: []functions.Function{
			{Name: "members", Trigger: functions.Trigger{Kind: functions.TriggerCall}, KeyRequired: true, Input: schema(`{"type":"object","required":["secretName"]}`)},
			{
				Name: "search", Trigger: functions.Trigger{Kind: functions.TriggerHTTP, Method: "GET", Path: "/api/search/{kind}"},
				Query: []functions.Param{{Name: "page", Type: functions.ParamInt, Optional: true}},
			},
			{Name: "hook", Trigger: functions.Trigger{Kind: functions.TriggerBefore, Collection: "notes"}},
		},
	}
}

// TestOpenAPIDescribesEveryRow: each with its body, its answers and who may.
func TestOpenAPIDescribesEveryRow(t *testing.T) {
	s := start(t, func(o *server.Options) { o.Parts.App = petApp(t) })
	c := readContract(t, s.do(t, "ops", "GET", "/openapi.json", "").body)
	ids := map[string]string{}
	for _, r := range s.Routes() {
		op := c.paths[r.Path][strings.ToLower(r.Method)]
		if op == nil {
			t.Errorf("%s is not described", r.Name)
			continue
		}
		takes := slices.Contains([]string{"POST", "PUT", "PATCH"}, r.Method)
		if takes && r.In == nil && !slices.Contains(bodiless, r.Name) {
			t.Errorf("%s: what is its body? Set In", r.Name)
		}
		if !takes && r.Out == nil && r.Method == "GET" {
			t.Errorf("%s: what does it answer? Set Out", r.Name)
		}
	}
	for path, item := range c.paths {
		for method, op := range item {
			id := op["operationId"].(string)
			if ids[id] != "" {
				t.Errorf("%s is %s and %s %s", id, ids[id], method, path)
			}
			ids[id] = method + " " + path
			params, _ := op["parameters"].([]any)
			for _, p := range params {
				p := p.(object)
				if in := strings.Contains(path, "{"+p["name"].(string)+"}"); in != (p["in"] == "path") {
					t.Errorf("%s: the parameter %v", ids[id], p)
				}
			}
			if body, ok := op["requestBody"].(object); ok {
				c.mustCompile(t, ids[id], body["content"])
			}
			for status := range op["responses"].(object) {
				n := 0
				if _, err := fmt.Sscanf(strings.ReplaceAll(status, "X", "9"), "%d", &n); err != nil {
					continue
				}
				c.mustCompile(t, ids[id]+" "+status, c.answer(op, n)["content"])
			}
		}
	}
}

// bodiless are rows whose body nobody reads.
var bodiless = []string{
	"POST /auth/v1/logout", "POST /auth/v1/factors/recovery-codes", "POST /auth/v1/factors/recovery-codes/regenerate",
	"POST /auth/v1/passkeys/registration/options",
}

func (c *contract) mustCompile(t *testing.T, at string, content any) {
	t.Helper()
	media, _ := content.(object)
	for kind, m := range media {
		if _, err := c.compile(m.(object)["schema"]); err != nil {
			t.Errorf("%s, %s: %v", at, kind, err)
		}
	}
}

// TestS66OpenAPITellsStrangersNothingOfTheApp: nor of the version or the admin
// routes; what it does tell is what each Hutch has.
func TestS66OpenAPITellsStrangersNothingOfTheApp(t *testing.T) {
	s := start(t, func(o *server.Options) { o.Parts.App = petApp(t) })
	whole := s.do(t, "ops", "GET", "/openapi.json", "")
	for _, word := range []string{"/admin/v1/audit", `"/data/v1/docs/notes"`, "secretName", "/api/search/{kind}", "pets, on Hutch", "operator"} {
		if !strings.Contains(whole.body, word) {
			t.Errorf("operators are not told of %s", word)
		}
	}
	if strings.Contains(whole.body, `hook"`) {
		t.Error("a hook is nothing to call")
	}
	for _, as := range []string{"guest", "ann", "data", "auth"} {
		a := s.do(t, as, "GET", "/openapi.json", "")
		if a.StatusCode != 200 {
			t.Fatal(as, a.StatusCode)
		}
		for _, word := range []string{"/admin/v1/", "notes", "secretName", "/api/search", "pets"} {
			if strings.Contains(a.body, word) {
				t.Errorf("%s is told of %s", as, word)
			}
		}
	}
	tag := whole.Header.Get("ETag")
	if a := s.do(t, "ops", "GET", "/openapi.json", "", "If-None-Match", tag); tag == "" || a.StatusCode != 304 || a.body != "" {
		t.Error(tag, a.StatusCode, a.body)
	}
	if a := s.do(t, "guest", "GET", "/openapi.json", "", "If-None-Match", tag); a.StatusCode != 200 {
		t.Error("a stranger's copy is another", a.StatusCode)
	}
	if err := s.Use(server.Parts{}); err != nil {
		t.Fatal(err)
	}
	if a := s.do(t, "ops", "GET", "/openapi.json", ""); strings.Contains(a.body, "secretName") || a.Header.Get("ETag") == tag {
		t.Error("after a reload the description is the old one")
	}
}

// TestOpenAPIHolds: what each route answers, to whoever asks, is described.
func TestOpenAPIHolds(t *testing.T) {
	s := start(t, func(o *server.Options) { o.Parts.App = petApp(t) })
	c := readContract(t, s.do(t, "ops", "GET", "/openapi.json", "").body)
	for _, r := range s.Routes() {
		row := accessTable[r.Name]
		path := row.path
		if path == "" {
			path = r.Path
		}
		for _, as := range []string{"guest", "ann", "bob", "data", "ops", "auth"} {
			s.docs.put("notes", "n1", "ann", "private words")
			a := s.do(t, as, r.Method, path, row.body)
			if a.StatusCode < 400 && (r.Service == server.ServiceAuth || strings.HasPrefix(r.Path, "/admin/v1/auth/")) {
				continue // a double answers: TestOpenAPIHoldsForAuth
			}
			if r.Path == "/openapi.json" && a.StatusCode == 200 {
				continue // with examples of documents in it it is no document
			}
			if err := c.holds(r.Path, r.Method, a.StatusCode, a.Header.Get("Content-Type"), a.body); err != nil {
				t.Errorf("%s as %s: %v", r.Name, as, err)
			}
		}
	}
	a := s.do(t, "ann", "GET", "/data/v1/docs/notes/n1", "")
	if err := c.holds("/data/v1/docs/notes/{id}", "GET", 200, "application/json", a.body); err != nil {
		t.Error(err)
	}
}

// TestOpenAPIHoldsForAuth: the same with the real sign-in.
func TestOpenAPIHoldsForAuth(t *testing.T) {
	o := openOffice(t)
	c := readContract(t, o.do(t, o.be("ops").token, http.MethodGet, "/openapi.json", "").body)
	seen := map[string]bool{}
	authTable(t, o, func(route *server.Route, r *authRow) {
		for _, who := range []string{"guest", "user", "aal2", "auth"} {
			o.n++
			row := *r
			row.body = strings.NewReplacer("new@", fmt.Sprintf("new%d@", o.n), "made@", fmt.Sprintf("made%d@", o.n), "none@", fmt.Sprintf("none%d@", o.n)).Replace(r.body)
			a := o.ask(t, route, &row, o.be(who))
			if a.StatusCode < 400 {
				seen[route.Name] = true
			}
			if err := c.holds(route.Path, route.Method, a.StatusCode, a.Header.Get("Content-Type"), a.body); err != nil {
				t.Errorf("%s as %s: %v", route.Name, who, err)
			}
		}
	})
	t.Logf("good answers of %d routes: %v", len(seen), slices.Sorted(maps.Keys(seen)))
}
