package pebble_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/data/storetest"
)

func open(t testing.TB, o pebble.Options) *pebble.Store {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	s, err := pebble.Open(o)
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

func suite(t *testing.T, o pebble.Options, only string) {
	var dirs sync.Map // of stores
	storetest.Run(t, func(t *testing.T) data.Store {
		o := o
		o.Dir = t.TempDir()
		s := open(t, o)
		dirs.Store(s, o.Dir)
		return s
	}, storetest.Options{
		Only: only,
		Reopen: func(t *testing.T, s data.Store) data.Store {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			o := o
			dir, _ := dirs.Load(s)
			o.Dir = dir.(string)
			n := open(t, o)
			dirs.Store(n, o.Dir)
			return n
		},
		ShortLog: func(t *testing.T, bytes int64) data.Store { o := o; o.LogBytes = bytes; return open(t, o) },
		LowDisk: func(t *testing.T, floor int64) (data.Store, func(int64)) {
			var free atomic.Int64
			free.Store(1 << 40)
			o := o
			o.FreeFloor, o.FreeSpace = floor, func() (int64, error) { return free.Load(), nil }
			return open(t, o), free.Store
		},
		Clock: func(t *testing.T) (data.Store, func(time.Duration)) {
			var ahead atomic.Int64
			o := o
			o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			return open(t, o), func(d time.Duration) { ahead.Add(int64(d)) }
		},
	})
}

func TestStore(t *testing.T) {
	t.Parallel()
	suite(t, pebble.Options{}, "")
}

func TestStoreRelaxed(t *testing.T) {
	t.Parallel()
	suite(t, pebble.Options{Durability: pebble.Relaxed}, "")
}

func TestS28QueryCost(t *testing.T) { suite(t, pebble.Options{}, "S28") }

func TestS70UniqueViolation(t *testing.T) { suite(t, pebble.Options{}, "S70") }
