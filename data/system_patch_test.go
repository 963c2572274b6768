package data_test

import (
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func TestPatch(t *testing.T) {
	r := open(t, func(u *setup) {
		s, err := data.ParseSchema("people", []byte(`{"properties":{"name":{"type":"string","maxLength":3}},"required":["name"]}`))
		if err != nil {
			t.Fatal(err)
		}
		u.app.Collections = append(u.app.Collections, data.Collection{Name: "people", Schema: s, ServerIDs: true})
	})
	sys := r.System("people")
	patch := func(fields ...data.Elem) error {
		t.Helper()
		w, ok := r.Patch("people", "p", fields...)
		if !ok {
			t.Fatal("no such collection")
		}
		_, err := sys.Commit(t.Context(), &data.Batch{Writes: []data.Write{w}})
		return err
	}
	name := func(s string) data.Elem { return data.Elem{Name: "name", Value: data.String(s)} }
	for _, c := range []struct {
		name   string
		fields []data.Elem
		field  string // of the refusal
		after  string
	}{
		{"a new document lacks a field", nil, "name", ""},
		{"a new document", []data.Elem{name("ann")}, "", `{"name":"ann"}`},
		{"another field", []data.Elem{{Name: "n", Value: data.Int(1)}}, "", `{"name":"ann","n":1}`},
		{"one changes, the other stays", []data.Elem{name("bob")}, "", `{"name":"bob","n":1}`},
		{"the schema", []data.Elem{name("anna")}, "name", `{"name":"bob","n":1}`},
		{"a required field goes", []data.Elem{{Name: "name"}}, "name", `{"name":"bob","n":1}`},
		{"a field goes", []data.Elem{{Name: "n"}, {Name: "none"}}, "", `{"name":"bob"}`},
		{"names are those of documents", []data.Elem{{Name: "x", Value: data.Object(data.NewDoc(data.Elem{Name: "$set", Value: data.Int(1)}))}}, "x.$set", `{"name":"bob"}`},
		{"the system's fields are not", []data.Elem{{Name: "_version", Value: data.Int(1)}, {Name: "_id", Value: data.String("q")}}, "", `{"name":"bob"}`},
	} {
		err := patch(c.fields...)
		if e := hutch.AsError(err); (c.field != "") != (err != nil) || err != nil && (e.Code != hutch.InvalidArgument || e.Field != c.field) {
			t.Errorf("%s: %v (%+v)", c.name, err, e)
		}
		if got := r.stored(t, "people", "p"); got != c.after {
			t.Errorf("%s: %s, want %s", c.name, got, c.after)
		}
	}
	if _, ok := r.Patch("none", "p"); ok {
		t.Error("a collection that the app does not have")
	}
	if _, ok := r.Patch("_jobs", "p"); ok {
		t.Error("a collection of the system")
	}
	w, _ := r.Patch("people", "p", name("eve"))
	if _, err := r.System("_jobs").Commit(t.Context(), &data.Batch{Writes: []data.Write{w}}); hutch.CodeOf(err) != hutch.Internal {
		t.Errorf("a room without the collection: %v", err)
	}
}
