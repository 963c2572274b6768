package data_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func onceOf(p hutch.Principal, key, body string) *data.Once {
	return &data.Once{Scope: data.OnceScope(&p, "POST /data/v1/docs/notes"), Key: key, Body: []byte(body)}
}

// records is how many idempotency records are kept.
func (r *room) records(t testing.TB) int {
	t.Helper()
	n := 0
	for _, err := range r.System("_idempotency").Find(t.Context(), data.Query{From: "_idempotency"}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func (r *room) createOnce(t testing.TB, p hutch.Principal, o *data.Once, doc string) (*data.Outcome, error) {
	return r.Write(as(t, p), []data.Mutation{{Op: data.OpCreate, In: "notes", Data: js(t, doc)}}, data.WriteOptions{Once: o, Docs: true})
}

func TestTwinsHaveOneEffectAndEqualAnswers(t *testing.T) {
	r := open(t)
	answers := make([]string, 10)
	each(t, len(answers), func(i int) error {
		out, err := r.createOnce(t, ann, onceOf(ann, "k", "{}"), `{"n":1}`)
		if err != nil {
			return err
		}
		b, err := data.AppendJSON(nil, out.Results[0].Doc)
		answers[i] = fmt.Sprint(out.Results[0].ID, out.Results[0].Version, out.Results[0].Created, string(b))
		return err
	})
	for _, a := range answers {
		if a != answers[0] {
			t.Errorf("%s and %s", a, answers[0])
		}
	}
	page, err := r.Query(as(t, ann), data.Query{From: "notes"}, data.Request{})
	if err != nil || len(page.Docs) != 1 || r.records(t) != 1 {
		t.Errorf("%d documents, %d records, %v", len(page.Docs), r.records(t), err)
	}
}

func TestTwinsOnTwoNodes(t *testing.T) {
	a := open(t)
	b := data.New(data.Options{Store: a.store, CursorKey: bytes.Repeat([]byte{7}, 32), Now: a.clock.now})
	defer b.Close()
	if err := b.Use(t.Context(), data.App{Guard: a.guard, Collections: []data.Collection{{Name: "notes"}}}); err != nil {
		t.Fatal(err)
	}
	nodes := []*data.Service{a.Service, b}
	ids := make([]string, 20)
	each(t, len(ids), func(i int) error {
		out, err := nodes[i%2].Write(as(t, ann), []data.Mutation{{Op: data.OpCreate, In: "notes", Data: js(t, `{}`)}}, data.WriteOptions{Once: onceOf(ann, "k", "{}")})
		if err == nil {
			ids[i] = out.Results[0].ID
		}
		return err
	})
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("ids %v", ids)
		}
	}
}

func TestS5Replays(t *testing.T) {
	r := open(t)
	first, err := r.createOnce(t, ann, onceOf(ann, "k", "body"), `{"n":1}`)
	if err != nil {
		t.Fatal(err)
	}
	id := first.Results[0].ID
	t.Run("are marked and name the first's document", func(t *testing.T) {
		out, err := r.createOnce(t, ann, onceOf(ann, "k", "body"), `{"n":1}`)
		if err != nil || !out.Replayed || out.Results[0].ID != id || out.Results[0].Version != first.Results[0].Version || out.Position < first.Position {
			t.Errorf("%+v %v", out, err)
		}
	})
	t.Run("another body is refused", func(t *testing.T) {
		_, err := r.createOnce(t, ann, onceOf(ann, "k", "other"), `{"n":1}`)
		if e := hutch.AsError(err); e == nil || e.Code != hutch.InvalidArgument || e.Field != "Idempotency-Key" {
			t.Error(err)
		}
	})
	t.Run("another principal's key is his own", func(t *testing.T) {
		out, err := r.createOnce(t, bob, onceOf(bob, "k", "body"), `{"n":1}`)
		if err != nil || out.Replayed || out.Results[0].ID == id {
			t.Errorf("%+v %v", out, err)
		}
	})
	t.Run("another path is another key", func(t *testing.T) {
		o := onceOf(ann, "k", "body")
		o.Scope += "/x"
		if out, err := r.createOnce(t, ann, o, `{}`); err != nil || out.Replayed {
			t.Errorf("%+v %v", out, err)
		}
	})
	t.Run("show documents as get would now", func(t *testing.T) {
		r.put(t, "notes", id, `{"n":1,"hidden":true}`)
		out, err := r.createOnce(t, ann, onceOf(ann, "k", "body"), `{"n":1}`)
		if err != nil || text(t, out.Results[0].Doc) != "{}" || data.Text(data.Field(out.Results[0].Doc, "_id")) != id {
			t.Errorf("%+v %v", out, err)
		}
	})
	t.Run("a refused write keeps no record", func(t *testing.T) {
		n := r.records(t)
		if _, err := r.createOnce(t, ann, onceOf(ann, "refused", ""), `{"owner":"bob"}`); hutch.CodeOf(err) != hutch.PermissionDenied {
			t.Error(err)
		}
		if got := r.records(t); got != n {
			t.Errorf("%d records, had %d", got, n)
		}
		if _, err := r.createOnce(t, ann, onceOf(ann, "refused", ""), `{"owner":"ann"}`); err != nil {
			t.Error("the key was not free:", err)
		}
	})
	t.Run("only a hash of the body is kept", func(t *testing.T) {
		if _, err := r.createOnce(t, ann, onceOf(ann, "secret", "my secret body"), `{}`); err != nil {
			t.Fatal(err)
		}
		for d, err := range r.System("_idempotency").Find(t.Context(), data.Query{From: "_idempotency"}) {
			if err != nil || bytes.Contains(d, []byte("secret body")) {
				t.Errorf("%s %v", d, err)
			}
		}
	})
	t.Run("end after 24 hours", func(t *testing.T) {
		r.clock.advance(24*time.Hour + time.Second)
		out, err := r.createOnce(t, ann, onceOf(ann, "k", "another body"), `{"n":1}`)
		if err != nil || out.Replayed {
			t.Errorf("%+v %v", out, err)
		}
		if err := r.Sweep(t.Context()); err != nil || r.records(t) != 1 {
			t.Errorf("%d records are left, %v", r.records(t), err)
		}
	})
}

