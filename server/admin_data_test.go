package server_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestCollectionsOfTheDataPage(t *testing.T) {
	s := startDataPage(t)
	s.put(t, "tools", numbered(30, `{"_id":"t##","name":"n#","price":#.5}`)...)
	var out struct {
		Collections []struct {
			Name, SchemaFile, File, IDs string
			Configured, Present         bool
			Count, Bytes                int64
			CountExact                  bool
			Schema                      json.RawMessage
			Indexes                     []struct {
				Name          string
				Fields        []struct{ Path string }
				Unique, Ready bool
				Configured    bool
				Bytes         int64
			}
			Access    map[string]string
			Preset    map[string]string
			Immutable []string
			Line      int
		}
		Next *string
	}
	s.ok(t, 200, "GET", "/admin/v1/collections", "", &out)
	if len(out.Collections) != 2 || out.Next == nil {
		t.Fatalf("%+v", out)
	}
	c := out.Collections[0]
	if c.Name != "tools" || !c.Configured || !c.Present || c.Count != 30 || !c.CountExact || c.Bytes < 30*60 || c.SchemaFile != "tool.json" || c.Line != 3 ||
		c.IDs != "client" || c.Access["read"] != "true" || c.Preset == nil || !slices.Equal(c.Immutable, []string{"name"}) || !strings.Contains(string(c.Schema), `"maxLength"`) {
		t.Errorf("%+v", c)
	}
	if len(c.Indexes) != 3 || c.Indexes[1].Name != "price_-made" || !c.Indexes[1].Ready || !c.Indexes[1].Configured || len(c.Indexes[1].Fields) != 2 || !c.Indexes[2].Unique {
		t.Errorf("%+v", c.Indexes)
	}
	if n := out.Collections[1]; string(n.Schema) != "null" || n.Count != 0 || n.Indexes == nil || n.Access == nil {
		t.Errorf("%+v", n)
	}
}

func TestFieldsOfTheDataPage(t *testing.T) {
	s := startDataPage(t)
	s.put(t, "tools", numbered(20, `{"_id":"t##","name":"n#","price":1.5}`)...)
	s.put(t, "tools", `{"_id":"z","name":"a","price":3,"tags":["a",1,{"b":2}],"box":{"h":{"$numberDecimal":"1.5"}},"made":{"$date":"2026-01-02T00:00:00Z"}}`)
	var out struct {
		Fields []struct {
			Path         string
			Seen         int
			Types, Items map[string]int
			Declared     []string
			Required     bool
		}
		Sampled int
	}
	s.ok(t, 200, "GET", "/admin/v1/collections/tools/fields", "", &out)
	if out.Sampled != 21 {
		t.Errorf("%d documents", out.Sampled)
	}
	got := map[string]string{}
	for _, f := range out.Fields {
		got[f.Path] = fmt.Sprint(f.Seen, f.Types, f.Items, f.Declared, f.Required)
	}
	for path, want := range map[string]string{
		"name": "21map[string:21]map[][string]true", "price": "21map[double:20 int:1]map[][number]false",
		"tags": "1map[array:1]map[int:1 object:1 string:1][]false", "box.h": "1map[decimal:1]map[][]false", "box.w": "0map[]map[][integer]false",
		"made": "1map[date:1]map[][date]false", "_createdAt": "21map[date:21]map[][]false",
	} {
		if strings.ReplaceAll(got[path], " ", "") != strings.ReplaceAll(want, " ", "") {
			t.Errorf("%s: %s, want %s", path, got[path], want)
		}
	}
	s.ok(t, 200, "GET", "/admin/v1/collections/tools/fields?sample=1", "", &out)
	if out.Sampled != 1 {
		t.Errorf("%d documents", out.Sampled)
	}
	for _, bad := range []string{"0", "1001", "x"} {
		s.refused(t, 400, "sample", "GET", "/admin/v1/collections/tools/fields?sample="+bad, "")
	}
	s.ok(t, 200, "GET", "/admin/v1/collections/tools/fields?sample=1000", "", nil)
	s.refused(t, 404, "", "GET", "/admin/v1/collections/none/fields", "")
}

