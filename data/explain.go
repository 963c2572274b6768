package data

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// explainTime bounds the trial run of Explain.
const explainTime = 5 * time.Second

// Explanation is how a query is run, and what a trial of it took.
type Explanation struct {
	Index     string   // what was walked; "_id": the documents themselves
	Also      []string // of an $or: walked besides
	Bounds    []Bound  // of the walk's leading fields
	Narrowed  bool     // the bounds leave documents out
	Sorted    bool     // the walk is in the query's order; else it is sorted in memory
	Reverse   bool
	Unindexed bool // no index narrowed or ordered it
	Where     Where
	Filter    Filter // of the rules alone
	Rule      RuleEffect
	Scan      int // with RuleScan: documents a page examines

	Examined, Bytes int64
	Returned        int
	Took            time.Duration
	Stopped         hutch.Code // why the trial ended early; "": it did not
	Advice          string     // Advise
}

// RuleEffect is what the rules make of a query.
type RuleEffect string

// The effects.
const (
	RuleAlways RuleEffect = "always" // they ask nothing
	RuleFilter RuleEffect = "filter" // they are part of the filter
	RuleScan   RuleEffect = "scan"   // they judge each document besides
	RuleNever  RuleEffect = "never"  // they deny it
)

// Bound is what a query says of a field of an index.
type Bound struct {
	Order
	Conditions []Where
}

// Explain plans q as a principal and tries it, for who bypasses rules.
func (s *Service) Explain(ctx context.Context, as hutch.Principal, q Query, r Request) (*Explanation, error) {
	caller := hutch.PrincipalFrom(ctx)
	if !caller.Bypasses() {
		return nil, Denied(caller)
	}
	if q.After != "" || q.Count || q.Explain {
		return nil, badField("query", "what is explained has no after, no count and no explain")
	}
	st := &state{s: s}
	defer st.close()
	c := s.call(as, r, st)
	coll := c.coll(q.From)
	if coll == nil {
		return nil, noDocument().WithHint("There is no collection " + q.From + " in hutch.yaml.")
	}
	if err := s.tell(ctx, &caller, q.From); err != nil {
		return nil, err
	}
	b, err := c.bind(ctx, q)
	switch hutch.CodeOf(err) {
	case "":
	case hutch.PermissionDenied, hutch.Unauthenticated:
		return &Explanation{Rule: RuleNever, Where: Never(), Filter: Filter{Kind: FilterNever, Where: Never(), Exact: true}}, nil
	default:
		return nil, err
	}
	out := &Explanation{Where: b.plan.Where, Filter: b.filter, Rule: RuleAlways, Scan: b.scan, Advice: Advise(*coll, b.plan.Where, q.OrderBy)}
	switch {
	case b.scan > 0:
		out.Rule = RuleScan
	case b.filter.Kind == FilterConditional:
		out.Rule = RuleFilter
	}
	if err := c.try(ctx, b, out); err != nil {
		return nil, err
	}
	out.describe(coll, &b.plan)
	return out, nil
}

// try runs a query within its budget and some seconds.
func (c *call) try(ctx context.Context, b *bound, out *Explanation) error {
	ctx, cancel := context.WithTimeout(ctx, explainTime)
	defer cancel()
	leave, err := c.enter(ctx, &b.plan)
	if err != nil {
		return err
	}
	defer leave()
	snap, err := c.st.snapshot(ctx)
	if err != nil {
		return err
	}
	b.plan.Budget = c.budget()
	began := time.Now()
	page := &Page{}
	_, err = c.fill(ctx, snap, b, page, false)
	out.Took = time.Since(began)
	switch code := hutch.CodeOf(err); code {
	case "":
	case hutch.ResourceExhausted, hutch.DeadlineExceeded:
		out.Stopped = code
	default:
		return err
	}
	out.Returned = len(page.Docs)
	u := b.plan.Budget
	out.Index, out.Unindexed, out.Examined, out.Bytes = u.Index, u.Unindexed, u.Docs, u.Bytes
	return nil
}

// describe tells of the walk that the store chose. A store knows which indexes
// hold several values of a document; here that shows in its choice alone.
func (e *Explanation) describe(coll *Collection, p *Plan) {
	a := Choose(*coll, p.Where, p.OrderBy)
	if a.Name != e.Index || a.Unindexed(p.Limit) != e.Unindexed {
		many := make([]Built, len(coll.Indexes))
		for i, ix := range coll.Indexes {
			many[i] = Built{Index: ix, Many: 1<<maxIndexFields - 1}
		}
		if a = ChooseAmong(many, p.Where, p.OrderBy); a.Name != e.Index {
			return
		}
	}
	e.Narrowed, e.Sorted, e.Reverse = a.Narrowed, a.Sorted, a.Reverse
	for _, also := range a.Also {
		e.Also = append(e.Also, also.Name)
	}
	fields := []Order{{Path: FieldID}}
	if a.Index != ByID {
		fields = coll.Indexes[a.Index].Fields[:a.bounded]
	} else if !a.Narrowed {
		fields = nil
	}
	var buf [16]*Where
	leaves := flatten(buf[:0], &p.Where)
	for _, f := range fields {
		b := Bound{Order: f}
		for _, w := range leaves {
			if constrained(w) == f.Path && w.Value.Type != bson.Type(0) || w.Op == OpElem && constrained(w) == f.Path {
				b.Conditions = append(b.Conditions, *w)
			}
		}
		e.Bounds = append(e.Bounds, b)
	}
}
