package mongo

import (
	"fmt"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

// BenchmarkReads measures reads of a collection of 50,000 documents of 200 bytes.
func BenchmarkReads(b *testing.B) {
	s, err := Open(b.Context(), Options{URL: mongotest.Database(b)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for i := range 50 {
		var docs []any
		for k := range 1000 {
			n := i*1000 + k
			docs = append(docs, bson.D{
				{Key: "_id", Value: fmt.Sprintf("%06d", n)},
				{Key: "_version", Value: int64(1) << 50},
				{Key: "n", Value: n},
				{Key: "k", Value: n % 1000},
				{Key: "pad", Value: strings.Repeat("x", 120)},
			})
		}
		if _, err := s.db.Collection("pets").InsertMany(b.Context(), docs); err != nil {
			b.Fatal(err)
		}
	}
	ixs := []data.Index{{Name: "k,-n", Fields: order("k,-n")}, {Name: "n", Fields: order("n")}}
	if err := s.Configure(b.Context(), []data.Collection{{Name: "pets", Indexes: ixs}}, true); err != nil {
		b.Fatal(err)
	}
	for _, x := range []struct {
		name, where, by string
		limit           int
		count           bool
	}{
		{"page by index", `{"k":7}`, "-n", 20, false},
		{"page from the end", `{"k":7}`, "n", 20, false},
		{"page by id", `{}`, "", 20, false},
		{"scan for few", `{"pad":"none"}`, "", 20, false},
		{"sort without index", `{}`, "pad", 20, false},
		{"count all", `{}`, "", 0, true},
		{"count by index", `{"k":7}`, "", 0, true},
		{"count by pattern", `{"pad":{"$regex":"y"}}`, "", 0, true},
	} {
		b.Run(x.name, func(b *testing.B) {
			p := &data.Plan{Collection: "pets", Where: filter(b, x.where), OrderBy: order(x.by), Limit: x.limit}
			for b.Loop() {
				sn, err := s.Snapshot(b.Context(), "")
				if err != nil {
					b.Fatal(err)
				}
				p.Budget = &data.Budget{MaxDocs: 50_000}
				if x.count {
					_, err = sn.Count(b.Context(), p)
				} else {
					for _, err = range sn.Find(b.Context(), p) {
						if err != nil {
							break
						}
					}
				}
				if err != nil {
					b.Fatal(err)
				}
				sn.Close()
			}
		})
	}
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			sn, err := s.Snapshot(b.Context(), "")
			if err != nil {
				b.Fatal(err)
			}
			if _, err := sn.Get(b.Context(), "pets", "000777"); err != nil {
				b.Fatal(err)
			}
			sn.Close()
		}
	})
}
