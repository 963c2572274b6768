package data_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
)

func acquire(t testing.TB, l *data.Lease) bool {
	t.Helper()
	ok, err := l.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if ok != (l.Fence() != 0) {
		t.Fatalf("acquired %v, fence %d", ok, l.Fence())
	}
	return ok
}

func TestALeaseHasOneHolder(t *testing.T) {
	r := open(t)
	a, b := r.Lease("work", time.Minute), r.node(t).Lease("work", time.Minute)
	if !acquire(t, a) || acquire(t, b) || !acquire(t, a) {
		t.Fatal("not the first, or not it alone")
	}
	if !acquire(t, r.Lease("other", time.Minute)) {
		t.Error("another name is another lease")
	}
	r.clock.advance(59 * time.Second)
	if acquire(t, b) {
		t.Fatal("taken from a holder that lives")
	}
	if ok, err := a.Renew(t.Context()); !ok || err != nil {
		t.Fatal("not prolonged", err)
	}
	r.clock.advance(59 * time.Second)
	if acquire(t, b) {
		t.Fatal("taken from a holder that prolonged it")
	}
	first := a.Fence()
	if err := a.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !acquire(t, b) || b.Fence() <= first {
		t.Errorf("after the release: fence %d, before %d", b.Fence(), first)
	}
	if err := a.Release(t.Context()); err != nil || acquire(t, a) {
		t.Error("a second release frees the lease of another", err)
	}
}

func TestALeaseSurvivesItsHolder(t *testing.T) {
	r := open(t)
	dead, b := r.node(t).Lease("work", time.Minute), r.Lease("work", time.Minute)
	if !acquire(t, dead) {
		t.Fatal("not free")
	}
	fence := dead.Fence()
	r.clock.advance(time.Minute)
	if dead.Fence() != 0 {
		t.Error("held after its end")
	}
	if !acquire(t, b) || b.Fence() != fence+1 {
		t.Errorf("fence %d after %d", b.Fence(), fence)
	}
	if ok, err := dead.Renew(t.Context()); ok || err != nil {
		t.Error("who slept goes on", err)
	}
	if acquire(t, dead) {
		t.Error("who slept takes it back")
	}
	r.clock.advance(time.Minute)
	if !acquire(t, dead) || dead.Fence() != fence+2 {
		t.Errorf("fence %d", dead.Fence())
	}
}

func TestOfManyNodesOneTakesTheLease(t *testing.T) {
	r := open(t)
	for round := range 10 {
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			l := r.Lease("race", time.Minute)
			wg.Go(func() {
				if ok, err := l.Acquire(t.Context()); err != nil {
					t.Error(err)
				} else if ok {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if n := won.Load(); n != 1 {
			t.Fatalf("round %d: %d holders", round, n)
		}
		r.clock.advance(2 * time.Minute)
	}
}

func TestOneNodeSweeps(t *testing.T) {
	r := open(t)
	other := r.node(t)
	a, b := r.Lease("sweep", 2*time.Minute), other.Lease("sweep", 2*time.Minute)
	expired := func() {
		t.Helper()
		count(t, r.Counter(), hourly("k", 5))
		r.clock.advance(2 * time.Hour)
	}
	if err := r.SweepUnder(t.Context(), a); err != nil || a.Fence() != 0 {
		t.Errorf("nothing to sweep, and a lease was written: %v", err)
	}
	expired()
	if err := r.SweepUnder(t.Context(), a); err != nil || len(r.limits(t)) != 0 || a.Fence() == 0 {
		t.Fatalf("not swept: %v", err)
	}
	expired()
	if !acquire(t, a) {
		t.Fatal("the lease is not free")
	}
	if err := other.SweepUnder(t.Context(), b); err != nil || len(r.limits(t)) != 1 {
		t.Errorf("two nodes sweep: %v", err)
	}
	r.clock.advance(2 * time.Minute) // the first node died
	if err := other.SweepUnder(t.Context(), b); err != nil || len(r.limits(t)) != 0 {
		t.Errorf("nobody sweeps when the holder died: %v", err)
	}
}

func TestALeaseIsHeldToItsEndWhenTheStoreDoesNotAnswer(t *testing.T) {
	r := open(t)
	a := r.Lease("work", time.Minute)
	if !acquire(t, a) {
		t.Fatal("not free")
	}
	ended, end := context.WithCancel(t.Context())
	end()
	r.clock.advance(59 * time.Second)
	if ok, err := a.Renew(ended); ok || err == nil || a.Fence() == 0 {
		t.Fatalf("one failure: %v, %v, fence %d", ok, err, a.Fence())
	}
	if ok, err := a.Renew(t.Context()); !ok || err != nil {
		t.Fatal("lost by one failure", err)
	}
	r.clock.advance(59 * time.Second)
	if _, err := a.Renew(ended); err == nil {
		t.Fatal("no failure")
	}
	r.clock.advance(time.Second)
	if ok, err := a.Renew(t.Context()); ok || err != nil || a.Fence() != 0 {
		t.Errorf("after its end: %v, %v, fence %d", ok, err, a.Fence())
	}
}
