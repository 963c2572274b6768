package pebble

import "github.com/hutch-dev/hutch/data"

// fetch examines the document of an index entry.
func (r *run) fetch(id []byte, f func(data.Doc) error) error {
	if r.seen != nil {
		if _, met := r.seen[string(id)]; met {
			return r.spend(len(id))
		}
	}
	r.key = append(appendTag(r.key[:0], spaceDoc, r.coll.num), id...)
	v, c, err := r.sn.v.snap.Get(r.key)
	if err != nil {
		return failed("reading the document of an index entry", err)
	}
	err = r.examine(id, v, f)
	if cerr := c.Close(); err == nil && cerr != nil {
		return failed("reading documents", cerr)
	}
	return err
}

// examine passes a document on if it matches.
func (r *run) examine(id, v []byte, f func(data.Doc) error) error {
	if err := r.spend(len(v)); err != nil {
		return err
	}
	if r.seen != nil {
		if _, met := r.seen[string(id)]; met {
			return nil
		}
		r.seen[string(id)] = struct{}{}
	}
	if !r.match.Match(v) {
		return nil
	}
	return f(v)
}

// spend counts one document of n bytes, before it is shown.
func (r *run) spend(n int) error {
	if err := r.tick(); err != nil {
		return err
	}
	return r.budget.Spend(1, int64(n))
}

// tick looks now and then whether the run may go on.
func (r *run) tick() error {
	if r.steps++; r.steps%64 == 0 {
		switch {
		case r.ctx.Err() != nil:
			return ctxError(r.ctx)
		case r.sn.s.o.Now().After(r.sn.until):
			return errTooOld
		}
	}
	return nil
}
