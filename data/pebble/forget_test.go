package pebble_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
)

// TestS61ForgottenImagesAreGone: readers of the span get ErrLogGone, those behind
// it go on, also after a restart.
func TestS61ForgottenImagesAreGone(t *testing.T) {
	o := pebble.Options{Dir: t.TempDir(), FreeFloor: 1}
	s := open(t, o)
	put := func(id, text string) data.Position {
		t.Helper()
		d := data.NewDoc(data.Elem{Name: "_id", Value: data.String(id)}, data.Elem{Name: "text", Value: data.String(text)})
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		r, err := s.Commit(ctx, &data.Batch{Now: time.Now(), Writes: []data.Write{{
			Collection: "notes", ID: id, Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return d, nil },
		}}})
		if err != nil {
			t.Fatal(err)
		}
		return r.Position
	}
	first := put("a", "plain")
	put("b", "belongs to 0199a3c8-erased")
	third := put("c", "plain")
	last := put("b", "plain again") // its image of before names the person
	end := put("d", "plain")
	next := func(after data.Position) (data.Commit, error) {
		for c, err := range s.Changes(t.Context(), after) {
			return c, err
		}
		return data.Commit{}, errors.New("nothing")
	}
	if err := s.Forget(t.Context(), []string{"0199a3c8-erased"}); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		for after, gone := range map[data.Position]bool{first: true, third: true, last: false} {
			c, err := next(after)
			if errors.Is(err, data.ErrLogGone) != gone || !gone && (err != nil || c.Position != end) {
				t.Errorf("behind %s: %v, %v", after, c, err)
			}
		}
		if c, err := next(""); err != nil || c.Position != first {
			t.Errorf("before the span: %v, %v", c, err)
		}
		if err := s.Verify(t.Context()); err != nil {
			t.Error(err)
		}
	}
	check()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	check()
	put("b", "and on")
	if err := s.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}
