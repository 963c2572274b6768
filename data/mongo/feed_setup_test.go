package mongo

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

// other is a database as another program sees it, beside a store of Hutch.
type other struct {
	t  testing.TB
	s  *Store
	db *mongo.Database
}

// node opens a store of a database.
func node(t testing.TB, uri string) *Store {
	t.Helper()
	s, err := Open(context.Background(), Options{URL: uri})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// beside opens a store and a plain client of one database.
func beside(t testing.TB, uri string) *other {
	t.Helper()
	s := node(t, uri)
	c, err := mongo.Connect(options.Client().ApplyURI(uri).SetWriteConcern(writeconcern.Majority()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Disconnect(context.Background()) })
	if err := c.Ping(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return &other{t, s, c.Database(s.o.Database)}
}

func feedOf(t testing.TB) *other {
	t.Helper()
	return beside(t, mongotest.Database(t))
}

func limit(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func (o *other) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// imaged makes collections whose old images are kept.
func (o *other) imaged(names ...string) {
	o.t.Helper()
	for _, name := range names {
		o.must(o.db.CreateCollection(o.t.Context(), name, options.CreateCollection().SetChangeStreamPreAndPostImages(bson.D{{Key: "enabled", Value: true}})))
	}
}

// doc is a document as Hutch stores it.
func doc(id string, version int64, n int) bson.D {
	return bson.D{{Key: "_id", Value: id}, {Key: "_version", Value: version}, {Key: "n", Value: n}}
}

func idIs(id any) bson.D { return bson.D{{Key: "_id", Value: id}} }

func set(field string, v any) bson.D {
	return bson.D{{Key: "$set", Value: bson.D{{Key: field, Value: v}}}}
}

func (o *other) insert(coll string, docs ...any) {
	o.t.Helper()
	_, err := o.db.Collection(coll).InsertMany(o.t.Context(), docs)
	o.must(err)
}

func (o *other) update(coll string, id any, update bson.D) {
	o.t.Helper()
	_, err := o.db.Collection(coll).UpdateOne(o.t.Context(), idIs(id), update)
	o.must(err)
}

func (o *other) delete(coll string, id any) {
	o.t.Helper()
	_, err := o.db.Collection(coll).DeleteOne(o.t.Context(), idIs(id))
	o.must(err)
}

func (o *other) replace(coll string, d bson.D) {
	o.t.Helper()
	_, err := o.db.Collection(coll).ReplaceOne(o.t.Context(), idIs(d[0].Value), d, options.Replace().SetUpsert(true))
	o.must(err)
}

// atOnce runs f in a transaction.
func (o *other) atOnce(f func(ctx context.Context)) {
	o.t.Helper()
	ses, err := o.db.Client().StartSession()
	o.must(err)
	defer ses.EndSession(context.Background())
	_, err = ses.WithTransaction(o.t.Context(), func(ctx context.Context) (any, error) { f(ctx); return nil, nil })
	o.must(err)
}

// mark writes a document that readers know the end by.
func (o *other) mark(name string) { o.t.Helper(); o.insert("marks", idIs(name)) }

// until reads commits with changes up to that of a mark.
func (o *other) until(s *Store, after data.Position, mark string) []data.Commit {
	o.t.Helper()
	var out []data.Commit
	at := after
	for c, err := range s.Changes(limit(o.t, 30*time.Second), after) {
		o.must(err)
		if c.Position < at || c.Position == at && len(c.Changes) > 0 {
			o.t.Fatalf("%s comes behind %s", c.Position, at)
		}
		at = c.Position
		if len(c.Changes) == 0 {
			continue
		}
		if x := c.Changes[0]; x.Collection == "marks" && x.ID == mark {
			return out
		}
		out = append(out, c)
	}
	o.t.Fatalf("no %s in time, but %s", mark, told(out))
	return nil
}

// told writes commits as text, one a line.
func told(cs []data.Commit) string {
	var b strings.Builder
	for _, c := range cs {
		for i, x := range c.Changes {
			if i > 0 {
				b.WriteString("; ")
			}
			fmt.Fprintf(&b, "%s %s/%s %s>%s", x.Op, x.Collection, x.ID, short(x.Before), short(x.After))
		}
		b.WriteString("\n")
	}
	return b.String()
}

// short is a document's version and n.
func short(d data.Doc) string {
	if d == nil {
		return ""
	}
	return fmt.Sprintf("%d:%s", d.Lookup("_version").Int64(), d.Lookup("n"))
}

func (o *other) tells(cs []data.Commit, want ...string) {
	o.t.Helper()
	if got := strings.TrimSpace(told(cs)); got != strings.Join(want, "\n") {
		o.t.Errorf("the feed tells\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// killCursors ends every change stream of the database on the server.
func (o *other) killCursors() {
	o.t.Helper()
	admin := o.db.Client().Database("admin")
	cur, err := admin.Aggregate(o.t.Context(), bson.A{
		bson.D{{Key: "$currentOp", Value: bson.D{{Key: "idleCursors", Value: true}, {Key: "allUsers", Value: true}}}},
		bson.D{{Key: "$match", Value: bson.D{{Key: "cursor.cursorId", Value: bson.D{{Key: "$exists", Value: true}}}, {Key: "ns", Value: o.db.Name() + "." + streamNamespace}}}},
	})
	o.must(err)
	var found []struct {
		Cursor struct {
			CursorID int64 `bson:"cursorId"`
		}
	}
	o.must(cur.All(o.t.Context(), &found))
	if len(found) == 0 {
		o.t.Error("no stream is open")
	}
	for _, f := range found {
		o.must(o.db.RunCommand(o.t.Context(), bson.D{{Key: "killCursors", Value: streamNamespace}, {Key: "cursors", Value: bson.A{f.Cursor.CursorID}}}).Err())
	}
}
