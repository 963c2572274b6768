package mongotest

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// shared is the set that a test process starts for itself.
var shared struct {
	main bool // Main will stop it

	mu  sync.Mutex
	dir string
	set *set
	err error
}

// Main runs a package's tests and then stops the set that they shared, if this
// process started one. TestMain passes what it returns to os.Exit.
func Main(m *testing.M) int {
	shared.main = true
	defer func() {
		shared.mu.Lock()
		defer shared.mu.Unlock()
		if shared.set != nil {
			shared.set.close()
		}
		_ = os.RemoveAll(shared.dir) // else the next process does it
	}()
	return m.Run()
}

// URI gives the replica set that tests share: that of HUTCH_MONGO, else one
// that this process starts at the first call. It names no database.
func URI(t testing.TB) string {
	t.Helper()
	skipShort(t)
	if !shared.main {
		t.Fatal("the package's TestMain must call mongotest.Main, which stops the set")
	}
	if uri := os.Getenv("HUTCH_MONGO"); uri != "" {
		return uri
	}
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.set == nil && shared.err == nil {
		openShared()
	}
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return address(shared.set.hosts())
}

// Database gives the URI of a fresh database in the shared set, which is
// dropped when the test ends.
func Database(t testing.TB) (uri string) {
	t.Helper()
	set := URI(t)
	name := "t_" + rand.Text()[:16]
	t.Cleanup(func() { drop(t, set, name) })
	return withDatabase(set, name)
}

// dropTime outlasts mongod's transactionLifetimeLimitSeconds (60 by default):
// the open transaction of a killed process holds its collections that long.
const dropTime = 2 * time.Minute

func drop(t testing.TB, uri, name string) {
	c, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Errorf("connecting to %s: %v", uri, err)
		return
	}
	defer disconnect(c)
	ctx, cancel := context.WithTimeout(context.Background(), dropTime)
	defer cancel()
	if err := c.Database(name).Drop(ctx); err != nil {
		t.Errorf("dropping %s: %v", name, err)
	}
}

// tempName is how the folders of shared sets are called, by the pid of their
// process.
const tempName = "hutch-mongotest-%d-"

// openShared opens the shared set in a folder of its own. Folders of processes
// that could not remove theirs go first.
func openShared() {
	old, _ := filepath.Glob(filepath.Join(os.TempDir(), "hutch-mongotest-*"))
	for _, dir := range old {
		var pid int
		if _, err := fmt.Sscanf(filepath.Base(dir), tempName, &pid); err == nil && syscall.Kill(pid, 0) == syscall.ESRCH {
			_ = os.RemoveAll(dir)
		}
	}
	if shared.dir, shared.err = os.MkdirTemp("", fmt.Sprintf(tempName, os.Getpid())); shared.err == nil {
		shared.set, shared.err = open(shared.dir, Options{Election: 10 * time.Second})
	}
}

func skipShort(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a MongoDB replica set; -short runs without")
	}
}
