package jobs_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
)

func TestOthersTakeOverWhenTheLeaseEnds(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		clk := newClock()
		a, b := c.node(), c.node()
		ticks := make(chan time.Time)
		held := make(chan *jobs.Run, 1)
		resume := make(chan struct{})
		result := make(chan error, 1)
		a.pool(func(c *jobs.Config) { c.Now, c.Ticks = clk.now, make(chan time.Time) }, func(w *worker) {
			w.Handle("a", func(_ context.Context, r *jobs.Run) error {
				held <- r
				<-resume
				err := r.Commit(context.Background(), count("x"))
				result <- err
				return err
			}, jobs.Options{System: w.own})
		})
		a.enqueue(jobs.Job{Kind: "a", Order: "o"})
		<-held
		var took atomic.Int64
		b.pool(func(c *jobs.Config) { c.Now, c.Ticks = clk.now, ticks }, func(w *worker) {
			w.Handle("a", func(ctx context.Context, r *jobs.Run) error {
				took.Store(int64(r.Try))
				return r.Commit(ctx, count("x"))
			}, jobs.Options{System: w.own})
		})
		clk.advance(30*time.Second - time.Millisecond)
		ticks <- clk.now()
		ticks <- clk.now()
		if took.Load() != 0 {
			t.Error("a lease was taken before its end")
		}
		clk.advance(2 * time.Second)
		await(t, "the other node did it", func() bool {
			select {
			case ticks <- clk.now():
			default:
			}
			return b.counted("x") == 1 && took.Load() == 2
		})
		close(resume)
		if err := <-result; !errors.Is(err, jobs.ErrLost) || hutch.CodeOf(err) != hutch.Aborted {
			t.Error("the commit of the first:", err)
		}
		if b.counted("x") != 1 {
			t.Error("the effect came twice")
		}
		b.none()
	})
}

func TestLeasesAreRenewed(t *testing.T) {
	clk, ticks := newClock(), make(chan time.Time)
	n := embedded(t).node()
	var runs atomic.Int64
	resume := make(chan struct{})
	set := func(c *jobs.Config) { c.Now, c.Ticks = clk.now, ticks }
	handle := func(w *worker) {
		w.Handle("long", func(ctx context.Context, r *jobs.Run) error {
			runs.Add(1)
			<-resume
			return r.Commit(ctx, count("x"))
		}, jobs.Options{System: w.own, Timeout: time.Hour})
	}
	w := n.pool(set, handle)
	id := n.enqueue(jobs.Job{Kind: "long"})[0]
	await(t, "it runs", func() bool { return runs.Load() == 1 })
	until := clk.now().Add(30 * time.Second)
	for range 10 {
		clk.advance(11 * time.Second)
		until = until.Add(11 * time.Second)
		ticks <- clk.now()
		await(t, "the lease was renewed", func() bool {
			es, err := w.List(t.Context(), jobs.Filter{})
			return err == nil && len(es) == 1 && es[0].ID == id && es[0].At.Equal(until) && es[0].Running
		})
	}
	close(resume)
	n.none()
	if runs.Load() != 1 || n.counted("x") != 1 {
		t.Error(runs.Load(), n.counted("x"))
	}
}

func TestARunWithoutItsLeaseIsEnded(t *testing.T) {
	clk, ticks := newClock(), make(chan time.Time)
	n := embedded(t).node()
	began, ended := make(chan struct{}), make(chan error)
	w := n.pool(func(c *jobs.Config) { c.Now, c.Ticks = clk.now, ticks }, func(w *worker) {
		w.Handle("a", func(ctx context.Context, _ *jobs.Run) error {
			close(began)
			<-ctx.Done()
			ended <- context.Cause(ctx)
			return ctx.Err()
		}, jobs.Options{})
	})
	id := n.enqueue(jobs.Job{Kind: "a"})[0]
	<-began
	if k, err := w.Drop(t.Context(), id); k != 1 || err != nil {
		t.Fatal(k, err)
	}
	clk.advance(15 * time.Second)
	ticks <- clk.now()
	if err := <-ended; !errors.Is(err, jobs.ErrLost) {
		t.Error(err)
	}
}

func TestACommitThatMayHaveHappenedHappensOnce(t *testing.T) {
	for _, happened := range []bool{false, true} {
		n := embedded(t).node()
		n.pool(nil, func(w *worker) {
			w.Handle("a", func(ctx context.Context, r *jobs.Run) error {
				if r.Try == 1 {
					w.own.after.Store(happened)
					w.own.fails.Store(1)
				}
				return r.Commit(ctx, count("x"))
			}, jobs.Options{System: w.own, Backoff: jobs.Backoff{Base: time.Millisecond}})
		})
		n.enqueue(jobs.Job{Kind: "a"})
		n.none()
		if got := n.counted("x"); got != 1 {
			t.Errorf("happened %t: %d effects", happened, got)
		}
	}
}

