package data_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// node is another Service on r's store, with r's key and clock.
func (r *room) node(t testing.TB) *data.Service {
	t.Helper()
	s := data.New(data.Options{Store: r.store, CursorKey: bytes.Repeat([]byte{7}, 32), Now: r.clock.now})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Use(t.Context(), data.App{Version: "1", Collections: []data.Collection{{Name: "notes"}}}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (r *room) limits(t testing.TB) (ds []data.Doc) {
	t.Helper()
	for d, err := range r.System("_limits").Find(t.Context(), data.Query{From: "_limits"}) {
		if err != nil {
			t.Fatal(err)
		}
		ds = append(ds, d)
	}
	return ds
}

func hourly(key string, limit int) data.Count {
	return data.Count{Key: key, Limit: limit, Window: time.Hour}
}

func pair(key string) data.Count {
	return data.Count{Key: key, Free: 3, Base: time.Second, Most: time.Minute}
}

func count(t testing.TB, c *data.Counter, cs ...data.Count) time.Duration {
	t.Helper()
	_, wait, err := c.Count(t.Context(), cs...)
	if err != nil {
		t.Fatal(err)
	}
	return wait
}

func TestS41ParallelTriesOnNodesAreCountedExactly(t *testing.T) {
	r := open(t)
	nodes := []*data.Counter{r.Counter(), r.node(t).Counter(), r.node(t).Counter()}
	var wg sync.WaitGroup
	var mu sync.Mutex
	passed := map[string]int{}
	for i := range 90 {
		for _, n := range []data.Count{hourly("network", 20), pair("pair")} {
			wg.Go(func() {
				_, wait, err := nodes[i%len(nodes)].Count(t.Context(), n)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if wait == 0 {
					passed[n.Key]++
				}
			})
		}
	}
	wg.Wait()
	if passed["network"] != 20 || passed["pair"] != 3 {
		t.Errorf("passed: %v, want 20 and 3", passed)
	}
}

func TestATryCountsUnderAllKeysOrNone(t *testing.T) {
	r := open(t)
	c := r.Counter()
	for range 2 {
		if wait := count(t, c, hourly("a", 5), hourly("b", 2)); wait != 0 {
			t.Fatal(wait)
		}
	}
	if wait := count(t, c, hourly("a", 5), hourly("b", 2)); wait <= 0 || wait > time.Hour+1 {
		t.Fatalf("wait %v", wait)
	}
	for i := range 3 {
		if wait := count(t, c, hourly("a", 5)); wait != 0 {
			t.Errorf("the refused try counted under its other key: %d", i)
		}
	}
	if count(t, c, hourly("a", 5)) == 0 {
		t.Error("a sixth try")
	}
	full := hourly("b", 2)
	full.Pass = true
	counted, wait, err := c.Count(t.Context(), full, hourly("c", 1))
	if err != nil || wait != 0 || counted[0] || !counted[1] {
		t.Errorf("one that passes a full limit: %v %v %v", counted, wait, err)
	}
}

func TestABackingOffDoubles(t *testing.T) {
	r := open(t)
	c := r.Counter()
	for range 2 {
		count(t, c, pair("p"))
	}
	for _, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute} {
		if wait := count(t, c, pair("p")); wait != 0 {
			t.Fatalf("before a wait of %v: %v", want, wait)
		}
		if wait := count(t, c, pair("p")); wait != want {
			t.Fatalf("wait %v, want %v", wait, want)
		}
		r.clock.advance(want)
	}
	if err := c.Settle(t.Context(), nil, []string{"p"}); err != nil {
		t.Fatal(err)
	}
	if n := len(r.limits(t)); n != 0 {
		t.Errorf("%d documents after the key was forgotten", n)
	}
	count(t, c, pair("q"))
	if err := c.Settle(t.Context(), []string{"q", "never counted"}, nil); err != nil {
		t.Fatal(err)
	}
	if n := len(r.limits(t)); n != 0 {
		t.Errorf("%d documents after the only try was taken back", n)
	}
}

func TestCounterSlides(t *testing.T) {
	r := open(t)
	c := r.Counter()
	total := 0 // in any hour at most about the limit: hits spread over two windows count together
	for range 120 {
		if count(t, c, hourly("k", 60)) == 0 {
			total++
		}
		r.clock.advance(time.Minute / 2)
	}
	if total < 60 || total > 61 {
		t.Errorf("%d in an hour, want 60", total)
	}
	for range 200 {
		wait := count(t, c, hourly("k", 60))
		if wait == 0 {
			continue
		}
		if wait > time.Hour+time.Millisecond {
			t.Fatalf("wait %v", wait)
		}
		r.clock.advance(wait.Truncate(time.Millisecond) + time.Millisecond)
		if wait = count(t, c, hourly("k", 60)); wait > 2*time.Second {
			t.Fatalf("after the wait: %v more", wait)
		}
	}
}

func TestS41CountsShowNoKeysAndEnd(t *testing.T) {
	r := open(t)
	c := r.Counter()
	for i := range 250 {
		count(t, c, hourly(fmt.Sprintf("account ann%d@shop.example", i), 5), pair(fmt.Sprint("pair ann@shop.example ", i)))
	}
	for _, d := range r.limits(t) {
		if strings.Contains(string(d), "ann") {
			t.Fatal("an address stands in a document")
		}
	}
	if err := r.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(r.limits(t)); n != 500 {
		t.Errorf("%d counts are left of 500 that hold", n)
	}
	r.clock.advance(time.Hour + time.Second) // the backing-offs are forgotten
	if err := r.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(r.limits(t)); n != 250 {
		t.Errorf("%d counts are left, want the 250 of windows", n)
	}
	r.clock.advance(time.Hour)
	if err := r.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(r.limits(t)); n != 0 {
		t.Errorf("%d counts are left", n)
	}
}

func TestS41ACounterWithoutStoreRefuses(t *testing.T) {
	r := open(t, func(u *setup) {
		u.wrap = func(s data.Store) data.Store { return &refusing{Store: s} }
	})
	_, wait, err := r.Counter().Count(t.Context(), hourly("k", 5))
	if hutch.CodeOf(err) != hutch.Unavailable || wait != 0 {
		t.Errorf("%v %v", wait, err)
	}
}

type refusing struct{ data.Store }

func (*refusing) Commit(context.Context, *data.Batch) (data.Result, error) {
	return data.Result{}, hutch.Errorf(hutch.Unavailable, "no primary")
}
