package live_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/live"
)

// TestMoreEndsWithTheRowsBeyond: a full window whose last row beyond leaves says
// so, by a delete, an update or a right.
func TestMoreEndsWithTheRowsBeyond(t *testing.T) {
	for name, leave := range map[string]func(w *world){
		"deleted": func(w *world) { w.write(data.OpDelete, "d", "") },
		"updated": func(w *world) { w.write(data.OpUpdate, "d", `{"tag":"y"}`) },
		"hidden":  func(w *world) { w.write(data.OpUpdate, "d", `{"public":false}`) },
	} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			for i, id := range []string{"a", "b", "c", "d"} {
				w.write(data.OpCreate, id, fmt.Sprintf(`{"public":true,"n":%d,"tag":"x"}`, i))
			}
			x := w.connect("x", hutch.Principal{})
			x.sub(1, `{"from":"pets","where":{"tag":"x"},"orderBy":["n"],"limit":3}`)
			x.live(1)
			if !x.views[1].more {
				t.Fatal("a fourth row is not told")
			}
			leave(w)
			x.until("more:false", func() bool { return !x.views[1].more })
			if got := x.ids(1); got != "a b c" {
				t.Errorf("the window is %q", got)
			}
		})
	}
}

// TestS50AnswersThatNobodyReadsEndTheClient: what is never dropped is bounded.
func TestS50AnswersThatNobodyReadsEndTheClient(t *testing.T) {
	w := open(t)
	c := w.hub.Connect(hutch.Principal{}, data.Request{Op: data.OpList}, func() {})
	defer c.Close()
	pong, sent := []byte(`{"t":"pong","n":1}`), 0
	for ; !c.Stuck() && sent < 1<<20; sent++ {
		c.Send(pong)
	}
	if !c.Stuck() {
		t.Fatal("a million answers wait")
	}
	if sent < 1000 {
		t.Errorf("ended after %d small answers", sent)
	}
	c.Send(pong)
	if got := c.Take(nil); len(got) != 0 {
		t.Errorf("%d frames of a client that was given up", len(got))
	}
}

func TestS50SyncsAreBounded(t *testing.T) {
	w := open(t)
	x := w.connect("x", hutch.Principal{})
	for range 300 {
		x.c.Sync("ffffffffffffffff")
	}
	refused := func() int { return strings.Count(strings.Join(x.log, "\n"), `"code":"resource_exhausted"`) }
	x.until("the refusals", func() bool { return refused() == 300-256 })
}

// TestFinishIsTheEnd: the last frame is the last, data before it on wish.
func TestFinishIsTheEnd(t *testing.T) {
	for _, keep := range []bool{true, false} {
		w := open(t)
		w.write(data.OpCreate, "a", `{"public":true}`)
		rung := make(chan struct{}, 1)
		c := w.hub.Connect(hutch.Principal{}, data.Request{Op: data.OpList}, func() {
			select {
			case rung <- struct{}{}:
			default:
			}
		})
		c.Sub(t.Context(), 1, query(t, `{"from":"pets"}`))
		other := w.connect("other", hutch.Principal{})
		other.sub(1, `{"from":"pets"}`)
		other.live(1)
		v, _ := w.write(data.OpUpdate, "a", `{"n":1}`)
		other.sync(v)
		c.Finish([]byte(`{"t":"bye"}`), keep)
		c.Finish([]byte(`{"t":"again"}`), keep)
		c.Send([]byte(`{"t":"late"}`))
		c.Sub(t.Context(), 2, query(t, `{"from":"pets"}`))
		w.write(data.OpUpdate, "a", `{"n":2}`)
		<-rung
		var all []string
		for fs := c.Take(nil); len(fs) > 0; fs = c.Take(nil) {
			for _, f := range fs {
				all = append(all, string(f.Text))
			}
		}
		got := strings.Join(all, "\n")
		if !strings.HasSuffix(got, `{"t":"bye"}`) || strings.Contains(got, `"snap"`) != keep {
			t.Errorf("keep %t: %s", keep, got)
		}
		c.Close()
	}
}

// TestS50RefusalsComeInOrder: the answer to an id's last subscription is the last.
func TestS50RefusalsComeInOrder(t *testing.T) {
	w := open(t)
	x := w.connect("x", hutch.Principal{})
	x.sub(1, `{"from":"pets"}`)
	x.c.Unsub(1)
	x.c.Refuse(1, hutch.Errorf(hutch.InvalidArgument, "no"))
	x.sync(w.hub.Position())
	subbed, end := -1, -1
	for i, f := range x.log {
		if strings.Contains(f, `"t":"subbed"`) {
			subbed = i
		} else if strings.Contains(f, `"t":"end"`) {
			end = i
		}
	}
	if subbed < 0 || end < subbed {
		t.Errorf("subbed is frame %d, end %d", subbed, end)
	}
}

// TestTakesAreBounded: a slow writer holds little beside the queue, and never a
// part of a commit.
func TestTakesAreBounded(t *testing.T) {
	w := open(t)
	w.write(data.OpCreate, "a", `{"public":true}`)
	x := w.connect("x", hutch.Principal{})
	for id := range int64(8) {
		x.sub(id, fmt.Sprintf(`{"from":"pets","limit":%d}`, id+1))
		x.live(id)
	}
	for range 3 {
		v, _ := w.write(data.OpUpdate, "a", fmt.Sprintf(`{"pad":%q}`, strings.Repeat("x", 40<<10)))
		other := w.connect("other", hutch.Principal{})
		other.sync(v)
	}
	commits := 0
	var batch []*live.Frame
	for batch = x.c.Take(nil); len(batch) > 0; batch = x.c.Take(nil) {
		size := 0
		for _, f := range batch {
			size += len(f.Text)
		}
		if size > 1<<20 {
			t.Errorf("%d bytes at once", size)
		}
		if text := string(batch[len(batch)-1].Text); strings.Contains(text, `"delta"`) {
			commits++
			if !strings.HasSuffix(text, `"end":true}`) {
				t.Error("a batch ends within a commit")
			}
		}
	}
	if commits == 0 {
		t.Error("no deltas")
	}
}
