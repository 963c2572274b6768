package pebble

import (
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// evaluation is what a batch comes to, on the newest applied state.
type evaluation struct {
	s     *Store
	batch *data.Batch
	at    int64 // ms: stamps _createdAt, _updatedAt

	cat     *catalog
	docs    []document
	keys    []byte        // backs document.key
	byKey   map[docID]int // of docs, once there are many
	err     error         // why the batch is refused
	size    int64         // of the new images
	entries entries
	changes []data.Change
	buf     []byte // the log entry
	probe   probe  // closed when a run ends, and the turn in the sequencer
}

type docID struct{ coll, id string }

// document is one that the batch reads or writes.
type document struct {
	coll    *collection // nil: never written
	name    string      // of the collection
	id      string
	key     []byte
	old     data.Doc // stored; nil = absent
	cur     data.Doc // as the writes so far leave it
	fresh   bool     // created by the batch: no version yet
	written bool
	derived bool // written by a row of Derive
	changed bool
}

var evaluations = sync.Pool{New: func() any { return new(evaluation) }}

func newEvaluation(s *Store, b *data.Batch) *evaluation {
	e := evaluations.Get().(*evaluation)
	e.s, e.batch = s, b
	now := b.Now
	if now.IsZero() {
		now = s.o.Now()
	}
	e.at = now.UnixMilli()
	return e
}

const keptBuffer = 1 << 20 // larger ones go to the collector

func (e *evaluation) free() {
	e.reset()
	if cap(e.buf) > keptBuffer {
		e.buf = nil
	}
	e.entries.shrink()
	e.s, e.batch, e.cat, e.changes = nil, nil, nil, nil
	evaluations.Put(e)
}

func (e *evaluation) reset() {
	clear(e.docs)
	e.docs, e.keys, e.err, e.size = e.docs[:0], e.keys[:0], nil, 0
	e.byKey = nil
	e.entries.reset()
}

// run evaluates checks and writes under cat; e.err tells the outcome.
func (e *evaluation) run(cat *catalog) {
	defer e.probe.close(&e.err)
	e.cat = cat
	for i := range e.batch.Checks {
		c := &e.batch.Checks[i]
		d, err := e.load(c.Collection, c.ID, c.Version == 0)
		if err == nil && version(d.old, d.id) != c.Version {
			err = data.Lost(c.Collection, c.ID)
		}
		if err != nil {
			e.err = err
			return
		}
	}
	if e.err = e.write(e.batch.Writes, false); e.err == nil {
		e.err = e.index(false, false)
	}
}

// write evaluates the batch's writes, or the rows derived from them.
func (e *evaluation) write(ws []data.Write, derived bool) error {
	for i := range ws {
		w := &ws[i]
		d, err := e.load(w.Collection, w.ID, w.Expect == 0)
		if err != nil {
			return err
		}
		if derived && d.written && !d.derived {
			return hutch.Errorf(hutch.Internal, "a derived row is a document that the batch writes")
		}
		d.written, d.derived = true, derived
		if err = d.expect(w.Expect); err != nil {
			return err
		}
		next, err := w.Next(d.cur)
		if err != nil {
			return err
		}
		if err = e.replace(d, next, w.Dated); err != nil {
			return err
		}
	}
	for i := range e.docs {
		d := &e.docs[i]
		if d.written && d.derived == derived && d.isChanged() {
			d.changed = true
			e.size += int64(len(d.cur) + len(d.old))
		}
	}
	return nil
}

// expect checks a write's Expect against the document as the writes before left it.
func (d *document) expect(v int64) error {
	switch {
	case v == data.AnyVersion:
		return nil
	case v == 0 && d.cur != nil:
		return &hutch.Error{Code: hutch.AlreadyExists, Message: "the id is taken", Err: &data.Conflict{Collection: d.name, ID: d.id}}
	case v == 0:
		return nil
	case d.cur == nil || d.fresh || version(d.old, d.id) != v:
		return data.Lost(d.name, d.id)
	}
	return nil
}

// replace makes next the document's state, stamped but for the version, which
// stays the stored one until the commit has its position.
func (e *evaluation) replace(d *document, next data.Doc, dated bool) error {
	if next == nil {
		d.cur, d.fresh = nil, false
		return nil
	}
	made, moved := e.at, e.at
	if d.cur == nil {
		d.fresh = true
	} else {
		made = created(d.cur, d.id)
	}
	if dated {
		made, moved = date(next, data.FieldCreated, made), date(next, data.FieldUpdated, moved)
	}
	v := int64(0)
	if !d.fresh {
		v = version(d.old, d.id)
	}
	doc, err := stamp(next, d.id, v, made, moved)
	if err != nil {
		return err
	}
	d.cur = doc
	return nil
}

// date is a date that next gives, else other.
func date(next data.Doc, name string, other int64) int64 {
	if t, ok := next.Lookup(name).DateTimeOK(); ok {
		return t
	}
	return other
}

func (d *document) isChanged() bool {
	if d.cur == nil || d.old == nil {
		return d.cur != nil || d.old != nil
	}
	return !sameFields(d.old, d.cur, d.id)
}

const linearDocs = 16 // up to here a search is cheaper than a map

// load gives the batch's view of a document, which is absent if all goes well or
// is not. The pointer holds until the next load.
func (e *evaluation) load(coll, id string, absent bool) (*document, error) {
	if coll == "" || id == "" || len(id) > maxID {
		return nil, hutch.Errorf(hutch.InvalidArgument, "a document has a collection and an _id of 1 to %d bytes", maxID)
	}
	if i := e.find(coll, id); i >= 0 {
		d := &e.docs[i]
		if d.coll == nil && e.cat.colls[coll] != nil { // new since it was checked
			return d, e.read(d, absent)
		}
		return d, nil
	}
	d := document{name: coll, id: id}
	if err := e.read(&d, absent); err != nil {
		return nil, err
	}
	e.docs = append(e.docs, d)
	if e.byKey != nil {
		e.byKey[docID{coll, id}] = len(e.docs) - 1
	}
	return &e.docs[len(e.docs)-1], nil
}

// read gets the document as it is stored.
func (e *evaluation) read(d *document, absent bool) (err error) {
	if d.coll = e.cat.colls[d.name]; d.coll == nil {
		return nil
	}
	at := len(e.keys)
	e.keys = appendDocKey(e.keys, d.coll.num, d.id)
	d.key = e.keys[at:len(e.keys):len(e.keys)]
	if absent {
		d.old, err = e.probe.doc(e.s.db, d.key, d.id)
	} else {
		d.old, err = readDoc(e.s.db, d.key, d.id)
	}
	d.cur = d.old
	return err
}

func (e *evaluation) find(coll, id string) int {
	if len(e.docs) <= linearDocs {
		for i := range e.docs {
			if e.docs[i].id == id && e.docs[i].name == coll {
				return i
			}
		}
		return -1
	}
	if e.byKey == nil {
		e.byKey = make(map[docID]int, 2*len(e.docs))
		for i := range e.docs {
			e.byKey[docID{e.docs[i].name, e.docs[i].id}] = i
		}
	}
	if i, ok := e.byKey[docID{coll, id}]; ok {
		return i
	}
	return -1
}

// stamp gives the new images their version and lists the changes; it gives
// their number.
func (e *evaluation) stamp(pos uint64) int {
	n := 0
	for i := range e.docs {
		if e.docs[i].changed {
			n++
		}
	}
	e.changes = make([]data.Change, 0, n+2)
	e.list(false, pos)
	return n
}

func (e *evaluation) list(derived bool, pos uint64) {
	for i := range e.docs {
		d := &e.docs[i]
		if !d.changed || d.derived != derived {
			continue
		}
		c := data.Change{Collection: d.name, ID: d.id, Op: data.OpUpdate, Before: d.old, After: d.cur}
		switch {
		case d.old == nil:
			c.Op = data.OpCreate
		case d.cur == nil:
			c.Op = data.OpDelete
		}
		if d.cur != nil {
			setVersion(d.cur, d.id, pos)
		}
		e.changes = append(e.changes, c)
	}
}

// complete adds what follows from the changes, and claims their unique values.
func (e *evaluation) complete(pos uint64) (err error) {
	defer e.probe.close(&err)
	if err = e.derive(pos); err != nil {
		return err
	}
	return e.claim()
}

// derive adds the rows that the batch derives from its changes. Rows are
// documents that the batch does not write itself.
func (e *evaluation) derive(pos uint64) error {
	if e.batch.Derive != nil {
		rows, err := e.batch.Derive(slices.Clip(e.changes))
		if err != nil {
			return err
		}
		if err := e.s.ensureLocked(rows); err != nil {
			return err
		}
		e.cat = e.s.cat.Load()
		if err := e.write(rows, true); err != nil {
			return err
		}
		e.list(true, pos)
	}
	if err := e.index(true, false); err != nil {
		return err
	}
	if err := e.index(false, true); err != nil {
		return err
	}
	return e.index(true, true)
}

// logged are the changes as the change log shows them.
func (e *evaluation) logged() []data.Change {
	bare := false
	for i := range e.docs {
		bare = bare || e.docs[i].changed && e.docs[i].coll.bare
	}
	if !bare {
		return e.changes
	}
	out := make([]data.Change, len(e.changes))
	for i, c := range e.changes {
		if e.cat.colls[c.Collection].bare {
			c.Before, c.After = nil, nil
		}
		out[i] = c
	}
	return out
}

// fill puts documents, index entries and claims into b.
func (e *evaluation) fill(b *pebble.Batch) error {
	for i := range e.docs {
		d := &e.docs[i]
		if !d.changed {
			continue
		}
		var err error
		if d.cur == nil {
			err = b.Delete(d.key, nil)
		} else {
			err = b.Set(d.key, d.cur, nil)
		}
		if err != nil {
			return err
		}
	}
	return e.fillEntries(b)
}

const maxID = 1024 // rooms may have longer ids than clients
