package functions

import (
	"context"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

const maxReadBytes = 8 << 20 // of one getMany

// dbOps does the operations of DBOps on a session; nil answers nothing.
var dbOps = map[string]func(context.Context, *data.Tx, data.Doc) (any, error){
	"db.get": func(ctx context.Context, tx *data.Tx, args data.Doc) (any, error) {
		in, id, o, err := target(args)
		if err != nil {
			return nil, err
		}
		d, err := tx.Get(ctx, in, id, o)
		return oneDoc{orNull(d)}, err
	},
	"db.getMany": func(ctx context.Context, tx *data.Tx, args data.Doc) (any, error) {
		in, o, err := source(args)
		if err != nil {
			return nil, err
		}
		ids, ok := data.Field(args, "ids").ArrayOK()
		if !ok {
			return nil, bad("ids", "ids is a list of strings")
		}
		vs, err := ids.Values()
		if err != nil || len(vs) > 1000 {
			return nil, bad("ids", "ids are at most 1,000")
		}
		docs := make([]any, len(vs))
		size := 0
		for i, v := range vs {
			id, ok := v.StringValueOK()
			if !ok {
				return nil, bad("ids", "ids is a list of strings")
			}
			d, err := tx.Get(ctx, in, id, o)
			if err != nil {
				return nil, err
			}
			if size += len(d); size > maxReadBytes {
				return nil, hutch.Errorf(hutch.ResourceExhausted, "the documents are larger than 8 MiB together")
			}
			docs[i] = orNull(d)
		}
		return manyDocs{Docs: docs}, nil
	},
	"db.find": func(ctx context.Context, tx *data.Tx, args data.Doc) (any, error) {
		page, q, err := find(ctx, tx, args, func(*data.Query) {})
		if err != nil {
			return nil, err
		}
		out := manyDocs{Docs: make([]any, len(page.Docs))}
		for i, d := range page.Docs {
			out.Docs[i] = d
		}
		if page.Next != "" {
			out.Next = &page.Next
		}
		if q.Count {
			out.Count = &page.Count
		}
		return out, nil
	},
	"db.first": func(ctx context.Context, tx *data.Tx, args data.Doc) (any, error) {
		page, _, err := find(ctx, tx, args, func(q *data.Query) { q.Limit = 1 })
		if err != nil {
			return nil, err
		}
		if len(page.Docs) == 0 {
			return oneDoc{}, nil
		}
		return oneDoc{page.Docs[0]}, nil
	},
	"db.count": func(ctx context.Context, tx *data.Tx, args data.Doc) (any, error) {
		page, _, err := find(ctx, tx, args, func(q *data.Query) { q.Limit, q.Count = 1, true })
		if err != nil {
			return nil, err
		}
		return map[string]any{"count": page.Count}, nil
	},
	"db.create": func(ctx context.Context, tx *data.Tx, args data.Doc) (any, error) {
		doc, err := write(ctx, tx, data.OpCreate, args)
		if err != nil {
			return nil, err
		}
		return oneDoc{doc}, nil
	},
	"db.set": func(ctx context.Context, tx *data.Tx, args data.Doc) (any, error) {
		_, err := write(ctx, tx, data.OpSet, args)
		return nil, err
	},
	"db.update": func(ctx context.Context, tx *data.Tx, args data.Doc) (any, error) {
		_, err := write(ctx, tx, data.OpUpdate, args)
		return nil, err
	},
	"db.delete": func(ctx context.Context, tx *data.Tx, args data.Doc) (any, error) {
		_, err := write(ctx, tx, data.OpDelete, args)
		return nil, err
	},
}

type oneDoc struct {
	Doc any `bson:"doc"`
}

type manyDocs struct {
	Docs  []any   `bson:"docs"`
	Next  *string `bson:"next"`
	Count *int64  `bson:"count,omitempty"`
}

func orNull(d data.Doc) any {
	if d == nil {
		return nil
	}
	return d
}

func source(args data.Doc) (in string, o data.ReadOptions, err error) {
	in, ok := data.Field(args, "in").StringValueOK()
	if !ok {
		return "", o, bad("collection", "the collection is a string")
	}
	if track, ok := data.Field(args, "track").BooleanOK(); ok {
		o.Untracked = !track
	}
	if o.Lock, _ = data.Field(args, "lock").BooleanOK(); o.Lock && o.Untracked {
		return "", o, bad("lock", "a read that is not tracked cannot be locked")
	}
	return in, o, nil
}

func target(args data.Doc) (in, id string, o data.ReadOptions, err error) {
	if in, o, err = source(args); err != nil {
		return "", "", o, err
	}
	id, ok := data.Field(args, "id").StringValueOK()
	if !ok {
		return "", "", o, bad("id", "the id is a string")
	}
	return in, id, o, nil
}

func find(ctx context.Context, tx *data.Tx, args data.Doc, change func(*data.Query)) (*data.Page, *data.Query, error) {
	in, o, err := source(args)
	if err != nil {
		return nil, nil, err
	}
	q := data.Query{}
	if v := data.Field(args, "query"); !v.IsZero() {
		d, ok := v.DocumentOK()
		if !ok {
			return nil, nil, bad("query", "the query is an object")
		}
		if q, err = data.ParseQueryOf(in, d); err != nil {
			return nil, nil, err
		}
	}
	q.From = in
	change(&q)
	page, err := tx.Find(ctx, q, o)
	return page, &q, err
}

func write(ctx context.Context, tx *data.Tx, op data.Op, args data.Doc) (data.Doc, error) {
	m := data.Mutation{Op: op}
	var ok bool
	if m.In, ok = data.Field(args, "in").StringValueOK(); !ok {
		return nil, bad("collection", "the collection is a string")
	}
	if v := data.Field(args, "id"); !v.IsZero() {
		if m.ID, ok = v.StringValueOK(); !ok {
			return nil, bad("id", "the id is a string")
		}
	}
	if v := data.Field(args, "doc"); !v.IsZero() {
		if m.Data, ok = v.DocumentOK(); !ok {
			return nil, bad("doc", "the document is an object")
		}
	} else if op != data.OpDelete {
		return nil, bad("doc", "the document is an object")
	}
	if v := data.Field(args, "guard"); !v.IsZero() {
		d, ok := v.DocumentOK()
		if !ok {
			return nil, bad("guard", "the guard is an object")
		}
		var err error
		if m.Precondition, err = data.ParsePrecondition(d); err != nil {
			return nil, err
		}
	}
	_, doc, err := tx.Write(ctx, m)
	return doc, err
}

func bad(field, message string) error {
	return &hutch.Error{Code: hutch.InvalidArgument, Field: field, Message: message}
}
