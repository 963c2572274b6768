package mongo

import (
	"context"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Configure declares the collections and their indexes. Several nodes may do it
// at the same time: an index is named by what it is, so equal ones are made once.
func (s *Store) Configure(ctx context.Context, cs []data.Collection, prune bool) error {
	select {
	case s.configuring <- struct{}{}:
		defer func() { <-s.configuring }()
	case <-ctx.Done():
		return ctxError(ctx)
	}
	if !s.enter() {
		return errClosed
	}
	defer s.leave()
	if ctx.Err() != nil {
		return ctxError(ctx)
	}
	want := make(map[string][]*index, len(cs))
	for _, c := range cs {
		ixs, err := declared(c)
		if err != nil {
			return err
		}
		want[c.Name] = ixs
	}
	for _, c := range cs {
		if err := s.restore(ctx, c.Name); err != nil {
			return err
		}
	}
	s.begun(want)
	if err := s.build(ctx, want); err != nil {
		s.begun(nil)
		return err
	}
	s.serve(want)
	if prune {
		return s.prune(ctx, want)
	}
	return nil
}

// begun makes new indexes known to writers, who note arrays from now on.
func (s *Store) begun(want map[string][]*index) {
	s.change(func(cat *catalog) *catalog {
		next := cat.with()
		for name, old := range cat.colls {
			c := *old
			c.building = want[name]
			next.colls[name] = &c
		}
		return next
	})
}

// build makes the indexes and learns which fields of them have arrays.
func (s *Store) build(ctx context.Context, want map[string][]*index) error {
	for name, ixs := range want {
		for _, ix := range ixs {
			if err := s.buildIndex(ctx, name, ix); err != nil {
				return err
			}
		}
		if err := s.learnMany(ctx, &collection{name: name, stored: stored(name), indexes: ixs}); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) buildIndex(ctx context.Context, coll string, ix *index) error {
	specs := ix.specs()
	if len(specs) == 0 {
		return nil
	}
	for {
		err := s.db.RunCommand(ctx, bson.D{
			{Key: "createIndexes", Value: stored(coll)},
			{Key: "indexes", Value: specs},
			{Key: "commitQuorum", Value: "majority"},
			{Key: "writeConcern", Value: bson.D{{Key: "w", Value: "majority"}}},
		}).Err()
		switch {
		case err == nil:
			return nil
		case isCode(err, codeDuplicate):
			return unbuildable(coll, ix, "two documents have the same value")
		case isCode(err, codeParallelArrays):
			return unbuildable(coll, ix, "a document has two arrays")
		case isCode(err, codeOptionsConflict, codeKeySpecsConflict):
			return unbuildable(coll, ix, "another program has made an index of the same fields").
				WithHint("drop that index in the database; Hutch makes its own")
		case ctx.Err() != nil:
			return ctxError(ctx)
		case s.ctx.Err() != nil:
			return errClosed
		case classOf(err) != classTransient && !hasLabel(err, labelTransient) && !isCode(err, codeBuildAborted, codeInterruptedRepl):
			return failed(ctx, "building index "+ix.def.Name, err)
		}
		sleep(ctx, transientPause) // an election: the build is gone or goes on
	}
}

func unbuildable(coll string, ix *index, why string) *hutch.Error {
	return hutch.Errorf(hutch.FailedPrecondition, "the index %s of %s cannot be built: %s", ix.def.Name, coll, why)
}

// serve puts the new indexes into service and takes the others out of it.
func (s *Store) serve(want map[string][]*index) {
	s.change(func(cat *catalog) *catalog {
		next := cat.with()
		for name, old := range cat.colls {
			c := *old
			c.building, c.indexes = nil, want[name]
			next.colls[name] = &c
		}
		return next
	})
}

// prune drops the indexes of ours that want does not hold.
func (s *Store) prune(ctx context.Context, want map[string][]*index) error {
	names, err := s.db.ListCollectionNames(ctx, bson.D{{Key: "type", Value: "collection"}})
	if err != nil {
		return failed(ctx, "listing the collections", err)
	}
	for _, in := range names {
		name, ok := named(in)
		if !ok || strings.HasPrefix(in, "system.") {
			continue
		}
		if err := s.pruneCollection(ctx, in, want[name]); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) pruneCollection(ctx context.Context, in string, want []*index) error {
	keep := map[string]bool{}
	for _, ix := range want {
		keep[ix.query], keep[ix.unique] = true, true
	}
	cur, err := s.db.Collection(in).Indexes().List(ctx)
	if err != nil {
		return failed(ctx, "listing the indexes", err)
	}
	var gone []string
	for cur.Next(ctx) {
		name, _ := cur.Current.Lookup("name").StringValueOK()
		ours := strings.HasPrefix(name, queryPrefix) || strings.HasPrefix(name, uniquePrefix)
		if ours && !keep[name] {
			gone = append(gone, name)
		}
	}
	if err := cur.Err(); err != nil {
		return failed(ctx, "listing the indexes", err)
	}
	for _, name := range gone { // one by one: another node may be first
		err := s.db.RunCommand(ctx, bson.D{
			{Key: "dropIndexes", Value: in},
			{Key: "index", Value: name},
			{Key: "writeConcern", Value: bson.D{{Key: "w", Value: "majority"}}},
		}).Err()
		if err != nil && !isCode(err, codeIndexNotFound, codeNamespaceNotFound) {
			return failed(ctx, "dropping index "+name, err)
		}
	}
	return nil
}
