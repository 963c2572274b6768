package data_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func TestDocumentLimits(t *testing.T) {
	r := open(t, func(u *setup) { u.options.Limits = data.Limits{DocBytes: 2000} })
	nested := func(depth int) string {
		return strings.Repeat(`{"a":`, depth-1) + "{}" + strings.Repeat("}", depth-1)
	}
	sized := func(bytes int) string { // of the document with the _id "x"
		return fmt.Sprintf(`{"s":%q}`, strings.Repeat("s", bytes-4-11-8-1))
	}
	put := func(doc string) error {
		_, err := r.Write(as(t, ann), []data.Mutation{{Op: data.OpSet, In: "notes", ID: "x", Data: js(t, doc)}}, data.WriteOptions{})
		return err
	}
	for _, c := range []struct {
		name, doc string
		ok        bool
	}{
		{"32 levels", nested(32), true},
		{"33 levels", nested(33), false},
		{"32 levels with arrays", `{"l":` + strings.Repeat("[", 31) + strings.Repeat("]", 31) + `}`, true},
		{"33 levels with arrays", `{"l":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`, false},
		{"the size", sized(2000), true},
		{"a byte more", sized(2001), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := put(c.doc); (err == nil) != c.ok || err != nil && hutch.CodeOf(err) != hutch.InvalidArgument {
				t.Error(err)
			}
		})
	}
	t.Run("an update that grows a document too far", func(t *testing.T) {
		if err := put(sized(1990)); err != nil {
			t.Fatal(err)
		}
		for _, p := range []hutch.Principal{ann, system} {
			_, err := r.Write(as(t, p), []data.Mutation{{Op: data.OpUpdate, In: "notes", ID: "x", Data: js(t, `{"more":"and more"}`)}}, data.WriteOptions{})
			if hutch.CodeOf(err) != hutch.InvalidArgument {
				t.Error(err)
			}
		}
	})
}

func TestFieldNames(t *testing.T) {
	r := open(t)
	for _, c := range []struct {
		doc   data.Doc
		field string
	}{
		{js(t, `{"a.b":1}`), "a.b"},
		{js(t, `{"l":[{"x":1},{"a.b":1}]}`), "l[1].a.b"},
		{js(t, `{"_hidden":1}`), "_hidden"},
		{js(t, `{"a":{"_fine":1}}`), ""},
		{js(t, `{"a":{"0":1}}`), ""},
		{data.NewDoc(data.Elem{Name: "a", Value: data.Object(data.NewDoc(data.Elem{Name: "$set", Value: data.Int(1)}))}), "a.$set"},
		{data.NewDoc(data.Elem{Name: "l", Value: data.Array(data.Object(data.NewDoc(data.Elem{Name: "", Value: data.Int(1)})))}), "l[0]"},
	} {
		_, err := r.Write(as(t, ann), []data.Mutation{{Op: data.OpCreate, In: "notes", Data: c.doc}}, data.WriteOptions{})
		e := hutch.AsError(err)
		if c.field == "" && err != nil || c.field != "" && (e == nil || e.Code != hutch.InvalidArgument || e.Field != c.field) {
			t.Errorf("%s: %v, want field %q", c.doc, err, c.field)
		}
	}
}
