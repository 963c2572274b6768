package mongo_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/data/storetest"
)

// TestDifferentialOfStores plays the same random games on MongoDB and on the
// embedded store, each beside the model: 60 seconds of them, or HUTCH_LONG.
func TestDifferentialOfStores(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("HUTCH_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	length := 60 * time.Second
	if s := os.Getenv("HUTCH_LONG"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		length = d
	}
	t.Logf("seed %d", seed)
	const games = 2 // a round
	rounds := 0
	for until := time.Now().Add(length); time.Now().Before(until) && !t.Failed(); rounds++ {
		o := storetest.Options{Only: "Random", Seed: seed + uint64(rounds), Games: games}
		t.Run("mongo", func(t *testing.T) { storetest.Run(t, func(t *testing.T) data.Store { return open(t) }, o) })
		t.Run("pebble", func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) data.Store {
				s, err := pebble.Open(pebble.Options{Dir: t.TempDir()})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = s.Close() })
				return s
			}, o)
		})
	}
	t.Logf("%d games of 300 steps on each store, seeds from %d", rounds*games, seed)
}
