package data_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func TestFeedShowsCommitsInOrderToEach(t *testing.T) {
	const commits = 300
	r := open(t)
	info, err := r.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the feed", func() bool { return r.Feed().Head() >= info.Head })
	var wg sync.WaitGroup
	for reader := range 4 {
		wg.Go(func() {
			after, n := info.Head, 0
			for c, err := range r.Feed().Read(t.Context(), after) {
				if err != nil {
					t.Error(err)
					return
				}
				if c.Position < after {
					t.Errorf("reader %d: %s behind %s", reader, c.Position, after)
				}
				after = c.Position
				for _, ch := range c.Changes {
					if want := fmt.Sprint("d", n); ch.ID != want {
						t.Errorf("reader %d: %s, want %s", reader, ch.ID, want)
						return
					}
					n++
				}
				if n == commits {
					return
				}
			}
		})
	}
	for i := range commits {
		r.put(t, "notes", fmt.Sprint("d", i), `{}`)
	}
	wg.Wait()
	if r.Feed().Heard().IsZero() {
		t.Error("never heard")
	}
}

func TestFeedSpeaksWhenNothingHappens(t *testing.T) {
	r := open(t)
	r.put(t, "notes", "a", `{}`)
	until(t, "the feed", func() bool { return !r.Feed().Heard().IsZero() })
	at := r.Feed().Head()
	for c, err := range r.Feed().Read(t.Context(), at) {
		if err != nil || len(c.Changes) != 0 || c.Position < at {
			t.Errorf("%+v %v", c, err)
		}
		break
	}
}

// scripted is a store whose log is given commit by commit.
type scripted struct {
	data.Store
	mu      sync.Mutex
	commits []data.Commit
	gone    data.Position // the log does not reach further back
	info    data.Info
	asked   int // Changes
	wake    chan struct{}
}

func (s *scripted) add(c ...data.Commit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commits = append(s.commits, c...)
	close(s.wake)
	s.wake = make(chan struct{})
}

func (s *scripted) Info(context.Context) (data.Info, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.info
	i.Head = max(i.Head, pos(0))
	return i, nil
}

func (s *scripted) Changes(ctx context.Context, after data.Position) iter.Seq2[data.Commit, error] {
	return func(yield func(data.Commit, error) bool) {
		s.mu.Lock()
		s.asked++
		s.mu.Unlock()
		for i := 0; ; {
			s.mu.Lock()
			gone, commits, wake := after < s.gone, s.commits, s.wake
			s.mu.Unlock()
			if gone {
				yield(data.Commit{}, data.ErrLogGone)
				return
			}
			for ; i < len(commits); i++ {
				if c := commits[i]; c.Position > after && !yield(c, nil) {
					return
				}
			}
			select {
			case <-ctx.Done():
				yield(data.Commit{}, ctx.Err())
				return
			case <-wake:
			}
		}
	}
}

func pos(n int) data.Position { return data.Position(fmt.Sprintf("%016x", n)) }

