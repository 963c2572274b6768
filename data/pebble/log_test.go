package pebble_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
)

// TestLogAge: commits older than the log's age go, the newest stays and keeps
// the store's position, across a restart too.
func TestLogAge(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	var ahead atomic.Int64
	o := pebble.Options{Dir: t.TempDir(), LogAge: time.Hour, Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }}
	s := open(t, o)
	var all []data.Position
	put := func(n int64) {
		r, err := s.Commit(ctx, &data.Batch{Writes: []data.Write{pet("a", n)}})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r.Position)
	}
	for n := range int64(10) {
		put(n)
	}
	ahead.Store(int64(50 * time.Minute))
	put(10)
	put(11)
	ahead.Store(int64(70 * time.Minute)) // the first ten are 70 minutes old, the last two 20
	info := until(ctx, t, s, func(i data.Info) bool { return i.Oldest >= all[9] })
	if info.Oldest >= all[10] || info.Head != all[11] {
		t.Errorf("info %+v of %v", info, all)
	}
	ahead.Store(int64(3 * time.Hour))
	info = until(ctx, t, s, func(i data.Info) bool { return i.Oldest >= all[10] })
	if info.Oldest >= all[11] || info.Head != all[11] {
		t.Errorf("info %+v of %v", info, all)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	ahead.Store(-int64(24 * time.Hour)) // the clock went back
	s = open(t, o)
	again, err := s.Info(ctx)
	if err != nil || again.Oldest != info.Oldest || again.Head != info.Head || again.LogBytes != info.LogBytes {
		t.Errorf("info %+v, was %+v, %v", again, info, err)
	}
	for _, err := range s.Changes(ctx, all[3]) {
		if !errors.Is(err, data.ErrLogGone) {
			t.Errorf("from a trimmed position: %v", err)
		}
		break
	}
	put(12)
	if all[12] <= all[11] {
		t.Errorf("position %s after %s", all[12], all[11])
	}
	if err := s.Verify(ctx); err != nil {
		t.Error(err)
	}
}

// until waits until the store is as f wants it.
func until(ctx context.Context, t *testing.T, s data.Store, f func(data.Info) bool) data.Info {
	t.Helper()
	for {
		info, err := s.Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if f(info) {
			return info
		}
		for range s.Changes(ctx, info.Head) { // progress: within a second
			break
		}
		if ctx.Err() != nil {
			t.Fatalf("still %+v", info)
		}
	}
}

// TestPanicLeavesTheStoreUsable: a Next or Derive that panics holds nothing.
func TestPanicLeavesTheStoreUsable(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	s := open(t, pebble.Options{})
	boom := func(b *data.Batch) (r any) {
		defer func() { r = recover() }()
		_, _ = s.Commit(ctx, b)
		return nil
	}
	bad := pet("a", 1)
	bad.Next = func(data.Doc) (data.Doc, error) { panic("next") }
	told := false
	if boom(&data.Batch{Writes: []data.Write{bad}, Applied: func() { told = true }}) != "next" {
		t.Error("the panic of Next is gone")
	}
	if boom(&data.Batch{Writes: []data.Write{pet("a", 1)}, Derive: func([]data.Change) ([]data.Write, error) { panic("derive") }}) != "derive" {
		t.Error("the panic of Derive is gone")
	}
	if told {
		t.Error("Applied was called")
	}
	if err := commit(ctx, s, pet("b", 1)); err != nil {
		t.Error(err)
	}
	if err := s.Verify(ctx); err != nil {
		t.Error(err)
	}
}

// TestConfigureGoesOnWhereItStopped: a build that was cut short serves nothing
// and continues.
func TestConfigureGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	ctx := deadline(t)
	o := pebble.Options{Dir: t.TempDir(), Durability: pebble.Relaxed}
	s := open(t, o)
	const docs = 3000
	for i := 0; i < docs; {
		b := &data.Batch{}
		for ; i < docs && len(b.Writes) < 500; i++ {
			b.Writes = append(b.Writes, pet(fmt.Sprintf("%05d", i), int64(i)))
		}
		if _, err := s.Commit(ctx, b); err != nil {
			t.Fatal(err)
		}
	}
	colls := []data.Collection{{Name: "pets", Indexes: []data.Index{{Name: "n", Fields: []data.Order{{Path: "n"}}}}}}
	if err := s.Configure(&stopping{Context: ctx, after: 10}, colls, true); hutch.CodeOf(err) != hutch.Cancelled {
		t.Fatalf("a cancelled Configure gives %v", err)
	}
	plan := func() *data.Budget {
		sn, err := s.Snapshot(ctx, "")
		if err != nil {
			t.Fatal(err)
		}
		defer sn.Close()
		b := &data.Budget{}
		p := &data.Plan{Collection: "pets", Where: data.Where{Op: data.OpEq, Path: "n", Value: data.Int(2999)}, Budget: b}
		n := 0
		for _, err := range sn.Find(ctx, p) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 1 {
			t.Errorf("%d documents by %s", n, b.Index)
		}
		return b
	}
	if b := plan(); b.Index != "_id" {
		t.Errorf("a half built index serves: %+v", b)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	if err := commit(ctx, s, pet("00001", 7777), pet("zz", 8888)); err != nil {
		t.Fatal(err)
	}
	if err := s.Configure(ctx, colls, true); err != nil {
		t.Fatal(err)
	}
	if b := plan(); b.Index != "n" || b.Docs != 1 {
		t.Errorf("the index does not serve: %+v", b)
	}
	if err := s.Verify(ctx); err != nil {
		t.Error(err)
	}
}

// stopping is a context that ends after it was asked some times.
type stopping struct {
	context.Context
	after int
}

func (c *stopping) Err() error {
	if c.after--; c.after < 0 {
		return context.Canceled
	}
	return c.Context.Err()
}

func TestAVersionIsThePositionOfItsChange(t *testing.T) {
	s := open(t, pebble.Options{})
	r, err := s.Commit(t.Context(), &data.Batch{Writes: []data.Write{{Collection: "pets", ID: "a", Next: func(data.Doc) (data.Doc, error) {
		return data.NewDoc(), nil
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	v, _ := data.Integer(data.Field(r.Changes[0].After, data.FieldVersion))
	if got := fmt.Sprintf("%016x", v); got != string(r.Position) {
		t.Errorf("version %s at position %s", got, r.Position)
	}
}
