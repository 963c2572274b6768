package mongo

import (
	"context"
	"errors"
	"iter"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	awaitEvents  = 100 * time.Millisecond // that the server waits for one
	awaitEnd     = time.Millisecond       // while the last commit may go on
	reopenPause  = 50 * time.Millisecond  // before the first try; doubled up to
	reopenMost   = time.Second
	askPatience  = 15 * time.Second // for one answer; doubled with each that does not come
	askMost      = 15 * time.Minute
	wireOfSix    = 17 // MongoDB 6.0: only transactions have several events at one time
	knownAtMost  = 4096
	killPatience = 2 * time.Second
)

// Changes reads one change stream of the database. It begins at the position
// itself and drops what it shows of that, so that any later time which the
// server gives is progress.
func (s *Store) Changes(ctx context.Context, after data.Position) iter.Seq2[data.Commit, error] {
	return func(yield func(data.Commit, error) bool) {
		done, err := s.begins(after)
		if err != nil {
			yield(data.Commit{}, err)
			return
		}
		// Values stay, the deadline goes: the driver would make of it a second
		// maxTimeMS, which a getMore cannot have.
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		defer context.AfterFunc(s.ctx, cancel)()
		f := &stream{s: s, assembly: assembly{done: done, shown: done, names: map[string]string{}, known: s.collections, gone: s.forget}}
		defer f.close()
		spoke, failures := time.Now(), 0
		for {
			err := f.more(own)
			switch {
			case ctx.Err() != nil:
				return
			case s.ctx.Err() != nil:
				yield(data.Commit{}, errClosed)
				return
			case err != nil:
				f.close()
				if err = f.judge(own, err); err != nil {
					yield(data.Commit{}, err)
					return
				}
				s.o.Log.DebugContext(ctx, "the change stream is opened again", "error", f.failure)
				pause(own, min(reopenPause<<min(failures, 10), reopenMost))
				failures++
				continue
			}
			failures = 0
			s.seen.advance(f.done)
			if len(f.ready) == 0 && !f.heard.IsZero() && time.Since(spoke) >= progressEach-2*awaitEvents {
				f.ready = append(f.ready, data.Commit{Position: f.done.position(), At: f.heard})
			}
			for i := range f.ready {
				if !yield(f.ready[i], nil) {
					return
				}
				spoke = time.Now()
			}
			clear(f.ready)
			f.ready = f.ready[:0]
		}
	}
}

// begins reads a position to resume behind.
func (s *Store) begins(after data.Position) (instant, error) {
	at, err := parsePosition(after)
	switch {
	case err != nil:
		return 0, err
	case after == "":
		return s.first, nil
	case at < s.first:
		return 0, data.ErrLogGone
	}
	return at, nil
}

// stream is the change stream of one caller of Changes.
type stream struct {
	assembly
	s        *Store
	ses      *mongo.Session
	cursor   int64     // 0: not open
	capped   bool      // the server leaves images out that are too large together
	waited   int       // answers that did not come, in a row
	failure  error     // the last, for the log
	start    instant   // of the stream that is open
	heard    time.Time // all up to done has been shown that was there then
	getMore  []byte    // the command, with
	awaiting int64     // this maxTimeMS
}

// more asks the server once and makes commits of the answer.
func (f *stream) more(ctx context.Context) error {
	if !f.s.enter() {
		return errClosed
	}
	defer f.s.leave()
	if f.cursor == 0 {
		return f.open(ctx)
	}
	wait, asked := awaitEvents, time.Now()
	if f.isOpen {
		wait = awaitEnd
	}
	r, err := f.ask(ctx, f.command(wait))
	if err != nil {
		return err
	}
	cur, ok := r.Lookup("cursor").DocumentOK()
	if !ok {
		return errAnswer
	}
	f.cursor, _ = cur.Lookup("id").Int64OK()
	return f.take(cur, r, asked)
}

var errAnswer = errors.New("an answer of the change stream cannot be read")

