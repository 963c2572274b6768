package data

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// maxSchemaDepth bounds schemas that refer to themselves without going deeper
// into the document.
const maxSchemaDepth = 256

// schemaCheck is one validation. It keeps the first violation.
type schemaCheck struct {
	stored bool // the document's own system fields are left out
	depth  int  // of nodes
	path   []place
	silent int // inside anyOf and the like, where a violation is no error yet
	failed bool
	at     string
	why    string
}

// place is a step into the document: a field, or without name an element.
type place struct {
	name  []byte
	index int
}

func (c *schemaCheck) err() error {
	return &hutch.Error{Code: hutch.InvalidArgument, Field: c.at, Message: c.why}
}

// fail notes a violation at the present place, or at a field of it.
func (c *schemaCheck) fail(why string, below ...string) bool {
	if c.silent == 0 && !c.failed {
		c.failed, c.why = true, why
		var at []string
		for _, p := range c.path {
			if p.name == nil {
				at = append(at, itoa(p.index))
			} else {
				at = append(at, string(p.name))
			}
		}
		c.at = fieldPath(append(at, below...))
	}
	return false
}

// fieldPath joins names and array indexes as errors show them: tags[2].name.
func fieldPath(path []string) string {
	var s strings.Builder
	for _, p := range path {
		if _, err := strconv.Atoi(p); err == nil && s.Len() > 0 {
			s.WriteString("[" + p + "]")
			continue
		}
		if s.Len() > 0 {
			s.WriteByte('.')
		}
		s.WriteString(p)
	}
	return s.String()
}

// below judges a value at a place of the present one.
func (c *schemaCheck) below(name []byte, index int, n *schemaNode, v Value) bool {
	c.path = append(c.path, place{name, index})
	ok := c.ok(n, v)
	c.path = c.path[:len(c.path)-1]
	return ok
}

// passes reports whether v matches n, and keeps no violation.
func (c *schemaCheck) passes(n *schemaNode, v Value) bool {
	c.silent++
	ok := c.ok(n, v)
	c.silent--
	return ok
}

// ok reports whether v matches n.
func (c *schemaCheck) ok(n *schemaNode, v Value) bool {
	if n.never {
		return c.fail("is not allowed")
	}
	if c.depth++; c.depth > maxSchemaDepth {
		return c.fail("the schema refers to itself too often")
	}
	defer func() { c.depth-- }()
	t := jsonType(v)
	if n.types != 0 && n.types&t == 0 && (n.types&jsonInteger == 0 || v.Type != bson.TypeDecimal128 || !isWhole(v)) {
		return c.fail("must be " + typeWords(n.types))
	}
	if n.bson != "" && !isBSON(n.bson, v) {
		return c.fail("must be of bsonType " + n.bson)
	}
	if n.consts != nil && !slices.ContainsFunc(n.consts, func(k Value) bool { return schemaEqual(k, v) }) {
		return c.fail("is not one of the allowed values")
	}
	ok := true
	switch {
	case t == jsonString:
		ok = c.text(n, v)
	case t&jsonNumber != 0:
		ok = c.number(n, v)
	case t == jsonArray:
		ok = c.array(n, v)
	case t == jsonObject:
		ok = c.object(n, v)
	}
	return ok && (n.plain || c.applied(n, v))
}

// applied judges the schemas that apply to the same value.
func (c *schemaCheck) applied(n *schemaNode, v Value) bool {
	if n.ref != nil && !c.ok(n.ref, v) {
		return false
	}
	for _, k := range n.all {
		if !c.ok(k, v) {
			return false
		}
	}
	if n.any != nil && !slices.ContainsFunc(n.any, func(k *schemaNode) bool { return c.passes(k, v) }) {
		return c.fail("matches none of the allowed forms")
	}
	if n.one != nil {
		matched := 0
		for _, k := range n.one {
			if c.passes(k, v) {
				matched++
			}
		}
		if matched != 1 {
			return c.fail("must match exactly one of the allowed forms")
		}
	}
	if n.not != nil && c.passes(n.not, v) {
		return c.fail("has a form that is not allowed")
	}
	if n.cond[0] == nil {
		return true
	}
	branch := n.cond[2]
	if c.passes(n.cond[0], v) {
		branch = n.cond[1]
	}
	return branch == nil || c.ok(branch, v)
}

