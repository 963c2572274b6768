package data

import (
	"regexp/syntax"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// constraint is what a filter says of the values at one path: one of points, or
// within bounds of one type, or strings with a prefix. Each is necessary.
type constraint struct {
	points   []Value
	lo, hi   *Where // $gt, $gte; $lt, $lte
	prefix   string
	prefixed bool
}

func (c *constraint) bounded() bool { return c.lo != nil || c.hi != nil || c.prefixed }

// constraint gathers the conditions on a path. many: a document may have several
// values there, and two conditions may hold for two of them, so one is taken.
func (s *survey) constraint(path string, many bool) (c constraint) {
	for _, w := range s.leaves {
		switch {
		case w.Op == OpElem:
			if e, ok := elements(w, path); ok && c.points == nil && (!many || !c.bounded()) {
				if e.points != nil {
					c = e
				} else if !c.bounded() {
					c = e
				}
			}
		case w.Path == path:
			c.add(w, many)
		}
	}
	if c.points != nil {
		c.lo, c.hi, c.prefixed = nil, nil, false
	}
	return c
}

// elements is what $elemMatch says of the elements at path: its conditions hold
// for one of them. A path with an array index leads past arrays of arrays.
func elements(w *Where, path string) (c constraint, ok bool) {
	rest, found := strings.CutPrefix(path, w.Path)
	if !found || len(w.Kids) != 1 || rest != "" && rest[0] != '.' || hasIndex(path) {
		return c, false
	}
	rest = strings.TrimPrefix(rest, ".")
	var buf [4]*Where
	for _, k := range flatten(buf[:0], &w.Kids[0]) {
		if k.Path == rest && k.Op != OpElem {
			c.add(k, rest != "") // an element's field may be an array again
		}
	}
	return c, c.points != nil || c.bounded()
}

func hasIndex(path string) bool {
	for name := range strings.SplitSeq(path, ".") {
		if indexOf(name) >= 0 {
			return true
		}
	}
	return false
}

// add takes a condition of the path in, if keys can tell.
func (c *constraint) add(w *Where, many bool) {
	free := !many || !c.bounded()
	switch w.Op {
	case OpEq:
		c.narrow([]Value{operand(w)})
	case OpIn:
		vs := make([]Value, 0, 8)
		for v := range Elements(w.Value) {
			vs = append(vs, v)
		}
		c.narrow(vs)
	case OpExists:
		if w.Value.Type == bson.TypeBoolean && w.Value.Value[0] == 0 {
			c.narrow([]Value{Null()}) // as which indexes keep a missing field
		}
	case OpGt, OpGte, OpLt, OpLte:
		v := operand(w)
		switch {
		case v.Type == bson.TypeNull:
			if w.Op == OpGte || w.Op == OpLte {
				c.narrow([]Value{v})
			}
		case isNested(v) || !free:
		case w.Op == OpGt || w.Op == OpGte:
			if c.lo == nil && (c.hi == nil || sameRank(c.hi, w)) {
				c.lo = w
			}
		case c.hi == nil && (c.lo == nil || sameRank(c.lo, w)):
			c.hi = w
		}
	case OpStarts:
		if free && !c.prefixed && w.Value.Type == bson.TypeString {
			c.prefix, c.prefixed = Text(w.Value), true
		}
	case OpRegex:
		if p := LiteralPrefix(Text(w.Value)); free && !c.prefixed && p != "" {
			c.prefix, c.prefixed = p, true
		}
	default: // the others say nothing of keys
	}
}

// operand is the value of a comparison; the zero Value stands for null.
func operand(w *Where) Value {
	if w.Value.Type == 0 {
		return Null()
	}
	return w.Value
}

func sameRank(a, b *Where) bool { return rank(a.Value.Type) == rank(b.Value.Type) }

// narrow takes the smaller list of values. A whole array as value is not in an index.
func (c *constraint) narrow(vs []Value) {
	if slices.ContainsFunc(vs, func(v Value) bool { return v.Type == bson.TypeArray }) {
		return
	}
	if c.points == nil || len(vs) < len(c.points) {
		c.points = vs
	}
}

// span is the range of keys behind a prefix of fields that are settled.
func (c *constraint) span(before []byte, desc bool) Range {
	start := func(extra int) []byte { return append(make([]byte, 0, len(before)+extra), before...) }
	if c.prefixed {
		lo := AppendKeyPrefix(start(len(c.prefix)+2), c.prefix, desc)
		return Range{lo, after(lo)}
	}
	some := c.lo
	if some == nil {
		some = c.hi
	}
	kind := AppendKey(start(24), some.Value, desc)[:len(before)+1] // all values of the type
	r := Range{kind, after(kind)}
	low, high := c.lo, c.hi
	if desc {
		low, high = high, low
	}
	if low != nil {
		if r.Lo = AppendKey(start(24), low.Value, desc); low.Op == OpGt || low.Op == OpLt {
			r.Lo = after(r.Lo)
		}
	}
	if high != nil {
		if r.Hi = AppendKey(start(24), high.Value, desc); high.Op == OpGte || high.Op == OpLte {
			r.Hi = after(r.Hi)
		}
	}
	return r
}

// ids is the range of ids within the bounds, which are strings.
func (c *constraint) ids() (r Range, ok bool) {
	if c.prefixed {
		return Range{[]byte(c.prefix), after([]byte(c.prefix))}, true
	}
	if c.lo != nil && c.lo.Value.Type == bson.TypeString {
		r.Lo, ok = []byte(Text(c.lo.Value)), true
		if c.lo.Op == OpGt {
			r.Lo = append(r.Lo, 0)
		}
	}
	if c.hi != nil && c.hi.Value.Type == bson.TypeString {
		r.Hi, ok = []byte(Text(c.hi.Value)), true
		if c.hi.Op == OpLte {
			r.Hi = append(r.Hi, 0)
		}
	}
	return r, ok
}

// LiteralPrefix is what every string begins with that an anchored pattern
// matches; "" if none is known.
func LiteralPrefix(pattern string) string {
	if !strings.HasPrefix(pattern, "^") && !strings.HasPrefix(pattern, `\A`) {
		return ""
	}
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return ""
	}
	if re = re.Simplify(); re.Op != syntax.OpConcat || len(re.Sub) < 2 || re.Sub[0].Op != syntax.OpBeginText {
		return ""
	}
	if lit := re.Sub[1]; lit.Op == syntax.OpLiteral && lit.Flags&syntax.FoldCase == 0 {
		return string(lit.Rune)
	}
	return ""
}
