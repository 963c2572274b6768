package mongo

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/hutch-dev/hutch/data"
)

// catalog is what this node knows of the database's collections; never changed.
type catalog struct {
	colls map[string]*collection // by Hutch's name
}

// collection is one that exists and whose changes carry the old image.
type collection struct {
	name, stored string
	indexes      []*index // declared and ready
	building     []*index // not used yet
	gone         bool     // dropped or replaced by another program: to be made right before the next write
}

// index is a declared index. MongoDB keeps it as one index in the order of its
// fields and then _id, which serves queries, and a unique one as another besides
// that holds no documents without any of its fields.
type index struct {
	def    data.Index
	query  string // MongoDB's name of the one that queries use
	unique string // of the other, "" if it is not unique
	keyer  *data.Keyer
	many   atomic.Uint32 // bit n: some document has more than one value at field n
}

func newCatalog() *catalog { return &catalog{colls: map[string]*collection{}} }

// built are the collection's indexes as the planner takes them.
func (c *collection) built() []data.Built {
	out := make([]data.Built, len(c.indexes))
	for i, ix := range c.indexes {
		out[i] = data.Built{Index: ix.def, Many: ix.many.Load()}
	}
	return out
}

// with gives the catalog with other collections put in.
func (c *catalog) with(cs ...*collection) *catalog {
	n := newCatalog()
	maps.Copy(n.colls, c.colls)
	for _, x := range cs {
		n.colls[x.name] = x
	}
	return n
}

// change replaces the catalog by what f makes of it.
func (s *Store) change(f func(*catalog) *catalog) {
	for {
		old := s.cat.Load()
		if s.cat.CompareAndSwap(old, f(old)) {
			return
		}
	}
}

// The names that MongoDB's indexes get; others are not the store's business.
const (
	queryPrefix  = "hutch:"
	uniquePrefix = "hutch unique:"
)

// signature spells an index by its fields, "species:1,price:-1".
func signature(fields []data.Order) string {
	parts := make([]string, len(fields))
	for i, f := range fields {
		parts[i] = f.Path + ":" + strconv.Itoa(direction(f.Desc))
	}
	return strings.Join(parts, ",")
}

func direction(desc bool) int {
	if desc {
		return -1
	}
	return 1
}

// forget notes that another program has dropped or replaced a collection.
func (s *Store) forget(name string) {
	s.change(func(cat *catalog) *catalog {
		old := cat.colls[name]
		if old == nil || old.gone {
			return cat
		}
		c := *old
		c.gone = true
		return cat.with(&c)
	})
}

// bare collections are in the change log without images.
func isBare(coll string) bool {
	return slices.Contains(bareCollections, coll)
}

var bareCollections = []string{"_jobs", "_runs", "_inputs", "_counts", "_idempotency", "_lines", "_logs", "_metrics"}

// loadCollections learns which collections exist and log old images.
func (s *Store) loadCollections(ctx context.Context) error {
	cur, err := s.db.ListCollections(ctx, bson.D{{Key: "type", Value: "collection"}})
	if err != nil {
		return failed(ctx, "listing the collections", err)
	}
	var found []*collection
	for cur.Next(ctx) {
		c, ok := collectionOf(cur)
		if ok {
			found = append(found, c)
		}
	}
	if err := cur.Err(); err != nil {
		return failed(ctx, "listing the collections", err)
	}
	s.change(func(c *catalog) *catalog { return c.with(found...) })
	return nil
}

func collectionOf(cur *mongo.Cursor) (*collection, bool) {
	in, _ := cur.Current.Lookup("name").StringValueOK()
	name, ok := named(in)
	if cur.Current.Lookup("options", "collation").Type != 0 {
		return nil, false // equal texts would be one to the server and two to Hutch
	}
	images, _ := cur.Current.Lookup("options", "changeStreamPreAndPostImages", "enabled").BooleanOK()
	return &collection{name: name, stored: in}, ok && (images || isBare(name))
}
