package transfer_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/data/transfer"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }

const toolSchema = `{"type":"object","required":["name"],"properties":{
	"name":{"type":"string","maxLength":40},"price":{"type":"number","minimum":0},"made":{"bsonType":"date"},"cost":{"bsonType":"decimal"},
	"on":{"type":"boolean"},"tags":{"type":"array"},"box":{"type":"object","properties":{"w":{"type":"integer"},"h":{"type":["string","null"]}}}}}`

// room is a Service over a store, and imports into it.
type room struct {
	*transfer.Service
	ctx   context.Context
	hooks hooks
}

// hooks refuse what is called poison, and count.
type hooks struct{ met *int }

func (h hooks) Has(op data.Op, coll string) bool { return coll == "hooked" && op == data.OpCreate }

func (h hooks) Before(_ context.Context, _ *data.Tx, c *data.Change) error {
	if data.Text(data.Field(c.After, "name")) == "poison" {
		return hutch.Errorf(hutch.FailedPrecondition, "not this one")
	}
	*h.met++
	return nil
}

func (h hooks) After(context.Context, []data.Change) ([]data.Write, error) { return nil, nil }

// onBoth runs a test over each store.
func onBoth(t *testing.T, run func(t *testing.T, r *room)) {
	for name, open := range map[string]func(t testing.TB) data.Store{"pebble": openPebble, "mongo": openMongo} {
		t.Run(name, func(t *testing.T) { run(t, openRoom(t, open(t))) })
	}
}

func openPebble(t testing.TB) data.Store {
	s, err := pebble.Open(pebble.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func openMongo(t testing.TB) data.Store {
	s, err := mongo.Open(t.Context(), mongo.Options{URL: mongotest.Database(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func openRoom(t testing.TB, store data.Store) *room {
	t.Helper()
	schema, err := data.ParseSchema("tool", []byte(toolSchema))
	if err != nil {
		t.Fatal(err)
	}
	r := &room{hooks: hooks{new(int)}}
	svc := data.New(data.Options{Store: store, CursorKey: bytes.Repeat([]byte{7}, 32)})
	t.Cleanup(func() {
		if err := svc.Close(); err != nil {
			t.Error(err)
		}
	})
	err = svc.Use(t.Context(), data.App{Version: "1", Hooks: r.hooks, Collections: []data.Collection{
		{Name: "tools", Schema: schema, Indexes: []data.Index{{Name: "code", Fields: []data.Order{{Path: "code"}}, Unique: true}}},
		{Name: "plain"},
		{Name: "hooked"},
		{Name: transfer.Collection, Indexes: transfer.Indexes()},
	}})
	if err != nil {
		t.Fatal(err)
	}
	r.Service = &transfer.Service{Data: svc, System: svc.System(transfer.Collection), Now: time.Now}
	r.ctx = hutch.WithPrincipal(t.Context(), hutch.Principal{Kind: hutch.Operator, UID: "op", Email: "op@shop.example"}.Sealed())
	return r
}

func (r *room) begin(t testing.TB, q transfer.Request) string {
	t.Helper()
	m, err := r.Begin(r.ctx, q)
	if err != nil {
		t.Fatal(err)
	}
	return m.ID
}

func (r *room) part(t testing.TB, id string, n int64, last bool, text string) *transfer.Import {
	t.Helper()
	for {
		_, complete, err := r.Part(r.ctx, id, n, last, data.Request{Op: data.OpCreate}, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if complete {
			break
		}
	}
	m, err := r.Get(r.ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (r *room) doc(t testing.TB, coll, id string) string {
	t.Helper()
	d, _, err := r.Data.Get(r.ctx, coll, id, data.Request{Op: data.OpGet})
	if hutch.CodeOf(err) == hutch.NotFound {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	js, err := data.AppendJSON(nil, data.Without(d, data.FieldVersion))
	if err != nil {
		t.Fatal(err)
	}
	return string(js)
}

func (r *room) count(t testing.TB, coll string) int64 {
	t.Helper()
	page, err := r.Data.Query(r.ctx, data.Query{From: coll, Count: true, Limit: 1}, data.Request{Op: data.OpList})
	if err != nil {
		t.Fatal(err)
	}
	return page.Count
}

func lines(ls ...string) string { return strings.Join(ls, "\n") + "\n" }
