package server_test

import (
	"strings"
	"testing"
)

// scenario is one request and what its answer holds. {id} and {etag} in a path
// or header stand for those of the answer before.
type scenario struct {
	name, as, method, path, body string
	headers                      []string
	status                       int
	has, hasNot                  []string
	changes                      int // documents more (or fewer) afterwards
}

// run plays scenarios in order on one server.
func run(t *testing.T, s *site, list []scenario) {
	t.Helper()
	id, etag := "", ""
	for _, sc := range list {
		t.Run(sc.name, func(t *testing.T) {
			fill := strings.NewReplacer("{id}", id, "{etag}", etag)
			for i := range sc.headers {
				sc.headers[i] = fill.Replace(sc.headers[i])
			}
			before := s.docs.count()
			a := s.do(t, sc.as, sc.method, fill.Replace(sc.path), fill.Replace(sc.body), sc.headers...)
			if a.StatusCode != sc.status {
				t.Fatalf("got %d %s, want %d", a.StatusCode, a.body, sc.status)
			}
			if sc.status >= 400 {
				if err := flat(a.Header, a.body); err != "" {
					t.Error(err, a.body)
				}
			}
			var all strings.Builder
			if err := a.Header.Write(&all); err != nil {
				t.Fatal(err)
			}
			all.WriteString(a.body)
			for _, want := range sc.has {
				if !strings.Contains(all.String(), fill.Replace(want)) {
					t.Errorf("%q is not in\n%s", want, all.String())
				}
			}
			for _, not := range sc.hasNot {
				if strings.Contains(all.String(), fill.Replace(not)) {
					t.Errorf("%q is in\n%s", not, all.String())
				}
			}
			if got := s.docs.count() - before; got != sc.changes {
				t.Errorf("%d documents more, want %d", got, sc.changes)
			}
			if got := a.field("_id"); got != "" {
				id = got
			}
			if got := a.Header.Get("ETag"); got != "" {
				etag = got
			}
		})
	}
}

func (d *documents) count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.docs)
}

