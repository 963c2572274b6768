package data

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/hutch-dev/hutch"
)

// rejudgeBytes bounds the documents that are judged under the store's mutex;
// with larger ones the write runs again outside.
const rejudgeBytes = 64 << 10

// unit is the writes of one commit on one document: one change, one version.
type unit struct {
	ctx        context.Context
	now        time.Time
	all        *state
	coll, id   string
	steps      []*step
	old, next  Doc
	version    int64 // of old, or the one expected; 0: absent
	judged     bool
	fixed      bool // judged with more than the document, or what it leaves was read: never judged again
	met, after Doc  // in the sequencer; as committed
}

// commitOptions are what a commit does beside its writes.
type commitOptions struct {
	base *call // whose request it is
	docs bool
	once *Once
	join []Write // of rooms, into the same commit
	also []Check
	told bool // in the audit, by the caller
}

// take takes up a step without judging it; the unit is the one of its document.
func (st *state) take(ctx context.Context, step *step, now time.Time) *unit {
	u := st.unit(step.coll, step.id)
	if u == nil {
		if len(st.units) > 0 {
			u = &unit{}
		} else {
			st.one = new(single)
			u, st.units = &st.one.unit, st.one.units[:0]
			u.steps = st.one.steps[:0]
		}
		u.ctx, u.now, u.all, u.coll, u.id = ctx, now, st, step.coll, step.id
		st.add(u)
	}
	u.steps = append(u.steps, step)
	return u
}

// judge runs a step against what the steps before left of its document.
func (st *state) judge(ctx context.Context, step *step, now time.Time) error {
	if !step.known {
		return step.c.unknown(step.op, step.coll)
	}
	u := st.take(ctx, step, now)
	if len(u.steps) == 1 && !(step.op == OpCreate && step.made) {
		d, err := st.stored(ctx, u.coll, u.id)
		if err != nil {
			return err
		}
		u.old, u.version = d, versionOf(d)
	}
	old := u.old
	if u.judged {
		old = stamped(u.next, u.old, now)
	}
	next, err := step.judge(ctx, old, now)
	if err != nil {
		return err
	}
	u.fixed = u.fixed || step.impure
	u.next, u.judged = next, true
	return nil
}

// apply is the unit's Write.Next: what was judged, if the stored document is
// still the one it was judged on, else judged anew, or lost.
func (u *unit) apply(stored Doc) (Doc, error) {
	u.met = stored
	same := versionOf(stored) == u.version && (stored == nil) == (u.version == 0)
	if u.version == unversioned && u.judged { // says nothing: what was read is compared
		same = same && bytes.Equal(stored, u.old)
	}
	switch {
	case u.fixed && !same:
		return nil, Lost(u.coll, u.id)
	case u.judged && same:
		return u.next, nil
	case u.judged && len(stored) > rejudgeBytes:
		return nil, Lost(u.coll, u.id)
	}
	doc := stored
	for i, step := range u.steps {
		if i > 0 {
			doc = stamped(doc, stored, u.now)
		}
		next, err := step.judge(u.ctx, doc, u.now)
		if err != nil {
			if i > 0 && u.all.before(step, u) {
				return nil, errOrder
			}
			return nil, step.fail(err)
		}
		doc = next
	}
	u.old, u.version, u.next, u.judged = stored, versionOf(stored), doc, true
	return doc, nil
}

// unversioned is what a document counts as that another program wrote.
const unversioned = 1

// errOrder says that a later write was refused before all earlier ones were judged.
var errOrder = errors.New("writes were judged out of order")

// before reports whether units behind u hold steps before s: they are judged
// after u, and the first refused write is the one to report.
func (st *state) before(s *step, u *unit) bool {
	later := false
	for _, v := range st.units {
		if later && v.steps[0].n < s.n {
			return true
		}
		later = later || v == u
	}
	return false
}

// commit judges steps one after another and commits them as one. Where all are
// pure, the store judges them as it meets their documents; else they are judged
// here, on the state's snapshot, one after another.
func (s *Service) commit(ctx context.Context, st *state, steps []*step, o commitOptions) (*Outcome, error) {
	if len(steps) == 0 && o.once == nil && len(o.join) == 0 {
		return &Outcome{}, nil
	}
	st.base = o.base
	if err := s.tellShown(ctx, &o.base.p, steps, o.docs); err != nil {
		return nil, err
	}
	now := s.now()
	pure := true
	for _, step := range steps {
		pure = pure && step.known && !step.impure
	}
	if pure {
		for _, step := range steps {
			st.take(ctx, step, now)
		}
		out, err := s.commitUnits(ctx, st, steps, &o, now)
		if !errors.Is(err, errOrder) {
			return out, err
		}
		st.units, st.index = nil, nil
	}
	for _, step := range steps {
		if err := st.judge(ctx, step, now); err != nil {
			return nil, step.fail(err)
		}
	}
	out, err := s.commitUnits(ctx, st, steps, &o, now)
	if errors.Is(err, errOrder) { // a document moved since; judge them again
		u := st.units[0]
		return nil, Lost(u.coll, u.id)
	}
	return out, err
}