type explainedOut struct {
	Index  string
	Bounds []struct {
		Path       string
		Desc       bool
		Conditions []json.RawMessage
	}
	Narrowed, Sorted, Unindexed, SortInMemory, Complete bool
	Examined, Returned, ExaminedBytes                   int64
	MS                                                  float64
	Stopped, Rule                                       string
	Where                                               json.RawMessage
	Advice                                              *struct{ Index, YAML, Text string }
}

func TestExplainOfTheDataPage(t *testing.T) {
	s := startDataPage(t)
	s.put(t, "tools", numbered(300, `{"_id":"t##","name":"n#","price":#,"kind":"k"}`)...)
	explain := func(body string) (out explainedOut) {
		t.Helper()
		s.ok(t, 200, "POST", "/admin/v1/explain", body, &out)
		return out
	}
	out := explain(`{"query":{"from":"tools","where":{"name":"n7"}}}`)
	if out.Index != "name" || out.Unindexed || out.Examined != 1 || out.Returned != 1 || !out.Complete || out.Rule != "always" || out.Advice != nil || out.MS <= 0 ||
		len(out.Bounds) != 1 || out.Bounds[0].Path != "name" || string(out.Bounds[0].Conditions[0]) != `{"name":{"$eq":"n7"}}` {
		t.Errorf("%+v", out)
	}
	out = explain(`{"query":{"from":"tools","where":{"price":{"$gte":5,"$lt":9}},"orderBy":["price"]}}`)
	if out.Index != "price_-made" || out.Examined != 4 || out.SortInMemory && out.Sorted || len(out.Bounds) != 1 || len(out.Bounds[0].Conditions) != 2 {
		t.Errorf("%+v", out)
	}
	out = explain(`{"query":{"from":"tools","where":{"kind":"k"},"orderBy":[["note","desc"]],"limit":5}}`)
	if !out.Unindexed || !out.SortInMemory || out.Examined != 300 || out.Returned != 5 || out.Advice == nil ||
		out.Advice.Index != "{fields: [kind, -note]}" || out.Advice.YAML != "collections:\n  tools:\n    indexes:\n      - {fields: [kind, -note]}" {
		t.Errorf("%+v %+v", out, out.Advice)
	}
	out = explain(`{"query":{"from":"tools","where":{"price":3}},"as":"guest"}`)
	if out.Rule != "filter" || !strings.Contains(string(out.Where), "hidden") {
		t.Errorf("%+v %s", out, out.Where)
	}
	if out = explain(`{"query":{"from":"notes"},"as":"guest"}`); out.Rule != "never" {
		t.Errorf("%+v", out)
	}
	for field, body := range map[string]string{
		"query": `{"query":3}`, "x": `{"query":{"from":"tools"},"x":1}`, "as.uid": `{"query":{"from":"tools"},"as":{"uid":3}}`,
		"as": `{"query":{"from":"tools"},"as":"ann"}`, "query.where.$x": `{"query":{"from":"tools","where":{"$x":1}}}`,
	} {
		s.refused(t, 400, field, "POST", "/admin/v1/explain", body)
	}
	s.refused(t, 400, "query", "POST", "/admin/v1/explain", `{"query":{"from":"tools","count":true}}`)
}