func TestFeedBehindTheRingReadsTheLog(t *testing.T) {
	s := &scripted{wake: make(chan struct{})}
	f, stop := data.RunFeed(s, 10_000)
	defer stop()
	big := func(n int) data.Commit {
		return data.Commit{Position: pos(n), Changes: []data.Change{{Collection: "notes", ID: fmt.Sprint(n), After: make(data.Doc, 1000)}}}
	}
	for n := 1; n <= 50; n++ {
		s.add(big(n))
	}
	until(t, "the head", func() bool { return f.Head() == pos(50) })
	if n := f.Held(); n == 0 || n > 10 {
		t.Errorf("the ring holds %d commits", n)
	}
	n := 0
	for c, err := range f.Read(t.Context(), pos(0)) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; c.Position != pos(n) {
			t.Fatalf("%s, want %s", c.Position, pos(n))
		}
		if n == 50 {
			s.add(big(51))
		}
		if n == 51 {
			break
		}
	}
	s.mu.Lock()
	s.gone = pos(20)
	s.mu.Unlock()
	for c, err := range f.Read(t.Context(), pos(1)) {
		if !errors.Is(err, data.ErrLogGone) {
			t.Errorf("%+v %v", c, err)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range f.Read(ctx, pos(51)) {
		if hutch.CodeOf(err) != hutch.Cancelled {
			t.Error(err)
		}
	}
}

// A node that starts reads the log from before its start, so that clients which
// come from another node resume in its ring.
func TestFeedBeginsInThePast(t *testing.T) {
	s := &scripted{wake: make(chan struct{}), info: data.Info{Head: pos(9), Recent: pos(4)}}
	then := time.Now().Add(-time.Hour)
	for n := 1; n <= 9; n++ {
		s.add(data.Commit{Position: pos(n), At: then, Changes: []data.Change{{Collection: "notes", ID: fmt.Sprint(n)}}})
	}
	f, stop := data.RunFeed(s, 10_000)
	defer stop()
	until(t, "the head", func() bool { return f.Head() == pos(9) })
	n := 5
	for c, err := range f.Read(t.Context(), pos(4)) {
		if err != nil || c.Position != pos(n) {
			t.Fatalf("%+v %v, want %d", c, err, n)
		}
		if n++; n == 10 {
			break
		}
	}
	s.mu.Lock()
	asked := s.asked
	s.mu.Unlock()
	if asked != 1 || f.Held() != 5 {
		t.Errorf("the log was read %d times, the ring holds %d", asked, f.Held())
	}
	// What a reader hears is as old as what the feed has shown.
	s.add(data.Commit{Position: pos(10), At: then})
	for c, err := range f.Read(t.Context(), pos(9)) {
		if err != nil || c.Position != pos(10) || !c.At.Equal(then) {
			t.Errorf("progress %+v %v", c, err)
		}
		break
	}
}

// Where the log does not reach so far, it reads from the head.
func TestFeedBeginsAtTheHeadOfAShortLog(t *testing.T) {
	s := &scripted{wake: make(chan struct{}), info: data.Info{Head: pos(9), Recent: pos(4)}, gone: pos(7)}
	f, stop := data.RunFeed(s, 10_000)
	defer stop()
	until(t, "the head", func() bool { return f.Head() == pos(9) })
	s.add(data.Commit{Position: pos(10), Changes: []data.Change{{Collection: "notes", ID: "a"}}})
	until(t, "the commit", func() bool { return f.Head() == pos(10) })
}

func TestSystemCollections(t *testing.T) {
	r := open(t)
	users := r.System("_users", "_sessions")
	write := func(coll, id string) data.Write {
		return data.Write{Collection: coll, ID: id, Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) {
			return data.NewDoc(data.Elem{Name: "_id", Value: data.String(id)}, data.Elem{Name: "n", Value: data.Int(1)}), nil
		}}
	}
	res, err := users.Commit(t.Context(), &data.Batch{Writes: []data.Write{write("_users", "a"), write("_users", "b"), write("_jobs", "j")}})
	if err != nil || len(res.Changes) != 3 {
		t.Fatalf("%+v %v", res, err)
	}
	if d, err := users.Get(t.Context(), "_users", "a"); err != nil || text(t, d) != `{"n":1}` {
		t.Errorf("%s %v", d, err)
	}
	if at := data.Field(res.Changes[0].After, "_createdAt").Time(); !at.Equal(r.clock.now()) {
		t.Error("not stamped by the clock:", at)
	}
	n := 0
	for d, err := range users.Find(t.Context(), data.Query{From: "_users", Where: *eq("n", data.Int(1)), OrderBy: []data.Order{{Path: "_id", Desc: true}}}) {
		if want := []string{"b", "a"}[n]; err != nil || data.Text(data.Field(d, "_id")) != want {
			t.Errorf("%s %v", d, err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d found", n)
	}
	t.Run("of other rooms are closed", func(t *testing.T) {
		if _, err := users.Get(t.Context(), "_keys", "a"); hutch.CodeOf(err) != hutch.Internal {
			t.Error(err)
		}
		for _, err := range users.Find(t.Context(), data.Query{From: "notes"}) {
			if hutch.CodeOf(err) != hutch.Internal {
				t.Error(err)
			}
		}
		derive := func([]data.Change) ([]data.Write, error) { return []data.Write{write("_keys", "k")}, nil }
		for _, b := range []*data.Batch{
			{Writes: []data.Write{write("notes", "x")}},
			{Checks: []data.Check{{Collection: "_keys", ID: "x"}}, Writes: []data.Write{write("_users", "x")}},
			{Writes: []data.Write{write("_users", "x")}, Derive: derive},
		} {
			if _, err := users.Commit(t.Context(), b); hutch.CodeOf(err) != hutch.Internal {
				t.Error(err)
			}
		}
		if got := r.stored(t, "_users", "x"); got != "" {
			t.Error(got)
		}
	})
	t.Run("a moved version is lost", func(t *testing.T) {
		w := write("_users", "a")
		w.Expect = 7
		if _, err := users.Commit(t.Context(), &data.Batch{Writes: []data.Write{w}}); hutch.CodeOf(err) != hutch.Aborted {
			t.Error(err)
		}
	})
}
