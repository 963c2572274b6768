package data_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func TestS7PreconditionsAreNoOracles(t *testing.T) {
	r := open(t, func(u *setup) { u.guard.masked = "cost" })
	version := r.put(t, "notes", "secret", `{"hidden":true,"n":1}`)
	r.put(t, "notes", "seen", `{"cost":50}`)
	write := func(m data.Mutation) error {
		_, err := r.Write(as(t, ann), []data.Mutation{m}, data.WriteOptions{})
		return err
	}
	conditions := map[string]data.Precondition{
		"none": {}, "the version": {IfVersion: version}, "another version": {IfVersion: 1}, "exists": {IfExists: true},
		"missing": {IfMissing: true}, "a guard that holds": {If: eq("n", data.Int(1))}, "one that does not": {If: eq("n", data.Int(2))},
		"one with else": {If: eq("n", data.Int(2)), Else: &hutch.Error{Code: hutch.InvalidArgument}},
	}
	for name, p := range conditions {
		t.Run("update and delete with "+name, func(t *testing.T) {
			want := write(data.Mutation{Op: data.OpDelete, In: "notes", ID: "none", Precondition: p})
			if hutch.CodeOf(want) != hutch.NotFound {
				t.Error(want)
			}
			same(t, want, write(data.Mutation{Op: data.OpDelete, In: "notes", ID: "secret", Precondition: p}))
			same(t, want, write(data.Mutation{Op: data.OpUpdate, In: "notes", ID: "secret", Data: js(t, `{}`), Precondition: p}))
		})
		if name == "none" || name == "missing" { // what an absent document would let pass
			continue
		}
		t.Run("set with "+name, func(t *testing.T) {
			same(t, write(data.Mutation{Op: data.OpSet, In: "notes", ID: "none", Data: js(t, `{}`), Precondition: p}),
				write(data.Mutation{Op: data.OpSet, In: "notes", ID: "secret", Data: js(t, `{}`), Precondition: p}))
		})
	}
	t.Run("a guard on a masked field, true or false", func(t *testing.T) {
		var answers []error
		for _, n := range []int64{50, 51} {
			answers = append(answers, write(data.Mutation{Op: data.OpUpdate, In: "notes", ID: "seen", Data: js(t, `{}`), Precondition: data.Precondition{If: eq("cost", data.Int(n))}}))
		}
		if hutch.CodeOf(answers[0]) != hutch.PermissionDenied {
			t.Error(answers[0])
		}
		same(t, answers[0], answers[1])
	})
}

func TestS9WritesOfACommitSeeTheOnesBefore(t *testing.T) {
	r := open(t, func(u *setup) { u.guard.lookups["stock"] = "door" })
	open := func(yes bool) data.Mutation {
		return data.Mutation{Op: data.OpSet, In: "looked", ID: "door", Data: js(t, fmt.Sprintf(`{"open":%t}`, yes))}
	}
	create := data.Mutation{Op: data.OpCreate, In: "stock", Data: js(t, `{}`)}
	use := data.Mutation{
		Op: data.OpUpdate, In: "notes", ID: "coupon", Data: js(t, `{"used":true}`),
		Precondition: data.Precondition{If: &data.Where{Op: data.OpNe, Path: "used", Value: data.Bool(true)}},
	}
	for _, c := range []struct {
		name  string
		ms    []data.Mutation
		code  hutch.Code
		field string
	}{
		{"a look-up sees what was opened before", []data.Mutation{open(true), create}, "", ""},
		{"and not what is opened behind", []data.Mutation{open(false), create, open(true)}, hutch.PermissionDenied, "writes[1]"},
		{"and what is shut between", []data.Mutation{open(true), create, open(false), create}, hutch.PermissionDenied, "writes[3]"},
		{"a coupon is used once", []data.Mutation{use, use}, hutch.FailedPrecondition, "writes[1]"},
		{"the first refused write is reported, of whatever document", []data.Mutation{
			{Op: data.OpUpdate, In: "notes", ID: "coupon", Data: js(t, `{"n":1}`)},
			{Op: data.OpUpdate, In: "notes", ID: "none", Data: js(t, `{}`)},
			{Op: data.OpUpdate, In: "notes", ID: "coupon", Data: js(t, `{"owner":"bob"}`)},
		}, hutch.NotFound, "writes[1]"},
		{"also where it is the later document's", []data.Mutation{
			{Op: data.OpUpdate, In: "notes", ID: "coupon", Data: js(t, `{"n":1}`)},
			{Op: data.OpUpdate, In: "notes", ID: "coupon", Data: js(t, `{"owner":"bob"}`)},
			{Op: data.OpUpdate, In: "notes", ID: "none", Data: js(t, `{}`)},
		}, hutch.PermissionDenied, "writes[1]"},
		{"fields are those of data", []data.Mutation{{Op: data.OpCreate, In: "notes", Data: js(t, `{"a":{"b.c":1}}`)}}, hutch.InvalidArgument, "writes[0].data.a.b.c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r.put(t, "notes", "coupon", `{}`)
			out, err := r.Write(as(t, ann), c.ms, data.WriteOptions{Paths: true})
			e := hutch.AsError(err)
			if e == nil {
				e = &hutch.Error{}
			}
			if e.Code != c.code || e.Field != c.field {
				t.Errorf("%v %+v", err, out)
			}
			if got := r.stored(t, "notes", "coupon"); got != `{}` {
				t.Error("a refused commit wrote", got)
			}
		})
	}
	t.Run("several writes on a document are one change", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		info, err := r.Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		out, err := r.Write(as(t, ann), []data.Mutation{
			{Op: data.OpCreate, In: "notes", ID: "many", Data: js(t, `{"n":1}`)},
			{Op: data.OpUpdate, In: "notes", ID: "many", Data: js(t, `{"$inc":{"n":1}}`)},
			{Op: data.OpSet, In: "notes", ID: "many", Data: js(t, `{"n":7}`)},
		}, data.WriteOptions{})
		if err != nil || out.Results[0].Version != out.Results[2].Version || !out.Results[0].Created || out.Results[2].Created {
			t.Fatalf("%+v %v", out, err)
		}
		for c, err := range r.store.Changes(ctx, info.Head) {
			if err != nil {
				t.Fatal(err)
			}
			if len(c.Changes) == 0 {
				continue
			}
			if len(c.Changes) != 1 || c.Changes[0].Op != data.OpCreate || text(t, c.Changes[0].After) != `{"n":7}` {
				t.Errorf("%+v", c)
			}
			break
		}
	})
}

