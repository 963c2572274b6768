package mongo_test

import (
	"context"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }

// open gives a store of its own database.
func open(t testing.TB) *mongo.Store {
	t.Helper()
	return openAt(t, mongotest.Database(t), mongo.Options{})
}

// openAt gives another node of the database at uri.
func openAt(t testing.TB, uri string, o mongo.Options) *mongo.Store {
	t.Helper()
	o.URL = uri
	s, err := mongo.Open(t.Context(), o)
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

// plain is the database at uri as another program sees it.
func plain(t testing.TB, uri string) *driver.Database {
	t.Helper()
	c, err := driver.Connect(options.Client().ApplyURI(uri).SetWriteConcern(writeconcern.Majority()).SetReadConcern(readconcern.Majority()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Disconnect(context.Background()) })
	u, err := url.Parse(uri[:strings.Index(uri, "://")] + "://h" + uri[strings.LastIndex(uri, "/"):])
	if err != nil {
		t.Fatal(err)
	}
	return c.Database(strings.TrimPrefix(u.Path, "/"))
}

func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

const patience = 30 * time.Second

// commit commits writes that must pass.
func commit(t testing.TB, s data.Store, ws ...data.Write) data.Result {
	t.Helper()
	r, err := s.Commit(within(t, patience), &data.Batch{Now: time.Now(), Writes: ws})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// get reads a document now; nil when it is absent.
func get(t testing.TB, s data.Store, coll, id string) data.Doc {
	t.Helper()
	ctx := within(t, patience)
	sn, err := s.Snapshot(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	defer sn.Close()
	d, err := sn.Get(ctx, coll, id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func number(d data.Doc, field string) int64 {
	n, _ := data.Integer(data.Field(d, field))
	return n
}

// put replaces a document by {n: n} whatever is stored.
func put(coll, id string, n int64) data.Write {
	return data.Write{Collection: coll, ID: id, Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) {
		return data.NewDoc(data.Elem{Name: "n", Value: data.Int(n)}), nil
	}}
}

// del deletes a document.
func del(coll, id string) data.Write {
	return data.Write{Collection: coll, ID: id, Expect: data.AnyVersion, Next: func(data.Doc) (data.Doc, error) { return nil, nil }}
}
