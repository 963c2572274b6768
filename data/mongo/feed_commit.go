package mongo

import (
	"bytes"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// assembly makes commits of events: those of one cluster time are one commit.
type assembly struct {
	ready   []data.Commit // whole, in order
	done    instant       // all up to it is in ready or was
	shown   instant       // the newest position in ready, or that was
	singles bool          // an event outside a transaction is a commit by itself
	reopen  bool          // the stream ended behind done, and goes on behind it

	open   data.Commit // events of a commit that may go on
	at     instant     // of open
	isOpen bool

	names map[string]string // MongoDB's names to ours; "" = not ours
	known func() []string   // the collections that there are, ours
	gone  func(name string) // told of those that were dropped or replaced
}

var errEvent = errors.New("an event of the change stream cannot be read")

// add takes up the next event.
func (a *assembly) add(raw []byte) error {
	e, ok := readEvent(raw)
	if !ok {
		return errEvent
	}
	if a.isOpen && a.at != e.at {
		a.flush()
	}
	if e.kind == kindInvalidate {
		a.reopen = true
	}
	if e.at <= a.done {
		return nil // the stream begins at done itself
	}
	if !a.isOpen {
		at := e.at.time()
		if e.wall != 0 {
			at = time.UnixMilli(e.wall)
		}
		a.open, a.at, a.isOpen = data.Commit{Position: e.at.position(), At: at.UTC()}, e.at, true
	}
	a.event(&e)
	if a.singles && !e.txn && e.kind <= kindDelete {
		a.flush()
	}
	return nil
}

// event appends what an event changed.
func (a *assembly) event(e *event) {
	switch e.kind {
	case kindDrop:
		a.replaced(e.coll)
		return
	case kindRename:
		a.replaced(e.coll)
		a.replaced(e.to)
		return
	case kindDropDatabase, kindInvalidate:
		for _, name := range a.names {
			a.resets(name)
		}
		for _, name := range a.known() {
			a.gone(name)
			a.resets(name)
		}
		return
	}
	name := a.name(e.coll)
	if name == "" || e.id == nil {
		return
	}
	if name == jobCollection {
		if e.kind == kindInsert {
			a.open.Changes = append(a.open.Changes, data.Change{Collection: name, ID: string(e.id), Op: data.OpCreate})
		}
		return
	}
	before, had := imageOf(e.before)
	after, has := imageOf(e.after)
	if had != (e.kind != kindInsert) || has != (e.kind != kindDelete) {
		a.resets(name) // an image is missing
		return
	}
	if had && has && bytes.Equal(before, after) {
		return // held, not changed
	}
	c := data.Change{Collection: name, ID: string(e.id), Before: before, After: after}
	c.Op = opOf(&c)
	a.open.Changes = append(a.open.Changes, c)
}

// name is our name of a collection; "" when it is none of ours, or not shown.
func (a *assembly) name(coll []byte) string {
	name, ok := a.names[string(coll)]
	if ok {
		return name
	}
	if len(a.names) >= knownAtMost {
		clear(a.names)
	}
	if name, ok = named(string(coll)); !ok || name == storeCollection || isBare(name) && name != jobCollection {
		name = ""
	}
	a.names[string(coll)] = name
	return name
}

// replaced takes a collection that is gone, or another one.
func (a *assembly) replaced(coll []byte) {
	if name, ok := named(string(coll)); ok {
		a.gone(name)
	}
	a.resets(a.name(coll))
}

func (a *assembly) resets(name string) {
	if name == "" || name == storeCollection || isBare(name) {
		return
	}
	for i := range a.open.Changes {
		if c := &a.open.Changes[i]; c.Op == data.OpReset && c.Collection == name {
			return
		}
	}
	a.open.Changes = append(a.open.Changes, data.Change{Collection: name, Op: data.OpReset})
}

// imageOf is a document of an event as it is handed on: bytes of its own, since
// the answer that it lies in is large.
func imageOf(d bson.Raw) (data.Doc, bool) {
	if d == nil {
		return nil, false
	}
	doc, ok := shown(d)
	if ok && &doc[0] == &d[0] {
		doc = bytes.Clone(doc)
	}
	return doc, ok
}

// flush ends the open commit.
func (a *assembly) flush() {
	if !a.isOpen {
		return
	}
	c := a.open
	c.Changes = merged(c.Changes)
	a.done = max(a.done, a.at)
	a.open, a.isOpen = data.Commit{}, false
	if len(c.Changes) > 0 {
		a.shown = a.at
		a.ready = append(a.ready, c)
	}
}

// drop forgets what is not whole: the stream begins again at done.
func (a *assembly) drop() { a.open, a.isOpen = data.Commit{}, false }

func opOf(c *data.Change) data.Op {
	switch {
	case c.Before == nil:
		return data.OpCreate
	case c.After == nil:
		return data.OpDelete
	}
	return data.OpUpdate
}

// merged makes one change of those of one document: the first old image, the
// last new one. What ends as it began is left out.
func merged(cs []data.Change) []data.Change {
	if len(cs) < 2 {
		return cs
	}
	type key struct{ coll, id string }
	first := make(map[key]int, len(cs))
	out := cs[:0]
	twice := false
	for _, c := range cs {
		k := key{c.Collection, c.ID}
		i, seen := first[k]
		if !seen || c.Op == data.OpReset {
			first[k] = len(out)
			out = append(out, c)
			continue
		}
		out[i].After = c.After
		twice = true
	}
	if !twice {
		return out
	}
	kept := out[:0]
	for _, c := range out {
		if c.Op != data.OpReset && c.Collection != jobCollection {
			if c.Before == nil && c.After == nil || bytes.Equal(c.Before, c.After) {
				continue
			}
			c.Op = opOf(&c)
		}
		kept = append(kept, c)
	}
	clear(cs[len(kept):])
	return kept
}