func TestS22WritesAnswerWhatGetShows(t *testing.T) {
	r := open(t, func(u *setup) {
		u.guard.masked = "score"
		u.guard.preset = func(_ hutch.Principal, d data.Doc) data.Doc {
			return data.With(d, data.Elem{Name: "score", Value: data.Int(9)})
		}
	})
	for _, m := range []data.Mutation{
		{Op: data.OpCreate, In: "notes", ID: "a", Data: js(t, `{"n":1}`)},
		{Op: data.OpUpdate, In: "notes", ID: "a", Data: js(t, `{"m":2}`)},
		{Op: data.OpUpdate, In: "notes", ID: "a", Data: js(t, `{}`)}, // changes nothing
		{Op: data.OpSet, In: "notes", ID: "a", Data: js(t, `{"n":3}`)},
	} {
		out, err := r.Write(as(t, ann), []data.Mutation{m}, data.WriteOptions{Docs: true})
		if err != nil {
			t.Fatal(err)
		}
		d := out.Results[0].Doc
		got, _, err := r.Get(as(t, ann), "notes", "a", data.Request{})
		if err != nil || string(got) != string(d) {
			t.Errorf("%s shows %s, get %s, %v", m.Op, d, got, err)
		}
		if v, _ := data.Integer(data.Field(d, "_version")); !data.Field(d, "score").IsZero() || v != out.Results[0].Version || v == 0 {
			t.Errorf("%s shows %s", m.Op, d)
		}
	}
	out, err := r.Write(as(t, ann), []data.Mutation{{Op: data.OpCreate, In: "notes", Data: js(t, `{"hidden":true}`)}}, data.WriteOptions{Docs: true})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for name := range data.Fields(out.Results[0].Doc) {
		if n++; name != "_id" && name != "_version" {
			t.Errorf("a document he may not get shows %s", name)
		}
	}
	if n != 2 {
		t.Errorf("%d fields", n)
	}
}

func TestS23SetKeepsImmutableFields(t *testing.T) {
	r := open(t, func(u *setup) { u.guard.immutable = []string{"kind"} })
	r.put(t, "notes", "a", `{"kind":"x","n":1}`)
	set := func(doc string) error {
		_, err := r.Write(as(t, ann), []data.Mutation{{Op: data.OpSet, In: "notes", ID: "a", Data: js(t, doc)}}, data.WriteOptions{})
		return err
	}
	if err := set(`{"m":2}`); err != nil || r.stored(t, "notes", "a") != `{"m":2,"kind":"x"}` {
		t.Error(r.stored(t, "notes", "a"), err)
	}
	err := set(`{"kind":"y"}`)
	if e := hutch.AsError(err); e == nil || e.Code != hutch.PermissionDenied || e.Field != "kind" {
		t.Error(err)
	}
}

