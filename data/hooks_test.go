package data_test

import (
	"context"
	"slices"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// hooks run one function before writes to notes.
type hooks struct {
	before func(ctx context.Context, tx *data.Tx, c *data.Change) error
	after  func(cs []data.Change) ([]data.Write, error)
}

func (h *hooks) Has(_ data.Op, coll string) bool { return h.before != nil && coll == "notes" }

func (h *hooks) Before(ctx context.Context, tx *data.Tx, c *data.Change) error {
	return h.before(ctx, tx, c)
}

func (h *hooks) After(_ context.Context, cs []data.Change) ([]data.Write, error) {
	if h.after == nil {
		return nil, nil
	}
	return h.after(cs)
}

func withHooks(h *hooks) func(*setup) { return func(u *setup) { u.app.Hooks = h } }

func TestS25ARefusedHookLeavesNoTrace(t *testing.T) {
	h := &hooks{before: func(context.Context, *data.Tx, *data.Change) error {
		return &hutch.Error{Code: hutch.FailedPrecondition, Message: "no fish"}
	}}
	r := open(t, withHooks(h))
	head := func() data.Position {
		info, err := r.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return info.Head
	}
	before := head()
	_, err := r.Write(as(t, ann), []data.Mutation{
		{Op: data.OpCreate, In: "stock", ID: "other", Data: js(t, `{}`)},
		{Op: data.OpCreate, In: "notes", ID: "fish", Data: js(t, `{}`)},
	}, data.WriteOptions{Once: onceOf(ann, "k", ""), Paths: true})
	if e := hutch.AsError(err); e == nil || e.Code != hutch.FailedPrecondition || e.Message != "no fish" || e.Field != "writes[1]" {
		t.Error(err)
	}
	if r.stored(t, "notes", "fish") != "" || r.stored(t, "stock", "other") != "" {
		t.Error("a document is there")
	}
	if r.records(t) != 0 {
		t.Error("an idempotency record is there")
	}
	if head() != before {
		t.Error("a change-log entry is there")
	}
}

func TestS25HookAnswers(t *testing.T) {
	h := &hooks{}
	r := open(t, withHooks(h), func(u *setup) { u.guard.masked = "cost" })
	create := func(t *testing.T, after string, doc string) (*data.Outcome, error) {
		h.before = func(_ context.Context, _ *data.Tx, c *data.Change) error {
			if c.Op != data.OpCreate || c.Before != nil || data.Field(c.After, "_id").IsZero() || !data.Field(c.After, "_version").IsZero() {
				t.Errorf("%+v", c)
			}
			if after != "" {
				c.After = js(t, after)
			}
			return nil
		}
		return r.Write(as(t, ann), []data.Mutation{{Op: data.OpCreate, In: "notes", Data: js(t, doc)}}, data.WriteOptions{Docs: true})
	}
	t.Run("replace the document, masked fields too", func(t *testing.T) {
		out, err := create(t, `{"n":2,"cost":7}`, `{"n":1}`)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.stored(t, "notes", out.Results[0].ID); got != `{"n":2,"cost":7}` {
			t.Error(got)
		}
		if got := text(t, out.Results[0].Doc); got != `{"n":2}` {
			t.Errorf("the answer shows %s", got)
		}
	})
	t.Run("do not change id and system fields", func(t *testing.T) {
		out, err := create(t, `{"_id":"other","_version":7,"_createdAt":1,"n":2}`, `{"n":1}`)
		if err != nil {
			t.Fatal(err)
		}
		if r.stored(t, "notes", "other") != "" || r.stored(t, "notes", out.Results[0].ID) != `{"n":2}` || out.Results[0].Version == 7 {
			t.Errorf("%+v", out)
		}
	})
	t.Run("pass the access rule again", func(t *testing.T) {
		if _, err := create(t, `{"owner":"bob"}`, `{"owner":"ann"}`); hutch.CodeOf(err) != hutch.PermissionDenied {
			t.Error(err)
		}
	})
	t.Run("are documents", func(t *testing.T) {
		if _, err := create(t, `{"a.b":1}`, `{}`); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Error(err)
		}
	})
	t.Run("nobody is asked where the rule refuses", func(t *testing.T) {
		h.before = func(context.Context, *data.Tx, *data.Change) error { t.Error("the hook ran"); return nil }
		for _, m := range []data.Mutation{
			{Op: data.OpCreate, In: "notes", Data: js(t, `{"owner":"bob"}`)},
			{Op: data.OpUpdate, In: "notes", ID: "none", Data: js(t, `{}`)},
			{Op: data.OpSet, In: "notes", ID: "none", Data: js(t, `{}`), Precondition: data.Precondition{IfExists: true}},
		} {
			if _, err := r.Write(as(t, ann), []data.Mutation{m}, data.WriteOptions{}); err == nil {
				t.Error("it was written")
			}
		}
	})
}

