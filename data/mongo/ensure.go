package mongo

import (
	"context"
	"log/slog"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// ensure makes a collection exist whose changes carry the old image.
func (s *Store) ensure(ctx context.Context, name string) error {
	if c := s.cat.Load().colls[name]; c != nil && !c.gone {
		return nil
	}
	return s.restore(ctx, name)
}

// restore is ensure that looks at the database. A collection that another program
// has dropped gets the indexes back that it was declared with.
func (s *Store) restore(ctx context.Context, name string) error {
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
	old := s.cat.Load().colls[name]
	if old != nil && old.gone {
		for _, ix := range old.indexes {
			if err := s.buildIndex(ctx, name, ix); err != nil {
				s.o.Log.ErrorContext(ctx, "an index of a dropped collection cannot be made again", slog.String("collection", name), slog.Any("error", err))
			}
		}
	}
	s.change(func(cat *catalog) *catalog {
		c := &collection{name: name, stored: stored(name)}
		if was := cat.colls[name]; was != nil {
			if was != old {
				return cat // changed meanwhile
			}
			same := *was
			c, same.gone = &same, false
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
		exists, right, collation := cur.Next(ctx), false, false
		if exists {
			_, right = collectionOf(cur)
			collation = cur.Current.Lookup("options", "collation").Type != 0
		}
		_ = cur.Close(ctx)
		switch {
		case collation:
			return hutch.Errorf(hutch.FailedPrecondition, "the collection %s has a collation, by which texts that differ are equal", name).
				WithHint("make it without one, and copy its documents")
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
