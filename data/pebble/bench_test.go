package pebble_test

import (
	"fmt"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
)

// cpu is the processor time of the process so far.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measure reports what an operation costs the processor.
func measure(b *testing.B, f func()) {
	before := cpu(b)
	b.ReportAllocs()
	b.ResetTimer()
	f()
	b.StopTimer()
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N)/1e3, "cpu-us/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}

var pets = data.Collection{Name: "pets", Indexes: []data.Index{
	{Name: "owner,-at", Fields: []data.Order{{Path: "owner"}, {Path: "at", Desc: true}}},
	{Name: "sku", Fields: []data.Order{{Path: "sku"}}, Unique: true},
}}

// benchDoc has some 400 bytes and 10 fields.
func benchDoc(id string, n int64) data.Doc {
	return data.NewDoc(
		data.Elem{Name: data.FieldID, Value: data.String(id)},
		data.Elem{Name: "owner", Value: data.String("user" + strconv.FormatInt(n%500, 10))},
		data.Elem{Name: "at", Value: data.Date(time.UnixMilli(1772600767000 + n))},
		data.Elem{Name: "sku", Value: data.String("sku-" + id)},
		data.Elem{Name: "name", Value: data.String("a name of a pet that is for sale")},
		data.Elem{Name: "price", Value: data.Double(float64(n%1000) / 4)},
		data.Elem{Name: "stock", Value: data.Int(n % 100)},
		data.Elem{Name: "tags", Value: data.Array(data.String("red"), data.String("small"), data.String("indoor"))},
		data.Elem{Name: "address", Value: data.Object(data.NewDoc(data.Elem{Name: "city", Value: data.String("Hamburg")}, data.Elem{Name: "zip", Value: data.String("20095")}))},
		data.Elem{Name: "text", Value: data.String("Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore.")},
	)
}

func create(id string, d data.Doc) data.Write {
	return data.Write{Collection: "pets", ID: id, Next: func(data.Doc) (data.Doc, error) { return d, nil }}
}

func filled(b *testing.B, n int) *pebble.Store {
	s := open(b, pebble.Options{Durability: pebble.Full})
	if err := s.Configure(b.Context(), []data.Collection{pets}, true); err != nil {
		b.Fatal(err)
	}
	for i := 0; i < n; {
		batch := &data.Batch{Now: time.Now()}
		for ; i < n && len(batch.Writes) < 500; i++ {
			id := fmt.Sprintf("p%06d", i)
			batch.Writes = append(batch.Writes, create(id, benchDoc(id, int64(i))))
		}
		if _, err := s.Commit(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func parallel(b *testing.B, workers int, f func(n int64)) {
	var next atomic.Int64
	b.SetParallelism(max(workers/2, 1)) // times GOMAXPROCS
	if workers == 1 {
		measure(b, func() {
			for range b.N {
				f(next.Add(1))
			}
		})
		return
	}
	measure(b, func() {
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				f(next.Add(1))
			}
		})
	})
}

// BenchmarkCreate: durable creates with two indexes, one of them unique.
func BenchmarkCreate(b *testing.B) {
	for _, workers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			s := filled(b, 0)
			now := time.Now()
			parallel(b, workers, func(n int64) {
				id := strconv.FormatInt(n, 36)
				_, err := s.Commit(b.Context(), &data.Batch{Now: now, Writes: []data.Write{create(id, benchDoc(id, n))}})
				if err != nil {
					b.Error(err)
				}
			})
		})
	}
}

// BenchmarkUpdate: durable updates of random documents.
func BenchmarkUpdate(b *testing.B) {
	for _, workers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			s := filled(b, 10_000)
			parallel(b, workers, func(n int64) {
				w := data.Write{Collection: "pets", ID: fmt.Sprintf("p%06d", n*7919%10_000), Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
					return data.With(old, data.Elem{Name: "stock", Value: data.Int(n)}), nil
				}}
				if _, err := s.Commit(b.Context(), &data.Batch{Now: time.Now(), Writes: []data.Write{w}}); err != nil {
					b.Error(err)
				}
			})
		})
	}
}

func BenchmarkGet(b *testing.B) {
	for _, workers := range []int{1, 16} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			s := filled(b, 10_000)
			parallel(b, workers, func(n int64) {
				sn, err := s.Snapshot(b.Context(), "")
				if err != nil {
					b.Error(err)
					return
				}
				if d, err := sn.Get(b.Context(), "pets", fmt.Sprintf("p%06d", n*7919%10_000)); d == nil || err != nil {
					b.Error(d, err)
				}
				sn.Close()
			})
		})
	}
}

// BenchmarkList: 20 documents by an index, in its order.
func BenchmarkList(b *testing.B) {
	s := filled(b, 10_000)
	parallel(b, 1, func(n int64) {
		list(b, s, &data.Plan{
			Collection: "pets", Limit: 20, OrderBy: []data.Order{{Path: "at", Desc: true}},
			Where: data.Where{Op: data.OpEq, Path: "owner", Value: data.String("user" + strconv.FormatInt(n%500, 10))},
		}, 20)
	})
}

// BenchmarkScan: a filter without index over 10,000 documents.
func BenchmarkScan(b *testing.B) {
	s := filled(b, 10_000)
	parallel(b, 1, func(n int64) {
		list(b, s, &data.Plan{Collection: "pets", Where: data.Where{Op: data.OpEq, Path: "price", Value: data.Double(-1)}}, 0)
	})
}

func list(b *testing.B, s *pebble.Store, p *data.Plan, want int) {
	p.Budget = &data.Budget{}
	sn, err := s.Snapshot(b.Context(), "")
	if err != nil {
		b.Error(err)
		return
	}
	defer sn.Close()
	n := 0
	for _, err := range sn.Find(b.Context(), p) {
		if err != nil {
			b.Error(err)
		}
		n++
	}
	if n != want {
		b.Errorf("%d documents by %q", n, p.Budget.Index)
	}
}
