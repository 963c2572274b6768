package data_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// slow is a store whose queries say that they began and wait to go on.
type slow struct {
	data.Store
	began chan string
	free  chan struct{}
}

func (s slow) Snapshot(ctx context.Context, at data.Position) (data.Snapshot, error) {
	sn, err := s.Store.Snapshot(ctx, at)
	return slowSnapshot{sn, s}, err
}

type slowSnapshot struct {
	data.Snapshot
	s slow
}

func (s slowSnapshot) Find(ctx context.Context, p *data.Plan) iter.Seq2[data.Doc, error] {
	s.s.began <- p.Collection
	<-s.s.free
	return s.Snapshot.Find(ctx, p)
}

// until waits for a condition.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("waited in vain:", what)
		}
	}
}

func TestS28UnindexedQueriesWait(t *testing.T) {
	s := slow{began: make(chan string, 10), free: make(chan struct{})}
	r := open(t, func(u *setup) {
		u.wrap = func(store data.Store) data.Store { s.Store = store; return s }
	})
	done := make(chan error, 10)
	query := func(p hutch.Principal, coll string) {
		ctx := as(t, p)
		go func() {
			_, err := r.Query(ctx, data.Query{From: coll, Where: *eq("n", data.Int(1))}, data.Request{IP: "10.0.0.1"})
			done <- err
		}()
	}
	for range 3 {
		query(ann, "notes")
	}
	until(t, "three queries of ann", func() bool { return r.Unindexed(ann.Key) == 3 })
	for range 2 {
		<-s.began
	}
	query(ann, "sorted")
	if got := <-s.began; got != "sorted" {
		t.Errorf("%s began: the third unindexed query does not wait", got)
	}
	query(bob, "notes")
	query(guest, "notes")
	<-s.began
	<-s.began
	ctx, cancel := context.WithCancel(as(t, ann))
	cancel()
	if _, err := r.Query(ctx, data.Query{From: "notes", Where: *eq("n", data.Int(1))}, data.Request{}); hutch.CodeOf(err) != hutch.Cancelled {
		t.Error(err)
	}
	close(s.free)
	for range 6 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if n := r.Unindexed(ann.Key); n != 0 {
		t.Errorf("%d are counted after their end", n)
	}
}
