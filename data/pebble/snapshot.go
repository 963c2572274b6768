package pebble

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// snapshot is one caller's hold of a view.
type snapshot struct {
	s     *Store
	v     *view
	until time.Time
	done  atomic.Bool
}

// Snapshot is taken after the call began and holds at least atLeast.
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
	if least > s.applied.Load() {
		return nil, hutch.Errorf(hutch.FailedPrecondition, "the store has not reached that position")
	}
	v, err := s.view(ctx, least)
	if err != nil {
		return nil, err
	}
	return &snapshot{s: s, v: v, until: s.o.Now().Add(snapshotLife)}, nil
}

func (sn *snapshot) Position() data.Position { return formatPosition(sn.v.pos) }

func (sn *snapshot) Close() {
	if !sn.done.Swap(true) {
		sn.s.views.release(sn.v)
	}
}

// use begins a read; leave must follow when it gives no error.
func (sn *snapshot) use(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return ctxError(ctx)
	case sn.s.o.Now().After(sn.until):
		sn.Close()
		return errTooOld
	case sn.done.Load():
		return hutch.Errorf(hutch.Internal, "the snapshot is closed")
	case !sn.s.enter():
		return errClosed
	}
	return nil
}

func (sn *snapshot) Get(ctx context.Context, coll, id string) (data.Doc, error) {
	if err := sn.use(ctx); err != nil {
		return nil, err
	}
	defer sn.s.leave()
	c := sn.v.cat.colls[coll]
	if c == nil {
		return nil, nil
	}
	var buf [96]byte
	return readDoc(sn.v.snap, appendDocKey(buf[:0], c.num, id), id)
}

// readDoc copies a document; nil when it is absent.
func readDoc(r pebble.Reader, key []byte, id string) (data.Doc, error) {
	v, c, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, failed("reading a document", err)
	}
	if !stored(v, id) {
		_ = c.Close()
		return nil, errNoDoc
	}
	d := append(make(data.Doc, 0, len(v)), v...)
	return d, c.Close()
}

var errTooOld = hutch.Errorf(hutch.Aborted, "the snapshot was held longer than %s", snapshotLife)
