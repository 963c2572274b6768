package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/mongo"
)

// errTransaction says that the group needs one.
var errTransaction = errors.New("the group needs a transaction")

// attempt writes the group; nil says that every batch has its outcome.
func (g *group) attempt(ctx context.Context) (pos instant, err error) {
	ses, sc, err := g.s.session(ctx)
	if err != nil {
		return 0, err
	}
	defer func() {
		if c := classOf(err); err != nil && (c == classTransient || c == classUnknown) {
			g.s.saw(ses)
			ses.EndSession(context.Background()) // what the server holds of it is not known
			return
		}
		g.s.release(ses)
	}()
	if im := g.only(); im != nil {
		pos, err = g.single(sc, ses, im)
		if !errors.Is(err, errTransaction) {
			return pos, err
		}
		if !im.changed() || im.base == nil { // only a guard makes an old image good
			g.set(im, nil, g.fresh(im.docID))
		}
	}
	return g.transaction(ctx, sc, ses)
}

// only is the one document of a group that is a compare-and-set, else nil.
func (g *group) only() *image {
	first := g.ps[0]
	for _, p := range g.ps {
		if !p.one || p.b.Writes[0].ID != first.b.Writes[0].ID || p.b.Writes[0].Collection != first.b.Writes[0].Collection {
			return nil
		}
	}
	w := &first.b.Writes[0]
	if w.Expect == 0 && !w.Fresh { // a create, which reads and inserts in one transaction
		return nil
	}
	return g.imgs[docID{w.Collection, w.ID}]
}

// single is the way without a transaction: the newest document, which a guard
// proves when it is replaced; the driver repeats the write under one number.
func (g *group) single(sc context.Context, ses *mongo.Session, im *image) (instant, error) {
	rows := func([]*image) error { return errTransaction }
	if !im.sure && im.base == nil {
		if err := g.readOne(sc, ses, g.s.local, im, false); err != nil {
			return 0, err
		}
	}
	err := g.judge(rows)
	if err == nil && !im.changed() && !im.sure {
		// Nothing will be written that proves the image: a refusal, and a no,
		// rest on one that cannot be rolled back.
		if err = g.readOne(sc, ses, g.s.db, im, true); err == nil {
			err = g.judge(rows)
		}
	}
	if err != nil {
		return 0, err
	}
	coll := g.s.db.Collection(stored(im.coll))
	n := int64(1)
	switch {
	case !im.changed():
		return g.s.position(ses), nil
	case im.base == nil && !g.ps[0].b.Writes[0].Fresh:
		return 0, errTransaction
	case im.base == nil:
		_, err = coll.InsertOne(sc, im.cur)
	case im.cur == nil:
		var r *mongo.DeleteResult
		if r, err = coll.DeleteOne(sc, guard(im)); err == nil {
			n = r.DeletedCount
		}
	default:
		var r *mongo.UpdateResult
		if r, err = coll.ReplaceOne(sc, guard(im), im.cur); err == nil {
			n = r.MatchedCount
		}
	}
	switch {
	case err != nil:
		return 0, outcomeOf(err, im)
	case n == 0:
		return 0, errConflict
	}
	return g.s.position(ses), nil
}

// readOne gets the image of a document; sure: as a majority has it.
func (g *group) readOne(sc context.Context, ses *mongo.Session, db *mongo.Database, im *image, sure bool) error {
	r, err := db.Collection(stored(im.coll)).FindOne(sc, byID(im.id)).Raw()
	if err != nil && !errors.Is(err, mongo.ErrNoDocuments) {
		return err
	}
	g.s.saw(ses)
	if err != nil {
		r = nil
	}
	g.set(im, r, sure)
	return nil
}

// position is that of the last reply.
func (s *Store) position(ses *mongo.Session) instant {
	if t := ses.OperationTime(); t != nil {
		return instantOf(*t)
	}
	return s.known.load()
}

// unknownError says that a write may have happened.
type unknownError struct{ err error }

func (e *unknownError) Error() string { return "the write may have happened: " + e.err.Error() }
func (e *unknownError) Unwrap() error { return e.err }

// outcomeOf says what an error of a write that is no part of a transaction
// leaves: what the server refused has not happened. All else may have, and the
// driver has repeated it until the deadline already.
func outcomeOf(err error, im *image) error {
	var we mongo.WriteException
	if errors.As(err, &we) && we.WriteConcernError == nil && len(we.WriteErrors) > 0 {
		if we.WriteErrors[0].Code == codeDuplicate {
			return &duplicateError{im: im, index: indexOf(we.WriteErrors[0].Message), err: err}
		}
		return err
	}
	var ce mongo.CommandError
	if errors.As(err, &ce) && len(ce.Labels) == 0 && !mongo.IsTimeout(err) && !isCode(err, codeInterrupted) {
		return err
	}
	return &unknownError{err}
}
