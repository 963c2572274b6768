package pebble

import (
	"context"
	"errors"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// run is one plan under way.
type run struct {
	ctx    context.Context
	sn     *snapshot
	p      *data.Plan
	coll   *collection
	built  []data.Built // the ready indexes
	nums   []uint32     // their numbers
	match  *data.Matcher
	budget *data.Budget
	steps  int
	seen   map[string]struct{} // ids met, where they may come again
	key    []byte
}

var errStop = errors.New("enough")

// Find runs a plan. What it yields holds until the next step.
func (sn *snapshot) Find(ctx context.Context, p *data.Plan) iter.Seq2[data.Doc, error] {
	return func(yield func(data.Doc, error) bool) {
		err := sn.find(ctx, p, func(d data.Doc) error {
			if !yield(d, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}
}

// Count is exact.
func (sn *snapshot) Count(ctx context.Context, p *data.Plan) (int64, error) {
	n := int64(0)
	q := *p
	q.OrderBy, q.After, q.Limit = nil, nil, 0
	r, a, err := sn.begin(ctx, &q)
	if err != nil || r == nil {
		return 0, err
	}
	defer sn.s.leave()
	err = r.each(a, nil, func(data.Doc) error { n++; return nil })
	return n, err
}

func (sn *snapshot) find(ctx context.Context, p *data.Plan, yield func(data.Doc) error) error {
	r, a, err := sn.begin(ctx, p)
	if err != nil || r == nil {
		return err
	}
	defer sn.s.leave()
	if p.After != nil && len(p.After.Values) != len(p.OrderBy) {
		return hutch.Errorf(hutch.InvalidArgument, "the mark is of another order")
	}
	if a.Sorted {
		return r.inOrder(a, yield)
	}
	given := false
	docs, size := r.budget.Docs, r.budget.Bytes
	err = r.sorted(a, func(d data.Doc) error { given = true; return yield(d) })
	if given || p.Limit == 0 || hutch.CodeOf(err) != hutch.ResourceExhausted {
		return err
	}
	w := data.InOrder(r.built, p.Where, p.OrderBy)
	if w == nil {
		return err
	}
	r.seen = nil
	r.budget.Docs, r.budget.Bytes = docs, size
	r.budget.Index, r.budget.Unindexed = w.Name, w.Unindexed(p.Limit)
	return r.inOrder(w, yield)
}

// inOrder runs an access whose order is the plan's.
func (r *run) inOrder(a *data.Access, yield func(data.Doc) error) error {
	n := 0
	err := r.each(a, r.p.After, func(d data.Doc) error {
		if err := yield(d); err != nil {
			return err
		}
		if n++; n == r.p.Limit {
			return errStop
		}
		return nil
	})
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

// sorted runs an access whose order is not the plan's.
func (r *run) sorted(a *data.Access, yield func(data.Doc) error) error {
	if a.Index != data.ByID && r.p.Limit > 0 && data.OrdersByID(r.p.OrderBy) {
		return r.identified(a, yield)
	}
	s := data.NewSorter(r.p)
	if err := r.each(a, nil, s.Add); err != nil {
		return err
	}
	for d := range s.All() {
		if err := yield(d); err != nil {
			return err
		}
	}
	return nil
}

// begin prepares a plan; nil when the collection is empty. leave must follow.
func (sn *snapshot) begin(ctx context.Context, p *data.Plan) (*run, *data.Access, error) {
	m, err := data.Compile(p.Where)
	if err != nil {
		return nil, nil, err
	}
	if err = sn.use(ctx); err != nil {
		return nil, nil, err
	}
	r := &run{ctx: ctx, sn: sn, p: p, coll: sn.v.cat.colls[p.Collection], match: m, budget: p.Budget}
	if r.budget == nil {
		r.budget = new(data.Budget)
	}
	if r.coll != nil {
		for _, ix := range r.coll.indexes {
			if ix.state == indexReady {
				r.built = append(r.built, data.Built{Index: ix.def, Many: ix.arrays.Load()})
				r.nums = append(r.nums, ix.num)
			}
		}
	}
	a := data.ChooseAmong(r.built, p.Where, p.OrderBy)
	r.budget.Index, r.budget.Unindexed = a.Name, a.Unindexed(p.Limit)
	if r.coll == nil {
		sn.s.leave()
		return nil, nil, nil
	}
	return r, a, nil
}

// each calls f for the documents of an access that match, in its order, behind after.
func (r *run) each(a *data.Access, after *data.Mark, f func(data.Doc) error) error {
	if a.Again {
		r.seen = map[string]struct{}{}
	}
	for _, a := range append([]*data.Access{a}, a.Also...) {
		if err := r.walk(a, after, f); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) walk(a *data.Access, after *data.Mark, f func(data.Doc) error) error {
	return r.scan(a, after, func(it *pebble.Iterator, id []byte) error {
		if a.Index == data.ByID {
			return r.examine(id, it.Value(), f)
		}
		return r.fetch(id, f)
	})
}

// scan calls f for the ids of an access, those of its documents or of entries of
// its index.
func (r *run) scan(a *data.Access, after *data.Mark, f func(it *pebble.Iterator, id []byte) error) error {
	c := &cursor{r: r, reverse: a.Reverse}
	space, num := byte(spaceDoc), r.coll.num
	if a.Index != data.ByID {
		space, num = spaceIndex, r.nums[a.Index]
	}
	c.lo, c.hi = span(space, num)
	if after != nil {
		c.after = a.SeekKey(append(make([]byte, 0, 64), c.lo...), after)
		c.id = after.ID
	}
	ranges := a.Ranges
	if a.All {
		ranges = []data.Range{{}}
	}
	if len(ranges) == 0 {
		return nil
	}
	it, err := r.sn.v.snap.NewIter(&pebble.IterOptions{LowerBound: c.lo, UpperBound: c.hi})
	if err != nil {
		return failed("reading documents", err)
	}
	c.it = it
	step := func(id []byte) error { return f(it, id) }
	for i := range ranges {
		rg := ranges[i]
		if c.reverse {
			rg = ranges[len(ranges)-1-i]
		}
		if a.Index == data.ByID {
			err = c.ids(rg, step)
		} else {
			err = c.entries(rg, step)
		}
		if err != nil {
			break
		}
	}
	if cerr := it.Close(); cerr != nil && (err == nil || errors.Is(err, errStop)) {
		return failed("reading documents", cerr)
	}
	return err
}