func TestDocuments(t *testing.T) {
	s := start(t)
	one, two := "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
	key := func(k string) []string { return []string{"Idempotency-Key", k} }
	run(t, s, []scenario{
		{name: "create", method: "POST", path: "/data/v1/docs/open", body: `{"name":"Nemo","price":5.0}`, status: 201, has: []string{`"name":"Nemo","price":5.0`, "Hutch-Position: 00", "Etag: \""}, changes: 1},
		{name: "get", method: "GET", path: "/data/v1/docs/open/{id}", status: 200, has: []string{`"name":"Nemo"`, "Etag: {etag}"}, hasNot: []string{"Hutch-Position"}},
		{name: "HEAD has no body", method: "HEAD", path: "/data/v1/docs/open/{id}", status: 200, hasNot: []string{"Nemo"}},
		{name: "unchanged", method: "GET", path: "/data/v1/docs/open/{id}", headers: []string{"If-None-Match", "{etag}"}, status: 304, hasNot: []string{"Nemo"}},
		{name: "unchanged, in a list", method: "GET", path: "/data/v1/docs/open/{id}", headers: []string{"If-None-Match", `"7", W/{etag}`}, status: 304},
		{name: "changed", method: "GET", path: "/data/v1/docs/open/{id}", headers: []string{"If-None-Match", `"7"`}, status: 200},
		{name: "If-Match holds", method: "PATCH", path: "/data/v1/docs/open/{id}", body: `{"name":"Dory"}`, headers: []string{"If-Match", "{etag}"}, status: 200, has: []string{"Dory"}},
		{name: "If-Match does not", method: "PATCH", path: "/data/v1/docs/open/{id}", body: `{"name":"Gill"}`, headers: []string{"If-Match", `"1"`}, status: 412, has: []string{`"reason":"version"`}},
		{name: "If-Match is no version", method: "PATCH", path: "/data/v1/docs/open/{id}", body: `{}`, headers: []string{"If-Match", `W/"1"`}, status: 400, has: []string{`"field":"If-Match"`}},
		{name: "If-Match of two", method: "PUT", path: "/data/v1/docs/open/{id}", body: `{}`, headers: []string{"If-Match", `"1", "2"`}, status: 400},
		{name: "If-None-Match of a write", method: "PUT", path: "/data/v1/docs/open/{id}", body: `{}`, headers: []string{"If-None-Match", `*`}, status: 412},
		{name: "If-None-Match with a version", method: "PUT", path: "/data/v1/docs/open/{id}", body: `{}`, headers: []string{"If-None-Match", `"1"`}, status: 400, has: []string{`"field":"If-None-Match"`}},
		{name: "If-Match *", method: "PUT", path: "/data/v1/docs/open/absent", body: `{}`, headers: []string{"If-Match", `*`}, status: 412},
		{name: "set creates", method: "PUT", path: "/data/v1/docs/open/made", body: `{"a":1}`, status: 201, has: []string{`"_id":"made"`}, changes: 1},
		{name: "set replaces", method: "PUT", path: "/data/v1/docs/open/made", body: `{"a":2}`, status: 200, has: []string{`"a":2`}},
		{name: "an encoded id is decoded once", method: "PUT", path: "/data/v1/docs/open/a%20b%C3%A9", body: `{}`, status: 201, has: []string{`"_id":"a bé"`}, changes: 1},
		{name: "an id that is decoded twice is none", method: "PUT", path: "/data/v1/docs/open/a%2525", body: `{}`, status: 400},
		{name: "delete", method: "DELETE", path: "/data/v1/docs/open/made", status: 204, has: []string{"Hutch-Position"}, changes: -1},
		{name: "delete what is absent", method: "DELETE", path: "/data/v1/docs/open/made", status: 404},
		{name: "unknown parameter", method: "GET", path: "/data/v1/docs/open/x?verbose=1", status: 400, has: []string{`"field":"verbose"`}},
		{name: "unknown parameter of a list", method: "GET", path: "/data/v1/docs/open?filter=1", status: 400, has: []string{`"field":"filter"`}},
		{name: "repeated parameter", method: "GET", path: "/data/v1/docs/open?limit=1&limit=2", status: 400, has: []string{`"field":"limit"`}},
		{name: "a bad escape in a parameter", method: "GET", path: "/data/v1/docs/open?limit=%zz", status: 400},
		{name: "list", method: "GET", path: "/data/v1/docs/open?limit=1&count=true&where=%7B%22a%22%3A1%7D&orderBy=-price,name&select=a,b", status: 200, has: []string{`{"docs":[{`, `"next":"more","count":2}`}},
		{name: "an empty list is a list", as: "ann", method: "GET", path: "/data/v1/docs/notes", status: 200, has: []string{`{"docs":[],"next":null}`}},
		{name: "limit 0", method: "GET", path: "/data/v1/docs/open?limit=0", status: 400, has: []string{`"field":"limit"`}},
		{name: "where is no object", method: "GET", path: "/data/v1/docs/open?where=1", status: 400, has: []string{`"field":"where"`}},
		{name: "where that goes on", method: "GET", path: "/data/v1/docs/open?where=%7B%7D%2C%22from%22%3A%22notes%22", status: 400, has: []string{`"field":"where"`}},
		{name: "count is no boolean", method: "GET", path: "/data/v1/docs/open?count=1", status: 400, has: []string{`"field":"count"`}},
		{name: "query", method: "POST", path: "/data/v1/query", body: `{"from":"open","where":{"a":{"$gte":1}},"orderBy":[["a","desc"],"b"],"limit":5,"count":true}`, status: 200, has: []string{`"next":null,"count":2}`}},
		{name: "query with an unknown key", method: "POST", path: "/data/v1/query", body: `{"from":"open","filter":{}}`, status: 400, has: []string{`"field":"filter"`}},
		{name: "commit", method: "POST", path: "/data/v1/commit", body: `{"writes":[{"op":"create","in":"open","id":"c1","data":{"a":1}},{"op":"create","in":"open","id":"c2","data":{}}],"docs":true}`, status: 200, has: []string{`{"position":"00`, `"results":[{"_id":"c1","_version":`, `"doc":{"a":1,"_id":"c1"`}, changes: 2},
		{name: "commit with a delete", method: "POST", path: "/data/v1/commit", body: `{"writes":[{"op":"delete","in":"open","id":"c2"}]}`, status: 200, has: []string{`"results":[{"_id":"c2"}]`}, changes: -1},
		{name: "commit of nothing", method: "POST", path: "/data/v1/commit", body: `{"writes":[]}`, status: 400, has: []string{`"field":"writes"`}},
		{name: "commit without writes", method: "POST", path: "/data/v1/commit", body: `{}`, status: 400, has: []string{`"field":"writes"`}},
		{name: "commit of no objects", method: "POST", path: "/data/v1/commit", body: `{"writes":[{"op":"delete","in":"open","id":"x"},5]}`, status: 400, has: []string{`"field":"writes[1]"`}},
		{name: "commit names the place", method: "POST", path: "/data/v1/commit", body: `{"writes":[{"op":"delete","in":"open","id":"x"},{"op":"destroy","in":"open"}]}`, status: 400, has: []string{`"field":"writes[1].op"`}},
		{name: "commit with an unknown key", method: "POST", path: "/data/v1/commit", body: `{"writes":[{"op":"delete","in":"open","id":"x"}],"client":"x"}`, status: 400, has: []string{`"field":"client"`}},
		{name: "commit with a wrong docs", method: "POST", path: "/data/v1/commit", body: `{"writes":[{"op":"delete","in":"open","id":"x"}],"docs":1}`, status: 400, has: []string{`"field":"docs"`}},
		{name: "under a key", method: "POST", path: "/data/v1/docs/open", body: `{"k":1}`, headers: key(one), status: 201, hasNot: []string{"Idempotency-Replayed"}, changes: 1},
		{name: "the same again", method: "POST", path: "/data/v1/docs/open", body: `{"k":1}`, headers: key(one), status: 201, has: []string{"Idempotency-Replayed: true", `"_id":"{id}"`, `"k":1`, "Hutch-Position: "}},
		{name: "the key with another body", method: "POST", path: "/data/v1/docs/open", body: `{"k":2}`, headers: key(one), status: 400, has: []string{`"field":"Idempotency-Key"`}},
		{name: "the key on another path", method: "PUT", path: "/data/v1/docs/open/kk", body: `{"k":1}`, headers: key(one), status: 201, hasNot: []string{"Replayed"}, changes: 1},
		{name: "a key that is no UUID", method: "POST", path: "/data/v1/docs/open", body: `{}`, headers: key("order-1"), status: 400, has: []string{`"field":"Idempotency-Key"`}},
		{name: "an empty key", method: "POST", path: "/data/v1/docs/open", body: `{}`, headers: key(" "), status: 400, has: []string{`"field":"Idempotency-Key"`}},
		{name: "a key on a read is ignored", method: "GET", path: "/data/v1/docs/open", headers: key("x y"), status: 200},
		{name: "a user's key is any text", as: "ann", method: "POST", path: "/data/v1/docs/open", body: `{}`, headers: key("order 1"), status: 201, changes: 1},
		{name: "delete under a key", method: "DELETE", path: "/data/v1/docs/open/kk", headers: key(two), status: 204, changes: -1},
		{name: "deleted again under the key", method: "DELETE", path: "/data/v1/docs/open/kk", headers: key(two), status: 204, has: []string{"Idempotency-Replayed: true"}},
	})
}

