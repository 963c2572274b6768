package storetest

import (
	"fmt"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

func (e *env) uniquePets(fields ...string) {
	c := data.Collection{Name: "pets"}
	for _, f := range fields {
		c.Indexes = append(c.Indexes, unique(f))
	}
	e.configure(c)
}

func (e *env) taken(id, index string, ws ...data.Write) {
	e.Helper()
	_, err := e.s.Commit(e.ctx(), e.batch(ws...))
	e.is(err, hutch.AlreadyExists)
	e.conflict(err, data.Conflict{Collection: "pets", ID: id, Index: index})
}

var uniques = []test{
	{"a unique value is taken once, and free again after a change or delete", func(e *env) {
		e.uniquePets("chip")
		e.commit(e.put("pets", "a", `{"chip":"x"}`), e.put("pets", "b", `{"chip":"y"}`))
		e.taken("c", "chip", e.put("pets", "ok", `{}`), e.put("pets", "c", `{"chip":"x"}`))
		e.equal(e.json(e.get("pets", "ok")), "absent")
		e.taken("b", "chip", e.put("pets", "b", `{"chip":"x"}`))
		e.commit(e.put("pets", "a", `{"chip":"x","again":true}`))
		e.commit(e.put("pets", "a", `{"chip":"z"}`))
		e.commit(e.put("pets", "c", `{"chip":"x"}`))
		e.commit(e.put("pets", "b", ""))
		e.commit(e.put("pets", "d", `{"chip":"y"}`))
	}},
	{"S70: a unique violation names the index and not the value or the other document", func(e *env) {
		e.uniquePets("chip")
		e.commit(e.put("pets", "other-one", `{"chip":"hidden-value"}`))
		_, err := e.s.Commit(e.ctx(), e.batch(e.put("pets", "mine", `{"chip":"hidden-value"}`)))
		e.is(err, hutch.AlreadyExists)
		he := hutch.AsError(err)
		e.equal(he.Message+he.Hint+he.Field+string(he.Details), "a value of the unique index chip is taken")
	}},
	{"values move between documents of one batch", func(e *env) {
		e.uniquePets("chip")
		e.commit(e.put("pets", "a", `{"chip":1}`), e.put("pets", "b", `{"chip":2}`))
		e.commit(e.put("pets", "a", `{"chip":2}`), e.put("pets", "b", `{"chip":1}`))
		e.commit(e.put("pets", "a", ""), e.put("pets", "c", `{"chip":2}`))
		e.taken("e", "chip", e.put("pets", "d", `{"chip":9}`), e.put("pets", "e", `{"chip":9}`))
		e.commit(e.put("pets", "d", `{"chip":9}`), e.put("pets", "e", `{"chip":9}`), e.put("pets", "d", ""))
		e.taken("a", "chip", e.put("pets", "a", `{"chip":1}`))
	}},
	{"equal means equal: numbers of all types, no coercion else", func(e *env) {
		e.uniquePets("chip")
		e.commit(e.put("pets", "a", `{"chip":1}`))
		for i, v := range []string{`1.0`, `{"$numberLong":"1"}`, `{"$numberDecimal":"1.00"}`} {
			e.taken(fmt.Sprint("x", i), "chip", e.put("pets", fmt.Sprint("x", i), `{"chip":`+v+`}`))
		}
		for i, v := range []string{`"1"`, `true`, `[2]`, `{"a":1}`, `""`} {
			e.commit(e.put("pets", fmt.Sprint("y", i), `{"chip":`+v+`}`))
		}
	}},
	{"documents that lack all fields are not held, null is", func(e *env) {
		e.uniquePets("a,b")
		e.commit(e.put("pets", "1", `{}`), e.put("pets", "2", `{"c":1}`))
		e.commit(e.put("pets", "3", `{"a":null}`))
		e.taken("4", "a,b", e.put("pets", "4", `{"b":null}`))
		e.commit(e.put("pets", "3", `{}`))
		e.commit(e.put("pets", "4", `{"b":null}`))
		e.commit(e.put("pets", "5", `{"a":1}`), e.put("pets", "6", `{"a":1,"b":1}`))
		e.taken("7", "a,b", e.put("pets", "7", `{"a":1}`))
	}},
	{"each element of an array is taken, repeats within a document are not", func(e *env) {
		e.uniquePets("tags")
		e.commit(e.put("pets", "a", `{"tags":["x","y","x"]}`))
		e.taken("b", "tags", e.put("pets", "b", `{"tags":["z","y"]}`))
		e.taken("b", "tags", e.put("pets", "b", `{"tags":"x"}`))
		e.commit(e.put("pets", "a", `{"tags":["y"]}`))
		e.commit(e.put("pets", "b", `{"tags":["x","z"]}`))
	}},
	{"of an array's elements those without the field are not held, null is", func(e *env) {
		e.uniquePets("c.k")
		e.commit(e.put("pets", "1", `{"c":[1,2]}`), e.put("pets", "2", `{"c":[3]}`), e.put("pets", "3", `{"c":[]}`), e.put("pets", "4", `{"c":[]}`))
		e.commit(e.put("pets", "5", `{"c":[{"k":1},{"j":1}]}`), e.put("pets", "6", `{"c":[{"k":2},{"j":1},4]}`))
		e.taken("7", "c.k", e.put("pets", "7", `{"c":[{"k":3},{"k":2}]}`))
		e.commit(e.put("pets", "8", `{"c":[{"k":null},7]}`))
		e.taken("9", "c.k", e.put("pets", "9", `{"c":[{"k":9},{"k":null}]}`))
		e.commit(e.put("pets", "8", `{"c":[{"j":1},7]}`))
		e.commit(e.put("pets", "9", `{"c":[{"k":9},{"k":null}]}`))
	}},
	{"two unique indexes are both kept", func(e *env) {
		e.uniquePets("chip", "-name.first")
		e.commit(e.put("pets", "a", `{"chip":1,"name":{"first":"Bo"}}`))
		e.taken("b", "chip", e.put("pets", "b", `{"chip":1,"name":{"first":"Al"}}`))
		e.taken("b", "-name.first", e.put("pets", "b", `{"chip":2,"name":{"first":"Bo"}}`))
		e.commit(e.put("pets", "b", `{"chip":2,"name":{"last":"Bo"}}`), e.put("pets", "c", `{"chip":3,"name":{"last":"Bo"}}`))
	}},
}
