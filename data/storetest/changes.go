package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

var changes = []test{
	{"changes come as whole commits in order, with old and new image", func(e *env) {
		r1 := e.commit(e.create("pets", "a", `{"n":1}`), e.create("shops", "s", `{}`))
		r2 := e.commit(e.put("pets", "a", `{"n":2}`), e.put("shops", "s", ""))
		var got []string
		var cs []data.Commit
		e.follow("", func(c data.Commit) bool {
			if len(c.Changes) == 0 {
				return false // progress
			}
			for _, x := range inOrder(c.Changes) {
				got = append(got, fmt.Sprintf("%s %s/%s %s>%s", x.Op, x.Collection, x.ID, e.json(x.Before), e.json(x.After)))
			}
			cs = append(cs, c)
			return c.Position == r2.Position
		})
		e.equal(strings.Join(got, "\n"), strings.Join([]string{
			`create pets/a absent>{"_id":"a","n":1}`, `create shops/s absent>{"_id":"s"}`,
			`update pets/a {"_id":"a","n":1}>{"_id":"a","n":2}`, `delete shops/s {"_id":"s"}>absent`,
		}, "\n"))
		if len(cs) != 2 || cs[0].Position != r1.Position || cs[0].At.IsZero() {
			e.Errorf("commits %v", cs)
		}
		e.equal(cs[1].Changes[0].Before.String(), r1.Changes[0].After.String())
	}},
	{"a follower resumes behind any position, before or after a restart", func(e *env) {
		var all []data.Position
		for i := range 40 {
			all = append(all, e.commit(e.put("pets", fmt.Sprint(i%5), fmt.Sprintf(`{"n":%d}`, i))).Position)
		}
		check := func() {
			for from := 0; from < len(all)-1; from += 7 {
				i := from + 1
				e.follow(all[from], func(c data.Commit) bool {
					if len(c.Changes) == 0 {
						return false // progress
					}
					if c.Position != all[i] {
						e.Fatalf("behind %s comes %s, want %s", all[i-1], c.Position, all[i])
					}
					i++
					return i == len(all)
				})
			}
		}
		check()
		if e.o.Reopen != nil {
			e.s = e.o.Reopen(e.T, e.s)
			check()
		}
	}},
	{"a follower comes from far behind", func(e *env) {
		var wg sync.WaitGroup
		for w := range 20 {
			wg.Go(func() {
				for i := range 100 {
					if _, err := e.s.Commit(e.ctx(), e.batch(e.put("pets", fmt.Sprint(w), fmt.Sprintf(`{"n":%d}`, i)))); err != nil {
						e.Error(err)
					}
				}
			})
		}
		wg.Wait()
		n := 0
		latest := map[string]int64{}
		e.follow("", func(c data.Commit) bool {
			for _, x := range c.Changes { // of other documents: a writer waits for its commit
				n++
				if version(x.Before) != latest[x.ID] {
					e.Fatalf("change %d is of %s, not %d", n, x.Before, latest[x.ID])
				}
				latest[x.ID] = version(x.After)
			}
			return n == 2000
		})
	}},
	{"a follower hears of a commit without further writes", func(e *env) {
		heard := make(chan data.Position)
		ctx, cancel := context.WithCancel(e.ctx())
		defer cancel()
		go func() {
			defer close(heard)
			for c, err := range e.s.Changes(ctx, "") {
				if err != nil {
					return
				}
				if len(c.Changes) > 0 {
					heard <- c.Position
				}
			}
		}()
		for i := range 20 {
			r := e.commit(e.put("pets", "a", fmt.Sprintf(`{"n":%d}`, i)))
			if got := <-heard; got != r.Position {
				e.Fatalf("heard of %q, want %s", got, r.Position)
			}
		}
		cancel()
		for range heard {
			e.Error("a commit after the end")
		}
	}},
	{"progress comes when nothing happens", func(e *env) {
		r := e.commit(e.put("pets", "a", `{}`))
		n := 0
		e.follow(r.Position, func(c data.Commit) bool {
			if len(c.Changes) > 0 || c.Position < r.Position {
				e.Fatalf("%+v", c)
			}
			n++
			return n == 2
		})
	}},
	{"many followers and writers: every one sees each commit once, in order", func(e *env) {
		const writers, each, followers = 4, 60, 3
		var wg, readers sync.WaitGroup
		seen := make([][]string, followers)
		for f := range followers {
			readers.Go(func() {
				for c, err := range e.s.Changes(e.ctx(), "") {
					if err != nil {
						e.Error(err)
						return
					}
					for _, x := range inOrder(c.Changes) {
						seen[f] = append(seen[f], fmt.Sprint(c.Position, " ", x.ID))
					}
					if len(seen[f]) == writers*each {
						return
					}
				}
			})
		}
		for w := range writers {
			wg.Go(func() {
				for i := range each {
					if _, err := e.s.Commit(e.ctx(), e.batch(e.put("pets", fmt.Sprint(w), fmt.Sprintf(`{"n":%d}`, i)))); err != nil {
						e.Error(err)
					}
				}
			})
		}
		wg.Wait()
		readers.Wait()
		for f := range seen {
			for i := range seen[f] {
				if i > 0 && seen[f][i] <= seen[f][i-1] || seen[f][i] != seen[0][i] {
					e.Fatalf("follower %d sees %s at %d", f, seen[f][i], i)
				}
			}
		}
	}},
	{"busy collections of the system are logged without images, if at all", func(e *env) {
		for _, c := range []string{"_jobs", "_runs", "_inputs", "_counts", "_idempotency", "_lines", "_logs", "_metrics", "_users"} {
			e.commit(e.create(c, "a", `{"n":1}`))
		}
		e.commit(e.put("_jobs", "a", ""))
		e.commit(e.put("_users", "a", ""))
		check := func() {
			jobs, users := 0, 0
			e.follow("", func(c data.Commit) bool {
				for _, x := range c.Changes {
					switch images := x.After != nil || x.Before != nil; {
					case x.Collection == "_users":
						users++
					case images || x.ID != "a":
						e.Errorf("logged %+v", x)
					case x.Collection == "_jobs" && x.Op == data.OpCreate:
						jobs++
					}
				}
				return users == 2
			})
			if jobs != 1 {
				e.Errorf("%d creates of jobs", jobs)
			}
		}
		check()
		if e.o.Reopen != nil {
			e.s = e.o.Reopen(e.T, e.s)
			check()
		}
	}},
	{"a log that was cut says so", func(e *env) {
		if e.o.ShortLog == nil {
			e.Fatal("Options.ShortLog is missing")
		}
		const kept = 256 << 10
		e.s = e.o.ShortLog(e.T, kept)
		first := e.commit(e.put("pets", "a", `{"n":0}`)).Position
		gone := func(from data.Position) bool {
			for _, err := range e.s.Changes(e.ctx(), from) {
				if err != nil && !errors.Is(err, data.ErrLogGone) {
					e.Fatalf("from %q: %v", from, err)
				}
				return err != nil
			}
			return false
		}
		pad := strings.Repeat("x", 100<<10)
		var last data.Position
		for i := 0; !gone(first); i++ { // each write logs two images
			if i == 2000 {
				e.Fatal("the log never moved on")
			}
			last = e.commit(e.put("pets", "a", fmt.Sprintf(`{"n":%d,"pad":%q}`, i, pad))).Position
		}
		if !gone("") {
			e.Error("before all is not gone")
		}
		var info data.Info
		e.until("the log says where it begins", func() bool {
			var err error
			info, err = e.s.Info(e.ctx())
			e.must(err)
			return info.Oldest > first && info.Oldest <= last && info.Head >= last
		})
		e.follow(info.Oldest, func(c data.Commit) bool { return c.Position >= last })
		if e.get("pets", "a") == nil {
			e.Error("the document went with the log")
		}
	}},
	{"a position beyond the head is of another store", func(e *env) {
		e.commit(e.put("pets", "a", `{}`))
		for _, err := range e.s.Changes(e.ctx(), "fffffff000000001") {
			e.is(err, hutch.FailedPrecondition)
			break
		}
		for _, err := range e.s.Changes(e.ctx(), "xyz") {
			e.is(err, hutch.InvalidArgument)
			break
		}
	}},
}

// inOrder gives a commit's changes, whose order says nothing, in one.
func inOrder(cs []data.Change) []data.Change {
	cs = slices.Clone(cs)
	slices.SortFunc(cs, func(a, b data.Change) int {
		return cmp.Or(cmp.Compare(a.Collection, b.Collection), cmp.Compare(a.ID, b.ID))
	})
	return cs
}
