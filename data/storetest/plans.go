package storetest

import (
	"fmt"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// herd fills a collection with documents of about 100 bytes.
func (e *env) herd(n int, ixs ...data.Index) {
	e.Helper()
	e.configure(data.Collection{Name: "herd", Indexes: ixs})
	ws := make([]data.Write, 0, 500)
	for i := range n {
		ws = append(ws, e.put("herd", fmt.Sprintf("%05d", i), fmt.Sprintf(`{"n":%d,"k":%d,"pad":%q}`, i, i%10, strings.Repeat("x", 40))))
		if len(ws) == 500 || i == n-1 {
			e.commit(ws...)
			ws = ws[:0]
		}
	}
}

// spent runs a plan under a budget and gives what it came to.
func (e *env) spent(p data.Plan, b data.Budget) (found int, after data.Budget, err error) {
	e.Helper()
	p.Collection, p.Budget = "herd", &b
	sn := e.snapshot("")
	defer sn.Close()
	got, err := ids(e.ctx(), sn, &p)
	return len(got), b, err
}

var plans = []test{
	{"S28: a query may examine as many documents as its budget says, and none more", func(e *env) {
		e.herd(500, index("k"))
		for _, x := range []struct {
			where   string
			examine int64
		}{{`{}`, 500}, {`{"pad":"none"}`, 500}, {`{"k":3}`, 50}, {`{"k":3,"n":7}`, 50}, {`{"$or":[{"k":3},{"k":4}]}`, 100}} {
			p := data.Plan{Where: e.where(x.where)}
			_, b, err := e.spent(p, data.Budget{MaxDocs: x.examine})
			e.must(err)
			if b.Docs != x.examine || b.Bytes < 50*x.examine {
				e.Errorf("%s examined %d documents, %d bytes", x.where, b.Docs, b.Bytes)
			}
			_, _, err = e.spent(p, data.Budget{MaxDocs: x.examine - 1})
			e.is(err, hutch.ResourceExhausted)
			sn := e.snapshot("")
			p.Collection, p.Budget = "herd", &data.Budget{MaxDocs: x.examine}
			_, err = sn.Count(e.ctx(), &p)
			e.must(err)
			p.Budget = &data.Budget{MaxDocs: x.examine - 1}
			_, err = sn.Count(e.ctx(), &p)
			e.is(err, hutch.ResourceExhausted)
		}
	}},
	{"S28: what no key tells is examined, and counts", func(e *env) {
		e.configure(data.Collection{Name: "herd", Indexes: []data.Index{index("i.a"), index("t"), index("z"), index("x"), index("y")}})
		var ws []data.Write
		for i := range 300 {
			ws = append(ws, e.put("herd", fmt.Sprintf("%05d", i), fmt.Sprintf(`{"i":[{"a":1,"b":%d},{"a":2,"b":0}],"t":["x","a"],"z":null,"x":%d,"y":1}`, i, i)))
		}
		e.commit(ws...)
		for where, least := range map[string]int64{
			`{"i":{"$elemMatch":{"a":1,"b":-1}}}`:        300,
			`{"$and":[{"t":"x"},{"t":"q"}]}`:             0,
			`{"$and":[{"t":{"$gt":"m"}},{"t":"x"}]}`:     300,
			`{"z":{"$exists":false}}`:                    300,
			`{"$or":[{"x":-1},{"y":1,"none":1}]}`:        300,
			`{"$or":[{"x":{"$lt":10}},{"x":{"$lt":0}}]}`: 10,
		} {
			p := data.Plan{Where: e.where(where)}
			_, b, err := e.spent(p, data.Budget{})
			e.must(err)
			if b.Docs < least {
				e.Errorf("%s examined %d documents, want at least %d: %+v", where, b.Docs, least, b)
			}
			if least > 0 {
				_, _, err = e.spent(p, data.Budget{MaxDocs: least - 1})
				e.is(err, hutch.ResourceExhausted)
				sn := e.snapshot("")
				p.Collection, p.Budget = "herd", &data.Budget{MaxDocs: least - 1}
				_, err = sn.Count(e.ctx(), &p)
				e.is(err, hutch.ResourceExhausted)
				sn.Close()
			}
		}
	}},
	{"S28: bytes are budgeted like documents", func(e *env) {
		e.herd(100)
		_, b, err := e.spent(data.Plan{}, data.Budget{})
		e.must(err)
		_, _, err = e.spent(data.Plan{}, data.Budget{MaxBytes: b.Bytes})
		e.must(err)
		_, _, err = e.spent(data.Plan{}, data.Budget{MaxBytes: b.Bytes - 1})
		e.is(err, hutch.ResourceExhausted)
		if strings.ContainsAny(err.Error(), "0123456789") {
			e.Errorf("numbers in %q", err)
		}
	}},
	{"S28: a sort without index has its memory, a limit keeps it small", func(e *env) {
		e.herd(300)
		p := data.Plan{OrderBy: order("-n")}
		n, b, err := e.spent(p, data.Budget{SortBytes: 100_000})
		e.must(err)
		if n != 300 || !b.Unindexed {
			e.Errorf("%d documents, %+v", n, b)
		}
		_, _, err = e.spent(p, data.Budget{SortBytes: 10_000})
		e.is(err, hutch.ResourceExhausted)
		p.Limit = 20
		n, _, err = e.spent(p, data.Budget{SortBytes: 10_000})
		e.must(err)
		if n != 20 {
			e.Errorf("%d documents", n)
		}
	}},
	{"a budget adds up over plans", func(e *env) {
		e.herd(60)
		b := data.Budget{MaxDocs: 100}
		sn := e.snapshot("")
		p := &data.Plan{Collection: "herd", Budget: &b}
		_, err := ids(e.ctx(), sn, p)
		e.must(err)
		_, err = ids(e.ctx(), sn, p)
		e.is(err, hutch.ResourceExhausted)
	}},
	{"a page by _id examines one page, from its mark on", func(e *env) {
		e.herd(400)
		for _, x := range []struct{ by, mark, first string }{{"", "00199", "00200"}, {"_id", "00199", "00200"}, {"-_id", "00199", "00198"}} {
			m := data.MarkOf(e.get("herd", x.mark), order(x.by))
			_, b, err := e.spent(data.Plan{OrderBy: order(x.by), After: &m, Limit: 20}, data.Budget{})
			e.must(err)
			if b.Docs > 21 || b.Unindexed {
				e.Errorf("by %q: %+v", x.by, b)
			}
			got := e.find(data.Plan{Collection: "herd", OrderBy: order(x.by), After: &m, Limit: 1})
			e.equal(got, x.first)
		}
	}},
	{"an index narrows, orders, and finds its mark", func(e *env) {
		e.herd(1000, index("k,-n"), index("n"))
		mark := func(id, by string) *data.Mark {
			m := data.MarkOf(e.get("herd", id), order(by))
			return &m
		}
		for _, x := range []struct {
			where, by string
			after     *data.Mark
			index     string
			most      int64
			first     string
		}{
			{`{"k":3}`, "-n", nil, "k,-n", 10, "00993 00983"},
			{`{"k":3}`, "n", nil, "k,-n", 10, "00003 00013"},
			{`{"k":3}`, "k,-n", nil, "k,-n", 10, "00993 00983"},
			{`{"k":3,"n":{"$lt":500}}`, "-n", nil, "k,-n", 10, "00493 00483"},
			{`{"k":3,"n":{"$gte":500}}`, "n", nil, "k,-n", 10, "00503 00513"},
			{`{"k":3}`, "-n", mark("00503", "-n"), "k,-n", 10, "00493 00483"},
			{`{"k":3}`, "n", mark("00503", "n"), "k,-n", 10, "00513 00523"},
			{`{"k":{"$in":[3,4]},"n":{"$gt":990}}`, "n", nil, "k,-n", 4, "00993 00994"},
			{`{}`, "n", mark("00500", "n"), "n", 10, "00501 00502"},
			{`{}`, "-n", mark("00500", "-n"), "n", 10, "00499 00498"},
			{`{"n":{"$gt":100,"$lte":103}}`, "", nil, "n", 3, "00101 00102"},
			{`{"n":{"$in":[7,900,5]}}`, "", nil, "n", 3, "00005 00007"},
			{`{"$or":[{"n":7},{"k":3,"n":{"$gt":980}}]}`, "n", nil, "n", 3, "00007 00983"},
		} {
			p := data.Plan{Where: e.where(x.where), OrderBy: order(x.by), After: x.after, Limit: 10}
			_, b, err := e.spent(p, data.Budget{})
			e.must(err)
			if b.Index != x.index || b.Unindexed || b.Docs > x.most {
				e.Errorf("%s by %q: %+v, want index %q and at most %d documents", x.where, x.by, b, x.index, x.most)
			}
			p.Collection, p.Limit = "herd", 2
			e.equal(e.find(p), x.first)
		}
	}},
	{"a page of more documents than may be examined is walked in its order", func(e *env) {
		e.herd(1000, index("n"), index("k"))
		for _, x := range []struct {
			where, by string
			refused   bool
		}{
			{where: `{"n":{"$gte":5}}`},
			{where: `{"n":{"$lt":990}}`, by: "-_id"},
			{where: `{"$or":[{"n":{"$gt":50}},{"k":3}]}`},
			{where: `{"k":{"$gt":1}}`, by: "n"},
			{where: `{"k":{"$in":[3,4]}}`, by: "-n"},
			{where: `{"n":{"$gt":910},"k":3}`},
			{where: `{"k":{"$in":[3,4]}}`, by: "pad", refused: true},
			{where: `{"n":{"$gt":5},"pad":"none"}`, refused: true},
		} {
			want := strings.Fields(e.find(data.Plan{Collection: "herd", Where: e.where(x.where), OrderBy: order(x.by)}))
			p := data.Plan{Collection: "herd", Where: e.where(x.where), OrderBy: order(x.by), Limit: 20}
			if x.refused {
				_, _, err := e.spent(p, data.Budget{MaxDocs: 150})
				e.is(err, hutch.ResourceExhausted)
				continue
			}
			for len(want) > 0 {
				p.Budget = &data.Budget{MaxDocs: 150}
				page := e.find(p)
				n := min(20, len(want))
				e.equal(page, strings.Join(want[:n], " "))
				if p.Budget.Docs > 150 {
					e.Errorf("%s by %q: %+v", x.where, x.by, p.Budget)
				}
				m := data.MarkOf(e.get("herd", want[n-1]), order(x.by))
				p.After, want = &m, want[n:]
			}
		}
	}},
	{"an index walked backwards keeps the ids of equal values ascending", func(e *env) {
		e.herd(1000)
		want := e.find(data.Plan{Collection: "herd", OrderBy: order("-k")})
		e.herd(1000, index("k"))
		p := data.Plan{Collection: "herd", OrderBy: order("-k"), Budget: &data.Budget{}}
		e.equal(e.find(p), want)
		e.equal(p.Budget.Index, "k")
		p.Limit = 170
		e.equal(e.find(p), strings.Join(strings.Fields(want)[:170], " "))
		m := data.MarkOf(e.get("herd", "00127"), order("-k"))
		p.After, p.Limit = &m, 120
		_, rest, _ := strings.Cut(want, "00127 ")
		e.equal(e.find(p), strings.Join(strings.Fields(rest)[:120], " "))
	}},
	{"Unindexed is told truthfully", func(e *env) {
		e.herd(50, index("k"), index("s,n"))
		for _, x := range []struct {
			where, by string
			limit     int
			want      bool
		}{
			{`{}`, "", 10, false},
			{`{}`, "", 0, true},
			{`{}`, "-_id", 10, false},
			{`{"_id":"00001"}`, "", 0, false},
			{`{"n":1}`, "", 10, true},
			{`{"k":1}`, "", 10, false},
			{`{"k":1}`, "n", 10, false},
			{`{}`, "k", 10, false},
			{`{}`, "n", 10, true},
			{`{"k":{"$ne":1}}`, "", 10, true},
			{`{"$or":[{"k":1},{"n":1}]}`, "", 10, true},
			{`{"$or":[{"k":1},{"s":"x"}]}`, "", 10, false},
			{`{"s":{"$regex":"^ab"}}`, "", 10, false},
			{`{"s":{"$regex":"ab"}}`, "", 10, true},
			{`{"s":{"$startsWith":"a"}}`, "", 10, false},
			{`{"n":{"$gt":5}}`, "", 10, true},
		} {
			_, b, err := e.spent(data.Plan{Where: e.where(x.where), OrderBy: order(x.by), Limit: x.limit}, data.Budget{})
			e.must(err)
			if b.Unindexed != x.want {
				e.Errorf("%s by %q limit %d: %+v", x.where, x.by, x.limit, b)
			}
		}
	}},
}
