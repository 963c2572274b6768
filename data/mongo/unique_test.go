package mongo_test

import (
	"fmt"
	"testing"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

func TestUniqueValuesMoveInSeveralCollections(t *testing.T) {
	t.Parallel()
	s := openAt(t, mongotest.Database(t), mongo.Options{})
	var cs []data.Collection
	var first, swap []data.Write
	for _, name := range []string{"cats", "dogs", "pets"} {
		cs = append(cs, data.Collection{Name: name, Indexes: []data.Index{{Name: "n", Unique: true, Fields: []data.Order{{Path: "n"}}}}})
		first = append(first, put(name, "a", 1), put(name, "b", 2))
		swap = append(swap, put(name, "a", 2), put(name, "b", 1))
	}
	if err := s.Configure(within(t, patience), cs, true); err != nil {
		t.Fatal(err)
	}
	commit(t, s, first...)
	before := get(t, s, "pets", "a")
	commit(t, s, swap...)
	for _, c := range cs {
		a, b := get(t, s, c.Name, "a"), get(t, s, c.Name, "b")
		if got := fmt.Sprint(number(a, "n"), number(b, "n")); got != "2 1" {
			t.Errorf("%s: %s", c.Name, got)
		}
	}
	if after := get(t, s, "pets", "a"); version(after) <= version(before) || !data.Equal(data.Field(after, data.FieldCreated), data.Field(before, data.FieldCreated)) {
		t.Errorf("%s became %s", before, after)
	}
}
