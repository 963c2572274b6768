package data_test

import (
	"testing"

	"github.com/hutch-dev/hutch/data"
)

// matches is a table of filters on documents, each as MongoDB answers.
var matches = []struct {
	where, doc string
	want       bool
}{
	{`{}`, `{}`, true},
	{`{"a":1}`, `{"a":1}`, true},
	{`{"a":1}`, `{"a":1.0}`, true},
	{`{"a":1}`, `{"a":{"$numberDecimal":"1.00"}}`, true},
	{`{"a":1}`, `{"a":"1"}`, false},
	{`{"a":1}`, `{"a":[3,1]}`, true},
	{`{"a":[3,1]}`, `{"a":[3,1]}`, true},
	{`{"a":[1,3]}`, `{"a":[3,1]}`, false},
	{`{"a":[1]}`, `{"a":[[1],2]}`, true},
	{`{"a":null}`, `{}`, true},
	{`{"a":null}`, `{"a":null}`, true},
	{`{"a":null}`, `{"a":[null]}`, true},
	{`{"a":null}`, `{"a":[]}`, false},
	{`{"a":null}`, `{"a":0}`, false},
	{`{"a.b":null}`, `{"a":1}`, true},
	{`{"a.b":null}`, `{"a":[]}`, false},
	{`{"a.b":null}`, `{"a":[1,2]}`, false},
	{`{"a.b":null}`, `{"a":[{"b":1},{}]}`, true},
	{`{"a.b":{"$ne":null}}`, `{"a":[]}`, true},
	{`{"a.b":{"$exists":false}}`, `{"a":[]}`, true},
	{`{"a.b":{"$exists":true}}`, `{"a":[{},{"b":null}]}`, true},
	{`{"a.b":2}`, `{"a":[{"b":1},{"b":[5,2]}]}`, true},
	{`{"a.b":2}`, `{"a":[[{"b":2}]]}`, false},
	{`{"a.0.b":2}`, `{"a":[[{"b":2}]]}`, true},
	{`{"a.0":2}`, `{"a":[2,3]}`, true},
	{`{"a.1":2}`, `{"a":[2,3]}`, false},
	{`{"a.00":2}`, `{"a":[2,3]}`, false},
	{`{"a.0":2}`, `{"a":{"0":2}}`, true},
	{`{"a.0":2}`, `{"a":[{"0":2}]}`, true},
	{`{"a.0":1}`, `{"a":[[1,2]]}`, false}, // an element found by its index is not traversed
	{`{"a.0":[1,2]}`, `{"a":[[1,2]]}`, true},
	{`{"a.0.1":2}`, `{"a":[[1,2]]}`, true},
	{`{"a.0":null}`, `{"a":[{"b":1}]}`, true}, // {"b":1} has no field "0"
	{`{"a":{"x":1,"y":2}}`, `{"a":{"x":1,"y":2}}`, true},
	{`{"a":{"x":1,"y":2}}`, `{"a":{"y":2,"x":1}}`, false},
	{`{"a":{"x":1}}`, `{"a":{"x":1,"y":2}}`, false},
	{`{"a":{}}`, `{"a":{}}`, true},
	{`{"a":{"$ne":1}}`, `{"a":[1,2]}`, false},
	{`{"a":{"$ne":1}}`, `{}`, true},
	{`{"a":{"$gt":1}}`, `{"a":2}`, true},
	{`{"a":{"$gt":1}}`, `{"a":1}`, false},
	{`{"a":{"$gt":1}}`, `{"a":"2"}`, false},
	{`{"a":{"$gt":1}}`, `{}`, false},
	{`{"a":{"$gt":1,"$lt":3}}`, `{"a":[0,5]}`, true},
	{`{"a":{"$gte":null}}`, `{}`, true},
	{`{"a":{"$gt":null}}`, `{}`, false},
	{`{"a":{"$lte":null}}`, `{"a":1}`, false},
	{`{"a":{"$gte":[1]}}`, `{"a":[1,2]}`, true},
	{`{"a":{"$lt":"b"}}`, `{"a":"a"}`, true},
	{`{"a":{"$lt":{"$date":"2026-01-01T00:00:00Z"}}}`, `{"a":{"$date":"2025-01-01T00:00:00Z"}}`, true},
	{`{"a":{"$lt":{"$date":"2026-01-01T00:00:00Z"}}}`, `{"a":5}`, false},
	{`{"a":{"$gt":false}}`, `{"a":true}`, true},
	{`{"a":{"$gt":{"$numberLong":"9007199254740992"}}}`, `{"a":{"$numberLong":"9007199254740993"}}`, true},
	{`{"a":9007199254740992.0}`, `{"a":{"$numberLong":"9007199254740993"}}`, false},
	{`{"a":{"$in":[]}}`, `{"a":1}`, false},
	{`{"a":{"$in":[2,"x",null]}}`, `{"a":"x"}`, true},
	{`{"a":{"$in":[2,"x",null]}}`, `{}`, true},
	{`{"a":{"$in":[1,2,3,4,5,6,7,8,9]}}`, `{"a":[20,9.0]}`, true},
	{`{"a":{"$in":[1,2,3,4,5,6,7,8,9]}}`, `{"a":"9"}`, false},
	{`{"a":{"$in":[[1,2]]}}`, `{"a":[1,2]}`, true},
	{`{"a":{"$nin":[1,2]}}`, `{"a":3}`, true},
	{`{"a":{"$nin":[1,2]}}`, `{"a":[3,2]}`, false},
	{`{"a":{"$nin":[]}}`, `{}`, true},
	{`{"a":{"$exists":true}}`, `{"a":null}`, true},
	{`{"a":{"$exists":true}}`, `{}`, false},
	{`{"a":{"$exists":false}}`, `{"b":1}`, true},
	{`{"$and":[{"a":1},{"b":2}]}`, `{"a":1,"b":2}`, true},
	{`{"$and":[{"a":1},{"b":2}]}`, `{"a":1,"b":3}`, false},
	{`{"$or":[{"a":1},{"b":2}]}`, `{"a":0,"b":2}`, true},
	{`{"$or":[{"a":1},{"b":2}]}`, `{}`, false},
	{`{"$or":[{}]}`, `{}`, true},
	{`{"$nor":[{"a":1},{"b":2}]}`, `{}`, true},
	{`{"$nor":[{"a":1},{"b":2}]}`, `{"b":2}`, false},
	{`{"$not":{"a":1,"b":2}}`, `{"a":1}`, true},
	{`{"$not":{"a":1}}`, `{"a":1}`, false},
	{`{"$not":{}}`, `{}`, false},
	{`{"a":{"$not":{"$gt":5}}}`, `{"a":[1,9]}`, false},
	{`{"a":{"$not":{"$gt":5}}}`, `{"a":"x"}`, true},
	{`{"a":{"$not":{"$not":{"$eq":1}}}}`, `{"a":1}`, true},
	{`{"a":{"$not":{"$gt":1,"$lt":3}}}`, `{"a":2}`, false},
	{`{"a":{"$contains":"ell"}}`, `{"a":"hello"}`, true},
	{`{"a":{"$contains":"Ell"}}`, `{"a":"hello"}`, false},
	{`{"a":{"$contains":""}}`, `{"a":""}`, true},
	{`{"a":{"$contains":"ell"}}`, `{"a":["x","hello"]}`, true},
	{`{"a":{"$contains":"1"}}`, `{"a":1}`, false},
	{`{"a":{"$startsWith":"he"}}`, `{"a":"hello"}`, true},
	{`{"a":{"$startsWith":"el"}}`, `{"a":"hello"}`, false},
	{`{"a":{"$regex":"^h.*o$"}}`, `{"a":"hello"}`, true},
	{`{"a":{"$regex":"(?i)^HE"}}`, `{"a":"hello"}`, true},
	{`{"a":{"$regex":"^x"}}`, `{"a":["y","xx"]}`, true},
	{`{"a":{"$regex":"."}}`, `{"a":1}`, false},
	{`{"a":{"$type":"int"}}`, `{"a":1}`, true},
	{`{"a":{"$type":"number"}}`, `{"a":["x",1.5]}`, true},
	{`{"a":{"$type":"array"}}`, `{"a":[]}`, true},
	{`{"a":{"$type":"null"}}`, `{}`, false},
	{`{"a":{"$size":2}}`, `{"a":[1,[2]]}`, true},
	{`{"a":{"$size":2}}`, `{"a":[[1,2]]}`, false},
	{`{"a.b":{"$size":1}}`, `{"a":[{"b":[]},{"b":[1]}]}`, true},
	{`{"a":{"$size":0}}`, `{}`, false},
	{`{"a":{"$elemMatch":{"$gt":1,"$lt":3}}}`, `{"a":[0,5]}`, false},
	{`{"a":{"$elemMatch":{"$gt":1,"$lt":3}}}`, `{"a":[0,2]}`, true},
	{`{"a":{"$elemMatch":{"$gt":1}}}`, `{"a":2}`, false},
	{`{"a":{"$elemMatch":{"$ne":1}}}`, `{"a":[1,2]}`, true},
	{`{"a":{"$elemMatch":{"$not":{"$gt":1}}}}`, `{"a":[5,"x"]}`, true},
	{`{"a":{"$elemMatch":{"x":1,"y":2}}}`, `{"a":[{"x":1},{"y":2}]}`, false},
	{`{"a":{"$elemMatch":{"x":1,"y":2}}}`, `{"a":[3,{"x":1,"y":2}]}`, true},
	{`{"a":{"$elemMatch":{"x":{"$exists":false}}}}`, `{"a":[1,"x"]}`, false},
	{`{"a":{"$elemMatch":{"x":{"$exists":false}}}}`, `{"a":[1,{}]}`, true},
	{`{"a":{"$elemMatch":{"$or":[{"x":1},{"y":2}]}}}`, `{"a":[{"y":2}]}`, true},
	{`{"a":{"$elemMatch":{"$elemMatch":{"$eq":2}}}}`, `{"a":[[1],[2]]}`, true},
	{`{"a":{"$elemMatch":{"0":1}}}`, `{"a":[[1]]}`, true},
	{`{"a.b":{"$elemMatch":{"c":1}}}`, `{"a":[{"b":[{"c":1}]}]}`, true},
	{`{"_id":"x"}`, `{"_id":"x"}`, true},
	{`{"a":{"$binary":{"base64":"AQI=","subType":"00"}}}`, `{"a":{"$binary":{"base64":"AQI=","subType":"04"}}}`, false},
	{`{"a":{"$oid":"0123456789abcdef01234567"}}`, `{"a":"0123456789abcdef01234567"}`, false},
}

