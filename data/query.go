package data

import "github.com/hutch-dev/hutch"

// Query is a query as a client asks it.
type Query struct {
	From    string
	Where   Where
	OrderBy []Order // up to 4
	Limit   int     // 1 to 1,000; 0 = the default
	After   string  // a cursor of an earlier page
	Select  []string
	Count   bool
	Explain bool // Page.Explain; in dev and without rules only
}

// Page is the answer to a Query.
type Page struct {
	Docs     []Doc  // masked and selected; never nil
	Next     string // "" at the end
	Count    int64  // with Query.Count
	Partial  bool   // under a rule's scan
	Position Position
	Explain  *Budget // what the page took, without its count; with Query.Explain
}

// Plan is a query as a Store runs it: every document yielded matches Where, in
// the order of OrderBy then _id, from behind After on.
type Plan struct {
	Collection string
	Where      Where
	OrderBy    []Order
	After      *Mark // nil: from the start
	Limit      int   // 0: all
	Budget     *Budget
	// Checked leaves out what CheckDoc refuses: documents of other programs that
	// no rule can judge.
	Checked bool
}

// Mark is a place in an order: the values of OrderBy (missing is null) and the _id.
type Mark struct {
	Values []Value
	ID     string
}

// Budget is what a query may examine; the store adds up what it did.
type Budget struct {
	MaxDocs, MaxBytes int64 // 0: no limit
	SortBytes         int64 // memory for a sort without index; 0: no limit
	Docs, Bytes       int64 // examined so far
	Index             string
	Unindexed         bool // no index narrowed or ordered it (a walk by _id with a limit is indexed)
}

var errBudget = hutch.Errorf(hutch.ResourceExhausted, "the query examines too much")

// Spend counts documents that were examined, and their bytes, before they are
// shown. resource_exhausted without numbers, and nothing counted, when the budget
// has not so much left.
func (b *Budget) Spend(docs, bytes int64) error {
	if b.MaxDocs > 0 && b.Docs+docs > b.MaxDocs || b.MaxBytes > 0 && b.Bytes+bytes > b.MaxBytes {
		return errBudget
	}
	b.Docs += docs
	b.Bytes += bytes
	return nil
}
