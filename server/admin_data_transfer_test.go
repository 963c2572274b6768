package server_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

type importState struct {
	ID, State, Collection, By, Mark         string
	Complete, BadMore                       bool
	Parts, Lines, Created, Replaced, Failed int64
	Columns                                 []string
	Errors                                  []struct {
		Line                    int64
		ID, Field, Code, Reason string
	}
}

func TestImportWithNamedColumns(t *testing.T) {
	s := startDataPage(t)
	var m importState
	s.ok(t, 201, "POST", "/admin/v1/collections/tools/imports", `{"format":"csv","mode":"create","separator":";","columns":["_id","name"],"header":true}`, &m)
	a := s.do(t, "op", "PUT", "/admin/v1/imports/"+m.ID+"/parts/1?last=true", "Nr;Bezeichnung\nd;plane\n", "Content-Type", "text/csv")
	if a.StatusCode != 200 || a.field("created") != "1" || a.field("failed") != "0" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	s.refused(t, 400, "separator", "POST", "/admin/v1/collections/tools/imports", `{"format":"csv","mode":"create","separator":"|"}`)
}

func TestImportOverHTTP(t *testing.T) {
	s := startDataPage(t)
	var m importState
	s.ok(t, 201, "POST", "/admin/v1/collections/tools/imports", `{"format":"csv","mode":"create","file":"tools.csv","mark":"4096-1"}`, &m)
	if m.ID == "" || m.State != "open" || m.Errors == nil || m.By != "op@shop.example" {
		t.Fatalf("%+v", m)
	}
	path := "/admin/v1/imports/" + m.ID
	put := func(part, text string) *answer {
		return s.do(t, "op", "PUT", path+"/parts/"+part, text, "Content-Type", "text/csv")
	}
	if a := put("1", "_id,name,price\na,saw,3\nb,axe,none\n"); a.StatusCode != 200 || a.field("created") != "1" || a.field("complete") != "true" || !strings.Contains(a.field("errors"), `"line":3`) {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := put("3", "x"); a.StatusCode != 412 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := put("2?last=true", "c,file,1\n"); a.StatusCode != 200 || a.field("state") != "done" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := put("2?last=true", "c,file,1\n"); a.StatusCode != 200 || a.field("created") != "2" {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	for _, bad := range []string{"0", "x", "-1"} {
		if a := put(bad, "x"); a.StatusCode != 400 || a.field("field") != "part" {
			t.Errorf("%s: %d %s", bad, a.StatusCode, a.body)
		}
	}
	if a := put("3?last=maybe", "x"); a.StatusCode != 400 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	s.ok(t, 200, "GET", path, "", &m)
	if m.State != "done" || m.Created != 2 || m.Failed != 1 || m.Lines != 4 || m.Parts != 2 || len(m.Errors) != 1 || m.Errors[0].Line != 3 || m.Errors[0].Field != "price" || !slices.Equal(m.Columns, []string{"_id", "name", "price"}) {
		t.Errorf("%+v", m)
	}
	var all struct{ Imports []importState }
	s.ok(t, 200, "GET", "/admin/v1/imports", "", &all)
	if len(all.Imports) != 1 || all.Imports[0].ID != m.ID || all.Imports[0].Mark != "4096-1" || len(all.Imports[0].Errors) != 0 {
		t.Errorf("%+v", all)
	}
	s.ok(t, 204, "DELETE", path, "", nil)
	s.refused(t, 404, "", "GET", path, "")
	s.refused(t, 404, "", "DELETE", path, "")
	s.refused(t, 400, "format", "POST", "/admin/v1/collections/tools/imports", `{"mode":"set"}`)
	s.refused(t, 400, "x", "POST", "/admin/v1/collections/tools/imports", `{"format":"csv","mode":"set","x":1}`)
	s.refused(t, 400, "columns", "POST", "/admin/v1/collections/tools/imports", `{"format":"csv","mode":"set","columns":"a"}`)
	s.refused(t, 404, "", "POST", "/admin/v1/collections/none/imports", `{"format":"csv","mode":"set"}`)
	if want := "[op import_begun tools op import_part tools op import_part tools op import_done tools op import_dropped tools]"; fmt.Sprint(s.auth.acts) != want {
		t.Errorf("told %v, want %s", s.auth.acts, want)
	}
	big := s.do(t, "op", "PUT", "/admin/v1/imports/a/parts/1", strings.Repeat("x", 4<<20+1), "Content-Type", "text/plain")
	if big.StatusCode != 413 {
		t.Errorf("%d %s", big.StatusCode, big.body)
	}
	if fits := s.do(t, "op", "PUT", "/admin/v1/imports/a/parts/1", strings.Repeat("x", 4<<20), "Content-Type", "text/plain"); fits.StatusCode != 404 {
		t.Errorf("%d %s", fits.StatusCode, fits.body)
	}
}

// TestAnImportSaysThatItKeepsNotAllBadLines: beyond 1,000, at every door.
func TestAnImportSaysThatItKeepsNotAllBadLines(t *testing.T) {
	s := startDataPage(t)
	for _, bad := range []int{1000, 1001} {
		var m, sent, got importState
		s.ok(t, 201, "POST", "/admin/v1/collections/tools/imports", `{"format":"jsonl","mode":"create"}`, &m)
		s.ok(t, 200, "PUT", "/admin/v1/imports/"+m.ID+"/parts/1?last=true", strings.Repeat("x\n", bad), &sent)
		s.ok(t, 200, "GET", "/admin/v1/imports/"+m.ID, "", &got)
		var all struct{ Imports []importState }
		s.ok(t, 200, "GET", "/admin/v1/imports", "", &all)
		for _, m := range []importState{sent, got, all.Imports[slices.IndexFunc(all.Imports, func(i importState) bool { return i.ID == m.ID })]} {
			if m.Failed != int64(bad) || m.BadMore != (bad > 1000) {
				t.Errorf("%d bad lines: %d, more %v", bad, m.Failed, m.BadMore)
			}
		}
		if len(got.Errors) != 1000 {
			t.Errorf("%d of %d are kept", len(got.Errors), bad)
		}
	}
}

// TestExportsSayHowManyThereAre: with the first page.
func TestExportsSayHowManyThereAre(t *testing.T) {
	s := startDataPage(t)
	s.put(t, "tools", numbered(20_100, `{"_id":"t#","name":"n#","price":#}`)...)
	total := func(query string) (string, string) {
		a := s.do(t, "op", "GET", "/admin/v1/collections/tools/export?format=jsonl"+query, "")
		if a.StatusCode != 200 {
			t.Fatal(a.StatusCode, a.body)
		}
		return a.Header.Get("Hutch-Total"), a.Header.Get("Hutch-Next")
	}
	n, next := total("")
	if n != "20100" || next == "" {
		t.Errorf("%q of all, next %q", n, next)
	}
	if n, _ := total("&after=" + next); n != "" {
		t.Errorf("a later page says %q", n)
	}
	if n, _ := total("&where=%7B%22price%22%3A%7B%22%24lt%22%3A7%7D%7D"); n != "7" {
		t.Errorf("%q of a filter", n)
	}
	if a := s.do(t, "op", "GET", "/admin/v1/collections/notes/export?format=jsonl", ""); a.Header.Get("Hutch-Total") != "0" {
		t.Errorf("%q of none", a.Header.Get("Hutch-Total"))
	}
}

// TestS91EveryExportIsTold: also one that begins in the middle; none that is refused.
func TestS91EveryExportIsTold(t *testing.T) {
	s := startDataPage(t)
	s.put(t, "tools", numbered(20_100, `{"_id":"t#","name":"n#"}`)...)
	exported := func(as, query string) int {
		before := len(s.auth.acts)
		s.do(t, as, "GET", "/admin/v1/collections/"+query, "")
		n := 0
		for _, act := range s.auth.acts[before:] {
			if strings.HasPrefix(act, as+" exported ") {
				n++
			}
		}
		return n
	}
	var page struct{ Next string }
	s.ok(t, 200, "POST", "/data/v1/query", `{"from":"tools","limit":1000}`, &page)
	middle := "tools/export?format=jsonl&after=" + page.Next
	if n := exported("op", middle); n != 1 {
		t.Errorf("one that begins in the middle: %d", n)
	}
	if n := exported("op", middle); n != 0 {
		t.Errorf("its next page: %d", n)
	}
	for _, path := range []string{"none/export?format=jsonl", "tools/export?format=jsonl&after=x", "tools/export?format=x"} {
		if n := exported("op", path); n != 0 {
			t.Errorf("%s is told", path)
		}
	}
	for range 2 {
		if n := exported("op", "tools/export?format=jsonl"); n != 1 {
			t.Errorf("from the beginning: %d", n)
		}
	}
}

// export reads all pages.
func (s *dataSite) export(t testing.TB, query string) (file string, pages int) {
	t.Helper()
	var b strings.Builder
	for after := ""; ; {
		a := s.do(t, "op", "GET", "/admin/v1/collections/tools/export?"+query+after, "")
		if a.StatusCode != 200 {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
		b.WriteString(a.body)
		pages++
		next := a.Header.Get("Hutch-Next")
		if next == "" {
			return b.String(), pages
		}
		after = "&after=" + next
	}
}

func TestExportOverHTTP(t *testing.T) {
	s := startDataPage(t)
	s.put(t, "tools", numbered(45_000, `{"_id":"t#","name":"n#","price":#}`)...)
	file, pages := s.export(t, "format=jsonl")
	if n := strings.Count(file, "\n"); n != 45_000 || pages < 3 {
		t.Errorf("%d lines in %d pages", n, pages)
	}
	file, pages = s.export(t, "format=csv&select=name,price,_id&where=%7B%22price%22%3A%7B%22%24lt%22%3A20500%7D%7D&orderBy=-price")
	ls := strings.Split(file, "\n")
	if len(ls) != 20_502 || ls[0] != "name,price,_id" || ls[1] != "n20499,20499,t20499" || pages < 2 {
		t.Errorf("%d lines in %d pages: %v", len(ls), pages, ls[:3])
	}
	for field, query := range map[string]string{"format": "", "select": "format=csv", "limit": "format=jsonl&limit=3", "where": "format=jsonl&where=x", "after": "format=jsonl&after=x"} {
		s.refused(t, 400, field, "GET", "/admin/v1/collections/tools/export?"+query, "")
	}
	s.refused(t, 404, "", "GET", "/admin/v1/collections/none/export?format=jsonl", "")
	n := 0
	for _, act := range s.auth.acts {
		if strings.Contains(act, "exported tools") {
			n++
		}
	}
	if n != 2 {
		t.Errorf("told %v", s.auth.acts)
	}
}

// TestFiftyThousandLines measures an import where HUTCH_LONG asks for it.
func TestFiftyThousandLines(t *testing.T) {
	n := 2000
	if os.Getenv("HUTCH_LONG") != "" {
		n = 50_000
	}
	s := startDataPage(t)
	var m importState
	s.ok(t, 201, "POST", "/admin/v1/collections/tools/imports", `{"format":"jsonl","mode":"create"}`, &m)
	all := numbered(n, `{"_id":"p#","name":"tool #","price":#.25,"code":#,"made":{"$date":"2026-01-02T03:04:05Z"},"tags":["a","b"],"text":"some words that describe the thing in a line or so"}`)
	began := time.Now()
	for part := 1; len(all) > 0; part++ {
		k := min(len(all), 4000)
		a := s.do(t, "op", "PUT", fmt.Sprintf("/admin/v1/imports/%s/parts/%d?last=%v", m.ID, part, k == len(all)), strings.Join(all[:k], "\n")+"\n", "Content-Type", "text/plain")
		if a.StatusCode != 200 || a.field("complete") != "true" {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
		all = all[k:]
	}
	took := time.Since(began)
	s.ok(t, 200, "GET", "/admin/v1/imports/"+m.ID, "", &m)
	if m.Created != int64(n) || m.Failed != 0 || m.State != "done" {
		t.Errorf("%+v", m)
	}
	t.Logf("%d lines in %s, %.0f a second", n, took.Round(time.Millisecond), float64(n)/took.Seconds())
	began = time.Now()
	file, pages := s.export(t, "format=jsonl")
	t.Logf("exported %d bytes in %d pages in %s", len(file), pages, time.Since(began).Round(time.Millisecond))
}
