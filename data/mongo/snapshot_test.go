package mongo

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

func TestAPositionToComeIsRefused(t *testing.T) {
	t.Parallel()
	s := openIndexed(t, 3)
	at := s.known.load() + 1000<<32
	sn, err := s.Snapshot(t.Context(), at.position())
	if err != nil {
		t.Fatal(err)
	}
	defer sn.Close()
	if _, err = sn.Get(t.Context(), "pets", "00001"); hutch.CodeOf(err) != hutch.FailedPrecondition {
		t.Errorf("got %v", err)
	}
}

func TestASnapshotHasItsPositionWithTheFirstRead(t *testing.T) {
	t.Parallel()
	s := openIndexed(t, 3)
	reads := map[string]func(sn data.Snapshot) error{
		"get":     func(sn data.Snapshot) error { _, err := sn.Get(t.Context(), "pets", "00001"); return err },
		"nowhere": func(sn data.Snapshot) error { _, err := sn.Get(t.Context(), "nowhere", "00001"); return err },
		"count": func(sn data.Snapshot) error {
			_, err := sn.Count(t.Context(), &data.Plan{Collection: "nowhere"})
			return err
		},
		"find": func(sn data.Snapshot) error {
			for _, err := range sn.Find(t.Context(), &data.Plan{Collection: "pets"}) {
				return err
			}
			return fmt.Errorf("nothing found")
		},
		"never": func(sn data.Snapshot) error {
			for range sn.Find(t.Context(), &data.Plan{Collection: "pets", Where: data.Never()}) {
				return fmt.Errorf("something found")
			}
			return nil
		},
	}
	for name, read := range reads {
		sn, err := s.Snapshot(t.Context(), "")
		if err != nil || sn.Position() != "" {
			t.Fatalf("%s: %v at %q", name, err, sn.Position())
		}
		if err := read(sn); err != nil || sn.Position() < s.first.position() {
			t.Errorf("%s: %v at %q", name, err, sn.Position())
		}
		sn.Close()
	}
}

// TestReadsWaitForAPrimary: a read goes on at its time on the next primary; where
// none comes it ends with the context.
func TestReadsWaitForAPrimary(t *testing.T) {
	set := mongotest.Start(t, mongotest.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := Open(ctx, Options{URL: set.Database("reads")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b := &data.Batch{}
	for i := range 500 {
		d := data.NewDoc(data.Elem{Name: "_id", Value: data.String(fmt.Sprintf("%05d", i))}, data.Elem{Name: "n", Value: data.Int(int64(i / 3))})
		b.Writes = append(b.Writes, data.Write{Collection: "pets", ID: fmt.Sprintf("%05d", i), Next: func(data.Doc) (data.Doc, error) { return d, nil }})
	}
	res, err := s.Commit(ctx, b)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Configure(ctx, []data.Collection{{Name: "pets", Indexes: []data.Index{{Name: "n", Fields: order("n")}}}}, true); err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{"", "-_id", "-n"} {
		sn, err := s.Snapshot(ctx, res.Position)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		at := data.Position("")
		// a first batch of few, the rest from another primary
		for d, err := range sn.Find(ctx, &data.Plan{Collection: "pets", OrderBy: order(by), Where: filter(t, `{"n":{"$not":{"$regex":"x"}}}`)}) {
			if err != nil {
				t.Fatalf("by %q: %v", by, err)
			}
			if n++; n == 100 {
				at = sn.Position()
				set.StepDown()
			}
			_ = d
		}
		if n != 500 || sn.Position() != at || at < res.Position {
			t.Errorf("by %q: %d documents at %s and %s", by, n, at, sn.Position())
		}
		if n, err := sn.Count(ctx, &data.Plan{Collection: "pets"}); n != 500 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		sn.Close()
	}
	sn, err := s.Snapshot(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	defer sn.Close()
	if _, err := sn.Get(ctx, "pets", "00001"); err != nil {
		t.Fatal(err)
	}
	for i := range set.Members() {
		set.Kill(i)
	}
	for _, sn := range []data.Snapshot{sn, mustSnapshot(t, s)} {
		short, done := context.WithTimeout(ctx, 2*time.Second)
		_, err = sn.Get(short, "pets", "00001")
		done()
		if e := hutch.AsError(err); e == nil || e.Code != hutch.Unavailable || e.RetryAfter == 0 {
			t.Errorf("got %v", err)
		}
	}
	for i := range set.Members() {
		set.Restart(i)
	}
	if d, err := sn.Get(ctx, "pets", "00001"); d == nil || err != nil {
		t.Errorf("after the outage: %v, %v", d, err)
	}
}

func mustSnapshot(t *testing.T, s *Store) data.Snapshot {
	t.Helper()
	sn, err := s.Snapshot(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sn.Close)
	return sn
}

func TestASnapshotThatTheServerForgotIsAborted(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, mongotest.Options{Members: 1, Args: []string{"--setParameter", "minSnapshotHistoryWindowInSeconds=1", "--syncdelay", "1"}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := Open(ctx, Options{URL: set.Database("reads")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	write := func(i int) {
		d := data.NewDoc(data.Elem{Name: "_id", Value: data.String("a")}, data.Elem{Name: "n", Value: data.Int(int64(i))})
		if _, err := s.Commit(ctx, &data.Batch{Writes: []data.Write{{Collection: "pets", ID: "a", Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return d, nil }}}}); err != nil {
			t.Fatal(err)
		}
	}
	write(0)
	sn := mustSnapshot(t, s)
	if _, err := sn.Get(ctx, "pets", "a"); err != nil {
		t.Fatal(err)
	}
	for i := 1; ; i++ {
		write(i)
		d, err := sn.Get(ctx, "pets", "a")
		if err != nil {
			if hutch.CodeOf(err) != hutch.Aborted {
				t.Errorf("got %v", err)
			}
			break
		}
		if n, _ := data.Integer(data.Field(d, "n")); n != 0 {
			t.Fatalf("the snapshot shows %s", d)
		}
	}
	if _, err := sn.Count(ctx, &data.Plan{Collection: "pets"}); hutch.CodeOf(err) != hutch.Aborted {
		t.Errorf("got %v", err)
	}
	// another, not read yet, has a time of its own
	if d, err := mustSnapshot(t, s).Get(ctx, "pets", "a"); d == nil || err != nil {
		t.Errorf("%v, %v", d, err)
	}
}
