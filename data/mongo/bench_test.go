package mongo_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
)

const benchClients = 64

// run lets clients commit what make gives until b.N commits are done.
func run(b *testing.B, s *mongo.Store, batch func(n int64) *data.Batch) {
	b.Helper()
	var n atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range benchClients {
		wg.Go(func() {
			for k := n.Add(1); k <= int64(b.N); k = n.Add(1) {
				if _, err := s.Commit(b.Context(), batch(k)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

func BenchmarkCommit(b *testing.B) {
	ids := data.NewIDs(nil, nil)
	id := func() string {
		id, err := ids.Next()
		if err != nil {
			b.Error(err)
		}
		return id
	}
	doc := data.NewDoc(data.Elem{Name: "name", Value: data.String("Bo")}, data.Elem{Name: "n", Value: data.Int(1)})
	fresh := func(coll string) data.Write {
		return data.Write{Collection: coll, ID: id(), Fresh: true, Next: func(data.Doc) (data.Doc, error) { return doc, nil }}
	}
	b.Run("create", func(b *testing.B) {
		run(b, open(b), func(int64) *data.Batch {
			return &data.Batch{Now: time.Now(), Writes: []data.Write{fresh("pets")}}
		})
	})
	b.Run("create, job, key", func(b *testing.B) {
		run(b, open(b), func(n int64) *data.Batch {
			return &data.Batch{
				Now: time.Now(), Writes: []data.Write{fresh("pets")},
				Derive: func([]data.Change) ([]data.Write, error) {
					key := fresh("_idempotency")
					key.ID, key.Fresh = fmt.Sprint("key", n), false
					return []data.Write{fresh("_jobs"), key}, nil
				},
			}
		})
	})
	b.Run("hot", func(b *testing.B) {
		run(b, open(b), func(int64) *data.Batch {
			return &data.Batch{Now: time.Now(), Writes: []data.Write{inc("pets", "hot")}}
		})
	})
	b.Run("spread", func(b *testing.B) {
		run(b, open(b), func(n int64) *data.Batch {
			return &data.Batch{Now: time.Now(), Writes: []data.Write{inc("pets", fmt.Sprint(n%1000))}}
		})
	})
}

// inc adds 1 to n, which begins at 0.
func inc(coll, id string) data.Write {
	return data.Write{Collection: coll, ID: id, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
		n, _ := data.Integer(data.Field(old, "n"))
		return data.NewDoc(data.Elem{Name: "n", Value: data.Int(n + 1)}), nil
	}}
}
