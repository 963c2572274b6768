package server_test

import (
	"fmt"
	"strings"
	"testing"
)

type viewState struct {
	ID, Collection, Name, Owner string
	Shared, Mine                bool
	View                        map[string]any
}

func TestSavedViews(t *testing.T) {
	s := startDataPage(t)
	var v, w viewState
	s.ok(t, 201, "POST", "/admin/v1/views", `{"collection":"tools","name":" Cheap ","view":{"where":{"price":{"$lt":3}}}}`, &v)
	s.ok(t, 201, "POST", "/admin/v1/views", `{"collection":"notes","name":"all","shared":true,"view":{}}`, &w)
	if v.Name != "Cheap" || !v.Mine || v.Shared || v.Owner != "op@shop.example" || v.View["where"] == nil {
		t.Errorf("%+v", v)
	}
	list := func(as, query string) string {
		a := s.do(t, as, "GET", "/admin/v1/views"+query, "")
		var names []string
		for _, n := range []string{"Cheap", "all", "mine now"} {
			if strings.Contains(a.body, `"`+n+`"`) {
				names = append(names, n)
			}
		}
		return strings.Join(names, ",")
	}
	if got := list("op", "") + "|" + list("op", "?collection=tools") + "|" + list("op2", "") + "|" + list("op2", "?collection=tools"); got != "Cheap,all|Cheap|all|" {
		t.Errorf("lists %s", got)
	}
	s.ok(t, 200, "PUT", "/admin/v1/views/"+v.ID, `{"collection":"tools","name":"mine now","shared":true,"view":{"a":1}}`, &v)
	if list("op2", "") != "all,mine now" {
		t.Error(list("op2", ""))
	}
	if a := s.do(t, "op2", "PUT", "/admin/v1/views/"+v.ID, `{"collection":"tools","name":"x","view":{}}`); a.StatusCode != 403 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if a := s.do(t, "op2", "DELETE", "/admin/v1/views/"+v.ID, ""); a.StatusCode != 204 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	s.ok(t, 201, "POST", "/admin/v1/views", `{"collection":"tools","name":"own","view":{}}`, &v)
	for _, method := range []string{"PUT", "DELETE"} {
		if a := s.do(t, "op2", method, "/admin/v1/views/"+v.ID, map[string]string{"PUT": `{"collection":"tools","name":"x","view":{}}`}[method]); a.StatusCode != 404 {
			t.Errorf("%s: %d %s", method, a.StatusCode, a.body)
		}
	}
	name := func(n int) string { return strings.Repeat("é", n) }
	view := func(n int) string { return `{"a":"` + strings.Repeat("x", n-8) + `"}` }
	body := func(coll, name, view string) string {
		return fmt.Sprintf(`{"collection":%q,"name":"%s","view":%s}`, coll, name, view)
	}
	for _, ok := range []string{body("tools", name(100), "{}"), body("tools", "a", view(16<<10))} {
		s.ok(t, 201, "POST", "/admin/v1/views", ok, nil)
	}
	for field, bad := range map[string]string{"name": body("tools", name(101), "{}"), "view": body("tools", "a", view(16<<10+1)), "collection": body("", "a", "{}"), "x": `{"x":1}`} {
		s.refused(t, 400, field, "POST", "/admin/v1/views", bad)
	}
	s.refused(t, 400, "view", "POST", "/admin/v1/views", body("tools", "a", "[]"))
	s.refused(t, 400, "name", "POST", "/admin/v1/views", body("tools", `a\nb`, "{}"))
	s.refused(t, 400, "shared", "POST", "/admin/v1/views", `{"collection":"a","name":"a","shared":3,"view":{}}`)
	for n := 4; n < 200; n++ { // op has w, own and the two above
		s.ok(t, 201, "POST", "/admin/v1/views", body("tools", fmt.Sprint(n), "{}"), nil)
	}
	s.refused(t, 429, "", "POST", "/admin/v1/views", body("tools", "one more", "{}"))
}
