package data_test

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// FuzzParseJSON holds the codec to the driver's where both take a text, and to
// itself: what was read is well-formed and is read back equal.
func FuzzParseJSON(f *testing.F) {
	f.Add([]byte(sampleJSON))
	for _, c := range refused {
		f.Add([]byte(c.in))
	}
	for _, js := range []string{
		`{"a":{"$numberDecimal":"1.50"},"b":{"$binary":{"base64":"AQI=","subType":"04"}},"c":{"$date":{"$numberLong":"-5"}}}`,
		`{"a":1e-320,"b":[1,[2,{"c":9007199254740993}]],"d":{"$oid":"0123456789abcdef01234567"}}`,
	} {
		f.Add([]byte(js))
	}
	f.Fuzz(func(t *testing.T, js []byte) {
		d, err := data.ParseJSON(js, 40)
		if err != nil {
			return
		}
		if err := data.CheckDoc(d); err != nil {
			t.Fatalf("%q was read as no document: %v", js, err)
		}
		out, err := data.AppendJSON(nil, d)
		if err != nil || !utf8.Valid(out) {
			t.Fatalf("%q: %q, %v", js, out, err)
		}
		back, err := data.ParseJSON(out, 40)
		if err != nil {
			t.Fatalf("%q is written as %q: %v", js, out, err)
		}
		if !data.Equal(data.Object(d), data.Object(back)) {
			t.Fatalf("%q is written as %q and is another document", js, out)
		}
		if again, _ := data.AppendJSON(nil, back); !bytes.Equal(again, out) {
			t.Fatalf("%q, then %q", out, again)
		}
		if data.CheckFields(d, "_id") != nil {
			return // the driver gives other names with $ a meaning
		}
		var theirs bson.D
		if bson.UnmarshalExtJSON(js, false, &theirs) != nil {
			return
		}
		b, err := bson.Marshal(theirs)
		if err != nil {
			return
		}
		if data.CheckDoc(b) == nil && !data.Equal(data.Object(d), data.Object(b)) {
			t.Fatalf("%q: %s, the driver %s", js, d, bson.Raw(b))
		}
		text, err := bson.MarshalExtJSON(d, false, false)
		if err != nil {
			t.Fatalf("the driver does not write %q: %v", js, err)
		}
		read, err := data.ParseJSON(text, 40)
		if err != nil || !data.Equal(data.Object(read), data.Object(d)) {
			t.Fatalf("%q, written by the driver as %q: %v", js, text, err)
		}
	})
}

// FuzzBSON feeds readers bytes that nobody has checked.
func FuzzBSON(f *testing.F) {
	f.Add([]byte(doc(f, sampleJSON)))
	f.Add([]byte{5, 0, 0, 0, 0})
	f.Add([]byte{})
	m := compiled(f, `{"$or":[{"a.b":{"$exists":false}},{"items":{"$elemMatch":{"qty":{"$gt":1}}}},{"tags":{"$size":3}}]}`)
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = m.Match(b)
		js, jerr := data.AppendJSON(nil, b)
		if data.CheckDoc(b) != nil {
			return
		}
		if bson.Raw(b).Validate() != nil {
			t.Fatalf("%x passes, the driver finds it malformed", b)
		}
		if jerr != nil || !utf8.Valid(js) {
			t.Fatalf("%x passes and has no JSON: %v", b, jerr)
		}
		if data.Compare(data.Object(b), data.Object(b)) != 0 || data.Depth(b) < 1 {
			t.Fatalf("%x does not equal itself", b)
		}
		data.AppendKey(nil, data.Object(b), false)
	})
}

func FuzzWhere(f *testing.F) {
	for _, c := range matches {
		f.Add([]byte(c.where), []byte(c.doc))
	}
	f.Fuzz(func(t *testing.T, where, js []byte) {
		wd, err := data.ParseJSON(where, 40)
		if err != nil {
			return
		}
		d, err := data.ParseJSON(js, 32)
		if err != nil {
			return
		}
		w, err := data.ParseWhere(wd, true)
		if err != nil {
			if w, err = data.ParseWhere(wd, false); err != nil {
				return
			}
		}
		m, err := data.Compile(w)
		if err != nil {
			t.Fatalf("%s is a filter and does not compile: %v", where, err)
		}
		not, err := data.Compile(data.Where{Op: data.OpNot, Kids: []data.Where{w}})
		if err != nil {
			t.Fatal(err)
		}
		if m.Match(d) == not.Match(d) {
			t.Fatalf("%s and its complement agree on %s", where, js)
		}
		_ = w.Canonical()
	})
}

func FuzzUpdate(f *testing.F) {
	for _, c := range updates {
		f.Add([]byte(c.old), []byte(c.patch))
	}
	f.Fuzz(func(t *testing.T, js, patch []byte) {
		old, err := data.ParseJSON(js, 32)
		if err != nil || data.CheckFields(old, "_id") != nil {
			return
		}
		p, err := data.ParseJSON(patch, 40)
		if err != nil {
			return
		}
		kept := bytes.Clone(old)
		next, err := data.ApplyUpdate(old, p, now)
		if !bytes.Equal(old, kept) {
			t.Fatalf("%s on %s changes the old document", patch, js)
		}
		if err != nil {
			return
		}
		if err := data.CheckDoc(next); err != nil {
			t.Fatalf("%s on %s: %v", patch, js, err)
		}
		if err := data.CheckFields(next, "_id"); err != nil {
			t.Fatalf("%s on %s: %v", patch, js, err)
		}
		if again, err := data.ApplyUpdate(old, p, now); err != nil || !bytes.Equal(again, next) {
			t.Fatalf("%s on %s: not the same twice, %v", patch, js, err)
		}
	})
}

func FuzzKeyOrder(f *testing.F) {
	for _, js := range []string{`1`, `1.5`, `-3`, `"a"`, `{"a":1}`, `[1,"x"]`, `null`, `true`, `{"$numberDecimal":"0.1"}`, `{"$date":"2026-01-01T00:00:00Z"}`, `9007199254740993`} {
		f.Add([]byte(js), []byte(`0.1`))
	}
	f.Fuzz(func(t *testing.T, x, y []byte) {
		a, err := data.ParseValueJSON(x, 32)
		if err != nil {
			return
		}
		b, err := data.ParseValueJSON(y, 32)
		if err != nil {
			return
		}
		checkKeys(t, a, b)
	})
}

func FuzzOpenCursor(f *testing.F) {
	f.Add("AQ")
	f.Fuzz(func(t *testing.T, s string) {
		if m, err := data.OpenCursor(make([]byte, 32), "b", s, testNow); err == nil {
			t.Fatalf("%q opens: %v", s, m)
		}
	})
}
