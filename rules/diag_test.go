package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/rules"
)

func TestDiagnostics(t *testing.T) {
	closed := schema(t, `{"properties":{"owner":{"type":"string"},"price":{"type":"number"},"tags":{"type":"array"},"lines":{"type":"array","items":{"type":"object","properties":{"n":{"type":"integer"}}}},"addr":{"type":"object","properties":{"city":{"type":"string"}}}},"additionalProperties":false}`)
	for _, c := range []struct{ key, rule, want string }{
		{"get", `resource.ownr == auth.uid`, `hutch.yaml:10:13: error: pets.get: unknown field "ownr" / did you mean "owner"?`},
		{"get", `auth.uuid == 'x'`, `hutch.yaml:10:9: error: pets.get: unknown field "uuid" / did you mean "uid"?`},
		{"get", `request.tme > resource._createdAt`, `hutch.yaml:10:12: error: pets.get: unknown field "tme" / did you mean "time"?`},
		{"get", `resorce.owner == auth.uid`, `hutch.yaml:10:5: error: pets.get: unknown name "resorce" / did you mean "resource"?`},
		{"get", `signdIn()`, `hutch.yaml:10:12: error: pets.get: unknown name "signdIn" / did you mean "signedIn"?`},
		{"get", `resource.owner = auth.uid`, `hutch.yaml:10:20: error: pets.get: syntax error: unexpected = / equality is ==`},
		{"get", `resource.owner`, `hutch.yaml:10:13: error: pets.get: a rule is true or false, this is string / `},
		{"get", `resource.owner > 3`, `hutch.yaml:10:20: error: pets.get: > does not take (string, int) / `},
		{"get", `resource.price == '5'`, `hutch.yaml:10:23: error: pets.get: price is of another type in the schema / `},
		{"get", `'x' != resource.price`, `hutch.yaml:10:5: error: pets.get: price is of another type in the schema / `},
		{"get", `resource.addr.city == 5`, `hutch.yaml:10:27: error: pets.get: addr.city is of another type in the schema / `},
		{"get", `resource.lines.exists(l, l.n == 'x')`, `hutch.yaml:10:37: error: pets.get: lines.[].n is of another type in the schema / `},
		{"get", `signedIn(1)`, `hutch.yaml:10:13: error: pets.get: signedIn() takes 0 arguments / `},
		{"create", `resource.owner == auth.uid`, `hutch.yaml:10:5: error: pets.create: "resource" is not available here / it is the stored document: of get, list, update and delete`},
		{"delete", `next.owner == auth.uid`, `hutch.yaml:10:5: error: pets.delete: "next" is not available here / it is the document after the write: of create and update`},
		{"create", `changed('owner')`, `hutch.yaml:10:12: error: pets.create: "changed" is not available here / it compares the stored and the new document: of update`},
		{"update", `changed(next.owner)`, `hutch.yaml:10:17: error: pets.update: changed() takes the path of a field as a literal / `},
		{"update", `changedOnly(resource.tags)`, `hutch.yaml:10:25: error: pets.update: changedOnly() takes a list of paths of fields as literals / `},
		{"update", `next._version == 1`, `hutch.yaml:10:9: error: pets.update: next has no _version: it is stamped when the write is done / `},
		{"update", `count('pets', 'owner', auth.uid) < 3`, `hutch.yaml:10:10: error: pets.update: unknown name "count" / count() is not in this version`},
		{"list", `resource.price + 1 > 2`, `hutch.yaml:10:24: error: pets.list: a list rule must be a filter: only judged document by document / with scan: N a page examines N documents one by one and says partial`},
		{"list", `resource.owner == resource.addr.city`, `hutch.yaml:10:20: error: pets.list: a list rule must be a filter: compares what is not known before the document is read / with scan: N a page examines N documents one by one and says partial`},
		{"list", `resource.owner.matches('^a')`, `hutch.yaml:10:27: error: pets.list: a list rule must be a filter: compares what is not known before the document is read / with scan: N a page examines N documents one by one and says partial`},
		{"read", `resource.tags.exists(t, t == 'a' || t.x == 1)`, `hutch.yaml:10:25: error: pets.read: a list rule must be a filter: tests an element both whole and by field / with scan: N a page examines N documents one by one and says partial; or write get: and list: apart`},
		{"reed", `true`, `hutch.yaml:10:5: error: access has no key "reed" / did you mean "read"?`},
		{"get", ` `, `hutch.yaml:10:5: error: pets.get is empty / write "true" for everyone, or leave the key out to deny`},
		{"get", "true &&\n  resource.ownr == 'x'", `hutch.yaml:11:15: error: pets.get: unknown field "ownr" / did you mean "owner"?`},
		{"write", `resource.owner == auth.uid`, `hutch.yaml:10:5: error: pets.write (create): "resource" is not available here / it is the stored document: of get, list, update and delete`},
	} {
		set, ds := rules.Compile(rules.Config{
			Helpers:     exprs("signedIn", "auth != null"),
			Collections: []rules.Collection{{Name: "pets", Schema: closed, Access: exprs(c.key, c.rule)}},
		})
		if set != nil || len(ds) != 1 {
			t.Errorf("%s: %d diagnostics %v", c.rule, len(ds), ds)
			continue
		}
		if got := fmt.Sprintf("%v: %v: %s / %s", ds[0].Pos, ds[0].Severity, ds[0].Message, ds[0].Hint); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.rule, got, c.want)
		}
	}
}

