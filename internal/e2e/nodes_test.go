package e2e_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/hutch-dev/hutch/internal/mongotest"
)

// masterKey is what the nodes of a test share.
const masterKey = "abababababababababababababababababababababababababababababababab"

// nodes are several servers of one app on one replica set behind a balancer of
// plain TCP. The shop's own calls go through the balancer.
type nodes struct {
	*shop
	each []*shop
}

// petstoreOn serves the example by n nodes on the database of a URI.
func petstoreOn(t *testing.T, store string, n int) *nodes {
	return nodesOn(t, store, n, petstoreCopy)
}

// nodesOn serves an app by n nodes, each with a folder of its own.
func nodesOn(t *testing.T, store string, n int, dir func(*testing.T) string) *nodes {
	t.Helper()
	bin, err := built()
	if err != nil {
		t.Fatal(err)
	}
	b := balance(t)
	ns := &nodes{shop: &shop{t: t, url: b.url()}}
	for range n {
		s := &shop{
			t: t, bin: bin, dir: dir(t), args: []string{"--public-url", b.url()},
			env: []string{"HUTCH_STORE=" + store, "HUTCH_MASTER_KEY=" + masterKey},
		}
		ns.each = append(ns.each, s)
	}
	var wg sync.WaitGroup
	for _, s := range ns.each { // at the same moment, on an empty database
		wg.Go(s.start)
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for _, s := range ns.each {
		b.add(strings.TrimPrefix(s.url, "http://"))
		t.Cleanup(s.stop)
	}
	return ns
}

func (ns *nodes) key() string { return ns.each[0].key() }

// opsKey makes a service key that may see the node from inside.
func (s *shop) opsKey() string {
	s.t.Helper()
	out, err := exec.Command(s.bin, "key", "create", "watch", "--scope", "ops", s.dir).Output()
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// balancer hands connections to its backends by turns, to another where one
// does not answer.
type balancer struct {
	ln       net.Listener
	mu       sync.Mutex // guards backends
	backends []string
	next     atomic.Uint32
}

func balance(t *testing.T) *balancer {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{ln: ln}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go b.serve(c)
		}
	}()
	return b
}

func (b *balancer) url() string { return "http://" + b.ln.Addr().String() }

func (b *balancer) add(addr string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backends = append(b.backends, addr)
}

func (b *balancer) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	b.mu.Lock()
	backends := b.backends
	b.mu.Unlock()
	first := int(b.next.Add(1))
	for i := range backends {
		up, err := net.Dial("tcp", backends[(first+i)%len(backends)])
		if err != nil {
			continue
		}
		go func() {
			_, _ = io.Copy(up, c)
			_ = up.Close()
		}()
		_, _ = io.Copy(c, up)
		return
	}
}

func TestNodesShareUsersSessionsAndKeys(t *testing.T) {
	ns := petstoreOn(t, mongotest.Database(t), 2)
	a, b := ns.each[0], ns.each[1]
	key := a.key()
	p := a.signUp()
	b.product(key, "shared", 5)
	if r := b.do("GET", "/auth/v1/user", p.token, nil); r.status != 200 {
		t.Errorf("the other node knows the session: %d %s", r.status, r.body)
	}
	same := uuid.NewString()
	first, again := a.buy(p, "shared", 1, same), b.buy(p, "shared", 1, same)
	if first.status != 200 || again.body != first.body || again.header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%d %s, on the other node %d %s", first.status, first.body, again.status, again.body)
	}
	if n := b.stock(key, "shared"); n != 4 {
		t.Errorf("%d in stock", n)
	}
	if r := a.do("POST", "/auth/v1/logout", p.token, nil); r.status != 204 {
		t.Fatalf("sign-out: %d %s", r.status, r.body)
	}
	ns.eventually("the other node refuses the session", func() bool { return b.do("GET", "/auth/v1/user", p.token, nil).status == 401 })
	ops := a.opsKey()
	ns.eventually("nodes know of each other", func() bool {
		return strings.Contains(b.do("GET", "/readyz?verbose", ops, nil).body, `"nodes":2`)
	})
}

func TestTwoHundredBuyersOnTwoNodes(t *testing.T) {
	ns := petstoreOn(t, mongotest.Database(t), 2)
	key := ns.key()
	ns.product(key, "race", 50)
	won, lost := ns.race(ns.crowd(200), "race", func(int32) {})
	ns.sold(key, "race", won, lost)
}

