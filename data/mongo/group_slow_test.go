package mongo

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

// locked is a store with documents 0 to n-1 of pets, and another client's open
// transaction that has written them all; release ends it.
func locked(t *testing.T, n int) (o *other, release func()) {
	t.Helper()
	o = beside(t, mongotest.Database(t))
	ctx := limit(t, 60*time.Second)
	ws := []data.Write{counted("free", "x")}
	for i := range n {
		ws = append(ws, counted("pets", fmt.Sprint(i)))
	}
	o.must((<-start(ctx, o.s, &data.Batch{Writes: ws})).err)
	ses, err := o.db.Client().StartSession()
	o.must(err)
	o.must(ses.StartTransaction())
	_, err = o.db.Collection("pets").UpdateMany(mongo.NewSessionContext(ctx, ses), bson.D{}, bson.D{{Key: "$set", Value: bson.D{{Key: "x", Value: 1}}}})
	o.must(err)
	release = func() { _ = ses.AbortTransaction(context.Background()) }
	t.Cleanup(release)
	return o, release
}

func stillWaiting(t *testing.T, cs ...<-chan answer) {
	t.Helper()
	for i, c := range cs {
		select {
		case a := <-c:
			t.Fatalf("commit %d on a locked document has passed, or failed: %v", i, a.err)
		default:
		}
	}
}

func TestLockedDocumentsStopNobodyElse(t *testing.T) {
	t.Parallel()
	o, release := locked(t, 3*lanes)
	s := o.s
	ctx := limit(t, 50*time.Second)
	var stuck []<-chan answer
	for i := range 3 * lanes {
		for range 2 {
			stuck = append(stuck, start(ctx, s, &data.Batch{Writes: []data.Write{counted("pets", fmt.Sprint(i))}}))
		}
	}
	for range 3 {
		if a := <-start(limit(t, 20*time.Second), s, &data.Batch{Writes: []data.Write{counted("free", "x")}}); a.err != nil {
			t.Fatalf("a commit on a free document: %v", a.err)
		}
	}
	both := start(ctx, s, &data.Batch{Writes: []data.Write{counted("pets", "0"), counted("free", "x")}})
	queued(t, s, 3*lanes+1)
	if a := <-start(limit(t, 20*time.Second), s, &data.Batch{Writes: []data.Write{counted("free", "x")}}); a.err != nil {
		t.Fatalf("behind a batch that waits for a locked document: %v", a.err)
	}
	stuck = append(stuck, both)
	stillWaiting(t, stuck...)
	release()
	for _, c := range stuck {
		if a := <-c; a.err != nil {
			t.Errorf("after the lock: %v", a.err)
		}
	}
}

func TestWhatWentOutWithALockedDocumentPasses(t *testing.T) {
	t.Parallel()
	o, release := locked(t, 1)
	s := o.s
	ctx := limit(t, 50*time.Second)
	s.queue.slow = time.Hour
	var releases []func()
	for i := range lanes {
		w, inFlight, release := held(fmt.Sprint("lane", i))
		defer release()
		releases = append(releases, release)
		start(ctx, s, &data.Batch{Writes: []data.Write{w}})
		<-inFlight
	}
	stuck := start(ctx, s, &data.Batch{Writes: []data.Write{counted("pets", "0")}})
	queued(t, s, 1)
	free := start(limit(t, 20*time.Second), s, &data.Batch{Writes: []data.Write{counted("free", "x")}})
	queued(t, s, 2)
	s.queue.slow = 0
	releases[0]()
	if a := <-free; a.err != nil {
		t.Fatalf("a commit on a free document: %v", a.err)
	}
	stillWaiting(t, stuck)
	release()
	if a := <-stuck; a.err != nil {
		t.Errorf("after the lock: %v", a.err)
	}
}
