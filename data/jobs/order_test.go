package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
)

// log appends to a document, as an effect that shows the order of commits.
func logged(id string, i int64) data.Write {
	return data.Write{Collection: own, ID: id, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
		vs := slices.Collect(data.Elements(data.Field(old, "log")))
		return data.NewDoc(data.Elem{Name: "_id", Value: data.String(id)}, data.Elem{Name: "log", Value: data.Array(append(vs, data.Int(i))...)}), nil
	}}
}

func (n *node) log(id string) (out []int64) {
	n.t.Helper()
	d, err := n.sys.Get(n.t.Context(), own, id)
	if err != nil {
		n.t.Fatal(err)
	}
	for v := range data.Elements(data.Field(d, "log")) {
		i, _ := data.Integer(v)
		out = append(out, i)
	}
	return out
}

func TestJobsOfAnOrderRunInTurn(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		nodes := []*node{c.node(), c.node(), c.node()}
		var busy [3]atomic.Int32
		var others atomic.Int32
		together := make(chan struct{}) // closed when two orders run at once
		for _, n := range nodes {
			n.pool(nil, func(w *worker) {
				w.Handle("step", func(ctx context.Context, r *jobs.Run) error {
					i := numberOf(r)
					if busy[i%3].Add(1) != 1 {
						t.Errorf("two of order %s at a time", r.Order)
					}
					defer busy[i%3].Add(-1)
					if others.Add(1) == 2 {
						close(together)
					}
					if i < 3 {
						select {
						case <-together:
						case <-ctx.Done():
							return ctx.Err()
						}
					}
					if i == 4 && r.Try < 2 { // a head that fails blocks its order
						return errors.New("again")
					}
					return r.Commit(ctx, logged(r.Order, i))
				}, jobs.Options{System: w.own, Concurrency: 2, Backoff: jobs.Backoff{Base: 10 * time.Millisecond}})
			})
		}
		const each = 20
		for i := range 3 * each { // by turns on all nodes: each commit after the one before
			nodes[i%2].enqueue(jobs.Job{Kind: "step", Order: fmt.Sprint("o", i%3), Payload: number(i)})
		}
		nodes[0].none()
		for o := range 3 {
			var want []int64
			for i := range each {
				want = append(want, int64(3*i+o))
			}
			if got := nodes[2].log(fmt.Sprint("o", o)); !slices.Equal(got, want) {
				t.Errorf("order %d: %v", o, got)
			}
		}
	})
}

func TestADeadHeadMakesWay(t *testing.T) {
	n := embedded(t).node()
	w := n.pool(nil, func(w *worker) {
		w.Handle("a", func(ctx context.Context, r *jobs.Run) error {
			if numberOf(r) == 0 {
				return jobs.Permanent(errors.New("no"))
			}
			return r.Commit(ctx, logged("log", numberOf(r)))
		}, jobs.Options{System: w.own})
	})
	id := n.enqueue(jobs.Job{Kind: "a", Order: "o", Payload: number(0)}, jobs.Job{Kind: "a", Order: "o", Payload: number(1)})[0]
	await(t, "the next has run", func() bool { return len(n.log("log")) == 1 })
	if k, err := w.Drop(t.Context(), id); k != 1 || err != nil {
		t.Error(k, err)
	}
	n.none()
}

func TestADroppedHeadMakesWay(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		n := c.node()
		began := make(chan string, 1)
		w := n.pool(nil, func(w *worker) {
			w.Handle("a", func(ctx context.Context, r *jobs.Run) error {
				if numberOf(r) == 0 {
					began <- r.ID
					<-ctx.Done()
				}
				return r.Commit(context.WithoutCancel(ctx), logged("log", numberOf(r)))
			}, jobs.Options{System: w.own, Timeout: 300 * time.Millisecond})
		})
		n.enqueue(jobs.Job{Kind: "a", Order: "o", Payload: number(0)}, jobs.Job{Kind: "a", Order: "o", Payload: number(1)})
		if k, err := w.Drop(t.Context(), <-began); k != 1 || err != nil {
			t.Error(k, err)
		}
		n.none()
		if got := n.log("log"); !slices.Equal(got, []int64{1}) {
			t.Errorf("effects %v: what was dropped committed", got)
		}
	})
}

func TestManyBlockedOrdersDoNotHoldOthersUp(t *testing.T) {
	n := embedded(t).node()
	stop := make(chan struct{})
	n.pool(nil, func(w *worker) {
		w.Handle("a", func(ctx context.Context, r *jobs.Run) error {
			if r.Order == "slow" {
				<-stop
			}
			return r.Commit(ctx, count("done"))
		}, jobs.Options{System: w.own, Concurrency: 2})
	})
	js := make([]jobs.Job, 300)
	for i := range js {
		js[i] = jobs.Job{Kind: "a", Order: "slow"}
	}
	n.enqueue(js...)
	n.enqueue(jobs.Job{Kind: "a"}, jobs.Job{Kind: "a", Order: "quick"}, jobs.Job{Kind: "a", Order: "quick"})
	await(t, "the others are done", func() bool { return n.counted("done") == 3 })
	close(stop)
	n.none()
}
