package pebble

import (
	"bytes"
	"encoding/binary"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// entries are what a commit does to indexes.
type entries struct {
	buf          []byte // backs all keys
	ops          []entryOp
	before, then []data.Span
	arrays       []arraysSeen
}

// entryOp puts or takes the index entry at key, or the claim made of it.
type entryOp struct {
	key   data.Span // of the entry: tag, values, id
	doc   int       // whose it is
	index *index
	put   bool
	claim bool
	skip  bool
}

// arraysSeen are fields of an index that a document brings several values to.
type arraysSeen struct {
	index *index
	many  uint32
}

func (n *entries) reset() {
	clear(n.ops)
	clear(n.arrays)
	n.buf, n.ops, n.arrays = n.buf[:0], n.ops[:0], n.arrays[:0]
}

func (n *entries) shrink() {
	if cap(n.buf) > keptBuffer {
		*n = entries{}
	}
}

// index finds what the written or derived documents change in the indexes that
// order by _version (late) or in the others.
func (e *evaluation) index(derived, late bool) error {
	for i := range e.docs {
		if !e.docs[i].changed || e.docs[i].derived != derived {
			continue
		}
		for _, ix := range e.docs[i].coll.indexes {
			if ix.late != late {
				continue
			}
			err := e.entries.diff(i, &e.docs[i], ix)
			switch {
			case err == nil:
			case ix.state == indexBuilding && hutch.CodeOf(err) == hutch.InvalidArgument:
				ix.broken.Store(true) // the index that is being built fails, not the write
			default:
				return err
			}
		}
	}
	return nil
}

// diff compares the entries of the old and the new image.
func (n *entries) diff(i int, d *document, ix *index) error {
	var tag [tagLen]byte
	prefix := appendTag(tag[:0], spaceIndex, ix.num)
	var cur data.Entries
	var err error
	n.before, n.then = n.before[:0], n.then[:0]
	if d.old != nil {
		if n.buf, n.before, _, err = ix.keyer.Append(n.buf, n.before, d.old, prefix, d.id); err != nil {
			return err
		}
	}
	if d.cur != nil {
		if n.buf, n.then, cur, err = ix.keyer.Append(n.buf, n.then, d.cur, prefix, d.id); err != nil {
			return err
		}
		if cur.Many&^ix.arrays.Load() != 0 {
			n.arrays = append(n.arrays, arraysSeen{ix, cur.Many})
		}
	}
	a, b := n.before, n.then
	for len(a) > 0 || len(b) > 0 {
		c := 0
		switch {
		case len(a) == 0:
			c = 1
		case len(b) == 0:
			c = -1
		default:
			c = bytes.Compare(n.buf[a[0].From:a[0].To], n.buf[b[0].From:b[0].To])
		}
		op := entryOp{doc: i, index: ix}
		switch {
		case c < 0:
			op.key, a = a[0], a[1:]
			n.add(op, false, ix.def.Unique && !op.key.Bare)
		case c > 0:
			op.key, op.put, b = b[0], true, b[1:]
			n.add(op, false, ix.def.Unique && !op.key.Bare)
		default:
			if ix.def.Unique && a[0].Bare != b[0].Bare {
				op.key, op.put = b[0], !b[0].Bare
				n.add(op, true, true)
			}
			a, b = a[1:], b[1:]
		}
	}
	return nil
}

// add notes what happens to an entry (unless it stays) and to its claim.
func (n *entries) add(op entryOp, stays, claim bool) {
	if !stays {
		n.ops = append(n.ops, op)
	}
	if claim {
		op.claim = true
		n.ops = append(n.ops, op)
	}
}

// appendClaim makes the claim's key of an entry's.
func appendClaim(dst, entry []byte, id string) []byte {
	at := len(dst)
	dst = append(dst, entry[:len(entry)-len(id)]...)
	dst[at] = spaceClaim
	return dst
}

// claim checks that the values under unique indexes are free, or become so in
// this commit.
func (e *evaluation) claim() error {
	n := &e.entries
	claims := 0
	for i := range n.ops {
		if n.ops[i].claim && n.ops[i].put {
			claims++
		}
	}
	var taken map[string]int // claims of this commit, by key: the document
	if claims > 1 {
		taken = make(map[string]int, claims)
	}
	var key []byte
	for i := range n.ops {
		op := &n.ops[i]
		if !op.claim || !op.put {
			continue
		}
		d := &e.docs[op.doc]
		key = appendClaim(key[:0], n.buf[op.key.From:op.key.To], d.id)
		other, dup := taken[string(key)]
		dup = dup && other != op.doc
		if !dup {
			if taken != nil {
				taken[string(key)] = op.doc
			}
			owner, ok, err := e.probe.get(e.s.db, key)
			if err != nil {
				return failed("reading a claim", err)
			}
			dup = ok && string(owner) != d.id && !e.released(key, string(owner), op.index)
		}
		switch {
		case !dup:
		case op.index.state == indexBuilding:
			op.index.broken.Store(true)
			op.skip = true
		default:
			return errTaken(d, op.index)
		}
	}
	return nil
}

func errTaken(d *document, ix *index) error {
	return &hutch.Error{
		Code: hutch.AlreadyExists, Message: "a value of the unique index " + ix.def.Name + " is taken",
		Err: &data.Conflict{Collection: d.name, ID: d.id, Index: ix.def.Name},
	}
}

// released reports whether this commit gives up the claim that owner has.
func (e *evaluation) released(key []byte, owner string, ix *index) bool {
	n := &e.entries
	var buf []byte
	for i := range n.ops {
		op := &n.ops[i]
		if op.index != ix || !op.claim || op.put || e.docs[op.doc].id != owner {
			continue
		}
		buf = appendClaim(buf[:0], n.buf[op.key.From:op.key.To], owner)
		if bytes.Equal(buf, key) {
			return true
		}
	}
	return false
}

// fillEntries puts the changes into b: what goes first, as another document may take it.
func (e *evaluation) fillEntries(b *pebble.Batch) error {
	n := &e.entries
	for _, put := range [...]bool{false, true} {
		for i := range n.ops {
			op := &n.ops[i]
			if op.put != put || op.skip {
				continue
			}
			id := e.docs[op.doc].id
			if err := op.write(b, n.buf[op.key.From:op.key.To], id); err != nil {
				return err
			}
		}
	}
	for _, a := range n.arrays {
		if err := noteArrays(b, a.index, a.many); err != nil {
			return err
		}
	}
	return nil
}

func (op *entryOp) write(b *pebble.Batch, key []byte, id string) error {
	if op.claim {
		var buf [128]byte
		key = appendClaim(buf[:0], key, id)
	}
	if !op.put {
		return b.Delete(key, nil)
	}
	if op.claim {
		return b.Set(key, []byte(id), nil)
	}
	var buf [binary.MaxVarintLen32]byte
	return b.Set(key, binary.AppendUvarint(buf[:0], uint64(len(id))), nil)
}

// noteArrays says that ix holds several values of one document. It is known
// before the entries are seen.
func noteArrays(b *pebble.Batch, ix *index, many uint32) error {
	all := ix.arrays.Or(many) | many
	return b.Set(metaKey(metaArrays, numName(ix.num)), binary.BigEndian.AppendUint32(nil, all), nil)
}
