package pebble

import (
	"bytes"
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch/data"
)

// cursor steps through ranges of documents or index entries.
type cursor struct {
	r       *run
	it      *pebble.Iterator
	lo, hi  []byte // all keys
	reverse bool
	after   []byte // nil: from the start; else the key that comes before, less its id
	id      string // its id
}

// bound sets the iterator to a range, in the keys that the cursor may see.
func (c *cursor) bound(r data.Range) (lo, hi []byte) {
	tag := c.lo[:tagLen]
	lo = append(append(make([]byte, 0, tagLen+len(r.Lo)), tag...), r.Lo...)
	hi = c.hi
	if r.Hi != nil {
		hi = append(append(make([]byte, 0, tagLen+len(r.Hi)), tag...), r.Hi...)
	}
	return lo, hi
}

// ids steps through documents.
func (c *cursor) ids(r data.Range, f func(id []byte) error) error {
	lo, hi := c.bound(r)
	if c.after != nil {
		mark := append(append([]byte(nil), c.lo[:tagLen]...), c.id...)
		if c.reverse && bytes.Compare(mark, hi) < 0 {
			hi = mark
		} else if mark = append(mark, 0); !c.reverse && bytes.Compare(mark, lo) > 0 {
			lo = mark
		}
	}
	if bytes.Compare(lo, hi) >= 0 {
		return nil
	}
	c.it.SetBounds(lo, hi)
	if c.reverse {
		for ok := c.it.Last(); ok; ok = c.it.Prev() {
			if err := f(c.it.Key()[tagLen:]); err != nil {
				return err
			}
		}
		return c.it.Error()
	}
	for ok := c.it.First(); ok; ok = c.it.Next() {
		if err := f(c.it.Key()[tagLen:]); err != nil {
			return err
		}
	}
	return c.it.Error()
}

// entries steps through index entries.
func (c *cursor) entries(r data.Range, f func(id []byte) error) error {
	lo, hi := c.bound(r)
	if c.reverse {
		return c.back(lo, hi, f)
	}
	if c.after != nil {
		mark := append(append(append([]byte(nil), c.after...), c.id...), 0)
		if bytes.Compare(mark, lo) > 0 {
			lo = mark
		}
	}
	if bytes.Compare(lo, hi) >= 0 {
		return nil
	}
	c.it.SetBounds(lo, hi)
	for ok := c.it.First(); ok; ok = c.it.Next() {
		_, id, err := c.split()
		if err == nil {
			err = f(id)
		}
		if err != nil {
			return err
		}
	}
	return c.it.Error()
}

// split parts the present entry's key into values (with the tag) and id.
func (c *cursor) split() (values, id []byte, err error) {
	k := c.it.Key()
	n, w := binary.Uvarint(c.it.Value())
	if w <= 0 || n > uint64(len(k)-tagLen) {
		return nil, nil, failed("reading an index", errNoDoc)
	}
	at := len(k) - int(n)
	return k[:at], k[at:], nil
}

const keptGroup = 64 // entries of equal values that are turned round in memory

// back steps from hi to lo: values descending, ids of equal values ascending.
func (c *cursor) back(lo, hi []byte, f func(id []byte) error) error {
	c.it.SetBounds(lo, hi)
	var at []byte // the values of the group before
	if c.after != nil {
		if bytes.Compare(c.after, lo) < 0 {
			return nil
		}
		if bytes.Compare(c.after, hi) < 0 {
			if err := c.group(c.after, c.id+"\x00", f); err != nil {
				return err
			}
			at = c.after
		}
	}
	var ids [keptGroup][]byte
	for {
		ok := false
		if at == nil {
			ok = c.it.Last()
		} else {
			ok = c.it.SeekLT(at)
		}
		if !ok {
			return c.it.Error()
		}
		values, _, err := c.split()
		if err != nil {
			return err
		}
		at = append(at[:0:0], values...)
		n := 0
		for ; ok && n < keptGroup; ok = c.it.Prev() {
			values, id, err := c.split()
			if err != nil {
				return err
			}
			if !bytes.Equal(values, at) {
				break
			}
			ids[n] = append(ids[n][:0], id...)
			n++
		}
		if n == keptGroup {
			if err := c.group(at, "", f); err != nil {
				return err
			}
			continue
		}
		for n--; n >= 0; n-- {
			if err := f(ids[n]); err != nil {
				return err
			}
		}
	}
}

// group steps through the entries of equal values from an id on.
func (c *cursor) group(values []byte, from string, f func(id []byte) error) error {
	for ok := c.it.SeekGE(append(append([]byte(nil), values...), from...)); ok; ok = c.it.Next() {
		v, id, err := c.split()
		if err != nil {
			return err
		}
		if !bytes.Equal(v, values) {
			return nil
		}
		if err := f(id); err != nil {
			return err
		}
	}
	return c.it.Error()
}
