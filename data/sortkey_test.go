package data_test

import (
	"slices"
	"testing"

	"github.com/hutch-dev/hutch/data"
)

func TestCompareDocs(t *testing.T) {
	for _, c := range []struct {
		name string
		keys []data.Order
		docs []string // in order
	}{
		{"no keys: by _id", nil, []string{`{"_id":"a"}`, `{"_id":"aa"}`, `{"_id":"b"}`}},
		{"types, missing as null, an empty array first", []data.Order{{Path: "x"}}, []string{
			`{"_id":"z","x":[]}`, `{"_id":"a"}`, `{"_id":"b","x":null}`, `{"_id":"c","x":-1}`, `{"_id":"d","x":"a"}`, `{"_id":"e","x":{}}`, `{"_id":"f","x":false}`,
		}},
		{"descending", []data.Order{{Path: "x", Desc: true}}, []string{`{"_id":"c","x":"a"}`, `{"_id":"b","x":5}`, `{"_id":"a"}`, `{"_id":"d","x":null}`, `{"_id":"0","x":[]}`}},
		{"the least element ascending", []data.Order{{Path: "x"}}, []string{`{"_id":"b","x":[1,9]}`, `{"_id":"a","x":2}`, `{"_id":"c","x":[3]}`}},
		{"the greatest descending", []data.Order{{Path: "x", Desc: true}}, []string{`{"_id":"b","x":[1,9]}`, `{"_id":"c","x":[3]}`, `{"_id":"a","x":2}`}},
		{"through arrays", []data.Order{{Path: "x.y"}}, []string{`{"_id":"d","x":[{"y":1},{}]}`, `{"_id":"e","x":[{"y":1},5]}`, `{"_id":"b","x":[{"y":4},{"y":[2,7]}]}`, `{"_id":"a","x":{"y":3}}`}},
		{"two keys", []data.Order{{Path: "x"}, {Path: "y", Desc: true}}, []string{`{"_id":"a","x":1,"y":2}`, `{"_id":"b","x":1,"y":1}`, `{"_id":"c","x":2,"y":9}`}},
		{"ties by _id, ascending also when descending", []data.Order{{Path: "x", Desc: true}}, []string{`{"_id":"a","x":1}`, `{"_id":"b","x":1.0}`}},
	} {
		var docs []data.Doc
		for _, js := range c.docs {
			docs = append(docs, doc(t, js))
		}
		for i, a := range docs {
			for j, b := range docs {
				want := sign(i - j)
				if got := sign(data.CompareDocs(a, b, c.keys)); got != want {
					t.Errorf("%s: %s and %s: %d", c.name, c.docs[i], c.docs[j], got)
				}
				if got := sign(data.CompareMarks(data.MarkOf(a, c.keys), data.MarkOf(b, c.keys), c.keys)); got != want {
					t.Errorf("%s: marks of %s and %s: %d", c.name, c.docs[i], c.docs[j], got)
				}
				if got := sign(data.CompareToMark(a, data.MarkOf(b, c.keys), c.keys)); got != want {
					t.Errorf("%s: %s and the mark of %s: %d", c.name, c.docs[i], c.docs[j], got)
				}
			}
		}
	}
}

func TestIndexValues(t *testing.T) {
	for _, c := range []struct{ doc, path, want string }{
		{`{"a":1}`, "a", `[1]`},
		{`{}`, "a", `[null]`},
		{`{"a":[1,[2],3]}`, "a", `[1,[2],3]`},
		{`{"a":[{"b":1},{"b":[2,3]},{}]}`, "a.b", `[1,2,3,null]`},
		{`{"a":[]}`, "a.b", `[null]`},
		{`{"a":[1]}`, "a.b", `[null]`},
		{`{"a":5}`, "a.b", `[null]`},
		{`{"a":[5,6]}`, "a.1", `[6]`},
	} {
		vs := data.AppendIndexValues(nil, doc(t, c.doc), c.path)
		js, err := data.AppendValueJSON(nil, data.Array(vs...))
		if err != nil || string(js) != c.want {
			t.Errorf("%s of %s: %s, %v", c.path, c.doc, js, err)
		}
	}
	if vs := data.AppendIndexValues(nil, doc(t, `{"a":[]}`), "a"); len(vs) != 1 || data.Compare(vs[0], data.Null()) >= 0 {
		t.Errorf("an empty array: %v", vs)
	}
}

func TestMarkSharesNothing(t *testing.T) {
	d := doc(t, `{"_id":"a","x":"abc"}`)
	m := data.MarkOf(d, []data.Order{{Path: "x"}})
	for i := range d {
		d[i] = 0xff
	}
	if m.ID != "a" || data.Text(m.Values[0]) != "abc" {
		t.Error("a mark changes with its document")
	}
}

func TestWith(t *testing.T) {
	d := doc(t, `{"a":1,"b":2,"c":3}`)
	for _, c := range []struct {
		got  data.Doc
		want string
	}{
		{data.With(d, data.Elem{Name: "b", Value: data.String("x")}, data.Elem{Name: "z", Value: data.Null()}), `{"a":1,"b":"x","c":3,"z":null}`},
		{data.With(d, data.Elem{Name: "b"}, data.Elem{Name: "y"}), `{"a":1,"c":3}`},
		{data.With(nil, data.Elem{Name: "b", Value: data.Bool(true)}), `{"b":true}`},
		{data.Without(d, "a", "c", "x"), `{"b":2}`},
		{data.NewDoc(data.Elem{Name: "a", Value: data.Int(5)}, data.Elem{Name: "b"}), `{"a":5}`},
	} {
		if err := data.CheckDoc(c.got); err != nil {
			t.Error(err)
		}
		if js := show(t, c.got); js != c.want {
			t.Errorf("got %s, want %s", js, c.want)
		}
	}
	var many []data.Elem
	for i := range 100 {
		many = append(many, data.Elem{Name: "f" + string(rune('0'+i/10)) + string(rune('0'+i%10)), Value: data.Int(int64(i))})
	}
	wide := data.With(d, many...)
	again := data.With(wide, many...)
	if !slices.Equal(wide, again) || data.CheckDoc(again) != nil {
		t.Error("100 fields set twice differ")
	}
}
