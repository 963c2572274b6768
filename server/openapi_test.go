package server_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/internal/contract"
	"github.com/hutch-dev/hutch/server"
)

type object = map[string]any

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
	text := []byte(s.do(t, "ops", "GET", "/openapi.json", "").body)
	c, err := contract.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Compile(); err != nil {
		t.Error(err)
	}
	var doc struct {
		Paths map[string]map[string]object `json:"paths"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, r := range s.Routes() {
		op := doc.Paths[r.Path][strings.ToLower(r.Method)]
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
	for path, item := range doc.Paths {
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
		}
	}
}

// bodiless are rows whose body nobody reads.
var bodiless = []string{
	"POST /auth/v1/logout", "POST /auth/v1/factors/recovery-codes", "POST /auth/v1/factors/recovery-codes/regenerate",
	"POST /auth/v1/passkeys/registration/options",
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

// TestOpenAPIHolds: what each route answers, to whoever asks, is described; the
// witness judges.
func TestOpenAPIHolds(t *testing.T) {
	s := start(t, func(o *server.Options) { o.Parts.App = petApp(t) })
	for _, r := range s.Routes() {
		row := accessTable[r.Name]
		path := row.path
		if path == "" {
			path = r.Path
		}
		for _, as := range []string{"guest", "ann", "bob", "data", "ops", "auth"} {
			s.docs.put("notes", "n1", "ann", "private words")
			s.do(t, as, r.Method, path, row.body)
		}
	}
}

// TestOpenAPIHoldsForAuth: the same with the real sign-in.
func TestOpenAPIHoldsForAuth(t *testing.T) {
	o := openOffice(t)
	authTable(t, o, func(route *server.Route, r *authRow) {
		for _, who := range []string{"guest", "user", "aal2", "auth"} {
			o.n++
			row := *r
			row.body = strings.NewReplacer("new@", fmt.Sprintf("new%d@", o.n), "made@", fmt.Sprintf("made%d@", o.n), "none@", fmt.Sprintf("none%d@", o.n)).Replace(r.body)
			o.ask(t, route, &row, o.be(who))
		}
	})
}
