package live_test

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/live"
	"github.com/hutch-dev/hutch/data/pebble"
)

// trap is rules that let everybody read, and panic where a document says so.
type trap struct {
	reads atomic.Int64
	gate  atomic.Pointer[chan struct{}] // not nil: showing "slow" waits for it
}

func (g *trap) Bind(hutch.Principal, data.Request, data.Lookup) data.Session { return trapped{g} }

type trapped struct{ *trap }

func (trapped) Filter(data.Op, string, data.Where) (data.Filter, error) {
	return data.Filter{Kind: data.FilterAlways, Exact: true}, nil
}
func (trapped) Refer(string, []string) error                                    { return nil }
func (trapped) Prepare(_ data.Op, _ string, _, next data.Doc) (data.Doc, error) { return next, nil }
func (trapped) Check(data.Op, string, string, data.Doc, data.Doc) error         { return nil }
func (trapped) Deps() []data.Dep                                                { return nil }
func (g trapped) Mask(_ string, d data.Doc) data.Doc {
	g.reads.Add(1)
	switch data.Text(data.Field(d, "tag")) {
	case "trap":
		panic("a fault in the rules")
	case "slow":
		if gate := g.gate.Load(); gate != nil {
			<-*gate
		}
	}
	return d
}

func openTrap(t *testing.T) (*world, *trap) {
	t.Helper()
	store, err := pebble.Open(pebble.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	w, g := &world{t: t, data: data.New(data.Options{Store: store, CursorKey: bytes.Repeat([]byte{7}, 32)})}, &trap{}
	t.Cleanup(func() { w.data.Close(); store.Close() })
	if err = w.data.Use(t.Context(), data.App{Version: "v1", Guard: g, Collections: []data.Collection{{Name: "pets"}}}); err != nil {
		t.Fatal(err)
	}
	if w.hub, err = live.New(t.Context(), live.Options{Data: w.data, Key: []byte("k")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.hub.Close)
	return w, g
}

// TestS50APanicEndsItsGroupAlone, in a change as in a read.
func TestS50APanicEndsItsGroupAlone(t *testing.T) {
	w, _ := openTrap(t)
	x := w.connect("x", user("u1"))
	x.sub(1, `{"from":"pets","where":{"tag":"trap"}}`)
	x.sub(2, `{"from":"pets","where":{"tag":"fine"}}`)
	x.live(1)
	x.live(2)
	w.write(data.OpCreate, "a", `{"tag":"trap"}`)
	x.until("end", func() bool { return x.views[1].state == "over" && x.views[1].code == "internal" })
	v, _ := w.write(data.OpCreate, "b", `{"tag":"fine"}`)
	x.sync(v)
	if got := x.ids(2); got != "b" {
		t.Errorf("the other group shows %q", got)
	}
	x.sub(3, `{"from":"pets","where":{"tag":"trap"},"limit":5}`)
	x.until("end of the read", func() bool { return x.views[3].state == "over" && x.views[3].code == "internal" })
	if n := x.c.Subscriptions(); n != 1 {
		t.Errorf("%d subscriptions are counted", n)
	}
}

// TestS50SlowQueriesDelayTheirOwner alone: whoever asks for many keeps nobody
// else from his snapshot, and what he takes back is not read.
func TestS50SlowQueriesDelayTheirOwner(t *testing.T) {
	w, g := openTrap(t)
	w.write(data.OpCreate, "a", `{"tag":"slow"}`)
	v, _ := w.write(data.OpCreate, "b", `{"tag":"fine"}`)
	greedy, other := w.connect("greedy", user("u1")), w.connect("other", user("u2"))
	other.sync(v) // the writes are no commits to show: the gate is for reads
	gate := make(chan struct{})
	open := sync.OnceFunc(func() { g.gate.Store(nil); close(gate) })
	t.Cleanup(open) // the hub's end waits for its reads
	g.gate.Store(&gate)
	for id := range int64(50) {
		greedy.sub(id, fmt.Sprintf(`{"from":"pets","where":{"tag":"slow"},"limit":%d}`, id+1))
	}
	other.sub(1, `{"from":"pets","where":{"tag":"fine"}}`)
	other.live(1)
	for id := range int64(49) {
		greedy.c.Unsub(id)
	}
	before := g.reads.Load()
	open()
	greedy.live(49)
	if n := g.reads.Load() - before; n > 10 {
		t.Errorf("%d documents were read for subscriptions that are gone", n)
	}
}
