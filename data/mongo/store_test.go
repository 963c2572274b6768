package mongo_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/data/storetest"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

// configured is a store that notes what it was configured with: on MongoDB a
// node that starts declares the indexes again.
type configured struct {
	*mongo.Store
	uri string
	cs  []data.Collection
}

func (c *configured) Configure(ctx context.Context, cs []data.Collection, prune bool) error {
	c.cs = cs
	return c.Store.Configure(ctx, cs, prune)
}

func suite(t *testing.T, only string) {
	storetest.Run(t, func(t *testing.T) data.Store {
		uri := mongotest.Database(t)
		return &configured{Store: openAt(t, uri, mongo.Options{}), uri: uri}
	}, storetest.Options{
		Only: only,
		Reopen: func(t *testing.T, s data.Store) data.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			old := s.(*configured)
			n := &configured{Store: openAt(t, old.uri, mongo.Options{}), uri: old.uri}
			if err := n.Configure(t.Context(), old.cs, false); err != nil {
				t.Fatal(err)
			}
			return n
		},
		ShortLog: func(t *testing.T, _ int64) data.Store {
			set := mongotest.Start(t, mongotest.Options{Members: 1, OplogMB: 16})
			return openAt(t, set.Database("short"), mongo.Options{})
		},
		Clock: func(t *testing.T) (data.Store, func(time.Duration)) {
			var ahead atomic.Int64
			now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			return openAt(t, mongotest.Database(t), mongo.Options{Now: now}), func(d time.Duration) { ahead.Add(int64(d)) }
		},
		Except: map[string]string{
			"checks exclude write skew": "isolation is snapshot isolation: TestAChecksHoldsUpToTheStartOfTheTransaction",
			"below the floor writes are refused and reads go on, above twice the floor they pass again": "the disk is the server's",
			"a large batch that would go below the floor is refused at once":                            "the disk is the server's",
		},
	})
}

func TestStore(t *testing.T) {
	t.Parallel()
	suite(t, "")
}

func TestS70UniqueViolation(t *testing.T) {
	t.Parallel()
	suite(t, "S70")
}
