package mongo

import (
	"context"
	"maps"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

const (
	streamNamespace = "$cmd.aggregate" // the collection of a stream of a whole database
	jobCollection   = "_jobs"
	imagesTogether  = 15 << 20 // of the 16 MiB that an event may have
)

// unseen are the collections whose changes nobody reads.
var unseen = []string{storeCollection, "_runs", "_inputs", "_counts", "_idempotency", "_lines", "_logs", "_metrics", jobCollection}

// open begins the stream at f.done, without its first events.
func (f *stream) open(ctx context.Context) error {
	if f.ses == nil {
		ses, _, err := f.s.session(ctx)
		if err != nil {
			return err
		}
		f.ses = ses
	}
	r, err := f.ask(ctx, bson.D{{Key: "hello", Value: 1}})
	if err != nil {
		return err
	}
	if t, i, ok := r.Lookup("$clusterTime", "clusterTime").TimestampOK(); ok && f.done > instantOf(bson.Timestamp{T: t, I: i}) {
		return errBeyond
	}
	wire, _ := r.Lookup("maxWireVersion").AsInt64OK()
	f.singles = wire <= wireOfSix
	start := f.done
	if f.reopen {
		start++ // at its own time the stream would end again
	}
	r, err = f.ask(ctx, bson.D{
		{Key: "aggregate", Value: 1},
		{Key: "pipeline", Value: pipeline(start, f.capped)},
		{Key: "cursor", Value: bson.D{{Key: "batchSize", Value: 0}}},
		{Key: "readConcern", Value: bson.D{{Key: "level", Value: "majority"}}},
	})
	if err != nil {
		return err
	}
	id, ok := r.Lookup("cursor", "id").Int64OK()
	if !ok || id == 0 {
		return errAnswer
	}
	f.cursor, f.start, f.reopen, f.getMore = id, start, false, nil
	return nil
}

// pipeline of the stream. The server filters by name what no collection of
// Hutch can be, and sends no more of an event than is read.
func pipeline(start instant, capped bool) bson.A {
	in := func(vs ...string) bson.D { return bson.D{{Key: "$in", Value: vs}} }
	const kind, coll = "operationType", "ns.coll"
	stages := bson.A{
		bson.D{{Key: "$changeStream", Value: bson.D{
			{Key: "fullDocument", Value: "whenAvailable"},
			{Key: "fullDocumentBeforeChange", Value: "whenAvailable"},
			{Key: "startAtOperationTime", Value: start.timestamp()},
		}}},
		bson.D{{Key: "$match", Value: bson.D{{Key: "$or", Value: bson.A{
			bson.D{{Key: kind, Value: in("insert", "update", "replace", "delete")}, {Key: coll, Value: bson.D{
				{Key: "$nin", Value: unseen}, {Key: "$not", Value: bson.Regex{Pattern: "[^A-Za-z0-9_%-]"}},
			}}},
			bson.D{{Key: kind, Value: "insert"}, {Key: coll, Value: jobCollection}},
			bson.D{{Key: kind, Value: in("drop", "rename", "dropDatabase", "invalidate")}},
		}}}}},
		bson.D{{Key: "$project", Value: bson.D{
			{Key: "lsid", Value: 0}, {Key: "updateDescription", Value: 0}, {Key: "operationDescription", Value: 0}, {Key: "collectionUUID", Value: 0},
		}}},
	}
	if capped {
		size := func(field string) bson.D {
			return bson.D{{Key: "$ifNull", Value: bson.A{bson.D{{Key: "$bsonSize", Value: "$" + field}}, 0}}}
		}
		unless := func(field string) bson.D {
			large := bson.D{{Key: "$gt", Value: bson.A{bson.D{{Key: "$add", Value: bson.A{size("fullDocument"), size("fullDocumentBeforeChange")}}}, imagesTogether}}}
			return bson.D{{Key: "$cond", Value: bson.A{large, "$$REMOVE", "$" + field}}}
		}
		stages = append(stages, bson.D{{Key: "$set", Value: bson.D{
			{Key: "fullDocument", Value: unless("fullDocument")}, {Key: "fullDocumentBeforeChange", Value: unless("fullDocumentBeforeChange")},
		}}})
	}
	return stages
}

// command is the getMore, made once a cursor and wait.
func (f *stream) command(wait time.Duration) bson.Raw {
	ms := wait.Milliseconds()
	if f.getMore == nil || f.awaiting != ms {
		_, b := bsoncore.AppendDocumentStart(make([]byte, 0, 96))
		b = bsoncore.AppendInt64Element(b, "getMore", f.cursor)
		b = bsoncore.AppendStringElement(b, "collection", streamNamespace)
		f.getMore, f.awaiting = finish(bsoncore.AppendInt64Element(b, "maxTimeMS", ms)), ms
	}
	return f.getMore
}

// collections are the names of those that this node knows.
func (s *Store) collections() []string { return slices.Collect(maps.Keys(s.cat.Load().colls)) }
