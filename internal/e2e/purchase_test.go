package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
)

// product puts a product of a given stock on the shelf.
func (s *shop) product(key, id string, stock int) {
	s.t.Helper()
	a := s.do("PUT", "/data/v1/docs/products/"+id, key, map[string]any{"name": "Race " + id, "species": "dog", "price": 10, "stock": stock, "description": "runs"})
	if a.status != 201 {
		s.t.Fatalf("product: %d %s", a.status, a.body)
	}
}

func TestTwoHundredBuyersFiftyItems(t *testing.T) {
	s := petstore(t)
	key := s.key()
	s.product(key, "race", 50)
	people := s.crowd(200)
	var won, lost atomic.Int32
	var wg sync.WaitGroup
	for _, p := range people {
		wg.Go(func() {
			switch a := s.buy(p, "race", 1, uuid.NewString()); {
			case a.status == 200:
				won.Add(1)
			case a.status == 412 && a.code() == "failed_precondition":
				lost.Add(1)
			default:
				t.Errorf("a buyer got %d %s %v", a.status, a.body, a.err)
			}
		})
	}
	wg.Wait()
	orders, quantity := s.orders(key, "race")
	if won.Load() != 50 || lost.Load() != 150 || orders != 50 || quantity != 50 || s.stock(key, "race") != 0 {
		t.Errorf("%d won, %d lost, %d orders of %d, %d in stock", won.Load(), lost.Load(), orders, quantity, s.stock(key, "race"))
	}
}

func TestOneKeyTenTimesIsOneOrder(t *testing.T) {
	s := petstore(t)
	key, p := s.key(), s.signUp()
	s.product(key, "one", 50)
	same := uuid.NewString()
	answers := make([]answer, 10)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = s.buy(p, "one", 3, same) })
	}
	wg.Wait()
	replayed := 0
	for _, a := range answers {
		if a.status != 200 || a.body != answers[0].body {
			t.Errorf("%d %s, another got %s", a.status, a.body, answers[0].body)
		}
		if a.header.Get("Idempotency-Replayed") == "true" {
			replayed++
		}
	}
	if orders, quantity := s.orders(key, "one"); orders != 1 || quantity != 3 || s.stock(key, "one") != 47 || replayed != 9 {
		t.Errorf("%d orders of %d, %d in stock, %d replays", orders, quantity, s.stock(key, "one"), replayed)
	}
	if a := s.buy(p, "one", 4, same); a.status != 400 {
		t.Errorf("the key with another body: %d %s", a.status, a.body)
	}
	other := s.signUp()
	if a := s.buy(other, "one", 3, same); a.status != 200 || a.body == answers[0].body {
		t.Errorf("S5: another user's key of the same text: %d %s", a.status, a.body)
	}
}

// TestKillNineKeepsPurchases kills the server in the middle of purchases, five
// times. Buyers repeat under their key; then every order stands once and stock
// and orders add up.
func TestKillNineKeepsPurchases(t *testing.T) {
	rounds := 5
	if testing.Short() {
		rounds = 1
	}
	if long := os.Getenv("HUTCH_LONG"); long != "" {
		d, err := time.ParseDuration(long)
		if err != nil {
			t.Fatal(err)
		}
		rounds = max(5, int(d/(10*time.Second)))
	}
	const stock = 100_000
	s := petstore(t)
	key := s.key()
	people := s.crowd(8)
	s.product(key, "kill", stock)
	bought := 0
	for round := range rounds {
		type purchase struct {
			p    person
			n    int
			key  string
			body string // of the answer, "" until there was one
		}
		var mu sync.Mutex
		var all []*purchase
		over := make(chan struct{})
		var wg sync.WaitGroup
		var acked atomic.Int32
		for i, p := range people {
			wg.Go(func() {
				for n := 0; ; n++ {
					select {
					case <-over:
						return
					default:
					}
					b := &purchase{p: p, n: 1 + (i+n)%3, key: uuid.NewString()}
					mu.Lock()
					all = append(all, b)
					mu.Unlock()
					a := s.buy(p, "kill", b.n, b.key)
					if a.err != nil || a.status != 200 {
						return // killed
					}
					b.body = a.body
					acked.Add(1)
				}
			})
		}
		want := int32(20 + rand.IntN(60))
		s.eventually("some purchases", func() bool { return acked.Load() >= want })
		s.kill()
		close(over)
		wg.Wait()
		s.start()
		for _, b := range all {
			a := s.buy(b.p, "kill", b.n, b.key)
			if a.status != 200 {
				t.Fatalf("round %d: repeating: %d %s", round, a.status, a.body)
			}
			if b.body != "" && a.body != b.body {
				t.Errorf("round %d: answered %s, after the kill %s", round, b.body, a.body)
			}
			bought += b.n
		}
		if orders, quantity := s.orders(key, "kill"); quantity != bought || s.stock(key, "kill") != stock-bought {
			t.Fatalf("round %d: %d orders of %d, %d in stock, %d were bought", round, orders, quantity, s.stock(key, "kill"), bought)
		}
	}
	t.Log(fmt.Sprint(rounds, " kills, ", bought, " items bought"))
}
