package mongo

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

// held is a write whose group stays in flight until release is called.
func held(id string) (w data.Write, inFlight chan struct{}, release func()) {
	inFlight, end := make(chan struct{}), make(chan struct{})
	var first, last sync.Once
	w = counted("pets", id)
	next := w.Next
	w.Next = func(old data.Doc) (data.Doc, error) {
		first.Do(func() { close(inFlight) })
		<-end
		return next(old)
	}
	return w, inFlight, func() { last.Do(func() { close(end) }) }
}

// counted adds 1 to n, which begins at 0.
func counted(coll, id string) data.Write {
	return data.Write{Collection: coll, ID: id, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
		n, _ := data.Integer(data.Field(old, "n"))
		return data.NewDoc(data.Elem{Name: "n", Value: data.Int(n + 1)}), nil
	}}
}

// queued waits until n batches wait for their turn.
func queued(t *testing.T, s *Store, n int) {
	t.Helper()
	for ctx := limit(t, 30*time.Second); ; {
		s.queue.mu.Lock()
		have := len(s.queue.waiting)
		s.queue.mu.Unlock()
		if have == n {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("%d batches wait, not %d", have, n)
		}
		sleep(ctx, time.Millisecond)
	}
}

type answer struct {
	data.Result
	err     error
	applied int
}

// start commits a batch on a goroutine of its own.
func start(ctx context.Context, s *Store, b *data.Batch) <-chan answer {
	out := make(chan answer, 1)
	go func() {
		var a answer
		b.Now, b.Applied = time.Now(), func() { a.applied++ }
		a.Result, a.err = s.Commit(ctx, b)
		out <- a
	}()
	return out
}

func TestWhatWaitsForADocumentGoesOutAsOne(t *testing.T) {
	t.Parallel()
	s := node(t, mongotest.Database(t))
	ctx := limit(t, 60*time.Second)
	w, inFlight, release := held("hot")
	defer release()
	first := start(ctx, s, &data.Batch{Writes: []data.Write{w}})
	<-inFlight
	n := 0
	add := func(ctx context.Context, b *data.Batch) <-chan answer {
		c := start(ctx, s, b)
		n++
		queued(t, s, n)
		return c
	}
	refused := errors.New("sold out")
	var passing []<-chan answer
	for range 5 {
		passing = append(passing, add(ctx, &data.Batch{Writes: []data.Write{counted("pets", "hot")}}))
	}
	no := add(ctx, &data.Batch{Writes: []data.Write{counted("pets", "hot"), {
		Collection: "pets", ID: "other", Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return nil, refused },
	}}})
	for range 5 {
		passing = append(passing, add(ctx, &data.Batch{
			Writes: []data.Write{counted("pets", "hot")},
			Derive: func(cs []data.Change) ([]data.Write, error) {
				row := counted("rows", data.Text(data.Field(cs[0].After, data.FieldID)))
				return []data.Write{row}, nil
			},
		}))
	}
	gone, leave := context.WithCancel(ctx)
	left := add(gone, &data.Batch{Writes: []data.Write{counted("pets", "hot")}})
	leave()
	if a := <-left; hutch.CodeOf(a.err) != hutch.Cancelled || a.applied != 0 {
		t.Errorf("who left gets %v", a.err)
	}
	queued(t, s, n-1)
	release()
	if a := <-first; a.err != nil {
		t.Fatal(a.err)
	}
	if a := <-no; !errors.Is(a.err, refused) || a.applied != 0 {
		t.Errorf("the refused batch gets %v", a.err)
	}
	var at data.Position
	last := int64(1)
	for _, c := range passing {
		a := <-c
		if a.err != nil || a.applied != 1 || len(a.Changes) != 1 {
			t.Fatalf("%+v", a)
		}
		if at == "" {
			at = a.Position
		}
		was, _ := data.Integer(data.Field(a.Changes[0].Before, "n"))
		is, _ := data.Integer(data.Field(a.Changes[0].After, "n"))
		if a.Position != at || was != last || is != last+1 {
			t.Errorf("at %s, the others at %s: from %d to %d, after %d", a.Position, at, was, is, last)
		}
		last = is
	}
	sn, err := s.Snapshot(ctx, at)
	if err != nil {
		t.Fatal(err)
	}
	defer sn.Close()
	for id, want := range map[[2]string]int64{{"pets", "hot"}: 11, {"rows", "hot"}: 5} {
		d, err := sn.Get(ctx, id[0], id[1])
		if n, _ := data.Integer(data.Field(d, "n")); err != nil || n != want {
			t.Errorf("%v is %d, want %d; %v", id, n, want, err)
		}
	}
}

