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
	ix := &index{def: def, keyer: k, query: queryPrefix + signature(def)}
	if def.Fields[0] == (data.Order{Path: data.FieldID}) && len(def.Fields) == 1 {
		ix.query = idIndex // MongoDB's own
	} else if def.Unique {
		ix.unique = uniquePrefix + signature(def)
	}
	return ix, nil
}

// specs are the indexes of MongoDB that keep this one.
func (ix *index) specs() (specs []bson.D) {
	keys := make(bson.D, 0, len(ix.def.Fields)+1)
	id := false
	for _, f := range ix.def.Fields {
		keys = append(keys, bson.E{Key: f.Path, Value: direction(f.Desc)})
		id = id || f.Path == data.FieldID
	}
	if ix.unique != "" {
		specs = append(specs, bson.D{
			{Key: "key", Value: slices.Clone(keys)}, {Key: "name", Value: ix.unique},
			{Key: "unique", Value: true}, {Key: "sparse", Value: true},
		})
	}
	if ix.query == idIndex {
		return specs
	}
	if !id {
		keys = append(keys, bson.E{Key: data.FieldID, Value: 1})
	}
	return append(specs, bson.D{{Key: "key", Value: keys}, {Key: "name", Value: ix.query}})
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
