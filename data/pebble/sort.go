package pebble

import (
	"bytes"
	"container/heap"
	"slices"

	"github.com/hutch-dev/hutch/data"
)

// sorted runs an access whose order is not the plan's: it keeps the first
// documents of the order, as many as the plan wants, in memory.
func (r *run) sorted(a *data.Access, yield func(data.Doc) error) error {
	k := keep{limit: r.p.Limit, max: r.budget.SortBytes}
	var after []byte
	if m := r.p.After; m != nil {
		for i, o := range r.p.OrderBy {
			after = data.AppendKey(after, m.Values[i], o.Desc)
		}
		after = append(after, m.ID...)
	}
	var key []byte
	err := r.each(a, nil, func(d data.Doc) error {
		key = key[:0]
		for _, o := range r.p.OrderBy {
			key = data.AppendKey(key, data.SortValue(d, o), o.Desc)
		}
		key = append(key, data.Text(data.Field(d, data.FieldID))...)
		if after != nil && bytes.Compare(key, after) <= 0 {
			return nil
		}
		return k.add(key, d)
	})
	if err != nil {
		return err
	}
	slices.SortFunc(k.rows, func(a, b row) int { return bytes.Compare(a.key, b.key) })
	for _, x := range k.rows {
		if err := yield(x.doc); err != nil {
			return err
		}
	}
	return nil
}

type row struct {
	key []byte
	doc data.Doc
}

// keep holds the least rows, at most limit (0: all), as a heap with the
// greatest on top.
type keep struct {
	rows  []row
	limit int
	bytes int64
	max   int64 // of bytes; 0: no limit
}

func (k *keep) add(key []byte, d data.Doc) error {
	full := k.limit > 0 && len(k.rows) == k.limit
	if full && bytes.Compare(key, k.rows[0].key) >= 0 {
		return nil
	}
	x := row{slices.Clone(key), slices.Clone(d)}
	k.bytes += int64(len(key) + len(d))
	switch {
	case full:
		k.bytes -= int64(len(k.rows[0].key) + len(k.rows[0].doc))
		k.rows[0] = x
		heap.Fix(k, 0)
	case k.limit > 0:
		heap.Push(k, x)
	default:
		k.rows = append(k.rows, x)
	}
	if k.max > 0 && k.bytes > k.max {
		return errSort
	}
	return nil
}

func (k *keep) Len() int           { return len(k.rows) }
func (k *keep) Less(i, j int) bool { return bytes.Compare(k.rows[i].key, k.rows[j].key) > 0 }
func (k *keep) Swap(i, j int)      { k.rows[i], k.rows[j] = k.rows[j], k.rows[i] }
func (k *keep) Push(x any)         { k.rows = append(k.rows, x.(row)) }
func (k *keep) Pop() any {
	x := k.rows[len(k.rows)-1]
	k.rows = k.rows[:len(k.rows)-1]
	return x
}
