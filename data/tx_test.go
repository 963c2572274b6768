package data_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func begin(t *testing.T, r *room, p hutch.Principal) *data.Tx {
	t.Helper()
	tx, err := r.Begin(as(t, p), p, data.Request{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tx.Close)
	return tx
}

func TestSessionsSeeTheirOwnWrites(t *testing.T) {
	r := open(t, func(u *setup) {
		u.guard.preset = func(p hutch.Principal, d data.Doc) data.Doc {
			return data.With(d, data.Elem{Name: "owner", Value: data.String(p.UID)})
		}
	})
	r.put(t, "notes", "a", `{"n":1}`)
	r.put(t, "notes", "gone", `{"n":1}`)
	ctx := as(t, ann)
	tx := begin(t, r, ann)
	write := func(m data.Mutation) (string, data.Doc) {
		id, d, err := tx.Write(ctx, m)
		if err != nil {
			t.Fatal(err)
		}
		return id, d
	}
	get := func(tx *data.Tx, id string) string {
		d, err := tx.Get(ctx, "notes", id, data.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return text(t, d)
	}
	id, doc := write(data.Mutation{Op: data.OpCreate, In: "notes", Data: js(t, `{"n":5}`)})
	if id == "" || text(t, doc) != `{"n":5,"owner":"ann"}` || data.Text(data.Field(doc, "_id")) != id {
		t.Errorf("create gives %s %v", id, doc)
	}
	write(data.Mutation{Op: data.OpUpdate, In: "notes", ID: "a", Data: js(t, `{"$inc":{"n":1}}`)})
	write(data.Mutation{Op: data.OpUpdate, In: "notes", ID: "a", Data: js(t, `{"$inc":{"n":1}}`)})
	write(data.Mutation{Op: data.OpDelete, In: "notes", ID: "gone"})
	write(data.Mutation{Op: data.OpSet, In: "notes", ID: "put", Data: js(t, `{"n":9}`)})
	for id, want := range map[string]string{id: `{"n":5}`, "a": `{"n":3}`, "gone": "", "put": `{"n":9}`, "none": ""} {
		if got := get(tx, id); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	page, err := tx.Find(ctx, data.Query{From: "notes"}, data.ReadOptions{})
	if err != nil || ids(page.Docs) != "a gone" {
		t.Errorf("find shows writes: %s %v", ids(page.Docs), err)
	}
	if got := r.stored(t, "notes", "a"); got != `{"n":1}` {
		t.Error("written before the commit:", got)
	}
	out, err := tx.Commit(ctx, nil)
	if err != nil || len(out.Results) != 5 || out.Results[1].Version != out.Results[2].Version {
		t.Fatalf("%+v %v", out, err)
	}
	for id, want := range map[string]string{id: `{"n":5,"owner":"ann"}`, "a": `{"n":3}`, "gone": "", "put": `{"n":9,"owner":"ann"}`} {
		if got := r.stored(t, "notes", id); got != want {
			t.Errorf("stored %s is %s, want %s", id, got, want)
		}
	}
	if _, err := tx.Get(ctx, "notes", "a", data.ReadOptions{}); hutch.CodeOf(err) != hutch.FailedPrecondition {
		t.Error("a session goes on after its commit:", err)
	}
}

func TestSessionsValidateWhatTheyRead(t *testing.T) {
	r := open(t)
	for _, c := range []struct {
		name  string
		read  func(tx *data.Tx) error
		moves string // the document written meanwhile
		lost  bool
	}{
		{"a document read", func(tx *data.Tx) error {
			_, err := tx.Get(as(t, ann), "notes", "a", data.ReadOptions{})
			return err
		}, "a", true},
		{"a document found absent", func(tx *data.Tx) error {
			_, err := tx.Get(as(t, ann), "notes", "absent", data.ReadOptions{})
			return err
		}, "absent", true},
		{"a document found by a query", func(tx *data.Tx) error {
			_, err := tx.Find(as(t, ann), data.Query{From: "notes", Where: *eq("n", data.Int(1))}, data.ReadOptions{})
			return err
		}, "a", true},
		{"a hidden document", func(tx *data.Tx) error {
			d, err := tx.Get(as(t, ann), "notes", "hidden", data.ReadOptions{})
			if d != nil {
				t.Error("it is shown")
			}
			return err
		}, "hidden", true},
		{"what was not tracked", func(tx *data.Tx) error {
			_, err := tx.Get(as(t, ann), "notes", "a", data.ReadOptions{Untracked: true})
			if err == nil {
				_, err = tx.Find(as(t, ann), data.Query{From: "notes"}, data.ReadOptions{Untracked: true})
			}
			return err
		}, "a", false},
		{"another document", func(tx *data.Tx) error {
			_, err := tx.Get(as(t, ann), "notes", "a", data.ReadOptions{})
			return err
		}, "b", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.put(t, "notes", "a", `{"n":1}`)
			r.put(t, "notes", "hidden", `{"hidden":true}`)
			if _, err := r.Write(as(t, system), []data.Mutation{{Op: data.OpDelete, In: "notes", ID: "absent"}}, data.WriteOptions{}); err != nil && hutch.CodeOf(err) != hutch.NotFound {
				t.Fatal(err)
			}
			for _, target := range []string{"other", "a"} { // a write elsewhere, and one on what was read
				tx := begin(t, r, ann)
				if err := c.read(tx); err != nil {
					t.Fatal(err)
				}
				r.put(t, "notes", c.moves, fmt.Sprintf(`{"n":1,"at":%d,"hidden":%t}`, time.Now().UnixNano(), c.moves == "hidden"))
				if _, _, err := tx.Write(as(t, ann), data.Mutation{Op: data.OpSet, In: "notes", ID: target, Data: js(t, `{"n":1}`)}); err != nil {
					t.Fatal(err)
				}
				_, err := tx.Commit(as(t, ann), nil)
				if lost := hutch.CodeOf(err) == hutch.Aborted; lost != c.lost || err != nil && !lost {
					t.Errorf("writing %s: %v", target, err)
				}
			}
		})
	}
}

func TestSessionLimits(t *testing.T) {
	r := open(t, func(u *setup) {
		u.options.Limits = data.Limits{CommitWrites: 3, CommitBytes: 1000, TxReads: 4, PageMax: 100}
	})
	ctx := as(t, ann)
	for i := range 5 {
		r.put(t, "notes", fmt.Sprint("d", i), `{}`)
	}
	t.Run("writes", func(t *testing.T) {
		tx := begin(t, r, ann)
		for i := range 4 {
			_, _, err := tx.Write(ctx, data.Mutation{Op: data.OpCreate, In: "notes", Data: js(t, `{}`)})
			if over := hutch.CodeOf(err) == hutch.ResourceExhausted; over != (i == 3) {
				t.Errorf("write %d: %v", i, err)
			}
		}
	})
	t.Run("bytes", func(t *testing.T) {
		tx := begin(t, r, ann)
		_, _, err := tx.Write(ctx, data.Mutation{Op: data.OpCreate, In: "notes", Data: js(t, fmt.Sprintf(`{"s":"%01000d"}`, 0))})
		if hutch.CodeOf(err) != hutch.ResourceExhausted {
			t.Error(err)
		}
	})
	t.Run("documents read", func(t *testing.T) {
		tx := begin(t, r, ann)
		if _, err := tx.Find(ctx, data.Query{From: "notes", Limit: 4}, data.ReadOptions{}); err != nil {
			t.Error(err)
		}
		if _, err := tx.Get(ctx, "notes", "d0", data.ReadOptions{}); err != nil {
			t.Error("the same again:", err)
		}
		if _, err := tx.Get(ctx, "notes", "d4", data.ReadOptions{}); hutch.CodeOf(err) != hutch.ResourceExhausted {
			t.Error(err)
		}
		if _, err := tx.Get(ctx, "notes", "d4", data.ReadOptions{Untracked: true}); err != nil {
			t.Error(err)
		}
	})
	t.Run("a commit's writes", func(t *testing.T) {
		ms := make([]data.Mutation, 4)
		for i := range ms {
			ms[i] = data.Mutation{Op: data.OpCreate, In: "notes", Data: js(t, `{}`)}
		}
		if _, err := r.Write(ctx, ms, data.WriteOptions{}); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Error(err)
		}
		if _, err := r.Write(ctx, ms[:3], data.WriteOptions{}); err != nil {
			t.Error(err)
		}
	})
}

func TestAdminIsTheSameSessionWithoutRules(t *testing.T) {
	r := open(t)
	r.put(t, "closed", "a", `{"n":1}`)
	ctx := as(t, ann)
	tx := begin(t, r, ann)
	if d, err := tx.Get(ctx, "closed", "a", data.ReadOptions{}); d != nil || err != nil {
		t.Errorf("the caller reads %v %v", d, err)
	}
	if d, err := tx.Admin().Get(ctx, "closed", "a", data.ReadOptions{}); err != nil || text(t, d) != `{"n":1}` {
		t.Errorf("%v %v", d, err)
	}
	if _, _, err := tx.Admin().Write(ctx, data.Mutation{Op: data.OpUpdate, In: "closed", ID: "a", Data: js(t, `{"n":2}`)}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := tx.Write(ctx, data.Mutation{Op: data.OpCreate, In: "notes", ID: "x", Data: js(t, `{"owner":"ann"}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if r.stored(t, "closed", "a") != `{"n":2}` || r.stored(t, "notes", "x") != `{"owner":"ann"}` {
		t.Error("not both were written")
	}
	t.Run("what the caller may not do fails all", func(t *testing.T) {
		tx := begin(t, r, ann)
		if _, _, err := tx.Admin().Write(ctx, data.Mutation{Op: data.OpUpdate, In: "closed", ID: "a", Data: js(t, `{"n":3}`)}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := tx.Write(ctx, data.Mutation{Op: data.OpCreate, In: "closed", Data: js(t, `{}`)}); err != nil {
			t.Fatal("it is judged at the commit:", err)
		}
		if _, err := tx.Commit(ctx, nil); hutch.CodeOf(err) != hutch.PermissionDenied {
			t.Error(err)
		}
		if got := r.stored(t, "closed", "a"); got != `{"n":2}` {
			t.Error(got)
		}
	})
	t.Run("neither reaches system collections", func(t *testing.T) {
		tx := begin(t, r, ann)
		if d, err := tx.Get(ctx, "_users", "a", data.ReadOptions{}); d != nil || err != nil {
			t.Errorf("%v %v", d, err)
		}
		if _, err := tx.Admin().Get(ctx, "_users", "a", data.ReadOptions{}); hutch.CodeOf(err) != hutch.NotFound {
			t.Error(err)
		}
		if _, err := tx.Admin().Find(ctx, data.Query{From: "_idempotency"}, data.ReadOptions{}); hutch.CodeOf(err) != hutch.NotFound {
			t.Error(err)
		}
		if _, _, err := tx.Admin().Write(ctx, data.Mutation{Op: data.OpSet, In: "_users", ID: "a", Data: js(t, `{}`)}); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Commit(ctx, nil); hutch.CodeOf(err) != hutch.NotFound {
			t.Error(err)
		}
	})
}
