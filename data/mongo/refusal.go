package mongo

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// refusal is what a commit's callers get for its last error.
func (s *Store) refusal(ctx context.Context, err error) error {
	var dup *duplicateError
	var unknown *unknownError
	var ahead *aheadError
	switch {
	case errors.As(err, &unknown):
		return unavailable("the database did not answer in time; the write may have happened", unknown.err)
	case errors.As(err, &dup):
		if err := s.confirm(ctx); err != nil {
			return failed(ctx, "confirming a refusal", err)
		}
		return s.taken(dup)
	case isCode(err, codeParallelArrays):
		return hutch.Errorf(hutch.InvalidArgument, "an index cannot hold two arrays of one document")
	case isCode(err, codeTooLarge, codeTransactionTooBig, 17419, 17420):
		return hutch.Errorf(hutch.ResourceExhausted, "a commit is larger than the database takes")
	case ctx.Err() != nil && (classOf(err) == classConflict || errors.As(err, &ahead) || errors.Is(err, errReread)):
		return hutch.Errorf(hutch.DeadlineExceeded, "others change the documents too quickly: %w", err)
	}
	return failed(ctx, "committing", err)
}

// taken names the document and the index by Hutch's name.
func (s *Store) taken(dup *duplicateError) error {
	var key docID
	if dup.im != nil {
		key = dup.im.docID
	}
	if dup.index == idIndex {
		return idTaken(key)
	}
	name := s.indexName(key.coll, dup.index)
	return &hutch.Error{
		Code: hutch.AlreadyExists, Message: "a value of the unique index " + name + " is taken",
		Err: &data.Conflict{Collection: key.coll, ID: key.id, Index: name},
	}
}

// indexName is Hutch's name of an index; one that this node has not declared is
// named by its fields.
func (s *Store) indexName(coll, name string) string {
	if c := s.cat.Load().colls[coll]; c != nil {
		for _, ix := range append(slices.Clip(c.indexes), c.building...) {
			if ix.unique == name {
				return ix.def.Name
			}
		}
	}
	var fields []string
	for f := range strings.SplitSeq(strings.TrimPrefix(name, uniquePrefix), ",") {
		path, dir, _ := strings.Cut(f, ":")
		if dir == "-1" {
			path = "-" + path
		}
		fields = append(fields, path)
	}
	return strings.Join(fields, "_")
}

// confirm waits until all that this node has seen is on a majority's disks: a
// refusal must not rest on what may be rolled back.
func (s *Store) confirm(ctx context.Context) error {
	ses, sc, err := s.session(ctx)
	if err != nil {
		return err
	}
	defer s.release(ses)
	return s.db.RunCommand(sc, bson.D{
		{Key: "find", Value: storeCollection},
		{Key: "limit", Value: 1},
		{Key: "singleBatch", Value: true},
		{Key: "filter", Value: bson.D{{Key: "_id", Value: "epoch"}}},
		{Key: "readConcern", Value: bson.D{{Key: "level", Value: "majority"}, {Key: "afterClusterTime", Value: s.clock.load().timestamp()}}},
	}).Err()
}
