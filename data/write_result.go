package data

import (
	"context"
	"errors"

	"github.com/hutch-dev/hutch"
)

// settle notes what the commit left of each unit's document.
func (st *state) settle(changes []Change) {
	for _, u := range st.units {
		u.after = u.met
		if len(changes) > 0 && changes[0].ID == u.id && changes[0].Collection == u.coll {
			u.after = changes[0].After
			changes = changes[1:]
		}
	}
}

// results are the outcomes of the steps.
func results(steps []*step, st *state) []WriteResult {
	rs := make([]WriteResult, len(steps))
	for i, step := range steps {
		rs[i] = WriteResult{In: step.coll, ID: step.id, Created: step.created}
		if step.op != OpDelete {
			rs[i].Version = versionOf(st.unit(step.coll, step.id).after)
		}
	}
	return rs
}

// showAll adds to each result the document as get would show it now.
func (s *Service) showAll(ctx context.Context, st *state, steps []*step, rs []WriteResult) {
	for i, step := range steps {
		if i < len(rs) && step.op != OpDelete {
			if after := st.unit(step.coll, step.id).after; after != nil {
				rs[i].Doc = step.c.show(ctx, step.coll, step.id, after)
			}
		}
	}
}

// show gives a committed document as get would show it to the call's principal:
// where that is denied, its id and version.
func (c *call) show(ctx context.Context, coll, id string, d Doc) Doc {
	if c.looks(OpGet, coll) && c.st != nil { // look-ups see the state after the commit
		st := &state{s: c.s}
		defer st.close()
		now := *c
		now.st, now.sess = st, nil
		c = &now
	}
	if ok, err := c.readable(ctx, coll, id, d); err != nil || !ok {
		return bareDoc(id, versionOf(d))
	}
	return c.session(ctx).Mask(coll, d)
}

// blame gives a store's error the place of the write that caused it.
func (st *state) blame(err error) error {
	if hutch.CodeOf(err) != hutch.AlreadyExists {
		return err
	}
	c, ok := errors.AsType[*Conflict](err)
	if !ok || c.Index == "" { // a taken id: the step has named itself
		return err
	}
	if u := st.unit(c.Collection, c.ID); u != nil {
		return u.steps[len(u.steps)-1].fail(err)
	}
	return err
}
