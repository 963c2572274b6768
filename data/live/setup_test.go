package live_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/live"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/rules"
)

const readRule = "resource.public == true || (auth != null && (resource.owner == auth.uid || 'mod' in auth.roles))"

// world is a store, the one door, rules and a hub.
type world struct {
	t    *testing.T
	data *data.Service
	hub  *live.Hub
}

func open(t *testing.T) *world {
	t.Helper()
	store, err := pebble.Open(pebble.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	w := &world{t: t, data: data.New(data.Options{Store: store, CursorKey: bytes.Repeat([]byte{7}, 32)})}
	t.Cleanup(func() { w.data.Close() })
	w.use("v1", readRule)
	if w.hub, err = live.New(t.Context(), live.Options{Data: w.data, Key: []byte("node key")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.hub.Close)
	return w
}

// use switches to rules in which `read` decides.
func (w *world) use(version, read string) {
	w.t.Helper()
	set, ds := rules.Compile(rules.Config{Collections: []rules.Collection{
		{Name: "pets", Access: map[string]hutch.Expr{"read": {Text: read}}},
		{Name: "secrets", Access: map[string]hutch.Expr{}},
	}})
	if set == nil {
		w.t.Fatal(ds)
	}
	err := w.data.Use(w.t.Context(), data.App{
		Version: version, Guard: set,
		Collections: []data.Collection{{Name: "pets", Indexes: []data.Index{{Name: "tag_n", Fields: []data.Order{{Path: "tag"}, {Path: "n"}}}}}, {Name: "secrets"}},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

var system = hutch.Principal{Kind: hutch.System}.Sealed()

func user(uid string, roles ...string) hutch.Principal {
	return hutch.Principal{Kind: hutch.User, UID: uid, AAL: "aal1", Roles: roles}.Sealed()
}

// write does one write without rules and gives its position and version.
func (w *world) write(op data.Op, id, doc string) (data.Position, int64) {
	w.t.Helper()
	m := data.Mutation{Op: op, In: "pets", ID: id}
	if doc != "" {
		m.Data = parse(w.t, doc)
	}
	out, err := w.data.Write(hutch.WithPrincipal(w.t.Context(), system), []data.Mutation{m}, data.WriteOptions{})
	if err != nil {
		w.t.Fatalf("%s %s: %v", op, id, err)
	}
	return out.Position, out.Results[0].Version
}

func parse(t *testing.T, js string) data.Doc {
	t.Helper()
	d, err := data.ParseJSON([]byte(js), 40)
	if err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return d
}

func query(t *testing.T, js string) data.Query {
	t.Helper()
	q, err := data.ParseQuery(parse(t, js))
	if err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	return q
}

// frame is any message to a client.
type frame struct {
	T      string            `json:"t"`
	ID     int64             `json:"id"`
	Q      string            `json:"q"`
	V      string            `json:"v"`
	Resume bool              `json:"resume"`
	Docs   []json.RawMessage `json:"docs"`
	More   *bool             `json:"more"`
	Last   bool              `json:"last"`
	Ch     []struct {
		Op  string          `json:"op"`
		Doc json.RawMessage `json:"doc"`
		ID  string          `json:"id"`
		At  *int            `json:"at"`
	} `json:"ch"`
	End  bool   `json:"end"`
	Why  string `json:"why"`
	Code string `json:"code"`
}

type row struct {
	ID      string `json:"_id"`
	Version int64  `json:"_version"`
	raw     string
}

func rowOf(raw json.RawMessage) row {
	var r row
	if err := json.Unmarshal(raw, &r); err != nil {
		panic(err)
	}
	r.raw = string(raw)
	return r
}

// view is a subscription as its client sees it.
type view struct {
	q        string
	rows     []row
	incoming []row
	more     bool
	state    string // asked, live, reset, over
	code     string
}

// peer is a client that reads frames as the protocol says.
type peer struct {
	t    *testing.T
	name string
	c    *live.Client
	news chan struct{} // size 1

	mu      sync.Mutex // guards the rest
	as      hutch.Principal
	views   map[int64]*view
	commits map[string]bool
	marks   map[string]bool // answers of our own
	log     []string
	// seen is told of each document that arrives.
	seen func(v string, r row, as hutch.Principal)
	last string // the newest v
}

func (w *world) connect(name string, p hutch.Principal) *peer {
	x := &peer{t: w.t, name: name, as: p, news: make(chan struct{}, 1), views: map[int64]*view{}, commits: map[string]bool{}, marks: map[string]bool{}}
	x.c = w.hub.Connect(p, data.Request{Op: data.OpList, IP: "127.0.0.1"}, func() {
		select {
		case x.news <- struct{}{}:
		default:
		}
	})
	w.t.Cleanup(x.c.Close)
	return x
}

func (x *peer) sub(id int64, q string) {
	x.mu.Lock()
	x.views[id] = &view{state: "asked"}
	x.mu.Unlock()
	x.c.Sub(x.t.Context(), id, query(x.t, q))
}

// drain reads what is queued until done holds.
func (x *peer) until(what string, done func() bool) {
	x.t.Helper()
	ctx, stop := context.WithTimeout(x.t.Context(), 20*time.Second)
	defer stop()
	for {
		x.take()
		x.mu.Lock()
		ok := done()
		x.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-x.news:
		case <-ctx.Done():
			x.mu.Lock()
			defer x.mu.Unlock()
			x.t.Fatalf("%s: %s never came; frames:\n%s", x.name, what, strings.Join(x.log[max(0, len(x.log)-30):], "\n"))
		}
	}
}

// sync waits for everything up to v.
func (x *peer) sync(v data.Position) {
	x.t.Helper()
	x.c.Sync(v)
	x.until("commit "+string(v), func() bool { return x.commits[string(v)] })
}

// become switches the principal; frames before the answer are for the former one.
func (x *peer) become(p hutch.Principal, mark string) {
	x.c.Become(x.t.Context(), p, []byte(`{"t":"auth","q":"`+mark+`"}`))
	x.until("the answer", func() bool { return x.marks[mark] })
}

func (x *peer) take() {
	for {
		fs := x.c.Take(nil)
		if len(fs) == 0 {
			return
		}
		x.mu.Lock()
		for _, f := range fs {
			x.log = append(x.log, string(f.Text))
			x.apply(f.Text)
		}
		x.mu.Unlock()
	}
}

func (x *peer) apply(text []byte) {
	var f frame
	if err := json.Unmarshal(text, &f); err != nil {
		x.t.Fatalf("%s: %s: %v", x.name, text, err)
	}
	if f.V != "" && f.T != "commit" {
		if f.V < x.last {
			x.t.Fatalf("%s: v goes back from %s: %s", x.name, x.last, text)
		}
		x.last = f.V
	}
	switch f.T {
	case "auth":
		x.marks[f.Q] = true
		x.as = x.c.Principal()
		for _, v := range x.views { // bound anew, or ended
			if v.state != "over" {
				v.state, v.rows = "asked", nil
			}
		}
	case "subbed":
		v := x.views[f.ID]
		if v == nil {
			return
		}
		v.q = f.Q
		if !f.Resume {
			v.state = "asked"
			return
		}
		for _, other := range x.views { // the group is known on this socket
			if other != v && other.q == f.Q {
				v.rows, v.more, v.state = slices.Clone(other.rows), other.more, other.state
			}
		}
	case "snap":
		for _, v := range x.of(f.Q) {
			for _, d := range f.Docs {
				r := rowOf(d)
				x.check(f.V, r)
				v.incoming = append(v.incoming, r)
			}
			if f.Last {
				v.rows, v.incoming, v.state, v.more = v.incoming, nil, "live", *f.More
			}
		}
	case "delta":
		for _, v := range x.of(f.Q) {
			if v.state != "live" {
				x.t.Fatalf("%s: a delta without a snapshot (%s): %s", x.name, v.state, text)
			}
			for _, ch := range f.Ch {
				id := ch.ID
				var r row
				if ch.Op == "set" {
					r = rowOf(ch.Doc)
					id = r.ID
					x.check(f.V, r)
				}
				v.rows = slices.DeleteFunc(v.rows, func(r row) bool { return r.ID == id })
				if ch.Op != "set" {
					continue
				}
				at := 0
				if ch.At != nil {
					at = *ch.At
				} else {
					at, _ = slices.BinarySearchFunc(v.rows, id, func(r row, id string) int { return strings.Compare(r.ID, id) })
				}
				v.rows = slices.Insert(v.rows, at, r)
			}
			if f.More != nil {
				v.more = *f.More
			}
		}
	case "commit":
		x.commits[f.V] = true
	case "reset":
		for _, v := range x.of(f.Q) {
			v.state, v.incoming = "reset", nil
		}
	case "end":
		if v := x.views[f.ID]; v != nil {
			v.state, v.code, v.rows = "over", f.Code, nil
		}
	}
}

func (x *peer) check(v string, r row) {
	if x.seen != nil {
		x.seen(v, r, x.as)
	}
}

func (x *peer) of(q string) []*view {
	var out []*view
	for _, v := range x.views {
		if v.q == q && v.state != "over" {
			out = append(out, v)
		}
	}
	return out
}

func (x *peer) live(id int64) {
	x.t.Helper()
	x.until(fmt.Sprint("the snapshot of ", id), func() bool { return x.views[id].state == "live" })
}

// rows is what the client shows, one line.
func (x *peer) rows(id int64) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []string
	for _, r := range x.views[id].rows {
		out = append(out, fmt.Sprintf("%s@%d", r.ID, r.Version))
	}
	return strings.Join(out, " ")
}

func (x *peer) ids(id int64) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []string
	for _, r := range x.views[id].rows {
		out = append(out, r.ID)
	}
	return strings.Join(out, " ")
}
