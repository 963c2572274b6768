package mongo_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

// TestExplainAndUsage: what the Data page asks, through the Service.
func TestExplainAndUsage(t *testing.T) {
	t.Parallel()
	store := openAt(t, mongotest.Database(t), mongo.Options{})
	s := data.New(data.Options{Store: store, CursorKey: bytes.Repeat([]byte{7}, 32)})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	by := func(fields ...data.Order) data.Index {
		return data.Index{Name: fields[0].Path, Fields: fields}
	}
	err := s.Use(t.Context(), data.App{Collections: []data.Collection{
		{Name: "herd", Indexes: []data.Index{by(data.Order{Path: "k"}, data.Order{Path: "n", Desc: true}), by(data.Order{Path: "tags"})}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := hutch.WithPrincipal(t.Context(), hutch.Principal{Kind: hutch.Operator, UID: "op"}.Sealed())
	for part := range 4 {
		var ms []data.Mutation
		for i := range 100 {
			n := int64(part*100 + i)
			ms = append(ms, data.Mutation{Op: data.OpCreate, In: "herd", Data: data.NewDoc(
				data.Elem{Name: "_id", Value: data.String(fmt.Sprintf("%03d", n))}, data.Elem{Name: "n", Value: data.Int(n)},
				data.Elem{Name: "k", Value: data.Int(n % 4)}, data.Elem{Name: "tags", Value: data.Array(data.Int(n%7), data.Int(n%5))},
			)})
		}
		if _, err := s.Write(ctx, ms, data.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	where := func(js string) data.Where {
		d, err := data.ParseJSON([]byte(js), 10)
		if err != nil {
			t.Fatal(err)
		}
		w, err := data.ParseWhere(d, true)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	explain := func(q data.Query) *data.Explanation {
		t.Helper()
		q.From, q.Limit = "herd", 10
		e, err := s.Explain(ctx, hutch.PrincipalFrom(ctx), q, data.Request{})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := explain(data.Query{Where: where(`{"k":2}`), OrderBy: []data.Order{{Path: "n", Desc: true}}})
	if e.Index != "k" || !e.Narrowed || !e.Sorted || e.Unindexed || e.Returned != 10 || e.Examined > 110 || len(e.Bounds) != 1 || e.Advice != "" || e.Took <= 0 {
		t.Errorf("%+v", e)
	}
	if e = explain(data.Query{Where: where(`{"tags":{"$gte":1,"$lt":3}}`)}); e.Index != "tags" || e.Sorted || len(e.Bounds) != 1 || e.Bounds[0].Path != "tags" {
		t.Errorf("%+v", e)
	}
	if e = explain(data.Query{Where: where(`{"n":{"$gt":200}}`), OrderBy: []data.Order{{Path: "n"}}}); e.Index != data.FieldID || !e.Unindexed || e.Sorted || e.Examined != 400 || e.Advice != "{fields: [n]}" {
		t.Errorf("%+v", e)
	}
	all, err := s.Usage(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range all {
		if u.Collection == "herd" && (u.Docs != 400 || !u.Exact || u.Bytes < 400*60 || len(u.Indexes) != 2 || !u.Indexes[1].Ready || u.Indexes[0].Bytes == 0) {
			t.Errorf("%+v", u)
		}
	}
}
