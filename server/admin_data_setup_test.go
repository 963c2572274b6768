package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/data/transfer"
	"github.com/hutch-dev/hutch/rules"
	"github.com/hutch-dev/hutch/server"
)

// desktop is what the Data page asks, over a real store and real rules.
type desktop struct {
	*data.Service
	people *people
	now    func() time.Time
	views  func(data.System) data.System // nil: as they are
}

func (d *desktop) As(_ context.Context, _ hutch.Principal, uid string) (hutch.Principal, error) {
	if uid == "" {
		return hutch.Principal{}.Sealed(), nil
	}
	if p, ok := d.people.known[uid]; ok {
		return p, nil
	}
	return hutch.Principal{}, &hutch.Error{Code: hutch.UserNotFound, Message: "no such user"}
}

func (d *desktop) Views() data.System {
	if d.views != nil {
		return d.views(d.System(server.ViewsCollection))
	}
	return d.System(server.ViewsCollection)
}

func (d *desktop) Transfers() server.Transfers {
	return &transfer.Service{Data: d.Service, System: d.System(transfer.Collection), Now: d.now}
}

const toolSchema = `{"type":"object","required":["name"],"properties":{
	"name":{"type":"string","maxLength":20},"price":{"type":"number","minimum":0},"made":{"bsonType":"date"},
	"box":{"type":"object","properties":{"w":{"type":"integer"}}}}}`

// page is a server with the Data page over a store of its own; read tells what
// the audit heard of reads.
type dataSite struct {
	*site
	svc  *data.Service
	desk *desktop
	read []string
}

func startDataPage(t testing.TB) *dataSite {
	t.Helper()
	store, err := pebble.Open(pebble.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	schema, err := data.ParseSchema("tool", []byte(toolSchema))
	if err != nil {
		t.Fatal(err)
	}
	set, ds := rules.Compile(rules.Config{Collections: []rules.Collection{
		{Name: "tools", Schema: schema, Access: map[string]hutch.Expr{"read": {Text: "resource.name != 'hidden' || auth.uid == 'ann'"}}},
		{Name: "notes", Access: map[string]hutch.Expr{"read": {Text: "auth.uid == resource.owner"}}},
	}})
	for _, d := range ds {
		t.Fatal(d)
	}
	s := &dataSite{}
	s.svc = data.New(data.Options{
		Store: store, CursorKey: bytes.Repeat([]byte{7}, 32),
		Bypassed: func(_ context.Context, p hutch.Principal, coll string) error {
			s.read = append(s.read, p.UID+" "+coll)
			return nil
		},
	})
	tools := data.Collection{Name: "tools", Schema: schema, Indexes: []data.Index{
		{Name: "name", Fields: []data.Order{{Path: "name"}}},
		{Name: "price_-made", Fields: []data.Order{{Path: "price"}, {Path: "made", Desc: true}}},
		{Name: "code", Fields: []data.Order{{Path: "code"}}, Unique: true},
	}}
	colls := []data.Collection{
		tools, {Name: "notes"}, {Name: server.ViewsCollection}, {Name: transfer.Collection, Indexes: transfer.Indexes()},
	}
	if err := s.svc.Use(t.Context(), data.App{Version: "1", Collections: colls, Guard: set}); err != nil {
		t.Fatal(err)
	}
	who := newPeople()
	for _, name := range []string{"op", "op2"} {
		who.known[name] = hutch.Principal{Kind: hutch.Operator, UID: name, Email: name + "@shop.example"}.Sealed()
	}
	s.site = start(t, func(o *server.Options) {
		o.Auth, o.Data = who, s.svc
		s.desk = &desktop{Service: s.svc, people: who, now: time.Now}
		o.DataPage = s.desk
		o.Parts.Declared = []server.DeclaredCollection{
			{Collection: tools, SchemaFile: "tool.json", Access: map[string]string{"read": "true"}, Immutable: []string{"name"}, Pos: hutch.Pos{File: "hutch.yaml", Line: 3, Column: 3}},
			{Collection: colls[1]},
		}
	})
	s.auth = who
	t.Cleanup(func() {
		s.stop()
		if err := s.svc.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// put writes documents as the system.
func (s *dataSite) put(t testing.TB, coll string, docs ...string) {
	t.Helper()
	ctx := hutch.WithPrincipal(context.Background(), hutch.Principal{Kind: hutch.System}.Sealed())
	for len(docs) > 0 {
		n := min(len(docs), 400)
		ms := make([]data.Mutation, n)
		for i := range ms {
			d, err := data.ParseJSON([]byte(docs[i]), 32)
			if err != nil {
				t.Fatal(err)
			}
			ms[i] = data.Mutation{Op: data.OpSet, In: coll, ID: data.Text(data.Field(d, "_id")), Data: d}
		}
		if _, err := s.svc.Write(ctx, ms, data.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		docs = docs[n:]
	}
}

// ok does a request as op that must have a status, and reads the answer.
func (s *dataSite) ok(t testing.TB, status int, method, path, body string, into any) {
	t.Helper()
	a := s.do(t, "op", method, path, body)
	if a.StatusCode != status {
		t.Fatalf("%s %s: %d %s", method, path, a.StatusCode, a.body)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(a.body), into); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, a.body)
		}
	}
}

// refused does a request as op that must fail at a field.
func (s *dataSite) refused(t testing.TB, status int, field, method, path, body string) {
	t.Helper()
	a := s.do(t, "op", method, path, body)
	if a.StatusCode != status || a.field("field") != field {
		t.Errorf("%s %s %s: %d %s, want %d at %q", method, path, clipped(body), a.StatusCode, a.body, status, field)
	}
}

func clipped(s string) string { return s[:min(len(s), 80)] }

// numbered repeats a text with # as its number, and ## as three digits.
func numbered(n int, text string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = strings.ReplaceAll(strings.ReplaceAll(text, "##", fmt.Sprintf("%03d", i)), "#", fmt.Sprint(i))
	}
	return out
}
