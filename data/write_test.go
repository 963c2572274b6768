package data_test

import (
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func eq(path string, v data.Value) *data.Where {
	return &data.Where{Op: data.OpEq, Path: path, Value: v}
}

func TestWriteOrder(t *testing.T) {
	schema, err := data.ParseSchema("n", []byte(`{"properties":{"n":{"type":"integer"}}}`))
	if err != nil {
		t.Fatal(err)
	}
	r := open(t, func(u *setup) {
		u.guard.masked = "cost"
		u.app.Collections = append(u.app.Collections, data.Collection{Name: "typed", Schema: schema})
	})
	r.put(t, "notes", "mine", `{"owner":"ann","n":1,"cost":5}`)
	r.put(t, "notes", "free", `{"n":1}`)
	r.put(t, "notes", "bobs", `{"owner":"bob"}`)
	r.put(t, "notes", "secret", `{"hidden":true}`)
	version := r.put(t, "notes", "versioned", `{"n":1}`)
	own := &hutch.Error{Code: hutch.AlreadyExists, Message: "sold"}
	for _, c := range []struct {
		name   string
		as     hutch.Principal
		m      data.Mutation
		code   hutch.Code
		reason hutch.Reason
		field  string
	}{
		{"a guest creates", guest, data.Mutation{Op: data.OpCreate, In: "notes", Data: js(t, `{}`)}, hutch.Unauthenticated, "", ""},
		{"a user creates", ann, data.Mutation{Op: data.OpCreate, In: "notes", Data: js(t, `{"n":1}`)}, "", "", ""},
		{"a user creates another's", ann, data.Mutation{Op: data.OpCreate, In: "notes", Data: js(t, `{"owner":"bob"}`)}, hutch.PermissionDenied, "", ""},
		{"a taken id is told after the rules", ann, data.Mutation{Op: data.OpCreate, In: "notes", ID: "mine", Data: js(t, `{"owner":"bob"}`)}, hutch.PermissionDenied, "", ""},
		{"a taken id", ann, data.Mutation{Op: data.OpCreate, In: "notes", ID: "mine", Data: js(t, `{}`)}, hutch.AlreadyExists, "", "_id"},
		{"a hidden id is taken too", ann, data.Mutation{Op: data.OpCreate, In: "notes", ID: "secret", Data: js(t, `{}`)}, hutch.AlreadyExists, "", "_id"},
		{"syntax comes before rules", guest, data.Mutation{Op: data.OpCreate, In: "notes", Data: js(t, `{"a":{"b.c":1}}`)}, hutch.InvalidArgument, "", "a.b.c"},
		{"an id of the client where the server makes them", ann, data.Mutation{Op: data.OpCreate, In: "served", ID: "x", Data: js(t, `{}`)}, hutch.InvalidArgument, "", "_id"},
		{"which a guest does not learn", guest, data.Mutation{Op: data.OpCreate, In: "served", ID: "x", Data: js(t, `{}`)}, hutch.Unauthenticated, "", ""},
		{"a system field in a create", ann, data.Mutation{Op: data.OpCreate, In: "notes", Data: js(t, `{"_version":3}`)}, hutch.InvalidArgument, "", "_version"},
		{"update of what is missing", ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "nope", Data: js(t, `{}`)}, hutch.NotFound, "", ""},
		{"update of what is hidden, whatever the preconditions", ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "secret", Data: js(t, `{}`), Precondition: data.Precondition{IfVersion: 9}}, hutch.NotFound, "", ""},
		{"update of another's", ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "bobs", Data: js(t, `{}`)}, hutch.PermissionDenied, "", ""},
		{"the rule comes before preconditions", ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "bobs", Data: js(t, `{}`), Precondition: data.Precondition{IfVersion: 9}}, hutch.PermissionDenied, "", ""},
		{"another version", ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "free", Data: js(t, `{}`), Precondition: data.Precondition{IfVersion: 9}}, hutch.FailedPrecondition, hutch.ReasonVersion, ""},
		{"the version", ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "versioned", Data: js(t, `{}`), Precondition: data.Precondition{IfVersion: version}}, "", "", ""},
		{"ifMissing on what is there", ann, data.Mutation{Op: data.OpSet, In: "notes", ID: "free", Data: js(t, `{}`), Precondition: data.Precondition{IfMissing: true}}, hutch.FailedPrecondition, hutch.ReasonExists, ""},
		{"ifExists on what is not", ann, data.Mutation{Op: data.OpSet, In: "notes", ID: "nope", Data: js(t, `{}`), Precondition: data.Precondition{IfExists: true}}, hutch.FailedPrecondition, hutch.ReasonExists, ""},
		{"a guard that fails", ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "free", Data: js(t, `{}`), Precondition: data.Precondition{If: eq("n", data.Int(2))}}, hutch.FailedPrecondition, hutch.ReasonGuard, ""},
		{"with an answer of its own", ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "free", Data: js(t, `{}`), Precondition: data.Precondition{If: eq("n", data.Int(2)), Else: own}}, hutch.AlreadyExists, "", ""},
		{"else is only for the guard", ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "free", Data: js(t, `{}`), Precondition: data.Precondition{IfVersion: 9, If: eq("n", data.Int(2)), Else: own}}, hutch.FailedPrecondition, hutch.ReasonVersion, ""},
		{"a guard that holds", ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "free", Data: js(t, `{}`), Precondition: data.Precondition{If: eq("n", data.Int(1))}}, "", "", ""},
		{"a guard on a masked field", ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "mine", Data: js(t, `{}`), Precondition: data.Precondition{If: eq("cost", data.Int(5))}}, hutch.PermissionDenied, "", "if"},
		{"set over what is hidden", ann, data.Mutation{Op: data.OpSet, In: "notes", ID: "secret", Data: js(t, `{}`)}, hutch.PermissionDenied, "", ""},
		{"set of a version over what is hidden, as if absent", ann, data.Mutation{Op: data.OpSet, In: "notes", ID: "secret", Data: js(t, `{}`), Precondition: data.Precondition{IfVersion: 9}}, hutch.FailedPrecondition, hutch.ReasonVersion, ""},
		{"set takes _version as ifVersion", ann, data.Mutation{Op: data.OpSet, In: "notes", ID: "free", Data: js(t, `{"_version":9}`)}, hutch.FailedPrecondition, hutch.ReasonVersion, ""},
		{"set ignores dates", ann, data.Mutation{Op: data.OpSet, In: "notes", ID: "fresh", Data: js(t, `{"_createdAt":1}`)}, "", "", ""},
		{"set refuses another id", ann, data.Mutation{Op: data.OpSet, In: "notes", ID: "free", Data: js(t, `{"_id":"other"}`)}, hutch.InvalidArgument, "", "_id"},
		{"schema comes last", ann, data.Mutation{Op: data.OpCreate, In: "typed", Data: js(t, `{"n":"x"}`)}, hutch.InvalidArgument, "", "n"},
		{"schema is not for those the rule refuses", guest, data.Mutation{Op: data.OpCreate, In: "typed", Data: js(t, `{"n":"x"}`)}, hutch.Unauthenticated, "", ""},
		{"the system passes rules, not the schema", system, data.Mutation{Op: data.OpCreate, In: "typed", Data: js(t, `{"n":"x"}`)}, hutch.InvalidArgument, "", "n"},
		{"an operator that does not fit", ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "mine", Data: js(t, `{"$inc":{"owner":1}}`)}, hutch.InvalidArgument, "", "owner"},
		{"an unknown operator, before the document is looked at", ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "secret", Data: js(t, `{"$foo":{"a":1}}`)}, hutch.InvalidArgument, "", "$foo"},
		{"a field without name", ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "free", Data: data.NewDoc(data.Elem{Name: "", Value: data.Int(1)})}, hutch.InvalidArgument, "", ""},
		{"operators in a create", ann, data.Mutation{Op: data.OpCreate, In: "notes", Data: js(t, `{"$set":{"a":1}}`)}, hutch.InvalidArgument, "", "$set"},
		{"operators in a set", ann, data.Mutation{Op: data.OpSet, In: "notes", ID: "free", Data: js(t, `{"$set":{"a":1}}`)}, hutch.InvalidArgument, "", "$set"},
		{"a malformed document", ann, data.Mutation{Op: data.OpCreate, In: "notes", Data: data.Doc{1, 2, 3}}, hutch.InvalidArgument, "", ""},
		{"an unknown op", ann, data.Mutation{Op: "upsert", In: "notes", ID: "x"}, hutch.InvalidArgument, "", "op"},
		{"no id", ann, data.Mutation{Op: data.OpDelete, In: "notes"}, hutch.InvalidArgument, "", "id"},
		{"a bad id", ann, data.Mutation{Op: data.OpDelete, In: "notes", ID: "a/b"}, hutch.InvalidArgument, "", "_id"},
		{"delete of another's", ann, data.Mutation{Op: data.OpDelete, In: "notes", ID: "bobs"}, hutch.PermissionDenied, "", ""},
		{"delete of one's own", ann, data.Mutation{Op: data.OpDelete, In: "notes", ID: "mine"}, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := r.Write(as(t, c.as), []data.Mutation{c.m}, data.WriteOptions{})
			e := hutch.AsError(err)
			if e == nil {
				e = &hutch.Error{}
			}
			if e.Code != c.code || e.Reason != c.reason || e.Field != c.field {
				t.Errorf("%v reason %q field %q, want %q reason %q field %q", err, e.Reason, e.Field, c.code, c.reason, c.field)
			}
		})
	}
}

func TestUncontendedWriteJudgesOnce(t *testing.T) {
	r := open(t)
	r.put(t, "notes", "a", `{"n":1}`)
	r.guard.checks.Store(0)
	r.guard.prepares.Store(0)
	if _, err := r.Write(as(t, ann), []data.Mutation{{Op: data.OpUpdate, In: "notes", ID: "a", Data: js(t, `{"$inc":{"n":1}}`)}}, data.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := r.guard.prepares.Load(); n != 1 {
		t.Errorf("prepared %d times", n)
	}
	if n := r.guard.checks.Load(); n != 2 { // may he get it, may he update it
		t.Errorf("%d checks", n)
	}
	if got := r.stored(t, "notes", "a"); got != `{"n":2}` {
		t.Error(got)
	}
}
