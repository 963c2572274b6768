package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
)

// workload is jobs with effects that show how often and in which order each
// happened: a counter a job, hot counters that many share, and a log an order.
// Each tenth enqueues another job in its commit.
type workload struct {
	jobs, orders, hot int
}

func (l workload) job(i int) jobs.Job {
	j := jobs.Job{Kind: "work", Payload: number(i)}
	switch {
	case i%2 == 0:
		j.Order = l.order(i)
	case i%7 == 0:
		j.Key = fmt.Sprint("key ", i)
	}
	return j
}

func (l workload) order(i int) string { return fmt.Sprint("o", i/2%l.orders) }

// enqueue commits the jobs in turn, 50 at a time.
func (l workload) enqueue(n *node) {
	n.t.Helper()
	var js []jobs.Job
	for i := range l.jobs {
		js = append(js, l.job(i))
		if len(js) == 50 || i == l.jobs-1 {
			n.enqueue(js...)
			js = js[:0]
		}
	}
}

// handle names the kinds. row: how a pool enqueues.
func (l workload) handle(p *jobs.Pool, sys data.System, fails func() bool) {
	o := jobs.Options{System: sys, Concurrency: 8, MaxTries: 100_000, Backoff: jobs.Backoff{Base: time.Millisecond, Max: 50 * time.Millisecond}}
	p.Handle("work", func(ctx context.Context, r *jobs.Run) error {
		if fails() {
			return errors.New("by chance")
		}
		i := int(numberOf(r))
		ws := []data.Write{count(fmt.Sprint("job", i)), count(fmt.Sprint("hot", i%l.hot))}
		if r.Order != "" {
			ws = append(ws, logged(r.Order, int64(i)))
		}
		if i%10 == 0 {
			ws = append(ws, p.Row(jobs.Job{Kind: "more", Payload: r.Payload, Depth: r.Depth + 1}))
		}
		return r.Commit(ctx, ws...)
	}, o)
	p.Handle("more", func(ctx context.Context, r *jobs.Run) error {
		if fails() {
			return errors.New("by chance")
		}
		return r.Commit(ctx, count(fmt.Sprint("more", numberOf(r))))
	}, o)
}

// check compares the effects with the jobs.
func (l workload) check(n *node) {
	n.t.Helper()
	got := map[string]int64{}
	for _, d := range n.rows(own) {
		if v := data.Field(d, "n"); v.Type != 0 {
			got[data.Text(data.Field(d, "_id"))], _ = data.Integer(v)
		}
	}
	want := map[string]int64{}
	orders := map[string][]int64{}
	for i := range l.jobs {
		want[fmt.Sprint("job", i)]++
		want[fmt.Sprint("hot", i%l.hot)]++
		if i%10 == 0 {
			want[fmt.Sprint("more", i)]++
		}
		if i%2 == 0 {
			orders[l.order(i)] = append(orders[l.order(i)], int64(i))
		}
	}
	for id, k := range want {
		if got[id] != k {
			n.t.Errorf("%s: %d times, want %d", id, got[id], k)
		}
	}
	if len(got) != len(want) {
		n.t.Errorf("%d counters, want %d", len(got), len(want))
	}
	for o, want := range orders {
		if got := n.log(o); !slices.Equal(got, want) {
			n.t.Errorf("order %s: %v, want %v", o, got, want)
		}
	}
}

// left is how many jobs are not done.
func (n *node) left() int {
	time.Sleep(20 * time.Millisecond) // it is asked in loops, and reads them all
	return len(n.rows("_jobs"))
}

func TestRandomKillsOfWorkers(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		rnd := seed(t)
		l := workload{jobs: 300, orders: 10, hot: 5}
		nodes := []*node{c.node(), c.node(), c.node()}
		start := func(n *node) *worker {
			chance := rand.New(rand.NewPCG(rnd.Uint64(), 1))
			src := &source{r: chance}
			return n.pool(short(t, rnd), func(w *worker) {
				l.handle(w.Pool, w.own, func() bool {
					var b [1]byte
					_, _ = src.Read(b[:])
					return b[0] < 12
				})
			})
		}
		workers := make([]*worker, len(nodes))
		for i, n := range nodes {
			workers[i] = start(n)
		}
		l.enqueue(nodes[0])
		kills := 0
		for kills < 8 {
			before := nodes[0].left()
			if before == 0 {
				break
			}
			few := rnd.IntN(l.jobs/12) + 1
			await(t, "some are done", func() bool { k := nodes[0].left(); return k == 0 || k <= before-few })
			i := rnd.IntN(len(workers))
			workers[i].kill()
			kills++
			workers[i] = start(nodes[i])
		}
		nodes[0].none()
		l.check(nodes[1])
		t.Logf("%d jobs, %d kills", l.jobs, kills)
	})
}
