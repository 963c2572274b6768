package auth_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/internal/child"
)

func TestPasswordHash(t *testing.T) {
	salt := []byte("0123456789abcdef")
	h, err := auth.HashPassword(password, salt, auth.DefaultParams())
	if err != nil || !strings.HasPrefix(h, "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$") {
		t.Fatalf("%s, %v", h, err)
	}
	for p, want := range map[string]bool{password: true, password + " ": false, "": false, strings.ToUpper(password): false} {
		if ok, err := auth.VerifyPassword(p, h); ok != want || err != nil {
			t.Errorf("%q: %v, %v", p, ok, err)
		}
	}
	// From the tests of the reference implementation (phc-winner-argon2, src/test.c).
	reference := "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, err := auth.VerifyPassword("password", reference); !ok || err != nil {
		t.Errorf("a hash of another program: %v, %v", ok, err)
	}
}

func TestS41HashesOverTheBoundsAreRefused(t *testing.T) {
	const salt, sum = "MDEyMzQ1Njc4OWFiY2RlZg", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
	mk := func(params string) string { return "$argon2id$v=19$" + params + "$" + salt + "$" + sum }
	if _, _, _, err := auth.ParsePHC(mk("m=262144,t=10,p=8")); err != nil {
		t.Errorf("at the bounds: %v", err)
	}
	for _, h := range []string{
		mk("m=262145,t=1,p=1"), mk("m=4194304,t=1,p=1"), mk("m=19456,t=11,p=1"), mk("m=19456,t=2,p=9"), mk("m=19456,t=0,p=1"),
		mk("m=19456,t=2,p=0"), mk("m=7,t=2,p=1"), mk("m=19456,t=2"), mk("m=19456,p=1,t=2"), mk("m=-1,t=2,p=1"), mk("m=19456,t=2,p=257"),
		mk("m=99999999999999999999,t=2,p=1"), "", "$", "$$$$$", "plain", "$argon2d$v=19$m=19456,t=2,p=1$" + salt + "$" + sum,
		"$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + sum, "$2b$31$" + strings.Repeat("a", 53),
		"$argon2id$v=19$m=19456,t=2,p=1$$" + sum, "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$", "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + sum + "=",
		"$argon2id$v=19$m=19456,t=2,p=1$" + strings.Repeat("A", 500) + "$" + sum,
	} {
		if ok, err := auth.VerifyPassword("x", h); ok || err == nil {
			t.Errorf("%s is taken", h)
		}
	}
	if _, err := auth.HashPassword(strings.Repeat("x", 257), []byte("0123456789abcdef"), auth.DefaultParams()); err == nil {
		t.Error("a password over 256 bytes is hashed")
	}
	for _, p := range []auth.Params{{Memory: 1 << 10, Time: 1, Threads: 1}, {Memory: 512 << 10, Time: 1, Threads: 1}, {Memory: 19 << 10, Time: 11, Threads: 1}} {
		if p.Check() == nil {
			t.Errorf("%+v is accepted", p)
		}
		if _, err := auth.NewHasher(auth.HasherOptions{Params: p, Entropy: rand.Reader}); err == nil {
			t.Errorf("%+v is accepted", p)
		}
	}
}

// children is a Pool that works in this process when it is let.
type children struct {
	mu      sync.Mutex // guards the rest
	in, max int
	let     chan struct{}
	fail    error
}

func (c *children) Do(ctx context.Context, r child.Request) ([]byte, error) {
	c.mu.Lock()
	c.in++
	c.max = max(c.max, c.in)
	fail := c.fail
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.in--
		c.mu.Unlock()
	}()
	if fail != nil {
		return nil, fail
	}
	if r.Handler != auth.HashHandlerName {
		return nil, errors.New("no such handler")
	}
	select {
	case <-c.let:
		return auth.HashWork(r.In)
	case <-ctx.Done():
		return nil, child.ErrInterrupted
	}
}

