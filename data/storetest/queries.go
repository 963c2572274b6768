package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// zoo has every kind of value that makes operators differ.
var zoo = map[string]string{
	"a": `{"n":1,"s":"ab","t":["x","y"],"o":{"k":1},"b":true}`,
	"b": `{"n":2.5,"s":"abc","t":["y"],"o":{"k":[1,2]},"b":false}`,
	"c": `{"n":"1","s":"b","t":[]}`,
	"d": `{"n":null,"t":"x","o":{}}`,
	"e": `{"s":"","t":[{"k":1},{"k":2}]}`,
	"f": `{"n":[1,5,9],"s":"ABC"}`,
	"g": `{"n":{"$numberLong":"1"},"s":["ab","zz"]}`,
	"h": `{"n":{"$date":"2026-01-01T00:00:00Z"},"o":[{"k":3},{"j":1}]}`,
	"i": `{"n":{"$numberDecimal":"2.50"},"o":"flat"}`,
	"j": `{"n":[]}`,
}

// script says which documents of the zoo a filter finds.
type script struct{ where, want string }

// scripts has a family for each operator of data.Operators.
var scripts = map[data.Operator][]script{
	data.OpEq: {
		{`{"n":1}`, "a f g"},
		{`{"n":2.5}`, "b i"},
		{`{"n":"1"}`, "c"},
		{`{"n":null}`, "d e"},
		{`{"t":"x"}`, "a d"},
		{`{"t":["y"]}`, "b"},
		{`{"t":[]}`, "c"},
		{`{"n":[1,5,9]}`, "f"},
		{`{"o":{"k":1}}`, "a"},
		{`{"o.k":1}`, "a b"},
		{`{"t.k":2}`, "e"},
		{`{"t.0":"x"}`, "a"},
		{`{"o.k":null}`, "c d e f g h i j"},
		{`{"b":true}`, "a"},
		{`{"_id":"c"}`, "c"},
		{`{"_id":"none"}`, ""},
		{`{"_id":1}`, ""},
		{`{"n":{"$numberLong":"1"},"s":"ab"}`, "a g"},
	},
	data.OpNe:  {{`{"n":{"$ne":1}}`, "b c d e h i j"}, {`{"t":{"$ne":"x"}}`, "b c e f g h i j"}, {`{"n":{"$ne":null}}`, "a b c f g h i j"}},
	data.OpGt:  {{`{"n":{"$gt":1}}`, "b f i"}, {`{"n":{"$gt":"0"}}`, "c"}, {`{"s":{"$gt":"ab"}}`, "b c g"}, {`{"b":{"$gt":false}}`, "a"}, {`{"n":{"$gt":null}}`, ""}, {`{"_id":{"$gt":"h"}}`, "i j"}},
	data.OpGte: {{`{"n":{"$gte":2.5}}`, "b f i"}, {`{"n":{"$gte":null}}`, "d e"}, {`{"n":{"$gte":{"$date":"2026-01-01T00:00:00Z"}}}`, "h"}, {`{"_id":{"$gte":"i"}}`, "i j"}},
	data.OpLt:  {{`{"n":{"$lt":2}}`, "a f g"}, {`{"s":{"$lt":"ab"}}`, "e f"}, {`{"n":{"$gt":1,"$lt":5}}`, "b f i"}, {`{"n":{"$gt":6,"$lt":8}}`, "f"}, {`{"_id":{"$lt":"b"}}`, "a"}},
	data.OpLte: {{`{"n":{"$lte":1}}`, "a f g"}, {`{"n":{"$lte":null}}`, "d e"}, {`{"_id":{"$gt":"a","$lte":"c"}}`, "b c"}},
	data.OpIn: {
		{`{"n":{"$in":[1,"1"]}}`, "a c f g"},
		{`{"n":{"$in":[]}}`, ""},
		{`{"n":{"$in":[null,9]}}`, "d e f"},
		{`{"t":{"$in":[["y"],"x"]}}`, "a b d"},
		{`{"_id":{"$in":["c","a","zz","a",7]}}`, "a c"},
		{`{"n":{"$in":[1,9,5,1]}}`, "a f g"},
	},
	data.OpNin:      {{`{"n":{"$nin":[1,"1",null]}}`, "b h i j"}, {`{"n":{"$nin":[]}}`, "a b c d e f g h i j"}},
	data.OpExists:   {{`{"n":{"$exists":true}}`, "a b c d f g h i j"}, {`{"n":{"$exists":false}}`, "e"}, {`{"o.k":{"$exists":false}}`, "c d e f g i j"}, {`{"o.k":{"$exists":true}}`, "a b h"}},
	data.OpContains: {{`{"s":{"$contains":"b"}}`, "a b c g"}, {`{"s":{"$contains":""}}`, "a b c e f g"}},
	data.OpStarts:   {{`{"s":{"$startsWith":"ab"}}`, "a b g"}, {`{"s":{"$startsWith":""}}`, "a b c e f g"}, {`{"_id":{"$startsWith":"c"}}`, "c"}},
	data.OpRegex:    {{`{"s":{"$regex":"^ab"}}`, "a b g"}, {`{"s":{"$regex":"^ab$"}}`, "a g"}, {`{"s":{"$regex":"^(?i)ab"}}`, "a b f g"}, {`{"s":{"$regex":"^ab?c?$"}}`, "a b g"}, {`{"s":{"$regex":"b$|^$"}}`, "a c e g"}},
	data.OpAnd:      {{`{"$and":[{"n":1},{"s":"ab"}]}`, "a g"}, {`{"$and":[{"n":{"$gte":1}},{"n":{"$lte":1}},{"b":true}]}`, "a"}, {`{"$and":[{"n":{"$gt":4}},{"n":{"$lt":6}}]}`, "f"}, {`{"$and":[{"n":1},{"n":5}]}`, "f"}},
	data.OpOr:       {{`{"$or":[{"n":1},{"s":"b"}]}`, "a c f g"}, {`{"$or":[{"n":1},{"n":9}]}`, "a f g"}, {`{"b":true,"$or":[{"n":1},{"t":"y"}]}`, "a"}, {`{"$or":[{"n":2.5},{"zz":1}]}`, "b i"}},
	data.OpNot:      {{`{"n":{"$not":{"$gt":1}}}`, "a c d e g h j"}, {`{"$not":{"n":1}}`, "b c d e h i j"}},
	data.OpNor:      {{`{"$nor":[{"n":1},{"s":"b"}]}`, "b d e h i j"}},
	data.OpType:     {{`{"n":{"$type":"number"}}`, "a b f g i"}, {`{"n":{"$type":"long"}}`, "g"}, {`{"t":{"$type":"array"}}`, "a b c e"}, {`{"n":{"$type":"null"}}`, "d"}},
	data.OpSize:     {{`{"t":{"$size":2}}`, "a e"}, {`{"t":{"$size":0}}`, "c"}},
	data.OpElem:     {{`{"n":{"$elemMatch":{"$gt":1,"$lt":6}}}`, "f"}, {`{"n":{"$elemMatch":{"$eq":1}}}`, "f"}, {`{"t":{"$elemMatch":{"k":{"$gte":2}}}}`, "e"}, {`{"t":{"$elemMatch":{"$in":["x"]}}}`, "a"}},
}

