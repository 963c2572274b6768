package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hutch-dev/hutch/data"
)

// recentLog is how far back a node that starts reads the change log.
const recentLog = 120 * time.Second

// Info describes the store. Sizes are 0 where the database does not tell them to
// the user that Hutch connects as.
func (s *Store) Info(ctx context.Context) (data.Info, error) {
	if !s.enter() {
		return data.Info{}, errClosed
	}
	defer s.leave()
	if ctx.Err() != nil {
		return data.Info{}, ctxError(ctx)
	}
	head, err := s.head(ctx)
	if err != nil {
		return data.Info{}, failed(ctx, "asking the database", err)
	}
	oldest := s.oldest(ctx)
	recent := max(oldest, head-min(head, instant(recentLog/time.Second)<<32))
	i := data.Info{Epoch: s.epoch, Head: head.position(), Oldest: oldest.position(), Recent: recent.position()}
	i.Bytes = s.stat(ctx, s.o.Database, bson.D{{Key: "dbStats", Value: 1}}, "totalSize")
	i.LogBytes = s.stat(ctx, localDatabase, bson.D{{Key: "collStats", Value: oplog}}, "storageSize")
	return i, nil
}

const (
	localDatabase = "local"
	oplog         = "oplog.rs"
)

// head is the newest position that a majority has.
func (s *Store) head(ctx context.Context) (instant, error) {
	ses, sc, err := s.session(ctx)
	if err != nil {
		return 0, err
	}
	defer s.release(ses)
	if err := s.touch(sc); err != nil && !errors.Is(err, errNoted) {
		return 0, err
	}
	return s.position(ses), nil
}

// oldest is where the change log begins, as far as this node may know.
func (s *Store) oldest(ctx context.Context) instant {
	r, err := s.client.Database(localDatabase).Collection(oplog).FindOne(ctx, bson.D{},
		options.FindOne().SetSort(bson.D{{Key: "$natural", Value: 1}}).SetProjection(bson.D{{Key: "ts", Value: 1}})).Raw()
	if err != nil {
		return s.first
	}
	t, i, ok := r.Lookup("ts").TimestampOK()
	if !ok {
		return s.first
	}
	return max(s.first, instantOf(bson.Timestamp{T: t, I: i}))
}

func (s *Store) stat(ctx context.Context, db string, cmd bson.D, field string) int64 {
	r, err := s.client.Database(db).RunCommand(ctx, cmd).Raw()
	if err != nil {
		return 0
	}
	n, _ := r.Lookup(field).AsInt64OK()
	return n
}
