package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

var randoms = []test{
	{"Random runs equal the model", func(e *env) {
		r := e.random()
		until := time.Now().Add(e.duration(4 * time.Second))
		steps := 0
		for n := 0; !e.Failed() && (n < e.o.Games || e.o.Games == 0 && time.Now().Before(until)); n++ {
			g := &game{env: &env{T: e.T, o: e.o, s: e.fresh(e.T), fresh: e.fresh}, r: r, m: newModel()}
			for range 300 {
				g.step()
				steps++
			}
			g.check()
			e.must(g.s.Close())
		}
		e.Logf("%d steps", steps)
	}},
}

// game plays random steps on a store and the model.
type game struct {
	*env
	r *rand.Rand
	m *model
}

var (
	gameColls  = []string{"p", "q"}
	gamePaths  = []string{"a", "b", "c", "o.k", "o.l", "a.0", "c.k"}
	gameValues = []string{
		`null`, `0`, `1`, `2`, `3`, `1.5`, `{"$numberLong":"2"}`, `{"$numberDecimal":"1.50"}`, `9007199254740993`, `9007199254740992.0`,
		`""`, `"a"`, `"ab"`, `"abc"`, `"b"`, `"ä"`, `true`, `false`, `{"$date":"2026-01-01T00:00:00Z"}`, `{"$binary":{"base64":"AAEC","subType":"00"}}`,
		`{}`, `{"k":1}`, `{"k":[1,2]}`, `[]`, `[1]`, `[1,2]`, `["a","b"]`, `[null]`, `[[1],2]`, `[{"k":1},{"k":2}]`, `[{"k":[1,3]},2]`,
	}
	gameIndexes = []string{"a", "-a", "b", "c", "o.k", "a,b", "b,-a", "-b,-c", "a,o.k", "c,a,b", "o.l", "c.k", "a.0", "b,_id", "-c,a"}
)

func (g *game) step() {
	switch n := g.r.IntN(100); {
	case n < 45:
		g.commitSome()
	case n < 97:
		g.query()
	case n < 99:
		g.reconfigure()
	case g.o.Reopen != nil:
		g.s = g.o.Reopen(g.T, g.s)
	}
}

func (g *game) id() string { return fmt.Sprintf("%02d", g.r.IntN(40)) }

func (g *game) fields() string {
	var fs []string
	for _, name := range []string{"a", "b", "c"} {
		if g.r.IntN(4) > 0 {
			fs = append(fs, fmt.Sprintf("%q:%s", name, pick(g.r, gameValues...)))
		}
	}
	switch g.r.IntN(4) {
	case 0:
		fs = append(fs, fmt.Sprintf(`"o":{"k":%s,"l":%s}`, pick(g.r, gameValues...), pick(g.r, gameValues...)))
	case 1:
		fs = append(fs, fmt.Sprintf(`"o":%s`, pick(g.r, gameValues...)))
	}
	g.r.Shuffle(len(fs), func(i, j int) { fs[i], fs[j] = fs[j], fs[i] })
	return "{" + strings.Join(fs, ",") + "}"
}

func (g *game) commitSome() {
	b := g.batch()
	for range 1 + g.r.IntN(4) {
		coll, id := pick(g.r, gameColls...), g.id()
		stored := g.m.docs[coll][id]
		w := g.put(coll, id, "")
		switch g.r.IntN(6) {
		case 0: // delete
		case 1: // nothing
			w.Next = func(old data.Doc) (data.Doc, error) { return old, nil }
		case 2:
			add := data.Elem{Name: pick(g.r, "a", "b", "c"), Value: g.value()}
			w.Next = func(old data.Doc) (data.Doc, error) {
				if old == nil {
					return nil, nil
				}
				return data.With(old, add), nil
			}
		default:
			w = g.put(coll, id, g.fields())
		}
		switch g.r.IntN(8) {
		case 0:
			w.Expect = 0
		case 1:
			w.Expect = 5
		case 2, 3:
			w.Expect = version(stored)
		}
		b.Writes = append(b.Writes, w)
		if g.r.IntN(6) == 0 {
			coll, id := pick(g.r, gameColls...), g.id()
			v := version(g.m.docs[coll][id])
			if g.r.IntN(5) == 0 {
				v += int64(g.r.IntN(3) - 1)
			}
			b.Checks = append(b.Checks, data.Check{Collection: coll, ID: id, Version: v})
		}
	}
	codes, next := g.m.judge(b)
	res, err := g.s.Commit(g.ctx(), b)
	if len(codes) > 0 {
		if !slices.Contains(codes, hutch.CodeOf(err)) {
			g.Fatalf("the commit gives %v, the model %v", err, codes)
		}
		return
	}
	if err != nil {
		g.Fatalf("the commit gives %v, the model none", err)
	}
	if wrong := g.m.apply(res, next); wrong != "" {
		g.Fatal(wrong)
	}
}

