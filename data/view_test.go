package data_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func TestViews(t *testing.T) {
	r := open(t, func(u *setup) { u.guard.masked = "cost" })
	for i := range 6 {
		r.put(t, "sorted", fmt.Sprint("d", i), fmt.Sprintf(`{"n":%d,"cost":9,"hidden":%t}`, 10-i/2, i == 3))
	}
	q := data.Query{From: "sorted", OrderBy: []data.Order{{Path: "n"}}, Limit: 4, Select: []string{"cost", "n"}}
	v, err := r.View(as(t, ann), q, data.Request{})
	if err != nil {
		t.Fatal(err)
	}
	rows, at, more, err := v.Read(t.Context(), "")
	if err != nil || !more || at == "" {
		t.Fatal(rows, at, more, err)
	}
	var got []string
	for _, row := range rows {
		got = append(got, data.Text(data.Field(row.Doc, "_id"))+text(t, row.Doc))
	}
	if d := cmp.Diff([]string{`d4{"n":8}`, `d5{"n":8}`, `d2{"n":9}`, `d0{"n":10}`}, got); d != "" {
		t.Error(d)
	}
	for i := range rows[1:] {
		if v.CompareMarks(rows[i].Mark, rows[i+1].Mark) >= 0 {
			t.Errorf("%v not before %v", rows[i].Mark, rows[i+1].Mark)
		}
	}
	out, err := r.Write(as(t, system), []data.Mutation{{Op: data.OpSet, In: "sorted", ID: "new", Data: js(t, `{"n":7,"cost":1}`)}}, data.WriteOptions{Docs: true})
	if err != nil {
		t.Fatal(err)
	}
	d := out.Results[0].Doc
	if !v.Match(d) || text(t, v.Show(d)) != `{"n":7}` || v.CompareMarks(v.Mark(d), rows[0].Mark) >= 0 {
		t.Error("the new document does not come first")
	}
	if v.Match(js(t, `{"_id":"x","n":1,"hidden":true}`)) || v.Match(nil) {
		t.Error("a hidden or absent document matches")
	}
	if rows, _, _, err = v.Read(t.Context(), out.Position); err != nil || rows[0].Mark.ID != "new" {
		t.Errorf("%+v %v", rows, err)
	}
	if v, err = r.View(as(t, ann), data.Query{From: "sorted"}, data.Request{}); err != nil || v.Query.Limit != 1000 {
		t.Errorf("%+v %v", v.Query, err)
	}
}

func TestS6GroupKeys(t *testing.T) {
	base := data.Query{From: "sorted", Where: *eq("n", data.Int(1)), Select: []string{"a"}}
	inexact := false
	r := open(t, func(u *setup) {
		u.guard.filter = func(p hutch.Principal, _ string) data.Filter {
			return data.Filter{Kind: data.FilterConditional, Exact: !inexact, Where: *eq("team", data.String("x")), Key: "team x"}
		}
	})
	key := func(p hutch.Principal, change func(*data.Query)) string {
		q := base
		if change != nil {
			change(&q)
		}
		v, err := r.View(as(t, p), q, data.Request{})
		if err != nil {
			t.Fatal(err)
		}
		return v.Key
	}
	if key(ann, nil) != key(bob, nil) {
		t.Error("equal filters do not share a group")
	}
	seen := map[string]int{key(ann, nil): -1}
	for i, change := range []func(*data.Query){
		func(q *data.Query) { q.From = "notes" },
		func(q *data.Query) { q.Where = *eq("n", data.Int(2)) },
		func(q *data.Query) { q.Where = *eq("n", data.String("1")) },
		func(q *data.Query) { q.OrderBy = []data.Order{{Path: "n"}} },
		func(q *data.Query) { q.Limit = 5 },
		func(q *data.Query) { q.Select = []string{"a", "b"} },
		func(q *data.Query) { q.Select = nil },
	} {
		k := key(ann, change)
		if j, ok := seen[k]; ok {
			t.Errorf("queries %d and %d share a group", i, j)
		}
		seen[k] = i
	}
	inexact = true
	if key(ann, nil) == key(bob, nil) {
		t.Error("under an inexact rule two principals share a group")
	}
}

func TestViewsOfInexactRules(t *testing.T) {
	r := open(t, func(u *setup) {
		u.guard.filter = func(hutch.Principal, string) data.Filter { return data.Filter{Kind: data.FilterConditional} }
	})
	for i := range 6 {
		r.put(t, "sorted", fmt.Sprint("d", i), fmt.Sprintf(`{"hidden":%t}`, i%2 == 0))
	}
	v, err := r.View(as(t, ann), data.Query{From: "sorted", Limit: 2}, data.Request{})
	if err != nil {
		t.Fatal(err)
	}
	rows, _, more, err := v.Read(t.Context(), "")
	if err != nil || len(rows) != 2 || rows[0].Mark.ID != "d1" || rows[1].Mark.ID != "d3" || !more {
		t.Errorf("%+v %t %v", rows, more, err)
	}
	if v.Match(js(t, `{"_id":"x","hidden":true}`)) || !v.Match(js(t, `{"_id":"x"}`)) {
		t.Error("documents are not judged by the rule")
	}
}

func TestViewsAreRefusedAsListsAre(t *testing.T) {
	r := open(t)
	for _, c := range []struct {
		q    data.Query
		p    hutch.Principal
		code hutch.Code
	}{
		{data.Query{From: "closed"}, ann, hutch.PermissionDenied},
		{data.Query{From: "closed"}, guest, hutch.Unauthenticated},
		{data.Query{From: "sorted", Count: true}, ann, hutch.Unimplemented},
		{data.Query{From: "sorted", Limit: 1001}, ann, hutch.InvalidArgument},
	} {
		if _, err := r.View(as(t, c.p), c.q, data.Request{}); hutch.CodeOf(err) != c.code {
			t.Errorf("%+v: %v", c.q, err)
		}
	}
}
