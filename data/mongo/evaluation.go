package mongo

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

type docID struct{ coll, id string }

// image is a document on its way through a group.
type image struct {
	docID
	base  bson.Raw // as stored; nil = absent
	shown data.Doc // base as it is handed on
	sure  bool     // base cannot be rolled back if the group commits
	check bool     // some batch checks it: it is read in the transaction

	cur     data.Doc   // as the batches so far leave it
	high    int64      // the newest version it has had
	in      *pending   // the last batch that touched it
	at      int        // its place in in.docs
	own     bool       // written by a batch, not only by rows
	writers []*pending // that changed it
	whole   bool       // its version proves nothing: all of base is compared
}

// draft is what one batch makes of an image.
type draft struct {
	im      *image
	before  data.Doc
	cur     data.Doc // as the writes so far leave it
	fresh   bool     // created by the batch: no version yet
	written bool
	derived bool // written by a row of Derive
	changed bool
}

// errReread says that the group was judged on images that may be old.
var errReread = errors.New("the images may be old")

// aheadError says that a document to be deleted has a version ahead of the
// cluster's clock: a document created in its place could get one used before.
type aheadError struct{ version int64 }

func (*aheadError) Error() string { return "the version is ahead of the cluster's clock" }

func (g *group) set(im *image, base bson.Raw, sure bool) {
	im.base, im.sure, im.shown = base, sure, nil
	if base != nil {
		im.shown, _ = shown(base) // found by its _id, which is a string
	}
	im.cur, im.high = im.shown, versionOf(base)
}

// judge runs all batches in turn, each on the images the former left. read reads
// documents that rows are about to write.
func (g *group) judge(read func([]*image) error) error {
	for _, p := range g.ps {
		p.state, p.err, p.byRows = statePassed, nil, false
	}
	for {
		g.rewind()
		for i, p := range g.ps {
			if p.state != statePassed {
				continue
			}
			if err := g.judgeOne(p, i); err != nil {
				return err
			}
		}
		again, err := g.judgeRows(read)
		if err != nil {
			return err
		}
		if !again {
			return nil
		}
		for _, p := range g.ps { // those that a refused one may have had an effect on
			if p.state == stateRefused && !p.byRows {
				p.state, p.err = statePassed, nil
			}
		}
	}
}

// size is the bytes of the batch's new images.
func (p *pending) size() (n int) {
	for i := range p.docs {
		if p.docs[i].changed {
			n += len(p.docs[i].cur)
		}
	}
	return n
}

// rewind takes back what the batches did to the images.
func (g *group) rewind() {
	g.size = 0
	for _, im := range g.imgs {
		im.cur, im.high, im.in, im.own, im.writers = im.shown, versionOf(im.base), nil, false, im.writers[:0]
	}
}

// judgeOne judges one batch but for its rows.
func (g *group) judgeOne(p *pending, n int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left {
		p.state = stateLeft
		return nil
	}
	p.n, p.docs, p.rows = n, p.docs[:0], nil
	err := g.check(p)
	if err == nil {
		err = g.write(p, p.b.Writes, false)
	}
	if err == nil {
		if ahead := g.freed(p); ahead != 0 && len(g.ps) > 1 {
			p.state, p.alone = stateAgain, true
			return nil
		} else if ahead != 0 {
			return &aheadError{ahead}
		}
		size := p.size()
		switch {
		case size > maxCommit:
			p.refuse(hutch.Errorf(hutch.ResourceExhausted, "a commit is larger than %d bytes", maxCommit))
			return nil
		case g.size+size > maxCommit:
			p.state = stateAgain
			return nil
		}
		g.size += size
		p.list()
		if p.b.Derive != nil {
			p.call(func() { p.rows, err = p.b.Derive(slices.Clip(p.changes)) })
		}
	}
	if err != nil || p.state != statePassed {
		p.refuse(err)
		return nil
	}
	p.publish(false)
	return nil
}

func (p *pending) refuse(err error) {
	p.state, p.err = stateRefused, cmp.Or(p.err, err)
}

func (g *group) check(p *pending) error {
	for i := range p.b.Checks {
		c := &p.b.Checks[i]
		if d := g.touch(p, docID{c.Collection, c.ID}); numbered(d.before) != c.Version {
			return data.Lost(c.Collection, c.ID)
		}
	}
	return nil
}

// touch gives the batch's view of a document whose image is there.
func (g *group) touch(p *pending, key docID) *draft {
	im := g.imgs[key]
	if im.in != p {
		im.in, im.at = p, len(p.docs)
		p.docs = append(p.docs, draft{im: im, before: im.cur, cur: im.cur})
	}
	return &p.docs[im.at]
}

