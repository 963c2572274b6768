package data_test

import (
	"math/rand/v2"
	"testing"

	"github.com/hutch-dev/hutch/data"
)

// TestFiltersAreWrittenAsTheyAreRead: what is written is JSON and means the same.
func TestFiltersAreWrittenAsTheyAreRead(t *testing.T) {
	n := seed(t)
	t.Log("seed", n)
	g := world{rand.New(rand.NewPCG(n, 5))}
	back := 0
	rounds(t, 5_000, func() {
		w, d := g.where(3, false), g.doc(3)
		text, err := w.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		js, err := data.ParseJSON(text, 100)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		read, err := data.ParseWhere(js, false)
		if err != nil {
			return // {"$or":[]}, or several conditions on an element
		}
		back++
		a, err := data.Compile(w)
		if err != nil {
			t.Fatal(err)
		}
		b, err := data.Compile(read)
		if err != nil {
			t.Fatal(err)
		}
		if a.Match(d) != b.Match(d) {
			t.Fatalf("%s is %v, as read %v of %v", text, a.Match(d), b.Match(d), d)
		}
	})
	if back < 1000 {
		t.Errorf("only %d were read", back)
	}
}

func TestQueriesAreWrittenAsTheyAreRead(t *testing.T) {
	for _, want := range []string{
		`{"from":"pets"}`,
		`{"from":"pets","where":{"a.b":{"$gt":3}},"orderBy":[["n","desc"],["m","asc"]],"limit":7,"select":["a","b.c"],"count":true}`,
		`{"from":"pets","where":{"$or":[{"a":{"$eq":1}},{"t":{"$in":[5,null]}}]}}`,
	} {
		q, err := data.ParseQuery(js(t, want))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := q.AppendJSON(nil); err != nil || string(got) != want {
			t.Errorf("%s is written as %s, %v", want, got, err)
		}
	}
}
