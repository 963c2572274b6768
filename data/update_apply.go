package data

import (
	"cmp"
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
)

// Apply gives old changed; it keeps the order of fields, new ones come last in
// the update's order. Where nothing changes the bytes are equal. It is pure.
// failed_precondition: old holds values of another program.
func (u *Update) Apply(old Doc, now int64) (next Doc, err error) {
	defer func() {
		if r := recover(); r != nil {
			if r != any(errCorrupt) {
				panic(r)
			}
			next, err = nil, hutch.Errorf(hutch.FailedPrecondition, "another program put values into the document that no update keeps").
				WithHint("replace the whole document with PUT")
		}
	}()
	if u.id.Type != 0 && (u.id.Type != bson.TypeString || !Equal(u.id, Field(old, FieldID))) {
		return nil, invalid(FieldID, "the _id of a document cannot change")
	}
	dst, refused := u.root.object(make([]byte, 0, len(old)+256), old, now)
	if refused != nil {
		return nil, refused
	}
	return dst, nil
}

// object appends the object doc (nil: a new one) changed by the kids of c.
func (c *change) object(dst []byte, doc []byte, now int64) ([]byte, *hutch.Error) {
	start, done := len(dst), newSet(len(c.kids))
	dst = startDoc(dst)
	if len(doc) > 0 {
		for e := walk(doc); e.next(); {
			i := c.find(e.key)
			if i < 0 {
				dst = appendElem(dst, e.key, e.v)
				continue
			}
			done.add(i)
			var err *hutch.Error
			if dst, err = c.kids[i].member(dst, e.key, e.v, now); err != nil {
				return dst, err
			}
		}
	}
	for i, k := range c.kids {
		if done.has(i) {
			continue
		}
		var err *hutch.Error
		if dst, err = k.member(dst, []byte(k.name), none, now); err != nil {
			return dst, err
		}
	}
	return endDoc(dst, start), nil
}

// array appends the array arr changed by the kids of c: elements that it has, and
// the next one.
func (c *change) array(dst []byte, arr []byte, now int64) ([]byte, *hutch.Error) {
	start, done, n := len(dst), newSet(len(c.kids)), 0
	dst = startDoc(dst)
	for e := walk(arr); e.next(); n++ {
		i := c.find(e.key)
		if i < 0 {
			dst = appendElem(dst, e.key, e.v)
			continue
		}
		done.add(i)
		k := c.kids[i]
		if k.op == UpUnset { // the places of the others stay
			dst = appendElem(dst, e.key, Null())
			continue
		}
		var err *hutch.Error
		if dst, err = k.member(dst, e.key, e.v, now); err != nil {
			return dst, err
		}
	}
	var rest []*change
	for i, k := range c.kids {
		if !done.has(i) && k.makes {
			rest = append(rest, k)
		}
	}
	slices.SortFunc(rest, func(a, b *change) int { return cmp.Compare(a.index, b.index) })
	for _, k := range rest {
		if k.index != n {
			return dst, invalid(k.path, "an array takes the index of an element or the next one")
		}
		var err *hutch.Error
		if dst, err = k.member(dst, strconv.AppendInt(nil, int64(n), 10), none, now); err != nil {
			return dst, err
		}
		n++
	}
	return endDoc(dst, start), nil
}

// member appends the field called name with the value that c makes of old, or
// nothing.
func (c *change) member(dst, name []byte, old Value, now int64) ([]byte, *hutch.Error) {
	if c.op != "" {
		v, err := c.value(old, now)
		if err != nil {
			return dst, err
		}
		if v.Type != 0 {
			dst = appendElem(dst, name, v)
		}
		return dst, nil
	}
	head := func(t bson.Type) {
		dst = append(append(append(dst, byte(t)), name...), 0)
	}
	switch {
	case old.Type == bson.TypeEmbeddedDocument:
		head(old.Type)
		return c.object(dst, old.Value, now)
	case old.Type == bson.TypeArray:
		head(old.Type)
		return c.array(dst, old.Value, now)
	case !c.makes:
		if old.Type != 0 {
			dst = appendElem(dst, name, old)
		}
		return dst, nil
	case old.Type == 0:
		head(bson.TypeEmbeddedDocument)
		return c.object(dst, nil, now)
	}
	return dst, invalid(c.path, "what is stored here has no fields")
}

// set is a set of small numbers.
type set struct {
	few  uint64
	many []bool
}

func newSet(n int) set {
	if n <= 64 {
		return set{}
	}
	return set{many: make([]bool, n)}
}

func (s *set) add(i int) {
	if s.many != nil {
		s.many[i] = true
	} else {
		s.few |= 1 << i
	}
}

func (s *set) has(i int) bool {
	if s.many != nil {
		return s.many[i]
	}
	return s.few&(1<<i) != 0
}
