package data

import (
	"bytes"
	"context"
	"time"

	"github.com/hutch-dev/hutch"
)

// judge runs one step against the document it meets and gives the one to write,
// nil for a delete. It is pure unless the step is impure: operators, rules,
// preconditions, hooks and schema, in this order.
func (st *step) judge(ctx context.Context, old Doc, now time.Time) (Doc, error) {
	c := st.c
	sess := c.session(ctx)
	seen := old // what preconditions see
	var hidden bool
	if old != nil && st.op != OpCreate {
		ok, err := c.readable(ctx, st.coll, st.id, old)
		if err != nil {
			return nil, err
		}
		if hidden = !ok; hidden {
			seen = nil
		}
	}
	if (st.op == OpUpdate || st.op == OpDelete) && seen == nil {
		return nil, noDocument()
	}
	branch := st.op
	if branch == OpSet {
		branch = OpUpdate
		if seen == nil {
			branch = OpCreate
		}
	}
	st.created = branch == OpCreate
	next, err := st.next(sess, branch, seen, now)
	if err != nil {
		return nil, err
	}
	before := seen // what the rules judge as stored
	if err := sess.Check(branch, st.coll, st.id, before, next); err != nil {
		return nil, st.refused(err)
	}
	if branch == OpCreate && !st.made && c.coll(st.coll).ServerIDs && !c.p.Bypasses() {
		return nil, st.inData(badField(FieldID, "the server makes the ids of this collection"))
	}
	if st.op == OpCreate && old != nil {
		return nil, taken(st.coll, st.id)
	}
	if err := st.conditions(sess, seen); err != nil {
		return nil, err
	}
	if hidden { // a set over a document one may not get
		return nil, Denied(c.p)
	}
	if st.impure && c.hooks(branch, st.coll) {
		if next, err = st.hook(ctx, branch, before, next); err != nil {
			return nil, err
		}
	}
	if next == nil {
		return nil, nil
	}
	if err := checkShape(next, &c.s.limits); err != nil {
		return nil, st.inData(err)
	}
	if st.schema != nil {
		if err := st.schema.Validate(next); err != nil {
			return nil, st.inData(err)
		}
	}
	return next, nil
}

// next gives the document that the client asks for: operators, then preset,
// default and what set keeps; write masks and immutable refuse.
func (st *step) next(sess Session, branch Op, old Doc, now time.Time) (Doc, error) {
	var next Doc
	op := branch
	switch st.op {
	case OpDelete:
		return nil, nil
	case OpUpdate:
		d, err := st.update.Apply(withID(st.id, old), now.UnixMilli())
		if err != nil {
			return nil, st.inData(err)
		}
		next = d
	case OpSet:
		next, op = st.data, OpSet
	default:
		next = st.data
	}
	d, err := sess.Prepare(op, st.coll, old, next)
	if err != nil {
		return nil, st.refused(err)
	}
	return d, nil
}

// conditions judges the preconditions on the document as the principal sees it.
func (st *step) conditions(sess Session, seen Doc) error {
	p := &st.pre
	failed := func(r hutch.Reason, text string) error {
		return &hutch.Error{Code: hutch.FailedPrecondition, Reason: r, Message: text}
	}
	switch {
	case p.IfVersion != 0 && versionOf(seen) != p.IfVersion:
		return failed(hutch.ReasonVersion, "the document has another version")
	case p.IfExists && seen == nil:
		return failed(hutch.ReasonExists, "the document does not exist")
	case p.IfMissing && seen != nil:
		return failed(hutch.ReasonExists, "the document exists")
	case st.match == nil:
		return nil
	}
	if err := sess.Refer(st.coll, st.paths); err != nil {
		e := hutch.AsError(st.c.denied(err))
		return e.At("if")
	}
	if seen != nil && st.match.Match(seen) {
		return nil
	}
	if p.Else != nil {
		e := *p.Else
		if e.Code == hutch.FailedPrecondition && e.Reason == "" {
			e.Reason = hutch.ReasonGuard
		}
		return &e
	}
	return failed(hutch.ReasonGuard, "the condition of the write does not hold")
}

// hook lets the app's code edit or refuse the change, on behalf of whose request
// it is; the access rule and immutable judge its answer for whom the write acts as.
func (st *step) hook(ctx context.Context, branch Op, old, next Doc) (Doc, error) {
	c := st.c
	change := &Change{Collection: st.coll, ID: st.id, Op: branch, Before: old, After: next}
	tx := c.st.hookTx()
	defer tx.Close()
	if err := c.app.Hooks.Before(hutch.WithPrincipal(ctx, tx.Principal()), tx, change); err != nil {
		return nil, st.stumbled(err, next)
	}
	if branch == OpDelete || change.After == nil || bytes.Equal(change.After, next) {
		return next, nil
	}
	if err := CheckDoc(change.After); err != nil {
		return nil, err
	}
	edited := withID(st.id, change.After)
	if err := c.session(ctx).Check(branch, st.coll, st.id, old, edited); err != nil {
		return nil, st.refused(err)
	}
	return edited, nil
}

// stumbled is a hook's error as it is answered. A hook may mend a document before
// the schema judges it; one that fell over what the schema refuses is not to
// blame, and the client learns what is wrong with the document.
func (st *step) stumbled(err error, given Doc) error {
	if given == nil || st.schema == nil || hutch.AsError(err).Code != hutch.Internal {
		return err
	}
	if wrong := st.schema.Validate(given); wrong != nil {
		return st.inData(wrong)
	}
	return err
}

// refused is a rule's refusal as it is answered.
func (st *step) refused(err error) error { return st.inData(st.c.denied(err)) }

func taken(coll, id string) error {
	return &hutch.Error{Code: hutch.AlreadyExists, Message: "the id is taken", Field: FieldID, Err: &Conflict{Collection: coll, ID: id}}
}
