package storetest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

var writes = []test{
	{"the store stamps version and times, system fields first", func(e *env) {
		r := e.commit(e.create("pets", "a", `{"name":"Bo","_createdAt":{"$date":"2020-01-01T00:00:00Z"},"_version":7}`))
		d := e.get("pets", "a")
		var names []string
		for name := range data.Fields(d) {
			names = append(names, name)
		}
		e.equal(strings.Join(names, " "), "_id _version _createdAt _updatedAt name")
		if v := version(d); v <= 1 || v >= 1<<53 || v != version(r.Changes[0].After) {
			e.Errorf("version %d, the result shows %s", v, r.Changes[0].After)
		}
		if len(r.Position) != 16 || strings.Trim(string(r.Position), "0123456789abcdef") != "" {
			e.Errorf("position %q", r.Position)
		}
		if !data.Equal(data.Field(d, data.FieldCreated), data.Date(now)) || !data.Equal(data.Field(d, data.FieldUpdated), data.Date(now)) {
			e.Errorf("times of %s", d)
		}
	}},
	{"a dated write keeps the times it gives, and only those", func(e *env) {
		dated := func(id, js string) data.Write {
			w := e.put("pets", id, js)
			w.Dated = true
			return w
		}
		e.commit(dated("a", `{"n":1,"_createdAt":{"$date":"2020-01-01T00:00:00Z"},"_updatedAt":{"$date":"2021-01-01T00:00:00Z"},"_version":7}`),
			dated("b", `{"n":1,"_updatedAt":{"$date":"2021-01-01T00:00:00Z"}}`), dated("c", `{"n":1,"_createdAt":"2020"}`))
		times := func(id string) string {
			d := e.get("pets", id)
			if version(d) < 8 {
				e.Errorf("%s has version %d", id, version(d))
			}
			return data.Field(d, data.FieldCreated).Time().UTC().Format("2006") + " " + data.Field(d, data.FieldUpdated).Time().UTC().Format("2006")
		}
		e.equal(times("a"), "2020 2021")
		e.equal(times("b"), now.Format("2006")+" 2021")
		e.equal(times("c"), now.Format("2006 2006"))
		e.commit(dated("a", `{"n":2,"_createdAt":{"$date":"2019-01-01T00:00:00Z"}}`))
		e.equal(times("a"), "2019 "+now.Format("2006"))
		e.commit(e.put("pets", "a", `{"n":3,"_createdAt":{"$date":"2018-01-01T00:00:00Z"}}`))
		e.equal(times("a"), "2019 "+now.Format("2006"))
	}},
	{"an update keeps the time of creation and moves the other", func(e *env) {
		e.commit(e.create("pets", "a", `{"n":1}`))
		later := now.Add(time.Hour)
		b := e.batch(e.put("pets", "a", `{"n":2}`))
		b.Now = later
		_, err := e.s.Commit(e.ctx(), b)
		e.must(err)
		d := e.get("pets", "a")
		if !data.Equal(data.Field(d, data.FieldCreated), data.Date(now)) || !data.Equal(data.Field(d, data.FieldUpdated), data.Date(later)) {
			e.Errorf("times of %s", d)
		}
	}},
	{"fields keep their order, types and bytes", func(e *env) {
		const js = `{"z":1,"a":{"y":[1,"x",null,{"k":true}],"b":{"$numberLong":"5"}},"d":{"$date":"2026-01-02T03:04:05.678Z"},"f":1.5}`
		e.commit(e.create("pets", "a", js))
		d := e.get("pets", "a")
		for name, v := range data.Fields(e.doc("", js)) {
			w := data.Field(d, name)
			if w.Type != v.Type || string(w.Value) != string(v.Value) {
				e.Errorf("%s is %v, was %v", name, w, v)
			}
		}
	}},
	{"versions grow with every change, across delete and create too", func(e *env) {
		last := int64(0)
		for i := range 20 {
			e.commit(e.put("pets", "a", fmt.Sprintf(`{"n":%d}`, i)))
			v := version(e.get("pets", "a"))
			if v <= last {
				e.Fatalf("version %d after %d", v, last)
			}
			last = v
			if i%3 == 0 {
				e.commit(e.put("pets", "a", ""))
			}
		}
	}},
	{"a write that changes nothing is no change", func(e *env) {
		e.commit(e.create("pets", "a", `{"n":1}`))
		before := e.get("pets", "a")
		head, err := e.s.Info(e.ctx())
		e.must(err)
		r := e.commit(e.put("pets", "a", `{"n":1}`), e.put("pets", "absent", ""))
		if len(r.Changes) != 0 || r.Position < head.Head {
			e.Errorf("result %+v, head was %s", r, head.Head)
		}
		b := e.batch(data.Write{Collection: "pets", ID: "a", Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) { return old, nil }})
		b.Now = now.Add(time.Hour)
		_, err = e.s.Commit(e.ctx(), b)
		e.must(err)
		e.equal(e.get("pets", "a").String(), before.String())
		r = e.commit(e.put("pets", "b", `{}`))
		n := 0
		e.follow("", func(c data.Commit) bool { n += len(c.Changes); return c.Position >= r.Position })
		if n != 2 {
			e.Errorf("%d commits in the log, want 2", n)
		}
	}},
	{"Next meets the stored document, or nil", func(e *env) {
		e.commit(data.Write{Collection: "pets", ID: "a", Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
			if old != nil {
				e.Errorf("absent, but Next met %s", old)
			}
			return e.doc("a", `{"n":1}`), nil
		}})
		stored := e.get("pets", "a")
		e.commit(data.Write{Collection: "pets", ID: "a", Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
			e.equal(old.String(), stored.String())
			return nil, nil
		}})
		e.equal(e.json(e.get("pets", "a")), "absent")
	}},
	{"what Next returns as error is returned, and nothing is written", func(e *env) {
		mine := errors.New("sold out")
		refused := &hutch.Error{Code: hutch.FailedPrecondition, Reason: hutch.ReasonGuard}
		for _, want := range []error{mine, refused} {
			_, err := e.s.Commit(e.ctx(), e.batch(e.put("pets", "a", `{"n":1}`), data.Write{
				Collection: "pets", ID: "b", Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return nil, want },
			}))
			if !errors.Is(err, want) {
				e.Errorf("got %v, want %v", err, want)
			}
		}
		e.equal(e.json(e.get("pets", "a")), "absent")
	}},
	{"several writes on one document are one change", func(e *env) {
		r := e.commit(e.create("pets", "a", `{"n":1}`), add("pets", "a", 2), add("pets", "a", 3))
		e.equal(e.json(e.get("pets", "a")), `{"_id":"a","n":6}`)
		if len(r.Changes) != 1 || r.Changes[0].Op != data.OpCreate {
			e.Errorf("changes %v", r.Changes)
		}
		r = e.commit(e.put("pets", "a", ""), e.create("pets", "a", `{"n":9}`), add("pets", "a", 1))
		e.equal(e.json(e.get("pets", "a")), `{"_id":"a","n":10}`)
		if len(r.Changes) != 1 || r.Changes[0].Op != data.OpUpdate {
			e.Errorf("changes %v", r.Changes)
		}
		r = e.commit(e.put("pets", "b", `{"n":1}`), e.put("pets", "b", ""))
		if len(r.Changes) != 0 {
			e.Errorf("changes %v", r.Changes)
		}
	}},
	{"a result shows the batch's changes in the order of its writes", func(e *env) {
		e.commit(e.create("pets", "b", `{"n":1}`), e.create("pets", "c", `{"n":1}`), e.create("pets", "same", `{}`))
		old := e.get("pets", "b")
		r := e.commit(e.put("pets", "c", ""), e.put("pets", "same", `{}`), e.put("pets", "b", `{"n":2}`), e.put("shops", "a", `{}`))
		var got []string
		for _, c := range r.Changes {
			got = append(got, fmt.Sprintf("%s %s/%s %s>%s", c.Op, c.Collection, c.ID, e.json(c.Before), e.json(c.After)))
		}
		e.equal(strings.Join(got, "\n"), strings.Join([]string{
			`delete pets/c {"_id":"c","n":1}>absent`,
			`update pets/b {"_id":"b","n":1}>{"_id":"b","n":2}`,
			`create shops/a absent>{"_id":"a"}`,
		}, "\n"))
		e.equal(r.Changes[1].Before.String(), old.String())
		e.equal(r.Changes[1].After.String(), e.get("pets", "b").String())
	}},
	{"a batch of 500 writes passes, one of 501 is refused", func(e *env) {
		ws := make([]data.Write, 501)
		for i := range ws {
			ws[i] = e.put("pets", fmt.Sprint(i), `{"n":1}`)
		}
		_, err := e.s.Commit(e.ctx(), e.batch(ws...))
		e.is(err, hutch.InvalidArgument)
		r := e.commit(ws[:500]...)
		if len(r.Changes) != 500 {
			e.Errorf("%d changes", len(r.Changes))
		}
	}},
	{"collections and ids of any spelling stay apart", func(e *env) {
		names := []string{"a", "ab", "a b", "Ä", "_sys", "a.b", "x\x00y"}
		for _, c := range names {
			for _, id := range names {
				d := data.NewDoc(data.Elem{Name: data.FieldID, Value: data.String(id)}, data.Elem{Name: "is", Value: data.String(c + id)})
				e.commit(data.Write{Collection: c, ID: id, Next: to(d)})
			}
		}
		for _, c := range names {
			n, err := e.snapshot("").Count(e.ctx(), &data.Plan{Collection: c})
			if int(n) != len(names) || err != nil {
				e.Errorf("%q has %d documents, %v", c, n, err)
			}
			for _, id := range names {
				if got := data.Text(data.Field(e.get(c, id), "is")); got != c+id {
					e.Errorf("%s/%s is %q", c, id, got)
				}
			}
		}
	}},
}

// add is the write of an $inc.
func add(coll, id string, n int64) data.Write {
	return data.Write{Collection: coll, ID: id, Expect: data.AnyVersion, Next: func(old data.Doc) (data.Doc, error) {
		if old == nil {
			return nil, &hutch.Error{Code: hutch.NotFound}
		}
		v, _ := data.Integer(data.Field(old, "n"))
		return data.With(old, data.Elem{Name: "n", Value: data.Int(v + n)}), nil
	}}
}
