package mongo

import (
	"context"
	"math"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/hutch-dev/hutch/data"
)

// Count is exact. Where the whole filter is MongoDB's, the server counts and no
// document travels; it examines no more than the budget has left.
func (sn *snapshot) Count(ctx context.Context, p *data.Plan) (int64, error) {
	if !sn.s.enter() {
		return 0, errClosed
	}
	defer sn.s.leave()
	q := *p
	q.OrderBy, q.After, q.Limit = nil, nil, 0
	r, err := sn.begin(ctx, &q)
	if err != nil || r == nil {
		return 0, err
	}
	if full, exact := translate(p.Where); exact && len(r.a.Also) == 0 {
		t, err := r.tally(r.where, full)
		if err != nil {
			return 0, err
		}
		if t.foreign == 0 {
			return t.hits, r.budget.Spend(t.docs, t.bytes)
		}
	}
	n := int64(0)
	err = r.all(func() { n = 0 }, func(data.Doc) error { n++; return nil })
	return n, err
}

// tally is what the server says of a range: its documents and their bytes, those
// that other programs wrote, and those that a filter finds.
type tally struct{ docs, bytes, foreign, hits int64 }

var (
	spentOf   = bson.A{bson.D{{Key: "$group", Value: bson.D{{Key: "_id", Value: nil}, {Key: "docs", Value: sum(1)}, {Key: "bytes", Value: sum(bson.D{{Key: "$bsonSize", Value: "$$ROOT"}})}}}}}
	foreignOf = bson.A{bson.D{{Key: "$match", Value: foreign}}, bson.D{{Key: "$limit", Value: 1}}, bson.D{{Key: "$count", Value: "n"}}}
	// foreign are the documents of other programs, which may hold what only our
	// matcher judges as rules do.
	foreign = bson.D{{Key: "$nor", Value: bson.A{bson.D{{Key: data.FieldVersion, Value: bson.D{
		{Key: "$type", Value: "long"}, {Key: "$gt", Value: int64(foreignVersion)}, {Key: "$lt", Value: int64(maxVersion)},
	}}}}}}
)

func sum(v any) bson.D { return bson.D{{Key: "$sum", Value: v}} }

// tally has the server go through the documents that pass within.
func (r *run) tally(within, filter bson.Raw) (tally, error) {
	most := int64(math.MaxInt64)
	if r.budget.MaxDocs > 0 {
		most = max(r.budget.MaxDocs-r.budget.Docs, 0) + 1
	}
	pipeline := bson.A{
		bson.D{{Key: "$match", Value: conjunction(within)}},
		bson.D{{Key: "$limit", Value: most}},
		bson.D{{Key: "$facet", Value: bson.D{
			{Key: "spent", Value: spentOf},
			{Key: "foreign", Value: foreignOf},
			{Key: "hits", Value: bson.A{bson.D{{Key: "$match", Value: conjunction(filter)}}, bson.D{{Key: "$count", Value: "n"}}}},
		}}},
	}
	o := options.Aggregate()
	if h := r.hint(); h != nil {
		o.SetHint(h)
	}
	var answer bson.Raw
	err := r.sn.read(r.ctx, func(ctx context.Context) error {
		cur, err := r.coll.Aggregate(ctx, pipeline, o)
		if err != nil {
			return err
		}
		defer r.end(cur)
		if answer = nil; cur.Next(ctx) {
			answer = cur.Current
		}
		return cur.Err()
	})
	if isNoIndex(err) {
		r.plan(nil) // another node has dropped it
		return r.tally(r.where, filter)
	}
	return tally{
		docs: number(answer, "spent", "docs"), bytes: number(answer, "spent", "bytes"),
		foreign: number(answer, "foreign", "n"), hits: number(answer, "hits", "n"),
	}, err
}

// number reads a number of the one row of a facet.
func number(answer bson.Raw, facet, name string) int64 {
	n, _ := answer.Lookup(facet, "0", name).AsInt64OK()
	return n
}
