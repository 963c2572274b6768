package mongo

import (
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// The hints of walks without an index of ours.
var (
	hintID      = object(operator(data.FieldID, data.Int(1)))
	hintNatural = object(operator("$natural", data.Int(1)))
	everything  = object()
)

// hint names the index that serves the access; nil leaves it to the server.
func (r *run) hint() any {
	if len(r.a.Also) > 0 {
		return nil
	}
	return r.hintOf(r.a)
}

func (r *run) hintOf(a *data.Access) any {
	switch {
	case a.Index != data.ByID:
		return r.ixs[a.Index].query
	case !a.Sorted && !a.Narrowed:
		return hintNatural
	}
	return hintID
}

// sort is the order in which the access' index is walked. Fields with several
// values in a document have one value in the query, else it would not be Sorted.
func (r *run) sort(reverse bool) bson.Raw {
	var elems [][]byte
	add := func(path string, desc bool) {
		n := int64(1)
		if desc != reverse {
			n = -1
		}
		elems = append(elems, operator(path, data.Int(n)))
	}
	hasID := false
	if r.a.Index != data.ByID {
		ix := r.ixs[r.a.Index]
		many := ix.many.Load()
		for i, f := range ix.def.Fields {
			if hasID = hasID || f.Path == data.FieldID; many&(1<<i) == 0 {
				add(f.Path, f.Desc)
			}
		}
	}
	if !hasID {
		add(data.FieldID, false)
	}
	return object(elems...)
}

// conjunction joins filters; nil ones are left out.
func conjunction(fs ...bson.Raw) bson.Raw {
	fs = slices.DeleteFunc(fs, func(f bson.Raw) bool { return f == nil })
	if len(fs) == 0 {
		return everything
	}
	return joined("$and", fs)
}