func TestDiagnosticsOfHelpers(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"unused", `auth.uid == nam`, `unknown name "nam"`},
		{"a", `a()`, `calls itself`},
		{"a", `b()`, `calls itself`},
		{"member(org)", `org in auth.claims.orgs &&`, `syntax error`},
		{"member(auth)", `true`, `already has a meaning`},
		{"get", `true`, `already has a meaning`},
		{"size", `true`, `already has a meaning`},
		{"has", `true`, `already has a meaning`},
		{"in", `true`, `already has a meaning`},
		{"next", `true`, `already has a meaning`},
		{"f(x, x)", `true`, `two parameters of one name`},
		{"f x", `true`, `no name of a helper`},
		{"f(1x)", `true`, `is no name`},
	} {
		helpers := exprs(c.name, c.body)
		if c.body == "b()" {
			helpers["b"] = expr("auth != null || a()")
		}
		set, ds := rules.Compile(rules.Config{Helpers: helpers})
		if set != nil || len(ds) == 0 || !strings.Contains(ds[0].Message, c.want) {
			t.Errorf("%s: %s: %v", c.name, c.body, ds)
		}
	}
}

func TestAllDiagnosticsAtOnce(t *testing.T) {
	at := func(line int, text string) hutch.Expr {
		return hutch.Expr{Text: text, Pos: hutch.Pos{File: "hutch.yaml", Line: line, Column: 3}}
	}
	_, ds := rules.Compile(rules.Config{
		Helpers: map[string]hutch.Expr{"broken": at(2, "auth ==")},
		Collections: []rules.Collection{
			{
				Name: "pets", Access: map[string]hutch.Expr{"get": at(9, "broken() && nope"), "write": at(7, "resource.a"), "list": at(8, "nope || nada")},
				Preset: map[string]hutch.Expr{"_id": at(20, "'x'"), "a": at(21, "nope"), "a.b": at(22, "1")}, Default: map[string]hutch.Expr{"d": at(23, "auth.uid")}, Immutable: []string{"a..b"},
			},
			{Name: "others", Access: map[string]hutch.Expr{"get": at(40, "get('nope', 'a').b")}},
		},
	})
	var lines []int
	for _, d := range ds {
		lines = append(lines, d.Pos.Line)
	}
	if got := fmt.Sprint(lines); got != "[2 7 8 8 9 20 21 22 23 40]" {
		t.Errorf("%s\n%v", got, ds)
	}
}

func TestTypesHelpAndDoNotHinder(t *testing.T) {
	sch := schema(t, `{"properties":{"owner":{"type":"string"},"price":{"type":"number"},"stock":{"type":"integer"},"at":{"bsonType":"date"},"flag":{"type":"boolean"},
		"tags":{"type":"array"},"acl":{"type":"object","properties":{"role":{"type":"string"}}}}}`)
	for _, rule := range []string{
		"resource.price == 5", "resource.price < 5 && resource.price > 1.5", "resource.stock < resource.price", "resource.at < request.time", "resource.flag",
		"'a' in resource.tags", "resource.tags.hasAny(auth.roles)", "resource.acl[auth.uid] == 'rw'", "auth.uid in resource.acl", "resource['owner'] == auth.uid", "'owner' in resource",
		"resource.acl.role == 'a'", "resource.acl.other == 1", "resource.undeclared == auth.claims.x", "resource.?owner.orValue('') == auth.uid", "has(resource.acl.role)", "auth.email == null",
		"request.query.limit <= 100", "request.query.orderBy == []", "resource.owner in auth.claims.owners", "auth.actor == null", "resource._createdAt < request.time", "id == auth.uid", "request.op == 'get'",
	} {
		if _, ds := rules.Compile(rules.Config{Collections: []rules.Collection{{Name: "pets", Schema: sch, Access: exprs("get", rule)}}}); len(ds) > 0 {
			t.Errorf("%s: %v", rule, ds)
		}
	}
}
