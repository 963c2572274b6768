package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"log/slog"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const (
	buildDocs    = 64 // documents that one turn in the sequencer adds, and less
	buildBytes   = 1 << 20
	buildEntries = 2048
)

// build adds the documents of a collection to an index that writers maintain
// already. An index that cannot be built is dropped.
func (s *Store) build(ctx context.Context, coll string, ix *index) error {
	w := &walk{s: s, coll: s.cat.Load().colls[coll], ix: ix}
	at, _, err := get(s.db, metaKey(metaBuilt, numName(ix.num)))
	if err != nil {
		return failed("building index "+ix.def.Name, err)
	}
	for more := true; more && err == nil; {
		switch {
		case ctx.Err() != nil:
			return ctxError(ctx)
		case s.ctx.Err() != nil:
			return errClosed
		}
		at, more, err = w.step(at)
	}
	if err != nil && hutch.CodeOf(err) == hutch.FailedPrecondition {
		s.forget(coll, ix)
	}
	return err
}

// walk builds one index.
type walk struct {
	s    *Store
	coll *collection
	ix   *index

	docs  []walked
	buf   []byte
	spans []data.Span
	tag   [tagLen]byte
}

type walked struct {
	id    string
	key   []byte
	spans []data.Span // entries in buf
}

// step adds some documents behind at.
func (w *walk) step(at []byte) (to []byte, more bool, err error) {
	base := w.s.applied.Load()
	w.docs, w.buf = w.docs[:0], w.buf[:0]
	b := w.s.db.NewBatch()
	defer func() { _ = b.Close() }()
	more, err = w.collect(b, at)
	if err != nil || len(w.docs) == 0 {
		return at, false, err
	}
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	claims := map[string]string{}
	for i := range w.docs {
		d := &w.docs[i]
		if w.s.recent[w.s.slot(d.key)] > base { // changed since: as it is now
			doc, err := readDoc(w.s.db, d.key, d.id)
			if err != nil {
				return at, false, err
			}
			d.spans = nil
			if doc != nil {
				if err := w.add(b, d, doc); err != nil {
					return at, false, err
				}
			}
		}
		if err := w.put(b, d, claims); err != nil {
			return at, false, err
		}
	}
	if w.ix.broken.Load() {
		return at, false, w.fails("two documents have the same value")
	}
	to = []byte(w.docs[len(w.docs)-1].id)
	if err := b.Set(metaKey(metaBuilt, numName(w.ix.num)), to, nil); err != nil {
		return at, false, failed("building index "+w.ix.def.Name, err)
	}
	if err := w.s.db.Apply(b, pebble.NoSync); err != nil {
		return at, false, failed("building index "+w.ix.def.Name, err)
	}
	return to, more, nil
}

// collect reads documents and makes their entries.
func (w *walk) collect(b *pebble.Batch, at []byte) (more bool, err error) {
	lo, hi := span(spaceDoc, w.coll.num)
	if len(at) > 0 {
		lo = append(append(lo, at...), 0)
	}
	it, err := w.s.db.NewIter(&pebble.IterOptions{LowerBound: lo, UpperBound: hi})
	if err != nil {
		return false, failed("building index "+w.ix.def.Name, err)
	}
	size, entries := 0, 0
	for ok := it.First(); ok; ok = it.Next() {
		if len(w.docs) == buildDocs || size > buildBytes || entries > buildEntries {
			more = true
			break
		}
		key := bytes.Clone(it.Key())
		d := walked{id: string(key[tagLen:]), key: key}
		if err = w.add(b, &d, it.Value()); err != nil {
			break
		}
		size += len(it.Value())
		entries += len(d.spans)
		w.docs = append(w.docs, d)
	}
	if cerr := it.Close(); err == nil && cerr != nil {
		err = failed("building index "+w.ix.def.Name, cerr)
	}
	return more, err
}

// add makes a document's entries.
func (w *walk) add(b *pebble.Batch, d *walked, doc data.Doc) error {
	if !stored(doc, d.id) {
		return errNoDoc
	}
	prefix := appendTag(w.tag[:0], spaceIndex, w.ix.num)
	var e data.Entries
	var err error
	w.spans = w.spans[:0]
	if w.buf, w.spans, e, err = w.ix.keyer.Append(w.buf, w.spans, doc, prefix, d.id); err != nil {
		return w.fails(hutch.AsError(err).Message)
	}
	d.spans = append([]data.Span(nil), w.spans...)
	if e.Many&^w.ix.arrays.Load() != 0 {
		return noteArrays(b, w.ix, e.Many)
	}
	return nil
}

// put writes a document's entries and claims. Store.mu is held.
func (w *walk) put(b *pebble.Batch, d *walked, claims map[string]string) error {
	for _, sp := range d.spans {
		entry := w.buf[sp.From:sp.To]
		if err := b.Set(entry, binary.AppendUvarint(nil, uint64(len(d.id))), nil); err != nil {
			return failed("building index "+w.ix.def.Name, err)
		}
		if !w.ix.def.Unique || sp.Bare {
			continue
		}
		key := appendClaim(nil, entry, d.id)
		owner, ok := claims[string(key)]
		if !ok {
			v, found, err := get(w.s.db, key)
			if err != nil {
				return failed("building index "+w.ix.def.Name, err)
			}
			owner, ok = string(v), found
		}
		if ok && owner != d.id {
			w.ix.broken.Store(true)
			return nil
		}
		claims[string(key)] = d.id
		if err := b.Set(key, []byte(d.id), nil); err != nil {
			return failed("building index "+w.ix.def.Name, err)
		}
	}
	return nil
}

func (w *walk) fails(why string) error {
	return unbuildable(w.coll.name, w.ix, why)
}

// forget drops an index that cannot be built.
func (s *Store) forget(coll string, ix *index) {
	s.mu.Lock()
	cat := s.cat.Load()
	c := *cat.colls[coll]
	var left []*index
	for _, x := range c.indexes {
		if x.num != ix.num {
			left = append(left, x)
		}
	}
	c.indexes = left
	s.cat.Store(cat.with(&c))
	s.mu.Unlock()
	if err := s.erase(ix); err != nil {
		s.o.Log.Error("dropping an index", slog.String("index", ix.def.Name), slog.Any("error", err))
	}
}
