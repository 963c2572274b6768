package server_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/server"
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

// meddled is a System that something happens to between a read and the next commit.
type meddled struct {
	data.System
	between func()
}

func (m *meddled) Commit(ctx context.Context, b *data.Batch) (data.Result, error) {
	if f := m.between; f != nil {
		m.between = nil
		f()
	}
	return m.System.Commit(ctx, b)
}

// TestADeletedViewStaysAway: though it is replaced at the same moment; one that
// is changed then is replaced.
func TestADeletedViewStaysAway(t *testing.T) {
	s := startDataPage(t)
	var v viewState
	s.ok(t, 201, "POST", "/admin/v1/views", `{"collection":"tools","name":"a","view":{}}`, &v)
	m := &meddled{System: s.desk.Views()}
	s.desk.views = func(data.System) data.System { return m }
	write := func(keep bool) func() {
		return func() {
			_, err := m.System.Commit(t.Context(), &data.Batch{Writes: []data.Write{{
				Collection: server.ViewsCollection, ID: v.ID, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
					if !keep {
						return nil, nil
					}
					return data.With(old, data.Elem{Name: "name", Value: data.String("else")}), nil
				},
			}}})
			if err != nil {
				t.Error(err)
			}
		}
	}
	const body = `{"collection":"tools","name":"b","view":{}}`
	m.between = write(true)
	s.ok(t, 200, "PUT", "/admin/v1/views/"+v.ID, body, &v)
	if v.Name != "b" {
		t.Errorf("%+v", v)
	}
	m.between = write(false)
	s.refused(t, 404, "", "PUT", "/admin/v1/views/"+v.ID, body)
	if d, err := m.Get(t.Context(), server.ViewsCollection, v.ID); d != nil || err != nil {
		t.Errorf("it is back: %v %v", d, err)
	}
}

// TestViewsAreNeverMoreThanTheLimit: also when many are saved at the same moment.
func TestViewsAreNeverMoreThanTheLimit(t *testing.T) {
	s := startDataPage(t)
	const body = `{"collection":"tools","name":"a","view":{}}`
	for range 196 {
		s.ok(t, 201, "POST", "/admin/v1/views", body, nil)
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { s.do(t, "op", "POST", "/admin/v1/views", body) })
	}
	wg.Wait()
	var all struct{ Views []viewState }
	s.ok(t, 200, "GET", "/admin/v1/views", "", &all)
	if n := len(all.Views); n > 200 || n < 196 {
		t.Errorf("%d views", n)
	}
}

// TestS91SharedViewsAreTold: what others see of them, and nothing of private ones.
func TestS91SharedViewsAreTold(t *testing.T) {
	s := startDataPage(t)
	var v, w viewState
	s.ok(t, 201, "POST", "/admin/v1/views", `{"collection":"tools","name":"a","view":{}}`, &v)
	s.ok(t, 200, "PUT", "/admin/v1/views/"+v.ID, `{"collection":"tools","name":"b","view":{}}`, nil)
	s.ok(t, 204, "DELETE", "/admin/v1/views/"+v.ID, "", nil)
	if len(s.auth.acts) != 0 {
		t.Errorf("of a private one: %q", s.auth.acts)
	}
	s.ok(t, 201, "POST", "/admin/v1/views", `{"collection":"tools","name":"a","shared":true,"view":{}}`, &w)
	s.ok(t, 200, "PUT", "/admin/v1/views/"+w.ID, `{"collection":"tools","name":"b","shared":true,"view":{}}`, nil)
	if a := s.do(t, "op2", "DELETE", "/admin/v1/views/"+w.ID, ""); a.StatusCode != 204 {
		t.Error(a.StatusCode, a.body)
	}
	if want := []string{"op view_shared tools", "op view_changed tools", "op2 view_deleted tools"}; !slices.Equal(s.auth.acts, want) {
		t.Errorf("told %q, want %q", s.auth.acts, want)
	}
}
