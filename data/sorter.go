package data

import (
	"bytes"
	"container/heap"
	"iter"
	"slices"

	"github.com/hutch-dev/hutch"
)

// Sorter puts the documents of a plan in its order where no index does: it keeps
// the first ones behind the plan's mark, as many as the plan wants, in memory.
type Sorter struct {
	order []Order
	after []byte // the key of the mark; nil: from the start
	rows  sortRows
	limit int // of rows; 0: all
	bytes int64
	most  int64 // of bytes; 0: no limit
	key   []byte
}

// NewSorter sorts for p under the memory of its budget.
func NewSorter(p *Plan) *Sorter {
	s := &Sorter{order: p.OrderBy, limit: p.Limit}
	if p.Budget != nil {
		s.most = p.Budget.SortBytes
	}
	if m := p.After; m != nil {
		for i, o := range p.OrderBy {
			s.after = AppendKey(s.after, m.Values[i], o.Desc)
		}
		s.after = append(s.after, m.ID...)
	}
	return s
}

// Add takes a copy of d if it may be among the first. resource_exhausted when
// what is kept takes too much memory.
func (s *Sorter) Add(d Doc) error {
	s.key = s.key[:0]
	for _, o := range s.order {
		s.key = AppendKey(s.key, SortValue(d, o), o.Desc)
	}
	s.key = append(s.key, Text(Field(d, FieldID))...)
	if s.after != nil && bytes.Compare(s.key, s.after) <= 0 {
		return nil
	}
	full := s.limit > 0 && len(s.rows) == s.limit
	if full && bytes.Compare(s.key, s.rows[0].key) >= 0 {
		return nil
	}
	x := sortRow{slices.Clone(s.key), slices.Clone(d)}
	s.bytes += x.size()
	switch {
	case full:
		s.bytes -= s.rows[0].size()
		s.rows[0] = x
		heap.Fix(&s.rows, 0)
	case s.limit > 0:
		heap.Push(&s.rows, x)
	default:
		s.rows = append(s.rows, x)
	}
	if s.most > 0 && s.bytes > s.most {
		return hutch.Errorf(hutch.ResourceExhausted, "the query sorts too much without an index")
	}
	return nil
}

// All yields what is kept in order, once.
func (s *Sorter) All() iter.Seq[Doc] {
	slices.SortFunc(s.rows, func(a, b sortRow) int { return bytes.Compare(a.key, b.key) })
	return func(yield func(Doc) bool) {
		for i := range s.rows {
			if !yield(s.rows[i].doc) {
				return
			}
		}
	}
}

type sortRow struct {
	key []byte
	doc Doc
}

func (r *sortRow) size() int64 { return int64(len(r.key) + len(r.doc)) }

// sortRows is a heap with the greatest on top.
type sortRows []sortRow

func (r sortRows) Len() int           { return len(r) }
func (r sortRows) Less(i, j int) bool { return bytes.Compare(r[i].key, r[j].key) > 0 }
func (r sortRows) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }
func (r *sortRows) Push(x any)        { *r = append(*r, x.(sortRow)) }
func (r *sortRows) Pop() any {
	last := len(*r) - 1
	x := (*r)[last]
	*r = (*r)[:last]
	return x
}