func (g *game) value() data.Value {
	return data.Field(g.doc("", `{"v":`+pick(g.r, gameValues...)+`}`), "v")
}

// filter makes a random filter as text.
func (g *game) filter(depth int) string {
	if depth > 0 && g.r.IntN(3) == 0 {
		var kids []string
		for range 1 + g.r.IntN(3) {
			kids = append(kids, g.filter(depth-1))
		}
		switch op := pick(g.r, "$and", "$and", "$or", "$or", "$nor", "$not"); op {
		case "$not":
			return `{"$not":` + kids[0] + `}`
		default:
			return `{"` + op + `":[` + strings.Join(kids, ",") + `]}`
		}
	}
	path, v := pick(g.r, gamePaths...), pick(g.r, gameValues...)
	if g.r.IntN(12) == 0 {
		path, v = "_id", fmt.Sprintf("%q", g.id())
	}
	text := pick(g.r, "", "a", "ab", "b")
	cond := ""
	switch op := pick(g.r, "$eq", "$eq", "$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "range", "$in", "$in", "$nin", "$exists", "$startsWith", "$contains", "$regex", "$type", "$size", "$elemMatch"); op {
	case "range":
		cond = fmt.Sprintf(`"$gte":%s,"$lt":%s`, v, pick(g.r, gameValues...))
		if g.r.IntN(2) == 0 {
			cond = fmt.Sprintf(`"$gt":%d,"$lte":%d`, g.r.IntN(4), g.r.IntN(4))
		}
	case "$in", "$nin":
		cond = fmt.Sprintf(`%q:[%s,%s,%s]`, op, v, pick(g.r, gameValues...), pick(g.r, gameValues...))
	case "$exists":
		cond = fmt.Sprintf(`"$exists":%v`, g.r.IntN(2) == 0)
	case "$startsWith", "$contains":
		cond = fmt.Sprintf(`%q:%q`, op, text)
	case "$regex":
		cond = fmt.Sprintf(`"$regex":%q`, pick(g.r, "^", "")+text+pick(g.r, "", "$", "?"))
		if text == "" {
			cond = `"$regex":"^a?"`
		}
	case "$type":
		cond = fmt.Sprintf(`"$type":%q`, pick(g.r, "null", "array", "string", "number", "object"))
	case "$size":
		cond = fmt.Sprintf(`"$size":%d`, g.r.IntN(3))
	case "$elemMatch":
		cond = fmt.Sprintf(`"$elemMatch":%s`, pick(g.r, `{"$gte":1,"$lt":3}`, `{"$eq":`+v+`}`, `{"k":{"$gt":1}}`, `{"k":{"$gte":1,"$lt":2}}`, `{"$in":[1,"a"]}`))
	default:
		cond = fmt.Sprintf(`%q:%s`, op, v)
	}
	return fmt.Sprintf(`{%q:{%s}}`, path, cond)
}

