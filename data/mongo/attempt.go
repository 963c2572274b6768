package mongo

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// group is an attempt at committing batches as one.
type group struct {
	s     *Store
	ps    []*pending
	imgs  map[docID]*image
	size  int             // bytes of the new images
	moves map[string]bool // collections among whose documents values may move: those updated are deleted first
}

func (g *group) image(key docID) *image {
	im := g.imgs[key]
	if im == nil {
		im = &image{docID: key}
		g.imgs[key] = im
	}
	return im
}

// newGroup notes the documents of the batches and what is known of them.
func (s *Store) newGroup(ps []*pending, h hints) *group {
	g := &group{s: s, ps: ps, imgs: make(map[docID]*image, 2*len(ps))}
	for _, p := range ps {
		for i := range p.b.Writes {
			w := &p.b.Writes[i]
			im := g.image(docID{w.Collection, w.ID})
			im.sure = im.sure || w.Fresh
			if base := h[im.docID]; base != nil { // an absence is not remembered: another node may have created and deleted since
				g.set(im, base, false)
			}
		}
	}
	for _, p := range ps {
		for i := range p.b.Checks {
			g.image(docID{p.b.Checks[i].Collection, p.b.Checks[i].ID}).check = true
		}
	}
	return g
}

// commitGroup commits batches as one and settles them, but for those that it
// gives back as again. left are the documents as it leaves them.
func (s *Store) commitGroup(ps []*pending, h hints) (left hints, again []*pending) {
	var deadline time.Time
	for _, p := range ps {
		if p.deadline.After(deadline) {
			deadline = p.deadline
		}
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	return s.commitWithin(ctx, ps, h)
}

func (s *Store) commitWithin(ctx context.Context, ps []*pending, h hints) (left hints, again []*pending) {
	var last *group
	began, moves := time.Now(), map[string]bool{}
	for try := 0; ; try++ {
		g := s.newGroup(ps, h)
		g.moves, h = moves, nil
		pos, err := g.attempt(ctx)
		if err == nil {
			return g.settle(pos)
		}
		s.o.Log.Debug("a commit did not pass at once", slog.Int("try", try), slog.Int("batches", len(ps)), slog.Any("error", err))
		var ahead *aheadError
		var dup *duplicateError
		var unknown *unknownError
		c := classOf(err)
		switch {
		case errors.Is(err, errReread):
			continue
		case ctx.Err() != nil, errors.As(err, &unknown):
		case errors.As(err, &ahead):
			err = s.passVersion(ctx, ahead.version)
		case c == classConflict:
			hot, rest := g.split(last)
			switch {
			case len(hot) > 0 && len(rest) > 0:
				return nil, s.apart(ctx, rest, hot)
			case len(rest) > 0 && time.Since(began) > slowAfter:
				return nil, alone(rest)
			}
			if last = g; try > 0 {
				sleep(ctx, jitter(try))
			}
			err = nil
		case errors.As(err, &dup) && g.overtaken(dup): // since it was read
			sleep(ctx, jitter(try+1))
			err = nil
		case errors.As(err, &dup) && len(ps) > 1:
			rest, blamed := g.blame(dup)
			return nil, s.apart(ctx, rest, blamed)
		case errors.As(err, &dup) && g.mayMove(dup):
			moves[dup.im.coll], err = true, nil
		case c == classTransient:
			sleep(ctx, transientPause)
			err = nil
		case len(ps) > 1:
			return nil, s.apart(ctx, ps[:len(ps)/2], ps[len(ps)/2:])
		}
		if err != nil {
			err = s.refusal(ctx, err)
			for _, p := range ps {
				p.fail(err)
				close(p.done)
			}
			return nil, nil
		}
	}
}

// jitter keeps nodes that met at a document from meeting again.
func jitter(try int) time.Duration {
	return rand.N(time.Duration(min(try, 8)) * time.Millisecond) //nolint:gosec // G404: nobody guesses it
}

const transientPause = 20 * time.Millisecond

// apart commits two parts of a group one after the other.
func (s *Store) apart(ctx context.Context, first, then []*pending) (again []*pending) {
	_, again = s.commitWithin(ctx, first, nil)
	_, more := s.commitWithin(ctx, then, nil)
	return append(again, more...)
}

// alone gives back batches one of which waits for a document that another node
// holds: the others need not.
func alone(ps []*pending) []*pending {
	for _, p := range ps {
		p.alone = true
	}
	return ps
}

// settle gives the batches their results. What a group leaves serves the next.
func (g *group) settle(pos instant) (left hints, again []*pending) {
	g.s.seen.advance(pos)
	at := pos.position()
	for _, p := range g.ps {
		if p.state == stateAgain {
			again = append(again, p)
			continue
		}
		p.settle(at)
		close(p.done)
	}
	left = make(hints, len(g.imgs))
	for key, im := range g.imgs {
		if im.changed() && im.cur != nil {
			left[key] = im.cur
		}
	}
	return left, again
}

// changed reports whether the batches that passed leave another document.
func (im *image) changed() bool { return len(im.writers) > 0 }

// split parts the batches by whether they touch a document that was another at
// the attempt before: those wait for other nodes, the rest need not.
func (g *group) split(last *group) (hot, rest []*pending) {
	if last == nil || len(g.ps) == 1 {
		return nil, nil
	}
	for _, p := range g.ps {
		moved := false
		for i := range p.b.Writes {
			key := docID{p.b.Writes[i].Collection, p.b.Writes[i].ID}
			if was := last.imgs[key]; was != nil && !bytes.Equal(was.base, g.imgs[key].base) {
				moved = true
			}
		}
		if moved {
			hot = append(hot, p)
		} else {
			rest = append(rest, p)
		}
	}
	return hot, rest
}

// blame parts the batches that wrote a document whose value is taken from the rest.
func (g *group) blame(dup *duplicateError) (rest, blamed []*pending) {
	for _, p := range g.ps {
		if dup.im != nil && slices.Contains(dup.im.writers, p) {
			blamed = append(blamed, p)
		} else {
			rest = append(rest, p)
		}
	}
	if len(blamed) == 0 || len(rest) == 0 {
		return g.ps[:len(g.ps)/2], g.ps[len(g.ps)/2:]
	}
	return rest, blamed
}

// overtaken reports whether the id that is taken was free when the batches were
// judged: reading again tells what they make of the document that is there.
func (g *group) overtaken(dup *duplicateError) bool {
	if dup.index != idIndex || dup.im == nil {
		return false
	}
	return !g.fresh(dup.im.docID)
}

// fresh reports whether a write says that the document's id is new.
func (g *group) fresh(key docID) bool {
	for _, p := range g.ps {
		for i := range p.b.Writes {
			if w := &p.b.Writes[i]; w.Fresh && w.Collection == key.coll && w.ID == key.id {
				return true
			}
		}
	}
	return false
}

// mayMove reports whether another document of the batch may give up the value
// that is taken: the server checks each document's in turn.
func (g *group) mayMove(dup *duplicateError) bool {
	if dup.im == nil || dup.index == idIndex || g.moves[dup.im.coll] {
		return false
	}
	n := 0
	for key, im := range g.imgs {
		if im.changed() && key.coll == dup.im.coll {
			n++
		}
	}
	return n > 1
}

// passVersion waits until versions given from now on are above v.
func (s *Store) passVersion(ctx context.Context, v int64) error {
	for s.clock.load().floor()+1 < v {
		ses, sc, err := s.session(ctx)
		if err != nil {
			return err
		}
		_, err = s.db.Collection(storeCollection).UpdateOne(sc, bson.D{{Key: "_id", Value: "beat"}},
			bson.D{{Key: "$inc", Value: bson.D{{Key: "n", Value: int64(1)}}}}, options.UpdateOne().SetUpsert(true))
		s.release(ses)
		if err != nil && classOf(err) != classDuplicate {
			return err
		}
		sleep(ctx, transientPause)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}
