package data

import (
	"context"
	"iter"
	"maps"

	"github.com/hutch-dev/hutch"
)

// docKey names a document.
type docKey struct{ coll, id string }

// state is what one attempt at a request reads: one snapshot, opened when first
// needed, the writes before the present one, and what the commit validates.
type state struct {
	s     *Service
	base  *call // whose commit it is
	snap  Snapshot
	units []*unit
	index map[docKey]*unit // of units, from the ninth on
	reads map[docKey]int64 // version read, 0 = absent
	locks map[docKey]bool  // of reads
	one   *single          // of a commit
}

// single is room for a commit of one document, as most are.
type single struct {
	unit   unit
	units  [1]*unit
	steps  [1]*step
	writes [1]Write
	batch  Batch
}

// snapshot opens the state's snapshot, now unless it is open.
func (st *state) snapshot(ctx context.Context) (Snapshot, error) {
	if st.snap == nil {
		snap, err := st.s.store.Snapshot(ctx, "")
		if err != nil {
			return nil, err
		}
		st.snap = snap
	}
	return st.snap, nil
}

func (st *state) close() {
	if st.snap != nil {
		st.snap.Close()
		st.snap = nil
	}
}

// unit gives the writes of a document in this state, nil if there are none.
func (st *state) unit(coll, id string) *unit {
	if st.index != nil {
		return st.index[docKey{coll, id}]
	}
	for _, u := range st.units {
		if u.id == id && u.coll == coll {
			return u
		}
	}
	return nil
}

// stored gives the document at the snapshot and does not record it.
func (st *state) stored(ctx context.Context, coll, id string) (Doc, error) {
	snap, err := st.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return snap.Get(ctx, coll, id)
}

// read gives the document as the writes before left it, and records it for the
// commit to validate.
func (st *state) read(ctx context.Context, coll, id string) (Doc, error) {
	if u := st.unit(coll, id); u != nil && u.judged {
		u.fixed = true
		return u.next, nil
	}
	d, err := st.stored(ctx, coll, id)
	if err != nil {
		return nil, err
	}
	return d, st.record(coll, id, versionOf(d))
}

// record notes that a document was read at version; resource_exhausted beyond
// the documents that a commit validates.
func (st *state) record(coll, id string, version int64) error {
	key := docKey{coll, id}
	if _, ok := st.reads[key]; ok {
		return nil
	}
	if len(st.reads) >= st.s.limits.TxReads {
		return hutch.Errorf(hutch.ResourceExhausted, "more than %d documents read in one session", st.s.limits.TxReads).
			WithHint("Read without tracking what the commit need not validate.")
	}
	if st.reads == nil {
		st.reads = make(map[docKey]int64)
	}
	st.reads[key] = version
	return nil
}

// lock has the commit hold a document that was read.
func (st *state) lock(coll, id string) {
	if st.locks == nil {
		st.locks = map[docKey]bool{}
	}
	st.locks[docKey{coll, id}] = true
}

// find runs p over the state as the writes before left it, in no order that
// holds for written documents. track: what it yields is recorded.
func (st *state) find(ctx context.Context, p *Plan, track bool) iter.Seq2[Doc, error] {
	return func(yield func(Doc, error) bool) {
		snap, err := st.snapshot(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		limit, n := p.Limit, 0
		own := map[string]*unit{}
		for _, u := range st.units {
			if u.coll == p.Collection && u.judged {
				own[u.id] = u
			}
		}
		if limit > 0 && len(own) > 0 {
			q := *p
			q.Limit += len(own)
			p = &q
		}
		for d, err := range snap.Find(ctx, p) {
			if err == nil {
				id := idOf(d)
				if own[id] != nil {
					continue
				}
				if track {
					err = st.record(p.Collection, id, versionOf(d))
				}
			}
			if !yield(d, err) || err != nil {
				return
			}
			if n++; n == limit {
				return
			}
		}
		if len(own) == 0 {
			return
		}
		m, err := Compile(p.Where)
		if err != nil {
			yield(nil, err)
			return
		}
		for u := range maps.Values(own) {
			if u.next == nil || !m.Match(u.next) {
				continue
			}
			u.fixed = true
			if !yield(u.next, nil) {
				return
			}
			if n++; n == limit {
				return
			}
		}
	}
}

// add takes up the writes of another document.
func (st *state) add(u *unit) {
	st.units = append(st.units, u)
	if st.index != nil {
		st.index[docKey{u.coll, u.id}] = u
	} else if len(st.units) == 9 {
		st.index = make(map[docKey]*unit, 32)
		for _, u := range st.units {
			st.index[docKey{u.coll, u.id}] = u
		}
	}
}