func (g *game) query() {
	p := &data.Plan{Collection: pick(g.r, gameColls...), Limit: pick(g.r, 0, 0, 1, 3, 10), Budget: &data.Budget{}}
	text := "{}"
	if g.r.IntN(6) > 0 {
		text = g.filter(2)
	}
	p.Where = g.where(text)
	for range g.r.IntN(4) {
		p.OrderBy = append(p.OrderBy, data.Order{Path: pick(g.r, append(gamePaths, "_id")...), Desc: g.r.IntN(2) == 0})
	}
	if g.r.IntN(3) == 0 {
		id := g.id()
		m := data.Mark{ID: id}
		if d := g.m.docs[p.Collection][id]; d != nil && g.r.IntN(3) > 0 {
			m = data.MarkOf(d, p.OrderBy)
		} else { // of a document that is gone
			m.ID += "x"
			for _, o := range p.OrderBy {
				v := g.value()
				if o.Path == data.FieldID {
					v = data.String(m.ID)
				}
				m.Values = append(m.Values, v)
			}
		}
		p.After = &m
	}
	want, err := g.m.find(p)
	g.must(err)
	sn := g.snapshot("")
	defer sn.Close()
	got, err := ids(g.ctx(), sn, p)
	g.must(err)
	if strings.Join(got, " ") != want {
		g.Fatalf("%s by %v after %v limit %d (index %s of %v):\nstore %v\nmodel %s", text, p.OrderBy, p.After, p.Limit, p.Budget.Index, g.m.indexes[p.Collection], got, want)
	}
	q := data.Plan{Collection: p.Collection, Where: p.Where}
	want, err = g.m.find(&q)
	g.must(err)
	if n, err := sn.Count(g.ctx(), &q); err != nil || int(n) != len(strings.Fields(want)) {
		g.Fatalf("%s counts %d (%v), the model %s", text, n, err, want)
	}
}

func (g *game) reconfigure() {
	var cs []data.Collection
	next := map[string][]data.Index{}
	fits := true
	for _, coll := range gameColls {
		c := data.Collection{Name: coll}
		for range g.r.IntN(4) {
			ix := index(pick(g.r, gameIndexes...))
			if g.r.IntN(6) == 0 {
				ix.Unique = true
			}
			if slices.ContainsFunc(c.Indexes, func(o data.Index) bool { return o.Name == ix.Name }) {
				continue
			}
			c.Indexes = append(c.Indexes, ix)
			fits = fits && len(misfits(ix, g.m.docs[coll])) == 0
		}
		cs, next[coll] = append(cs, c), c.Indexes
	}
	err := g.s.Configure(g.ctx(), cs, true)
	switch {
	case fits && err == nil:
		g.m.indexes = next
	case !fits && hutch.CodeOf(err) == hutch.FailedPrecondition:
		// Indexes that could be built are, but are not yet declared as the set in
		// force: the next Configure says what holds.
		var old []data.Collection
		for _, coll := range gameColls {
			old = append(old, data.Collection{Name: coll, Indexes: g.m.indexes[coll]})
		}
		g.must(g.s.Configure(g.ctx(), old, true))
	default:
		g.Fatalf("Configure gives %v; the documents fit: %v", err, fits)
	}
}

// verifier is a store that can check itself.
type verifier interface{ Verify(context.Context) error }

// check compares all documents and the whole log.
func (g *game) check() {
	if v, ok := g.s.(verifier); ok {
		g.must(v.Verify(g.ctx()))
	}
	for _, coll := range gameColls {
		sn := g.snapshot("")
		n := 0
		for d, err := range sn.Find(g.ctx(), &data.Plan{Collection: coll}) {
			g.must(err)
			n++
			if id := data.Text(data.Field(d, data.FieldID)); string(g.m.docs[coll][id]) != string(d) {
				g.Fatalf("%s is %s, in the model %s", id, d, g.m.docs[coll][id])
			}
		}
		if n != len(g.m.docs[coll]) {
			g.Fatalf("%d documents, %d in the model", n, len(g.m.docs[coll]))
		}
		sn.Close()
	}
	if len(g.m.log) == 0 {
		return
	}
	i := 0
	g.follow("", func(c data.Commit) bool {
		if len(c.Changes) == 0 {
			return false // progress
		}
		w := g.m.log[i]
		if c.Position != w.Position || len(c.Changes) != len(w.Changes) {
			g.Fatalf("commit %d is %+v, in the model %+v", i, c, w)
		}
		own := inOrder(w.Changes)
		for j, x := range inOrder(c.Changes) {
			y := own[j]
			if x.Collection != y.Collection || x.ID != y.ID || x.Op != y.Op || string(x.Before) != string(y.Before) || string(x.After) != string(y.After) {
				g.Fatalf("change %d of commit %d is %+v, in the model %+v", j, i, x, y)
			}
		}
		i++
		return i == len(g.m.log)
	})
}
