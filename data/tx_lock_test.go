package data_test

import (
	"context"
	"testing"

	"github.com/hutch-dev/hutch/data"
)

// checks is a store that remembers what the last batch checks.
type checks struct {
	data.Store
	last []data.Check
}

func (c *checks) Commit(ctx context.Context, b *data.Batch) (data.Result, error) {
	c.last = b.Checks
	return c.Store.Commit(ctx, b)
}

func TestALockedReadIsLockedByTheCommit(t *testing.T) {
	var c checks
	r := open(t, func(u *setup) {
		u.wrap = func(s data.Store) data.Store { c.Store = s; return &c }
	})
	for _, id := range []string{"a", "b"} {
		r.put(t, "notes", id, `{"n":1}`)
	}
	tx := begin(t, r, ann)
	for id, o := range map[string]data.ReadOptions{"a": {Lock: true}, "b": {}, "absent": {Lock: true}} {
		if _, err := tx.Get(as(t, ann), "notes", id, o); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := tx.Write(as(t, ann), data.Mutation{Op: data.OpCreate, In: "notes", ID: "c", Data: doc(t, `{}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(as(t, ann), nil); err != nil {
		t.Fatal(err)
	}
	locked := map[string]bool{}
	for _, x := range c.last {
		locked[x.ID] = x.Lock
	}
	if len(locked) != 3 || !locked["a"] || locked["b"] || locked["absent"] {
		t.Errorf("locked %v", locked)
	}
}
