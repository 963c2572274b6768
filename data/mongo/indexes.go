package mongo

import (
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// newIndex prepares a declared index and names those that keep it.
func newIndex(def data.Index) (*index, error) {
	k, err := data.NewKeyer(def)
	if err != nil {
		return nil, err
	}
	ix := &index{def: def, keyer: k, query: queryPrefix + signature(withID(def.Fields))}
	if def.Fields[0] == (data.Order{Path: data.FieldID}) && len(def.Fields) == 1 {
		ix.query = idIndex // MongoDB's own
	} else if def.Unique {
		ix.unique = uniquePrefix + signature(def.Fields)
	}
	return ix, nil
}

// specs are the indexes of MongoDB that keep this one.
func (ix *index) specs() (specs []bson.D) {
	if ix.unique != "" {
		specs = append(specs, bson.D{
			{Key: "key", Value: keysOf(ix.def.Fields)},
			{Key: "name", Value: ix.unique},
			{Key: "unique", Value: true},
			{Key: "sparse", Value: true},
		})
	}
	if ix.query == idIndex {
		return specs
	}
	return append(specs, bson.D{{Key: "key", Value: keysOf(withID(ix.def.Fields))}, {Key: "name", Value: ix.query}})
}

func keysOf(fields []data.Order) bson.D {
	keys := make(bson.D, 0, len(fields))
	for _, f := range fields {
		keys = append(keys, bson.E{Key: f.Path, Value: direction(f.Desc)})
	}
	return keys
}

// withID puts _id behind the fields, unless it is one: two indexes that differ
// in no more than that are one in the database.
func withID(fields []data.Order) []data.Order {
	if slices.ContainsFunc(fields, func(f data.Order) bool { return f.Path == data.FieldID }) {
		return fields
	}
	return append(slices.Clone(fields), data.Order{Path: data.FieldID})
}

// declared prepares the indexes of a collection; invalid_argument.
func declared(c data.Collection) ([]*index, error) {
	out := make([]*index, 0, len(c.Indexes))
	names := map[string]bool{}
	for _, def := range c.Indexes {
		if def.Name == "" || names[def.Name] {
			return nil, hutch.Errorf(hutch.InvalidArgument, "collection %s needs a name of its own for each index", c.Name)
		}
		names[def.Name] = true
		ix, err := newIndex(def)
		if err != nil {
			return nil, err
		}
		out = append(out, ix)
	}
	return out, nil
}