func TestOnlyTheNewestRecordsAreKept(t *testing.T) {
	r := open(t, func(u *setup) { u.options.Limits.OnceKept, u.options.Limits.OnceKeptByKeys = 20, 1000 })
	for i := range 50 {
		r.clock.advance(time.Second)
		for _, p := range []hutch.Principal{ann, key} {
			if _, err := r.createOnce(t, p, onceOf(p, fmt.Sprint(i), ""), `{}`); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := r.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := r.records(t); n != 20+50 {
		t.Errorf("%d records, want 20 of the user and 50 of the key", n)
	}
	if out, err := r.createOnce(t, ann, onceOf(ann, "49", ""), `{}`); err != nil || !out.Replayed {
		t.Error("the newest is gone", err)
	}
	if out, err := r.createOnce(t, ann, onceOf(ann, "0", ""), `{}`); err != nil || out.Replayed {
		t.Error("the oldest is not gone", err)
	}
}

func TestAFunctionsResultIsKept(t *testing.T) {
	r := open(t)
	call := func(value string, write bool) (*data.Outcome, error) {
		ctx := as(t, ann)
		once := &data.Once{Scope: data.OnceScope(&ann, "POST /functions/v1/f"), Key: fmt.Sprint(write), Encode: func(res data.Result) (data.Outcome, error) {
			if write && (len(res.Changes) != 1 || data.Field(res.Changes[0].After, "_version").IsZero()) {
				t.Errorf("%+v", res)
			}
			return data.Outcome{Value: []byte(value), Status: 200}, nil
		}}
		out, release, err := r.Replay(ctx, once)
		defer release()
		if out != nil || err != nil {
			return out, err
		}
		tx, err := r.Begin(ctx, ann, data.Request{})
		if err != nil {
			return nil, err
		}
		defer tx.Close()
		if write {
			if _, _, err := tx.Write(ctx, data.Mutation{Op: data.OpCreate, In: "notes", Data: js(t, `{}`)}); err != nil {
				return nil, err
			}
		}
		return tx.Commit(ctx, once)
	}
	for _, write := range []bool{true, false} {
		first, err := call(`{"a":1}`, write)
		if err != nil || first.Replayed || string(first.Value) != `{"a":1}` || first.Position == "" {
			t.Fatalf("%+v %v", first, err)
		}
		second, err := call(`{"a":2}`, write)
		if err != nil || !second.Replayed || string(second.Value) != `{"a":1}` || second.Status != 200 {
			t.Errorf("%+v %v", second, err)
		}
	}
	t.Run("up to 64 KiB", func(t *testing.T) {
		before := r.Feed().Head()
		once := onceOf(ann, "big", "")
		once.Encode = func(data.Result) (data.Outcome, error) {
			return data.Outcome{Value: make([]byte, 64<<10+1)}, nil
		}
		if _, err := r.createOnce(t, ann, once, `{"big":true}`); hutch.CodeOf(err) != hutch.Internal {
			t.Error(err)
		}
		page, err := r.Query(as(t, ann), data.Query{From: "notes", Where: *eq("big", data.Bool(true))}, data.Request{})
		if err != nil || len(page.Docs) != 0 {
			t.Errorf("%d documents after %s, %v", len(page.Docs), before, err)
		}
	})
}

func TestATwinThatWaitsGivesUpWithItsCaller(t *testing.T) {
	r := open(t)
	_, release, err := r.Replay(as(t, ann), onceOf(ann, "k", ""))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(as(t, ann))
	cancel()
	out, release2, err := r.Replay(ctx, onceOf(ann, "k", ""))
	if release2(); out != nil || hutch.CodeOf(err) != hutch.Cancelled {
		t.Errorf("%+v %v", out, err)
	}
	release()
	_, release, err = r.Replay(as(t, ann), onceOf(ann, "k", ""))
	if release(); err != nil {
		t.Error(err)
	}
}
