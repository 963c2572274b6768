package pebble

import (
	"bytes"

	"github.com/cockroachdb/pebble/v2"

	"github.com/hutch-dev/hutch/data"
)

// probe looks for keys that most likely are absent. The engine's Get leaves out
// the filters of the last level, where nearly all keys are, and reads a block
// there to find nothing, from the disk if the store is larger than its cache.
type probe struct {
	it *pebble.Iterator // of the state at the first get, until close
}

// get copies the value at key.
func (p *probe) get(db *pebble.DB, key []byte) (v []byte, ok bool, err error) {
	if p.it == nil {
		if p.it, err = db.NewIter(&pebble.IterOptions{UseL6Filters: true}); err != nil {
			return nil, false, err
		}
	}
	if !p.it.SeekPrefixGE(key) || !bytes.Equal(p.it.Key(), key) {
		return nil, false, p.it.Error()
	}
	if v, err = p.it.ValueAndErr(); err != nil {
		return nil, false, err
	}
	return append(make([]byte, 0, len(v)), v...), true, nil
}

// doc is readDoc.
func (p *probe) doc(db *pebble.DB, key []byte, id string) (data.Doc, error) {
	v, ok, err := p.get(db, key)
	switch {
	case err != nil:
		return nil, failed("reading a document", err)
	case !ok:
		return nil, nil
	case !stored(v, id):
		return nil, errNoDoc
	}
	return v, nil
}

// close lets the state go, and gives err or what became of closing.
func (p *probe) close(err *error) {
	if p.it == nil {
		return
	}
	if cerr := p.it.Close(); cerr != nil && *err == nil {
		*err = failed("reading documents", cerr)
	}
	p.it = nil
}
