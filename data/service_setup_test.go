package data_test

import (
	"bytes"
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
)

var (
	guest  = hutch.Principal{}.Sealed()
	ann    = hutch.Principal{Kind: hutch.User, UID: "ann"}.Sealed()
	bob    = hutch.Principal{Kind: hutch.User, UID: "bob"}.Sealed()
	system = hutch.Principal{Kind: hutch.System}.Sealed()
	key    = hutch.Principal{Kind: hutch.Service, UID: "k1", Scopes: []string{hutch.ScopeData}}.Sealed()
)

// clock is a time that tests move.
type clock struct{ ms atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// room is a Service on an embedded store in memory.
type room struct {
	*data.Service
	store data.Store
	clock *clock
	guard *guard
}

type setup struct {
	options data.Options
	app     data.App
	guard   *guard
	wrap    func(data.Store) data.Store
}

// open starts a Service; change may alter its options, app and rules.
func open(t testing.TB, change ...func(*setup)) *room {
	t.Helper()
	c := &clock{}
	c.ms.Store(1_760_000_000_000)
	store, err := pebble.Open(pebble.Options{Dir: t.TempDir(), FreeSpace: func() (int64, error) { return 1 << 40, nil }})
	if err != nil {
		t.Fatal(err)
	}
	g := newGuard()
	u := &setup{
		options: data.Options{Store: store, CursorKey: bytes.Repeat([]byte{7}, 32), Now: c.now},
		app: data.App{Version: "1", Guard: g, Collections: []data.Collection{
			{Name: "notes"},
			{Name: "closed"},
			{Name: "stock"},
			{Name: "served", ServerIDs: true},
			{Name: "looked"},
			{Name: "uniq", Indexes: []data.Index{{Name: "code", Fields: []data.Order{{Path: "code"}}, Unique: true}}},
			{Name: "sorted", Indexes: []data.Index{{Name: "n", Fields: []data.Order{{Path: "n"}}}}},
		}},
		guard: g,
	}
	for _, f := range change {
		f(u)
	}
	if u.wrap != nil {
		u.options.Store = u.wrap(store)
	}
	s := data.New(u.options)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Use(t.Context(), u.app); err != nil {
		t.Fatal(err)
	}
	return &room{Service: s, store: store, clock: c, guard: g}
}

// as gives a context of a principal, with a deadline.
func as(t testing.TB, p hutch.Principal) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return hutch.WithPrincipal(ctx, p)
}

// js reads a document written as JSON.
func js(t testing.TB, text string) data.Doc {
	t.Helper()
	d, err := data.ParseJSON([]byte(text), 40)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return d
}

