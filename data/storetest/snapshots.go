package storetest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

var snapshots = []test{
	{"what is absent is nil without an error", func(e *env) {
		sn := e.snapshot("")
		for _, c := range []string{"pets", "nowhere"} {
			d, err := sn.Get(e.ctx(), c, "a")
			if d != nil || err != nil {
				e.Errorf("%v, %v", d, err)
			}
		}
	}},
	{"a snapshot stays at its position while writes go on", func(e *env) {
		e.configure(data.Collection{Name: "pets", Indexes: []data.Index{index("n")}})
		e.commit(e.put("pets", "a", `{"n":1}`), e.put("pets", "b", `{"n":2}`))
		sn := e.snapshot("")
		d, err := sn.Get(e.ctx(), "pets", "a")
		e.must(err)
		at := sn.Position()
		r := e.commit(e.put("pets", "a", `{"n":9}`), e.put("pets", "b", ""), e.put("pets", "c", `{"n":3}`))
		if at >= r.Position {
			e.Errorf("position %s, the commit has %s", at, r.Position)
		}
		again, err := sn.Get(e.ctx(), "pets", "a")
		e.must(err)
		e.equal(again.String(), d.String())
		for _, order := range [][]data.Order{nil, order("n"), order("-n")} {
			got, err := ids(e.ctx(), sn, &data.Plan{Collection: "pets", OrderBy: order})
			e.must(err)
			if len(got) != 2 {
				e.Errorf("ordered by %v: %v", order, got)
			}
		}
		n, err := sn.Count(e.ctx(), &data.Plan{Collection: "pets"})
		e.must(err)
		if n != 2 || sn.Position() != at {
			e.Errorf("count %d at %s", n, sn.Position())
		}
		e.equal(e.find(data.Plan{Collection: "pets", OrderBy: order("n")}), "c a")
	}},
	{"a snapshot holds what was acknowledged before it was asked for", func(e *env) {
		e.commit(e.put("pets", "a", `{"n":0}`))
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				id := fmt.Sprint("w", w)
				for i := range 100 {
					r, err := e.s.Commit(e.ctx(), e.batch(e.put("pets", id, fmt.Sprintf(`{"n":%d}`, i))))
					if err != nil {
						e.Error(err)
						return
					}
					sn, err := e.s.Snapshot(e.ctx(), "")
					if err != nil {
						e.Error(err)
						return
					}
					d, err := sn.Get(e.ctx(), "pets", id)
					if n, _ := data.Integer(data.Field(d, "n")); err != nil || int(n) != i || sn.Position() < r.Position {
						e.Errorf("%v, %v at %s after %s", d, err, sn.Position(), r.Position)
					}
					sn.Close()
				}
			})
		}
		wg.Wait()
	}},
	{"atLeast waits for nothing older", func(e *env) {
		r := e.commit(e.put("pets", "a", `{"n":1}`))
		sn := e.snapshot(r.Position)
		if d, err := sn.Get(e.ctx(), "pets", "a"); err != nil || d == nil || sn.Position() < r.Position {
			e.Errorf("%v, %v at %s", d, err, sn.Position())
		}
		_, err := e.s.Snapshot(e.ctx(), "not a position")
		e.is(err, hutch.InvalidArgument)
	}},
	{"a position is exact: the log behind it is what the snapshot lacks", func(e *env) {
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for w := range 3 {
			wg.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					if _, err := e.s.Commit(e.ctx(), e.batch(e.put("pets", fmt.Sprint(w), fmt.Sprintf(`{"n":%d}`, i)))); err != nil {
						e.Error(err)
						return
					}
				}
			})
		}
		for range 30 {
			sn := e.snapshot("")
			have := map[string]int64{}
			for d, err := range sn.Find(e.ctx(), &data.Plan{Collection: "pets"}) {
				e.must(err)
				have[data.Text(data.Field(d, data.FieldID))] = version(d)
			}
			seen := 0
			e.follow(sn.Position(), func(c data.Commit) bool {
				for _, ch := range c.Changes {
					seen++
					if version(ch.Before) != have[ch.ID] {
						e.Errorf("behind %s comes %s from %d, the snapshot has %d", sn.Position(), ch.ID, version(ch.Before), have[ch.ID])
					}
					have[ch.ID] = version(ch.After)
				}
				return seen >= 5 || e.Failed()
			})
			sn.Close()
		}
		close(stop)
		wg.Wait()
	}},
	{"a closed snapshot, an ended context and a closed store fail", func(e *env) {
		e.commit(e.put("pets", "a", `{}`))
		sn := e.snapshot("")
		sn.Close()
		sn.Close()
		if _, err := sn.Get(e.ctx(), "pets", "a"); err == nil {
			e.Error("a closed snapshot answers")
		}
		gone, cancel := context.WithCancel(e.ctx())
		cancel()
		_, err := e.s.Snapshot(gone, "")
		e.is(err, hutch.Cancelled)
		_, err = e.s.Commit(gone, e.batch(e.put("pets", "b", `{}`)))
		e.is(err, hutch.Cancelled)
		sn = e.snapshot("")
		_, err = sn.Get(gone, "pets", "a")
		e.is(err, hutch.Cancelled)
		e.must(e.s.Close())
		e.must(e.s.Close())
		_, err = sn.Get(e.ctx(), "pets", "a")
		e.is(err, hutch.Unavailable)
		_, err = e.s.Snapshot(e.ctx(), "")
		e.is(err, hutch.Unavailable)
		_, err = e.s.Commit(e.ctx(), e.batch(e.put("pets", "b", `{}`)))
		e.is(err, hutch.Unavailable)
		for _, err := range e.s.Changes(e.ctx(), "") {
			e.is(err, hutch.Unavailable)
			break
		}
	}},
	{"a snapshot ends after 5 minutes", func(e *env) {
		if e.o.Clock == nil {
			e.Fatal("Options.Clock is missing")
		}
		s, advance := e.o.Clock(e.T)
		_, err := s.Commit(e.ctx(), e.batch(e.put("pets", "a", `{}`)))
		e.must(err)
		sn, err := s.Snapshot(e.ctx(), "")
		e.must(err)
		defer sn.Close()
		advance(5*time.Minute - time.Second)
		_, err = sn.Get(e.ctx(), "pets", "a")
		e.must(err)
		advance(2 * time.Second)
		_, err = sn.Get(e.ctx(), "pets", "a")
		e.is(err, hutch.Aborted)
		_, err = ids(e.ctx(), sn, &data.Plan{Collection: "pets"})
		e.is(err, hutch.Aborted)
		_, err = sn.Count(e.ctx(), &data.Plan{Collection: "pets"})
		e.is(err, hutch.Aborted)
	}},
	{"a reopened store holds everything", func(e *env) {
		if e.o.Reopen == nil {
			e.Fatal("Options.Reopen is missing")
		}
		e.configure(data.Collection{Name: "pets", Indexes: []data.Index{index("n"), unique("chip")}})
		var last data.Position
		for i := range 50 {
			last = e.commit(e.put("pets", fmt.Sprintf("%02d", i), fmt.Sprintf(`{"n":%d,"chip":%d}`, i%7, i))).Position
		}
		before, err := e.s.Info(e.ctx())
		e.must(err)
		e.s = e.o.Reopen(e.T, e.s)
		after, err := e.s.Info(e.ctx())
		e.must(err)
		if before.Epoch != after.Epoch || after.Epoch == "" || after.Head < last {
			e.Errorf("info %+v, was %+v, last position %s", after, before, last)
		}
		b := data.Budget{}
		e.equal(e.find(data.Plan{Collection: "pets", Where: e.where(`{"n":3}`), OrderBy: order("n"), Limit: 3, Budget: &b}), "03 10 17")
		e.equal(b.Index, "n")
		_, err = e.s.Commit(e.ctx(), e.batch(e.put("pets", "x", `{"chip":1}`)))
		e.is(err, hutch.AlreadyExists)
		if r := e.commit(e.put("pets", "x", `{}`)); r.Position <= last {
			e.Errorf("position %s after %s", r.Position, last)
		}
		n := 0
		e.follow("", func(c data.Commit) bool {
			n += len(c.Changes)
			return len(c.Changes) > 0 && c.Changes[0].ID == "x"
		})
		if n != 51 {
			e.Errorf("%d changes in the log", n)
		}
	}},
}
