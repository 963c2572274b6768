package data

import (
	"regexp"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// Matcher is a compiled Where; safe for concurrent use. It follows MongoDB:
// arrays on the way of a path are traversed, types compare with their own kind,
// null matches missing.
type Matcher struct {
	root  node
	names []string // of fields that leaves begin with; found in one pass
}

// node is one condition, ready to run.
type node struct {
	op    Operator
	code  matchCode
	not   bool // the complement of what code says
	rank  byte // of val
	deep  bool // has a kid with a path of its own
	path  []segment
	val   Value
	text  []byte // of a string operand
	size  int
	list  []Value     // of $in, in order
	types []bson.Type // of $type
	re    *regexp.Regexp
	kids  []node
	slot  int // 1 + the place of the path's first name among the matcher's; 0: none
}

// maxSlots is how many fields a matcher looks for in one pass.
const maxSlots = 6

// fields are the values of a matcher's names in a document.
type fields [maxSlots]Value

type matchCode uint8

const (
	matchAll matchCode = iota
	matchAnd
	matchOr
	matchEq
	matchGt
	matchGte
	matchLt
	matchLte
	matchIn
	matchExists
	matchType
	matchSize
	matchElem
	matchContains
	matchStarts
	matchRegex
)

// Compile checks w and prepares it; invalid_argument names the path.
func Compile(w Where) (*Matcher, error) {
	m := new(Matcher)
	if err := compile(w, &m.root, false, 0); err != nil {
		return nil, err
	}
	m.share()
	return m, nil
}

func compile(w Where, n *node, inElem bool, depth int) *hutch.Error {
	if depth > maxNesting {
		return hutch.Errorf(hutch.InvalidArgument, "the filter is nested deeper than %d", maxNesting)
	}
	n.op = w.Op
	if w.Op == WhereAll {
		return nil
	}
	info := operatorOf(w.Op)
	switch {
	case info == nil:
		return invalid(w.Path, "unknown operator %s", w.Op)
	case info.Operand == OperandFilter && len(w.Kids) != 1:
		return invalid(w.Path, "%s takes one filter", w.Op)
	}
	if info.Logic {
		n.code = matchAnd
		if w.Op == OpOr || w.Op == OpNor {
			n.code = matchOr
		}
		n.not = w.Op == OpNor || w.Op == OpNot
		return compileKids(w, n, inElem, depth)
	}
	if w.Path != "" || !inElem {
		var err *hutch.Error
		if n.path, err = parsePath(w.Path); err != nil {
			return err
		}
		n.deep = true
	}
	if w.Op == OpElem {
		n.code = matchElem
		return compileKids(w, n, true, depth)
	}
	if w.Value.Type == 0 {
		w.Value = Null()
	}
	err := invalid("", "the operand is not a value that documents hold")
	if width(w.Value.Type, w.Value.Value) == len(w.Value.Value) {
		err = checkValue(w.Value, depth)
	}
	if err == nil {
		err = checkOperand(info.Operand, w.Value)
	}
	if err != nil {
		return under(err, w.Path)
	}
	return n.prepare(w)
}

func compileKids(w Where, n *node, inElem bool, depth int) *hutch.Error {
	n.kids = make([]node, len(w.Kids))
	for i := range w.Kids {
		if err := compile(w.Kids[i], &n.kids[i], inElem, depth+1); err != nil {
			return err
		}
		n.deep = n.deep || n.kids[i].deep && w.Op != OpElem
	}
	return nil
}

// share lets the leaves find their fields in one pass over the document; one leaf
// alone finds its field itself.
func (m *Matcher) share() {
	if leaves := m.root.slots(&m.names, 0); leaves < 2 {
		m.names = nil
		m.root.slots(new([]string), -1)
	}
}

// slots gives the leaves under n, but those of elements, their places in names
// and counts them; most < 0 takes the places away.
func (n *node) slots(names *[]string, most int) (leaves int) {
	switch n.code {
	case matchAll:
		return 0
	case matchAnd, matchOr:
		for i := range n.kids {
			leaves += n.kids[i].slots(names, most)
		}
		return leaves
	}
	at := slices.Index(*names, n.path[0].name)
	if at < 0 && most >= 0 && len(*names) < maxSlots {
		at = len(*names)
		*names = append(*names, n.path[0].name)
	}
	n.slot = at + 1
	return 1
}

// prepare sets a leaf up for its operand.
func (n *node) prepare(w Where) *hutch.Error {
	n.val, n.rank = w.Value, rank(w.Value.Type)
	if w.Value.Type == bson.TypeString {
		n.text = strOf(w.Value)
	}
	switch w.Op {
	case OpEq, OpNe:
		n.code, n.not = matchEq, w.Op == OpNe
	case OpGt:
		n.code = matchGt
	case OpGte:
		n.code = matchGte
	case OpLt:
		n.code = matchLt
	case OpLte:
		n.code = matchLte
	case OpIn, OpNin:
		n.code, n.not = matchIn, w.Op == OpNin
		for v := range Elements(w.Value) {
			n.list = append(n.list, v)
		}
		slices.SortFunc(n.list, Compare)
	case OpExists:
		n.code, n.not = matchExists, w.Value.Value[0] == 0
	case OpType:
		n.code, n.types = matchType, typeOf(string(n.text))
	case OpSize:
		size, _ := Integer(w.Value)
		n.code, n.size = matchSize, int(size)
	case OpContains:
		n.code = matchContains
	case OpStarts:
		n.code = matchStarts
	case OpRegex:
		re, err := regexp.Compile(string(n.text))
		if err != nil {
			return invalid(w.Path, "the pattern is no RE2 expression")
		}
		n.code, n.re = matchRegex, re
	default:
		return invalid(w.Path, "unknown operator %s", w.Op)
	}
	return nil
}

// typeNames are what $type takes.
var typeNames = map[string][]bson.Type{
	"double": {bson.TypeDouble}, "string": {bson.TypeString}, "object": {bson.TypeEmbeddedDocument},
	"array": {bson.TypeArray}, "binData": {bson.TypeBinary}, "objectId": {bson.TypeObjectID},
	"bool": {bson.TypeBoolean}, "date": {bson.TypeDateTime}, "null": {bson.TypeNull},
	"int": {bson.TypeInt32}, "long": {bson.TypeInt64}, "decimal": {bson.TypeDecimal128},
	"number": {bson.TypeDouble, bson.TypeInt32, bson.TypeInt64, bson.TypeDecimal128},
}

func typeOf(name string) []bson.Type { return typeNames[name] }

// Match reports whether d passes. A document that CheckDoc refuses never does.
func (m *Matcher) Match(d Doc) (ok bool) {
	defer func() {
		if r := recover(); r != nil {
			if r != any(errCorrupt) {
				panic(r)
			}
			ok = false
		}
	}()
	var fs fields
	if len(m.names) > 0 {
		fs.find(d, m.names)
	}
	return m.root.match(d, &fs)
}

// matchElement reports whether v passes as the element of an array: filters with
// paths need an object, those of path "" look at v itself.
func (m *Matcher) matchElement(v Value) bool { return m.root.matchElement(v) }
