package live_test

import (
	"bytes"
	"context"
	"iter"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/live"
	"github.com/hutch-dev/hutch/data/pebble"
)

// blurred is a store whose log tells changes of a document named "blur" only as
// resets of its collection, and that starts the log where recent says.
type blurred struct {
	data.Store
	recent data.Position
}

func (b *blurred) Info(ctx context.Context) (data.Info, error) {
	i, err := b.Store.Info(ctx)
	i.Recent = b.recent
	return i, err
}

func (b *blurred) Changes(ctx context.Context, after data.Position) iter.Seq2[data.Commit, error] {
	return func(yield func(data.Commit, error) bool) {
		for c, err := range b.Store.Changes(ctx, after) {
			cs := make([]data.Change, 0, len(c.Changes))
			for _, x := range c.Changes {
				if x.ID == "blur" {
					x = data.Change{Collection: x.Collection, Op: data.OpReset}
				}
				cs = append(cs, x)
			}
			c.Changes = cs
			if !yield(c, err) {
				return
			}
		}
	}
}

func openBlurred(t *testing.T, docs ...string) *world {
	t.Helper()
	store, err := pebble.Open(pebble.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	info, err := store.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := &world{t: t, data: data.New(data.Options{Store: store, CursorKey: bytes.Repeat([]byte{7}, 32)})}
	before.use("v1", readRule)
	for _, id := range docs {
		before.write(data.OpCreate, id, `{"public":true}`)
	}
	before.data.Close()
	w := &world{t: t, data: data.New(data.Options{Store: &blurred{store, info.Head}, CursorKey: bytes.Repeat([]byte{7}, 32)})}
	t.Cleanup(func() { w.data.Close() })
	w.use("v1", readRule)
	if w.hub, err = live.New(t.Context(), live.Options{Data: w.data, Key: []byte("node key")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.hub.Close)
	return w
}

// A change that the log does not tell makes the groups of its collection read
// anew, and no others.
func TestAResetReadsTheCollectionAnew(t *testing.T) {
	w := openBlurred(t)
	x := w.connect("x", system)
	x.sub(1, `{"from":"pets"}`)
	x.sub(2, `{"from":"secrets"}`)
	x.live(1)
	x.live(2)
	p, _ := w.write(data.OpCreate, "a", `{"public":true}`)
	x.sync(p)
	p, _ = w.write(data.OpCreate, "blur", `{"public":true}`)
	x.until("the document that nobody told of", func() bool { return len(x.views[1].rows) == 2 && x.views[1].state == "live" })
	x.sync(p)
	if got := x.ids(1); got != "a blur" {
		t.Errorf("pets %s", got)
	}
	resets := 0
	for _, f := range x.log {
		if strings.Contains(f, `"reset"`) {
			if resets++; !strings.Contains(f, `"log_gone"`) || !strings.Contains(f, x.views[1].q) {
				t.Errorf("frame %s", f)
			}
		}
	}
	if resets != 1 {
		t.Errorf("%d resets", resets)
	}
	p, _ = w.write(data.OpDelete, "a", "")
	x.sync(p)
	if got := x.ids(1); got != "blur" {
		t.Errorf("after a delete: %s", got)
	}
	p, _ = w.write(data.OpDelete, "blur", "")
	x.until("the other delete", func() bool { return len(x.views[1].rows) == 0 && x.views[1].state == "live" })
	x.sync(p)
}

// A node whose feed begins in the past shows nothing of the past.
func TestAHubWhoseFeedIsBehindAtTheStart(t *testing.T) {
	for range 10 {
		w := openBlurred(t, "a", "b", "blur", "c")
		x := w.connect("x", user("u"))
		x.sub(1, `{"from":"pets"}`)
		x.live(1)
		p, _ := w.write(data.OpCreate, "d", `{"public":true}`)
		x.sync(p)
		if got := x.ids(1); got != "a b blur c d" {
			t.Errorf("rows %s", got)
		}
		if log := strings.Join(x.log, "\n"); strings.Count(log, `"snap"`) != 1 || strings.Contains(log, `"reset"`) {
			t.Errorf("frames\n%s", log)
		}
	}
}