func TestMatch(t *testing.T) {
	for _, c := range matches {
		w, err := data.ParseWhere(doc(t, c.where), false)
		if err != nil {
			t.Errorf("%s: %v", c.where, err)
			continue
		}
		m, err := data.Compile(w)
		if err != nil {
			t.Errorf("%s: %v", c.where, err)
			continue
		}
		if got := m.Match(doc(t, c.doc)); got != c.want {
			t.Errorf("%s on %s: got %v", c.where, c.doc, got)
		}
	}
}

func TestMatchCoversTheTable(t *testing.T) {
	seen := map[data.Operator]bool{}
	var note func(w data.Where)
	note = func(w data.Where) {
		seen[w.Op] = true
		for _, k := range w.Kids {
			note(k)
		}
	}
	for _, c := range matches {
		w, err := data.ParseWhere(doc(t, c.where), false)
		if err != nil {
			t.Fatal(err)
		}
		note(w)
	}
	for _, o := range data.Operators() {
		if !seen[o.Op] {
			t.Errorf("no case has %s", o.Op)
		}
	}
}

// TestFirstOfEqualNamesCounts is for documents of other programs: ours have none.
func TestFirstOfEqualNamesCounts(t *testing.T) {
	twice := data.NewDoc(data.Elem{Name: "a", Value: data.Int(1)}, data.Elem{Name: "b", Value: data.Int(2)}, data.Elem{Name: "a", Value: data.Int(3)})
	for where, want := range map[string]bool{`{"a":1}`: true, `{"a":3}`: false, `{"a":1,"b":2,"c":null}`: true, `{"a":3,"b":2,"c":null}`: false} {
		if got := compiled(t, where).Match(twice); got != want {
			t.Errorf("%s: %v", where, got)
		}
	}
	if v := data.Field(twice, "a"); !data.Equal(v, data.Int(1)) {
		t.Errorf("the field is %v", v)
	}
}

func TestS18CorruptNeverMatches(t *testing.T) {
	w, err := data.ParseWhere(doc(t, `{"role":{"$exists":false}}`), true)
	if err != nil {
		t.Fatal(err)
	}
	m, err := data.Compile(w)
	if err != nil {
		t.Fatal(err)
	}
	good := doc(t, `{"a":1,"role":"x"}`)
	for i := range good {
		if i >= 12 && i < 16 { // the name role: another name is no damage
			continue
		}
		for _, b := range []byte{0x0b, 0x0c, 0xff, 0x7f} {
			bad := append(data.Doc(nil), good...)
			bad[i] = b
			if m.Match(bad) && data.CheckDoc(bad) != nil {
				t.Errorf("byte %d = %x: a document that is not well-formed matches", i, b)
			}
		}
	}
}
