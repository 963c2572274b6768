package data_test

import (
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func TestExplainIsForThoseWhoBypassRules(t *testing.T) {
	r := open(t, func(u *setup) {
		u.app.Collections = []data.Collection{{Name: "notes", Indexes: []data.Index{{Name: "n", Fields: []data.Order{{Path: "n"}}}}}}
	})
	for _, id := range []string{"a", "b", "c"} {
		r.put(t, "notes", id, `{"n":1}`)
	}
	q := data.Query{From: "notes", Where: *eq("n", data.Int(1)), Explain: true}
	for _, p := range []hutch.Principal{guest, ann} {
		if _, err := r.Query(as(t, p), q, data.Request{}); hutch.CodeOf(err) != hutch.PermissionDenied && hutch.CodeOf(err) != hutch.Unauthenticated {
			t.Errorf("%s: %v", p.Kind, err)
		}
	}
	page, err := r.Query(as(t, key), q, data.Request{})
	if err != nil {
		t.Fatal(err)
	}
	if e := page.Explain; e == nil || e.Index != "n" || e.Unindexed || e.Docs != 3 || e.Bytes == 0 {
		t.Errorf("explained as %+v", e)
	}
	if _, err := r.View(as(t, key), q, data.Request{}); hutch.CodeOf(err) != hutch.Unimplemented {
		t.Errorf("a live query: %v", err)
	}
}
