package server_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/server"
)

// forgery is how another page can make the operator's browser ask: the cookie goes
// along where SameSite does not hold it back, as on another port of localhost.
type forgery struct {
	name    string
	method  string // ""; the route's own
	body    string // "": the route's own
	headers []string
}

// forgeries are without X-Hutch-Admin where a page cannot set it: a form, a link,
// an image, a beacon, a fetch without a preflight.
var forgeries = []forgery{
	{name: "a form", method: "POST", body: "email=a%40b.example&password=x", headers: []string{"Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}},
	{name: "a form of the same site", method: "POST", body: "a=b", headers: []string{"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-site"}},
	{name: "a form with files", method: "POST", body: "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x--\r\n", headers: []string{"Content-Type", "multipart/form-data; boundary=x", "Sec-Fetch-Site", "cross-site"}},
	{name: "a form of a page of the dashboard's origin", method: "POST", body: "a=b", headers: []string{"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin"}},
	{name: "JSON as text", headers: []string{"Content-Type", "text/plain", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}},
	{name: "JSON as text, by a browser that tells nothing", headers: []string{"Content-Type", "text/plain", "Origin", "https://evil.example"}},
	{name: "a fetch", headers: []string{"Content-Type", "application/json", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "cors", "X-Hutch-Admin", "1"}},
	{name: "a sandboxed frame", headers: []string{"Content-Type", "application/json", "Origin", "null", "Sec-Fetch-Site", "cross-site", "X-Hutch-Admin", "1"}},
	{name: "no origin", headers: []string{"Content-Type", "application/json", "X-Hutch-Admin", "1"}},
	{name: "a link", headers: []string{"Sec-Fetch-Site", "none", "X-Hutch-Admin", "1"}},
	{name: "the app on another port", headers: []string{"Content-Type", "application/json", "Sec-Fetch-Site", "same-site", "X-Hutch-Admin", "1"}},
	{name: "another method in a header", method: "POST", headers: []string{"Content-Type", "application/json", "X-HTTP-Method-Override", "DELETE", "Sec-Fetch-Site", "cross-site"}},
	{name: "the dashboard's cookie and no consent", headers: []string{"Content-Type", "application/json", "Sec-Fetch-Site", "same-origin"}},
	{name: "two sites in a header", headers: []string{"Content-Type", "application/json", "Sec-Fetch-Site", "cross-site, same-origin", "X-Hutch-Admin", "1"}},
}

// bodies are what the dashboard itself would send, where a write needs more than {}.
var bodies = map[string]string{
	"POST /admin/v1/operators":              `{"email":"eve@evil.example"}`,
	"POST /admin/v1/keys":                   `{"name":"eve","scope":"data"}`,
	"POST /admin/v1/session":                `{"email":"ann@ops.test","password":"` + deskPassword + `"}`,
	"POST /admin/v1/views":                  `{"collection":"notes","name":"a","view":{}}`,
	"POST /admin/v1/signing/rotate":         `{"now":true}`,
	"POST /admin/v1/auth/users":             `{"email":"eve@evil.example","password":"correct horse battery"}`,
	"POST /data/v1/commit":                  `{"writes":[{"op":"create","in":"notes","data":{"text":"forged"}}]}`,
	"POST /data/v1/docs/{collection}":       `{"text":"forged"}`,
	"PUT /data/v1/docs/{collection}/{id}":   `{"text":"forged"}`,
	"PATCH /data/v1/docs/{collection}/{id}": `{"text":"forged"}`,
}

// TestS91NoOtherPageWrites: every route that changes something, with the operator's
// cookie, as a page of another origin can ask it: refused, without a row in the
// audit, and nothing is other than before.
func TestS91NoOtherPageWrites(t *testing.T) {
	d := startDesk(t)
	audit := func() (rows []string) {
		var out struct {
			Rows []struct{ ID, Event string }
		}
		a := d.operator(t, "GET", "/admin/v1/audit?order=newest&limit=500", "")
		if err := json.Unmarshal([]byte(a.body), &out); err != nil || a.StatusCode != 200 {
			t.Fatal(a.StatusCode, a.body)
		}
		for _, r := range out.Rows {
			rows = append(rows, r.ID+" "+r.Event)
		}
		return rows
	}
	before := audit()
	if len(before) == 0 {
		t.Fatal("the audit is empty: nothing could be told from it")
	}
	asked, methods := 0, map[string]int{}
	for _, route := range d.srv.Routes() {
		if route.Method == "GET" || route.Service != server.ServiceAdmin && route.Service != server.ServiceData {
			continue
		}
		path := strings.ReplaceAll(parameter.ReplaceAllString(route.Path, "x"), "/docs/x", "/docs/notes")
		body := "{}"
		if b, ok := bodies[route.Name]; ok {
			body = b
		}
		for _, f := range forgeries {
			method, sent := route.Method, body
			if f.method != "" {
				method = f.method
			}
			if f.body != "" {
				sent = f.body
			}
			asked++
			methods[method]++
			a := d.at(t, d.desk, "", method, path, sent, append([]string{"Cookie", "hutch-admin=" + d.token}, f.headers...)...)
			if a.StatusCode < 400 || a.StatusCode >= 500 || a.StatusCode == 429 {
				t.Errorf("%s by %s: %d %.200s", route.Name, f.name, a.StatusCode, a.body)
			}
			if a.Header.Get("Set-Cookie") != "" || a.Header.Get("Access-Control-Allow-Origin") != "" || strings.Contains(a.body, d.id) {
				t.Errorf("%s by %s: %v %.200s", route.Name, f.name, a.Header, a.body)
			}
		}
		// The dashboard itself is not refused so: what was refused above was the page that asked.
		if route.Service == server.ServiceAdmin {
			a := d.operator(t, route.Method, path+"?surely="+url.QueryEscape("unknown"), "")
			if !letThrough(a) {
				t.Errorf("%s by the dashboard: %d %.200s", route.Name, a.StatusCode, a.body)
			}
		}
	}
	if after := audit(); strings.Join(after, "\n") != strings.Join(before, "\n") {
		t.Errorf("rows came or went:\n%s\nwere\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
	if a := d.operator(t, "GET", "/data/v1/docs/notes", ""); a.StatusCode != 200 || strings.Contains(a.body, "forged") {
		t.Error("a forged document: ", a.StatusCode, a.body)
	}
	wantStatus(t, d.operator(t, "GET", "/admin/v1/operators", ""), 200) // still signed in
	for _, m := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		if methods[m] == 0 {
			t.Error("nothing was asked by", m)
		}
	}
	t.Logf("%d requests: %v", asked, methods)
}

// TestS91TheAuditIsOutOfReach: documents of _audit are not to be written through
// any door by the operator whom it watches.
func TestS91TheAuditIsOutOfReach(t *testing.T) {
	d := startDesk(t)
	var out struct{ Rows []struct{ ID string } }
	a := d.operator(t, "GET", "/admin/v1/audit", "")
	if json.Unmarshal([]byte(a.body), &out) != nil || len(out.Rows) == 0 {
		t.Fatal(a.body)
	}
	id := out.Rows[0].ID
	for _, ask := range [][3]string{
		{"POST", "/data/v1/docs/_audit", `{"event":"nothing"}`},
		{"PUT", "/data/v1/docs/_audit/" + id, `{"event":"nothing"}`},
		{"PATCH", "/data/v1/docs/_audit/" + id, `{"event":"nothing"}`},
		{"DELETE", "/data/v1/docs/_audit/" + id, ""},
		{"POST", "/data/v1/commit", `{"writes":[{"op":"delete","in":"_audit","id":"` + id + `"}]}`},
		{"POST", "/data/v1/commit", `{"writes":[{"op":"update","in":"_audit","id":"` + id + `","data":{"event":"nothing"}}]}`},
		{"DELETE", "/admin/v1/audit", ""},
		{"DELETE", "/admin/v1/audit/" + id, ""},
		{"DELETE", "/admin/v1/logs/audit." + id, ""},
		{"PUT", "/admin/v1/logs/audit." + id, "{}"},
	} {
		if a := d.operator(t, ask[0], ask[1], ask[2]); a.StatusCode < 400 || a.StatusCode >= 500 {
			t.Errorf("%s %s: %d %s", ask[0], ask[1], a.StatusCode, a.body)
		}
	}
	again := d.operator(t, "GET", "/admin/v1/audit", "")
	if !strings.Contains(again.body, id) || strings.Contains(again.body, `"nothing"`) {
		t.Error(again.body)
	}
	// A link to a row leads to it, and to nothing else.
	if a := d.operator(t, "GET", "/admin/v1/logs/audit."+id, ""); a.StatusCode != 200 || !strings.Contains(a.body, id) {
		t.Error(a.StatusCode, a.body)
	}
	wantStatus(t, d.operator(t, "GET", "/admin/v1/logs/audit."+id[:len(id)-1], ""), 404)
	wantStatus(t, d.operator(t, "GET", "/admin/v1/logs/audit."+id[:len(id)-1]+"~", ""), 404)
}
