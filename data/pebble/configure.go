package pebble

import (
	"context"
	"maps"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Configure declares the collections and their indexes. Writers maintain a new
// index from its declaration on, a walk over the documents adds the rest while
// they go on; a walk that was cut short continues at the next Configure. Indexes
// that are no longer declared serve until then, and then go: no other node has
// a say, so prune makes no difference.
func (s *Store) Configure(ctx context.Context, cs []data.Collection, _ bool) error {
	select {
	case s.configuring <- struct{}{}:
		defer func() { <-s.configuring }()
	case <-ctx.Done():
		return ctxError(ctx)
	}
	if !s.enter() {
		return errClosed
	}
	defer s.leave()
	if err := checkIndexes(cs); err != nil {
		return err
	}
	build, err := s.declare(cs)
	if err != nil {
		return err
	}
	for _, b := range build {
		if err = s.build(ctx, b.coll, b.index); err != nil {
			return err
		}
	}
	gone, err := s.settle(cs)
	if err != nil {
		for _, b := range build {
			if b.index.broken.Load() { // by a write behind the walk
				s.forget(b.coll, b.index)
			}
		}
		return err
	}
	// What is gone from the catalogue must not come back once its keys went.
	if err = s.db.LogData(nil, pebble.Sync); err != nil {
		return failed("writing the catalogue", err)
	}
	for _, ix := range gone {
		if err = s.erase(ix); err != nil {
			return err
		}
	}
	return nil
}

func unbuildable(coll string, ix *index, why string) error {
	return hutch.Errorf(hutch.FailedPrecondition, "the index %s of %s cannot be built: %s", ix.def.Name, coll, why)
}

func checkIndexes(cs []data.Collection) error {
	for _, c := range cs {
		names := map[string]bool{}
		for _, def := range c.Indexes {
			if def.Name == "" || names[def.Name] {
				return hutch.Errorf(hutch.InvalidArgument, "collection %s needs a name of its own for each index", c.Name)
			}
			names[def.Name] = true
			if _, err := data.NewKeyer(def); err != nil {
				return err
			}
		}
	}
	return nil
}

type building struct {
	coll  string
	index *index
}

// declare makes the new collections and indexes known, and drops what an earlier
// Configure began to build and nobody wants now.
func (s *Store) declare(cs []data.Collection) (build []building, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range cs {
		if err := s.ensureCollection(c.Name); err != nil {
			return nil, err
		}
	}
	cat := s.cat.Load()
	next := &catalog{colls: maps.Clone(cat.colls), nums: cat.nums}
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	want := wanted(cs)
	for name, old := range cat.colls {
		c := *old
		c.indexes = nil
		for _, ix := range old.indexes {
			if ix.state == indexBuilding && !holds(want[name], ix.def) {
				if err := eraseIn(b, ix); err != nil {
					return nil, failed("writing the catalogue", err)
				}
				continue
			}
			c.indexes = append(c.indexes, ix)
			if ix.state == indexBuilding {
				build = append(build, building{name, ix})
			}
		}
		for _, def := range want[name] {
			if slices.ContainsFunc(c.indexes, func(ix *index) bool { return sameIndex(ix.def, def) }) {
				continue
			}
			next.nums++
			ix, err := newIndex(next.nums, def, indexBuilding)
			if err != nil {
				return nil, err
			}
			if err := putIndex(b, name, ix); err != nil {
				return nil, failed("writing the catalogue", err)
			}
			c.indexes = append(c.indexes, ix)
			build = append(build, building{name, ix})
		}
		next.colls[name] = &c
	}
	if len(build) == 0 && b.Empty() {
		return nil, nil
	}
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return nil, failed("writing the catalogue", err)
	}
	s.cat.Store(next)
	return build, nil
}

func wanted(cs []data.Collection) map[string][]data.Index {
	m := make(map[string][]data.Index, len(cs))
	for _, c := range cs {
		m[c.Name] = c.Indexes
	}
	return m
}

func holds(defs []data.Index, def data.Index) bool {
	return slices.ContainsFunc(defs, func(d data.Index) bool { return sameIndex(d, def) })
}

// settle puts the new indexes into service and takes the old ones out of it.
func (s *Store) settle(cs []data.Collection) (gone []*index, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cat := s.cat.Load()
	next := &catalog{colls: maps.Clone(cat.colls), nums: cat.nums}
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	want := wanted(cs)
	for name, old := range cat.colls {
		c := *old
		c.indexes = nil
		for _, ix := range old.indexes {
			switch {
			case !holds(want[name], ix.def):
				ix = ix.in(indexDropping)
				gone = append(gone, ix)
			case ix.state == indexBuilding && ix.broken.Load():
				return nil, unbuildable(name, ix, "two documents have the same value, or one has two arrays")
			case ix.state == indexBuilding:
				ix = ix.in(indexReady)
				c.indexes = append(c.indexes, ix)
				if err := b.Delete(metaKey(metaBuilt, numName(ix.num)), nil); err != nil {
					return nil, failed("writing the catalogue", err)
				}
			default:
				c.indexes = append(c.indexes, ix)
				continue
			}
			if err := putIndex(b, name, ix); err != nil {
				return nil, failed("writing the catalogue", err)
			}
		}
		next.colls[name] = &c
	}
	if b.Empty() {
		return nil, nil
	}
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return nil, failed("writing the catalogue", err)
	}
	s.cat.Store(next)
	return gone, nil
}

// erase deletes an index's keys and its place in the catalogue.
func (s *Store) erase(ix *index) error {
	b := s.db.NewBatch()
	defer func() { _ = b.Close() }()
	if err := eraseIn(b, ix); err != nil {
		return failed("dropping an index", err)
	}
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return failed("dropping an index", err)
	}
	return nil
}

func eraseIn(b *pebble.Batch, ix *index) error {
	for _, space := range [...]byte{spaceIndex, spaceClaim} {
		lo, hi := span(space, ix.num)
		if err := b.DeleteRange(lo, hi, nil); err != nil {
			return err
		}
	}
	for _, kind := range [...]byte{metaIndex, metaArrays, metaBuilt} {
		if err := b.Delete(metaKey(kind, numName(ix.num)), nil); err != nil {
			return err
		}
	}
	return nil
}
