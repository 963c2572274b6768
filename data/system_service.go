package data

import (
	"bytes"
	"context"
	"iter"
	"slices"

	"github.com/hutch-dev/hutch"
)

// jobsCollection may be written by every room: its rows go with their commits.
const jobsCollection = "_jobs"

// System gives a room its own collections.
func (s *Service) System(collections ...string) System {
	return &system{s: s, own: slices.Clone(collections)}
}

type system struct {
	s   *Service
	own []string
}

func (y *system) check(coll string) error {
	if !slices.Contains(y.own, coll) {
		return hutch.Errorf(hutch.Internal, "collection %s belongs to another room", coll)
	}
	return nil
}

func (y *system) Get(ctx context.Context, coll, id string) (Doc, error) {
	if err := y.check(coll); err != nil {
		return nil, err
	}
	st := &state{s: y.s}
	defer st.close()
	return st.stored(ctx, coll, id)
}

// Find yields all that q selects, or the first q.Limit; nothing bounds what it
// examines.
func (y *system) Find(ctx context.Context, q Query) iter.Seq2[Doc, error] {
	return func(yield func(Doc, error) bool) {
		if err := y.check(q.From); err != nil {
			yield(nil, err)
			return
		}
		st := &state{s: y.s}
		defer st.close()
		p := &Plan{Collection: q.From, Where: q.Where, OrderBy: q.OrderBy, Limit: q.Limit, Budget: &Budget{}}
		for d, err := range st.find(ctx, p, false) {
			if !yield(bytes.Clone(d), err) {
				return
			}
		}
	}
}

// Commit fills in what b leaves out: Now, and a deadline.
func (y *system) Commit(ctx context.Context, b *Batch) (Result, error) {
	own := *b
	if own.Now.IsZero() {
		own.Now = y.s.now()
	}
	for _, c := range own.Checks {
		if err := y.check(c.Collection); err != nil {
			return Result{}, err
		}
	}
	if err := y.checkWrites(own.Writes); err != nil {
		return Result{}, err
	}
	if derive := own.Derive; derive != nil {
		own.Derive = func(cs []Change) ([]Write, error) {
			ws, err := derive(cs)
			if err != nil {
				return nil, err
			}
			return ws, y.checkWrites(ws)
		}
	}
	ctx, cancel := deadline(ctx)
	defer cancel()
	return y.s.store.Commit(ctx, &own)
}

func (y *system) checkWrites(ws []Write) error {
	for i := range ws {
		if c := ws[i].Collection; c == jobsCollection || c == erasuresCollection.Name {
			continue
		}
		if err := y.check(ws[i].Collection); err != nil {
			return err
		}
	}
	return nil
}