func TestAnAcknowledgementInAnotherRoomsCommit(t *testing.T) {
	n := embedded(t).node()
	n.pool(nil, func(w *worker) {
		w.Handle("a", func(ctx context.Context, r *jobs.Run) error {
			_, err := n.sys.Commit(ctx, &data.Batch{Writes: append([]data.Write{count("x")}, r.Ack()...)})
			if err == nil { // under the same key another job may wait by now: it stays
				n.enqueue(jobs.Job{Kind: "b", Key: "k"})
			}
			return err
		}, jobs.Options{})
	})
	n.enqueue(jobs.Job{Kind: "a", Key: "k", Order: "o"})
	await(t, "the job is done", func() bool { return n.counted("x") == 1 && len(n.rows("_jobs")) == 1 })
}

func TestAKeyUsedAgainByItsOwnJob(t *testing.T) {
	n := embedded(t).node()
	var runs atomic.Int64
	n.pool(nil, func(w *worker) {
		w.Handle("a", func(ctx context.Context, r *jobs.Run) error {
			if runs.Add(1) > 1 {
				return r.Commit(ctx, count("x"))
			}
			if err := r.Commit(ctx, count("x")); err != nil {
				return err
			}
			n.enqueue(jobs.Job{Kind: "a", Key: "k"})
			return nil
		}, jobs.Options{System: w.own})
	})
	n.enqueue(jobs.Job{Kind: "a", Key: "k"})
	await(t, "both are done", func() bool { return n.counted("x") == 2 })
	n.none()
}

func TestAJobThatKillsItsNodesEnds(t *testing.T) {
	clk := newClock()
	n := embedded(t).node()
	began := make(chan struct{})
	n.enqueue(jobs.Job{Kind: "a", Order: "o"}, jobs.Job{Kind: "a"})
	pool := func() *worker {
		return n.pool(func(c *jobs.Config) { c.Now = clk.now }, func(w *worker) {
			w.Handle("a", func(ctx context.Context, _ *jobs.Run) error {
				began <- struct{}{}
				<-ctx.Done()
				return ctx.Err()
			}, jobs.Options{MaxTries: 3})
		})
	}
	for range 3 {
		w := pool()
		<-began
		<-began
		w.kill()
		clk.advance(31 * time.Second)
	}
	w := pool()
	await(t, "they are dead", func() bool {
		es, _ := w.List(t.Context(), jobs.Filter{Dead: true})
		return len(es) == 2 && es[0].Tries == 3
	})
	if rows := n.rows("_jobs"); len(rows) != 2 {
		t.Errorf("the order's head is still there: %v", rows)
	}
}

func TestANodeThatStops(t *testing.T) {
	onEach(t, func(t *testing.T, c *cluster) {
		n := c.node()
		began := make(chan struct{}, 10)
		resume := make(chan struct{})
		w := n.pool(nil, func(w *worker) {
			w.Handle("quick", func(ctx context.Context, r *jobs.Run) error {
				began <- struct{}{}
				<-resume
				return r.Commit(ctx, count("quick"))
			}, jobs.Options{System: w.own, Concurrency: 1})
			w.Handle("slow", func(ctx context.Context, _ *jobs.Run) error {
				began <- struct{}{}
				<-ctx.Done()
				return ctx.Err()
			}, jobs.Options{})
		})
		n.enqueue(jobs.Job{Kind: "quick"}, jobs.Job{Kind: "slow", Order: "o"}, jobs.Job{Kind: "quick"})
		<-began
		<-began
		ctx, cancel := context.WithCancel(t.Context())
		closed := make(chan error, 1)
		go func() { closed <- w.Close(ctx) }()
		close(resume)
		await(t, "the quick one is done", func() bool { return n.counted("quick") == 1 })
		cancel()
		if err := <-closed; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		p := jobs.New(jobs.Config{System: n.System("_jobs")})
		es, err := p.List(t.Context(), jobs.Filter{})
		if err != nil || len(es) != 2 {
			t.Fatalf("%+v %v", es, err)
		}
		for _, e := range es {
			if e.Running || e.Tries != 0 || e.At.After(time.Now()) {
				t.Errorf("not given back: %+v", e)
			}
		}
	})
}