func TestS68SystemFieldsAreRefused(t *testing.T) {
	r := open(t)
	r.put(t, "notes", "a", `{"n":1}`)
	for _, field := range []string{"_version", "_createdAt", "_updatedAt", "_lock", "_"} {
		doc := fmt.Sprintf(`{%q:1}`, field)
		for _, m := range []data.Mutation{
			{Op: data.OpCreate, In: "notes", Data: js(t, doc)},
			{Op: data.OpUpdate, In: "notes", ID: "a", Data: js(t, doc)},
			{Op: data.OpUpdate, In: "notes", ID: "a", Data: js(t, `{"$set":`+doc+`}`)},
			{Op: data.OpUpdate, In: "notes", ID: "a", Data: js(t, `{"$inc":`+doc+`}`)},
		} {
			for _, p := range []hutch.Principal{ann, system} {
				if _, err := r.Write(as(t, p), []data.Mutation{m}, data.WriteOptions{}); hutch.CodeOf(err) != hutch.InvalidArgument {
					t.Errorf("%s %s: %v", m.Op, m.Data, err)
				}
			}
		}
		_, err := r.Write(as(t, ann), []data.Mutation{{Op: data.OpSet, In: "notes", ID: "a", Data: js(t, doc)}}, data.WriteOptions{Paths: true})
		if e := hutch.AsError(err); e == nil || e.Code != hutch.InvalidArgument || e.Field != "writes[0].data."+field {
			t.Errorf("a commit's set of %s: %v", field, err)
		}
	}
	for _, m := range []data.Mutation{
		{Op: data.OpCreate, In: "notes", ID: "b", Data: js(t, `{"_id":"b"}`)},
		{Op: data.OpCreate, In: "notes", Data: js(t, `{"_id":"c"}`)},
		{Op: data.OpUpdate, In: "notes", ID: "b", Data: js(t, `{"_id":"b","n":1}`)},
	} {
		if out, err := r.Write(as(t, ann), []data.Mutation{m}, data.WriteOptions{}); err != nil || out.Results[0].ID == "" {
			t.Errorf("%s %s: %v", m.Op, m.Data, err)
		}
	}
	if r.stored(t, "notes", "c") != "{}" || r.stored(t, "notes", "b") != `{"n":1}` {
		t.Error("not written as asked")
	}
	_, err := r.Write(as(t, ann), []data.Mutation{{Op: data.OpUpdate, In: "notes", ID: "b", Data: js(t, `{"_id":"c"}`)}}, data.WriteOptions{})
	if hutch.CodeOf(err) != hutch.InvalidArgument {
		t.Error(err)
	}
}

func TestS70UniqueViolations(t *testing.T) {
	r := open(t)
	r.put(t, "uniq", "a", `{"code":"secret-code","owner":"bob"}`)
	create := func(p hutch.Principal, doc string) error {
		_, err := r.Write(as(t, p), []data.Mutation{
			{Op: data.OpCreate, In: "notes", Data: js(t, `{}`)}, {Op: data.OpCreate, In: "uniq", Data: js(t, doc)},
		}, data.WriteOptions{Paths: true})
		return err
	}
	err := create(ann, `{"code":"secret-code"}`)
	e := hutch.AsError(err)
	if e == nil || e.Code != hutch.AlreadyExists || e.Field != "writes[1]" {
		t.Fatalf("%v", err)
	}
	for _, s := range []string{"secret-code", "a", "uniq/"} {
		if e.Hint == s || e.Message == s || len(s) > 1 && (strings.Contains(e.Message, s) || strings.Contains(e.Hint, s)) {
			t.Errorf("%q names %q", e.Message, s)
		}
	}
	if err := create(ann, `{"code":"secret-code","owner":"bob"}`); hutch.CodeOf(err) != hutch.PermissionDenied {
		t.Error("it comes before the rules:", err)
	}
}

func TestS77WritesOfAnEndedSession(t *testing.T) {
	ended := false
	asked := 0
	r := open(t, func(u *setup) {
		u.options.Valid = func(_ context.Context, p hutch.Principal) error {
			if asked++; ended && p.UID == "ann" {
				return hutch.Errorf(hutch.Unauthenticated, "the session has ended")
			}
			return nil
		}
	})
	write := func(ctx context.Context) error {
		_, err := r.Write(ctx, []data.Mutation{{Op: data.OpCreate, In: "notes", Data: js(t, `{}`)}}, data.WriteOptions{})
		return err
	}
	if err := write(as(t, ann)); err != nil || asked != 1 {
		t.Errorf("%v, asked %d times", err, asked)
	}
	seen := data.WithVerified(as(t, ann), r.clock.now())
	ended = true
	if err := write(seen); err != nil || asked != 1 {
		t.Errorf("seen just now: %v, asked %d times", err, asked)
	}
	r.clock.advance(time.Second)
	if err := write(seen); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("a second later: %v", err)
	}
	tx, err := r.Begin(seen, ann, data.Request{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := tx.Admin().Write(seen, data.Mutation{Op: data.OpCreate, In: "notes", Data: js(t, `{}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(seen, nil); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Errorf("a session of writes: %v", err)
	}
	page, err := r.Query(as(t, system), data.Query{From: "notes"}, data.Request{})
	if err != nil || len(page.Docs) != 2 {
		t.Errorf("%d documents, %v", len(page.Docs), err)
	}
	if err := write(as(t, system)); err != nil {
		t.Error(err)
	}
}
