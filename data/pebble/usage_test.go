package pebble

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch/data"
)

// TestUsageOfAnOlderStore: what was written without tallies is counted, once,
// while writes go on.
func TestUsageOfAnOlderStore(t *testing.T) {
	dir := t.TempDir()
	open := func() *Store {
		s, err := Open(Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	put := func(s *Store, from, to int) {
		for i := from; i < to; i += 100 {
			b := &data.Batch{Now: time.Now()}
			for n := i; n < min(i+100, to); n++ {
				b.Writes = append(b.Writes, data.Write{Collection: "herd", ID: fmt.Sprintf("%05d", n), Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) {
					return data.NewDoc(data.Elem{Name: "n", Value: data.Int(int64(n))}), nil
				}})
			}
			if _, err := s.Commit(context.Background(), b); err != nil {
				t.Error(err)
			}
		}
	}
	s := open()
	put(s, 0, 3000)
	b := s.db.NewBatch()
	if err := b.DeleteRange(metaKey(metaTally, ""), metaKey(metaTally+1, ""), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.db.Apply(b, pebble.Sync); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	if len(s.tallies.known) != 0 {
		t.Fatal("the tallies are there still")
	}
	done := make(chan struct{})
	go func() { defer close(done); put(s, 2000, 5000) }()
	for range 5 {
		if _, err := s.Usage(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	<-done
	holds := func() {
		t.Helper()
		all, err := s.Usage(t.Context())
		if err != nil || len(all) != 1 || all[0].Docs != 5000 || !all[0].Exact {
			t.Fatalf("%+v, %v", all, err)
		}
	}
	holds()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open()
	if len(s.tallies.known) != 1 {
		t.Error("the tallies were not kept")
	}
	holds()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
