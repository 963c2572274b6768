package live_test

import (
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/data"
)

// TestS45DeliveriesShowTheirPosition: what could be read at a position is sent for
// it and taken back at the next; when the reader's rights change, nothing of what
// waits for him is sent any more.
func TestS45DeliveriesShowTheirPosition(t *testing.T) {
	w := open(t)
	x := w.connect("x", user("u1"))
	x.sub(1, `{"from":"pets"}`)
	x.live(1)
	w.write(data.OpCreate, "moved", `{"public":true,"n":1}`)
	v, _ := w.write(data.OpUpdate, "moved", `{"public":false,"n":2}`)
	x.sync(v)
	all := strings.Join(x.log, "\n")
	set, out := strings.Index(all, `"op":"set","doc":{"_id":"moved"`), strings.Index(all, `"op":"out","id":"moved"`)
	if set < 0 || out < set || strings.Contains(all, `"n":2`) {
		t.Errorf("set, then out, and nothing of the hidden state:\n%s", all)
	}

	v, _ = w.write(data.OpCreate, "mine", `{"owner":"u1","n":3}`)
	other := w.connect("other", user("u1"))
	other.sub(1, `{"from":"pets"}`)
	other.live(1)
	other.sync(v) // the hub has queued it for x too, who has not read
	x.log = nil
	x.become(user("u2"), "second")
	x.live(1)
	if all := strings.Join(x.log, "\n"); strings.Contains(all, "mine") {
		t.Errorf("what waited for u1 was sent to u2:\n%s", all)
	}
}
