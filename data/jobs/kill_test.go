package jobs_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
	"github.com/hutch-dev/hutch/data/mongo"
	"github.com/hutch-dev/hutch/data/pebble"
	"github.com/hutch-dev/hutch/internal/mongotest"
)

// killWorkload is small for every run and 10,000 jobs for long ones.
func killWorkload() (l workload, kills int) {
	if os.Getenv("HUTCH_LONG") != "" {
		return workload{jobs: 10_000, orders: 50, hot: 20}, 20
	}
	return workload{jobs: 300, orders: 10, hot: 5}, 3
}

// childEnv says to a test process that it is a worker of the store named.
const childEnv = "HUTCH_TEST_JOBS_OF"

// TestWorkerProcess is the body of the processes that TestKilledProcesses kills.
func TestWorkerProcess(t *testing.T) {
	at := os.Getenv(childEnv)
	if at == "" {
		t.Skip("the body of a child process")
	}
	rnd := seed(t)
	n := openChild(t, at).node()
	l, _ := killWorkload()
	n.pool(short(t, rnd), func(w *worker) { l.handle(w.Pool, w.own, func() bool { return false }) })
	// The parent reads how many are left; it kills this process, or ends its input.
	go func() {
		for {
			left := n.left()
			fmt.Println("left", left)
			if left == 0 {
				return
			}
		}
	}()
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
}

// openChild opens the store of a child: a URI or a folder.
func openChild(t *testing.T, at string) *cluster {
	return &cluster{t: t, open: func() data.Store {
		var s data.Store
		var err error
		if strings.HasPrefix(at, "mongodb://") {
			s, err = mongo.Open(t.Context(), mongo.Options{URL: at})
		} else {
			s, err = pebble.Open(pebble.Options{Dir: at, FreeSpace: func() (int64, error) { return 1 << 40, nil }})
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { check(t, s.Close()) })
		return s
	}}
}

// child is a worker process.
type child struct {
	cmd  *exec.Cmd
	left chan int // the newest that it said
	end  func() error
}

func startChild(t *testing.T, at string, seed uint64) *child {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run", "^TestWorkerProcess$", "-test.timeout", "0")
	cmd.Env = append(os.Environ(), childEnv+"="+at, "HUTCH_SEED="+strconv.FormatUint(seed, 10))
	cmd.Stderr = t.Output()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: cmd, left: make(chan int, 1)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var k int
			if _, err := fmt.Sscanf(lines.Text(), "left %d", &k); err == nil {
				select {
				case <-c.left:
				default:
				}
				c.left <- k
			}
		}
	}()
	ended := false
	c.end = func() error {
		ended = true
		_ = in.Close()
		<-read
		return cmd.Wait()
	}
	t.Cleanup(func() {
		if !ended {
			_ = cmd.Process.Kill()
			_ = c.end()
		}
		cancel()
	})
	return c
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.end()
}

// until waits until the child says that at most so many are left.
func (c *child) until(t *testing.T, most int) int {
	t.Helper()
	for end := time.After(5 * time.Minute); ; {
		select {
		case k := <-c.left:
			if k <= most {
				return k
			}
		case <-end:
			t.Fatal("waited in vain")
		}
	}
}

func TestKilledProcesses(t *testing.T) {
	l, kills := killWorkload()
	t.Run("embedded", func(t *testing.T) {
		rnd, dir := seed(t), t.TempDir()
		filled(t, dir, l)
		c := startChild(t, dir, rnd.Uint64())
		for i := range kills {
			c.until(t, l.jobs-(i+1)*l.jobs/(kills+1)+rnd.IntN(l.jobs/(2*kills)))
			c.kill()
			c = startChild(t, dir, rnd.Uint64())
		}
		c.until(t, 0)
		check(t, c.end())
		l.check(openChild(t, dir).node())
		t.Logf("%d jobs, %d kills", l.jobs, kills)
	})
	t.Run("mongodb", func(t *testing.T) {
		rnd := seed(t)
		// A transaction of a process that was killed holds its documents until the
		// server gives it up, by default after a minute.
		o := mongotest.Options{Members: 1, Args: []string{"--setParameter", "transactionLifetimeLimitSeconds=1"}}
		if kills > 4 { // servers are killed, too
			o = mongotest.Options{Args: []string{"--setParameter", "transactionLifetimeLimitSeconds=3"}}
		}
		set := mongotest.Start(t, o)
		uri := set.Database("jobs")
		filled(t, uri, l)
		workers := []*child{startChild(t, uri, rnd.Uint64()), startChild(t, uri, rnd.Uint64()), startChild(t, uri, rnd.Uint64())}
		for i := range kills {
			k := rnd.IntN(len(workers))
			workers[k].until(t, l.jobs-(i+1)*l.jobs/(kills+1)+rnd.IntN(l.jobs/(2*kills)))
			if i%5 == 4 { // its server, too
				old := set.WaitPrimary()
				set.Kill(old)
				set.WaitPrimary()
				set.Restart(old)
				continue
			}
			workers[k].kill()
			workers[k] = startChild(t, uri, rnd.Uint64())
		}
		for _, c := range workers {
			c.until(t, 0)
			check(t, c.end())
		}
		l.check(openChild(t, uri).node())
		t.Logf("%d jobs, %d kills", l.jobs, kills)
	})
}

// filled puts the jobs into a store and closes it.
func filled(t *testing.T, at string, l workload) {
	t.Helper()
	t.Run("filled", func(t *testing.T) { l.enqueue(openChild(t, at).node()) })
	if t.Failed() {
		t.FailNow()
	}
}

// short is a configuration with leases of half a second.
func short(t testing.TB, rnd *rand.Rand) func(*jobs.Config) {
	tick := time.NewTicker(50 * time.Millisecond)
	t.Cleanup(tick.Stop)
	return func(c *jobs.Config) { c.Lease, c.Ticks, c.Random = 500*time.Millisecond, tick.C, randomOf(rnd) }
}
