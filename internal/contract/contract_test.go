package contract_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/internal/contract"
)

const described = `{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{
  "/things/{id}":{"get":{"responses":{
    "200":{"description":"","headers":{"X-Request-Id":{"required":true,"schema":{"type":"string"}},"X-Total":{"schema":{"type":"integer"}}},
      "content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing"}},"text/csv":{"schema":{"type":"string"}}}},
    "204":{"description":""},"4XX":{"$ref":"#/components/responses/failure"}}}},
  "/things/own":{"get":{"responses":{"default":{"description":"as it likes"}}}}},
 "components":{"schemas":{
    "Thing":{"type":"object","required":["id"],"properties":{"id":{"type":"string"},"at":{"type":"string","format":"date-time"}}},
    "Failure":{"type":"object","required":["code"],"properties":{"code":{"type":"string"}}}},
  "responses":{"failure":{"description":"","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Failure"}}}}}}}`

// TestWitness: what is not described is told, by its place; the rest is not.
func TestWitness(t *testing.T) {
	var told []error
	var answer func(http.ResponseWriter)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(w) }))
	defer srv.Close()
	w := &contract.Witness{Next: http.DefaultTransport}
	end := w.Watch(&contract.Site{
		Addr: strings.TrimPrefix(srv.URL, "http://"), Text: func() []byte { return []byte(described) },
		Report: func(err error) { told = append(told, err) },
		Skip:   func(_ string, status int) bool { return status == 205 },
	})
	client := &http.Client{Transport: w}
	ask := func(method, path string) {
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Fatal(err)
		}
		if err := res.Body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	operations := []string{"GET /things/{id}", "GET /things/own"}
	const bad, good = "application/json", `{"id":"1"}`
	for _, tc := range []struct {
		name, path, kind, body string
		status                 int
		headers                string // name: value, besides X-Request-Id; "-": not even that
		want                   string // "": nothing is told
	}{
		{"a field nobody described", "/things/1", bad, `{"id":"1","more":1}`, 200, "", "more"},
		{"a field that is missing", "/things/1", bad, `{}`, 200, "", "id"},
		{"a date that is none", "/things/1", bad, `{"id":"1","at":"today"}`, 200, "", "date-time"},
		{"no JSON", "/things/1", bad, `{"id":`, 200, "", "no JSON"},
		{"another type", "/things/1", "text/html", good, 200, "", "text/html"},
		{"another status", "/things/1", bad, good, 201, "", "201 is not described"},
		{"a header that is missing", "/things/1", bad, good, 200, "-", "X-Request-Id"},
		{"a header of another type", "/things/1", bad, good, 200, "X-Total: many", "X-Total"},
		{"a failure of another shape", "/things/1", bad, good, 404, "", "404"},
		{"a failure of what is not described", "/elsewhere", bad, good, 404, "", "code"},
		{"a page of what is not described", "/elsewhere", "text/html", "<p>", 404, "", ""},
		{"what is skipped", "/things/1", bad, "", 205, "", ""},
		{"good", "/things/1", bad + "; charset=utf-8", `{"id":"1","at":"2026-01-02T03:04:05Z"}`, 200, "X-Total: 7", ""},
		{"good, too", "/things/1", "text/csv", "a,b", 200, "", ""},
		{"nothing", "/things/1", "", "", 204, "", ""},
		{"a failure", "/things/1", bad, `{"code":"not_found"}`, 404, "", ""},
		{"the closer path", "/things/own", "text/html", "<p>", 299, "", ""},
	} {
		told = nil
		if tc.name == "good" {
			if never := w.Never(operations); fmt.Sprint(never) != fmt.Sprint([]string{"GET /things/own", "GET /things/{id}"}) {
				t.Error("went well before it did:", never)
			}
		}
		answer = func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", tc.kind)
			if tc.headers != "-" {
				w.Header().Set("X-Request-Id", "r")
			}
			if name, value, ok := strings.Cut(tc.headers, ": "); ok {
				w.Header().Set(name, value)
			}
			w.WriteHeader(tc.status)
			_, _ = io.WriteString(w, tc.body)
		}
		ask(http.MethodGet, tc.path)
		if tc.want == "" && len(told) > 0 || tc.want != "" && (len(told) != 1 || !strings.Contains(told[0].Error(), tc.want)) {
			t.Errorf("%s: %v", tc.name, told)
		}
	}
	if never := w.Never(operations); len(never) > 0 {
		t.Error("never went well:", never)
	}
	for _, s := range []*contract.Site{
		{Text: func() []byte { return nil }},                           // not yet
		{Text: func() []byte { return []byte("{}") }},                  // a broken one
		{Text: func() []byte { return []byte(described) }, Part: true}, // another part answers
	} {
		told = nil
		s.Addr, s.Report = strings.TrimPrefix(srv.URL, "http://"), func(err error) { told = append(told, err) }
		end = w.Watch(s)
		answer = func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", bad)
			w.WriteHeader(http.StatusTeapot)
		}
		if ask(http.MethodGet, "/elsewhere"); (len(told) > 0) != (string(s.Text()) == "{}") {
			t.Errorf("%s: %v", s.Text(), told)
		}
	}
	told = nil
	end()
	answer = func(w http.ResponseWriter) { w.WriteHeader(299) }
	if ask(http.MethodGet, "/things/1"); told != nil {
		t.Error("after the end:", told)
	}
}

// TestRead: what is no description is none, and a schema that is broken is found.
func TestRead(t *testing.T) {
	for _, text := range []string{"", "[]", "{}", `{"paths":{}}`} {
		if _, err := contract.Read([]byte(text)); err == nil {
			t.Errorf("%q is read", text)
		}
	}
	for text, ok := range map[string]bool{described: true, strings.Replace(described, `"#/components/schemas/Thing"`, `"#/components/schemas/Things"`, 1): false} {
		c, err := contract.Read([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Compile(); (err == nil) != ok {
			t.Error(ok, err)
		}
		if ops := c.Operations(); len(ops) != 2 {
			t.Error(ops)
		}
	}
}
