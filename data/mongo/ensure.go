package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// ensure makes a collection exist whose changes carry the old image.
func (s *Store) ensure(ctx context.Context, name string) error {
	if c := s.cat.Load().colls[name]; c != nil {
		return nil
	}
	err := s.make(ctx, name)
	for classOf(err) == classTransient && ctx.Err() == nil && s.ctx.Err() == nil {
		sleep(ctx, transientPause)
		err = s.make(ctx, name)
	}
	switch {
	case err == nil:
	case isCode(err, codeInvalidNamespace):
		return hutch.Errorf(hutch.InvalidArgument, "the collection's name is too long for the database")
	case ctx.Err() != nil:
		return ctxError(ctx)
	default:
		return failed(ctx, "making collection "+name, err)
	}
	c := &collection{name: name, stored: stored(name)}
	s.change(func(cat *catalog) *catalog {
		if cat.colls[name] != nil {
			return cat
		}
		return cat.with(c)
	})
	return nil
}

// make creates the collection, or changes that of another program. One that is
// right already is not touched: a change waits for all transactions on it.
func (s *Store) make(ctx context.Context, name string) error {
	coll := stored(name)
	majority := bson.E{Key: "writeConcern", Value: bson.D{{Key: "w", Value: "majority"}}}
	images := bson.E{Key: "changeStreamPreAndPostImages", Value: bson.D{{Key: "enabled", Value: !isBare(name)}}}
	for {
		cur, err := s.db.ListCollections(ctx, bson.D{{Key: "name", Value: coll}})
		if err != nil {
			return err
		}
		exists, right := cur.Next(ctx), false
		if exists {
			_, right = collectionOf(cur)
		}
		_ = cur.Close(ctx)
		switch {
		case cur.Err() != nil:
			return cur.Err()
		case right:
			return nil
		case exists:
			return s.db.RunCommand(ctx, bson.D{{Key: "collMod", Value: coll}, images, majority}).Err()
		}
		err = s.db.RunCommand(ctx, bson.D{{Key: "create", Value: coll}, images, majority}).Err()
		if !isCode(err, codeNamespaceExists) { // another node was first: look again
			return err
		}
	}
}
