package jobs_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
)

// BenchmarkJobs does b.N jobs, each with an effect on a document of its own:
// those that wait, those of 32 orders, and those written by the node itself
// while it works, which need no claim.
func BenchmarkJobs(b *testing.B) {
	for _, store := range []string{"embedded", "mongodb"} {
		for _, kind := range []string{"waiting", "ordered", "own"} {
			b.Run(store+"/"+kind, func(b *testing.B) { benchmark(b, stores[store](b), kind) })
		}
	}
}

func benchmark(b *testing.B, c *cluster, kind string) {
	n := c.node()
	done := make(chan struct{}, 64)
	job := func(i int) jobs.Job {
		j := jobs.Job{Kind: "a", Payload: number(i)}
		if kind == "ordered" {
			j.Order = fmt.Sprint(i % 32)
		}
		return j
	}
	if kind != "own" {
		for i := 0; i < b.N; i += 100 {
			var js []jobs.Job
			for k := i; k < min(i+100, b.N); k++ {
				js = append(js, job(k))
			}
			n.enqueue(js...)
		}
	}
	b.ResetTimer()
	w := n.pool(func(c *jobs.Config) { c.Ticks = time.Tick(100 * time.Millisecond) }, func(w *worker) {
		w.Handle("a", func(ctx context.Context, r *jobs.Run) error {
			err := r.Commit(ctx, count(fmt.Sprint(numberOf(r))))
			if err == nil {
				done <- struct{}{}
			}
			return err
		}, jobs.Options{System: w.own, Concurrency: 32})
	})
	if kind == "own" {
		free := make(chan struct{}, 32)
		go func() {
			for i := range b.N {
				free <- struct{}{}
				go func() {
					defer func() { <-free }()
					_, err := n.sys.Commit(b.Context(), &data.Batch{Writes: []data.Write{count(fmt.Sprint("cause", i)), w.Row(job(i))}})
					check(b, err)
				}()
			}
		}()
	}
	for range b.N {
		<-done
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "jobs/s")
}
