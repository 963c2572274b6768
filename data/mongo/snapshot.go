package mongo

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// snapshot reads the database as it was at one time, which the server chooses
// with the first read: a time fixed beforehand fails on collections made since.
type snapshot struct {
	s     *Store
	least instant // the time is not before it
	until time.Time
	at    newest // the time; 0 before the first read

	mu     sync.Mutex     // held for a call to the server: a session serves one at a time
	ses    *mongo.Session // guarded by mu; nil before the first read
	closed bool           // guarded by mu
}

var errTooOld = hutch.Errorf(hutch.Aborted, "the snapshot was held longer than %s", snapshotLife)

// Snapshot is of a time after the call began and holds at least atLeast. Nothing
// is asked of the server before the first read.
func (s *Store) Snapshot(ctx context.Context, atLeast data.Position) (data.Snapshot, error) {
	if !s.enter() {
		return nil, errClosed
	}
	defer s.leave()
	if ctx.Err() != nil {
		return nil, ctxError(ctx)
	}
	least, err := parsePosition(atLeast)
	if err != nil {
		return nil, err
	}
	return &snapshot{s: s, least: max(least, s.seen.load()), until: s.o.Now().Add(snapshotLife)}, nil
}

func (sn *snapshot) Position() data.Position {
	if at := sn.at.load(); at > 0 {
		return at.position()
	}
	return ""
}

func (sn *snapshot) Close() {
	sn.mu.Lock()
	defer sn.mu.Unlock()
	sn.closed = true
	sn.end()
}

// end gives the session back.
func (sn *snapshot) end() {
	if sn.ses != nil {
		sn.ses.EndSession(context.Background())
		sn.ses = nil
	}
}

func (sn *snapshot) Get(ctx context.Context, coll, id string) (data.Doc, error) {
	var found bson.Raw
	err := sn.use(ctx, func(ctx context.Context) (err error) {
		found, err = sn.s.db.Collection(stored(coll)).FindOne(ctx, byID(id)).Raw()
		if errors.Is(err, mongo.ErrNoDocuments) {
			found, err = nil, nil
		}
		return err
	})
	if err != nil || found == nil {
		return nil, err
	}
	d, _ := shown(found)
	return d, nil
}

func byID(id string) bson.Raw {
	_, b := bsoncore.AppendDocumentStart(make([]byte, 0, len(id)+24))
	return finish(bsoncore.AppendStringElement(b, data.FieldID, id))
}

// use is read for one call that stands alone.
func (sn *snapshot) use(ctx context.Context, f func(ctx context.Context) error) error {
	if !sn.s.enter() {
		return errClosed
	}
	defer sn.s.leave()
	return sn.read(ctx, f)
}

// check says why the snapshot cannot be read; sn.mu is held.
func (sn *snapshot) check(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return ctxError(ctx)
	case sn.s.o.Now().After(sn.until):
		sn.end()
		return errTooOld
	case sn.closed:
		return hutch.Errorf(hutch.Internal, "the snapshot is closed")
	}
	return nil
}

// read calls f, which sends one command in the snapshot's session. Where the
// server does not answer (an election) it does so until ctx ends.
func (sn *snapshot) read(ctx context.Context, f func(ctx context.Context) error) error {
	sn.mu.Lock()
	defer sn.mu.Unlock()
	if err := sn.check(ctx); err != nil {
		return err
	}
	for {
		err := sn.attempt(ctx, f)
		if err == nil || !sn.again(err) {
			return failedRead(ctx, err)
		}
		select {
		case <-ctx.Done():
			return failedRead(ctx, err)
		case <-sn.s.ctx.Done():
			return errClosed
		case <-time.After(readPause):
		}
	}
}

const readPause = 20 * time.Millisecond

func (sn *snapshot) attempt(ctx context.Context, f func(ctx context.Context) error) error {
	at := sn.at.load()
	if at == 0 {
		if err := sn.s.settle(ctx); err != nil {
			return err
		}
		sn.least = max(sn.least, sn.s.seen.load())
	}
	if sn.ses == nil {
		o := options.Session().SetSnapshot(true)
		if at > 0 {
			o.SetSnapshotTime(at.timestamp())
		}
		ses, err := sn.s.client.StartSession(o)
		if err != nil {
			return err
		}
		sn.ses = ses
	}
	err := f(mongo.NewSessionContext(ctx, sn.ses))
	sn.s.saw(sn.ses)
	if err != nil || at > 0 {
		return err
	}
	chosen := instantOf(sn.ses.SnapshotTime())
	if chosen == 0 { // where there is no collection the server tells no time
		sc := mongo.NewSessionContext(ctx, sn.ses)
		if err := sn.s.touch(sc); err != nil {
			return err
		}
		chosen = instantOf(sn.ses.SnapshotTime())
		if err := f(sc); err != nil {
			return err
		}
	}
	if chosen < sn.least {
		return sn.fix(ctx, f)
	}
	sn.at.advance(chosen)
	sn.s.seen.advance(chosen)
	return nil
}

// fix reads at the least time allowed: a new primary may choose one before the
// commits that the old one acknowledged.
func (sn *snapshot) fix(ctx context.Context, f func(ctx context.Context) error) error {
	ses, err := sn.s.client.StartSession(options.Session().SetSnapshot(true).SetSnapshotTime(sn.least.timestamp()))
	if err != nil {
		return err
	}
	sn.end()
	sn.ses = ses
	err = f(mongo.NewSessionContext(ctx, ses))
	sn.s.saw(ses)
	switch {
	case isCode(err, codeInvalidOptions): // a time to come
		return hutch.Errorf(hutch.FailedPrecondition, "the store has not reached that position")
	case err == nil:
		sn.at.advance(sn.least)
	}
	return err
}

// again reports whether a read that failed with err may pass later. Before the
// first one has passed it may take another time, and a new session.
func (sn *snapshot) again(err error) bool {
	if sn.at.load() > 0 {
		return passing(err)
	}
	if isCode(err, codeSnapshotTooOld, codeSnapshotUnavail) || passing(err) || errors.Is(err, errNoted) {
		sn.end()
		return true
	}
	return false
}

// passing reports whether a read failed because no primary answers.
func passing(err error) bool { return classOf(err) == classTransient }

// failedRead is failed for reads.
func failedRead(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case passing(err) && !errors.Is(ctx.Err(), context.Canceled):
		return unavailable("the database does not answer", err)
	}
	return failed(ctx, "reading", err)
}
