package live_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func TestSnapshotThenDeltas(t *testing.T) {
	w := open(t)
	w.write(data.OpCreate, "a", `{"public":true,"n":1,"tag":"x"}`)
	w.write(data.OpCreate, "b", `{"public":true,"n":3,"tag":"x"}`)
	x := w.connect("x", hutch.Principal{})
	x.sub(1, `{"from":"pets","where":{"tag":"x"},"orderBy":[["n","desc"]]}`)
	x.live(1)
	if got := x.ids(1); got != "b a" {
		t.Fatalf("snapshot %q", got)
	}
	steps := []struct {
		op       data.Op
		id, doc  string
		want     string
		contains string
	}{
		{data.OpCreate, "c", `{"public":true,"n":2,"tag":"x"}`, "b c a", `"op":"set"`},
		{data.OpUpdate, "a", `{"n":9}`, "a b c", `"at":0`},
		{data.OpUpdate, "b", `{"tag":"y"}`, "a c", `"op":"out","id":"b"`},
		{data.OpUpdate, "c", `{"public":false}`, "a", `"op":"out","id":"c"`},
		{data.OpDelete, "a", ``, "", `"op":"del","id":"a"`},
	}
	for _, s := range steps {
		v, _ := w.write(s.op, s.id, s.doc)
		x.sync(v)
		if got := x.ids(1); got != s.want {
			t.Errorf("after %s %s: %q, want %q", s.op, s.id, got, s.want)
		}
		if all := strings.Join(x.log, "\n"); !strings.Contains(all, s.contains) {
			t.Errorf("after %s %s no frame has %s", s.op, s.id, s.contains)
		}
	}
}

func TestWindowsRefill(t *testing.T) {
	w := open(t)
	for i := range 9 {
		w.write(data.OpCreate, fmt.Sprintf("p%d", i), fmt.Sprintf(`{"public":true,"n":%d,"tag":"x"}`, i))
	}
	x := w.connect("x", hutch.Principal{})
	x.sub(1, `{"from":"pets","orderBy":["n"],"limit":3}`)
	x.live(1)
	if got := x.ids(1); got != "p0 p1 p2" || !x.views[1].more {
		t.Fatalf("window %q, more %v", got, x.views[1].more)
	}
	w.write(data.OpDelete, "p0", "")
	x.until("the row from beyond", func() bool { return len(x.views[1].rows) == 3 && x.views[1].rows[2].ID == "p3" })
	v, _ := w.write(data.OpCreate, "first", `{"public":true,"n":-1,"tag":"x"}`)
	x.sync(v)
	if got := x.ids(1); got != "first p1 p2" {
		t.Errorf("a row pushed in gives %q", got)
	}
	for _, id := range []string{"p1", "p2", "p3", "p4", "p5", "p6", "p7"} {
		w.write(data.OpDelete, id, "")
	}
	x.until("the end of the rows", func() bool { return len(x.views[1].rows) == 2 && !x.views[1].more })
	if got := x.ids(1); got != "first p8" {
		t.Errorf("at the end %q", got)
	}
}

func TestEqualQueriesShareAGroup(t *testing.T) {
	w := open(t)
	w.write(data.OpCreate, "a", `{"public":true,"n":1,"tag":"x"}`)
	a, b := w.connect("a", user("u1")), w.connect("b", user("u2"))
	const q = `{"from":"pets","where":{"public":true}}`
	for _, x := range []*peer{a, b} {
		x.sub(1, q)
		x.live(1)
	}
	if a.views[1].q == b.views[1].q {
		t.Error("an owner's rule makes a group of its own: u1 sees his private documents")
	}
	a.sub(2, q)
	a.until("the second subscription", func() bool { return a.views[2].q != "" && a.views[2].state == "live" })
	if a.views[2].q != a.views[1].q || a.ids(2) != "a" {
		t.Errorf("the same query again is %q with %q", a.views[2].q, a.ids(2))
	}
	v, _ := w.write(data.OpUpdate, "a", `{"n":2}`)
	a.sync(v)
	n := 0
	for _, f := range a.log {
		if strings.Contains(f, `"t":"delta"`) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d frames for two subscriptions of one group", n)
	}
}

