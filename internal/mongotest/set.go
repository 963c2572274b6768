package mongotest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// patience bounds every wait of a Set.
const patience = 60 * time.Second

// Options say what a Set is like. The zero value is a set of three.
type Options struct {
	Members int      // 3 by default
	OplogMB int      // above 0: an oplog of that size, which is also truncated quickly
	Args    []string // more flags for each mongod
	// Election is how long members wait without a primary's news [1 s]. On a busy
	// machine a short one elects where nobody is dead.
	Election time.Duration
}

// Set is a replica set that belongs to one test. Its methods fail the test
// where they cannot do what they say, so they are called from its goroutine.
type Set struct {
	t testing.TB
	s *set
}

// Start starts a set of the test's own and stops it when the test ends. All its
// members serve when it returns.
func Start(t testing.TB, o Options) *Set {
	t.Helper()
	skipShort(t)
	s, err := open(t.TempDir(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return &Set{t: t, s: s}
}

// URI names all members and no database.
func (s *Set) URI() string { return address(s.s.hosts()) }

// Database is the URI with a database in it.
func (s *Set) Database(name string) string { return withDatabase(s.URI(), name) }

// Members is how many the set has; they count from 0.
func (s *Set) Members() int { return len(s.s.members) }

// Kill ends a member as a power cut does (kill -9), and waits until it is gone.
func (s *Set) Kill(i int) {
	s.t.Helper()
	s.s.members[i].kill()
}

// Stop shuts a member down (SIGTERM) and waits until it has ended.
func (s *Set) Stop(i int) {
	s.t.Helper()
	if err := s.s.members[i].stop(); err != nil {
		s.t.Fatal(err)
	}
}

// Restart starts a member that was killed or stopped, on its data, and waits
// until it serves as primary or secondary.
func (s *Set) Restart(i int) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.s.members[i].start(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// StepDown makes the primary step down, waits until another is elected and
// gives that one.
func (s *Set) StepDown() int {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	old := s.WaitPrimary()
	err := s.s.members[old].client.Database("admin").RunCommand(ctx, bson.D{
		{Key: "replSetStepDown", Value: 5}, // seconds in which it is not elected again
		{Key: "secondaryCatchUpPeriodSecs", Value: 2},
		{Key: "force", Value: true},
	}).Err()
	if err != nil {
		s.t.Fatalf("stepping down member %d: %v", old, err)
	}
	for {
		if p := s.WaitPrimary(); p != old || len(s.s.members) == 1 {
			return p
		}
		if ctx.Err() != nil {
			s.t.Fatalf("member %d stepped down and is still primary", old)
		}
	}
}

// Primary is the member that is primary now; -1 where there is none.
func (s *Set) Primary() int {
	s.t.Helper()
	_, primary := ask(s.t.Context(), s.s.running())
	return primary
}

// WaitPrimary waits until a primary takes majority writes, and gives it.
func (s *Set) WaitPrimary() int {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	primary, err := waitPrimary(ctx, s.s.running(), func([]role) bool { return true })
	if err != nil {
		s.t.Fatal(err)
	}
	return primary
}

// String names the members, for messages of tests.
func (s *Set) String() string { return fmt.Sprint(s.s.hosts()) }
