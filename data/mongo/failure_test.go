package mongo_test

import (
	"context"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

// failing makes a server fail commands: times of them, 0 for all, until the
// function that it gives is called.
func failing(t *testing.T, db *driver.Database, times int, how bson.D) (mend func()) {
	t.Helper()
	var mode any = "alwaysOn"
	if times > 0 {
		mode = bson.D{{Key: "times", Value: times}}
	}
	how = append(how, bson.E{Key: "appName", Value: "hutch"})
	set := func(mode any) {
		t.Helper()
		err := db.Client().Database("admin").RunCommand(context.Background(), bson.D{
			{Key: "configureFailPoint", Value: "failCommand"}, {Key: "mode", Value: mode}, {Key: "data", Value: how},
		}).Err()
		if err != nil {
			t.Fatal(err)
		}
	}
	set(mode)
	return func() { t.Helper(); set("off") }
}

func commands(names ...string) bson.E { return bson.E{Key: "failCommands", Value: names} }

// lost is an answer that says no more than that the server cannot promise that
// the write, which it has made, will last.
func lost(cmd string) bson.D {
	return bson.D{commands(cmd), {Key: "writeConcernError", Value: bson.D{
		{Key: "code", Value: 262}, {Key: "errmsg", Value: "no time left"},
	}}, {Key: "errorLabels", Value: bson.A{"RetryableWriteError"}}}
}

func closed(cmd string) bson.D { return bson.D{commands(cmd), {Key: "closeConnection", Value: true}} }

func transient(cmd string) bson.D {
	return bson.D{commands(cmd), {Key: "errorCode", Value: 251}, {Key: "errorLabels", Value: bson.A{"TransientTransactionError"}}}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	set := mongotest.Start(t, mongotest.Options{Members: 1, Args: []string{"--setParameter", "enableTestCommands=1"}})
	uri := set.Database("fail")
	s, db := openAt(t, uri, mongo.Options{}), plain(t, uri)
	one := []data.Write{inc("pets", "a")}
	two := []data.Write{inc("pets", "a"), inc("pets", "b")}
	created := func(id string) []data.Write {
		w := inc("pets", id)
		w.Expect = 0
		return []data.Write{w}
	}
	commit(t, s, two...)

	t.Run("what failed for a while is applied once", func(t *testing.T) {
		for _, x := range []struct {
			name   string
			how    bson.D
			writes []data.Write
		}{
			{"an answer to a single write is lost", lost("update"), one},
			{"a connection ends under a single write", closed("update"), one},
			{"an answer to a commit is lost", lost("commitTransaction"), two},
			{"a connection ends under a commit", closed("commitTransaction"), two},
			{"a transaction is gone at a write", transient("update"), two},
			{"a transaction is gone at its commit", transient("commitTransaction"), two},
			{"a connection ends under a transaction's read", closed("find"), two},
			{"a connection ends under a read", closed("find"), one},
		} {
			t.Run(x.name, func(t *testing.T) {
				before := number(get(t, s, "pets", "a"), "n")
				mend := failing(t, db, 2, x.how)
				defer mend()
				calls := 0
				_, err := s.Commit(within(t, patience), &data.Batch{Now: time.Now(), Writes: x.writes, Applied: func() { calls++ }})
				mend()
				if n := number(get(t, s, "pets", "a"), "n"); err != nil || n != before+1 || calls != 1 {
					t.Errorf("%d after %d, Applied %d times, %v", n, before, calls, err)
				}
			})
		}
	})

	t.Run("an outcome that stays unknown is unavailable, and nothing is applied twice", func(t *testing.T) {
		for _, x := range []struct {
			name   string
			how    bson.D
			writes []data.Write
			id     string
			made   bool
		}{
			{"a single write that was made", lost("update"), one, "a", true},
			{"a single write that was not", closed("update"), one, "a", false},
			{"a commit that was made", lost("commitTransaction"), two, "a", true},
			{"a commit that was not", closed("commitTransaction"), two, "a", false},
			{"a create that was made", lost("commitTransaction"), created("x"), "x", true},
		} {
			t.Run(x.name, func(t *testing.T) {
				before := number(get(t, s, "pets", x.id), "n")
				mend := failing(t, db, 0, x.how)
				defer mend()
				b := &data.Batch{Now: time.Now(), Writes: x.writes, Applied: func() { t.Error("Applied is called") }}
				_, err := s.Commit(within(t, 500*time.Millisecond), b)
				mend()
				if hutch.CodeOf(err) != hutch.Unavailable {
					t.Errorf("error %v", err)
				}
				want := before
				if x.made {
					want++
				}
				settled(t, s, db) // a transaction that was left open is not in the way
				if n := number(get(t, s, "pets", x.id), "n"); n != want {
					t.Errorf("%d after %d", n, before)
				}
			})
		}
	})

	t.Run("a deadline ends a commit that waits for the server", func(t *testing.T) {
		mend := failing(t, db, 0, bson.D{commands("update"), {Key: "blockConnection", Value: true}, {Key: "blockTimeMS", Value: 1500}})
		defer mend()
		_, err := s.Commit(within(t, 300*time.Millisecond), &data.Batch{Now: time.Now(), Writes: one})
		if hutch.CodeOf(err) != hutch.Unavailable {
			t.Errorf("error %v", err)
		}
	})
}

// settled waits until no transaction of a client is open.
func settled(t *testing.T, s data.Store, db *driver.Database) {
	t.Helper()
	if err := db.Client().Database("admin").RunCommand(t.Context(), bson.D{{Key: "killAllSessions", Value: bson.A{}}}).Err(); err != nil {
		t.Fatal(err)
	}
	commit(t, s, inc("pets", "b"))
}
