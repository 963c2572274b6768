package data_test

import (
	"fmt"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/rules"
)

// withRules opens a room under compiled rules.
func withRules(t *testing.T, c ...rules.Collection) *room {
	t.Helper()
	set, ds := rules.Compile(rules.Config{Collections: c})
	if set == nil {
		t.Fatal(ds)
	}
	return open(t, func(u *setup) {
		u.app.Guard = set
		u.app.Collections = nil
		for _, c := range c {
			u.app.Collections = append(u.app.Collections, data.Collection{Name: c.Name, Schema: c.Schema})
		}
	})
}

func exprs(kv ...string) map[string]hutch.Expr {
	m := map[string]hutch.Expr{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = hutch.Expr{Text: kv[i+1]}
	}
	return m
}

func TestTheDoorUnderCompiledRules(t *testing.T) {
	r := withRules(t,
		rules.Collection{
			Name: "notes", Access: exprs(
				"read", "resource.owner == auth.uid || resource.public == true",
				"create", "auth != null && exists('members', auth.uid)",
				"update", "resource.owner == auth.uid && next.balance >= 0",
				"delete", "resource.owner == auth.uid"),
			Preset: exprs("owner", "auth.uid"), Default: exprs("balance", "0"), Immutable: []string{"owner"},
		},
		rules.Collection{Name: "members", Access: exprs("create", "auth != null && id == auth.uid")})
	write := func(p hutch.Principal, ms ...data.Mutation) (*data.Outcome, error) {
		return r.Write(as(t, p), ms, data.WriteOptions{Docs: true, Paths: len(ms) > 1})
	}
	join := data.Mutation{Op: data.OpCreate, In: "members", ID: "ann", Data: js(t, `{}`)}
	note := data.Mutation{Op: data.OpCreate, In: "notes", ID: "n", Data: js(t, `{"owner":"bob"}`)}
	if _, err := write(ann, note); hutch.CodeOf(err) != hutch.PermissionDenied {
		t.Error("without the look-up's document:", err)
	}
	if _, err := write(ann, note, join); hutch.CodeOf(err) != hutch.PermissionDenied || hutch.AsError(err).Field != "writes[0]" {
		t.Error("with it behind:", err)
	}
	out, err := write(ann, join, note)
	if err != nil {
		t.Fatal("with it before:", err)
	}
	if got := text(t, out.Results[1].Doc); got != `{"owner":"ann","balance":0}` {
		t.Error("preset and default:", got)
	}
	if d := out.Results[0].Doc; text(t, d) != "{}" || data.Field(d, "_createdAt").Type != 0 {
		t.Error("a document without a get rule is shown:", d)
	}
	if _, err := write(ann, data.Mutation{Op: data.OpSet, In: "notes", ID: "n", Data: js(t, `{"balance":5}`)}); err != nil || r.stored(t, "notes", "n") != `{"balance":5,"owner":"ann"}` {
		t.Error("set keeps what preset and immutable name:", r.stored(t, "notes", "n"), err)
	}
	if _, err := write(ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "n", Data: js(t, `{"$inc":{"balance":-6}}`)}); hutch.CodeOf(err) != hutch.PermissionDenied {
		t.Error("the rule on next:", err)
	}
	if _, err := write(ann, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "n", Data: js(t, `{"owner":"bob"}`)}); hutch.CodeOf(err) != hutch.PermissionDenied {
		t.Error("immutable:", err)
	}
	for _, m := range []data.Mutation{
		{Op: data.OpUpdate, In: "notes", ID: "n", Data: js(t, `{}`)},
		{Op: data.OpDelete, In: "notes", ID: "n"},
		{Op: data.OpDelete, In: "notes", ID: "none"},
		{Op: data.OpDelete, In: "members", ID: "ann"},
	} {
		if _, err := write(bob, m); hutch.CodeOf(err) != hutch.NotFound {
			t.Errorf("bob's %s of %s: %v", m.Op, m.ID, err)
		}
	}
	r.put(t, "notes", "p", `{"owner":"ann","public":true,"balance":1}`)
	page, err := r.Query(as(t, bob), data.Query{From: "notes", Count: true}, data.Request{})
	if err != nil || ids(page.Docs) != "p" || page.Count != 1 {
		t.Errorf("bob lists %s, %v", ids(page.Docs), err)
	}
	if _, err := write(bob, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "p", Data: js(t, `{}`)}); hutch.CodeOf(err) != hutch.PermissionDenied {
		t.Error("bob's update of what he may read:", err)
	}
	if _, err := write(guest, data.Mutation{Op: data.OpUpdate, In: "notes", ID: "p", Data: js(t, `{}`)}); hutch.CodeOf(err) != hutch.Unauthenticated {
		t.Error("a guest's:", err)
	}
}

// TestLookUpsOfACommitAreBounded: at most 10 a write, 100 a commit.
func TestLookUpsOfACommitAreBounded(t *testing.T) {
	r := withRules(t, rules.Collection{Name: "notes", Access: exprs("create", "auth != null && !exists('notes', 'x' + id)")})
	for n, code := range map[int]hutch.Code{100: "", 101: hutch.ResourceExhausted} {
		ms := make([]data.Mutation, n)
		for i := range ms {
			ms[i] = data.Mutation{Op: data.OpCreate, In: "notes", ID: fmt.Sprintf("n%d-%d", n, i), Data: js(t, `{}`)}
		}
		if _, err := r.Write(as(t, ann), ms, data.WriteOptions{Paths: true}); hutch.CodeOf(err) != code {
			t.Errorf("a commit of %d writes that look up once each: %v", n, err)
		}
	}
}
