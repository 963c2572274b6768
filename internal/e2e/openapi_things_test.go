package e2e_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
)

// things are what the server holds, so that requests of the description reach
// something: without them most would end at "no such thing".
type things struct {
	t      *testing.T
	desk   string
	cookie string
	ids    map[string]string // by path, up to the parameter
	bodies map[string]any    // by "method path"
	values map[string]string // of other parameters, by "method path name"
	whole  map[string]bool   // the operations, "method path", of which nothing is left to chance
}

// ask asks as the operator does.
func (h *things) ask(method, path string, body any) map[string]any {
	h.t.Helper()
	var in io.Reader
	if body != nil {
		js, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		in = bytes.NewReader(js)
	}
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.desk+path, in)
	if err != nil {
		h.t.Fatal(err)
	}
	for k, v := range map[string]string{"Cookie": h.cookie, "Sec-Fetch-Site": "same-origin", "X-Hutch-Admin": "1", "Content-Type": "application/json"} {
		req.Header.Set(k, v)
	}
	res, err := client.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer res.Body.Close()
	out := map[string]any{}
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode >= 300 {
		h.t.Fatal(method, path, res.Status, out, err)
	}
	return out
}

// first is the id of the first of a list.
func first(of map[string]any, list, id string) string {
	all, _ := of[list].([]any)
	if len(all) == 0 {
		return ""
	}
	s, _ := all[0].(map[string]any)[id].(string)
	return s
}

// furnish puts one of each thing into the shop.
func (s *shop) furnish(desk, cookie string) *things {
	s.t.Helper()
	h := &things{t: s.t, desk: desk, cookie: cookie, whole: map[string]bool{}}
	user := func(email string) string {
		id, _ := h.ask("POST", "/admin/v1/auth/users", map[string]any{"email": email, "password": "a sentence of their own"})["id"].(string)
		return id
	}
	kept, gone := user("kept@shop.example"), user("gone@shop.example")
	buyer := s.signUp()
	if a := s.buy(buyer, "p001", 1, "first"); a.status != 200 {
		s.t.Fatal(a.status, a.body)
	}
	view := map[string]any{"collection": "products", "name": "dear", "view": map[string]any{}}
	v, _ := h.ask("POST", "/admin/v1/views", view)["id"].(string)
	k, _ := h.ask("POST", "/admin/v1/keys", map[string]any{"name": "spare", "scope": "ops"})["id"].(string)
	importing := map[string]any{"format": "jsonl", "mode": "set"}
	imported, _ := h.ask("POST", "/admin/v1/collections/products/imports", importing)["id"].(string)
	s.eventually("a run that is kept", func() bool { return first(h.ask("GET", "/admin/v1/runs", nil), "runs", "id") != "" })
	h.values = map[string]string{
		"GET /admin/v1/tail kind": "logs", "GET /admin/v1/collections/{collection}/export format": "jsonl",
		"POST /functions/v1/purchase Idempotency-Key": "5f0c8a6e-1d1b-4b53-9a4c-0c5a36e0a3b1", "POST /functions/v1/{name} Idempotency-Key": "0d6a1c1e-5c0c-4a3e-8a52-9f1d2a9b7c10",
	}
	h.ids = map[string]string{
		"/admin/v1/auth/users/": kept, "/auth/v1/admin/users/": kept,
		"DELETE /admin/v1/auth/users/": gone, "DELETE /auth/v1/admin/users/": gone, "/admin/v1/collections/": "products", "/admin/v1/functions/": "purchase",
		"/admin/v1/imports/": imported, "/admin/v1/keys/": k, "/admin/v1/views/": v, "/admin/v1/runs/": first(h.ask("GET", "/admin/v1/runs", nil), "runs", "id"),
		"/admin/v1/logs/": first(h.ask("GET", "/admin/v1/logs", nil), "logs", "id"), "/data/v1/docs/products/": "p002", "DELETE /data/v1/docs/products/": "p050", "DELETE /data/v1/docs/{collection}/": "p051", "/data/v1/docs/{collection}/": "p003", "/data/v1/docs/": "products",
		"/data/v1/docs/orders/": first(h.ask("GET", "/data/v1/docs/orders", nil), "docs", "_id"), "/functions/v1/": "purchase",
	}
	pet := map[string]any{"name": "Rex", "species": "dog", "price": 1, "stock": 1, "description": "a dog"}
	order := map[string]any{"user": kept, "product": "p001", "quantity": 1, "total": 1}
	buy := map[string]any{"productId": "p004", "quantity": 1}
	link := map[string]any{"type": "magiclink", "email": "kept@shop.example"}
	name := map[string]any{"user_metadata": map[string]any{"name": "Ann"}}
	query := map[string]any{"from": "products", "limit": 3}
	account := func(email string) map[string]any {
		return map[string]any{"email": email, "password": "a sentence of their own"}
	}
	h.bodies = map[string]any{
		"POST /admin/v1/auth/users": account("new@shop.example"), "POST /auth/v1/admin/users": account("newer@shop.example"), "POST /auth/v1/signup": account("newest@shop.example"),
		"PUT /admin/v1/auth/users/{id}": name, "PUT /auth/v1/admin/users/{id}": name,
		"POST /admin/v1/auth/generate_link": link, "POST /auth/v1/admin/generate_link": link, "POST /admin/v1/auth/impersonate": map[string]any{"user": kept, "reason": "asked"},
		"POST /admin/v1/auth/tokens":                      map[string]any{"user": kept},
		"POST /auth/v1/factors":                           map[string]any{"factor_type": "totp"},
		"POST /admin/v1/collections/{collection}/imports": importing, "POST /admin/v1/data/get": map[string]any{"in": "products", "id": "p010", "as": "guest"},
		"POST /admin/v1/data/query": map[string]any{"query": query, "as": "guest"}, "POST /admin/v1/explain": map[string]any{"query": query},
		"POST /admin/v1/functions/{name}/invoke": map[string]any{"data": buy, "as": map[string]any{"uid": buyer.uid}}, "POST /admin/v1/keys": map[string]any{"name": "other", "scope": "ops"},
		"POST /admin/v1/operators":     map[string]any{"email": "eve@ops.example"},
		"POST /admin/v1/rules/check":   map[string]any{"text": "true", "where": map[string]any{"kind": "access", "collection": "products", "key": "read"}},
		"POST /admin/v1/rules/explain": map[string]any{"as": "guest", "op": "get", "collection": "products", "id": "p010"},
		"POST /admin/v1/views":         view, "PUT /admin/v1/views/{id}": view, "POST /data/v1/query": query,
		"POST /data/v1/commit":        map[string]any{"writes": []any{map[string]any{"op": "create", "in": "products", "data": pet}}},
		"POST /data/v1/docs/products": pet, "PUT /data/v1/docs/products/{id}": pet, "PATCH /data/v1/docs/products/{id}": map[string]any{"price": 2},
		"POST /data/v1/docs/orders": order, "PUT /data/v1/docs/orders/{id}": order, "PATCH /data/v1/docs/orders/{id}": map[string]any{"quantity": 2},
		"POST /data/v1/docs/{collection}": pet, "PUT /data/v1/docs/{collection}/{id}": pet, "PATCH /data/v1/docs/{collection}/{id}": map[string]any{"price": 3},
		"POST /functions/v1/purchase": buy, "POST /functions/v1/{name}": buy,
	}
	h.people(s)
	return h
}

