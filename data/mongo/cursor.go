package mongo

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// query is one find command.
type query struct {
	filter, sort bson.Raw
	hint         any
	limit        int // that the server keeps; 0: none
	first        int // documents of the first batch, 0: as many as there is no limit
}

const (
	firstBatch  = 256
	mostBatch   = 4096 // documents; a batch is 16 MiB at most
	batchGrowth = 4
	killTimeout = 5 * time.Second
)

// errNoIndex says that the hinted index does not exist.
var errNoIndex = errors.New("the index is gone")

// stream calls f for each document that a query finds. errGone when the cursor
// is lost in between; f's error ends it.
func (r *run) stream(q query, f func(bson.Raw) error) error {
	size := q.first
	if size == 0 {
		size = firstBatch
	}
	o := options.Find().SetBatchSize(int32(min(size, mostBatch)))
	if q.limit > 0 {
		o.SetLimit(int64(q.limit))
	}
	if q.sort != nil {
		o.SetSort(q.sort)
	}
	if q.hint != nil {
		o.SetHint(q.hint)
	}
	var cur *mongo.Cursor
	err := r.sn.read(r.ctx, func(ctx context.Context) (err error) {
		if cur != nil { // of a time that was not taken
			r.end(cur)
		}
		cur, err = r.coll.Find(ctx, q.filter, o)
		return err
	})
	if isNoIndex(err) {
		return errNoIndex
	}
	if err != nil {
		return err
	}
	defer r.kill(cur)
	for {
		if cur.RemainingBatchLength() == 0 {
			if cur.ID() == 0 {
				return nil
			}
			size = min(size*batchGrowth, mostBatch)
			cur.SetBatchSize(int32(size))
			if ok, err := r.sn.more(r.ctx, cur); !ok {
				return err
			}
		} else if !cur.Next(r.ctx) {
			return failedRead(r.ctx, cur.Err())
		}
		if err := f(cur.Current); err != nil {
			return err
		}
	}
}

// more asks for the next batch of a cursor and steps to its first document; ok
// is false at the end.
func (sn *snapshot) more(ctx context.Context, cur *mongo.Cursor) (ok bool, err error) {
	sn.mu.Lock()
	defer sn.mu.Unlock()
	if err := sn.check(ctx); err != nil {
		return false, err
	}
	ok = cur.Next(ctx)
	sn.s.saw(sn.ses)
	err = cur.Err()
	switch {
	case err == nil:
		return ok, nil
	case ctx.Err() == nil && (passing(err) || isCode(err, codeCursorNotFound, codeQueryKilled)):
		return false, errGone
	}
	return false, failedRead(ctx, err)
}

// kill ends a cursor; one that is at its end costs nothing.
func (r *run) kill(cur *mongo.Cursor) {
	r.sn.mu.Lock()
	defer r.sn.mu.Unlock()
	r.end(cur)
}

func (r *run) end(cur *mongo.Cursor) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), killTimeout)
	defer cancel()
	_ = cur.Close(ctx) // the server ends it by itself
}

func isNoIndex(err error) bool {
	return err != nil && isCode(err, codeBadValue) && strings.Contains(err.Error(), "hint provided does not correspond")
}