func TestS41TheQueueOfHashes(t *testing.T) {
	pool := &children{let: make(chan struct{})}
	h, err := auth.CheapHasher(rand.Reader, auth.HasherOptions{Pool: pool, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	full := make(chan error, 100)
	var wg sync.WaitGroup
	for range 2 + 64 + 10 {
		wg.Go(func() {
			if _, err := h.Hash(t.Context(), password); err != nil {
				full <- err
			}
		})
	}
	for range 10 {
		err := <-full
		wantCode(t, err, hutch.OverRequestRateLimit)
		if hutch.AsError(err).RetryAfter == 0 || hutch.AsError(err).Status() != 429 {
			t.Errorf("%+v", err)
		}
	}
	close(pool.let)
	wg.Wait()
	if len(full) != 0 {
		t.Errorf("more than 10 were refused: %v", <-full)
	}
	if pool.max != 2 {
		t.Errorf("%d at a time, want 2", pool.max)
	}
	if _, err := h.Hash(t.Context(), password); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestHasherErrors(t *testing.T) {
	pool := &children{let: make(chan struct{}), fail: errors.New("its process died")}
	h, err := auth.CheapHasher(rand.Reader, auth.HasherOptions{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Hash(t.Context(), password)
	wantCode(t, err, hutch.Unavailable)
	pool.fail = nil
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err = h.Verify(ctx, password, "")
	wantCode(t, err, hutch.DeadlineExceeded)
	ctx2, cancel2 := context.WithCancel(t.Context())
	cancel2()
	_, err = h.Verify(ctx2, password, "")
	wantCode(t, err, hutch.Cancelled)
	if _, err := auth.NewHasher(auth.HasherOptions{}); err == nil {
		t.Error("without entropy")
	}
}

// An overloaded pool is nobody's wrong password.
func TestS41OverloadCountsForNobody(t *testing.T) {
	b := setup(t)
	b.signup("ann@shop.example")
	good := b.opts.Hasher
	o := b.opts
	failing := &children{fail: errors.New("died"), let: make(chan struct{})}
	h, err := auth.CheapHasher(rand.Reader, auth.HasherOptions{Pool: failing})
	if err != nil {
		t.Fatal(err)
	}
	o.Hasher, o.Feed, o.Counter = h, nil, data.NewCounter(newMemory(), []byte("key"), b.clock.Now)
	s, err := auth.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	r := auth.PasswordRequest{Email: "ann@shop.example", Password: password}
	for range 20 {
		_, err = s.SignIn(t.Context(), r, here(1))
		wantCode(t, err, hutch.Unavailable)
	}
	o.Hasher = good
	if s, err = auth.New(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SignIn(t.Context(), r, here(1)); err != nil {
		t.Error(err)
	}
}

// spy keeps what it is asked to verify against.
type spy struct{ encoded string }

func (s *spy) Do(_ context.Context, r child.Request) ([]byte, error) {
	var m map[string]any
	if err := json.Unmarshal(r.In, &m); err != nil {
		return nil, err
	}
	s.encoded, _ = m["encoded"].(string)
	return []byte(`{"ok":true}`), nil // whatever a child says, nobody is signed in without a hash
}

func TestS98UnknownUsersCostTheSame(t *testing.T) {
	b := setup(t)
	b.signup("ann@shop.example")
	type work struct{ hashed, tested int }
	cost := func(address string) work {
		h0, t0, _ := b.hash.counts()
		if code := b.try(address, "wrong", here(1)); code != hutch.InvalidCredentials {
			t.Fatal(code)
		}
		h1, t1, _ := b.hash.counts()
		return work{h1 - h0, t1 - t0}
	}
	known, unknown := cost("ann@shop.example"), cost("nobody@shop.example")
	if known != unknown || unknown.tested != 1 {
		t.Errorf("known %+v, unknown %+v", known, unknown)
	}
	// What is verified for an unknown user is a hash of today's parameters.
	pool := &spy{}
	for _, p := range []auth.Params{auth.DefaultParams(), {Memory: 64 << 10, Time: 3, Threads: 1}} {
		h, err := auth.NewHasher(auth.HasherOptions{Pool: pool, Params: p, Entropy: rand.Reader})
		if err != nil {
			t.Fatal(err)
		}
		for _, encoded := range []string{"", "garbage", "$argon2id$v=19$m=4194304,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$MDEyMzQ1Njc4OWFiY2RlZg"} {
			ok, err := h.Verify(t.Context(), password, encoded)
			if err != nil || ok {
				t.Errorf("%q: %v, %v", encoded, ok, err)
			}
			if got, _, _, err := auth.ParsePHC(pool.encoded); err != nil || got != p {
				t.Errorf("dummy %s, want %+v", pool.encoded, p)
			}
		}
	}
}

func TestS98ParametersThatRoseAreTakenOver(t *testing.T) {
	b := setup(t)
	b.signup("ann@shop.example")
	pool := &children{let: make(chan struct{})}
	close(pool.let)
	h, err := auth.NewHasher(auth.HasherOptions{Pool: pool, Entropy: rand.Reader})
	if err != nil {
		t.Fatal(err)
	}
	o := b.opts
	o.Hasher, o.Feed = h, nil
	s, err := auth.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			_, err := s.SignIn(t.Context(), auth.PasswordRequest{Email: "ann@shop.example", Password: password}, here(1))
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if !strings.Contains(b.store.all(), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Error("the old hash stays")
	}
	if _, err := s.SignIn(t.Context(), auth.PasswordRequest{Email: "ann@shop.example", Password: password}, here(1)); err != nil {
		t.Error(err)
	}
}

func TestS108PasswordLength(t *testing.T) {
	b := setup(t)
	for p, want := range map[string]hutch.Code{
		"ninechars": hutch.WeakPassword, "ten chars!": "", "ééééééééé": hutch.WeakPassword, "éééééééééé": "", "🦫🦫🦫🦫🦫🦫🦫🦫🦫": hutch.WeakPassword,
		"aaaaaaaaab": "", strings.Repeat("x", 256): "", strings.Repeat("x", 257): hutch.ValidationFailed, strings.Repeat("é", 129): hutch.ValidationFailed,
	} {
		_, err := b.Signup(t.Context(), auth.SignupRequest{Email: fmt.Sprintf("u%x@shop.example", sha256.Sum224([]byte(p))), Password: p}, auth.Client{ServiceKey: true})
		if hutch.CodeOf(err) != want {
			t.Errorf("%q: %v", p, err)
		}
	}
	eight := setup(t, func(o *auth.Options) { o.MinLength = 8 })
	for p, want := range map[string]hutch.Code{"1234567": hutch.WeakPassword, "12zq567z": ""} {
		_, err := eight.Signup(t.Context(), auth.SignupRequest{Email: "a@shop.example", Password: p}, here(1))
		if hutch.CodeOf(err) != want {
			t.Errorf("%q: %v", p, err)
		}
	}
}
