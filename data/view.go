package data

import (
	"context"
	"encoding/binary"

	"github.com/hutch-dev/hutch"
)

const (
	viewLimit = 1000
	viewBytes = 4 << 20
)

// View is a query bound to a principal: what a live query needs of rules and
// store. It is safe for one goroutine at a time.
type View struct {
	Query Query  // its Limit is never 0
	Key   string // canonical bytes: config version, collection, query, select, Filter.Key; Principal.Key when inexact

	c     *call
	b     *bound
	match *Matcher
	sel   *Projection // nil: everything
}

// Rule is the filter that the view stands under.
func (v *View) Rule() Filter { return v.b.filter }

// Row is a document of a view and its place in the view's order.
type Row struct {
	Doc  Doc // as Show gives it
	Mark Mark
}

// View binds a query to the context's principal for live queries; denied as a
// list is. Without a limit it holds the first 1,000.
func (s *Service) View(ctx context.Context, q Query, r Request) (*View, error) {
	if q.Count || q.After != "" || q.Explain {
		return nil, hutch.Errorf(hutch.Unimplemented, "live queries have no count, no after and no explain in this version")
	}
	if q.Limit == 0 {
		q.Limit = min(viewLimit, s.limits.PageMax)
	}
	r.Live = true
	c := s.call(hutch.PrincipalFrom(ctx), r, &state{s: s})
	b, err := c.bind(ctx, q)
	if err != nil {
		return nil, err
	}
	if b.scan > 0 { // the window is of what the rule passes, found by reading on
		b.plan.Limit = 0
	}
	v := &View{Query: b.q, c: c, b: b}
	if v.match, err = Compile(b.plan.Where); err != nil {
		return nil, err
	}
	if len(q.Select) > 0 {
		v.sel = NewProjection(q.Select)
	}
	v.Key = v.key()
	return v, nil
}

// key joins the parts of a group's identity, each with its length.
func (v *View) key() string {
	var k []byte
	add := func(s string) {
		k = binary.AppendUvarint(k, uint64(len(s)))
		k = append(k, s...)
	}
	q := &v.b.q
	add(v.c.app.Version)
	add(q.From)
	add(q.Canonical())
	k = binary.AppendUvarint(k, uint64(q.Limit))
	k = binary.AppendUvarint(k, uint64(len(q.Select)))
	for _, p := range q.Select {
		add(p)
	}
	k = append(k, byte(v.b.filter.Kind))
	add(v.b.filter.Key)
	if v.b.scan > 0 {
		add(v.c.p.Key)
	}
	return string(k)
}

// Read gives the result at a snapshot not older than atLeast: at most the
// query's limit of rows, and whether more lie beyond. resource_exhausted above
// 4 MiB, or over the budget of the query.
func (v *View) Read(ctx context.Context, atLeast Position) (rows []Row, at Position, more bool, err error) {
	c := v.c
	snap, err := c.s.store.Snapshot(ctx, atLeast)
	if err != nil {
		return nil, "", false, err
	}
	defer snap.Close()
	c.st.snap = snap
	defer func() { c.st.snap = nil }()
	plan := v.b.plan
	plan.Budget = c.budget()
	leave, err := c.enter(ctx, &plan)
	if err != nil {
		return nil, "", false, err
	}
	defer leave()
	sess := c.session(ctx)
	show := shower{mask: sess, coll: v.Query.From, sel: v.sel}
	size := 0
	for d, err := range snap.Find(ctx, &plan) {
		if err != nil {
			return nil, "", false, c.refusedQuery(ctx, &plan, err)
		}
		if v.b.scan > 0 {
			if ok, err := c.listed(sess, v.Query.From, d); err != nil {
				return nil, "", false, err
			} else if !ok {
				continue
			}
		}
		if len(rows) == v.Query.Limit {
			return rows, snap.Position(), true, nil
		}
		row := Row{Mark: MarkOf(d, v.Query.OrderBy), Doc: show.add(d)}
		if size += len(row.Doc); size > viewBytes {
			return nil, "", false, hutch.Errorf(hutch.ResourceExhausted, "the result is larger than 4 MiB").
				WithHint("Ask for fewer documents, or for fewer fields with select.")
		}
		rows = append(rows, row)
	}
	return rows, snap.Position(), false, nil
}

// Match reports whether the stored document d is in the (unlimited) result now.
func (v *View) Match(d Doc) bool {
	if d == nil || !v.match.Match(d) || v.b.plan.Checked && CheckDoc(d) != nil || !CanSort(d, v.Query.OrderBy) {
		return false
	}
	if v.b.scan == 0 {
		return true
	}
	ok, err := v.c.listed(v.c.session(context.Background()), v.Query.From, d)
	return ok && err == nil
}

// Show gives d masked and selected: a copy, or d itself.
func (v *View) Show(d Doc) Doc {
	d = v.c.session(context.Background()).Mask(v.Query.From, d)
	if v.sel != nil {
		return v.sel.Apply(d)
	}
	return d
}

// Mark gives the place of a stored document in the view's order.
func (v *View) Mark(d Doc) Mark { return MarkOf(d, v.Query.OrderBy) }

// Compare orders two stored documents as the query does, _id last.
func (v *View) Compare(a, b Doc) int { return CompareDocs(a, b, v.Query.OrderBy) }

// CompareMarks orders places as Compare orders their documents.
func (v *View) CompareMarks(a, b Mark) int { return CompareMarks(a, b, v.Query.OrderBy) }
