package data_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func same(t *testing.T, a, b error) {
	t.Helper()
	x, y := *hutch.AsError(a), *hutch.AsError(b)
	x.Err, y.Err = nil, nil
	if d := cmp.Diff(x, y); d != "" {
		t.Errorf("answers differ: %s", d)
	}
}

func TestS26HiddenMissingAndUnknownAreEqual(t *testing.T) {
	r := open(t)
	r.put(t, "notes", "secret", `{"hidden":true}`)
	r.put(t, "closed", "x", `{}`)
	for _, p := range []hutch.Principal{guest, ann} {
		ctx := as(t, p)
		get := func(coll, id string) error {
			_, _, err := r.Get(ctx, coll, id, data.Request{})
			return err
		}
		write := func(op data.Op, coll, id string) error {
			var d data.Doc
			if op != data.OpDelete {
				d = js(t, `{}`)
			}
			_, err := r.Write(ctx, []data.Mutation{{Op: op, In: coll, ID: id, Data: d}}, data.WriteOptions{})
			return err
		}
		t.Run(p.Kind.String()+" gets", func(t *testing.T) {
			want := get("notes", "none")
			if hutch.CodeOf(want) != hutch.NotFound {
				t.Fatal(want)
			}
			same(t, want, get("notes", "secret"))
			same(t, want, get("closed", "x"))
			same(t, want, get("closed", "none"))
			same(t, want, get("unknown", "x"))
			same(t, want, get("_users", "x"))
			same(t, want, get("_idempotency", "x"))
		})
		for _, op := range []data.Op{data.OpUpdate, data.OpDelete} {
			t.Run(p.Kind.String()+" "+string(op)+"s", func(t *testing.T) {
				want := write(op, "notes", "none")
				if hutch.CodeOf(want) != hutch.NotFound {
					t.Fatal(want)
				}
				same(t, want, write(op, "notes", "secret"))
				same(t, want, write(op, "closed", "x"))
				same(t, want, write(op, "unknown", "x"))
				same(t, want, write(op, "_users", "x"))
			})
		}
		for _, op := range []data.Op{data.OpCreate, data.OpSet} {
			t.Run(p.Kind.String()+" "+string(op)+"s", func(t *testing.T) {
				want := write(op, "closed", "new")
				if c := hutch.CodeOf(want); c != hutch.PermissionDenied && c != hutch.Unauthenticated {
					t.Fatal(want)
				}
				same(t, want, write(op, "closed", "x"))
				same(t, want, write(op, "unknown", "x"))
				same(t, want, write(op, "_users", "x"))
			})
		}
		t.Run(p.Kind.String()+" lists", func(t *testing.T) {
			query := func(coll string) error {
				_, err := r.Query(ctx, data.Query{From: coll}, data.Request{})
				return err
			}
			same(t, query("closed"), query("unknown"))
			same(t, query("closed"), query("_users"))
			view := func(coll string) error {
				_, err := r.View(ctx, data.Query{From: coll}, data.Request{})
				return err
			}
			same(t, query("closed"), view("unknown"))
			same(t, query("closed"), view("closed"))
		})
	}
	t.Run("a service key is told", func(t *testing.T) {
		for _, coll := range []string{"unknown", "_users"} {
			_, _, err := r.Get(as(t, key), coll, "x", data.Request{})
			if e := hutch.AsError(err); e == nil || e.Code != hutch.NotFound || !strings.Contains(e.Hint, coll) {
				t.Error(err)
			}
			if _, err := r.Query(as(t, key), data.Query{From: coll}, data.Request{}); hutch.CodeOf(err) != hutch.NotFound {
				t.Error(err)
			}
		}
	})
}

func TestWithoutAppOrRulesAllIsDenied(t *testing.T) {
	r := open(t, func(u *setup) { u.app.Guard = nil })
	r.put(t, "notes", "a", `{}`)
	if _, _, err := r.Get(as(t, ann), "notes", "a", data.Request{}); hutch.CodeOf(err) != hutch.NotFound {
		t.Error(err)
	}
	if _, err := r.Query(as(t, ann), data.Query{From: "notes"}, data.Request{}); hutch.CodeOf(err) != hutch.PermissionDenied {
		t.Error(err)
	}
	if _, err := r.Write(as(t, ann), []data.Mutation{{Op: data.OpCreate, In: "notes", Data: js(t, `{}`)}}, data.WriteOptions{}); hutch.CodeOf(err) != hutch.PermissionDenied {
		t.Error(err)
	}
	if _, _, err := r.Get(as(t, key), "notes", "a", data.Request{}); err != nil {
		t.Error(err)
	}
}

