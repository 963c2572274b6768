// Package storetest holds the suite that every data.Store passes: each sentence
// of the contract, query operators by their table, races, and random runs against
// a naive store in memory. A store's test file is ten lines around Run.
//
// HUTCH_SEED repeats a random run, HUTCH_LONG (a duration) makes it long.
package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
)

// Options tell the suite how to make the special cases of a store. What a store
// cannot do is named in Except with the reason.
type Options struct {
	// Reopen closes a store that New gave and opens it again.
	Reopen func(t *testing.T, s data.Store) data.Store
	// ShortLog gives a store that keeps at most bytes of its change log.
	ShortLog func(t *testing.T, bytes int64) data.Store
	// LowDisk gives a store whose disk has the free space that free sets; below
	// floor it refuses writes.
	LowDisk func(t *testing.T, floor int64) (s data.Store, free func(int64))
	// Clock gives a store whose clock is moved by advance.
	Clock func(t *testing.T) (s data.Store, advance func(time.Duration))
	// Seed of random runs; 0: HUTCH_SEED, or one by the clock.
	Seed uint64
	// Games of the random run, of 300 steps each, so that several stores play
	// the same ones; 0: as many as the time allows.
	Games int
	// Only, if set, is what the names of the tests to run begin with.
	Only string
	// Except names tests that do not hold for the store, with the reason.
	Except map[string]string
}

// test is one part of the suite; its name is a sentence.
type test struct {
	name string
	run  func(e *env)
}

// Run checks a store. open gives a fresh one, closed when its test ends; tests
// run side by side.
func Run(t *testing.T, open func(t *testing.T) data.Store, o Options) {
	t.Helper()
	var all []test
	for _, part := range [][]test{writes, conditions, uniques, snapshots, changes, queries, plans, indexes, races, disks, usages, randoms} {
		all = append(all, part...)
	}
	for _, x := range all {
		if !strings.HasPrefix(x.name, o.Only) {
			continue
		}
		t.Run(x.name, func(t *testing.T) {
			if why := o.Except[x.name]; why != "" {
				t.Skip(why)
			}
			t.Parallel()
			x.run(&env{T: t, o: o, s: open(t), fresh: open})
		})
	}
}