// TestS5KeysOfOthers: a key answers neither another principal, nor another
// route, nor somebody who may no longer read.
func TestS5KeysOfOthers(t *testing.T) {
	s := start(t)
	key := []string{"Idempotency-Key", "33333333-3333-4333-8333-333333333333"}
	body := `{"owner":"ann","text":"private words"}`
	run(t, s, []scenario{
		{name: "ann writes", as: "ann", method: "POST", path: "/data/v1/docs/notes", body: body, headers: key, status: 201, changes: 1},
		{name: "bob repeats it", as: "bob", method: "POST", path: "/data/v1/docs/notes", body: body, headers: key, status: 201, hasNot: []string{"Replayed"}, changes: 1},
		{name: "a guest repeats it", method: "POST", path: "/data/v1/docs/notes", body: body, headers: key, status: 401, hasNot: []string{"private"}},
		{name: "an expired token repeats it", method: "POST", path: "/data/v1/docs/notes", body: body, headers: append([]string{"Authorization", "Bearer token-old"}, key...), status: 401},
		{name: "on another collection", as: "ann", method: "POST", path: "/data/v1/docs/open", body: body, headers: key, status: 201, hasNot: []string{"Replayed"}, changes: 1},
		{name: "/auth ignores keys", method: "POST", path: "/auth/v1/signup", body: `{"email":"a@b.test","password":"long enough 1"}`, headers: []string{"Idempotency-Key", "not a uuid"}, status: 200, hasNot: []string{"Replayed"}},
	})
	note := s.do(t, "ann", "POST", "/data/v1/docs/notes", body, "Idempotency-Key", "k2")
	s.docs.put("notes", note.field("_id"), "bob", "private words")
	a := s.do(t, "ann", "POST", "/data/v1/docs/notes", body, "Idempotency-Key", "k2")
	if a.StatusCode != 201 || a.Header.Get("Idempotency-Replayed") != "true" || strings.Contains(a.body, "private") || a.field("_id") == "" || a.field("_version") == "" {
		t.Fatal("ann may no longer read it:", a.StatusCode, a.body)
	}
}

// TestS26HiddenEqualsMissing: bytes and headers are equal but for the request's id.
func TestS26HiddenEqualsMissing(t *testing.T) {
	s := start(t)
	s.docs.put("notes", "there", "ann", "x")
	for _, as := range []string{"guest", "bob", "ops"} {
		for _, method := range []string{"GET", "PATCH", "DELETE", "HEAD"} {
			body := ""
			if method == "PATCH" {
				body = `{"a":1}`
			}
			same := func(a, b string) {
				var text [2]string
				for i, p := range []string{a, b} {
					got := s.do(t, as, method, p, body, "If-Match", `"5"`)
					id := got.Header.Get("X-Request-Id")
					got.Header.Del("Date")
					var h strings.Builder
					if err := got.Header.Write(&h); err != nil {
						t.Fatal(err)
					}
					text[i] = strings.ReplaceAll(got.Status+h.String()+got.body, id, "ID")
				}
				if text[0] != text[1] {
					t.Errorf("%s as %s differs:\n%s\n%s", method, as, text[0], text[1])
				}
			}
			same("/data/v1/docs/notes/there", "/data/v1/docs/notes/gone1")
			same("/data/v1/docs/secret/there", "/data/v1/docs/nosuch/there")
			same("/data/v1/docs/_users/there", "/data/v1/docs/nosuch/there")
		}
	}
}
