package data_test

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const now = 1_767_322_800_000 // 2026-01-02T03:00:00Z

// updates is a table of PATCH bodies; want "!field" is the field of the refusal.
var updates = []struct{ old, patch, want string }{
	// merge
	{`{"_id":"x","a":1,"b":2}`, `{"a":5,"c":{"d":1}}`, `{"_id":"x","a":5,"b":2,"c":{"d":1}}`},
	{`{"a":{"x":1,"y":2}}`, `{"a":{"x":3}}`, `{"a":{"x":3}}`},
	{`{"a":1}`, `{}`, `{"a":1}`},
	{`{"_id":"x","a":1}`, `{"_id":"x","a":2}`, `{"_id":"x","a":2}`},
	{`{"_id":"x"}`, `{"_id":"y"}`, `!_id`},
	{`{"_id":"x"}`, `{"_version":1}`, `!_version`},
	{`{}`, `{"_x":1}`, `!_x`},
	{`{}`, `{"a.b":1}`, `!a.b`},
	{`{}`, `{"a":{"$gt":1}}`, `!a.$gt`},
	{`{}`, `{"a":[{"b.c":1}]}`, `!a[0].b.c`},
	{`{"n":1}`, `{"a":1,"$inc":{"n":1}}`, `{"n":2,"a":1}`},
	{`{}`, `{"$rename":{"a":"b"}}`, `!$rename`},
	{`{}`, `{"$where":"1"}`, `!$where`},
	{`{}`, `{"$set":5}`, `!$set`},
	// $set
	{`{}`, `{"$set":{"a.b.c":1}}`, `{"a":{"b":{"c":1}}}`},
	{`{"a":{"x":1,"b":2,"y":3}}`, `{"$set":{"a.b":5,"a.z":6}}`, `{"a":{"x":1,"b":5,"y":3,"z":6}}`},
	{`{"a":5}`, `{"$set":{"a.b":1}}`, `!a`},
	{`{"a":null}`, `{"$set":{"a.b":1}}`, `!a`},
	{`{"a":[1,2]}`, `{"$set":{"a.1":5}}`, `{"a":[1,5]}`},
	{`{"a":[1,2]}`, `{"$set":{"a.2":5}}`, `{"a":[1,2,5]}`},
	{`{"a":[1,2]}`, `{"$set":{"a.3":6,"a.2":5}}`, `{"a":[1,2,5,6]}`},
	{`{"a":[1,2]}`, `{"$set":{"a.3":5}}`, `!a.3`},
	{`{"a":[1]}`, `{"$set":{"a.4000000":1}}`, `!a.4000000`},
	{`{"a":[1]}`, `{"$set":{"a.01":1}}`, `!a.01`},
	{`{"a":[1]}`, `{"$set":{"a.b":1}}`, `!a.b`},
	{`{"a":[{"b":1}]}`, `{"$set":{"a.0.b":2,"a.1.b":3}}`, `{"a":[{"b":2},{"b":3}]}`},
	{`{}`, `{"$set":{"a.0":1}}`, `{"a":{"0":1}}`},
	{`{}`, `{"$set":{"_id":"x"}}`, `!$set._id`},
	{`{}`, `{"$set":{"_a.b":1}}`, `!$set._a.b`},
	{`{}`, `{"$set":{"a":{"$date":"2026-01-02T03:04:05Z"}}}`, `{"a":{"$date":"2026-01-02T03:04:05.000Z"}}`},
	{`{}`, `{"$set":{"a":{"b":{"$x":1}}}}`, `!$set.a.b.$x`},
	// conflicts
	{`{}`, `{"$set":{"a":1,"a.b":2}}`, `!$set.a.b`},
	{`{}`, `{"$set":{"a.b":1,"a":2}}`, `!$set.a`},
	{`{}`, `{"$set":{"a.b":1},"$inc":{"a.b":2}}`, `!$inc.a.b`},
	{`{}`, `{"a":1,"$unset":{"a":true}}`, `!$unset.a`},
	{`{}`, `{"$set":{"a.b":1,"a.c":2}}`, `{"a":{"b":1,"c":2}}`},
	// $unset
	{`{"a":1,"b":2}`, `{"$unset":{"a":""}}`, `{"b":2}`},
	{`{"a":{"b":1,"c":2}}`, `{"$unset":{"a.b":true}}`, `{"a":{"c":2}}`},
	{`{"a":1}`, `{"$unset":{"x.y":true,"a.b":true}}`, `{"a":1}`},
	{`{"a":[1,2,3]}`, `{"$unset":{"a.1":true,"a.7":true,"a.b":true}}`, `{"a":[1,null,3]}`},
	// $inc
	{`{"n":1}`, `{"$inc":{"n":2}}`, `{"n":3}`},
	{`{}`, `{"$inc":{"a.n":2}}`, `{"a":{"n":2}}`},
	{`{"n":2147483647}`, `{"$inc":{"n":1}}`, `{"n":2147483648}`},
	{`{"n":9223372036854775807}`, `{"$inc":{"n":1}}`, `!n`},
	{`{"n":{"$numberLong":"-9223372036854775808"}}`, `{"$inc":{"n":-1}}`, `!n`},
	{`{"n":1}`, `{"$inc":{"n":0.5}}`, `{"n":1.5}`},
	{`{"n":0.5}`, `{"$inc":{"n":-0.5}}`, `{"n":0.0}`},
	{`{"n":1e308}`, `{"$inc":{"n":1e308}}`, `!n`},
	{`{"n":{"$numberDecimal":"1.10"}}`, `{"$inc":{"n":{"$numberDecimal":"2.2"}}}`, `{"n":{"$numberDecimal":"3.30"}}`},
	{`{"n":{"$numberDecimal":"1"}}`, `{"$inc":{"n":0.1}}`, `{"n":{"$numberDecimal":"1.1"}}`},
	{`{"n":3}`, `{"$inc":{"n":{"$numberDecimal":"0.5"}}}`, `{"n":{"$numberDecimal":"3.5"}}`},
	{`{"n":{"$numberDecimal":"9999999999999999999999999999999999"}}`, `{"$inc":{"n":{"$numberDecimal":"0.5"}}}`, `{"n":{"$numberDecimal":"1.000000000000000000000000000000000E+34"}}`},
	{`{"n":{"$numberDecimal":"9.999999999999999999999999999999999E+6144"}}`, `{"$inc":{"n":{"$numberDecimal":"1E+6144"}}}`, `!n`},
	{`{"n":{"$numberDecimal":"1E+6144"}}`, `{"$inc":{"n":1}}`, `{"n":{"$numberDecimal":"1.000000000000000000000000000000000E+6144"}}`},
	{`{"n":"1"}`, `{"$inc":{"n":1}}`, `!n`},
	{`{"n":null}`, `{"$inc":{"n":1}}`, `!n`},
	{`{"n":1}`, `{"$inc":{"n":"1"}}`, `!$inc.n`},
	{`{"n":[1,2]}`, `{"$inc":{"n.0":5}}`, `{"n":[6,2]}`},
	// $push
	{`{"a":[1]}`, `{"$push":{"a":2}}`, `{"a":[1,2]}`},
	{`{}`, `{"$push":{"a.b":2}}`, `{"a":{"b":[2]}}`},
	{`{"a":[]}`, `{"$push":{"a":{"$each":[1,[2]]}}}`, `{"a":[1,[2]]}`},
	{`{}`, `{"$push":{"a":{"$each":[]}}}`, `{"a":[]}`},
	{`{"a":[1]}`, `{"$push":{"a":[2,3]}}`, `{"a":[1,[2,3]]}`},
	{`{"a":1}`, `{"$push":{"a":2}}`, `!a`},
	{`{"a":[]}`, `{"$push":{"a":{"$each":[1],"$slice":1}}}`, `!$push.a.$slice`},
	{`{"a":[]}`, `{"$push":{"a":{"$each":1}}}`, `!$push.a.$each`},
	{`{"a":[]}`, `{"$push":{"a":{"$each":[1],"b":1}}}`, `!$push.a`},
	{`{"a":[]}`, `{"$push":{"a":{"$each":[{"$b":1}]}}}`, `!$push.a.$each[0].$b`},
	{`{"a":[1,2,3,4,5,6,7,8,9]}`, `{"$push":{"a":{"$each":[10,11]}}}`, `{"a":[1,2,3,4,5,6,7,8,9,10,11]}`},
	// $addToSet
	{`{"a":[1]}`, `{"$addToSet":{"a":1.0}}`, `{"a":[1]}`},
	{`{"a":[1]}`, `{"$addToSet":{"a":"1"}}`, `{"a":[1,"1"]}`},
	{`{"a":[{"x":1,"y":2}]}`, `{"$addToSet":{"a":{"y":2,"x":1}}}`, `{"a":[{"x":1,"y":2},{"y":2,"x":1}]}`},
	{`{"a":[1]}`, `{"$addToSet":{"a":{"$each":[2,1,2,3]}}}`, `{"a":[1,2,3]}`},
	{`{"a":[1,1]}`, `{"$addToSet":{"a":{"$each":[2,1,3,4,5,6,7,8,2]}}}`, `{"a":[1,1,2,3,4,5,6,7,8]}`},
	{`{}`, `{"$addToSet":{"a":1}}`, `{"a":[1]}`},
	{`{"a":1}`, `{"$addToSet":{"a":1}}`, `!a`},
	// $pull
	{`{"a":[1,2,1.0,"1"]}`, `{"$pull":{"a":1}}`, `{"a":[2,"1"]}`},
	{`{"a":[1,5,9,"x"]}`, `{"$pull":{"a":{"$gte":5}}}`, `{"a":[1,"x"]}`},
	{`{"a":[{"s":"x","n":1},{"s":"y"},"x"]}`, `{"$pull":{"a":{"s":"x"}}}`, `{"a":[{"s":"y"},"x"]}`},
	{`{"a":[{"n":1},{"n":9}]}`, `{"$pull":{"a":{"n":{"$gt":5}}}}`, `{"a":[{"n":1}]}`},
	{`{"a":[1,{},{"b":1}]}`, `{"$pull":{"a":{}}}`, `{"a":[1]}`},
	{`{"a":[[1],[2]]}`, `{"$pull":{"a":[1]}}`, `{"a":[[2]]}`},
	{`{"a":[1,2]}`, `{"$pull":{"a":{"$in":[2,3]}}}`, `{"a":[1]}`},
	{`{}`, `{"$pull":{"a":1}}`, `{}`},
	{`{"a":1}`, `{"$pull":{"a":1}}`, `!a`},
	{`{"a":[1]}`, `{"$pull":{"a":{"$where":1}}}`, `!$pull.a.$where`},
	{`{"a":[1]}`, `{"$pull":{"a":{"x":{"$type":"int"}}}}`, `!$pull.a.x.$type`},
	// $currentDate
	{`{}`, `{"$currentDate":{"a":true,"b.c":{"$type":"date"}}}`, `{"a":{"$date":"2026-01-02T03:00:00.000Z"},"b":{"c":{"$date":"2026-01-02T03:00:00.000Z"}}}`},
	{`{}`, `{"$currentDate":{"a":false}}`, `!$currentDate.a`},
	{`{}`, `{"$currentDate":{"a":{"$type":"timestamp"}}}`, `!$currentDate.a`},
	// paths
	{`{}`, `{"$set":{"a..b":1}}`, `!$set.a..b`},
	{`{}`, `{"$set":{".a":1}}`, `!$set..a`},
	{`{}`, `{"$set":{"a.$":1}}`, `!$set.a.$`},
	{`{}`, `{"$set":{"a.$[]":1}}`, `!$set.a.$[]`},
}

