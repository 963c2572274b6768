package mongo

import (
	"context"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hutch-dev/hutch/data"
)

// countedUpTo is how many documents are counted one by one; of more the
// database's own figure is told, which an unclean end of a server makes wrong.
const countedUpTo = 10_000

// Usage asks the database for its figures of each collection, and counts the
// small ones. Sizes are 0 where it does not tell them to the user that Hutch
// connects as.
func (s *Store) Usage(ctx context.Context) ([]data.Usage, error) {
	if !s.enter() {
		return nil, errClosed
	}
	defer s.leave()
	if ctx.Err() != nil {
		return nil, ctxError(ctx)
	}
	names, err := s.db.ListCollectionNames(ctx, bson.D{{Key: "type", Value: "collection"}})
	if err != nil {
		return nil, failed(ctx, "listing the collections", err)
	}
	var out []data.Usage
	for _, in := range names {
		name, ok := named(in)
		if !ok || name == storeCollection || strings.HasPrefix(in, "system.") {
			continue
		}
		u, err := s.usage(ctx, name, in)
		if err != nil {
			return nil, failed(ctx, "asking for the size of a collection", err)
		}
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b data.Usage) int { return strings.Compare(a.Collection, b.Collection) })
	return out, nil
}

func (s *Store) usage(ctx context.Context, name, in string) (data.Usage, error) {
	u := data.Usage{Collection: name}
	coll := s.db.Collection(in)
	sizes := map[string]int64{}
	cur, err := coll.Aggregate(ctx, mongo.Pipeline{{{Key: "$collStats", Value: bson.D{{Key: "storageStats", Value: bson.D{}}}}}})
	if err == nil {
		for cur.Next(ctx) { // one row a shard
			stats := cur.Current.Lookup("storageStats")
			u.Docs += whole(stats, "count")
			u.Bytes += whole(stats, "size")
			if d, ok := stats.DocumentOK(); ok {
				for name, v := range data.Fields(within(d, "indexSizes")) {
					n, _ := v.AsInt64OK()
					sizes[name] += n
				}
			}
		}
		err = cur.Err()
		_ = cur.Close(ctx)
	}
	if err != nil && !isCode(err, codeUnauthorized) {
		return u, err
	}
	if u.Docs <= countedUpTo {
		n, err := coll.CountDocuments(ctx, bson.D{}, options.Count().SetLimit(countedUpTo+1))
		if err != nil {
			return u, err
		}
		u.Exact = n <= countedUpTo
		u.Docs = max(n, u.Docs)
		if u.Exact {
			u.Docs = n
		}
	}
	if c := s.cat.Load().colls[name]; c != nil {
		for i, ix := range slices.Concat(c.indexes, c.building) {
			u.Indexes = append(u.Indexes, data.IndexUsage{
				Index: ix.def, Ready: i < len(c.indexes), Bytes: sizes[ix.query] + sizes[ix.unique],
			})
		}
	}
	return u, nil
}

// whole reads a number of a document.
func whole(d bson.RawValue, name string) int64 {
	if in, ok := d.DocumentOK(); ok {
		n, _ := in.Lookup(name).AsInt64OK()
		return n
	}
	return 0
}

// within is a document in a document; an empty one if it is none.
func within(d bson.Raw, name string) bson.Raw {
	if in, ok := d.Lookup(name).DocumentOK(); ok {
		return in
	}
	return bson.Raw{5, 0, 0, 0, 0}
}
