package live_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// pet is a document of the model.
type pet struct {
	at      string // position
	version int64
	gone    bool
	public  bool
	owner   string
	tag     string
	n       int
}

// model knows every state of every pet.
type model struct {
	mu   sync.Mutex // guards pets
	pets map[string][]pet
}

// asOf is the pet's state at a position.
func (m *model) asOf(id, v string) (pet, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ps := m.pets[id]
	i, _ := slices.BinarySearchFunc(ps, v, func(p pet, v string) int {
		if p.at <= v {
			return -1
		}
		return 1
	})
	if i == 0 || ps[i-1].gone {
		return pet{}, false
	}
	return ps[i-1], true
}

// readable is readRule.
func (p pet) readable(as hutch.Principal) bool {
	return p.public || as.Kind == hutch.User && (p.owner == as.UID || slices.Contains(as.Roles, "mod"))
}

// shape is a kind of query with what it means.
type shape struct {
	json  string
	where func(pet) bool
}

func randomShape(r *rand.Rand) shape {
	tag, n, owner := string(rune('a'+r.IntN(4))), r.IntN(20), fmt.Sprintf("u%d", r.IntN(4))
	wheres := []shape{
		{``, func(pet) bool { return true }},
		{`"where":{"tag":"` + tag + `"},`, func(p pet) bool { return p.tag == tag }},
		{fmt.Sprintf(`"where":{"n":{"$gte":%d}},`, n), func(p pet) bool { return p.n >= n }},
		{fmt.Sprintf(`"where":{"n":{"$lt":%d},"tag":{"$ne":%q}},`, n, tag), func(p pet) bool { return p.n < n && p.tag != tag }},
		{`"where":{"owner":"` + owner + `"},`, func(p pet) bool { return p.owner == owner }},
		{`"where":{"$or":[{"owner":"` + owner + `"},{"tag":{"$in":["a","` + tag + `"]}}]},`, func(p pet) bool { return p.owner == owner || p.tag == "a" || p.tag == tag }},
	}
	orders := []string{``, `"orderBy":["n"],`, `"orderBy":[["n","desc"],"tag"],`, `"orderBy":[["tag","desc"]],`}
	limits := []string{``, `,"limit":3`, `,"limit":8`, `,"limit":1`}
	s := wheres[r.IntN(len(wheres))]
	s.json = `{` + s.json + orders[r.IntN(len(orders))] + `"from":"pets"` + limits[r.IntN(len(limits))] + `}`
	return s
}

// watcher is a peer with what it asked for.
type watcher struct {
	*peer
	shapes map[int64]shape
}

// TestRandomLive changes documents, rights and subscriptions at random. Each
// frame's document must be readable by its receiver, and be what the query asks
// for, at the frame's position; after each round each view equals a fresh query.
func TestRandomLive(t *testing.T) {
	seed, length := uint64(time.Now().UnixNano()), time.Minute
	if s := os.Getenv("HUTCH_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	if testing.Short() {
		length = 3 * time.Second
	}
	if s := os.Getenv("HUTCH_LONG"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		length = d
	}
	t.Logf("seed %d, %v", seed, length)
	r := rand.New(rand.NewPCG(seed, 1))
	w := open(t)
	m := &model{pets: map[string][]pet{}}
	people := []hutch.Principal{{}, user("u0"), user("u1"), user("u2", "mod"), user("u3")}

	var watchers []*watcher
	frames := 0
	join := func() {
		x := &watcher{w.connect(fmt.Sprintf("w%d", len(watchers)), people[r.IntN(len(people))]), map[int64]shape{}}
		x.seen = func(v string, got row, as hutch.Principal) {
			frames++
			p, ok := m.asOf(got.ID, v)
			switch {
			case !ok:
				t.Fatalf("seed %d: %s got %s at %s, where it did not exist", seed, x.name, got.raw, v)
			case p.version != got.Version:
				t.Fatalf("seed %d: %s got %s at %s, where its version was %d", seed, x.name, got.raw, v, p.version)
			case !p.readable(as):
				t.Fatalf("seed %d: %s as %q may not read %s at %s", seed, x.name, as.UID, got.raw, v)
			}
		}
		watchers = append(watchers, x)
	}
	ask := func(x *watcher) {
		id := int64(1 + r.IntN(4))
		x.shapes[id] = randomShape(r)
		x.sub(id, x.shapes[id].json)
	}
	for range 12 {
		join()
		ask(watchers[len(watchers)-1])
	}
	var newest data.Position
	rounds, writes := 0, 0
	for end := time.Now().Add(length); time.Now().Before(end); rounds++ {
		// Writes of a round run beside the changes of rights and subscriptions.
		ops := make([]func(), 1+r.IntN(40))
		for i := range ops {
			ops[i] = randomWrite(w, m, r, &newest)
		}
		writes += len(ops)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for _, op := range ops {
				op()
			}
		}()
		for _, x := range watchers {
			switch r.IntN(12) {
			case 0:
				ask(x)
			case 1:
				p := people[r.IntN(len(people))]
				x.c.Become(t.Context(), p, []byte(fmt.Sprintf(`{"t":"auth","q":"r%d"}`, rounds)))
			case 2:
				x.c.Unsub(1)
				x.mu.Lock()
				delete(x.views, 1)
				x.mu.Unlock()
				delete(x.shapes, 1)
			}
		}
		<-done
		for _, x := range watchers {
			if r.IntN(8) == 0 {
				continue // reads nothing this round
			}
			x.settle(w, newest, seed)
		}
		if len(watchers) < 24 && r.IntN(10) == 0 {
			join()
			ask(watchers[len(watchers)-1])
		}
	}
	for _, x := range watchers {
		x.settle(w, newest, seed)
	}
	t.Logf("seed %d: %d rounds, %d writes, %d documents delivered", seed, rounds, writes, frames)
	if frames == 0 || writes == 0 {
		t.Error("nothing happened")
	}
}