func TestUpdate(t *testing.T) {
	for _, c := range updates {
		old, patch := doc(t, c.old), doc(t, c.patch)
		kept := bytes.Clone(old)
		got, err := data.ApplyUpdate(old, patch, now)
		if !bytes.Equal(old, kept) {
			t.Errorf("%s on %s changed the old document", c.patch, c.old)
		}
		if c.want[0] == '!' {
			e := hutch.AsError(err)
			if e == nil || e.Code != hutch.InvalidArgument || e.Field != c.want[1:] {
				t.Errorf("%s on %s: got %v, want field %s", c.patch, c.old, err, c.want[1:])
			}
			continue
		}
		if err != nil {
			t.Errorf("%s on %s: %v", c.patch, c.old, err)
			continue
		}
		if err := data.CheckDoc(got); err != nil {
			t.Errorf("%s on %s: %v", c.patch, c.old, err)
		}
		if js := show(t, got); js != c.want {
			t.Errorf("%s on %s:\n got %s\nwant %s", c.patch, c.old, js, c.want)
		}
		if c.want == c.old && !bytes.Equal(got, old) {
			t.Errorf("%s on %s: equal, but not in bytes", c.patch, c.old)
		}
	}
}

func TestS28UpdatesPadNoArray(t *testing.T) {
	for _, c := range []struct {
		patch string
		fine  bool
	}{
		{`{"$set":{"a.0":1}}`, true},
		{`{"$set":{"a.2":1}}`, true},
		{`{"$set":{"a.2.b.c":1}}`, true},
		{`{"$push":{"a.2":1}}`, true},
		{`{"$set":{"a.3":1}}`, false},
		{`{"$set":{"a.4000000":1}}`, false},
		{`{"$set":{"a.99999999999":1}}`, false},
		{`{"$inc":{"a.3":1}}`, false},
		{`{"$currentDate":{"a.3.b":true}}`, false},
		{`{"$addToSet":{"a.3":1}}`, false},
	} {
		got, err := data.ApplyUpdate(doc(t, `{"a":[1,2]}`), doc(t, c.patch), now)
		if (err == nil) != c.fine || err != nil && hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%s: %v", c.patch, err)
		}
		if len(got) > 100 {
			t.Errorf("%s: %d bytes", c.patch, len(got))
		}
	}
}

