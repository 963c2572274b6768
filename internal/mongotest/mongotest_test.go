package mongotest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/hutch-dev/hutch/internal/mongotest"
)

func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }

func connect(t *testing.T, uri string) *mongo.Client {
	t.Helper()
	c, err := mongo.Connect(options.Client().ApplyURI(uri).SetWriteConcern(writeconcern.Majority()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Disconnect(context.Background()) })
	return c
}

// deadline is t.Context with an end.
func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestADatabaseIsFreshAndDropped(t *testing.T) {
	ctx := deadline(t)
	c := connect(t, mongotest.URI(t))
	var names []string
	t.Run("used", func(t *testing.T) {
		for range 2 {
			uri := mongotest.Database(t)
			_, name, _ := strings.Cut(strings.TrimPrefix(uri, "mongodb://"), "/")
			name, _, _ = strings.Cut(name, "?")
			names = append(names, name)
			if _, err := connect(t, uri).Database(name).Collection("pets").InsertOne(ctx, bson.D{{Key: "_id", Value: 1}}); err != nil {
				t.Fatal(err)
			}
		}
	})
	if len(names) != 2 || names[0] == names[1] {
		t.Fatalf("databases %q", names)
	}
	left, err := c.ListDatabaseNames(ctx, bson.D{{Key: "name", Value: bson.D{{Key: "$in", Value: names}}}})
	if err != nil || len(left) != 0 {
		t.Fatalf("left %q, %v", left, err)
	}
}

func TestASetSurvivesItsPrimary(t *testing.T) {
	ctx := deadline(t)
	var uri string
	t.Run("killed and restarted", func(t *testing.T) {
		set := mongotest.Start(t, mongotest.Options{})
		uri = set.URI()
		pets := connect(t, uri).Database("d").Collection("pets")
		write := func(id int) {
			t.Helper()
			if _, err := pets.InsertOne(ctx, bson.D{{Key: "_id", Value: id}}); err != nil {
				t.Fatal(err)
			}
		}
		write(1)
		old := set.WaitPrimary()
		set.Kill(old)
		write(2) // the driver waits for the next primary
		p := set.WaitPrimary()
		if p == old || p != set.Primary() {
			t.Fatalf("member %d was killed, %d is primary, then %d", old, p, set.Primary())
		}
		set.Restart(old)
		if q := set.StepDown(); q == p {
			t.Fatalf("member %d stepped down and is primary", p)
		}
		set.Stop(old)
		write(3)
		set.Restart(old)
		if n, err := pets.CountDocuments(ctx, bson.D{}); n != 3 || err != nil {
			t.Fatalf("%d documents, %v", n, err)
		}
		if len(running(t, uri)) != set.Members() {
			t.Fatalf("runs: %q", running(t, uri))
		}
	})
	if left := running(t, uri); len(left) != 0 {
		t.Fatalf("left running: %q", left)
	}
}

func TestASmallSetHasASmallOplog(t *testing.T) {
	set := mongotest.Start(t, mongotest.Options{Members: 1, OplogMB: 16, Args: []string{"--quiet"}})
	var stats struct {
		MaxSize int `bson:"maxSize"`
	}
	err := connect(t, set.Database("local")).Database("local").
		RunCommand(deadline(t), bson.D{{Key: "collStats", Value: "oplog.rs"}}).Decode(&stats)
	if err != nil || stats.MaxSize != 16<<20 {
		t.Fatalf("an oplog of %d bytes, %v", stats.MaxSize, err)
	}
	set.Kill(0)
	if p := set.Primary(); p != -1 {
		t.Fatalf("member %d is primary of a dead set", p)
	}
	set.Restart(0)
	if p := set.WaitPrimary(); p != 0 {
		t.Fatalf("member %d is primary", p)
	}
}

func TestNoServerOutlivesAKilledTest(t *testing.T) {
	if os.Getenv("HUTCH_TEST_DIES") != "" {
		fmt.Println(mongotest.Start(t, mongotest.Options{Members: 1}).URI())
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	if testing.Short() {
		t.Skip("needs mongod")
	}
	ctx := deadline(t)
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "HUTCH_TEST_DIES=1", "TMPDIR="+t.TempDir())
	out, err := cmd.Output()
	uri := strings.TrimSpace(string(out))
	if err == nil || !strings.HasPrefix(uri, "mongodb://127.0.0.1:") {
		t.Fatalf("the child ended with %v and said %q", err, uri)
	}
	for len(running(t, uri)) > 0 {
		if ctx.Err() != nil {
			t.Fatalf("left running: %q", running(t, uri))
		}
		runtime.Gosched() // the kernel ends it
	}
}

// running lists the command lines of living processes with a port of uri's.
func running(t *testing.T, uri string) (out []string) {
	t.Helper()
	hosts, _, _ := strings.Cut(strings.TrimPrefix(uri, "mongodb://"), "/")
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		line, _ := os.ReadFile(file) // gone since
		for host := range strings.SplitSeq(hosts, ",") {
			if strings.Contains(string(line), "\x00--port\x00"+strings.TrimPrefix(host, "127.0.0.1:")+"\x00") {
				out = append(out, strings.ReplaceAll(string(line), "\x00", " "))
			}
		}
	}
	return out
}
