package data

// Operand says what an operator takes.
type Operand uint8

// The kinds of operand.
const (
	OperandValue   Operand = iota // any value
	OperandList                   // an array of values
	OperandBool                   // true or false
	OperandText                   // a string
	OperandPattern                // RE2, at most 256 bytes
	OperandSize                   // a whole number from 0 on
	OperandType                   // the name of a type
	OperandFilter                 // one filter
	OperandFilters                // an array of filters, not empty
)

// OperatorInfo is a row of the table of operators.
type OperatorInfo struct {
	Op      Operator
	Operand Operand
	Client  bool // clients may use it; else only what rules compile to
	Logic   bool // stands in place of a field
}

// Operators is the one table of query operators: parser, matcher, stores and
// their suites go by it.
func Operators() []OperatorInfo { return operators }

var operators = []OperatorInfo{
	{OpEq, OperandValue, true, false},
	{OpNe, OperandValue, true, false},
	{OpGt, OperandValue, true, false},
	{OpGte, OperandValue, true, false},
	{OpLt, OperandValue, true, false},
	{OpLte, OperandValue, true, false},
	{OpIn, OperandList, true, false},
	{OpNin, OperandList, true, false},
	{OpExists, OperandBool, true, false},
	{OpContains, OperandText, true, false},
	{OpStarts, OperandText, true, false},
	{OpRegex, OperandPattern, true, false},
	{OpAnd, OperandFilters, true, true},
	{OpOr, OperandFilters, true, true},
	{OpNot, OperandFilter, true, true}, // also behind a field
	{OpNor, OperandFilters, false, true},
	{OpType, OperandType, false, false},
	{OpSize, OperandSize, false, false},
	{OpElem, OperandFilter, false, false},
}

// operatorOf gives the row of op, nil if there is none.
func operatorOf(op Operator) *OperatorInfo {
	for i := range operators {
		if operators[i].Op == op {
			return &operators[i]
		}
	}
	return nil
}