// take makes commits of the answer to what was asked then.
func (f *stream) take(cur, reply bson.Raw, asked time.Time) error {
	n := 0
	batch, ok := cur.Lookup("nextBatch").ArrayOK()
	if !ok {
		return errAnswer
	}
	for rest := []byte(batch); ; n++ {
		ev, left, ok := nextEvent(rest, n == 0)
		if !ok {
			break
		}
		if err := f.add(ev); err != nil {
			return err
		}
		rest = left
	}
	switch {
	case f.reopen: // the database was dropped: the stream ends behind that
		f.flush()
		f.cursor = 0
		return nil
	case f.cursor == 0:
		return errEnded
	case n > 0:
		if !f.isOpen {
			f.progress(f.done, f.done.time())
		}
		return nil
	}
	f.flush()
	// The token of a stream at its start is that, whether or not there is such a time.
	if p, ok := tokenInstant(cur.Lookup("postBatchResumeToken")); ok && p >= f.start {
		f.heard = p.time()
		if t, i, ok := reply.Lookup("operationTime").TimestampOK(); ok && instantOf(bson.Timestamp{T: t, I: i}) <= p {
			f.heard = asked // there was nothing behind it
		}
		if p > f.start {
			f.done = max(f.done, p)
			f.progress(p, f.heard)
		}
	}
	return nil
}

// progress says that all up to p has been shown.
func (f *stream) progress(p instant, at time.Time) {
	if p > f.shown {
		f.shown = p
		f.ready = append(f.ready, data.Commit{Position: p.position(), At: at})
	}
}

// ask runs a command on the stream's session. An answer that does not come is
// given up without a deadline that the driver would see.
func (f *stream) ask(ctx context.Context, cmd any) (bson.Raw, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	late := time.AfterFunc(min(askPatience<<min(f.waited, 10), askMost), cancel)
	r, err := f.s.db.RunCommand(mongo.NewSessionContext(ctx, f.ses), cmd).Raw()
	if late.Stop() {
		f.waited = 0
	} else if err != nil {
		f.waited++
		return nil, errLate
	}
	f.s.saw(f.ses)
	return r, err
}

var errEnded = errors.New("the change stream ended")

var errLate = errors.New("the database did not answer")

// judge turns an error of the stream into one for the caller, or nil: then the
// stream is opened again.
func (f *stream) judge(ctx context.Context, err error) error {
	f.failure = err
	switch {
	case errors.Is(err, errClosed):
		return err
	case isCode(err, codeHistoryLost, codeStreamFatal, codeCappedPositionLost):
		return data.ErrLogGone
	case isCode(err, codeTooLarge) && !f.capped:
		f.capped = true
		return nil
	case errors.Is(err, errLate), errors.Is(err, errEnded), classOf(err) == classTransient, resumable(err):
		return nil
	}
	return failed(ctx, "reading changes", err)
}

// resumable errors of a change stream, besides the transient ones; the codes are
// those of the driver's specification.
func resumable(err error) bool {
	var le mongo.LabeledError
	if errors.As(err, &le) && le.HasErrorLabel("ResumableChangeStreamError") {
		return true
	}
	return isCode(err, codeCursorNotFound, 63, 133, 150, 234, 237, 262, 13388)
}

// close gives the server's cursor and the session back.
func (f *stream) close() {
	f.drop()
	ses, cursor := f.ses, f.cursor
	f.ses, f.cursor = nil, 0
	switch {
	case ses == nil:
	case cursor == 0 || !f.s.enter():
		ses.EndSession(context.Background())
	default:
		go func() {
			defer f.s.leave()
			ctx, cancel := context.WithTimeout(context.Background(), killPatience)
			defer cancel()
			defer ses.EndSession(ctx)
			// what fails is no matter: the server drops it after ten minutes
			_ = f.s.db.RunCommand(mongo.NewSessionContext(ctx, ses), bson.D{{Key: "killCursors", Value: streamNamespace}, {Key: "cursors", Value: bson.A{cursor}}}).Err()
		}()
	}
}

// pause waits, less when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

var errBeyond = hutch.Errorf(hutch.FailedPrecondition, "the position is beyond the database's present: it is of another store")
