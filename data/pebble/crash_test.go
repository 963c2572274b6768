package pebble_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
)

// seeded gives a source of randomness that HUTCH_SEED repeats.
func seeded(t *testing.T) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("HUTCH_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("repeat with HUTCH_SEED=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, seed))
}

// TestCrash cuts the power 100 times while writers run, and opens what a disk
// would hold: all that was synced, and any part of the rest.
func TestCrash(t *testing.T) {
	r := seeded(t)
	rounds, until := 100, time.Time{}
	if s := os.Getenv("HUTCH_LONG"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		until = time.Now().Add(d)
	}
	for n := 0; n < rounds || time.Now().Before(until); n++ {
		powerCut(t, r, n%2 == 1)
		if t.Failed() {
			return
		}
	}
}

// ledger is what writers were told.
type ledger struct {
	mu       sync.Mutex
	acked    [writers]int64 // by writer: the newest number acknowledged
	commits  int
	enough   chan struct{} // closed after some commits
	wanted   int
	position data.Position
}

const writers = 8

func (l *ledger) ack(w int, n int64, at data.Position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked[w] = n
	l.position = max(l.position, at)
	if l.commits++; l.commits == l.wanted {
		close(l.enough)
	}
}

func powerCut(t *testing.T, r *rand.Rand, configure bool) {
	fs := vfs.NewCrashableMem()
	o := pebble.Options{Dir: "db", FS: fs, LogBytes: 64 << 10}
	s, err := pebble.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	colls := []data.Collection{{Name: "pets", Indexes: []data.Index{
		{Name: "n", Fields: []data.Order{{Path: "n"}}},
		{Name: "chip", Fields: []data.Order{{Path: "chip"}}, Unique: true},
		{Name: "tags", Fields: []data.Order{{Path: "tags"}, {Path: "n", Desc: true}}},
	}}}
	if !configure {
		if err := s.Configure(ctx, colls, true); err != nil {
			t.Fatal(err)
		}
	}
	l := &ledger{enough: make(chan struct{}), wanted: 1 + r.IntN(150)}
	running, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() { writer(running, t, s, l, w) })
	}
	if configure { // the cut falls into the building of indexes
		wg.Go(func() {
			if err := s.Configure(running, colls, true); err != nil && running.Err() == nil {
				t.Error(err)
			}
		})
	}
	select {
	case <-l.enough:
	case <-ctx.Done():
		t.Fatal("the writers are stuck")
	}
	l.mu.Lock()
	acked, newest := l.acked, l.position
	l.mu.Unlock()
	disk := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: r.IntN(2) * r.IntN(101), RNG: rand.New(rand.NewPCG(r.Uint64(), 0))})
	stop()
	wg.Wait()

	o.FS = disk
	s2, err := pebble.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s2.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := s2.Verify(ctx); err != nil {
		t.Fatal(err)
	}
	if info, err := s2.Info(ctx); err != nil || info.Head < newest {
		t.Fatalf("head %s, acknowledged %s (%v)", info.Head, newest, err)
	}
	check(ctx, t, s2, acked)
	if err := s2.Configure(ctx, colls, true); err != nil { // builds go on where they were
		t.Fatal(err)
	}
	if _, err := s2.Commit(ctx, &data.Batch{Now: time.Now(), Writes: []data.Write{pet("w0-0", 1<<40)}}); err != nil {
		t.Fatal(err)
	}
	if err := s2.Verify(ctx); err != nil {
		t.Fatal(err)
	}
}

// writer commits a number in its head and in a pair of documents, or deletes
// the pair.
func writer(ctx context.Context, t *testing.T, s *pebble.Store, l *ledger, w int) {
	for n := int64(1); ctx.Err() == nil; n++ {
		id := fmt.Sprintf("w%d-%d", w, n%5)
		b := &data.Batch{Now: time.Now(), Writes: []data.Write{pet(id, n), pet(fmt.Sprint("head", w), n), pet(id+"-twin", n)}}
		if n%7 == 0 {
			gone := func(data.Doc) (data.Doc, error) { return nil, nil }
			b.Writes[0].Next, b.Writes[2].Next = gone, gone
		}
		r, err := s.Commit(ctx, b)
		switch {
		case err == nil:
			l.ack(w, n, r.Position)
		case ctx.Err() == nil:
			t.Error(err)
		}
	}
}

