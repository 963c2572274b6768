package rules

import (
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// The reference's functions that CEL does not have, written over decoded values.

// lookedUp is what look-ups find in the collection "c".
var lookedUp = map[string]bson.D{
	"u1":   {{Key: "_id", Value: "u1"}, {Key: "_version", Value: int64(7)}, {Key: "x", Value: "a"}, {Key: "y", Value: true}, {Key: "l", Value: bson.A{"a", "u1", int32(1)}}, {Key: "o", Value: bson.D{{Key: "x", Value: 1.5}}}},
	"a":    {{Key: "_id", Value: "a"}, {Key: "x", Value: int32(1)}, {Key: "l", Value: "a"}},
	"b":    {{Key: "_id", Value: "b"}, {Key: "l", Value: bson.A{}}},
	"0":    {{Key: "_id", Value: "0"}, {Key: "x", Value: nil}, {Key: "l", Value: bson.A{bson.A{"a"}, nil}}},
	"role": {{Key: "_id", Value: "role"}, {Key: "x", Value: dec128("1.5")}, {Key: "l", Value: bson.D{{Key: "a", Value: 1}}}},
}

// own evaluates them; not ok: fn is another.
func (r *reference) own(fn string, a []any) (v any, ok bool) {
	switch fn {
	case "get":
		s, isText := a[1].(string)
		if d, found := lookedUp[s]; isText && found {
			return d, true
		}
		return refErr{}, true
	case "exists":
		s, isText := a[1].(string)
		_, found := lookedUp[s]
		return isText && found, true
	case "changed":
		p := strings.Split(a[0].(string), ".")
		return !sameTree(project(r.w.resource, p), project(r.w.next, p)), true
	case "changedOnly":
		return r.onlyPoints(a[0].(bson.A)), true
	case "hasAny", "hasAll":
		l, ok1 := a[0].(bson.A)
		of, ok2 := a[1].(bson.A)
		if !ok1 || !ok2 {
			return refErr{}, true
		}
		n := 0
		for _, x := range of {
			if apply("@in", []any{x, l}) == true {
				n++
			}
		}
		return fn == "hasAny" && n > 0 || fn == "hasAll" && n == len(of), true
	}
	return nil, false
}

// tree is what a path leads to: nothing, a value, or the trees in an array.
type tree struct {
	kind string // "" none, "value", "object", "array"
	val  any
	kids []tree
}

func project(v any, path []string) tree {
	if len(path) == 0 {
		return tree{kind: "value", val: v}
	}
	var out tree
	switch x := v.(type) {
	case bson.D:
		c, l := fieldOf(x, path[0])
		if l != found {
			return tree{}
		}
		out = tree{kind: "object", kids: []tree{project(c, path[1:])}}
	case bson.A:
		out = tree{kind: "array"}
		for _, e := range x {
			out.kids = append(out.kids, project(e, path))
		}
		if n, err := strconv.Atoi(path[0]); err == nil && n < len(x) {
			out.kids = append(out.kids, project(x[n], path[1:]))
		}
	}
	for _, k := range out.kids {
		if k.kind != "" {
			return out
		}
	}
	return tree{}
}

func sameTree(a, b tree) bool {
	if a.kind != b.kind || len(a.kids) != len(b.kids) {
		return false
	}
	if a.kind == "value" {
		return refSame(a.val, b.val)
	}
	for i := range a.kids {
		if !sameTree(a.kids[i], b.kids[i]) {
			return false
		}
	}
	return true
}

// onlyPoints: wherever the documents differ, an allowed path leads there.
func (r *reference) onlyPoints(allowed bson.A) bool {
	for _, p := range append(points(r.w.resource, r.w.next, ""), points(r.w.next, r.w.resource, "")...) {
		ok := strings.HasPrefix(p, "_id") || strings.HasPrefix(p, "_version")
		for _, a := range allowed {
			ok = ok || p == a.(string) || strings.HasPrefix(p, a.(string)+".")
		}
		if !ok {
			return false
		}
	}
	return true
}

// points are the paths of what a holds and b does not: values that are no
// objects, and empty objects where b has none.
func points(a, b any, at string) (out []string) {
	x, isDoc := a.(bson.D)
	y, otherDoc := b.(bson.D)
	if !isDoc || isDoc && len(x) == 0 {
		if isDoc && otherDoc || b != (refErr{}) && refSame(a, b) {
			return nil
		}
		return []string{at}
	}
	if !otherDoc && b != (refErr{}) {
		return []string{at}
	}
	for _, e := range x {
		v, _ := fieldOf(x, e.Key)
		w, _ := fieldOf(y, e.Key)
		under := e.Key
		if at != "" {
			under = at + "." + e.Key
		}
		out = append(out, points(v, w, under)...)
	}
	return out
}