// text is d as JSON without the system's fields.
func text(t testing.TB, d data.Doc) string {
	t.Helper()
	if d == nil {
		return ""
	}
	b, err := data.AppendJSON(nil, data.Without(d, data.FieldID, data.FieldVersion, data.FieldCreated, data.FieldUpdated))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// put stores a document past all rules.
func (r *room) put(t testing.TB, coll, id, doc string) int64 {
	t.Helper()
	out, err := r.Write(as(t, system), []data.Mutation{{Op: data.OpSet, In: coll, ID: id, Data: js(t, doc)}}, data.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return out.Results[0].Version
}

// stored is a document as JSON, "" when absent.
func (r *room) stored(t testing.TB, coll, id string) string {
	t.Helper()
	snap, err := r.store.Snapshot(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer snap.Close()
	d, err := snap.Get(t.Context(), coll, id)
	if err != nil {
		t.Fatal(err)
	}
	return text(t, d)
}

// guard is rules as Go functions: a document is readable unless hidden, writable
// by its owner or, without owner, by any user; guests may do nothing but read.
type guard struct {
	lookups   map[string]string // collection: the document "looked/<id>" that its rules read
	checks    atomic.Int64
	prepares  atomic.Int64
	immutable []string
	preset    func(p hutch.Principal, next data.Doc) data.Doc
	filter    func(p hutch.Principal, coll string) data.Filter
	masked    string // a field that only bypassing principals see
}

func newGuard() *guard { return &guard{lookups: map[string]string{}} }

func (g *guard) Bind(p hutch.Principal, r data.Request, l data.Lookup) data.Session {
	return &fakeRules{g: g, p: p, r: r, l: l}
}

func (g *guard) LooksUp(_ data.Op, coll string) bool { return g.lookups[coll] != "" }

type fakeRules struct {
	g *guard
	p hutch.Principal
	r data.Request
	l data.Lookup
}

func (r *fakeRules) deny() error {
	if r.p.IsGuest() {
		return hutch.Errorf(hutch.Unauthenticated, "a guest may not, says the fake")
	}
	return hutch.Errorf(hutch.PermissionDenied, "a rule of the fake says no")
}

func (r *fakeRules) Filter(_ data.Op, coll string, _ data.Where) (data.Filter, error) {
	if r.p.Bypasses() {
		return data.Filter{Kind: data.FilterAlways, Exact: true}, nil
	}
	if coll == "closed" {
		return data.Filter{}, r.deny()
	}
	if r.g.filter != nil {
		return r.g.filter(r.p, coll), nil
	}
	return data.Filter{
		Kind: data.FilterConditional, Exact: true, Key: "hidden",
		Where: data.Where{Op: data.OpNe, Path: "hidden", Value: data.Bool(true)},
	}, nil
}

func (r *fakeRules) Refer(_ string, paths []string) error {
	if !r.p.Bypasses() && r.g.masked != "" && slices.Contains(paths, r.g.masked) {
		return r.deny()
	}
	return nil
}

func (r *fakeRules) Prepare(op data.Op, _ string, old, next data.Doc) (data.Doc, error) {
	r.g.prepares.Add(1)
	if r.p.Bypasses() {
		return next, nil
	}
	if op == data.OpSet && old != nil {
		for _, f := range r.g.immutable {
			if v := data.Field(old, f); data.Field(next, f).IsZero() && !v.IsZero() {
				next = data.With(next, data.Elem{Name: f, Value: v})
			}
		}
	}
	for _, f := range r.g.immutable {
		if old != nil && !data.Equal(data.Field(old, f), data.Field(next, f)) {
			e := hutch.AsError(r.deny())
			e.Field = f
			return nil, e
		}
	}
	if old == nil && r.g.preset != nil {
		next = r.g.preset(r.p, next)
	}
	return next, nil
}

func (r *fakeRules) Check(op data.Op, coll, _ string, old, next data.Doc) error {
	r.g.checks.Add(1)
	if r.p.Bypasses() {
		return nil
	}
	if coll == "closed" {
		return r.deny()
	}
	if id := r.g.lookups[coll]; id != "" && op != data.OpGet {
		d, err := r.l.Get("looked", id, false)
		if err != nil {
			return err
		}
		if d == nil || !data.Equal(data.Field(d, "open"), data.Bool(true)) {
			return r.deny()
		}
	}
	hidden := func(d data.Doc) bool { return d != nil && data.Equal(data.Field(d, "hidden"), data.Bool(true)) }
	if op == data.OpGet || op == data.OpList {
		if hidden(old) {
			return r.deny()
		}
		return nil
	}
	if r.p.IsGuest() {
		return r.deny()
	}
	for _, d := range []data.Doc{old, next} {
		if d == nil {
			continue
		}
		if o := data.Text(data.Field(d, "owner")); o != "" && o != r.p.UID {
			return r.deny()
		}
		if n, ok := data.Integer(data.Field(d, "balance")); ok && n < 0 {
			return r.deny()
		}
	}
	return nil
}

func (r *fakeRules) Mask(_ string, d data.Doc) data.Doc {
	if r.p.Bypasses() || r.g.masked == "" {
		return d
	}
	return data.Without(d, r.g.masked)
}

func (r *fakeRules) Deps() []data.Dep { return nil }