// randomWrite prepares a write whose outcome goes into the model before anyone
// can have read a later one.
func randomWrite(w *world, m *model, r *rand.Rand, newest *data.Position) func() {
	id := fmt.Sprintf("p%02d", r.IntN(25))
	p := pet{public: r.IntN(2) == 0, owner: fmt.Sprintf("u%d", r.IntN(4)), tag: string(rune('a' + r.IntN(4))), n: r.IntN(20)}
	kind := r.IntN(10)
	return func() {
		m.mu.Lock() // frames of this write are checked after it
		defer m.mu.Unlock()
		op, doc := data.OpSet, fmt.Sprintf(`{"public":%v,"owner":%q,"tag":%q,"n":%d}`, p.public, p.owner, p.tag, p.n)
		before := m.pets[id]
		exists := len(before) > 0 && !before[len(before)-1].gone
		switch {
		case kind == 0 && exists:
			op, doc = data.OpDelete, ""
			p = pet{gone: true}
		case kind < 4 && exists:
			last := before[len(before)-1]
			last.n = p.n
			p = last
			op, doc = data.OpUpdate, fmt.Sprintf(`{"n":%d}`, p.n)
		}
		at, version := w.write(op, id, doc)
		if at == "" || exists && !p.gone && version == before[len(before)-1].version {
			return // nothing changed
		}
		p.at, p.version = string(at), version
		m.pets[id] = append(m.pets[id], p)
		*newest = max(*newest, at)
	}
}

// settle reads until all is delivered and compares each view with a fresh query.
func (x *watcher) settle(w *world, newest data.Position, seed uint64) {
	x.t.Helper()
	x.until("every answer", func() bool {
		for _, v := range x.views {
			if v.state == "asked" || v.state == "reset" {
				return false
			}
		}
		return true
	})
	x.sync(newest)
	ctx := hutch.WithPrincipal(x.t.Context(), x.c.Principal())
	for id, s := range x.shapes {
		q := query(x.t, s.json)
		limit := q.Limit
		if limit == 0 {
			q.Limit = 1000
		}
		page, err := w.data.Query(ctx, q, data.Request{Op: data.OpList})
		if err != nil {
			x.t.Fatalf("seed %d: %s: %v", seed, s.json, err)
		}
		var want []string
		for _, d := range page.Docs {
			v, _ := data.Integer(data.Field(d, "_version"))
			want = append(want, fmt.Sprintf("%s@%d", data.Text(data.Field(d, "_id")), v))
		}
		// A window that lost rows is filled from beyond within its second.
		x.until(fmt.Sprintf("seed %d: %s as %q: %s", seed, s.json, x.c.Principal().UID, strings.Join(want, " ")), func() bool {
			v := x.views[id]
			return x.shown(v) == strings.Join(want, " ") && (v.more == (page.Next != "") || len(v.rows) < q.Limit)
		})
		for _, r := range x.views[id].rows {
			p, ok := w.now(r.ID, x)
			if !ok || !s.where(p) {
				x.t.Fatalf("seed %d: %s shows %s", seed, s.json, r.raw)
			}
		}
	}
}

func (x *peer) shown(v *view) string {
	var out []string
	for _, r := range v.rows {
		out = append(out, fmt.Sprintf("%s@%d", r.ID, r.Version))
	}
	return strings.Join(out, " ")
}

// now reads a document as it is.
func (w *world) now(id string, x *watcher) (pet, bool) {
	d, _, err := w.data.Get(hutch.WithPrincipal(x.t.Context(), system), "pets", id, data.Request{Op: data.OpGet})
	if err != nil {
		return pet{}, false
	}
	n, _ := data.Integer(data.Field(d, "n"))
	return pet{tag: data.Text(data.Field(d, "tag")), owner: data.Text(data.Field(d, "owner")), n: int(n)}, true
}
