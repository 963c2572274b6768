package data_test

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// sampleJSON is a document of about 1 KB with all that is usual.
const sampleJSON = `{"_id":"01HZX0000000000000000000AB","_version":{"$numberLong":"1767322800000001"},` +
	`"_createdAt":{"$date":"2026-01-02T03:00:00.000Z"},"_updatedAt":{"$date":"2026-01-02T03:00:00.000Z"},` +
	`"owner":"user-01234","sku":"SKU-000000001234","status":"available","n":1,"price":345.25,` +
	`"profile":{"score":812.5,"level":17,"geo":{"lat":52.25,"lng":-13.75,"city":"city-77"}},"tags":["red","large","sale"],` +
	`"items":[{"sku":"P-1","name":"Pet product number 1","qty":1,"at":{"$date":"2026-01-02T03:04:05.678Z"}},` +
	`{"sku":"P-2","name":"Pet product number 2","qty":2,"at":{"$date":"2026-01-02T03:04:05.678Z"}},` +
	`{"sku":"P-3","name":"Pet product number 3","qty":3,"at":{"$date":"2026-01-02T03:04:05.678Z"}}],` +
	`"active":true,"ref":null,"title":"The quick brown pet 1234","body":"lorem w1 ipsum w22 dolor w333 sit w4 amet w55 elit w6 sed w77 do w8 eius w99 tempor w1 caf\u00e9 \"quoted\" ut w22 labore w3 et w44 magna w5 aliqua w66 enim w7 lorem w88 ipsum w9"}`

var (
	sinkDoc   data.Doc
	sinkBytes []byte
	sinkBool  bool
)

func BenchmarkParseJSON(b *testing.B) {
	b.SetBytes(int64(len(sampleJSON)))
	for b.Loop() {
		sinkDoc, _ = data.ParseJSON([]byte(sampleJSON), 40)
	}
}

func BenchmarkParseJSONDriver(b *testing.B) {
	b.SetBytes(int64(len(sampleJSON)))
	for b.Loop() {
		var d bson.D
		if err := bson.UnmarshalExtJSON([]byte(sampleJSON), false, &d); err != nil {
			b.Fatal(err)
		}
		sinkDoc, _ = bson.Marshal(d)
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	d := doc(b, sampleJSON)
	b.SetBytes(int64(len(sampleJSON)))
	for b.Loop() {
		sinkBytes, _ = data.AppendJSON(sinkBytes[:0], d)
	}
}

func BenchmarkAppendJSONDriver(b *testing.B) {
	d := doc(b, sampleJSON)
	b.SetBytes(int64(len(sampleJSON)))
	for b.Loop() {
		sinkBytes, _ = bson.MarshalExtJSON(d, false, false)
	}
}

func BenchmarkCheckDoc(b *testing.B) {
	d := doc(b, sampleJSON)
	b.SetBytes(int64(len(d)))
	for b.Loop() {
		if err := data.CheckDoc(d); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkApplyUpdate(b *testing.B) {
	d := doc(b, sampleJSON)
	u, err := data.CompileUpdate(doc(b, `{"status":"sold","$inc":{"n":1,"profile.level":2},"$push":{"tags":"new"}}`))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		sinkDoc, _ = u.Apply(d, now)
	}
}

func BenchmarkAppendKey(b *testing.B) {
	for name, v := range map[string]data.Value{
		"int": data.Int(345), "double": data.Double(345.25), "string": data.String("SKU-000000001234"), "decimal": data.Decimal(mustDecimal(b, "345.25")),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sinkBytes = data.AppendKey(sinkBytes[:0], v, false)
			}
		})
	}
}

func compiled(t testing.TB, where string) *data.Matcher {
	t.Helper()
	w, err := data.ParseWhere(doc(t, where), false)
	if err != nil {
		t.Fatal(err)
	}
	m, err := data.Compile(w)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func BenchmarkMatch(b *testing.B) {
	d := doc(b, sampleJSON)
	for name, where := range map[string]string{
		"one":      `{"status":"available"}`,
		"three":    `{"profile.score":{"$gte":100},"status":"available","tags":"sale"}`,
		"in":       `{"owner":{"$in":["user-1","user-2","user-01234"]}}`,
		"elem":     `{"items":{"$elemMatch":{"sku":"P-3","qty":{"$gt":2}}}}`,
		"contains": `{"body":{"$contains":"aliqua"}}`,
	} {
		m := compiled(b, where)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sinkBool = m.Match(d)
			}
			if !sinkBool {
				b.Fatal("no match")
			}
		})
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	d := doc(t, sampleJSON)
	for _, where := range []string{
		`{"profile.score":{"$gte":100},"status":"available","tags":"sale"}`, `{"items.sku":{"$in":["P-3"]}}`,
		`{"items":{"$elemMatch":{"sku":"P-3","qty":{"$gt":2}}}}`, `{"$or":[{"nothing":1},{"body":{"$startsWith":"lorem"}}]}`,
		`{"_createdAt":{"$lt":{"$date":"2027-01-01T00:00:00Z"}}}`, `{"n":{"$in":[9,8,7,6,5,4,3,2,1]}}`,
	} {
		m := compiled(t, where)
		if n := testing.AllocsPerRun(100, func() { sinkBool = m.Match(d) }); n != 0 || !sinkBool {
			t.Errorf("%s: %v allocations, match %v", where, n, sinkBool)
		}
	}
}

func TestSortDoesNotAllocate(t *testing.T) {
	a, b := doc(t, `{"_id":"a","n":1,"l":[{"x":1},{"x":3}]}`), doc(t, `{"_id":"b","n":1,"l":[{"x":1}]}`)
	keys := []data.Order{{Path: "n"}, {Path: "l.x", Desc: true}}
	got := 0
	if n := testing.AllocsPerRun(100, func() { got = data.CompareDocs(a, b, keys) }); n != 0 || got != -1 {
		t.Errorf("%v allocations, order %d", n, got)
	}
}
