package storetest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

var indexes = []test{
	{"an index is whole when Configure returns, though writes went on", func(e *env) {
		e.herd(3000)
		var stop atomic.Bool
		var wg sync.WaitGroup
		for w := range 3 {
			wg.Go(func() {
				for i := w; !stop.Load(); i += 7 {
					id := fmt.Sprintf("%05d", i%3300)
					write := e.put("herd", id, fmt.Sprintf(`{"n":%d,"k":%d,"tags":["t%d","t%d"]}`, i%3300, i%11, i%5, i%3))
					if i%13 == 0 {
						write = e.put("herd", id, "")
					}
					if _, err := e.s.Commit(e.ctx(), e.batch(write)); err != nil {
						e.Error(err)
						return
					}
				}
			})
		}
		e.configure(data.Collection{Name: "herd", Indexes: []data.Index{index("k"), index("tags"), unique("n")}})
		stop.Store(true)
		wg.Wait()
		all := e.find(data.Plan{Collection: "herd"})
		n := 0
		for k := range 11 {
			p := data.Plan{Collection: "herd", Where: e.where(fmt.Sprintf(`{"k":%d}`, k)), Budget: &data.Budget{}}
			n += len(strings.Fields(e.find(p)))
			if p.Budget.Index != "k" {
				e.Fatalf("%+v", p.Budget)
			}
		}
		if n != len(strings.Fields(all)) {
			e.Errorf("%d documents by index, %d in all", n, len(strings.Fields(all)))
		}
		_, err := e.s.Commit(e.ctx(), e.batch(e.put("herd", "new", `{"n":1500}`), e.put("herd", "newer", `{"n":1500}`)))
		e.is(err, hutch.AlreadyExists)
	}},
	{"an index that is gone is not used, and may come again", func(e *env) {
		e.herd(100, index("k"), index("n"))
		plan := func() (string, string) {
			p := data.Plan{Collection: "herd", Where: e.where(`{"k":3}`), Budget: &data.Budget{}}
			return e.find(p), p.Budget.Index
		}
		want, ix := plan()
		e.equal(ix, "k")
		e.configure(data.Collection{Name: "herd", Indexes: []data.Index{index("n")}})
		got, ix := plan()
		e.equal(got, want)
		e.equal(ix, "_id")
		e.commit(e.put("herd", "00003", `{"k":4}`), e.put("herd", "x", `{"k":3}`))
		e.configure(data.Collection{Name: "herd", Indexes: []data.Index{index("k")}})
		got, ix = plan()
		e.equal(got, strings.TrimPrefix(want, "00003 ")+" x")
		e.equal(ix, "k")
		e.configure()
		_, ix = plan()
		e.equal(ix, "_id")
	}},
	{"an index of another definition under an old name replaces it", func(e *env) {
		e.herd(100, data.Index{Name: "ix", Fields: order("k")})
		e.configure(data.Collection{Name: "herd", Indexes: []data.Index{{Name: "ix", Fields: order("n")}}})
		p := data.Plan{Collection: "herd", Where: e.where(`{"n":7}`), Budget: &data.Budget{}}
		e.equal(e.find(p), "00007")
		if p.Budget.Docs != 1 {
			e.Errorf("%+v", p.Budget)
		}
	}},
	{"a unique index over equal values is refused and the old set serves", func(e *env) {
		e.herd(200, index("k"))
		err := e.s.Configure(e.ctx(), []data.Collection{{Name: "herd", Indexes: []data.Index{unique("k"), index("n")}}}, true)
		e.is(err, hutch.FailedPrecondition)
		p := data.Plan{Collection: "herd", Where: e.where(`{"k":3}`), Budget: &data.Budget{}}
		e.find(p)
		e.equal(p.Budget.Index, "k")
		e.commit(e.put("herd", "x", `{"k":3}`))
		e.configure(data.Collection{Name: "herd", Indexes: []data.Index{unique("n")}})
		_, err = e.s.Commit(e.ctx(), e.batch(e.put("herd", "y", `{"n":7}`)))
		e.is(err, hutch.AlreadyExists)
	}},
	{"an array has an entry an element, one array a document", func(e *env) {
		e.configure(data.Collection{Name: "zoo", Indexes: []data.Index{index("t,n"), index("a,b")}})
		e.commit(e.put("zoo", "a", `{"t":["x","y"],"n":1}`), e.put("zoo", "b", `{"t":["y","z"],"n":2}`), e.put("zoo", "c", `{"t":"y","n":0}`))
		p := data.Plan{Collection: "zoo", Where: e.where(`{"t":"y"}`), OrderBy: order("n"), Budget: &data.Budget{}}
		e.equal(e.find(p), "c a b")
		if p.Budget.Index != "t,n" || p.Budget.Docs != 3 {
			e.Errorf("%+v", p.Budget)
		}
		e.equal(e.find(data.Plan{Collection: "zoo", Where: e.where(`{"t":{"$gte":"x"}}`), OrderBy: order("t")}), "a b c")
		e.commit(e.put("zoo", "a", `{"t":["y"],"n":3}`))
		e.equal(e.find(data.Plan{Collection: "zoo", Where: e.where(`{"t":"x"}`)}), "")
		_, err := e.s.Commit(e.ctx(), e.batch(e.put("zoo", "d", `{"a":[1,2],"b":[1,2]}`)))
		e.is(err, hutch.InvalidArgument)
		e.commit(e.put("zoo", "d", `{"a":[1,2],"b":1}`), e.put("zoo", "f", `{"a":1,"b":[1,2]}`))
	}},
	{"an indexed array has at most 1,000 elements", func(e *env) {
		e.configure(data.Collection{Name: "zoo", Indexes: []data.Index{index("t")}})
		list := func(n int) string {
			s := make([]string, n)
			for i := range s {
				s[i] = fmt.Sprint(i)
			}
			return `{"t":[` + strings.Join(s, ",") + `]}`
		}
		e.commit(e.put("zoo", "a", list(1000)))
		_, err := e.s.Commit(e.ctx(), e.batch(e.put("zoo", "a", list(1001))))
		e.is(err, hutch.InvalidArgument)
	}},
	{"an index that cannot be is refused", func(e *env) {
		for _, ix := range []data.Index{
			{Name: "none"},
			{Name: "five", Fields: order("a,b,c,d,e")},
			{Name: "twice", Fields: order("a,-a")},
			{Name: "path", Fields: order("a..b")},
			{Fields: order("a")},
		} {
			err := e.s.Configure(e.ctx(), []data.Collection{{Name: "zoo", Indexes: []data.Index{ix}}}, true)
			e.is(err, hutch.InvalidArgument)
		}
		e.configure(data.Collection{Name: "zoo", Indexes: []data.Index{index("a,b,c,d")}})
	}},
}
