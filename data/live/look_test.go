package live_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/live"
)

// groups are those of the hub, by query, each once.
func (w *world) groups() map[string]live.GroupState {
	w.t.Helper()
	out := map[string]live.GroupState{}
	if err := w.hub.Groups(w.t.Context(), func(g *live.GroupState) { out[g.Q] = *g }); err != nil {
		w.t.Fatal(err)
	}
	return out
}

func TestGroupsAsTheyStand(t *testing.T) {
	w := open(t)
	for i := range 3 {
		w.write(data.OpSet, fmt.Sprint("p", i), `{"owner":"ann","n":1}`)
	}
	ann, bob := w.connect("ann", user("ann", "mod")), w.connect("bob", user("bob", "mod"))
	for _, x := range []*peer{ann, bob} {
		x.sub(1, `{"from":"pets","where":{"public":true}}`)
		x.until("a snapshot", func() bool { return x.views[1].state == "live" })
	}
	ann.sub(2, `{"from":"pets","where":{"public":true}}`)
	cid := w.connect("cid", user("ann"))
	cid.sub(3, `{"from":"pets","limit":2}`)
	cid.until("a snapshot", func() bool { return cid.views[3].state == "live" })
	v, _ := w.write(data.OpSet, "p3", `{"public":true}`)
	ann.sync(v)
	bob.sync(v)
	shared, own := w.groups()[ann.views[1].q], w.groups()[cid.views[3].q]
	if shared.Members != 2 || shared.Subscriptions != 3 || shared.Rows != 1 || !shared.Ready || shared.Rule.Kind != data.FilterAlways || shared.Reads == 0 || shared.ReadAt == "" {
		t.Errorf("%+v", shared)
	}
	if own.Members != 1 || own.Rows != 2 || !own.More || own.Rule.Kind != data.FilterConditional || !own.Rule.Exact || own.Query.From != "pets" {
		t.Errorf("%+v", own)
	}
	if n := w.hub.Totals(); n.Groups != 2 || n.Position != v || n.Feed < v || n.Silent {
		t.Errorf("%+v", n)
	}
	if s := ann.c.State(); s.Subscriptions != 2 || s.Frames != 0 || s.Queued != 0 || s.Waits != 0 || s.Lagging || s.Given == 0 || s.Position != v {
		t.Errorf("%+v", s)
	}
	w.hub.Connect(user("cid"), data.Request{}, func() {}).Close()
	quiet := w.hub.Connect(user("cid"), data.Request{}, func() {})
	defer quiet.Close()
	quiet.Send([]byte(`{"t":"pong","n":1}`))
	for quiet.State().Waits == 0 { // time goes by
		runtime.Gosched()
	}
	if s := quiet.State(); s.Frames != 1 || s.Queued == 0 || s.Position != "" {
		t.Errorf("%+v", s)
	}
	ann.c.Unsub(1)
	ann.c.Unsub(2)
	bob.c.Close()
	cid.c.Close()
	if n := len(w.groups()); n != 0 || w.hub.Totals().Groups != 0 || ann.c.State().Subscriptions != 0 {
		t.Errorf("%d groups are left", n)
	}
}

// TestGroupsAmidChurn: clients come and go, and queries are written; a group that
// is there all the time is always shown, and no step keeps the hub.
func TestGroupsAmidChurn(t *testing.T) {
	w := open(t)
	w.write(data.OpSet, "p", `{"public":true}`)
	fixed := map[string]bool{}
	for i := range 12 {
		x := w.connect(fmt.Sprint("stays", i), user(fmt.Sprint("u", i)))
		for id := range int64(30) {
			x.sub(id, fmt.Sprintf(`{"from":"pets","where":{"n":%d}}`, int64(i)*100+id))
		}
		x.until("all", func() bool {
			for _, v := range x.views {
				if v.state != "live" {
					return false
				}
			}
			return true
		})
		for _, v := range x.views {
			fixed[v.q] = true
		}
	}
	if len(fixed) != 360 {
		t.Fatalf("%d groups", len(fixed))
	}
	stop := make(chan struct{})
	var work sync.WaitGroup
	for i := range 2 {
		r := rand.New(rand.NewPCG(7, uint64(i)))
		work.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				c := w.hub.Connect(user(fmt.Sprint("comes", i)), data.Request{Op: data.OpList}, func() {})
				for id := range int64(r.IntN(20)) {
					q, err := data.ParseQuery(parse(t, fmt.Sprintf(`{"from":"pets","where":{"m":%d}}`, r.IntN(50)+int(id))))
					if err != nil {
						t.Error(err)
					}
					c.Sub(t.Context(), id, q)
				}
				c.Take(nil)
				c.State()
				c.Close()
			}
		})
	}
	work.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				m := []data.Mutation{{Op: data.OpSet, In: "pets", ID: "p", Data: parse(t, fmt.Sprintf(`{"public":true,"m":%d}`, i%60))}}
				if _, err := w.data.Write(hutch.WithPrincipal(t.Context(), system), m, data.WriteOptions{}); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for range 20 {
		seen := w.groups()
		for q := range fixed {
			if g, ok := seen[q]; !ok || g.Members != 1 {
				t.Fatalf("a group that stays is shown as %+v", g)
			}
		}
		if n := w.hub.Totals().Groups; n < len(fixed) {
			t.Fatalf("%d groups", n)
		}
	}
	close(stop)
	work.Wait()
	w.hub.Close()
	if err := w.hub.Groups(t.Context(), func(*live.GroupState) {}); err == nil {
		t.Error("a closed hub shows groups")
	}
}
