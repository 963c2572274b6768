// Command load drives the built server over loopback and prints a table:
// operations a second, latencies, the server's CPU an operation.
//
//	go run ./bench/load [-time 5s] [-docs 10000] [-conns 1,16,64] [-only get,list] [-users 1000000]
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

type options struct {
	length time.Duration
	docs   int
	users  int
	conns  []int
	only   []string
}

func (o *options) wants(name string) bool { return len(o.only) == 0 || slices.Contains(o.only, name) }

func run() error {
	var o options
	var conns, only string
	flag.DurationVar(&o.length, "time", 5*time.Second, "of each measurement")
	flag.IntVar(&o.docs, "docs", 10_000, "documents")
	flag.IntVar(&o.users, "users", 0, "accounts of the measurement with many")
	flag.StringVar(&conns, "conns", "1,16,64", "connections")
	flag.StringVar(&only, "only", "", "operations, by comma")
	app := flag.String("app", "bench/load/app", "the app that is served")
	flag.Parse()
	for s := range strings.SplitSeq(conns, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return fmt.Errorf("connections %q", s)
		}
		o.conns = append(o.conns, n)
	}
	if only != "" {
		o.only = strings.Split(only, ",")
	}
	s, err := start(*app)
	if s != nil {
		defer s.stop()
	}
	if err != nil {
		return err
	}
	if err := fill(s, o.docs); err != nil {
		return err
	}
	fmt.Printf("%-14s %6s %10s %9s %9s %12s\n", "operation", "conns", "ops/s", "p50 ms", "p99 ms", "cpu us/op")
	for _, op := range operations(s, o.docs) {
		if !o.wants(op.name) {
			continue
		}
		for _, n := range o.conns {
			if err := measure(s, op, n, o.length); err != nil {
				return fmt.Errorf("%s: %w", op.name, err)
			}
		}
	}
	if o.wants("refresh") {
		sessions := 0
		for _, n := range o.conns {
			sessions += 2 * n // for the warm phase too
		}
		op, err := refreshing(s, sessions)
		if err != nil {
			return err
		}
		for _, n := range o.conns {
			if err := measure(s, op, n, o.length); err != nil {
				return fmt.Errorf("%s: %w", op.name, err)
			}
		}
	}
	if o.wants("sign-ins") {
		if err := beside(s, operations(s, o.docs)[0], 64, o.length); err != nil {
			return err
		}
	}
	if o.users > 0 {
		if err := crowd(s, o.users, o.length); err != nil {
			return err
		}
	}
	if o.wants("live") {
		for _, n := range []int{100, 1000} {
			if err := live(s, n, o.length); err != nil {
				return fmt.Errorf("live: %w", err)
			}
		}
	}
	return nil
}

// operation makes one request.
type operation struct {
	name   string
	status int
	do     func(c *conn, r *rand.Rand) (int, []byte, error)
}

func docID(n int) string { return fmt.Sprintf("item%06d", n) }

func item(uid string, n int) []byte {
	b, _ := json.Marshal(map[string]any{ // cannot fail
		"owner": uid, "cat": "c" + strconv.Itoa(n%100), "rank": n, "public": n%2 == 0,
		"title": "An item of the load test, number " + strconv.Itoa(n), "tags": []string{"a", "b", "c"}, "price": 12.5,
		"body": strings.Repeat("lorem ipsum ", 12),
	})
	return b
}

func operations(s *server, docs int) []operation {
	var made atomic.Int64
	return []operation{
		{"get", 200, func(c *conn, r *rand.Rand) (int, []byte, error) {
			return c.do("GET", "/data/v1/docs/items/"+docID(r.IntN(docs)), s.token, nil)
		}},
		{"list", 200, func(c *conn, r *rand.Rand) (int, []byte, error) {
			q := `{"from":"items","where":{"cat":"c` + strconv.Itoa(r.IntN(100)) + `"},"orderBy":[["rank","desc"]],"limit":20}`
			return c.do("POST", "/data/v1/query", s.token, []byte(q))
		}},
		{"create", 201, func(c *conn, _ *rand.Rand) (int, []byte, error) {
			return c.do("POST", "/data/v1/docs/items", s.token, item(s.uid, docs+int(made.Add(1))))
		}},
		{"update", 200, func(c *conn, r *rand.Rand) (int, []byte, error) {
			return c.do("PATCH", "/data/v1/docs/items/"+docID(r.IntN(docs)), s.token, []byte(`{"$inc":{"price":1},"title":"changed"}`))
		}},
		{"hook create", 201, func(c *conn, _ *rand.Rand) (int, []byte, error) {
			return c.do("POST", "/data/v1/docs/hooked", s.token, item(s.uid, int(made.Add(1))))
		}},
	}
}

// fill puts the documents in, 500 a commit.
func fill(s *server, docs int) error {
	c, err := dial(s.addr)
	if err != nil {
		return err
	}
	defer c.c.Close()
	for from := 0; from < docs; from += 500 {
		b := []byte(`{"writes":[`)
		for n := from; n < min(docs, from+500); n++ {
			if n > from {
				b = append(b, ',')
			}
			b = append(b, `{"op":"create","in":"items","id":"`+docID(n)+`","data":`...)
			b = append(b, item(s.uid, n)...)
			b = append(b, '}')
		}
		if status, body, err := c.do("POST", "/data/v1/commit", s.token, append(b, "]}"...)); err != nil || status != 200 {
			return fmt.Errorf("filling: %d %s (%v)", status, body, err)
		}
	}
	return nil
}

// measure runs op over n connections and prints its row.
func measure(s *server, op operation, n int, length time.Duration) error {
	var wg sync.WaitGroup
	times := make([][]time.Duration, n)
	errs := make(chan error, n)
	var over atomic.Bool
	loop := func(i int, keep bool) {
		c, err := dial(s.addr)
		if err != nil {
			errs <- err
			return
		}
		defer c.c.Close()
		r := rand.New(rand.NewPCG(uint64(i), 7))
		for !over.Load() {
			begun := time.Now()
			status, body, err := op.do(c, r)
			if err != nil || status != op.status {
				errs <- fmt.Errorf("%d %s (%v)", status, body, err)
				return
			}
			if keep {
				times[i] = append(times[i], time.Since(begun))
			}
		}
	}
	phase := func(d time.Duration, keep bool) {
		over.Store(false)
		for i := range n {
			wg.Go(func() { loop(i, keep) })
		}
		time.Sleep(d)
		over.Store(true)
		wg.Wait()
	}
	phase(time.Second, false) // warm
	before, begun := s.cpu(), time.Now()
	phase(length, true)
	took, used := time.Since(begun), s.cpu()-before
	select {
	case err := <-errs:
		return err
	default:
	}
	var all []time.Duration
	for _, t := range times {
		all = append(all, t...)
	}
	row(op.name, n, all, took, used)
	return nil
}

func row(name string, n int, all []time.Duration, took, used time.Duration) {
	slices.Sort(all)
	ms := func(p float64) float64 { return float64(all[int(float64(len(all)-1)*p)].Microseconds()) / 1000 }
	fmt.Printf("%-14s %6d %10.0f %9.2f %9.2f %12.1f\n", name, n, float64(len(all))/took.Seconds(), ms(.5), ms(.99), float64(used.Microseconds())/float64(len(all)))
}
