package mongo

import (
	"context"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// judgeRows judges what the batches derived, batch by batch. again says that one
// was refused: the others must be judged anew without it.
func (g *group) judgeRows(read func([]*image) error) (again bool, err error) {
	if again, err = g.readRows(read); err != nil {
		return false, err
	}
	for _, p := range g.ps {
		if p.state != statePassed || len(p.rows) == 0 {
			continue
		}
		if g.judgeRowsOf(p) {
			again = true
		}
	}
	return again, nil
}

// readRows gets the documents that rows write and nobody has read yet.
func (g *group) readRows(read func([]*image) error) (refused bool, err error) {
	var missing []*image
	rows := false
	for _, p := range g.ps {
		if p.state != statePassed {
			continue
		}
		for i := range p.rows {
			w := &p.rows[i]
			if err := checkID(w.Collection, w.ID); err != nil {
				p.fail(err)
				p.byRows, refused = true, true
				break
			}
			rows = true
			if key := (docID{w.Collection, w.ID}); g.imgs[key] == nil {
				im := g.image(key)
				if im.sure = w.Fresh; !w.Fresh {
					missing = append(missing, im)
				}
			}
		}
	}
	if !rows {
		return refused, nil
	}
	return refused, read(missing)
}

// judgeRowsOf judges the rows of one batch; refused says that it falls out.
func (g *group) judgeRowsOf(p *pending) (refused bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left {
		p.state = stateLeft
		return true
	}
	mine := true // nobody else of the group has a part in the rows
	for i := range p.rows {
		im := g.imgs[docID{p.rows[i].Collection, p.rows[i].ID}]
		if im.in != nil && im.in != p {
			if mine = false; im.in.n > p.n { // it was judged before p's rows, which come first
				p.state, p.alone = stateAgain, true
				return true
			}
		}
	}
	err := g.write(p, p.rows, true)
	switch {
	case err != nil && !mine && p.panicked == nil:
		p.state, p.alone = stateAgain, true
		return true
	case err != nil:
		p.refuse(err)
		p.byRows = true
		return true
	}
	p.publish(true)
	return false
}

// checkArrays refuses a document that an index cannot hold, and notes which
// fields have several values before the document is there.
func (s *Store) checkArrays(coll string, d data.Doc) error {
	c := s.cat.Load().colls[coll]
	if c == nil {
		return nil
	}
	for _, ix := range c.building { // an index that cannot be built fails, not the write
		if e, err := ix.keyer.Check(d); err == nil && e.Many&^ix.many.Load() != 0 {
			ix.many.Or(e.Many)
		}
	}
	for _, ix := range c.indexes {
		e, err := ix.keyer.Check(d)
		if err != nil {
			return err
		}
		if e.Many&^ix.many.Load() != 0 {
			ix.many.Or(e.Many)
		}
	}
	return nil
}

// ensureRows makes the collections of rows that are new to the store.
func (s *Store) ensureRows(ctx context.Context, ims []*image) error {
	for _, im := range ims {
		if err := s.ensure(ctx, im.coll); err != nil {
			return hutch.AsError(err)
		}
	}
	return nil
}
