package storetest

import (
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

var disks = []test{
	{"below the floor writes are refused and reads go on, above twice the floor they pass again", func(e *env) {
		if e.o.LowDisk == nil {
			e.Fatal("Options.LowDisk is missing")
		}
		const floor = 100 << 20
		s, free := e.o.LowDisk(e.T, floor)
		e.s = s
		free(10 * floor)
		e.commit(e.put("pets", "a", `{"n":1}`))
		e.until("writes are refused", func() bool {
			free(floor - 1)
			_, err := s.Commit(e.ctx(), e.batch(e.put("pets", "b", `{}`)))
			return hutch.CodeOf(err) == hutch.ResourceExhausted
		})
		e.equal(e.json(e.get("pets", "a")), `{"_id":"a","n":1}`)
		e.follow("", func(c data.Commit) bool { return true })
		free(2*floor - 1)
		head, err := s.Info(e.ctx())
		e.must(err)
		e.follow(head.Head, func(c data.Commit) bool { return true }) // a second or more
		_, err = s.Commit(e.ctx(), e.batch(e.put("pets", "c", `{}`)))
		e.is(err, hutch.ResourceExhausted)
		free(2 * floor)
		e.until("writes pass", func() bool {
			_, err := s.Commit(e.ctx(), e.batch(e.put("pets", "c", `{}`)))
			return err == nil
		})
	}},
	{"a large batch that would go below the floor is refused at once", func(e *env) {
		if e.o.LowDisk == nil {
			e.Fatal("Options.LowDisk is missing")
		}
		const floor = 100 << 20
		s, free := e.o.LowDisk(e.T, floor)
		e.s = s
		free(floor + 4<<20)
		e.commit(e.put("pets", "a", `{"n":1}`))
		var ws []data.Write
		for range 4 {
			ws = append(ws, e.put("pets", strings.Repeat("b", 1+len(ws)), `{"pad":"`+strings.Repeat("x", 900<<10)+`"}`))
		}
		_, err := s.Commit(e.ctx(), e.batch(ws...))
		e.is(err, hutch.ResourceExhausted)
		free(floor * 4)
		e.commit(ws...)
	}},
}

// until waits for a condition.
func (e *env) until(what string, f func() bool) {
	e.Helper()
	for ctx := e.ctx(); !f(); {
		if ctx.Err() != nil {
			e.Fatalf("waited too long until %s", what)
		}
	}
}