// commitUnits gives the units to the store.
func (s *Service) commitUnits(ctx context.Context, st *state, steps []*step, o *commitOptions, now time.Time) (*Outcome, error) {
	b := s.batch(st, o, now)
	turn, err := s.turns.pass(ctx, st)
	if err != nil {
		return nil, err
	}
	if turn != turnOf(ctx) { // waited for here: nobody else gives it back
		defer turn.release()
	}
	if err := s.verify(ctx, &o.base.p); err != nil {
		return nil, err
	}
	var kept *Outcome
	if turn != nil {
		b.Applied = turn.release
	}
	b.Derive = s.derive(ctx, st, steps, o, now, &kept)
	res, err := s.store.Commit(ctx, b)
	if err != nil {
		return nil, st.blame(err)
	}
	st.settle(res.Changes)
	out := kept
	if out == nil {
		out = &Outcome{Results: results(steps, st)}
	}
	out.Position = res.Position
	if o.docs {
		s.showAll(ctx, st, steps, out.Results)
	}
	if o.once != nil {
		s.kept.add(s, ownerOf(o.base))
	}
	return out, nil
}

// batch gives the units as writes and what else was read as checks.
func (s *Service) batch(st *state, o *commitOptions, now time.Time) *Batch {
	b := &Batch{Now: now}
	switch {
	case st.one != nil:
		b = &st.one.batch
		b.Now, b.Writes = now, st.one.writes[:]
		if len(st.units) > 1 {
			b.Writes = make([]Write, len(st.units))
		}
	case len(o.join) == 0: // nothing but an idempotency record
		return b
	}
	written := 0
	for i, u := range st.units {
		expect := AnyVersion
		if v, ok := st.reads[docKey{u.coll, u.id}]; ok {
			written++
			u.fixed, u.version = true, v
		}
		if u.fixed && u.version != 0 { // absence is checked by apply: a taken id is a lost one there
			expect = u.version
		}
		first := u.steps[0]
		b.Writes[i] = Write{Collection: u.coll, ID: u.id, Expect: expect, Fresh: first.op == OpCreate && first.made, Next: u.apply}
		if last := u.steps[len(u.steps)-1]; last.dates != nil {
			b.Writes[i].Dated, b.Writes[i].Next = true, func(old Doc) (Doc, error) {
				next, err := u.apply(old)
				if err != nil || next == nil {
					return next, err
				}
				return With(next, last.dates...), nil
			}
		}
	}
	if n := len(st.reads) - written; n > 0 {
		b.Checks = make([]Check, 0, n)
		for key, v := range st.reads {
			if st.unit(key.coll, key.id) == nil {
				b.Checks = append(b.Checks, Check{Collection: key.coll, ID: key.id, Version: v, Lock: st.locks[key]})
			}
		}
	}
	b.Writes, b.Checks = append(b.Writes, o.join...), append(b.Checks, o.also...)
	return b
}

// derive gives the rows that go with the commit: the app's After hooks', what
// tells of an operator's, and the idempotency record.
func (s *Service) derive(ctx context.Context, st *state, steps []*step, o *commitOptions, now time.Time, kept **Outcome) func([]Change) ([]Write, error) {
	hooks := o.base.app.Hooks
	tells := o.base.p.Kind == hutch.Operator && s.wrote != nil && !o.told
	if hooks == nil && o.once == nil && !tells {
		return nil
	}
	return func(changes []Change) (rows []Write, err error) {
		if hooks != nil && len(changes) > 0 {
			if rows, err = hooks.After(ctx, changes); err != nil {
				return nil, err
			}
		}
		if w := written(changes, tells); len(w) > 0 {
			row, err := s.wrote(ctx, o.base.p, w)
			if err != nil {
				return nil, err
			}
			rows = append(rows, row)
		}
		if o.once == nil {
			return rows, nil
		}
		st.settle(changes)
		out := Outcome{Results: results(steps, st)}
		if o.once.Encode != nil {
			if out, err = o.once.Encode(Result{Changes: changes}); err != nil {
				return nil, err
			}
		}
		record, err := s.onceWrite(o.once, ownerOf(o.base), &out, now)
		if err != nil {
			return nil, err
		}
		*kept = &out
		return append(rows, record), nil
	}
}
