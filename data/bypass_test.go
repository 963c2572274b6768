package data_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// audit keeps what a Service tells of operators; rows of writes go to _told.
type audit struct {
	read, wrote []string
	rows        int
	fails       error
}

func (a *audit) watch(u *setup) {
	u.app.Collections = append(u.app.Collections, data.Collection{Name: "_told"}, data.Collection{Name: "open"})
	u.options.Bypassed = func(_ context.Context, p hutch.Principal, coll string) error {
		a.read = append(a.read, p.UID+" "+coll)
		return a.fails
	}
	u.options.Wrote = func(_ context.Context, p hutch.Principal, ws []data.Written) (data.Write, error) {
		for _, w := range ws {
			a.wrote = append(a.wrote, fmt.Sprint(p.UID, " ", w.Collection, " ", w.Created, w.Updated, w.Deleted, " ", strings.Join(w.IDs, ",")))
		}
		a.rows++
		id := fmt.Sprint("row", a.rows)
		return data.Write{Collection: "_told", ID: id, Next: func(data.Doc) (data.Doc, error) { return data.NewDoc(), nil }}, a.fails
	}
}

func (a *audit) take() (read, wrote []string) {
	read, wrote, a.read, a.wrote = a.read, a.wrote, nil, nil
	return read, wrote
}

var operator = hutch.Principal{Kind: hutch.Operator, UID: "op", SessionID: "1"}.Sealed()

