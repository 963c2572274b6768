package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const credentials = `{"email":"load@example.test","password":"correct horse battery"}`

// signIn answers a refresh token.
func signIn(c *conn) (string, error) {
	status, body, err := c.do("POST", "/auth/v1/token?grant_type=password", "", []byte(credentials))
	if err != nil || status != 200 {
		return "", fmt.Errorf("sign-in: %d %s (%v)", status, body, err)
	}
	return refreshToken(body)
}

func refreshToken(body []byte) (string, error) {
	var s struct {
		Refresh string `json:"refresh_token"`
	}
	err := json.Unmarshal(body, &s)
	return s.Refresh, err
}

// refreshing has each connection refresh a session of its own, of a pool.
func refreshing(s *server, sessions int) (operation, error) {
	pool := make(chan string, sessions)
	c, err := dial(s.addr)
	if err != nil {
		return operation{}, err
	}
	defer c.c.Close()
	for range sessions {
		t, err := signIn(c)
		if err != nil {
			return operation{}, err
		}
		pool <- t
	}
	var mu sync.Mutex
	current := map[*conn]string{} // guarded by mu
	return operation{"refresh", 200, func(c *conn, _ *rand.Rand) (int, []byte, error) {
		mu.Lock()
		t, ok := current[c]
		mu.Unlock()
		if !ok {
			t = <-pool
		}
		status, body, err := c.do("POST", "/auth/v1/token?grant_type=refresh_token", "", []byte(`{"refresh_token":"`+t+`"}`))
		if err != nil || status != 200 {
			return status, body, err
		}
		if t, err = refreshToken(body); err != nil {
			return status, body, err
		}
		mu.Lock()
		current[c] = t
		mu.Unlock()
		return status, body, nil
	}}, nil
}

// beside measures gets alone, and while n connections sign in all the time.
func beside(s *server, get operation, n int, length time.Duration) error {
	const readers = 4
	if err := measure(s, get, readers, length); err != nil {
		return err
	}
	var wg sync.WaitGroup
	var over atomic.Bool
	var signed, full atomic.Int64
	errs := make(chan error, n)
	for range n {
		wg.Go(func() {
			c, err := dial(s.addr)
			if err != nil {
				errs <- err
				return
			}
			defer c.c.Close()
			for !over.Load() {
				status, body, err := c.do("POST", "/auth/v1/token?grant_type=password", "", []byte(credentials))
				switch {
				case err == nil && status == 200:
					signed.Add(1)
				case err == nil && status == 429: // the queue of 64 is full
					full.Add(1)
					time.Sleep(10 * time.Millisecond)
				default:
					errs <- fmt.Errorf("sign-in: %d %s (%v)", status, body, err)
					return
				}
			}
		})
	}
	begun := time.Now()
	get.name = "get, sign-ins"
	err := measure(s, get, readers, length)
	took := time.Since(begun)
	over.Store(true)
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
	}
	fmt.Printf("%d connections signed in %.0f times a second, %d were sent away; memory at its height %d MiB with all children\n",
		n, float64(signed.Load())/took.Seconds(), full.Load(), s.memory()>>20)
	fmt.Printf("now they hold %d MiB; what they share, the binary, counted once: %d MiB\n",
		s.sum("status", "VmRSS:")>>20, s.sum("smaps_rollup", "Pss:")>>20)
	return err
}

// memory is the sum of the greatest resident sets of the server and its
// children, in bytes.
func (s *server) memory() int64 { return s.sum("status", "VmHWM:") }

// sum adds a line of a file of proc(5) up, of the server and its children.
func (s *server) sum(file, name string) (sum int64) {
	for _, pid := range append(children(s.cmd.Process.Pid), s.cmd.Process.Pid) {
		text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) == 3 && f[0] == name {
				n, err := strconv.ParseInt(f[1], 10, 64)
				if err == nil {
					sum += n << 10
				}
			}
		}
	}
	return sum
}
