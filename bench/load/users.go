package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// crowd measures sign-in and search with few accounts and with n: neither may
// become slower.
func crowd(s *server, n int, length time.Duration) error {
	key, err := s.command("key", "create", "load", "--scope", "auth")
	if err != nil {
		return err
	}
	key = strings.TrimSpace(key)
	export, err := s.command("user", "export", "--hashes")
	if err != nil {
		return err
	}
	var first struct {
		Hash string `json:"password_hash"`
	}
	if err := json.NewDecoder(strings.NewReader(export)).Decode(&first); err != nil {
		return fmt.Errorf("reading the hash of the first user: %w", err)
	}
	have := 0
	for _, want := range []int{1000, n} {
		begun := time.Now()
		if err := s.enrol(have, want, first.Hash); err != nil {
			return err
		}
		fmt.Printf("%d accounts imported in %.1f s\n", want-have, time.Since(begun).Seconds())
		have = want
		fmt.Printf("at rest after %.0f s\n", s.rest().Seconds())
		if err := s.among(have, key, length); err != nil {
			return err
		}
	}
	return nil
}

func member(n int) string { return fmt.Sprintf("user%07d@example.test", n) }

// among measures with accounts 0 to n-1.
func (s *server) among(n int, key string, length time.Duration) error {
	for _, op := range []operation{
		{fmt.Sprintf("sign in, %d", n), 200, func(c *conn, r *rand.Rand) (int, []byte, error) {
			body := `{"email":"` + member(r.IntN(n)) + `","password":"correct horse battery"}`
			return c.do("POST", "/auth/v1/token?grant_type=password", "", []byte(body))
		}},
		{fmt.Sprintf("search, %d", n), 200, func(c *conn, r *rand.Rand) (int, []byte, error) { return search(c, member(r.IntN(n)), key) }},
		{"again 1000", 200, func(c *conn, r *rand.Rand) (int, []byte, error) { return search(c, member(r.IntN(1000)*(n/1000)), key) }},
	} {
		if err := measure(s, op, 4, length); err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
	}
	return nil
}

func search(c *conn, address, key string) (int, []byte, error) {
	status, body, err := c.do("GET", "/auth/v1/admin/users?filter="+address, key, nil)
	if err == nil && status == 200 && !strings.Contains(string(body), address) {
		err = fmt.Errorf("%s was not found", address)
	}
	return status, body, err
}

// rest waits, two minutes at most, until the server has nothing left to do: the
// store compacts what an import wrote.
func (s *server) rest() time.Duration {
	begun := time.Now()
	for busy := true; busy && time.Since(begun) < 2*time.Minute; {
		before := s.cpu()
		time.Sleep(2 * time.Second)
		busy = s.cpu()-before > 100*time.Millisecond
	}
	return time.Since(begun)
}

// enrol imports accounts, all with one password.
func (s *server) enrol(from, to int, hash string) error {
	name := filepath.Join(s.home, "users.jsonl")
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for i := from; i < to; i++ {
		fmt.Fprintf(w, `{"email":%q,"email_confirmed_at":"2026-01-01T00:00:00Z","password_hash":%q,"user_metadata":{"full_name":"User %d"}}`+"\n", member(i), hash, i)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	_, err = s.command("user", "import", name, "--trust-verified")
	return err
}

// command runs a command on the server's app and gives what it prints.
func (s *server) command(args ...string) (string, error) {
	cmd := exec.Command(s.bin, append(args, filepath.Join(s.home, "app"))...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("hutch %s: %w: %.500s", strings.Join(args[:2], " "), err, stderr.String())
	}
	return string(out), err
}
