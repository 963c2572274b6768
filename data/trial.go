package data

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/hutch-dev/hutch"
)

// Trial is an access that is judged and not done.
type Trial struct {
	Op   Op // get, list (of the document), create, update, set, delete
	In   string
	ID   string
	Doc  Doc // the stored document, in place of what is stored; nil: that
	Next Doc // of create, update and set: as the client sends it, whole
}

// Tried is what the rules say of a Trial. Judged is shown the documents that an
// access rule judged, in order: of a write to a stored document first `get`.
type Tried struct {
	Stored  Doc   // nil: there is none
	Next    Doc   // after preset, default and what set keeps
	Op      Op    // that was judged last; of set the branch taken
	Refused error // nil: it is allowed
	Invalid error // what the schema says of Next; nil: nothing
	Deps    []Dep // what the rules looked up
}

// Judgement is one question to an access rule.
type Judgement struct {
	Op        Op
	ID        string
	Old, Next Doc
	Lookup    Lookup // at the snapshot of the trial
}

// Try judges a trial as a principal, for who bypasses rules. It reads as the door
// does and writes nothing; hooks and preconditions are not asked.
func (s *Service) Try(ctx context.Context, as hutch.Principal, t Trial, r Request, judged func(Judgement) error) (*Tried, error) {
	caller := hutch.PrincipalFrom(ctx)
	if !caller.Bypasses() {
		return nil, Denied(caller)
	}
	st := &state{s: s}
	defer st.close()
	c := s.call(as, r, st)
	coll := c.coll(t.In)
	if coll == nil {
		return nil, noDocument().WithHint("There is no collection " + t.In + " in hutch.yaml.")
	}
	c.r.Op = t.Op
	out := &Tried{Stored: t.Doc, Op: t.Op}
	if t.ID != "" && t.Doc == nil && t.Op != OpCreate {
		if err := ValidID(t.ID); err != nil {
			return nil, err
		}
		if err := s.tell(ctx, &caller, t.In); err != nil {
			return nil, err
		}
		d, err := st.stored(ctx, t.In, t.ID)
		if err != nil {
			return nil, err
		}
		out.Stored = d
	}
	sess := c.session(ctx)
	looked := &watched{Lookup: (*lookups)(c), met: map[string]bool{}}
	check := func(op Op, old, next Doc) error {
		out.Op = op
		if err := judged(Judgement{Op: op, ID: t.ID, Old: old, Next: next, Lookup: looked}); err != nil {
			return err
		}
		out.Refused = sess.Check(op, t.In, t.ID, old, next)
		return nil
	}
	err := t.run(out, sess, Denied(as), check)
	out.Deps = sess.Deps()
	for _, d := range out.Deps {
		looked.met[d.Collection] = true
	}
	for _, name := range slices.Sorted(maps.Keys(looked.met)) {
		if err := s.tell(ctx, &caller, name); err != nil {
			return nil, err
		}
	}
	if err == nil && out.Next != nil && coll.Schema != nil {
		out.Invalid = coll.Schema.Validate(out.Next)
	}
	return out, err
}

// watched notes the collections that are looked into.
type watched struct {
	Lookup
	met map[string]bool
}

func (w *watched) Get(coll, id string, after bool) (Doc, error) {
	w.met[coll] = true
	return w.Lookup.Get(coll, id, after)
}

func (w *watched) Find(coll string, where Where, limit int) iter.Seq2[Doc, error] {
	w.met[coll] = true
	return w.Lookup.Find(coll, where, limit)
}

func (w *watched) Count(coll string, where Where) (int64, error) {
	w.met[coll] = true
	return w.Lookup.Count(coll, where)
}

// run goes the way of a write, or of a read.
func (t *Trial) run(out *Tried, sess Session, denied error, check func(op Op, old, next Doc) error) error {
	if t.Op == OpGet || t.Op == OpList {
		if out.Stored == nil {
			out.Refused = noDocument()
			return nil
		}
		err := check(t.Op, out.Stored, nil)
		if t.Op == OpGet && refusal(out.Refused) {
			out.Refused = noDocument()
		}
		return err
	}
	seen := out.Stored
	if t.Op != OpCreate && seen != nil {
		if err := check(OpGet, seen, nil); err != nil {
			return err
		}
		if out.Refused != nil {
			if !refusal(out.Refused) { // it could not be judged
				return nil
			}
			seen, out.Refused = nil, nil
		}
	}
	op := t.Op
	if op == OpSet {
		if op = OpUpdate; seen == nil {
			op = OpCreate
		}
	}
	if (op == OpUpdate || op == OpDelete) && seen == nil {
		if out.Refused = noDocument(); out.Stored == nil {
			out.Op = op
		}
		return nil
	}
	if op != OpDelete {
		prepare := op
		if t.Op == OpSet {
			prepare = OpSet
		}
		next, err := sess.Prepare(prepare, t.In, seen, withID(t.ID, t.Next))
		if err != nil {
			out.Op, out.Refused = op, err
			return nil //nolint:nilerr // it is what is asked for
		}
		out.Next = next
	}
	if err := check(op, seen, out.Next); err != nil || out.Refused != nil {
		return err
	}
	if out.Stored != nil && seen == nil { // a set over a document one may not get
		out.Refused = denied
	}
	return nil
}

// refusal reports whether a rule said no, and not that it cannot tell.
func refusal(err error) bool {
	switch hutch.CodeOf(err) {
	case hutch.PermissionDenied, hutch.Unauthenticated, hutch.NotFound:
		return true
	}
	return false
}

// Sampled is how the list rule judges documents one by one.
type Sampled struct {
	Passing, Refused int
	Passes, Refuses  Doc // one of each, nil: there is none
	Complete         bool
}

// Sample judges at most most documents that match a query's filter by the list
// rule, for who bypasses rules.
func (s *Service) Sample(ctx context.Context, as hutch.Principal, q Query, most int, r Request) (*Sampled, error) {
	caller := hutch.PrincipalFrom(ctx)
	if !caller.Bypasses() {
		return nil, Denied(caller)
	}
	st := &state{s: s}
	defer st.close()
	c := s.call(as, r, st)
	if c.coll(q.From) == nil {
		return nil, noDocument().WithHint("There is no collection " + q.From + " in hutch.yaml.")
	}
	if err := s.tell(ctx, &caller, q.From); err != nil {
		return nil, err
	}
	c.r.Op, c.r.Limit, c.r.OrderBy = OpList, q.Limit, q.OrderBy
	snap, err := st.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, explainTime)
	defer cancel()
	sess, out := c.session(ctx), &Sampled{Complete: true}
	plan := &Plan{Collection: q.From, Where: q.Where, Limit: most + 1, Budget: c.budget()}
	leave, err := c.enter(ctx, plan)
	if err != nil {
		return nil, err
	}
	defer leave()
	for d, err := range snap.Find(ctx, plan) {
		if code := hutch.CodeOf(err); code == hutch.ResourceExhausted || code == hutch.DeadlineExceeded {
			out.Complete = false
			break
		} else if err != nil {
			return nil, err
		}
		if out.Passing+out.Refused == most {
			out.Complete = false
			break
		}
		ok, err := c.listed(sess, q.From, d)
		switch {
		case err != nil:
			return nil, err
		case ok:
			if out.Passing++; out.Passes == nil {
				out.Passes = append(Doc(nil), d...)
			}
		default:
			if out.Refused++; out.Refuses == nil {
				out.Refuses = append(Doc(nil), d...)
			}
		}
	}
	return out, nil
}