// TestS91OperatorsWritesAreTold: one row a commit, within it, by every door; no
// commit without its row.
func TestS91OperatorsWritesAreTold(t *testing.T) {
	a := &audit{}
	r := open(t, a.watch)
	write := func(p hutch.Principal, o data.WriteOptions, ms ...data.Mutation) error {
		_, err := r.Write(as(t, p), ms, o)
		return err
	}
	var many []data.Mutation
	for i := range 7 {
		many = append(many, data.Mutation{Op: data.OpCreate, In: "open", ID: fmt.Sprint("m", i), Data: js(t, `{}`)})
	}
	for _, c := range []struct {
		name string
		ms   []data.Mutation
		want []string
	}{
		{"create", []data.Mutation{{Op: data.OpCreate, In: "open", ID: "a", Data: js(t, `{"n":1}`)}}, []string{"op open 1 0 0 a"}},
		{"update", []data.Mutation{{Op: data.OpUpdate, In: "open", ID: "a", Data: js(t, `{"n":2}`)}}, []string{"op open 0 1 0 a"}},
		{"what changes nothing", []data.Mutation{{Op: data.OpUpdate, In: "open", ID: "a", Data: js(t, `{"n":2}`)}}, nil},
		{"many, in two collections", append(slices.Clone(many), data.Mutation{Op: data.OpDelete, In: "open", ID: "a"}, data.Mutation{Op: data.OpSet, In: "stock", ID: "s", Data: js(t, `{}`)}), []string{"op open 7 0 1 m0,m1,m2,m3,m4", "op stock 1 0 0 "}},
		{"delete", []data.Mutation{{Op: data.OpDelete, In: "stock", ID: "s"}}, []string{"op stock 0 0 1 s"}},
	} {
		if err := write(operator, data.WriteOptions{}, c.ms...); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		read, wrote := a.take()
		if !slices.Equal(wrote, c.want) || read != nil {
			t.Errorf("%s: told %q and %q, want %q", c.name, wrote, read, c.want)
		}
		if c.want != nil && r.stored(t, "_told", fmt.Sprint("row", a.rows)) == "" {
			t.Errorf("%s: no row", c.name)
		}
	}
	for _, p := range []hutch.Principal{ann, key, system} {
		if err := write(p, data.WriteOptions{}, data.Mutation{Op: data.OpCreate, In: "open", Data: js(t, `{}`)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := write(operator, data.WriteOptions{Told: true}, data.Mutation{Op: data.OpCreate, In: "open", Data: js(t, `{}`)}); err != nil {
		t.Fatal(err)
	}
	if _, wrote := a.take(); wrote != nil {
		t.Errorf("of others: %q", wrote)
	}
	tx, err := r.Begin(t.Context(), operator, data.Request{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err = tx.Admin().Write(t.Context(), data.Mutation{Op: data.OpCreate, In: "open", ID: "t", Data: js(t, `{}`)}); err == nil {
		_, err = tx.Commit(t.Context(), nil)
	}
	if _, wrote := a.take(); err != nil || !slices.Equal(wrote, []string{"op open 1 0 0 t"}) {
		t.Errorf("a session: %q, %v", wrote, err)
	}
	a.fails = hutch.Errorf(hutch.Unavailable, "no audit")
	if err := write(operator, data.WriteOptions{}, data.Mutation{Op: data.OpDelete, In: "open", ID: "t"}); hutch.CodeOf(err) != hutch.Unavailable {
		t.Errorf("written untold: %v", err)
	}
	if r.stored(t, "open", "t") == "" {
		t.Error("an untold delete was done")
	}
}

// TestS91AnUpdateShowsTheRest: so it is a read, once as others are, and before it
// is done.
func TestS91AnUpdateShowsTheRest(t *testing.T) {
	a := &audit{}
	r := open(t, a.watch)
	r.put(t, "open", "a", `{"secret":1}`)
	patch := func(n string) error {
		_, err := r.Write(as(t, operator), []data.Mutation{{Op: data.OpUpdate, In: "open", ID: "a", Data: js(t, `{"n":`+n+`}`)}}, data.WriteOptions{Docs: true})
		return err
	}
	a.fails = hutch.Errorf(hutch.Unavailable, "no audit")
	if err := patch("1"); hutch.CodeOf(err) != hutch.Unavailable || strings.Contains(r.stored(t, "open", "a"), "n") {
		t.Errorf("untold: %v", err)
	}
	a.fails = nil
	a.take()
	for _, n := range []string{"1", "2", "2"} {
		if err := patch(n); err != nil {
			t.Fatal(err)
		}
	}
	if read, wrote := a.take(); !slices.Equal(read, []string{"op open"}) || len(wrote) != 2 {
		t.Errorf("told %q and %q", read, wrote)
	}
	if _, err := r.Write(as(t, operator), []data.Mutation{{Op: data.OpSet, In: "stock", ID: "a", Data: js(t, `{}`)}}, data.WriteOptions{Docs: true}); err != nil {
		t.Fatal(err)
	}
	if read, _ := a.take(); read != nil {
		t.Errorf("a document that its writer sent whole: %q", read)
	}
}

// TestS91AConditionShowsWhatItAsks: who may try conditions learns any field, also
// where nothing is written.
func TestS91AConditionShowsWhatItAsks(t *testing.T) {
	for _, holds := range []bool{true, false} {
		a := &audit{}
		r := open(t, a.watch)
		r.put(t, "open", "a", `{"pay":70}`)
		above := int64(50)
		if !holds {
			above = 90
		}
		ask := func() error {
			_, err := r.Write(as(t, operator), []data.Mutation{{
				Op: data.OpUpdate, In: "open", ID: "a", Data: js(t, `{}`),
				Precondition: data.Precondition{If: &data.Where{Op: data.OpGt, Path: "pay", Value: data.Int(above)}},
			}}, data.WriteOptions{})
			return err
		}
		a.fails = hutch.Errorf(hutch.Unavailable, "no audit")
		if err := ask(); hutch.CodeOf(err) != hutch.Unavailable {
			t.Errorf("%v: untold: %v", holds, err)
		}
		a.fails = nil
		a.take()
		if err := ask(); (err == nil) != holds {
			t.Errorf("%v: %v", holds, err)
		}
		if read, _ := a.take(); !slices.Equal(read, []string{"op open"}) {
			t.Errorf("%v: told %q", holds, read)
		}
	}
}

// TestS91TrialsShowDocuments: so they are told of, as reads, with what the rules
// look up.
func TestS91TrialsShowDocuments(t *testing.T) {
	a := &audit{}
	r := open(t, a.watch)
	r.put(t, "open", "a", `{"n":1}`)
	r.put(t, "looked", "open", `{"n":1}`)
	ctx := as(t, operator)
	judged := func(j data.Judgement) error {
		_, err := j.Lookup.Get("looked", "open", false)
		return err
	}
	trials := map[string]func() error{
		"op open op looked": func() error {
			_, err := r.Try(ctx, ann, data.Trial{Op: data.OpGet, In: "open", ID: "a"}, data.Request{}, judged)
			return err
		},
		"op looked": func() error { // the document is the caller's own
			_, err := r.Try(ctx, ann, data.Trial{Op: data.OpGet, In: "open", ID: "a", Doc: js(t, `{"_id":"a"}`)}, data.Request{}, judged)
			return err
		},
		"op open": func() error {
			_, err := r.Sample(ctx, ann, data.Query{From: "open"}, 5, data.Request{})
			return err
		},
		"op stock": func() error {
			_, err := r.Explain(ctx, ann, data.Query{From: "stock"}, data.Request{})
			return err
		},
	}
	for want, try := range trials {
		r.clock.advance(time.Hour)
		a.fails = hutch.Errorf(hutch.Unavailable, "no audit")
		if err := try(); hutch.CodeOf(err) != hutch.Unavailable {
			t.Errorf("%s: shown untold: %v", want, err)
		}
		a.fails = nil
		a.take()
		if err := try(); err != nil {
			t.Fatal(err)
		}
		if read, _ := a.take(); strings.Join(read, " ") != want {
			t.Errorf("told %q, want %q", read, want)
		}
	}
}

// TestS33WhoLetsOthersActMustHold: when a commit is made as somebody, also the
// session of who acts.
func TestS33WhoLetsOthersActMustHold(t *testing.T) {
	var asked []string
	gone := ""
	r := open(t, func(u *setup) {
		u.app.Collections = append(u.app.Collections, data.Collection{Name: "open"})
		u.options.Valid = func(_ context.Context, p hutch.Principal) error {
			if asked = append(asked, p.Kind.String()); p.Kind.String() == gone {
				return &hutch.Error{Code: hutch.Unauthenticated, Message: "gone"}
			}
			return nil
		}
	})
	write := func(p hutch.Principal, verified time.Time) error {
		tx, err := r.Begin(t.Context(), p, data.Request{})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err = tx.Admin().Write(t.Context(), data.Mutation{Op: data.OpCreate, In: "open", Data: js(t, `{}`)}); err != nil {
			t.Fatal(err)
		}
		ctx := data.WithActor(data.WithVerified(t.Context(), verified), operator)
		asked = nil
		_, err = tx.Commit(ctx, nil)
		return err
	}
	now, before := r.clock.now(), r.clock.now().Add(-time.Second)
	for p, want := range map[*hutch.Principal]string{&ann: "operator user", &guest: "operator"} {
		if err := write(*p, now); err != nil || asked != nil {
			t.Errorf("at once: %v, asked for %v", err, asked)
		}
		if err := write(*p, before); err != nil || strings.Join(asked, " ") != want {
			t.Errorf("later: %v, asked for %v, want %v", err, asked, want)
		}
		gone = "operator"
		if err := write(*p, before); hutch.CodeOf(err) != hutch.Unauthenticated {
			t.Errorf("%s: written for an operator who is gone: %v", p.Kind, err)
		}
		gone = ""
	}
}
