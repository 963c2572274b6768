package data

import (
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// The budgets of a client's filter.
const (
	maxClauses    = 64
	maxWhereDepth = 8
	maxListValues = 1000
	maxPattern    = 256 // bytes

	maxPatternSteps = 1000 // of the compiled program
)

// ParseWhere reads the wire form of a filter. client: only operators that
// clients may use, within the budgets of clauses, depth and values
// (resource_exhausted over one). invalid_argument names the path.
func ParseWhere(d Doc, client bool) (Where, error) {
	p := whereParser{client: client}
	w, err := p.filter(d, 1)
	if err != nil {
		return Where{}, err
	}
	return w, nil
}

type whereParser struct {
	client          bool
	clauses, values int
	element         bool // inside $elemMatch: paths are relative
}

func exhausted(format string, args ...any) *hutch.Error {
	return hutch.Errorf(hutch.ResourceExhausted, format, args...)
}

// filter reads {"path": ..., "$and": [...]}.
func (p *whereParser) filter(d Doc, depth int) (Where, *hutch.Error) {
	if p.client && depth > maxWhereDepth {
		return Where{}, exhausted("the filter is nested deeper than %d", maxWhereDepth)
	}
	var kids []Where
	if len(d) > 0 {
		for e := walk(d); e.next(); {
			name := string(e.key)
			var w Where
			var err *hutch.Error
			if strings.HasPrefix(name, "$") {
				if w, err = p.logic(Operator(name), e.v, depth); err != nil {
					return Where{}, under(err, name)
				}
			} else {
				if w, err = p.field(name, e.v, depth); err != nil {
					return Where{}, err
				}
			}
			kids = append(kids, w)
		}
	}
	return all(kids), nil
}

// all joins the parts of one object; unlike And it folds nothing.
func all(kids []Where) Where {
	switch len(kids) {
	case 0:
		return Where{}
	case 1:
		return kids[0]
	}
	return Where{Op: OpAnd, Kids: kids}
}

// known gives the row of an operator that may be used here.
func (p *whereParser) known(op Operator) (*OperatorInfo, *hutch.Error) {
	info := operatorOf(op)
	if info == nil || p.client && !info.Client {
		return nil, hutch.Errorf(hutch.InvalidArgument, "unknown operator")
	}
	return info, nil
}

func (p *whereParser) logic(op Operator, v Value, depth int) (Where, *hutch.Error) {
	info, err := p.known(op)
	if err != nil {
		return Where{}, err
	}
	if !info.Logic {
		return Where{}, hutch.Errorf(hutch.InvalidArgument, "the operator stands behind a field")
	}
	if info.Operand == OperandFilter {
		if v.Type != bson.TypeEmbeddedDocument {
			return Where{}, hutch.Errorf(hutch.InvalidArgument, "expected a filter")
		}
		kid, err := p.filter(v.Value, depth+1)
		return Where{Op: op, Kids: []Where{kid}}, err
	}
	if v.Type != bson.TypeArray || count(v.Value) == 0 {
		return Where{}, hutch.Errorf(hutch.InvalidArgument, "expected an array of filters, not empty")
	}
	w := Where{Op: op}
	for e := walk(v.Value); e.next(); {
		if e.v.Type != bson.TypeEmbeddedDocument {
			return Where{}, at(hutch.Errorf(hutch.InvalidArgument, "expected a filter"), true, e.key)
		}
		kid, err := p.filter(e.v.Value, depth+1)
		if err == nil && kid.Op == WhereAll { // costs too
			err = p.clause()
		}
		if err != nil {
			return Where{}, at(err, true, e.key)
		}
		w.Kids = append(w.Kids, kid)
	}
	return w, nil
}

// clause counts one more condition.
func (p *whereParser) clause() *hutch.Error {
	if p.clauses++; p.client && p.clauses > maxClauses {
		return exhausted("the filter has more than %d clauses", maxClauses)
	}
	return nil
}

// field reads what stands behind a path: operators, or a value that it equals.
func (p *whereParser) field(path string, v Value, depth int) (Where, *hutch.Error) {
	if err := p.path(path); err != nil {
		return Where{}, err
	}
	isOps, err := operatorObject(v)
	switch {
	case err != nil:
		return Where{}, under(err, path)
	case isOps:
		w, err := p.operators(path, v.Value, depth)
		if err != nil {
			return Where{}, under(err, path)
		}
		return w, nil
	}
	w, err := p.leaf(path, OpEq, v, depth)
	if err != nil {
		return Where{}, under(err, path)
	}
	return w, nil
}

func (p *whereParser) path(path string) *hutch.Error {
	if _, err := parsePath(path); err != nil {
		return err
	}
	if p.client && !p.element {
		return checkSystemPath(path)
	}
	return nil
}

// operators reads {"$gt": 1, "$lt": 5}.
func (p *whereParser) operators(path string, d Doc, depth int) (Where, *hutch.Error) {
	if p.client && depth > maxWhereDepth {
		return Where{}, exhausted("the filter is nested deeper than %d", maxWhereDepth)
	}
	var kids []Where
	for e := walk(d); e.next(); {
		op := Operator(e.key)
		w, err := p.leaf(path, op, e.v, depth)
		if err != nil {
			return Where{}, under(err, string(op))
		}
		kids = append(kids, w)
	}
	return all(kids), nil
}

// leaf reads one operator behind a path.
func (p *whereParser) leaf(path string, op Operator, v Value, depth int) (Where, *hutch.Error) {
	info, err := p.known(op)
	if err != nil {
		return Where{}, err
	}
	if op == OpNot {
		if isOps, err := operatorObject(v); err != nil || !isOps {
			return Where{}, hutch.Errorf(hutch.InvalidArgument, "expected an object of operators")
		}
		kid, err := p.operators(path, v.Value, depth+1)
		return Where{Op: OpNot, Kids: []Where{kid}}, err
	}
	if info.Logic {
		return Where{}, hutch.Errorf(hutch.InvalidArgument, "the operator stands in place of a field")
	}
	if err := p.clause(); err != nil {
		return Where{}, err
	}
	if op == OpElem {
		return p.elem(path, v, depth)
	}
	if op == OpIn || op == OpNin {
		if v.Type == bson.TypeArray {
			if p.values += count(v.Value); p.client && p.values > maxListValues {
				return Where{}, exhausted("the lists of the filter have more than %d values", maxListValues)
			}
		}
	}
	if op == OpRegex && p.client && v.Type == bson.TypeString {
		if err := checkPattern(string(strOf(v))); err != nil {
			return Where{}, err
		}
	}
	if err := checkOperand(info.Operand, v); err != nil {
		return Where{}, err
	}
	return Where{Op: op, Path: path, Value: v}, nil
}

// elem reads $elemMatch: operators on the element, or a filter on its fields.
func (p *whereParser) elem(path string, v Value, depth int) (Where, *hutch.Error) {
	if v.Type != bson.TypeEmbeddedDocument {
		return Where{}, hutch.Errorf(hutch.InvalidArgument, "expected a filter")
	}
	outer := p.element
	p.element = true
	defer func() { p.element = outer }()
	var kid Where
	var err *hutch.Error
	if isElementForm(v.Value) {
		kid, err = p.operators("", v.Value, depth+1)
	} else {
		kid, err = p.filter(v.Value, depth+1)
	}
	return Where{Op: OpElem, Path: path, Kids: []Where{kid}}, err
}

// isElementForm tells {"$gt": 5} from {"$or": [..]} and {"a": 5}.
func isElementForm(d Doc) bool {
	e := walk(d)
	if !e.next() || len(e.key) == 0 || e.key[0] != '$' {
		return false
	}
	info := operatorOf(Operator(e.key))
	return info == nil || !info.Logic || info.Op == OpNot
}
