package mongo

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// run is one plan under way.
type run struct {
	ctx    context.Context //nolint:containedctx // of the one call
	sn     *snapshot
	p      *data.Plan
	coll   *mongo.Collection
	built  []data.Built // the indexes in use
	ixs    []*index     // and as they are kept
	a      *data.Access
	bound  data.Where
	where  bson.Raw // bound, what the server looks for, a superset; nil: all
	whole  bool     // and no more than the plan's filter
	match  *data.Matcher
	budget *data.Budget
	steps  int
}

var (
	errStop = errors.New("enough")
	errGone = errors.New("the cursor is gone") // with its node; the snapshot is not
)

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

func (sn *snapshot) find(ctx context.Context, p *data.Plan, yield func(data.Doc) error) error {
	if !sn.s.enter() {
		return errClosed
	}
	defer sn.s.leave()
	r, err := sn.begin(ctx, p)
	if err != nil || r == nil {
		return err
	}
	if p.After != nil && len(p.After.Values) != len(p.OrderBy) {
		return hutch.Errorf(hutch.InvalidArgument, "the mark is of another order")
	}
	given := false
	give := func(d data.Doc) error {
		given = true
		return yield(d)
	}
	for {
		switch {
		case r.a.Sorted:
			err = r.walk(give)
		default:
			docs, size := r.budget.Docs, r.budget.Bytes
			if err = r.sorted(give); hutch.CodeOf(err) == hutch.ResourceExhausted && !given && r.inOrder() {
				r.budget.Docs, r.budget.Bytes = docs, size
				err = r.walk(give)
			}
		}
		switch {
		case !errors.Is(err, errNoIndex):
			return err
		case given:
			return hutch.Errorf(hutch.Aborted, "an index was dropped meanwhile")
		}
		r.plan(nil) // another node has dropped it
	}
}

// sorted runs an access whose order is not the plan's.
func (r *run) sorted(yield func(data.Doc) error) error {
	var s *data.Sorter
	err := r.all(func() { s = data.NewSorter(r.p) }, func(d data.Doc) error { return s.Add(d) })
	if err != nil {
		return err
	}
	for d := range s.All() {
		if err := yield(d); err != nil {
			return err
		}
	}
	return nil
}

// all calls f for each document of the access that matches, in no order. It
// calls again first and then begins again when the cursor is gone.
func (r *run) all(again func(), f func(data.Doc) error) error {
	docs, bytes := r.budget.Docs, r.budget.Bytes
	for {
		again()
		err := r.branches(f)
		switch {
		case errors.Is(err, errNoIndex): // another node has dropped it
			r.plan(nil)
		case !errors.Is(err, errGone):
			return err
		}
		r.budget.Docs, r.budget.Bytes = docs, bytes
	}
}

// branches streams the documents of an access, those of an $or by one query an
// index, so that none falls back on all documents.
func (r *run) branches(f func(data.Doc) error) error {
	qs := []query{{filter: conjunction(r.where), hint: r.hint()}}
	var met map[string]struct{} // ids, where a document may come again
	if len(r.a.Also) > 0 {
		qs, met = qs[:0], map[string]struct{}{}
		for i, a := range append([]*data.Access{r.a}, r.a.Also...) {
			where, _ := translate(r.bound.Kids[i])
			qs = append(qs, query{filter: conjunction(where), hint: r.hintOf(a)})
		}
	}
	for _, q := range qs {
		err := r.stream(q, func(raw bson.Raw) error {
			d, ok, err := r.examine(raw)
			if err != nil || !ok {
				return err
			}
			if met != nil {
				id := data.Text(data.Field(d, data.FieldID))
				if _, again := met[id]; again {
					return nil
				}
				met[id] = struct{}{}
			}
			return f(d)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// begin prepares a plan; nil when nothing can match.
func (sn *snapshot) begin(ctx context.Context, p *data.Plan) (*run, error) {
	m, err := data.Compile(p.Where)
	if err != nil {
		return nil, err
	}
	r := &run{ctx: ctx, sn: sn, p: p, coll: sn.s.db.Collection(stored(p.Collection)), match: m, budget: p.Budget}
	if r.budget == nil {
		r.budget = new(data.Budget)
	}
	c := sn.s.cat.Load().colls[p.Collection]
	r.plan(c)
	if p.Where.IsNever() {
		// A snapshot that was read has a time.
		_, err := sn.Get(ctx, p.Collection, "")
		return nil, err
	}
	return r, nil
}

// plan chooses the access among the indexes of c.
func (r *run) plan(c *collection) {
	r.built, r.ixs = nil, nil
	if c != nil {
		r.built, r.ixs = c.serving()
	}
	r.take(data.ChooseAmong(r.built, r.p.Where, r.p.OrderBy))
}

// inOrder takes a walk in the plan's order instead, for a page; it reports whether
// there is one.
func (r *run) inOrder() bool {
	a := data.InOrder(r.built, r.p.Where, r.p.OrderBy)
	if a == nil || r.p.Limit == 0 {
		return false
	}
	r.take(a)
	return true
}

func (r *run) take(a *data.Access) {
	r.a = a
	r.budget.Index, r.budget.Unindexed = r.a.Name, r.a.Unindexed(r.p.Limit)
	r.bound = r.a.Bound(r.built, r.p.Where)
	var exact bool
	r.where, exact = translate(r.bound)
	r.whole = exact && r.p.Where.Op == data.WhereAll
	if exact && !r.whole && r.p.Limit > 0 {
		r.whole = r.bound.Canonical() == r.p.Where.Canonical()
	}
}

// serving are the indexes that queries use. One with an array's index in a path
// is none: MongoDB finds other documents with it than without, where the elements
// are objects.
func (c *collection) serving() (built []data.Built, ixs []*index) {
	for i, b := range c.built() {
		if !slices.ContainsFunc(b.Fields, func(f data.Order) bool { return hasPlace(f.Path) }) {
			built, ixs = append(built, b), append(ixs, c.indexes[i])
		}
	}
	return built, ixs
}

// hasPlace reports whether a segment of a path is a number.
func hasPlace(path string) bool {
	for name := range strings.SplitSeq(path, ".") {
		if strings.Trim(name, "0123456789") == "" {
			return true
		}
	}
	return false
}

// examine judges one document of the server's: it counts, and is passed on if it
// matches here too.
func (r *run) examine(raw bson.Raw) (d data.Doc, ok bool, err error) {
	if err := r.spend(len(raw)); err != nil {
		return nil, false, err
	}
	if d, ok = shown(raw); !ok || !r.match.Match(d) {
		return nil, false, nil
	}
	if data.CheckDoc(d) != nil && !r.readable(d) {
		return nil, false, nil
	}
	return d, true, nil
}

// readable reports whether the plan finds a document with values that no rule
// can judge: not where rules did, nor where its place in the order is not known.
func (r *run) readable(d data.Doc) bool { return !r.p.Checked && data.CanSort(d, r.p.OrderBy) }

// spend counts one document of n bytes, before it is shown.
func (r *run) spend(n int) error {
	if r.steps++; r.steps%64 == 0 {
		switch {
		case r.ctx.Err() != nil:
			return ctxError(r.ctx)
		case r.sn.s.o.Now().After(r.sn.until):
			return errTooOld
		}
	}
	return r.budget.Spend(1, int64(n))
}