// exemplify writes what there is into the description, as examples.
func (h *things) exemplify(method, path string, op map[string]any) {
	key := strings.ToUpper(method) + " " + path
	params, _ := op["parameters"].([]any)
	whole := strings.Contains(path, "{")
	for _, p := range params {
		p := p.(map[string]any)
		name, _ := p["name"].(string)
		example := h.values[key+" "+name]
		if before, _, found := strings.Cut(path, "{"+name+"}"); found && p["in"] == "path" {
			example = h.ids[before]
			if path == before+"{"+name+"}" {
				example = cmp.Or(h.ids[strings.ToUpper(method)+" "+before], example)
			}
			whole = whole && example != ""
		}
		if example != "" {
			p["example"] = example
		}
	}
	if body, ok := op["requestBody"].(map[string]any); ok {
		if example := h.bodies[key]; example != nil {
			body["content"].(map[string]any)["application/json"].(map[string]any)["example"] = example
			whole = whole || !strings.Contains(path, "{")
		} else {
			whole = false
		}
	}
	if whole {
		h.whole[key] = true
	}
}

// reached counts answers by operation and class of status, over all callers.
type reached map[string]map[int]int

var hole = regexp.MustCompile(`\\\{[^/]*?\\\}`)

// count reads what schemathesis asked from its report.
func (r reached) count(t *testing.T, har string, operations []string) {
	t.Helper()
	text, err := os.ReadFile(har)
	if err != nil {
		t.Error(err)
		return
	}
	var report struct {
		Log struct {
			Entries []struct {
				Request  struct{ Method, URL string }
				Response struct{ Status int }
			}
		}
	}
	if err := json.Unmarshal(text, &report); err != nil {
		t.Error(err)
		return
	}
	matchers := map[string]*regexp.Regexp{}
	for _, op := range operations {
		_, path, _ := strings.Cut(op, " ")
		matchers[op] = regexp.MustCompile("^" + hole.ReplaceAllString(regexp.QuoteMeta(path), "[^/]*") + "$")
	}
	for _, e := range report.Log.Entries {
		u, err := url.Parse(e.Request.URL)
		if err != nil {
			continue
		}
		for _, op := range operations {
			if method, _, _ := strings.Cut(op, " "); method == e.Request.Method && matchers[op].MatchString(u.EscapedPath()) {
				if r[op] == nil {
					r[op] = map[int]int{}
				}
				r[op][e.Response.Status/100]++ // of a collection's own operation and of that of any
			}
		}
	}
}
