package pebble

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/hutch-dev/hutch/data"
)

// catalog is what the store knows of collections and indexes. It is replaced,
// never changed, under Store.mu.
type catalog struct {
	colls map[string]*collection
	nums  uint32 // the last number given to a collection or an index
}

type collection struct {
	num     uint32
	name    string
	bare    bool     // the change log keeps ids only
	indexes []*index // all that writes maintain
}

type indexState string

const (
	indexBuilding indexState = "building" // maintained, not used
	indexReady    indexState = "ready"
	indexDropping indexState = "dropping" // neither
)

// index is shared by the catalogs that hold it.
type index struct {
	num    uint32
	def    data.Index
	keyer  *data.Keyer
	state  indexState     // replaced with the index when it changes
	late   bool           // it orders by _version, which is known last
	arrays *atomic.Uint32 // bit n: some document has an array at field n
	broken *atomic.Bool   // a unique index under construction that met a duplicate
}

// bareCollections are the system's busy ones: nobody follows their images.
var bareCollections = []string{"_jobs", "_runs", "_inputs", "_counts", "_idempotency", "_lines", "_logs", "_metrics"}

// collectionRow and indexRow are the catalogue on disk.
type collectionRow struct {
	Num int64 `bson:"num"`
}

type indexRow struct {
	Num        int64      `bson:"num"`
	Collection string     `bson:"collection"`
	Name       string     `bson:"name"`
	Fields     []fieldRow `bson:"fields"`
	Unique     bool       `bson:"unique"`
	State      indexState `bson:"state"`
}

type fieldRow struct {
	Path string `bson:"path"`
	Desc bool   `bson:"desc"`
}

// number is a number as it was given.
func number(n int64) uint32 { return uint32(n) }

// The kinds of meta keys.
const (
	metaEpoch      = 'e'
	metaLayout     = 'v'
	metaTrimmed    = 't' // the newest position that the log has lost
	metaSegment    = 's' // + first position: a closed part of the log
	metaCollection = 'c' // + name
	metaIndex      = 'x' // + number
	metaArrays     = 'a' // + number: index.arrays
	metaBuilt      = 'b' // + number: the id up to which an index is built
	metaTally      = 'n' // + number: how many documents a collection holds, and their bytes
)

func numName(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }

func (c *catalog) with(coll *collection) *catalog {
	n := &catalog{colls: maps.Clone(c.colls), nums: c.nums}
	n.colls[coll.name] = coll
	return n
}

func newIndex(num uint32, def data.Index, state indexState) (*index, error) {
	k, err := data.NewKeyer(def)
	if err != nil {
		return nil, err
	}
	ix := &index{num: num, def: def, keyer: k, state: state, arrays: new(atomic.Uint32), broken: new(atomic.Bool)}
	for _, f := range def.Fields {
		ix.late = ix.late || f.Path == data.FieldVersion
	}
	return ix, nil
}

func (ix *index) in(state indexState) *index {
	c := *ix
	c.state = state
	return &c
}

func sameIndex(a, b data.Index) bool {
	return a.Name == b.Name && a.Unique == b.Unique && slices.Equal(a.Fields, b.Fields)
}

func (ix *index) row(coll string) indexRow {
	r := indexRow{Num: int64(ix.num), Collection: coll, Name: ix.def.Name, Unique: ix.def.Unique, State: ix.state}
	for _, f := range ix.def.Fields {
		r.Fields = append(r.Fields, fieldRow(f))
	}
	return r
}

func putIndex(b *pebble.Batch, coll string, ix *index) error {
	v, err := bson.Marshal(ix.row(coll))
	if err != nil {
		return err
	}
	return b.Set(metaKey(metaIndex, numName(ix.num)), v, nil)
}

// loadCatalog reads the catalogue; indexes that were being dropped come apart.
func loadCatalog(db *pebble.DB) (c *catalog, dropping []*index, err error) {
	c = &catalog{colls: map[string]*collection{}}
	err = eachMeta(db, metaCollection, func(name string, v []byte) error {
		var r collectionRow
		if e := bson.Unmarshal(v, &r); e != nil {
			return e
		}
		c.colls[name] = newCollection(name, number(r.Num))
		c.nums = max(c.nums, number(r.Num))
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	byNum := map[uint32]*index{}
	err = eachMeta(db, metaIndex, func(_ string, v []byte) error {
		var r indexRow
		if e := bson.Unmarshal(v, &r); e != nil {
			return e
		}
		def := data.Index{Name: r.Name, Unique: r.Unique}
		for _, f := range r.Fields {
			def.Fields = append(def.Fields, data.Order(f))
		}
		ix, e := newIndex(number(r.Num), def, r.State)
		if e != nil {
			return e
		}
		c.nums = max(c.nums, ix.num)
		byNum[ix.num] = ix
		if ix.state == indexDropping {
			dropping = append(dropping, ix)
		} else if coll := c.colls[r.Collection]; coll != nil {
			coll.indexes = append(coll.indexes, ix)
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	err = eachMeta(db, metaArrays, func(num string, v []byte) error {
		if ix := byNum[binary.BigEndian.Uint32([]byte(num))]; ix != nil {
			ix.arrays.Store(binary.BigEndian.Uint32(v))
		}
		return nil
	})
	return c, dropping, err
}

func newCollection(name string, num uint32) *collection {
	return &collection{num: num, name: strings.Clone(name), bare: slices.Contains(bareCollections, name)}
}

// eachMeta calls f for the meta keys of a kind.
func eachMeta(r pebble.Reader, kind byte, f func(name string, v []byte) error) error {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: metaKey(kind, ""), UpperBound: metaKey(kind+1, "")})
	if err != nil {
		return err
	}
	for ok := it.First(); ok; ok = it.Next() {
		if err := f(string(it.Key()[2:]), it.Value()); err != nil {
			_ = it.Close()
			return err
		}
	}
	return it.Close()
}

// ensure makes the collections of ws that are new to the store.
func (s *Store) ensure(ws []data.Write) error {
	cat := s.cat.Load()
	for i := range ws {
		if cat.colls[ws[i].Collection] == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.ensureLocked(ws)
		}
	}
	return nil
}

func (s *Store) ensureLocked(ws []data.Write) error {
	for i := range ws {
		if err := s.ensureCollection(ws[i].Collection); err != nil {
			return err
		}
	}
	return nil
}

// ensureCollection gives a new collection its number. mu is held. A crash of the
// batch that follows leaves an empty collection, which is none.
func (s *Store) ensureCollection(name string) error {
	cat := s.cat.Load()
	if cat.colls[name] != nil || name == "" {
		return nil
	}
	c := newCollection(name, cat.nums+1)
	row, err := bson.Marshal(collectionRow{int64(c.num)})
	if err != nil {
		return err
	}
	if err := s.db.Set(metaKey(metaCollection, name), row, pebble.NoSync); err != nil {
		return failed("writing the catalogue", err)
	}
	next := cat.with(c)
	next.nums = c.num
	s.cat.Store(next)
	s.tallies.known[c.num] = tally{}
	return nil
}