func TestDeniedSubscriptionsEnd(t *testing.T) {
	w := open(t)
	for _, c := range []struct {
		name, q string
		as      hutch.Principal
		code    hutch.Code
	}{
		{"a guest without a rule", `{"from":"secrets"}`, hutch.Principal{}, hutch.Unauthenticated},
		{"a user without a rule", `{"from":"secrets"}`, user("u1"), hutch.PermissionDenied},
		{"an unknown collection", `{"from":"nowhere"}`, user("u1"), hutch.PermissionDenied},
		{"a system collection", `{"from":"pets","where":{"n":{"$gt":1}},"limit":1000,"count":true}`, user("u1"), hutch.Unimplemented},
	} {
		x := w.connect(c.name, c.as)
		x.sub(1, c.q)
		x.until("end", func() bool { return x.views[1].state == "over" })
		if x.views[1].code != string(c.code) {
			t.Errorf("%s: %s, want %s", c.name, x.views[1].code, c.code)
		}
	}
}

func TestS47AnotherUserSeesNothingOfTheFirst(t *testing.T) {
	w := open(t)
	w.write(data.OpCreate, "mine", `{"owner":"u1","n":1}`)
	w.write(data.OpCreate, "yours", `{"owner":"u2","n":1}`)
	x := w.connect("x", user("u1"))
	x.sub(1, `{"from":"pets"}`)
	x.live(1)
	for i := range 50 { // a queue full of the first user's documents
		w.write(data.OpUpdate, "mine", fmt.Sprintf(`{"n":%d}`, i))
	}
	x.seen = func(_ string, r row, as hutch.Principal) {
		if as.UID == "u2" && r.ID == "mine" {
			t.Errorf("u2 was sent %s", r.raw)
		}
	}
	x.become(user("u2"), "second")
	x.live(1)
	if got := x.ids(1); got != "yours" {
		t.Errorf("u2 sees %q", got)
	}
	v, _ := w.write(data.OpUpdate, "mine", `{"n":-1}`)
	x.sync(v)
	if got := x.ids(1); got != "yours" {
		t.Errorf("after a change u2 sees %q", got)
	}
}

func TestNewRulesBindAnew(t *testing.T) {
	w := open(t)
	w.write(data.OpCreate, "a", `{"owner":"u1","n":1}`)
	w.write(data.OpCreate, "b", `{"owner":"u1","n":5}`)
	x := w.connect("x", user("u1"))
	x.sub(1, `{"from":"pets"}`)
	x.live(1)
	w.use("v2", "resource.n > 3")
	x.become(user("u1"), "again")
	x.live(1)
	if got := x.ids(1); got != "b" {
		t.Errorf("under the new rules %q", got)
	}
}

func TestSlowClientsAreReset(t *testing.T) {
	w := open(t)
	w.write(data.OpCreate, "a", `{"public":true,"n":0}`)
	slow, fast := w.connect("slow", hutch.Principal{}), w.connect("fast", hutch.Principal{})
	for _, x := range []*peer{slow, fast} {
		x.sub(1, `{"from":"pets"}`)
		x.live(1)
	}
	big := strings.Repeat("x", 100<<10)
	var v data.Position
	for i := range 15 {
		v, _ = w.write(data.OpUpdate, "a", fmt.Sprintf(`{"n":%d,"pad":%q}`, i, big))
	}
	fast.sync(v)
	slow.sync(v)
	if !strings.Contains(strings.Join(slow.log, "\n"), `"t":"reset"`) {
		t.Error("1.5 MB that nobody read led to no reset")
	}
	if slow.rows(1) != fast.rows(1) {
		t.Errorf("slow %q, fast %q", slow.rows(1), fast.rows(1))
	}
}

func TestUnsubscribedIsSilent(t *testing.T) {
	w := open(t)
	x := w.connect("x", hutch.Principal{})
	x.sub(1, `{"from":"pets"}`)
	x.live(1)
	x.c.Unsub(1)
	v, _ := w.write(data.OpCreate, "a", `{"public":true}`)
	x.sync(v)
	if got := x.ids(1); got != "" {
		t.Errorf("after unsub %q came", got)
	}
	x.sub(2, `{"from":"pets"}`)
	x.sub(2, `{"from":"pets","where":{"tag":"no"}}`) // a reused id ends the old one
	x.live(2)
	v, _ = w.write(data.OpCreate, "b", `{"public":true}`)
	x.sync(v)
	if got := x.ids(2); got != "" {
		t.Errorf("the old subscription of the id still sends %q", got)
	}
}