// TestANodeDiesInTheRace kills one of two nodes in the middle; buyers whose
// connection broke repeat under their key.
func TestANodeDiesInTheRace(t *testing.T) {
	ns := petstoreOn(t, mongotest.Database(t), 2)
	key := ns.key()
	ns.product(key, "race", 50)
	var once sync.Once
	won, lost := ns.race(ns.crowd(200), "race", func(n int32) {
		if n > 20 {
			once.Do(ns.each[1].kill)
		}
	})
	ns.sold(key, "race", won, lost)
	ns.each[1].start()
	if n := ns.each[1].stock(key, "race"); n != 0 {
		t.Errorf("the node that came back shows %d in stock", n)
	}
}

// race lets everybody buy one; a buyer without an answer asks again. after is
// told how many have an answer.
func (ns *nodes) race(people []person, product string, after func(n int32)) (won, lost int) {
	ns.t.Helper()
	var yes, no, answered atomic.Int32
	var wg sync.WaitGroup
	for _, p := range people {
		wg.Go(func() {
			key := uuid.NewString()
			for try := 0; ; try++ {
				switch a := ns.buy(p, product, 1, key); {
				case a.err != nil && try < 50, (a.status == 503 || a.status == 504) && try < 50:
					continue
				case a.status == 200:
					yes.Add(1)
				case a.status == 412 && a.code() == "failed_precondition":
					no.Add(1)
				default:
					ns.t.Errorf("a buyer got %d %s %v", a.status, a.body, a.err)
				}
				after(answered.Add(1))
				return
			}
		})
	}
	wg.Wait()
	return int(yes.Load()), int(no.Load())
}

// sold checks that fifty of two hundred got one.
func (ns *nodes) sold(key, product string, won, lost int) {
	ns.t.Helper()
	s := ns.each[0]
	orders, quantity := s.orders(key, product)
	if stock := s.stock(key, product); won != 50 || lost != 150 || orders != 50 || quantity != 50 || stock != 0 {
		ns.t.Errorf("%d won, %d lost, %d orders of %d, %d in stock", won, lost, orders, quantity, stock)
	}
}

// TestALockHoldsOverNodes has two people leave duty at the same moment on two
// nodes, each seeing that the other is there: docs/scale-out.md's example.
func TestALockHoldsOverNodes(t *testing.T) {
	page, err := os.ReadFile("../../docs/scale-out.md")
	if err != nil {
		t.Fatal(err)
	}
	files, _ := inPage(string(page))
	ns := nodesOn(t, mongotest.Database(t), 2, func(t *testing.T) string { return folder(t, files...) })
	for round := range 30 {
		who := []string{fmt.Sprint("ann", round), fmt.Sprint("bob", round)}
		for _, id := range who {
			if a := ns.do("PUT", "/data/v1/docs/duty/"+id, "", map[string]bool{"on": true}); a.status != 201 {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
		var left atomic.Int32
		var wg sync.WaitGroup
		for i, id := range who {
			wg.Go(func() {
				a := ns.each[i].do("POST", "/functions/v1/leave", "", map[string]string{"me": id, "other": who[1-i]})
				switch {
				case a.status == 200:
					left.Add(1)
				case a.status != 412:
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		}
		wg.Wait()
		if left.Load() != 1 {
			t.Fatalf("round %d: %d left", round, left.Load())
		}
	}
}

// TestNodesWithOtherConfigsSaySo changes one node's rules.
func TestNodesWithOtherConfigsSaySo(t *testing.T) {
	ns := petstoreOn(t, mongotest.Database(t), 2)
	a, b := ns.each[0], ns.each[1]
	ops := a.opsKey()
	differ := func() bool {
		return strings.Contains(a.do("GET", "/readyz?verbose", ops, nil).body, "differ")
	}
	if differ() {
		t.Error("equal nodes differ")
	}
	b.stop()
	file := b.dir + "/hutch.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(text), "read: mine()", "read: keeper()", 1)
	if err := os.WriteFile(file, []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	b.start()
	ns.eventually("the other node says that configs differ", differ)
	if r := a.do("GET", "/readyz", "", nil); r.status != 200 {
		t.Errorf("a node beside another config is not ready: %d %s", r.status, r.body)
	}
}
