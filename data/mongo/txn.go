package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
)

const (
	commitPause   = 10 * time.Millisecond
	abortPatience = time.Second
)

// transaction reads what is missing, judges and writes in one.
func (g *group) transaction(ctx, sc context.Context, ses *mongo.Session) (instant, error) {
	if err := ses.StartTransaction(options.Transaction().SetReadConcern(readconcern.Snapshot())); err != nil {
		return 0, err
	}
	t := &transaction{g: g, ses: ses, sc: sc}
	if err := t.run(ctx); err != nil || !t.sent {
		abort, cancel := context.WithTimeout(context.WithoutCancel(sc), abortPatience)
		_ = ses.AbortTransaction(abort) // it is gone, or ends by its own time
		cancel()
		return g.s.known.load(), err
	}
	// One that wrote nothing is committed too: then what it read is a majority's,
	// and the refusals that rest on it stand.
	for {
		err := ses.CommitTransaction(sc)
		if err == nil {
			return g.s.position(ses), nil
		}
		switch c := classOf(err); {
		case c == classUnknown && ctx.Err() == nil:
			sleep(ctx, commitPause)
		case c == classConflict, hasLabel(err, labelTransient) && c != classUnknown:
			return 0, err
		default:
			return 0, &unknownError{err}
		}
	}
}

func hasLabel(err error, label string) bool {
	var le mongo.LabeledError
	return errors.As(err, &le) && le.HasErrorLabel(label)
}

const labelTransient = "TransientTransactionError"

type transaction struct {
	g    *group
	ses  *mongo.Session
	sc   context.Context //nolint:containedctx // the session's
	sent bool            // the server knows of it
}

func (t *transaction) run(ctx context.Context) error {
	var missing []*image
	for _, im := range t.g.imgs {
		if im.check || !im.sure && im.base == nil {
			missing = append(missing, im)
		}
	}
	if err := t.read(missing); err != nil {
		return err
	}
	err := t.g.judge(func(rows []*image) error {
		if err := t.g.s.ensureRows(ctx, rows); err != nil {
			return err
		}
		return t.read(rows)
	})
	if err != nil {
		return err
	}
	for _, im := range t.g.imgs {
		if !im.sure && !im.changed() && im.in != nil {
			return errReread
		}
	}
	return t.write()
}

// read gets images by one find a collection.
func (t *transaction) read(ims []*image) error {
	byColl := map[string][]*image{}
	for _, im := range ims {
		t.g.set(im, nil, true)
		byColl[im.coll] = append(byColl[im.coll], im)
	}
	for coll, ims := range byColl {
		t.sent = true
		cur, err := t.g.s.db.Collection(stored(coll)).Find(t.sc, byIDs(ims), options.Find().SetBatchSize(int32(len(ims)+1)))
		if err != nil {
			return err
		}
		for cur.Next(t.sc) {
			if id, ok := cur.Current.Lookup("_id").StringValueOK(); ok {
				t.g.set(t.g.imgs[docID{coll, id}], append([]byte(nil), cur.Current...), true)
			}
		}
		if err := errors.Join(cur.Err(), cur.Close(t.sc)); err != nil {
			return err
		}
	}
	t.g.s.saw(t.ses)
	return nil
}

// write writes what the batches that passed leave: documents in order, so that
// transactions meet at their first common one, rows last.
func (t *transaction) write() error {
	for _, o := range t.g.ops() {
		t.sent = true
		if err := o.run(t.sc, t.g.s.db); err != nil {
			return err
		}
	}
	return nil
}
