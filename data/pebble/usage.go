package pebble

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch/data"
)

// tally is how many documents a collection holds, and their bytes.
type tally struct{ docs, bytes int64 }

func (t *tally) add(o tally) {
	t.docs += o.docs
	t.bytes += o.bytes
}

// tallies are kept with every commit. The sequencer's mutex guards them. Of a
// collection in neither map nobody has asked: a store of an older version has
// no tallies until then.
type tallies struct {
	known map[uint32]tally  // by the number of the collection
	open  map[uint32]*tally // being counted: what came since the count's snapshot
}

// tallyPatience is how long Usage waits for a first count; the next one has it.
const tallyPatience = time.Second

func (t tally) value() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 16), uint64(t.docs))
	return binary.BigEndian.AppendUint64(b, uint64(t.bytes))
}

func tallyKey(coll uint32) []byte { return metaKey(metaTally, numName(coll)) }

func (s *Store) recoverTallies() error {
	s.tallies = tallies{known: map[uint32]tally{}, open: map[uint32]*tally{}}
	return eachMeta(s.db, metaTally, func(num string, v []byte) error {
		if len(num) != 4 || len(v) != 16 {
			return errNoDoc
		}
		s.tallies.known[binary.BigEndian.Uint32([]byte(num))] = tally{
			int64(binary.BigEndian.Uint64(v)), int64(binary.BigEndian.Uint64(v[8:])),
		}
		return nil
	})
}

// moves is what a commit does to the collections it writes.
type moves []move

type move struct {
	coll uint32
	tally
}

// tally puts the new tallies of what e changes into b, and gives what is to be
// noted once b is applied. mu is held.
func (s *Store) tally(b *pebble.Batch, e *evaluation, buf moves) (moves, error) {
	for i := range e.docs {
		d := &e.docs[i]
		if !d.changed {
			continue
		}
		by := tally{0, int64(len(d.cur) - len(d.old))}
		switch {
		case d.old == nil:
			by.docs = 1
		case d.cur == nil:
			by.docs = -1
		}
		at := slices.IndexFunc(buf, func(m move) bool { return m.coll == d.coll.num })
		if at < 0 {
			at = len(buf)
			buf = append(buf, move{coll: d.coll.num})
		}
		buf[at].add(by)
	}
	for _, m := range buf {
		now, ok := s.tallies.known[m.coll]
		if !ok || m.tally == (tally{}) {
			continue
		}
		now.add(m.tally)
		if err := b.Set(tallyKey(m.coll), now.value(), nil); err != nil {
			return buf, err
		}
	}
	return buf, nil
}

// tallied notes what a batch did that is applied. mu is held.
func (s *Store) tallied(ms moves) {
	for _, m := range ms {
		if now, ok := s.tallies.known[m.coll]; ok {
			now.add(m.tally)
			s.tallies.known[m.coll] = now
		} else if t := s.tallies.open[m.coll]; t != nil {
			t.add(m.tally)
		}
	}
}

// Usage tells what the tallies say. What an older version wrote is counted once.
func (s *Store) Usage(ctx context.Context) ([]data.Usage, error) {
	if !s.enter() {
		return nil, errClosed
	}
	defer s.leave()
	if ctx.Err() != nil {
		return nil, ctxError(ctx)
	}
	colls := s.uncounted()
	if len(colls) > 0 {
		done := make(chan struct{})
		s.running.Add(1) // a call of its own: Close waits for it
		go func() {
			defer s.leave()
			defer close(done)
			s.countAll(colls)
		}()
		wait := time.NewTimer(tallyPatience)
		defer wait.Stop()
		select {
		case <-done:
		case <-wait.C:
		case <-ctx.Done():
			return nil, ctxError(ctx)
		}
	}
	cat := s.cat.Load()
	out := make([]data.Usage, 0, len(cat.colls))
	for name, c := range cat.colls {
		u := data.Usage{Collection: name}
		s.mu.Lock()
		t, ok := s.tallies.known[c.num]
		s.mu.Unlock()
		if ok {
			u.Docs, u.Bytes, u.Exact = t.docs, t.bytes, true
		} else {
			lo, hi := span(spaceDoc, c.num)
			u.Bytes = s.onDisk(lo, hi)
		}
		for _, ix := range c.indexes {
			lo, hi := span(spaceIndex, ix.num)
			u.Indexes = append(u.Indexes, data.IndexUsage{Index: ix.def, Ready: ix.state == indexReady, Bytes: s.onDisk(lo, hi)})
		}
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b data.Usage) int { return strings.Compare(a.Collection, b.Collection) })
	return out, nil
}

// onDisk is what a range of keys takes, but for what was written just now.
func (s *Store) onDisk(lo, hi []byte) int64 {
	n, err := s.db.EstimateDiskUsage(lo, hi)
	if err != nil {
		return 0
	}
	return int64(n)
}

// counting is a collection and the state that its count begins with.
type counting struct {
	coll uint32
	snap *pebble.Snapshot
}

// uncounted begins the counts of the collections that have no tally.
func (s *Store) uncounted() (out []counting) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.cat.Load().colls {
		if _, ok := s.tallies.known[c.num]; ok || s.tallies.open[c.num] != nil {
			continue
		}
		s.tallies.open[c.num] = new(tally)
		out = append(out, counting{c.num, s.db.NewSnapshot()})
	}
	return out
}

func (s *Store) countAll(cs []counting) {
	for _, c := range cs {
		t, err := s.count(c)
		_ = c.snap.Close()
		s.mu.Lock()
		t.add(*s.tallies.open[c.coll])
		delete(s.tallies.open, c.coll)
		if err == nil {
			err = s.db.Set(tallyKey(c.coll), t.value(), pebble.NoSync)
		}
		if err == nil {
			s.tallies.known[c.coll] = t
		}
		s.mu.Unlock()
	}
}

// count goes through a collection once.
func (s *Store) count(c counting) (t tally, err error) {
	lo, hi := span(spaceDoc, c.coll)
	it, err := c.snap.NewIter(&pebble.IterOptions{LowerBound: lo, UpperBound: hi})
	if err != nil {
		return t, err
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		v, verr := it.ValueAndErr()
		t.add(tally{1, int64(len(v))})
		if err = verr; s.ctx.Err() != nil {
			err = errClosed
		}
	}
	if cerr := it.Close(); err == nil {
		err = cerr
	}
	return t, err
}
