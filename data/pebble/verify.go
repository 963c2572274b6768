package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Verify walks the whole store: every document is well-formed and has exactly
// its entries and claims in each ready index, no entry is without a document,
// and the change log has no holes and ends in the documents as they are. The
// error names the first thing that does not fit.
func (s *Store) Verify(ctx context.Context) error {
	if !s.enter() {
		return errClosed
	}
	defer s.leave()
	s.mu.Lock()
	snap, cat, last := s.db.NewSnapshot(), s.cat.Load(), s.last
	s.mu.Unlock()
	defer func() { _ = snap.Close() }()
	v := &verification{ctx: ctx, snap: snap, cat: cat, last: last, trimmed: s.log.trimmed.Load()}
	for _, c := range cat.colls {
		if err := v.collection(c); err != nil {
			return err
		}
	}
	return v.log()
}

type verification struct {
	ctx     context.Context
	snap    *pebble.Snapshot
	cat     *catalog
	last    uint64
	trimmed uint64
	steps   int
}

func wrong(format string, args ...any) error {
	return &hutch.Error{Code: hutch.Internal, Message: "the store is inconsistent", Err: fmt.Errorf(format, args...)}
}

// each calls f for the keys between bounds.
func (v *verification) each(lo, hi []byte, f func(key, val []byte) error) error {
	it, err := v.snap.NewIter(&pebble.IterOptions{LowerBound: lo, UpperBound: hi})
	if err != nil {
		return failed("verifying", err)
	}
	for ok := it.First(); ok && err == nil; ok = it.Next() {
		if v.steps++; v.steps%1024 == 0 && v.ctx.Err() != nil {
			err = ctxError(v.ctx)
			break
		}
		err = f(it.Key(), it.Value())
	}
	if cerr := it.Close(); err == nil && cerr != nil {
		err = failed("verifying", cerr)
	}
	return err
}

func (v *verification) collection(c *collection) error {
	type counts struct{ entries, claims int }
	want := make([]counts, len(c.indexes))
	var buf []byte
	var spans []data.Span
	lo, hi := span(spaceDoc, c.num)
	err := v.each(lo, hi, func(key, val []byte) error {
		id := string(key[tagLen:])
		if !stored(val, id) || data.Text(data.Field(val, data.FieldID)) != id {
			return wrong("document %s/%s is not well-formed", c.name, id)
		}
		if err := data.CheckDoc(val); err != nil {
			return wrong("document %s/%s: %w", c.name, id, err)
		}
		if n := version(val, id); n <= 0 || uint64(n) > v.last {
			return wrong("document %s/%s has version %d, the newest commit is %d", c.name, id, n, v.last)
		}
		for i, ix := range c.indexes {
			if ix.state != indexReady {
				continue
			}
			var e data.Entries
			var err error
			buf, spans, e, err = ix.keyer.Append(buf[:0], spans[:0], val, appendTag(nil, spaceIndex, ix.num), id)
			if err != nil {
				return wrong("index %s of %s/%s: %w", ix.def.Name, c.name, id, err)
			}
			if e.Many&^ix.arrays.Load() != 0 {
				return wrong("index %s does not know the arrays of %s/%s", ix.def.Name, c.name, id)
			}
			for _, sp := range spans {
				entry := buf[sp.From:sp.To]
				n, ok, err := get(v.snap, entry)
				if err != nil {
					return failed("verifying", err)
				}
				if !ok || !bytes.Equal(n, binary.AppendUvarint(nil, uint64(len(id)))) {
					return wrong("index %s lacks an entry of %s/%s", ix.def.Name, c.name, id)
				}
				want[i].entries++
				if !ix.def.Unique || sp.Bare {
					continue
				}
				owner, ok, err := get(v.snap, appendClaim(nil, entry, id))
				if err != nil {
					return failed("verifying", err)
				}
				if !ok || string(owner) != id {
					return wrong("index %s lacks a claim of %s/%s", ix.def.Name, c.name, id)
				}
				want[i].claims++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, ix := range c.indexes {
		if ix.state != indexReady {
			continue
		}
		var have counts
		lo, hi := span(spaceIndex, ix.num)
		if err := v.each(lo, hi, func([]byte, []byte) error { have.entries++; return nil }); err != nil {
			return err
		}
		lo, hi = span(spaceClaim, ix.num)
		if err := v.each(lo, hi, func([]byte, []byte) error { have.claims++; return nil }); err != nil {
			return err
		}
		if have != want[i] {
			return wrong("index %s of %s has %d entries and %d claims, the documents make %d and %d",
				ix.def.Name, c.name, have.entries, have.claims, want[i].entries, want[i].claims)
		}
	}
	return nil
}

// log checks that commits follow each other without a hole, that each change
// begins where the one before ended, and that the last one is the document.
func (v *verification) log() error {
	type state struct {
		version int64 // 0: deleted
		bare    bool
	}
	latest := map[docID]state{}
	prev := v.trimmed
	first := true
	err := v.each([]byte{spaceLog}, []byte{spaceLog + 1}, func(key, val []byte) error {
		pos := logPos(key)
		c, before, err := decodeEntry(pos, val)
		if errors.Is(err, data.ErrLogGone) { // erased: of the documents nothing is known from here on
			clear(latest)
			err = nil
		}
		if err != nil {
			return wrong("log entry %016x: %w", pos, err)
		}
		if before >= pos || !first && before != prev || first && v.trimmed == 0 && before != 0 {
			return wrong("log entry %016x follows %016x, the log has %016x", pos, before, prev)
		}
		first, prev = false, pos
		for _, x := range c.Changes {
			k := docID{x.Collection, x.ID}
			was, known := latest[k]
			is := state{bare: x.Before == nil && x.After == nil}
			if x.After != nil {
				is.version = version(x.After, x.ID)
			}
			switch {
			case is.bare:
			case known && !was.bare && version(x.Before, x.ID) != was.version:
				return wrong("log entry %016x changes %s/%s from version %d, the log had %d", pos, x.Collection, x.ID, version(x.Before, x.ID), was.version)
			case x.After != nil && uint64(is.version) != pos:
				return wrong("log entry %016x has version %d of %s/%s", pos, is.version, x.Collection, x.ID)
			}
			if is.bare && x.Op != data.OpDelete {
				is.version = int64(pos)
			}
			latest[k] = is
		}
		return nil
	})
	if err != nil {
		return err
	}
	if prev > v.last || !first && prev != v.last {
		return wrong("the log ends at %016x, the newest commit is %016x", prev, v.last)
	}
	for k, st := range latest {
		c := v.cat.colls[k.coll]
		if c == nil {
			return wrong("the log speaks of the unknown collection %s", k.coll)
		}
		d, err := readDoc(v.snap, appendDocKey(nil, c.num, k.id), k.id)
		if err != nil {
			return failed("verifying", err)
		}
		if version(d, k.id) != st.version {
			return wrong("%s/%s has version %d, its last change made %d", k.coll, k.id, version(d, k.id), st.version)
		}
	}
	return nil
}