func ids(docs []data.Doc) string {
	var s []string
	for _, d := range docs {
		s = append(s, data.Text(data.Field(d, "_id")))
	}
	return strings.Join(s, " ")
}

func TestQueryPages(t *testing.T) {
	r := open(t)
	for i := range 10 {
		r.put(t, "sorted", fmt.Sprintf("d%d", i), fmt.Sprintf(`{"n":%d,"hidden":%t,"a":{"b":1,"c":2},"l":[{"b":1,"c":2}]}`, i/2, i == 4))
	}
	q := data.Query{From: "sorted", OrderBy: []data.Order{{Path: "n", Desc: true}}, Limit: 4, Count: true}
	ctx := as(t, ann)
	var got []string
	for {
		page, err := r.Query(ctx, q, data.Request{})
		if err != nil {
			t.Fatal(err)
		}
		if page.Count != 9 {
			t.Errorf("count %d", page.Count)
		}
		got = append(got, ids(page.Docs))
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	if d := cmp.Diff([]string{"d8 d9 d6 d7", "d5 d2 d3 d0", "d1"}, got); d != "" {
		t.Error(d)
	}
	page, err := r.Query(ctx, data.Query{From: "sorted", Limit: 1, Select: []string{"a.b", "l.c", "none"}}, data.Request{})
	if err != nil {
		t.Fatal(err)
	}
	if got := text(t, page.Docs[0]); got != `{"a":{"b":1},"l":[{"c":2}]}` {
		t.Error(got)
	}
	if data.Field(page.Docs[0], "_version").IsZero() || !data.Field(page.Docs[0], "_createdAt").IsZero() {
		t.Error("select keeps _id and _version, nothing else")
	}
	if page, err = r.Query(ctx, data.Query{From: "notes"}, data.Request{}); err != nil || page.Docs == nil || page.Next != "" {
		t.Errorf("%+v %v", page, err)
	}
	for _, bad := range []data.Query{{From: "sorted", Limit: 1001}, {From: "sorted", Limit: -1}, {From: "sorted", OrderBy: make([]data.Order, 5)}} {
		if _, err := r.Query(ctx, bad, data.Request{}); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestS27Cursors(t *testing.T) {
	r := open(t)
	for i := range 5 {
		r.put(t, "sorted", fmt.Sprintf("d%d", i), `{"n":7,"hidden":false}`)
	}
	base := data.Query{From: "sorted", OrderBy: []data.Order{{Path: "n"}}, Limit: 2}
	page, err := r.Query(as(t, ann), base, data.Request{})
	if err != nil || page.Next == "" {
		t.Fatal(page, err)
	}
	next := base
	next.After = page.Next
	try := func(name string, p hutch.Principal, change func(*data.Query), code hutch.Code) {
		t.Run(name, func(t *testing.T) {
			q := next
			change(&q)
			if _, err := r.Query(as(t, p), q, data.Request{}); hutch.CodeOf(err) != code {
				t.Error(err)
			}
		})
	}
	try("goes on", ann, func(*data.Query) {}, "")
	try("goes on with another limit", ann, func(q *data.Query) { q.Limit = 1 }, "")
	try("is not another principal's", bob, func(*data.Query) {}, hutch.InvalidArgument)
	try("is not another collection's", ann, func(q *data.Query) { q.From = "notes" }, hutch.InvalidArgument)
	try("is not another order's", ann, func(q *data.Query) { q.OrderBy = []data.Order{{Path: "n", Desc: true}} }, hutch.InvalidArgument)
	try("is not another filter's", ann, func(q *data.Query) { q.Where = *eq("n", data.Int(7)) }, hutch.InvalidArgument)
	try("cannot be changed", ann, func(q *data.Query) { q.After = q.After[:20] + string(q.After[20]^1) + q.After[21:] }, hutch.InvalidArgument)
	try("is not made up", ann, func(q *data.Query) { q.After = "abc" }, hutch.InvalidArgument)
	shown := 0 // sealed bytes may hold those of a short id by chance, but not each time
	for range 5 {
		again, err := r.Query(as(t, ann), base, data.Request{})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := base64.RawURLEncoding.DecodeString(again.Next)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte("d1")) {
			shown++
		}
	}
	if shown == 5 {
		t.Error("the cursor shows an id")
	}
	r.clock.advance(24*time.Hour + time.Minute)
	try("ends after 24 hours", ann, func(*data.Query) {}, hutch.InvalidArgument)
}

func TestS27InexactRulesPageOverHiddenDocuments(t *testing.T) {
	r := open(t, func(u *setup) {
		u.guard.filter = func(hutch.Principal, string) data.Filter {
			return data.Filter{Kind: data.FilterConditional, Scan: 3, Key: "scan"}
		}
	})
	for i := range 10 {
		r.put(t, "sorted", fmt.Sprintf("d%d", i), fmt.Sprintf(`{"hidden":%t}`, i%4 != 0))
	}
	q := data.Query{From: "sorted", Limit: 2}
	var got []string
	for range 10 {
		page, err := r.Query(as(t, ann), q, data.Request{})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, ids(page.Docs)+" "+fmt.Sprint(page.Partial))
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	if d := cmp.Diff([]string{"d0 true", "d4 true", "d8 true", " false"}, got); d != "" {
		t.Error(d)
	}
	if _, err := r.Query(as(t, ann), data.Query{From: "sorted", Count: true}, data.Request{}); hutch.CodeOf(err) != hutch.InvalidArgument {
		t.Error(err)
	}
}

func TestS28QueryBudgets(t *testing.T) {
	var log strings.Builder
	r := open(t, func(u *setup) {
		u.options.Limits = data.Limits{MaxScan: 100, AnswerBytes: 3000, DocBytes: 1 << 10}
		u.options.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	for i := range 50 {
		r.put(t, "sorted", fmt.Sprintf("d%02d", i), fmt.Sprintf(`{"n":%d,"s":%q}`, i, strings.Repeat("x", 300)))
	}
	costly := data.Query{From: "sorted", Where: data.Where{Op: data.OpGt, Path: "s", Value: data.String("y")}}
	t.Run("a user's is enough", func(t *testing.T) {
		if _, err := r.Query(as(t, ann), costly, data.Request{}); err != nil {
			t.Error(err)
		}
	})
	for _, q := range []data.Query{costly, {From: "sorted", Where: costly.Where, Count: true}} {
		_, err := r.Query(as(t, guest), q, data.Request{})
		e := hutch.AsError(err)
		if e == nil || e.Code != hutch.ResourceExhausted || e.Hint != "" || strings.ContainsAny(e.Message, "0123456789") {
			t.Errorf("a guest's: %v, hint %q", err, e.Hint)
		}
	}
	if !strings.Contains(log.String(), "[s]") {
		t.Error("the log lacks the index:", log.String())
	}
	if got := r.Refusals(); len(got) != 1 || got[0].Collection != "sorted" || got[0].Count != 2 || !strings.Contains(got[0].Advice, "[s]") {
		t.Error("what was refused:", got)
	}
	t.Run("and where no index would help", func(t *testing.T) {
		negated := data.Query{From: "sorted", Where: data.Where{Op: data.OpNe, Path: "s", Value: data.String("x")}, Count: true}
		operator := hutch.Principal{Kind: hutch.Operator, UID: "op_1"}.Sealed()
		for _, ctx := range []context.Context{data.WithActor(as(t, guest), operator), as(t, guest)} { // the first only tries
			if _, err := r.Query(ctx, negated, data.Request{}); hutch.CodeOf(err) != hutch.ResourceExhausted {
				t.Fatal(err)
			}
		}
		if got := r.Refusals(); len(got) != 2 || got[1].Advice != "" || got[1].Count != 1 {
			t.Error("what was refused:", got)
		}
	})
	t.Run("an operator's trials are not the app's", func(t *testing.T) {
		small := open(t, func(u *setup) { u.options.Limits = data.Limits{MaxScan: 10} })
		for i := range 20 {
			small.put(t, "sorted", fmt.Sprint("d", i), `{"s":"x"}`)
		}
		if _, err := small.Query(as(t, hutch.Principal{Kind: hutch.Operator, UID: "op_1"}.Sealed()), costly, data.Request{}); hutch.CodeOf(err) != hutch.ResourceExhausted {
			t.Fatal(err)
		}
		if got := small.Refusals(); len(got) != 0 {
			t.Error("what was refused:", got)
		}
	})
	t.Run("a page of the answer's size ends early", func(t *testing.T) {
		q := data.Query{From: "sorted", Limit: 40}
		n := 0
		for range 20 {
			page, err := r.Query(as(t, ann), q, data.Request{})
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Docs) > 9 {
				t.Errorf("%d documents", len(page.Docs))
			}
			n += len(page.Docs)
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		if n != 50 {
			t.Errorf("%d documents in all", n)
		}
	})
}
