package mongo_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/data/storetest"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

func suite(t *testing.T, only string) {
	var uris sync.Map // of stores
	storetest.Run(t, func(t *testing.T) data.Store {
		uri := mongotest.Database(t)
		s := openAt(t, uri, mongo.Options{})
		uris.Store(s, uri)
		return s
	}, storetest.Options{
		Only: only,
		Reopen: func(t *testing.T, s data.Store) data.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			uri, _ := uris.Load(s)
			n := openAt(t, uri.(string), mongo.Options{})
			uris.Store(n, uri)
			return n
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