func TestNobodyOvertakesWhoWaitsForTwoDocuments(t *testing.T) {
	t.Parallel()
	s := node(t, mongotest.Database(t))
	s.queue.slow = time.Hour
	ctx := limit(t, 60*time.Second)
	a, aFlies, endA := held("a")
	defer endA()
	b, bFlies, endB := held("b")
	defer endB()
	firstA, firstB := start(ctx, s, &data.Batch{Writes: []data.Write{a}}), start(ctx, s, &data.Batch{Writes: []data.Write{b}})
	<-aFlies
	<-bFlies
	both := start(ctx, s, &data.Batch{Writes: []data.Write{counted("pets", "a"), counted("pets", "b")}})
	queued(t, s, 1)
	gone, leave := context.WithCancel(ctx)
	left := start(gone, s, &data.Batch{Writes: []data.Write{counted("pets", "b"), counted("pets", "c")}})
	queued(t, s, 2)
	behind := start(ctx, s, &data.Batch{Writes: []data.Write{counted("pets", "c")}})
	queued(t, s, 3)
	leave()
	if x := <-left; hutch.CodeOf(x.err) != hutch.Cancelled {
		t.Errorf("who left gets %v", x.err)
	}
	if x := <-behind; x.err != nil {
		t.Errorf("who waited behind one that left: %v", x.err)
	}
	endA()
	if x := <-firstA; x.err != nil {
		t.Fatal(x.err)
	}
	late := start(ctx, s, &data.Batch{Writes: []data.Write{counted("pets", "a")}})
	queued(t, s, 2)
	endB()
	for _, c := range []<-chan answer{firstB, both} {
		if x := <-c; x.err != nil {
			t.Fatal(x.err)
		}
	}
	x := <-late
	if x.err != nil {
		t.Fatal(x.err)
	}
	if n, _ := data.Integer(data.Field(x.Changes[0].Before, "n")); n != 2 {
		t.Errorf("the newcomer was number %d", n+1)
	}
}

// A batch on two documents that many write has its turn after few others.
func TestABatchOnTwoHotDocuments(t *testing.T) {
	t.Parallel()
	const writers, most = 8, 100
	s := node(t, mongotest.Database(t))
	s.queue.slow = time.Hour
	ctx := limit(t, 60*time.Second)
	both := func() []data.Write { return []data.Write{counted("pets", "a"), counted("pets", "b")} }
	if x := <-start(ctx, s, &data.Batch{Writes: both()}); x.err != nil {
		t.Fatal(x.err)
	}
	var stop atomic.Bool
	var passed atomic.Int64
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop.Store(true)
	for i := range 2 * writers {
		wg.Go(func() {
			for !stop.Load() {
				if x := <-start(ctx, s, &data.Batch{Writes: both()[i%2 : i%2+1]}); x.err != nil {
					t.Error(x.err)
					return
				}
				passed.Add(1)
			}
		})
	}
	for passed.Load() < 4*writers && ctx.Err() == nil {
		sleep(ctx, time.Millisecond)
	}
	for range 5 {
		var before, at int64
		before = passed.Load()
		ws := both()
		for i := range ws {
			next := ws[i].Next
			ws[i].Next = func(old data.Doc) (data.Doc, error) {
				at = passed.Load()
				return next(old)
			}
		}
		if x := <-start(ctx, s, &data.Batch{Writes: ws}); x.err != nil {
			t.Fatal(x.err)
		}
		if at-before > most {
			t.Errorf("%d others went first", at-before)
		}
	}
}

func TestAtMostFourGroupsAreInFlight(t *testing.T) {
	t.Parallel()
	s := node(t, mongotest.Database(t))
	s.queue.slow = time.Hour
	ctx := limit(t, 60*time.Second)
	var releases []func()
	var flying, waiting []<-chan answer
	for _, id := range []string{"a", "b", "c", "d"} {
		w, inFlight, release := held(id)
		defer release()
		releases = append(releases, release)
		flying = append(flying, start(ctx, s, &data.Batch{Writes: []data.Write{w}}))
		<-inFlight
	}
	for i, id := range []string{"e", "f", "g"} {
		waiting = append(waiting, start(ctx, s, &data.Batch{Writes: []data.Write{counted("pets", id)}}))
		queued(t, s, i+1)
	}
	ended, quit := context.WithTimeout(ctx, time.Millisecond)
	defer quit()
	if a := <-start(ended, s, &data.Batch{Writes: []data.Write{counted("pets", "h")}}); hutch.CodeOf(a.err) != hutch.DeadlineExceeded {
		t.Errorf("whose time ended while it waited gets %v", a.err)
	}
	releases[2]()
	first, second, third := <-waiting[0], <-waiting[1], <-waiting[2]
	if err := errors.Join(first.err, second.err, third.err); err != nil || first.Position != second.Position || first.Position != third.Position {
		t.Errorf("those who waited are at %s, %s, %s; %v", first.Position, second.Position, third.Position, err)
	}
	for i, release := range releases {
		release()
		if a := <-flying[i]; a.err != nil {
			t.Error(a.err)
		}
	}
}
