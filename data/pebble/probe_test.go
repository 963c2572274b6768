package pebble

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch/data"
)

// openHerd opens a store of documents with a unique tag.
func openHerd(t *testing.T) *Store {
	t.Helper()
	s, err := Open(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	herd := data.Collection{Name: "herd", Indexes: []data.Index{{Name: "tag", Fields: []data.Order{{Path: "tag"}}, Unique: true}}}
	if err := s.Configure(t.Context(), []data.Collection{herd}, true); err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLooksIntoTables: in a store whose documents are in tables of the last
// level, a look into a table finds its way by one block, and what is absent is
// known by the table's filter.
func TestLooksIntoTables(t *testing.T) {
	const docs = 20_000
	s := openHerd(t)
	create := func(n int) data.Write {
		return data.Write{Collection: "herd", ID: fmt.Sprintf("%06d", n), Next: func(data.Doc) (data.Doc, error) {
			return data.NewDoc(
				data.Elem{Name: "tag", Value: data.Int(int64(n))},
				data.Elem{Name: "text", Value: data.String(fmt.Sprintf("%0200d", n*n))},
			), nil
		}}
	}
	for n := 0; n < docs; {
		b := &data.Batch{Now: time.Now()}
		for ; len(b.Writes) < 500; n++ {
			b.Writes = append(b.Writes, create(2*n))
		}
		if _, err := s.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.db.Compact(t.Context(), []byte{0}, []byte{0xff}, false); err != nil {
		t.Fatal(err)
	}

	levels, err := s.db.SSTables(pebble.WithProperties())
	if err != nil {
		t.Fatal(err)
	}
	large := false
	for l, tables := range levels {
		for _, tab := range tables {
			p := tab.Properties
			large = large || p.IndexSize > 16<<10
			if l < len(levels)-1 {
				t.Errorf("a table is in level %d", l)
			}
			if p.IndexPartitions > 0 {
				t.Errorf("an index of %d bytes has %d parts", p.IndexSize, p.IndexPartitions)
			}
		}
	}
	if !large {
		t.Error("no index is large")
	}

	const more = 100
	before := s.db.Metrics()
	for n := range more { // two keys each: of the document, and of the claim
		b := &data.Batch{Now: time.Now(), Writes: []data.Write{create(2*n*97 + 1)}}
		if _, err := s.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	after := s.db.Metrics()
	if got := after.Filter.Hits - before.Filter.Hits; got < 2*more*9/10 {
		t.Errorf("filters spared %d looks of %d", got, 2*more)
	}
}

// TestProbeFindsWhatIsThere: whatever level a key is in, creating it again is
// refused, as is a value that is taken.
func TestProbeFindsWhatIsThere(t *testing.T) {
	s := openHerd(t)
	create := func(id string, tag int) error {
		_, err := s.Commit(t.Context(), &data.Batch{Now: time.Now(), Writes: []data.Write{{Collection: "herd", ID: id, Next: func(data.Doc) (data.Doc, error) {
			return data.NewDoc(data.Elem{Name: "tag", Value: data.Int(int64(tag))}), nil
		}}}})
		return err
	}
	taken := func(when, id string, tag int) {
		t.Helper()
		if err := create(id, 1000); !isConflict(err, "") {
			t.Errorf("%s, creating %s again: %v", when, id, err)
		}
		if err := create("other", tag); !isConflict(err, "tag") {
			t.Errorf("%s, the tag of %s again: %v", when, id, err)
		}
	}
	for i, id := range []string{"a", "b", "c"} {
		if err := create(id, i); err != nil {
			t.Fatal(err)
		}
		taken("in memory", id, i)
	}
	if err := s.db.Flush(); err != nil {
		t.Fatal(err)
	}
	for i, id := range []string{"a", "b", "c"} {
		taken("flushed", id, i)
	}
	if err := s.db.Compact(t.Context(), []byte{0}, []byte{0xff}, false); err != nil {
		t.Fatal(err)
	}
	for i, id := range []string{"a", "b", "c"} {
		taken("compacted", id, i)
	}
	_, err := s.Commit(t.Context(), &data.Batch{Now: time.Now(), Writes: []data.Write{{
		Collection: "herd", ID: "b", Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return nil, nil },
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := create("b", 1); err != nil {
		t.Errorf("creating what was deleted: %v", err)
	}
}

func isConflict(err error, index string) bool {
	var c *data.Conflict
	return errors.As(err, &c) && c.Index == index
}
