package mongo_test

import (
	"os"
	"testing"

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