func (c *schemaCheck) text(n *schemaNode, v Value) bool {
	lib := n.lib
	if lib.MinLength != nil || lib.MaxLength != nil {
		length := utf8.RuneCount(strOf(v))
		if lib.MinLength != nil && length < *lib.MinLength {
			return c.fail("must have at least " + itoa(*lib.MinLength) + " characters")
		}
		if lib.MaxLength != nil && length > *lib.MaxLength {
			return c.fail("must have at most " + itoa(*lib.MaxLength) + " characters")
		}
	}
	if lib.Pattern == nil && lib.Format == nil {
		return true
	}
	s := Text(v)
	if lib.Pattern != nil && !lib.Pattern.MatchString(s) {
		return c.fail("does not match the pattern")
	}
	if lib.Format != nil && lib.Format.Validate(s) != nil {
		return c.fail("must be of format " + lib.Format.Name)
	}
	return true
}

func (c *schemaCheck) number(n *schemaNode, v Value) bool {
	for i := range n.bounds {
		b := &n.bounds[i]
		cmp := 0
		if v.Type == bson.TypeDecimal128 {
			cmp = ratOf(v).Cmp(b.rat)
		} else {
			cmp = Compare(v, b.at)
		}
		if b.low && cmp < 0 || !b.low && cmp > 0 || b.open && cmp == 0 {
			return c.fail("is out of range")
		}
	}
	if m := n.lib.MultipleOf; m != nil {
		if q := new(big.Rat).Quo(ratOf(v), m); !q.IsInt() {
			return c.fail("is not a multiple of what is asked")
		}
	}
	return true
}

func (c *schemaCheck) array(n *schemaNode, v Value) bool {
	lib := n.lib
	if n.items == nil && n.prefix == nil && n.contains == nil && lib.MinItems == nil && lib.MaxItems == nil && !lib.UniqueItems {
		return true
	}
	count, matched := 0, 0
	var seen []Value
	for e := walk(v.Value); e.next(); count++ {
		k := n.items
		if count < len(n.prefix) {
			k = n.prefix[count]
		}
		if k != nil && !c.below(nil, count, k, e.v) {
			return false
		}
		if n.contains != nil && c.passes(n.contains, e.v) {
			matched++
		}
		if lib.UniqueItems {
			if slices.ContainsFunc(seen, func(s Value) bool { return schemaEqual(s, e.v) }) {
				return c.fail("must not repeat an element")
			}
			seen = append(seen, e.v)
		}
	}
	switch {
	case lib.MinItems != nil && count < *lib.MinItems:
		return c.fail("must have at least " + itoa(*lib.MinItems) + " elements")
	case lib.MaxItems != nil && count > *lib.MaxItems:
		return c.fail("must have at most " + itoa(*lib.MaxItems) + " elements")
	case n.contains == nil:
		return true
	}
	least := 1
	if lib.MinContains != nil {
		least = *lib.MinContains
	}
	if matched < least || lib.MaxContains != nil && matched > *lib.MaxContains {
		return c.fail("has too few or too many elements of the form asked")
	}
	return true
}

func itoa(n int) string { return strconv.Itoa(n) }

// isWhole reports whether a number has no fraction.
func isWhole(v Value) bool { return ratOf(v).IsInt() }

// ratOf is a number exactly as its decimal text says.
func ratOf(v Value) *big.Rat {
	r := new(big.Rat)
	switch v.Type {
	case bson.TypeInt32, bson.TypeInt64:
		r.SetInt64(intOf(v))
	case bson.TypeDouble:
		r.SetString(strconv.FormatFloat(doubleOf(v), 'g', -1, 64))
	case bson.TypeDecimal128:
		if coef, exp, err := v.Decimal128().BigInt(); err == nil && exp < math.MaxInt16 {
			ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exp, -exp))), nil)
			if exp < 0 {
				return r.SetFrac(coef, ten)
			}
			r.SetInt(coef.Mul(coef, ten))
		}
	}
	return r
}

func typeWords(types uint8) string {
	var words []string
	for _, w := range []string{"null", "boolean", "integer", "number", "string", "array", "object"} {
		if types&jsonTypes[w] != 0 && (w != "integer" || types&jsonNumber == 0) {
			words = append(words, w)
		}
	}
	return strings.Join(words, " or ")
}
