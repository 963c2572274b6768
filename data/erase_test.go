package data_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// TestS61ErasureDropsRecordsAtOnceAndImagesSoon: what is kept of the person's
// requests goes when it is asked for, the images in the log and in the memory of
// the feed once their readers had their time; the mark stays.
func TestS61ErasureDropsRecordsAtOnceAndImagesSoon(t *testing.T) {
	r := open(t)
	sys := r.System("_users")
	before := data.Position(fmt.Sprintf("%016x", r.put(t, "notes", "first", `{"n":1}`)))
	if _, err := r.Write(as(t, ann), []data.Mutation{{Op: data.OpCreate, In: "notes", Data: js(t, `{"owner":"`+ann.UID+`"}`)}}, data.WriteOptions{Once: onceOf(ann, "k", "{}")}); err != nil {
		t.Fatal(err)
	}
	if _, err := sys.Commit(t.Context(), &data.Batch{Writes: []data.Write{r.Erasure(ann.UID, r.clock.now(), "her address")}}); err != nil {
		t.Fatal(err)
	}
	if err := r.Erase(t.Context(), ann.UID); err != nil {
		t.Fatal(err)
	}
	if out, release, err := r.Replay(as(t, ann), onceOf(ann, "k", "{}")); out != nil || err != nil {
		t.Errorf("a record is there: %+v, %v", out, err)
	} else {
		release()
	}
	shown := func() (found bool, err error) {
		for c, err := range r.Feed().Read(t.Context(), before) {
			if err != nil {
				return found, err
			}
			for i := range c.Changes {
				found = found || strings.Contains(string(c.Changes[i].After), ann.UID)
			}
			if len(c.Changes) == 0 {
				return found, nil
			}
		}
		return found, errors.New("the feed ended")
	}
	if err := r.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found, err := shown(); err != nil || !found {
		t.Fatalf("readers have no time for the commit: %v, %v", found, err)
	}
	letter := func(id, about string) data.Write { // died when the person was gone
		return data.Write{Collection: "_jobs", ID: id, Next: func(data.Doc) (data.Doc, error) {
			return js(t, `{"_id":"`+id+`","about":"`+about+`","dead":{}}`), nil
		}}
	}
	queue := r.System("_jobs")
	if _, err := queue.Commit(t.Context(), &data.Batch{Writes: []data.Write{letter("hers", "her address"), letter("bobs", "bob")}}); err != nil {
		t.Fatal(err)
	}
	r.clock.advance(time.Minute)
	if err := r.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for id, kept := range map[string]bool{"hers": false, "bobs": true} {
		if d, err := queue.Get(t.Context(), "_jobs", id); err != nil || d != nil != kept {
			t.Errorf("the letter %s: %v, %v", id, d, err)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		found, err := shown()
		if errors.Is(err, data.ErrLogGone) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("readers of the span are not told: found %v, %v", found, err)
		}
		time.Sleep(time.Millisecond)
	}
	mark, err := r.System("_erasures").Get(t.Context(), "_erasures", ann.UID)
	if err != nil || mark == nil || data.Field(mark, "open").Type != 0 {
		t.Errorf("the mark: %v, %v", mark, err)
	}
	if err := r.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestS61ManyErasuresAreOneSearch: a sweep looks for all whose marks are due, in
// other rooms once for 200.
func TestS61ManyErasuresAreOneSearch(t *testing.T) {
	r := open(t)
	var asked []int
	erased := map[string]int{}
	r.OnErase(func(_ context.Context, ids []string) error {
		asked = append(asked, len(ids))
		for _, id := range ids {
			erased[id]++
		}
		return nil
	})
	b := &data.Batch{}
	for i := range 450 {
		b.Writes = append(b.Writes, r.Erasure(fmt.Sprintf("0199a3c8-5c1e-7b21-9d1c-%012d", i), r.clock.now()))
	}
	if _, err := r.System("_erasures").Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if err := r.Sweep(t.Context()); err != nil || len(asked) != 0 {
		t.Fatalf("asked %v before the marks are due: %v", asked, err)
	}
	r.clock.advance(time.Minute)
	for range 2 {
		if err := r.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(asked) != "[200 200 50]" || len(erased) != 450 {
		t.Errorf("asked for %v, %d in all", asked, len(erased))
	}
}