func TestS68UpdatesLeaveSystemFields(t *testing.T) {
	old := doc(t, `{"_id":"x","_version":3,"_createdAt":{"$date":"2026-01-02T03:04:05Z"},"a":[{"_b":1}]}`)
	for _, patch := range []string{
		`{"_version":4}`, `{"_createdAt":null}`, `{"_updatedAt":1}`, `{"_id":"y"}`, `{"_id":{"$numberInt":"1"}}`, `{"_x":1}`,
		`{"$set":{"_id":"x"}}`, `{"$set":{"_version":3}}`, `{"$inc":{"_version":1}}`, `{"$unset":{"_id":1}}`, `{"$unset":{"_version":1}}`,
		`{"$currentDate":{"_updatedAt":true}}`, `{"$push":{"_x.y":1}}`, `{"$pull":{"_x":1}}`, `{"$addToSet":{"_x":1}}`,
	} {
		if _, err := data.ApplyUpdate(old, doc(t, patch), now); hutch.CodeOf(err) != hutch.InvalidArgument {
			t.Errorf("%s: got %v", patch, err)
		}
	}
	got, err := data.ApplyUpdate(old, doc(t, `{"_id":"x","$inc":{"a.0._b":1}}`), now)
	if err != nil || show(t, got) != `{"_id":"x","_version":3,"_createdAt":{"$date":"2026-01-02T03:04:05.000Z"},"a":[{"_b":2}]}` {
		t.Errorf("%v, %v", got, err)
	}
}

func TestUpdateOfManyFields(t *testing.T) {
	old, patch, want := `{"keep":1`, `{"z":0`, ""
	for i := range 300 {
		name := "f" + strconv.Itoa(i)
		old += `,"` + name + `":1`
		patch += `,"` + name + `":2`
		want += `,"` + name + `":2`
	}
	got, err := data.ApplyUpdate(doc(t, old+`}`), doc(t, patch+`}`), now)
	if err != nil || show(t, got) != `{"keep":1`+want+`,"z":0}` {
		t.Errorf("%v, %v", got, err)
	}
}
