package data_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// TestDatesOfAnImportAreForThoseWhoBypassRules: S68, nobody else sets them.
func TestDatesOfAnImportAreForThoseWhoBypassRules(t *testing.T) {
	r := open(t, func(u *setup) { u.app.Collections = append(u.app.Collections, data.Collection{Name: "open"}) })
	doc := js(t, `{"_id":"a","n":1,"_createdAt":{"$date":"2020-01-01T00:00:00Z"},"_version":3}`)
	write := func(p hutch.Principal, m data.Mutation) error {
		_, err := r.Write(as(t, p), []data.Mutation{m}, data.WriteOptions{})
		return err
	}
	for _, p := range []hutch.Principal{guest, ann} {
		if err := write(p, data.Mutation{Op: data.OpCreate, In: "open", Data: doc, Dated: true}); err == nil {
			t.Errorf("%s set the dates", p.Kind)
		}
	}
	if err := write(key, data.Mutation{Op: data.OpCreate, In: "open", Data: doc}); hutch.CodeOf(err) != hutch.InvalidArgument {
		t.Errorf("without asking for it: %v", err)
	}
	if err := write(key, data.Mutation{Op: data.OpCreate, In: "open", Data: doc, Dated: true}); err != nil {
		t.Fatal(err)
	}
	d, _, err := r.Get(as(t, key), "open", "a", data.Request{})
	if err != nil || data.Field(d, data.FieldCreated).Time().Year() != 2020 {
		t.Errorf("%s, %v", d, err)
	}
	if v, _ := data.Integer(data.Field(d, data.FieldVersion)); v == 3 {
		t.Error("the version was taken")
	}
	if _, err := r.Write(as(t, key), []data.Mutation{{Op: data.OpCreate, In: "open", Data: js(t, `{}`)}}, data.WriteOptions{Join: []data.Write{{Collection: "open", ID: "x"}}}); hutch.CodeOf(err) != hutch.Internal {
		t.Errorf("a row in an app's collection: %v", err)
	}
}

// TestS91BypassedReadsAreTold: by every door, once for a session and a collection;
// who cannot be told of does not read.
func TestS91BypassedReadsAreTold(t *testing.T) {
	var told []string
	var fails error
	r := open(t, func(u *setup) {
		u.app.Collections = append(u.app.Collections, data.Collection{Name: "open"}, data.Collection{Name: "other"})
		u.options.Bypassed = func(_ context.Context, p hutch.Principal, coll string) error {
			told = append(told, p.UID+p.SessionID+" "+coll)
			return fails
		}
	})
	r.put(t, "open", "a", `{}`)
	op := func(session string) context.Context {
		return as(t, hutch.Principal{Kind: hutch.Operator, UID: "op", SessionID: session}.Sealed())
	}
	get := func(ctx context.Context) error {
		_, _, err := r.Get(ctx, "open", "a", data.Request{})
		return err
	}
	fails = hutch.Errorf(hutch.Unavailable, "no audit")
	if err := get(op("1")); hutch.CodeOf(err) != hutch.Unavailable {
		t.Errorf("read untold: %v", err)
	}
	fails, told = nil, nil
	for range 2 {
		for _, p := range []hutch.Principal{key, ann, guest} {
			_ = get(as(t, p))
		}
		if err := get(op("1")); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Query(op("1"), data.Query{From: "open"}, data.Request{}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.View(op("2"), data.Query{From: "open"}, data.Request{}); err != nil {
			t.Fatal(err)
		}
		tx, err := r.Begin(t.Context(), hutch.PrincipalFrom(op("1")), data.Request{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Get(t.Context(), "other", "a", data.ReadOptions{}); err != nil {
			t.Fatal(err)
		}
		tx.Close()
	}
	if want := []string{"op1 open", "op2 open", "op1 other"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	r.clock.advance(15*time.Minute - time.Second)
	_ = get(op("1"))
	r.clock.advance(time.Second)
	_ = get(op("1"))
	if len(told) != 4 {
		t.Errorf("told %q", told)
	}
}

func TestFieldsOfASchema(t *testing.T) {
	s, err := data.ParseSchema("s", []byte(`{"allOf":[{"required":["b"]},{"$ref":"#/$defs/more"}],"required":["a","_id"],"properties":{
		"a":{"type":["string","null"]},"b":{"enum":["x",1,null]},"c":{"bsonType":"date"},"d":{"type":"object","required":["e"],"properties":{"e":{"type":"number"},"self":{"$ref":"#"}}},
		"any":{},"one":{"oneOf":[{"type":"integer"},{"type":"array"}]}},"$defs":{"more":{"properties":{"f":{"type":"boolean"}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range s.Fields() {
		got[f.Path] = fmt.Sprint(f.Types, f.Required)
	}
	for path, want := range map[string]string{
		"a": "[string null] true", "b": "[string integer null] false", "c": "[date] false", "d": "[object] false", "d.e": "[number] false",
		"any": "[] false", "one": "[array integer] false", "f": "[boolean] false",
	} {
		if got[path] != want {
			t.Errorf("%s: %s, want %s", path, got[path], want)
		}
	}
	if len(got) > 500 {
		t.Errorf("%d fields", len(got))
	}
}