func pet(id string, n int64) data.Write {
	return data.Write{Collection: "pets", ID: id, Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) {
		return data.NewDoc(
			data.Elem{Name: data.FieldID, Value: data.String(id)},
			data.Elem{Name: "n", Value: data.Int(n)},
			data.Elem{Name: "chip", Value: data.String(id + strconv.FormatInt(n, 10))},
			data.Elem{Name: "tags", Value: data.Array(data.Int(n%3), data.Int(n%4), data.String("t"))},
		), nil
	}}
}

// check finds every acknowledged commit of each writer, all up to the newest
// that is there, and no half of one.
func check(ctx context.Context, t *testing.T, s *pebble.Store, acked [writers]int64) {
	sn, err := s.Snapshot(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	defer sn.Close()
	number := func(id string) int64 {
		d, err := sn.Get(ctx, "pets", id)
		if err != nil {
			t.Fatal(err)
		}
		n, _ := data.Integer(data.Field(d, "n"))
		return n
	}
	for w, least := range acked {
		head := number(fmt.Sprint("head", w))
		if head < least {
			t.Errorf("writer %d: %d was acknowledged, %d is there", w, least, head)
		}
		for n := max(head-4, 1); n <= head; n++ {
			want := n
			if n%7 == 0 {
				want = 0
			}
			id := fmt.Sprintf("w%d-%d", w, n%5)
			if a, b := number(id), number(id+"-twin"); a != want || b != want {
				t.Errorf("%s has %d and %d, want %d", id, a, b, want)
			}
		}
	}
}

// TestCrashRelaxed: without fsync a cut loses the newest commits, and only these.
func TestCrashRelaxed(t *testing.T) {
	r := seeded(t)
	for range 10 {
		fs := vfs.NewCrashableMem()
		s, err := pebble.Open(pebble.Options{Dir: "db", FS: fs, Durability: pebble.Relaxed})
		if err != nil {
			t.Fatal(err)
		}
		var all []data.Position
		for n := range int64(50 + r.IntN(100)) {
			res, err := s.Commit(t.Context(), &data.Batch{Now: time.Now(), Writes: []data.Write{pet(fmt.Sprint("p", n%9), n)}})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, res.Position)
		}
		disk := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: r.IntN(101), RNG: rand.New(rand.NewPCG(r.Uint64(), 0))})
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s2 := open(t, pebble.Options{Dir: "db", FS: disk})
		if err := s2.Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		info, err := s2.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		if info.Head != "" {
			for c, err := range s2.Changes(t.Context(), "") {
				if err != nil {
					t.Fatal(err)
				}
				if c.Position != all[n] {
					t.Fatalf("commit %d is %s, was %s", n, c.Position, all[n])
				}
				if n++; c.Position == info.Head {
					break
				}
			}
		}
	}
}

// TestBrokenDiskEndsTheProcess: a log that cannot be written is the end, with a
// clear last line, and nobody is told that his commit is safe.
func TestBrokenDiskEndsTheProcess(t *testing.T) {
	fs := &failing{FS: vfs.NewMem()}
	died := make(chan error, 1)
	s, err := pebble.Open(pebble.Options{Dir: "db", FS: fs, Fatal: func(err error) {
		select {
		case died <- err:
		default:
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(t.Context(), &data.Batch{Writes: []data.Write{pet("a", 1)}}); err != nil {
		t.Fatal(err)
	}
	fs.broken.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	outcome := make(chan error, 1)
	go func() {
		_, err := s.Commit(ctx, &data.Batch{Writes: []data.Write{pet("b", 1)}})
		outcome <- err
	}()
	if err := <-died; err == nil || !strings.Contains(err.Error(), errBroken.Error()) {
		t.Errorf("died of %v", err)
	}
	cancel()
	if err := <-outcome; hutch.CodeOf(err) != hutch.Unavailable { // it may have happened
		t.Errorf("the commit gives %v", err)
	}
}