// indexings of the zoo: results must not depend on them.
var indexings = map[string][]data.Index{
	"no index":                {},
	"an index a field":        {index("n"), index("s"), index("t"), index("o.k"), index("b"), index("t.k"), index("t.0")},
	"descending":              {index("-n"), index("-s"), index("-t"), index("-o.k")},
	"compound":                {index("n,s"), index("s,-n"), index("b,n"), index("o.k,n"), index("n,-_updatedAt"), index("-s,n")},
	"compound from the right": {index("b,-n"), index("t,b"), index("s,o.k"), index("-n,_id")},
}

var queries = []test{
	{"every operator finds what it should, with any indexes", func(e *env) {
		for _, op := range data.Operators() {
			if len(scripts[op.Op]) == 0 {
				e.Errorf("no script for %s", op.Op)
			}
		}
		for id, js := range zoo {
			e.commit(e.put("zoo", id, js))
		}
		for name, ixs := range indexings {
			e.configure(data.Collection{Name: "zoo", Indexes: ixs})
			sn := e.snapshot("")
			for op, family := range scripts {
				for _, x := range family {
					p := &data.Plan{Collection: "zoo", Where: e.where(x.where)}
					got, err := ids(e.ctx(), sn, p)
					e.must(err)
					if s := strings.Join(got, " "); s != x.want {
						e.Errorf("%s, %s: %s finds %q, want %q", name, op, x.where, s, x.want)
					}
					if n, err := sn.Count(e.ctx(), p); err != nil || int(n) != len(strings.Fields(x.want)) {
						e.Errorf("%s, %s: %s counts %d, %v", name, op, x.where, n, err)
					}
				}
			}
			sn.Close()
		}
	}},
	{"constants match all and nothing", func(e *env) {
		e.commit(e.put("zoo", "a", `{}`), e.put("zoo", "b", `{}`))
		e.equal(e.find(data.Plan{Collection: "zoo"}), "a b")
		e.equal(e.find(data.Plan{Collection: "zoo", Where: data.Never()}), "")
		e.equal(e.find(data.Plan{Collection: "nowhere"}), "")
		n, err := e.snapshot("").Count(e.ctx(), &data.Plan{Collection: "nowhere"})
		if n != 0 || err != nil {
			e.Errorf("%d, %v", n, err)
		}
	}},
	{"a filter that is none is refused", func(e *env) {
		e.commit(e.put("zoo", "a", `{}`))
		sn := e.snapshot("")
		bad := &data.Plan{Collection: "zoo", Where: data.Where{Op: "$where", Path: "n"}}
		_, err := ids(e.ctx(), sn, bad)
		e.is(err, hutch.InvalidArgument)
		_, err = sn.Count(e.ctx(), bad)
		e.is(err, hutch.InvalidArgument)
		_, err = ids(e.ctx(), sn, &data.Plan{Collection: "zoo", OrderBy: order("n"), After: &data.Mark{ID: "a"}})
		e.is(err, hutch.InvalidArgument)
	}},
	{"orders are by type and value, missing as null, arrays by their ends, then _id", func(e *env) {
		for id, js := range zoo {
			e.commit(e.put("zoo", id, js))
		}
		want := map[string]string{
			"":     "a b c d e f g h i j",
			"_id":  "a b c d e f g h i j",
			"-_id": "j i h g f e d c b a",
			"n":    "j d e a f g b i c h",
			"-n":   "h c f b i a g d e j",
			"s":    "d h i j e f a g b c",
			"-s,n": "g c b a f e j d i h",
			"t.0":  "c d f g h i j a b e",
			"-t.0": "e b a c d f g h i j",
			"b,-n": "h c f i g d e j b a",
		}
		for name, ixs := range indexings {
			e.configure(data.Collection{Name: "zoo", Indexes: ixs})
			for by, ids := range want {
				got := e.find(data.Plan{Collection: "zoo", OrderBy: order(by)})
				if got != ids {
					e.Errorf("%s: by %q %s, want %s", name, by, got, ids)
				}
			}
		}
	}},
	{"paging by marks yields each document once, whatever the order and index", func(e *env) {
		for i := range 60 {
			js := fmt.Sprintf(`{"n":%d,"m":%d,"c":"k%d"}`, i%7, i%3, i%2)
			if i%10 == 9 {
				js = fmt.Sprintf(`{"n":[%d,%d],"m":null,"c":"k0"}`, i%4, i%9)
			}
			e.commit(e.put("zoo", fmt.Sprintf("%02d", i), js))
		}
		where := []data.Where{{}, e.where(`{"c":"k0"}`), e.where(`{"n":{"$gte":2}}`), e.where(`{"m":{"$in":[0,2]}}`)}
		for name, ixs := range map[string][]data.Index{
			"no index": {}, "an index a field": {index("n"), index("m"), index("c")},
			"compound": {index("c,n"), index("c,-n"), index("c,m,n"), index("m,-n"), index("-m,-n")},
			"single":   {index("m"), index("c,m")},
		} {
			e.configure(data.Collection{Name: "zoo", Indexes: ixs})
			for _, w := range where {
				for _, by := range []string{"", "_id", "-_id", "n", "-n", "m", "-m", "m,-n", "-m,n", "-m,-n", "c,m"} {
					p := data.Plan{Collection: "zoo", Where: w, OrderBy: order(by)}
					all := e.find(p)
					for _, size := range []int{1, 7} {
						if got := e.pages(p, size); got != all {
							e.Fatalf("%s, by %q, pages of %d:\n%s\nat once:\n%s", name, by, size, got, all)
						}
					}
				}
			}
		}
	}},
	{"a mark may be of a document that is gone", func(e *env) {
		e.configure(data.Collection{Name: "zoo", Indexes: []data.Index{index("n")}})
		for i := range 9 {
			e.commit(e.put("zoo", fmt.Sprint(i), fmt.Sprintf(`{"n":%d}`, i/2)))
		}
		m := data.MarkOf(e.get("zoo", "4"), order("n"))
		e.commit(e.put("zoo", "4", ""))
		e.equal(e.find(data.Plan{Collection: "zoo", OrderBy: order("n"), After: &m}), "5 6 7 8")
		e.equal(e.find(data.Plan{Collection: "zoo", OrderBy: order("-n"), After: &m}), "5 2 3 0 1")
	}},
	{"documents stay whole while a walk goes on and the loop may end early", func(e *env) {
		for i := range 100 {
			e.commit(e.put("zoo", fmt.Sprintf("%03d", i), fmt.Sprintf(`{"n":%d}`, i)))
		}
		sn := e.snapshot("")
		n := 0
		for d, err := range sn.Find(e.ctx(), &data.Plan{Collection: "zoo"}) {
			e.must(err)
			own := slices.Clone(d)
			other, err := sn.Get(e.ctx(), "zoo", "099")
			e.must(err)
			if string(own) != string(d) || other == nil {
				e.Fatal("the document changed under the loop")
			}
			if n++; n == 50 {
				break
			}
		}
		e.commit(e.put("zoo", "x", `{}`))
	}},
}

// pages walks a plan by marks.
func (e *env) pages(p data.Plan, size int) string {
	e.Helper()
	sn := e.snapshot("")
	defer sn.Close()
	var all []string
	p.Limit = size
	for {
		var last data.Doc
		n := 0
		for d, err := range sn.Find(e.ctx(), &p) {
			e.must(err)
			last = slices.Clone(d)
			all = append(all, data.Text(data.Field(d, data.FieldID)))
			n++
		}
		if n < size {
			return strings.Join(all, " ")
		}
		m := data.MarkOf(last, p.OrderBy)
		p.After = &m
	}
}
