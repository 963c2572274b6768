package data_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hutch-dev/hutch/data"
)

func where(t testing.TB, js string) data.Where {
	t.Helper()
	d, err := data.ParseJSON([]byte(js), 32)
	if err != nil {
		t.Fatal(err)
	}
	w, err := data.ParseWhere(d, false)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// keys reads "a,-b".
func keys(text string) (o []data.Order) {
	for f := range strings.SplitSeq(text, ",") {
		if f != "" {
			o = append(o, data.Order{Path: strings.TrimPrefix(f, "-"), Desc: f[0] == '-'})
		}
	}
	return o
}

func indexed(fields ...string) data.Collection {
	c := data.Collection{Name: "pets"}
	for _, f := range fields {
		name, unique := strings.CutPrefix(f, "!")
		c.Indexes = append(c.Indexes, data.Index{Name: name, Fields: keys(name), Unique: unique})
	}
	return c
}

// showAccess writes an access as "index ranges flags".
func showAccess(a *data.Access) string {
	s := fmt.Sprintf("%s %d", a.Name, len(a.Ranges))
	if a.All {
		s = a.Name + " all"
	}
	if a.Sorted {
		s += " sorted"
	}
	if a.Reverse {
		s += " back"
	}
	for _, b := range a.Also {
		s += " + " + showAccess(b)
	}
	return s
}

func TestChoose(t *testing.T) {
	for _, x := range []struct{ indexes, where, order, want string }{
		{"", `{}`, "", "_id all sorted"},
		{"", `{}`, "-_id", "_id all sorted back"},
		{"", `{}`, "a", "_id all"},
		{"", `{"_id":"x"}`, "a", "_id 1"},
		{"", `{"_id":{"$in":["x","y","x"]}}`, "", "_id 2 sorted"},
		{"a", `{"_id":"x","a":1}`, "", "_id 1 sorted"},
		{"", `{"_id":{"$gte":"x","$lt":"y"}}`, "", "_id 1 sorted"},
		{"", `{"_id":{"$startsWith":"x"}}`, "-_id", "_id 1 sorted back"},
		{"a", `{"a":1}`, "", "a 1 sorted"},
		{"a", `{"a":1}`, "-_id", "a 1"},
		{"a", `{"a":1}`, "a,_id", "a 1 sorted"},
		{"a", `{"a":{"$in":[1,2,3]}}`, "a", "a 3 sorted"},
		{"a", `{"a":{"$in":[1,2,3]}}`, "", "a 3"},
		{"a", `{"a":{"$in":[]}}`, "", "a 0"},
		{"a", `{"a":[1]}`, "", "_id all sorted"},
		{"a", `{"a":{"$ne":1}}`, "", "_id all sorted"},
		{"a", `{"a":null}`, "", "a 1 sorted"},
		{"a", `{"a":{"$exists":false}}`, "", "a 1 sorted"},
		{"a", `{"a":{"$exists":true}}`, "", "_id all sorted"},
		{"a", `{"a":{"$gt":1}}`, "a", "a 1 sorted"},
		{"a", `{"a":{"$gt":1}}`, "-a", "a 1 sorted back"},
		{"-a", `{"a":{"$gt":1}}`, "a", "-a 1 sorted back"},
		{"a", `{"a":{"$gt":1}}`, "", "a 1"},
		{"a", `{"a":{"$startsWith":"x"}}`, "a", "a 1 sorted"},
		{"a", `{"a":{"$regex":"^xy*"}}`, "a", "a 1 sorted"},
		{"a", `{"a":{"$regex":"xy"}}`, "a", "a all sorted"},
		{"a", `{"a":{"$not":{"$gt":1}}}`, "", "_id all sorted"},
		{"a", `{"b":1}`, "-a", "a all sorted back"},
		{"a,b", `{"a":1}`, "b", "a,b 1 sorted"},
		{"a,b", `{"a":1}`, "-b", "a,b 1 sorted back"},
		{"a,-b", `{"a":1}`, "a,-b", "a,-b 1 sorted"},
		{"a,-b", `{}`, "-a,b", "a,-b all sorted back"},
		{"a,-b", `{}`, "a,b", "_id all"},
		{"a,b", `{}`, "a", "_id all"}, // equal a would come by b, not by _id
		{"a,b", `{"b":1}`, "a", "a,b all sorted"},
		{"a,b", `{"a":{"$in":[1,2]},"b":{"$in":[1,2]}}`, "", "a,b 4"},
		{"a,b", `{"a":{"$in":[1,2]},"b":{"$gt":1}}`, "b", "a,b 2"},
		{"a,b", `{"a":{"$gt":1},"b":1}`, "", "a,b 1"},
		{"a,b", `{"b":1}`, "", "_id all sorted"},
		{"a;b", `{"a":{"$gt":1},"b":2}`, "", "b 1 sorted"},
		{"a;b", `{"a":{"$gt":1}}`, "b", "b all sorted"},
		{"a;a,b", `{"a":1}`, "b", "a,b 1 sorted"},
		{"a;a,b", `{"a":1,"b":{"$lt":3}}`, "", "a 1 sorted"},
		{"a;b", `{"$and":[{"a":1},{"$and":[{"c":1}]}]}`, "", "a 1 sorted"},
		{"a;b", `{"$or":[{"a":1},{"b":2}]}`, "", "a 1 + b 1 sorted"},
		{"a;b", `{"$or":[{"a":1},{"c":2}]}`, "", "_id all sorted"},
		{"a;b", `{"$or":[{"a":1},{"b":2}],"c":1}`, "b", "a 1 + b 1 sorted"},
		{"a,b;c", `{"a":1,"$or":[{"b":1},{"c":2}]}`, "", "a,b 1"},
		{"a;b;!c", `{"a":1,"c":3}`, "", "c 1 sorted"},
		{"a.k", `{"a":{"$elemMatch":{"k":3}}}`, "", "a.k 1 sorted"},
		{"a", `{"a":{"$elemMatch":{"$gt":3,"$lt":5}}}`, "a", "a 1 sorted"},
		{"a,b,c", `{"a":1,"c":1}`, "b", "a,b,c 1 sorted"},
	} {
		c := data.Collection{}
		if x.indexes != "" {
			c = indexed(strings.Split(x.indexes, ";")...)
		}
		got := showAccess(data.Choose(c, where(t, x.where), keys(x.order)))
		if got != x.want {
			t.Errorf("index %q, %s by %q: %s, want %s", x.indexes, x.where, x.order, got, x.want)
		}
	}
}

func TestChooseNeverExaminesForTheConstant(t *testing.T) {
	a := data.Choose(indexed("a"), data.Never(), nil)
	if a.All || len(a.Ranges) > 0 || a.Unindexed(0) {
		t.Errorf("%+v", a)
	}
}

func TestChooseWithArrays(t *testing.T) {
	for _, x := range []struct {
		many               uint32
		where, order, want string
	}{
		{1, `{"a":{"$gt":1,"$lt":5}}`, "", "a,b 1"},
		{1, `{}`, "a,b", "_id all"},
		{1, `{"a":1}`, "b", "a,b 1 sorted"},
		{1, `{"a":1}`, "a,b", "a,b 1"},
		{2, `{"a":1}`, "b", "a,b 1"},
		{2, `{"a":1,"b":2}`, "", "a,b 1 sorted"},
	} {
		b := data.Built{Index: data.Index{Name: "a,b", Fields: keys("a,b")}, Many: x.many}
		a := data.ChooseAmong([]data.Built{b}, where(t, x.where), keys(x.order))
		if got := showAccess(a); got != x.want {
			t.Errorf("arrays %b, %s by %q: %s, want %s", x.many, x.where, x.order, got, x.want)
		}
	}
}

func TestAdvise(t *testing.T) {
	for _, x := range []struct{ indexes, where, order, want string }{
		{"", `{"a":1}`, "", "{fields: [a]}"},
		{"a", `{"a":1}`, "", ""},
		{"", `{"a":1,"b":{"$gt":2}}`, "-c", "{fields: [a, -c]}"},
		{"", `{"a":1,"b":{"$gt":2}}`, "", "{fields: [a, b]}"},
		{"", `{"b":{"$gt":2}}`, "b", "{fields: [b]}"},
		{"", `{"a":{"$ne":1}}`, "", ""},
		{"", `{}`, "", ""},
		{"", `{}`, "-_id", ""},
		{"a", `{"a":1}`, "b", "{fields: [a, b]}"},
		{"", `{"tags":{"$elemMatch":{"$eq":"x"}}}`, "", "{fields: [tags]}"},
		{"", `{"t":{"$elemMatch":{"k":"x"}}}`, "", "{fields: [t.k]}"},
		{"", `{"_id":"x","a":1}`, "", ""},
		{"", `{"a":1,"b":1,"c":1,"d":1,"e":1}`, "", "{fields: [a, b, c, d]}"},
	} {
		c := data.Collection{}
		if x.indexes != "" {
			c = indexed(x.indexes)
		}
		if got := data.Advise(c, where(t, x.where), keys(x.order)); got != x.want {
			t.Errorf("index %q, %s by %q: %s, want %s", x.indexes, x.where, x.order, got, x.want)
		}
	}
}

// FuzzChoose: an index finds every document that a filter matches, whatever the
// filter, and in a sorted access the keys of documents come in their order.
func FuzzChoose(f *testing.F) {
	values := []string{`null`, `1`, `2`, `2.5`, `"a"`, `"ab"`, `true`, `[1,3]`, `["a","b"]`, `{"k":1}`, `[]`, `[{"k":1},{"k":2}]`}
	f.Add(uint64(1), `{"a":{"$gt":1,"$lte":3}}`)
	f.Add(uint64(2), `{"$or":[{"a":1},{"b":{"$startsWith":"a"}}],"b":{"$exists":false}}`)
	f.Add(uint64(3), `{"a":{"$elemMatch":{"$gte":1,"$lt":2}},"b":{"$in":[null,"a"]}}`)
	f.Add(uint64(4), `{"a.k":1,"b":{"$regex":"^a"}}`)
	f.Fuzz(func(t *testing.T, seed uint64, js string) {
		d, err := data.ParseJSON([]byte(js), 16)
		if err != nil {
			return
		}
		w, err := data.ParseWhere(d, false)
		if err != nil {
			return
		}
		match, err := data.Compile(w)
		if err != nil {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		pool := []string{"a", "b", "-a", "a,b", "b,-a", "a.k", "-b,a.k"}
		ix := data.Index{Name: "ix", Fields: keys(pool[r.IntN(len(pool))])}
		keyer, err := data.NewKeyer(ix)
		if err != nil {
			t.Fatal(err)
		}
		type held struct {
			doc     data.Doc
			entries [][]byte
		}
		var docs []held
		built := data.Built{Index: ix}
		for i := range 20 {
			text := fmt.Sprintf(`{"_id":"%02d","a":%s,"b":%s}`, i, values[r.IntN(len(values))], values[r.IntN(len(values))])
			doc, err := data.ParseJSON([]byte(text), 16)
			if err != nil {
				t.Fatal(err)
			}
			buf, spans, e, err := keyer.Append(nil, nil, doc, nil, "")
			if err != nil {
				continue // two arrays
			}
			h := held{doc: doc}
			for _, s := range spans {
				h.entries = append(h.entries, buf[s.From:s.To])
			}
			built.Many |= e.Many
			docs = append(docs, h)
		}
		a := data.ChooseAmong([]data.Built{built}, w, ix.Fields)
		for _, h := range docs {
			if match.Match(h.doc) && !met(a, h.entries, data.Text(data.Field(h.doc, data.FieldID))) {
				t.Errorf("%s: %s does not meet %s", js, showAccess(a), h.doc)
			}
		}
		if !a.Sorted || a.Index == data.ByID {
			return
		}
		for _, x := range docs {
			for _, y := range docs {
				c := bytes.Compare(x.entries[0], y.entries[0])
				if o := data.CompareDocs(x.doc, y.doc, ix.Fields); c != 0 && o != c && met(a, x.entries, "") && met(a, y.entries, "") {
					t.Errorf("%s and %s are %d by key, %d by order", x.doc, y.doc, c, o)
				}
			}
		}
	})
}

func met(a *data.Access, entries [][]byte, id string) bool {
	if a.All {
		return true
	}
	if a.Index == data.ByID {
		entries = [][]byte{[]byte(id)}
	}
	for _, r := range a.Ranges {
		for _, e := range entries {
			if bytes.Compare(e, r.Lo) >= 0 && (r.Hi == nil || bytes.Compare(e, r.Hi) < 0) {
				return true
			}
		}
	}
	for _, b := range a.Also {
		if met(b, entries, id) {
			return true
		}
	}
	return false
}