// A hook that fails over what the schema refuses anyway is not the server's fault.
func TestAHookThatFailsOverAWrongDocument(t *testing.T) {
	schema, err := data.ParseSchema("notes", []byte(`{"required":["n"],"properties":{"n":{"type":"integer"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, doc string
		hook      error
		code      hutch.Code
		field     string
	}{
		{"wrong type", `{"n":[{}]}`, hutch.Errorf(hutch.Internal, "function f failed"), hutch.InvalidArgument, "n"},
		{"missing", `{}`, hutch.Errorf(hutch.Internal, "function f failed"), hutch.InvalidArgument, "n"},
		{"right type", `{"n":1}`, hutch.Errorf(hutch.Internal, "function f failed"), hutch.Internal, ""},
		{"refused by the hook", `{"n":[{}]}`, &hutch.Error{Code: hutch.FailedPrecondition, Message: "no fish"}, hutch.FailedPrecondition, ""},
		{"too slow", `{"n":[{}]}`, hutch.Errorf(hutch.DeadlineExceeded, "too slow"), hutch.DeadlineExceeded, ""},
		{"mended", `{}`, nil, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &hooks{before: func(_ context.Context, _ *data.Tx, ch *data.Change) error {
				ch.After = js(t, `{"n":7}`)
				return c.hook
			}}
			r := open(t, withHooks(h), func(u *setup) {
				i := slices.IndexFunc(u.app.Collections, func(c data.Collection) bool { return c.Name == "notes" })
				u.app.Collections[i].Schema = schema
			})
			_, err := r.Write(as(t, ann), []data.Mutation{{Op: data.OpCreate, In: "notes", ID: "one", Data: js(t, c.doc)}}, data.WriteOptions{})
			if e := hutch.AsError(err); err != nil && (e.Code != c.code || e.Field != c.field) || (err == nil) != (c.code == "") {
				t.Errorf("%+v", e)
			}
			if stored := r.stored(t, "notes", "one"); (stored == "") == (c.code == "") {
				t.Errorf("stored %q", stored)
			}
		})
	}
}

func TestHooksReadAndDoNotWrite(t *testing.T) {
	h := &hooks{}
	r := open(t, withHooks(h))
	r.put(t, "stock", "x", `{"n":1}`)
	h.before = func(ctx context.Context, tx *data.Tx, c *data.Change) error {
		if p := hutch.PrincipalFrom(ctx); p.UID != "ann" || tx.Principal().UID != "ann" {
			t.Errorf("the hook runs for %+v", p)
		}
		if d, err := tx.Get(ctx, "stock", "x", data.ReadOptions{}); err != nil || text(t, d) != `{"n":1}` {
			t.Errorf("%s %v", text(t, d), err)
		}
		if d, err := tx.Get(ctx, "stock", "sibling", data.ReadOptions{}); err != nil || d == nil {
			t.Errorf("a write before is not seen: %v", err)
		}
		for _, face := range []*data.Tx{tx, tx.Admin()} {
			if _, _, err := face.Write(ctx, data.Mutation{Op: data.OpDelete, In: "stock", ID: "x"}); hutch.CodeOf(err) != hutch.FailedPrecondition {
				t.Error(err)
			}
			if _, err := face.Commit(ctx, nil); hutch.CodeOf(err) != hutch.FailedPrecondition {
				t.Error(err)
			}
		}
		return nil
	}
	if _, err := r.Write(as(t, ann), []data.Mutation{
		{Op: data.OpCreate, In: "stock", ID: "sibling", Data: js(t, `{}`)},
		{Op: data.OpCreate, In: "notes", Data: js(t, `{}`)},
	}, data.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
}

func TestWhatAHookReadIsValidated(t *testing.T) {
	h := &hooks{}
	r := open(t, withHooks(h))
	r.put(t, "stock", "x", `{"n":1}`)
	runs := 0
	h.before = func(ctx context.Context, tx *data.Tx, c *data.Change) error {
		runs++
		d, err := tx.Get(ctx, "stock", "x", data.ReadOptions{})
		if err != nil {
			return err
		}
		if runs == 1 {
			r.put(t, "stock", "x", `{"n":2}`)
		}
		c.After = data.With(c.After, data.Elem{Name: "saw", Value: data.Field(d, "n")})
		return nil
	}
	if _, err := r.Write(as(t, ann), []data.Mutation{{Op: data.OpCreate, In: "notes", ID: "a", Data: js(t, `{}`)}}, data.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := r.stored(t, "notes", "a"); got != `{"saw":2}` || runs != 2 {
		t.Errorf("%s after %d runs", got, runs)
	}
}

func TestAfterHooksRowsGoWithTheCommit(t *testing.T) {
	h := &hooks{after: func(cs []data.Change) ([]data.Write, error) {
		var rows []data.Write
		for _, c := range cs {
			doc := data.NewDoc(data.Elem{Name: "_id", Value: data.String("of-" + c.ID)}, data.Elem{Name: "op", Value: data.String(string(c.Op))})
			rows = append(rows, data.Write{Collection: "_jobs", ID: "of-" + c.ID, Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return doc, nil }})
		}
		return rows, nil
	}}
	r := open(t, withHooks(h))
	r.put(t, "stock", "x", `{"n":1}`)
	if got := r.stored(t, "_jobs", "of-x"); got != `{"op":"create"}` {
		t.Error(got)
	}
}
