package data

// Operator is an operator of queries, spelled as on the wire ("$eq"). The table
// of them is in operator.go.
type Operator string

// The operators. The zero value matches every document.
const (
	WhereAll   Operator = ""
	OpAnd      Operator = "$and"
	OpOr       Operator = "$or"
	OpNor      Operator = "$nor"
	OpNot      Operator = "$not" // complement of its one kid
	OpEq       Operator = "$eq"
	OpNe       Operator = "$ne"
	OpGt       Operator = "$gt"
	OpGte      Operator = "$gte"
	OpLt       Operator = "$lt"
	OpLte      Operator = "$lte"
	OpIn       Operator = "$in"
	OpNin      Operator = "$nin"
	OpExists   Operator = "$exists"
	OpType     Operator = "$type"
	OpSize     Operator = "$size"
	OpElem     Operator = "$elemMatch"
	OpContains Operator = "$contains"   // substring of a string
	OpStarts   Operator = "$startsWith" // prefix of a string
	OpRegex    Operator = "$regex"      // RE2
)

// Where is a filter: a node of a tree. The zero value matches every document;
// Or without kids matches none. It is never changed once built.
type Where struct {
	Op    Operator
	Path  string  // dotted; "" is the element itself, inside $elemMatch only
	Value Value   // operand: $in and $nin an array, $exists a bool, $type a string alias, $size an int
	Kids  []Where // of $and $or $nor $not $elemMatch (one kid, paths relative to the element)
}

// Never is the filter that matches nothing.
func Never() Where { return Where{Op: OpOr} }

// And joins filters; constants are folded.
func And(ws ...Where) Where {
	kids := make([]Where, 0, len(ws))
	for _, w := range ws {
		switch {
		case w.Op == WhereAll:
		case w.Op == OpAnd:
			kids = append(kids, w.Kids...)
		case w.IsNever():
			return Never()
		default:
			kids = append(kids, w)
		}
	}
	switch len(kids) {
	case 0:
		return Where{}
	case 1:
		return kids[0]
	}
	return Where{Op: OpAnd, Kids: kids}
}

// IsNever reports whether w is the constant that matches nothing.
func (w Where) IsNever() bool { return w.Op == OpOr && len(w.Kids) == 0 }