// write evaluates a batch's writes, or the rows derived from them.
func (g *group) write(p *pending, ws []data.Write, derived bool) error {
	for i := range ws {
		w := &ws[i]
		d := g.touch(p, docID{w.Collection, w.ID})
		if derived && d.written && !d.derived {
			return hutch.Errorf(hutch.Internal, "a derived row is a document that the batch writes")
		}
		d.written, d.derived = true, derived
		if err := d.expect(w.Expect); err != nil {
			return err
		}
		var next data.Doc
		var err error
		p.call(func() { next, err = w.Next(d.cur) })
		if err = cmp.Or(p.err, err); err != nil {
			return err
		}
		if err = d.replace(next, p.at, w.Dated); err != nil {
			return err
		}
	}
	clock := g.s.clock.load()
	for i := range p.docs {
		d := &p.docs[i]
		if !d.written || d.derived != derived || !d.differs() {
			continue
		}
		d.changed = true
		if d.cur == nil {
			continue
		}
		if err := g.s.checkArrays(d.im.coll, d.cur); err != nil {
			return err
		}
		setVersion(d.cur, len(d.im.id), nextVersion(max(d.im.high, versionOf(d.before)), clock))
	}
	return nil
}

// expect checks a write's Expect against the document as the writes before left it.
func (d *draft) expect(v int64) error {
	switch {
	case v == data.AnyVersion:
		return nil
	case v == 0 && d.cur != nil:
		return idTaken(d.im.docID)
	case v == 0:
		return nil
	case d.cur == nil || d.fresh || numbered(d.before) != v:
		return data.Lost(d.im.coll, d.im.id)
	}
	return nil
}

func idTaken(key docID) error {
	return &hutch.Error{Code: hutch.AlreadyExists, Message: "the id is taken", Err: &data.Conflict{Collection: key.coll, ID: key.id}}
}

// replace makes next the document's state, stamped but for the new version.
func (d *draft) replace(next data.Doc, at int64, dated bool) error {
	if next == nil {
		d.cur, d.fresh = nil, false
		return nil
	}
	y := system{created: at, updated: at}
	if d.cur == nil {
		d.fresh = true
	} else if v := d.cur.Lookup(data.FieldCreated); v.Type == bson.TypeDateTime {
		y.created = v.DateTime()
	}
	if dated {
		if t, ok := next.Lookup(data.FieldCreated).DateTimeOK(); ok {
			y.created = t
		}
		if t, ok := next.Lookup(data.FieldUpdated).DateTimeOK(); ok {
			y.updated = t
		}
	}
	if !d.fresh {
		y.version = numbered(d.before)
	}
	doc, err := stamp(next, d.im.id, y)
	if err != nil {
		return err
	}
	d.cur = doc
	return nil
}

func (d *draft) differs() bool {
	if d.cur == nil || d.before == nil {
		return d.cur != nil || d.before != nil
	}
	return !sameFields(d.before, d.cur)
}

// freed gives the version of a document that the batch deletes while it is ahead
// of the cluster's clock, or was given by another batch of the group; else 0. Far
// ahead is what another program wrote as a version, which nobody waits for.
func (g *group) freed(p *pending) int64 {
	floor := g.s.clock.load().floor()
	for i := range p.docs {
		d := &p.docs[i]
		switch {
		case !d.changed || d.cur != nil:
		case d.im.high > versionOf(d.im.base), d.im.high > floor+1 && d.im.high <= floor+maxAhead:
			return d.im.high
		case d.im.high > floor+1:
			d.im.whole = true
		}
	}
	return 0
}

// maxAhead is more than merged updates bring a version ahead of the clock: four
// seconds.
const maxAhead = 4 << 20

// list lists the changes in the order of the writes.
func (p *pending) list() {
	p.changes = nil
	n := 0
	for i := range p.docs {
		if p.docs[i].changed {
			n++
		}
	}
	if n == 0 {
		return
	}
	p.changes = make([]data.Change, 0, n)
	if n == 1 || len(p.b.Checks) == 0 { // documents stand in the order of the writes
		for i := range p.docs {
			if p.docs[i].changed {
				p.changes = append(p.changes, p.docs[i].change())
			}
		}
		return
	}
	listed := make(map[docID]bool, n)
	for i := range p.b.Writes {
		key := docID{p.b.Writes[i].Collection, p.b.Writes[i].ID}
		for j := range p.docs {
			if d := &p.docs[j]; d.changed && d.im.docID == key && !listed[key] {
				listed[key] = true
				p.changes = append(p.changes, d.change())
			}
		}
	}
}

func (d *draft) change() data.Change {
	c := data.Change{Collection: d.im.coll, ID: d.im.id, Op: data.OpUpdate, Before: d.before, After: d.cur}
	switch {
	case d.before == nil:
		c.Op = data.OpCreate
	case d.cur == nil:
		c.Op = data.OpDelete
	}
	return c
}

// publish leaves the batch's documents, or its rows, to the batches behind it.
func (p *pending) publish(derived bool) {
	for i := range p.docs {
		d := &p.docs[i]
		if !d.changed || d.derived != derived {
			continue
		}
		d.im.cur = d.cur
		d.im.own = d.im.own || !derived
		d.im.high = max(d.im.high, versionOf(d.cur))
		d.im.writers = append(d.im.writers, p)
	}
}

// numbered is the version of a document as it is handed on; 0 = absent.
func numbered(d data.Doc) int64 {
	if d == nil {
		return 0
	}
	return max(versionOf(d), foreignVersion)
}

// setVersion writes the version of a document that stamp made.
func setVersion(d data.Doc, id int, v int64) {
	binary.LittleEndian.PutUint64(d[4+len("x_id_")+4+id+1+len("x_version_"):], uint64(v))
}