// TestS91ReadsOfOperatorsAreTold: what they read without rules, by whatever door,
// and as whom; once for each in a while.
func TestS91ReadsOfOperatorsAreTold(t *testing.T) {
	s := startDataPage(t)
	s.put(t, "tools", `{"_id":"a","name":"open"}`, `{"_id":"b","name":"hidden"}`)
	s.put(t, "notes", `{"_id":"n","owner":"ann"}`)
	ids := func(as string) string {
		var out struct {
			Docs []struct {
				ID string `json:"_id"`
			}
		}
		s.ok(t, 200, "POST", "/admin/v1/data/query", `{"query":{"from":"tools"},"as":`+as+`}`, &out)
		return fmt.Sprint(out.Docs)
	}
	if got := ids(`"guest"`) + ids(`{"uid":"ann"}`) + ids(`{"uid":"ann"}`) + ids(`{"uid":"bob"}`); got != "[{a}][{a} {b}][{a} {b}][{a}]" {
		t.Errorf("read %s", got)
	}
	s.refused(t, 404, "as", "POST", "/admin/v1/data/query", `{"query":{"from":"tools"},"as":{"uid":"nobody"}}`)
	s.refused(t, 400, "as", "POST", "/admin/v1/data/query", `{"query":{"from":"tools"}}`)
	s.ok(t, 200, "POST", "/admin/v1/data/get", `{"in":"notes","id":"n","as":{"uid":"ann"}}`, nil)
	s.refused(t, 404, "", "POST", "/admin/v1/data/get", `{"in":"notes","id":"n","as":"guest"}`)
	s.refused(t, 400, "x", "POST", "/admin/v1/data/get", `{"in":"notes","id":"n","as":"guest","x":1}`)
	if len(s.read) != 0 {
		t.Errorf("reads under rules told as %v", s.read)
	}
	if want := "[op viewed_as ann op viewed_as bob op viewed_as ann]"; fmt.Sprint(s.auth.acts) != want {
		t.Errorf("%v, want %s", s.auth.acts, want)
	}
	s.ok(t, 200, "GET", "/data/v1/docs/tools/b", "", nil)
	s.ok(t, 200, "GET", "/data/v1/docs/tools", "", nil)
	s.ok(t, 200, "POST", "/data/v1/query", `{"from":"notes"}`, nil)
	s.ok(t, 200, "GET", "/data/v1/docs/notes/n", "", nil)
	if a := s.do(t, "op2", "GET", "/data/v1/docs/notes/n", ""); a.StatusCode != 200 {
		t.Error(a.body)
	}
	if want := "[op tools op notes op2 notes]"; fmt.Sprint(s.read) != want {
		t.Errorf("%v, want %s", s.read, want)
	}
}

// TestOperatorsWriteDocuments: versions, conflicts, and what was deleted comes
// back under its id.
func TestOperatorsWriteDocuments(t *testing.T) {
	s := startDataPage(t)
	a := s.do(t, "op", "POST", "/data/v1/docs/tools", `{"_id":"a","name":"saw","box":{"x":{"$numberDecimal":"1.50"}}}`)
	if a.StatusCode != 201 {
		t.Fatal(a.body)
	}
	tag := a.Header.Get("ETag")
	if b := s.do(t, "op", "PATCH", "/data/v1/docs/tools/a", `{"price":2}`, "If-Match", tag); b.StatusCode != 200 {
		t.Fatal(b.body)
	}
	b := s.do(t, "op", "PATCH", "/data/v1/docs/tools/a", `{"price":3}`, "If-Match", tag)
	if b.StatusCode != 412 || b.field("reason") != "version" {
		t.Errorf("%d %s", b.StatusCode, b.body)
	}
	if b = s.do(t, "op", "PATCH", "/data/v1/docs/tools/a", `{"price":-3}`); b.StatusCode != 400 || b.field("field") != "price" {
		t.Errorf("%d %s", b.StatusCode, b.body)
	}
	if b = s.do(t, "op", "POST", "/data/v1/commit", `{"writes":[{"op":"delete","in":"tools","id":"a"}]}`); b.StatusCode != 200 {
		t.Error(b.body)
	}
	b = s.do(t, "op", "POST", "/data/v1/commit", `{"writes":[{"op":"create","in":"tools","id":"a","data":{"name":"saw","box":{"x":{"$numberDecimal":"1.50"}}}}],"docs":true}`)
	if b.StatusCode != 200 || !strings.Contains(b.body, `{"$numberDecimal":"1.50"}`) {
		t.Errorf("%d %s", b.StatusCode, b.body)
	}
}
