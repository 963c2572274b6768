package data

import (
	"context"
	"iter"
)

// System gives a room its own collections: no rules, no hooks, the same
// commits and the same log. Service.System makes one.
type System interface {
	Get(ctx context.Context, coll, id string) (Doc, error)
	Find(ctx context.Context, q Query) iter.Seq2[Doc, error]
	Commit(ctx context.Context, b *Batch) (Result, error)
}
