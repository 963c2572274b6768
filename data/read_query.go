package data

import (
	"context"

	"github.com/hutch-dev/hutch"
)

// scanDefault is what a page examines under a list rule that is no exact filter
// and says nothing itself.
const scanDefault = 1000

// Query runs q.
func (s *Service) Query(ctx context.Context, q Query, r Request) (*Page, error) {
	st := &state{s: s}
	defer st.close()
	return s.call(hutch.PrincipalFrom(ctx), r, st).query(ctx, q, false)
}

// bound is a query under the rules of one principal.
type bound struct {
	q      Query
	plan   Plan
	filter Filter
	scan   int // documents a page examines when the filter is not exact; 0: it is
}

// bind judges a query: limits and syntax, the list rule, the paths it names.
func (c *call) bind(ctx context.Context, q Query) (*bound, error) {
	l := &c.s.limits
	if q.Limit < 0 || q.Limit > l.PageMax {
		e := badField("limit", "limit is 1 to ")
		e.Message += itoa(l.PageMax)
		return nil, e
	}
	if q.Limit == 0 {
		q.Limit = l.PageDefault
	}
	if len(q.OrderBy) > 4 {
		return nil, badField("orderBy", "at most 4 keys")
	}
	if c.coll(q.From) == nil {
		return nil, c.unknown(OpList, q.From)
	}
	if q.Explain && !c.tells() {
		return nil, Denied(c.p)
	}
	if err := c.s.tell(ctx, &c.p, q.From); err != nil {
		return nil, err
	}
	c.r.Op, c.r.Limit, c.r.OrderBy = OpList, q.Limit, q.OrderBy
	sess := c.session(ctx)
	f, err := sess.Filter(OpList, q.From, q.Where)
	if err != nil {
		return nil, c.denied(err)
	}
	paths := wherePaths(q.Where, "", nil)
	for _, o := range q.OrderBy {
		paths = append(paths, o.Path)
	}
	if len(paths) > 0 {
		if err := sess.Refer(q.From, paths); err != nil {
			return nil, c.denied(err)
		}
	}
	b := &bound{q: q, filter: f}
	where := q.Where
	switch f.Kind {
	case FilterNever:
		return nil, Denied(c.p)
	case FilterConditional:
		where = And(f.Where, q.Where)
		if !f.Exact {
			if b.scan = f.Scan; b.scan <= 0 {
				b.scan = scanDefault
			}
		}
	}
	if b.scan > 0 && q.Count {
		return nil, badField("count", "a collection under a rule with scan has no count")
	}
	b.plan = Plan{Collection: q.From, Where: where, OrderBy: q.OrderBy, Limit: q.Limit + 1, Checked: !c.p.Bypasses()}
	if b.scan > 0 {
		b.plan.Limit = b.scan + 1
	}
	return b, nil
}

// query runs q on the call's state.
func (c *call) query(ctx context.Context, q Query, track bool) (*Page, error) {
	b, err := c.bind(ctx, q)
	if err != nil {
		return nil, err
	}
	if q.After != "" {
		if b.plan.After, err = c.open(&b.q); err != nil {
			return nil, err
		}
	}
	leave, err := c.enter(ctx, &b.plan)
	if err != nil {
		return nil, err
	}
	defer leave()
	snap, err := c.st.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	page := &Page{Docs: make([]Doc, 0, min(b.q.Limit, 64))}
	b.plan.Budget = c.budget()
	last, err := c.fill(ctx, snap, b, page, track)
	if err != nil {
		return nil, c.refusedQuery(ctx, &b.plan, err)
	}
	if last != nil {
		if page.Next, err = c.seal(&b.q, *last); err != nil {
			return nil, err
		}
	}
	if q.Count {
		count := Plan{Collection: b.plan.Collection, Where: b.plan.Where, Budget: c.budget(), Checked: b.plan.Checked}
		if page.Count, err = snap.Count(ctx, &count); err != nil {
			return nil, c.refusedQuery(ctx, &count, err)
		}
	}
	page.Position = snap.Position()
	if q.Explain {
		page.Explain = b.plan.Budget
	}
	return page, nil
}

// fill adds what the plan yields to page until it is full; last is where the
// next page starts behind, nil at the end.
func (c *call) fill(ctx context.Context, snap Snapshot, b *bound, page *Page, track bool) (last *Mark, err error) {
	sess := c.session(ctx)
	show := c.shower(&b.q)
	var size int64
	examined := 0
	for d, err := range snap.Find(ctx, &b.plan) {
		if err != nil {
			return nil, err
		}
		switch {
		case len(page.Docs) == b.q.Limit, size > 0 && size+int64(len(d)) > c.s.limits.AnswerBytes:
			return last, nil
		case b.scan > 0 && examined == b.scan:
			page.Partial = true
			return last, nil
		}
		examined++
		// where the page may end: at its last place, when it grows large, or anywhere
		if len(page.Docs) == b.q.Limit-1 || b.scan > 0 || size+int64(c.s.limits.DocBytes)*2 > c.s.limits.AnswerBytes {
			m := MarkOf(d, b.q.OrderBy)
			last = &m
		}
		if b.scan > 0 {
			if ok, err := c.listed(sess, b.q.From, d); err != nil {
				return nil, err
			} else if !ok {
				continue
			}
		}
		if track {
			if err := c.st.record(b.q.From, idOf(d), versionOf(d)); err != nil {
				return nil, err
			}
		}
		out := show.add(d)
		size += int64(len(out))
		page.Docs = append(page.Docs, out)
	}
	return nil, nil
}

// listed judges a document that an inexact filter passed.
func (c *call) listed(sess Session, coll string, d Doc) (bool, error) {
	err := sess.Check(OpList, coll, idOf(d), d, nil)
	switch hutch.CodeOf(err) {
	case "":
		return true, nil
	case hutch.PermissionDenied, hutch.Unauthenticated, hutch.NotFound:
		return false, nil
	}
	return false, err
}

// shower masks, selects and keeps documents, whose bytes hold only until the
// store's next step, in few allocations.
type shower struct {
	mask  Session
	coll  string
	sel   *Projection // nil: everything
	arena []byte
}

func (c *call) shower(q *Query) shower {
	s := shower{mask: c.sess, coll: q.From}
	if len(q.Select) > 0 {
		s.sel = NewProjection(q.Select)
	}
	return s
}

func (s *shower) add(d Doc) Doc {
	d = s.mask.Mask(s.coll, d)
	if s.sel != nil {
		return s.sel.Apply(d)
	}
	if len(s.arena)+len(d) > cap(s.arena) {
		s.arena = make([]byte, 0, max(len(d), min(2*cap(s.arena)+4<<10, 64<<10)))
	}
	n := len(s.arena)
	s.arena = append(s.arena, d...)
	return Doc(s.arena[n:len(s.arena):len(s.arena)])
}
