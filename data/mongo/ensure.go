package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// ensure gives a collection that exists and whose changes carry the old image,
// and makes it so if need be.
func (s *Store) ensure(ctx context.Context, name string) (*collection, error) {
	if c := s.cat.Load().colls[name]; c != nil {
		return c, nil
	}
	images := bson.D{{Key: "enabled", Value: !isBare(name)}}
	err := s.db.RunCommand(ctx, bson.D{
		{Key: "create", Value: stored(name)}, {Key: "changeStreamPreAndPostImages", Value: images},
		{Key: "writeConcern", Value: bson.D{{Key: "w", Value: "majority"}}},
	}).Err()
	if isCode(err, codeNamespaceExists) && !isBare(name) { // another node's, or another program's
		err = s.db.RunCommand(ctx, bson.D{
			{Key: "collMod", Value: stored(name)}, {Key: "changeStreamPreAndPostImages", Value: images},
			{Key: "writeConcern", Value: bson.D{{Key: "w", Value: "majority"}}},
		}).Err()
	}
	switch {
	case err == nil, isCode(err, codeNamespaceExists):
	case isCode(err, codeInvalidNamespace):
		return nil, hutch.Errorf(hutch.InvalidArgument, "the collection's name is too long for the database")
	case ctx.Err() != nil:
		return nil, ctxError(ctx)
	default:
		return nil, failed(ctx, "making collection "+name, err)
	}
	c := &collection{name: name, stored: stored(name)}
	s.change(func(cat *catalog) *catalog {
		if cat.colls[name] != nil {
			return cat
		}
		return cat.with(c)
	})
	return s.cat.Load().colls[name], nil
}
