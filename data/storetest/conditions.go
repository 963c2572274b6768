package storetest

import (
	"errors"
	"fmt"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

var conditions = []test{
	{"a create of a taken id already exists", func(e *env) {
		e.commit(e.create("pets", "a", `{"n":1}`))
		_, err := e.s.Commit(e.ctx(), e.batch(e.create("pets", "a", `{"n":2}`)))
		e.is(err, hutch.AlreadyExists)
		e.conflict(err, data.Conflict{Collection: "pets", ID: "a"})
		e.equal(e.json(e.get("pets", "a")), `{"_id":"a","n":1}`)
	}},
	{"a write that expects another version is aborted", func(e *env) {
		e.commit(e.create("pets", "a", `{"n":1}`))
		v := version(e.get("pets", "a"))
		w := e.put("pets", "a", `{"n":2}`)
		w.Expect = v
		e.commit(w)
		w = e.put("pets", "a", `{"n":3}`)
		w.Expect = v
		_, err := e.s.Commit(e.ctx(), e.batch(w))
		e.is(err, hutch.Aborted)
		e.conflict(err, data.Conflict{Collection: "pets", ID: "a"})
		w = e.put("pets", "gone", "")
		w.Expect = v
		_, err = e.s.Commit(e.ctx(), e.batch(w))
		e.is(err, hutch.Aborted)
		e.equal(e.json(e.get("pets", "a")), `{"_id":"a","n":2}`)
	}},
	{"a check holds or the batch is aborted", func(e *env) {
		e.commit(e.create("pets", "a", `{"n":1}`))
		v := version(e.get("pets", "a"))
		b := e.batch(e.put("pets", "b", `{}`))
		b.Checks = []data.Check{{Collection: "pets", ID: "a", Version: v}, {Collection: "pets", ID: "c"}, {Collection: "nowhere", ID: "c"}}
		_, err := e.s.Commit(e.ctx(), b)
		e.must(err)
		e.commit(add("pets", "a", 1))
		b.Writes = []data.Write{e.put("pets", "d", `{}`)}
		_, err = e.s.Commit(e.ctx(), b)
		e.is(err, hutch.Aborted)
		e.conflict(err, data.Conflict{Collection: "pets", ID: "a"})
		b.Checks = []data.Check{{Collection: "pets", ID: "a"}}
		_, err = e.s.Commit(e.ctx(), b)
		e.is(err, hutch.Aborted)
		e.equal(e.json(e.get("pets", "d")), "absent")
	}},
	{"a check of a document that the batch writes looks at the stored one", func(e *env) {
		e.commit(e.create("pets", "a", `{"n":1}`))
		b := e.batch(add("pets", "a", 1))
		b.Checks = []data.Check{{Collection: "pets", ID: "a", Version: version(e.get("pets", "a"))}}
		_, err := e.s.Commit(e.ctx(), b)
		e.must(err)
		_, err = e.s.Commit(e.ctx(), b)
		e.is(err, hutch.Aborted)
	}},
	{"later writes of a batch expect what the earlier ones left", func(e *env) {
		e.commit(e.create("pets", "a", `{"n":1}`))
		v := version(e.get("pets", "a"))
		first, second := add("pets", "a", 1), add("pets", "a", 1)
		first.Expect, second.Expect = v, v
		e.commit(first, second)
		e.equal(e.json(e.get("pets", "a")), `{"_id":"a","n":3}`)
		_, err := e.s.Commit(e.ctx(), e.batch(e.create("pets", "b", `{}`), e.create("pets", "b", `{}`)))
		e.is(err, hutch.AlreadyExists)
		e.commit(e.put("pets", "a", ""), e.create("pets", "a", `{"n":7}`))
		e.equal(e.json(e.get("pets", "a")), `{"_id":"a","n":7}`)
	}},
	{"the first refused write is reported, never a later one", func(e *env) {
		e.commit(e.create("pets", "a", `{}`), e.create("pets", "b", `{}`))
		never := data.Write{Collection: "pets", ID: "c", Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) {
			e.Error("judged a write behind a refused one")
			return nil, nil
		}}
		_, err := e.s.Commit(e.ctx(), e.batch(e.put("pets", "x", `{}`), e.create("pets", "b", `{}`), never))
		e.conflict(err, data.Conflict{Collection: "pets", ID: "b"})
	}},
	{"Derive sees the final images and its rows are in the commit", func(e *env) {
		b := e.batch(e.create("orders", "o", `{"n":1}`), add("orders", "o", 1))
		b.Derive = func(cs []data.Change) ([]data.Write, error) {
			if len(cs) != 1 || cs[0].Op != data.OpCreate {
				return nil, fmt.Errorf("changes %v", cs)
			}
			return []data.Write{e.create("_jobs", "j", fmt.Sprintf(`{"of":%q,"v":{"$numberLong":"%d"}}`, e.json(cs[0].After), version(cs[0].After)))}, nil
		}
		r, err := e.s.Commit(e.ctx(), b)
		e.must(err)
		if len(r.Changes) != 1 || r.Changes[0].ID != "o" {
			e.Errorf("the result shows %v", r.Changes)
		}
		j := e.get("_jobs", "j")
		e.equal(data.Text(data.Field(j, "of")), `{"_id":"o","n":2}`)
		if v, _ := data.Integer(data.Field(j, "v")); v != version(e.get("orders", "o")) || version(j) <= 1 {
			e.Errorf("versions %d, %d, %d", v, version(j), version(e.get("orders", "o")))
		}
	}},
	{"a row may be derived that the batch checks, none that it writes", func(e *env) {
		b := e.batch(e.create("orders", "o", `{}`))
		b.Checks = []data.Check{{Collection: "_once", ID: "k"}}
		b.Derive = func([]data.Change) ([]data.Write, error) { return []data.Write{e.create("_once", "k", `{}`)}, nil }
		_, err := e.s.Commit(e.ctx(), b)
		e.must(err)
		if d := e.get("_once", "k"); version(d) <= 1 {
			e.Errorf("the row is %s", d)
		}
		b = e.batch(e.create("orders", "p", `{}`))
		b.Derive = func([]data.Change) ([]data.Write, error) { return []data.Write{e.put("orders", "p", `{"n":1}`)}, nil }
		_, err = e.s.Commit(e.ctx(), b)
		e.is(err, hutch.Internal)
		e.equal(e.json(e.get("orders", "p")), "absent")
	}},
	{"Derive runs without changes too, and its error is returned", func(e *env) {
		b := &data.Batch{Now: now, Derive: func(cs []data.Change) ([]data.Write, error) {
			return []data.Write{e.create("_once", "k", `{}`)}, nil
		}}
		_, err := e.s.Commit(e.ctx(), b)
		e.must(err)
		if e.get("_once", "k") == nil {
			e.Error("the row is not there")
		}
		_, err = e.s.Commit(e.ctx(), b)
		e.is(err, hutch.AlreadyExists)
		mine := errors.New("no")
		_, err = e.s.Commit(e.ctx(), &data.Batch{
			Now: now, Writes: []data.Write{e.put("pets", "a", `{}`)},
			Derive: func([]data.Change) ([]data.Write, error) { return nil, mine },
		})
		if !errors.Is(err, mine) {
			e.Errorf("got %v", err)
		}
		e.equal(e.json(e.get("pets", "a")), "absent")
	}},
	{"Applied is called once new snapshots hold the batch", func(e *env) {
		called := 0
		b := e.batch(e.put("pets", "a", `{"n":1}`))
		b.Applied = func() { called++ }
		_, err := e.s.Commit(e.ctx(), b)
		e.must(err)
		if called != 1 {
			e.Errorf("called %d times", called)
		}
		b = e.batch(e.create("pets", "a", `{"n":1}`))
		b.Applied = func() { e.Error("called for a refused batch") }
		_, err = e.s.Commit(e.ctx(), b)
		e.is(err, hutch.AlreadyExists)
	}},
}

// conflict checks the cause of a refusal.
func (e *env) conflict(err error, want data.Conflict) {
	e.Helper()
	c, ok := errors.AsType[*data.Conflict](err)
	if !ok || *c != want {
		e.Fatalf("%v has the conflict %+v, want %+v", err, c, want)
	}
}
