package storetest

import (
	"fmt"
	"sync"

	"github.com/hutch-dev/hutch/data"
)

var usages = []test{
	{"usage tells what each collection holds", func(e *env) {
		e.configure(data.Collection{Name: "herd", Indexes: []data.Index{index("n"), unique("k")}}, data.Collection{Name: "void"})
		if u := e.usage("herd"); u.Docs != 0 || !u.Exact || len(u.Indexes) != 2 {
			e.Fatalf("%+v", u)
		}
		e.commit(e.put("herd", "a", `{"n":1,"k":1}`), e.put("herd", "b", `{"n":1,"k":2}`), e.put("other", "a", `{}`))
		e.commit(e.put("herd", "a", `{"n":1,"k":1}`), e.put("herd", "c", `{"n":1,"k":3,"text":"some more"}`))
		e.commit(e.put("herd", "b", ""), e.put("herd", "gone", ""))
		e.holds("herd", 2)
		e.holds("other", 1)
		e.holds("void", 0)
		for i, ix := range e.usage("herd").Indexes {
			if want := []data.Index{index("n"), unique("k")}[i]; ix.Name != want.Name || ix.Unique != want.Unique || !ix.Ready {
				e.Errorf("index %+v, want %+v", ix, want)
			}
		}
		if e.o.Reopen != nil {
			e.s = e.o.Reopen(e.T, e.s)
			e.holds("herd", 2)
			e.commit(e.put("herd", "d", `{"k":9}`))
			e.holds("herd", 3)
		}
	}},
	{"usage holds while writers write", func(e *env) {
		var wg sync.WaitGroup
		for w := range 6 {
			wg.Go(func() {
				for i := range 40 {
					id := fmt.Sprint(i % 9)
					write := e.put("herd", id, fmt.Sprintf(`{"w":%d,"i":%d}`, w, i))
					if (i+w)%3 == 0 {
						write = e.put("herd", id, "")
					}
					if _, err := e.s.Commit(e.ctx(), e.batch(write, e.put("herd", fmt.Sprint(w, " ", i), `{}`))); err != nil {
						e.Error(err)
						return
					}
					if _, err := e.s.Usage(e.ctx()); err != nil {
						e.Error(err)
					}
				}
			})
		}
		wg.Wait()
		n, err := e.snapshot("").Count(e.ctx(), &data.Plan{Collection: "herd"})
		e.must(err)
		e.holds("herd", n)
	}},
}

// usage is what the store tells of a collection.
func (e *env) usage(coll string) data.Usage {
	e.Helper()
	all, err := e.s.Usage(e.ctx())
	e.must(err)
	for i, u := range all {
		if i > 0 && all[i-1].Collection >= u.Collection {
			e.Errorf("%s stands behind %s", u.Collection, all[i-1].Collection)
		}
		if u.Collection == coll {
			return u
		}
	}
	e.Fatalf("no collection %s in %+v", coll, all)
	return data.Usage{}
}

// holds checks a collection's number of documents and their bytes.
func (e *env) holds(coll string, docs int64) {
	e.Helper()
	var bytes int64
	for d, err := range e.snapshot("").Find(e.ctx(), &data.Plan{Collection: coll}) {
		e.must(err)
		bytes += int64(len(d))
	}
	if u := e.usage(coll); u.Docs != docs || u.Bytes != bytes || !u.Exact {
		e.Errorf("%s: %d documents of %d bytes, exact %v; want %d of %d", coll, u.Docs, u.Bytes, u.Exact, docs, bytes)
	}
}
