package data_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func TestParseQuery(t *testing.T) {
	q, err := data.ParseQuery(doc(t, `{"from":"pets","where":{"a":1},"orderBy":[["price","desc"],"name",["n","asc"],"-stock"],"limit":50,"after":"x","select":["a","b.c"],"count":true}`))
	if err != nil {
		t.Fatal(err)
	}
	want := data.Query{
		From: "pets", OrderBy: []data.Order{{Path: "price", Desc: true}, {Path: "name"}, {Path: "n"}, {Path: "stock", Desc: true}},
		Limit: 50, After: "x", Select: []string{"a", "b.c"}, Count: true,
	}
	if d := cmp.Diff(want, q, cmpopts.IgnoreFields(data.Query{}, "Where")); d != "" || q.Where.Op != data.OpEq {
		t.Errorf("%v %s", q.Where, d)
	}
}

func TestParseQueryRefused(t *testing.T) {
	for _, c := range []struct{ in, field string }{
		{`{}`, "from"},
		{`{"from":""}`, "from"},
		{`{"from":1}`, "from"},
		{`{"from":"a b"}`, "from"},
		{`{"from":"1a"}`, "from"},
		{`{"from":"a","where":1}`, "where"},
		{`{"from":"a","where":{"$where":1}}`, "where.$where"},
		{`{"from":"a","limit":0}`, "limit"},
		{`{"from":"a","limit":1001}`, "limit"},
		{`{"from":"a","limit":5.0}`, "limit"},
		{`{"from":"a","limit":"5"}`, "limit"},
		{`{"from":"a","orderBy":"a"}`, "orderBy"},
		{`{"from":"a","orderBy":[1]}`, "orderBy[0]"},
		{`{"from":"a","orderBy":[["a","up"]]}`, "orderBy[0]"},
		{`{"from":"a","orderBy":["b",["a"]]}`, "orderBy[1]"},
		{`{"from":"a","orderBy":["a","b","c","d","e"]}`, "orderBy[4]"},
		{`{"from":"a","orderBy":["a",["a","desc"]]}`, "orderBy[1]"},
		{`{"from":"a","select":"a"}`, "select"},
		{`{"from":"a","select":["a",1]}`, "select[1]"},
		{`{"from":"a","select":["_lock"]}`, "select[0]"},
		{`{"from":"a","after":null}`, "after"},
		{`{"from":"a","count":1}`, "count"},
		{`{"from":"a","skip":1}`, "skip"},
	} {
		_, err := data.ParseQuery(doc(t, c.in))
		if e := hutch.AsError(err); e == nil || e.Code != hutch.InvalidArgument || e.Field != c.field {
			t.Errorf("%s: got %v, want field %s", c.in, err, c.field)
		}
	}
	for _, ok := range []string{`{"from":"a","limit":1}`, `{"from":"a","limit":1000}`, `{"from":"_users"}`, `{"from":"` + strings.Repeat("a", 64) + `"}`} {
		if _, err := data.ParseQuery(doc(t, ok)); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
}

func TestCanonical(t *testing.T) {
	same := [][]string{
		{`{"from":"a","where":{"x":1,"y":2}}`, `{"where":{"y":2.0,"x":1},"from":"a","limit":5,"after":"c"}`, `{"from":"a","where":{"$and":[{"y":2},{"x":1}]}}`},
		{`{"from":"a","where":{"x":{"$in":[1,2,1]}}}`, `{"from":"a","where":{"x":{"$in":[2,1.0]}}}`},
		{`{"from":"a","select":["x","y","x"]}`, `{"from":"a","select":["y","x"]}`},
		{`{"from":"a","orderBy":["-x"]}`, `{"from":"a","orderBy":[["x","desc"]]}`},
		{`{"from":"a"}`, `{"from":"a","where":{}}`, `{"from":"a","count":false}`},
		{`{"from":"b"}`},
		{`{"from":"a","count":true}`},
		{`{"from":"a","orderBy":["x"]}`},
		{`{"from":"a","orderBy":["x","y"]}`},
		{`{"from":"a","orderBy":["y","x"]}`},
		{`{"from":"a","select":["x y"]}`},
		{`{"from":"a","where":{"x":"1"}}`},
		{`{"from":"a","where":{"x":1}}`},
		{`{"from":"a","where":{"x":{"$ne":1}}}`},
		{`{"from":"a","where":{"$not":{"x":1}}}`},
		{`{"from":"a","where":{"$or":[{"x":1},{"y":2}]}}`},
		{`{"from":"a","where":{"x":{"a":1,"b":2}}}`},
		{`{"from":"a","where":{"x":{"b":2,"a":1}}}`},
		{`{"from":"a","where":{"x":null}}`},
		{`{"from":"a","where":{"x":{"$exists":true}}}`},
		{`{"from":"a","where":{"x":{"$exists":false}}}`},
	}
	seen := map[string]int{}
	for i, group := range same {
		for _, js := range group {
			q, err := data.ParseQuery(doc(t, js))
			if err != nil {
				t.Fatalf("%s: %v", js, err)
			}
			text := q.Canonical()
			if j, ok := seen[text]; ok && j != i {
				t.Errorf("%s and %s are one: %s", js, same[j][0], text)
			}
			if _, ok := seen[text]; !ok && js != group[0] {
				t.Errorf("%s and %s differ", js, group[0])
			}
			seen[text] = i
		}
	}
}
