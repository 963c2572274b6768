package auth_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
)

// nodesOn starts n nodes on one store: each with a data.Service and a feed of
// its own, none with anything of another's but the documents.
func nodesOn(t *testing.T, n int, edit ...func(i int, o *auth.Options)) []*bench {
	t.Helper()
	store, err := pebble.Open(pebble.Options{Dir: t.TempDir(), Durability: pebble.Relaxed, FreeFloor: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	var colls []data.Collection
	for _, name := range auth.Collections() {
		colls = append(colls, data.Collection{Name: name})
	}
	clock := &clock{now: time.Now()}
	benches := make([]*bench, n)
	var wg sync.WaitGroup
	for i := range benches {
		b := &bench{t: t, log: &lockedBuffer{}, clock: clock}
		benches[i] = b
		wg.Go(func() { // at once, on an empty store
			db := data.New(data.Options{Store: store, CursorKey: make([]byte, 32)})
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			hasher, err := auth.CheapHasher(rand.Reader, auth.HasherOptions{Workers: 2})
			if err == nil {
				err = db.Use(t.Context(), data.App{Collections: colls})
			}
			if err != nil {
				t.Error(err)
				return
			}
			b.opts = auth.Options{
				System: db.System(auth.Collections()...), Feed: db.Feed(), Counter: db.Counter(), Erasures: db, Hasher: hasher,
				MasterKey: [32]byte{1}, Signup: true, PublicURL: func() string { return "https://shop.example" }, Now: clock.Now,
			}
			for _, e := range edit {
				e(i, &b.opts)
			}
			if b.Service, err = auth.New(t.Context(), b.opts); err != nil {
				t.Error(err)
				return
			}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() { defer close(done); _ = b.Run(ctx) }()
			t.Cleanup(func() { cancel(); <-done })
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return benches
}

func refused(b *bench, token string) func() bool {
	return func() bool {
		_, err := b.verify(token)
		return hutch.CodeOf(err) == hutch.Unauthenticated
	}
}

// TestS33NodesSeeEachOthersRevocations: what a node remembers falls as soon as
// its feed shows what another did.
func TestS33NodesSeeEachOthersRevocations(t *testing.T) {
	nodes := nodesOn(t, 2)
	a, b := nodes[0], nodes[1]
	remembered := func(token string) {
		t.Helper()
		until(t, func() bool {
			before := b.Remembered()
			b.mustVerify(token)
			return before > 0 && b.Remembered() == before
		})
	}
	t.Run("a sign-up on one is an account on the other", func(t *testing.T) {
		b.mustVerify(a.signup("ann@shop.example").AccessToken)
		if _, err := b.Signup(t.Context(), auth.SignupRequest{Email: "ann@shop.example", Password: password}, auth.Client{ServiceKey: true}); hutch.CodeOf(err) != hutch.UserAlreadyExists {
			t.Error(err)
		}
	})
	t.Run("a sign-out", func(t *testing.T) {
		s := a.signinOK("ann@shop.example")
		remembered(s.AccessToken)
		if err := a.Logout(t.Context(), bearer(s.AccessToken), "local"); err != nil {
			t.Fatal(err)
		}
		until(t, refused(b, s.AccessToken))
		if _, err := b.refresh(s.RefreshToken); err == nil {
			t.Error("the session can be refreshed elsewhere")
		}
	})
	t.Run("roles", func(t *testing.T) {
		s := b.signinOK("ann@shop.example")
		remembered(s.AccessToken)
		if _, err := a.SetRoles(t.Context(), "ann@shop.example", []string{"keeper"}); err != nil {
			t.Fatal(err)
		}
		until(t, func() bool { return slices.Equal(b.mustVerify(s.AccessToken).Roles, []string{"keeper"}) })
	})
	t.Run("a ban", func(t *testing.T) {
		s := b.signinOK("ann@shop.example")
		remembered(s.AccessToken)
		if _, err := a.Ban(t.Context(), "ann@shop.example", a.clock.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		until(t, refused(b, s.AccessToken))
	})
	t.Run("a service key", func(t *testing.T) {
		key, k, err := a.CreateKey(t.Context(), "ci", "data", 0)
		if err != nil {
			t.Fatal(err)
		}
		remembered(key)
		if _, err := a.RevokeKey(t.Context(), k.ID); err != nil {
			t.Fatal(err)
		}
		until(t, refused(b, key))
	})
	t.Run("a refresh token spent on one ends the session on the other", func(t *testing.T) {
		s := a.signup("bob@shop.example")
		next, err := a.refresh(s.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := b.refresh(s.RefreshToken); err != nil || again.RefreshToken != next.RefreshToken {
			t.Fatalf("within 10 s both get one successor: %v", err)
		}
		if _, err := b.refresh(next.RefreshToken); err != nil {
			t.Fatal(err)
		}
		a.clock.add(11 * time.Second)
		if _, err := b.refresh(s.RefreshToken); hutch.CodeOf(err) != hutch.RefreshTokenAlreadyUsed {
			t.Error(err)
		}
		until(t, refused(a, next.AccessToken))
	})
}

func TestNodesThatStartAtOnceShareTheirKeys(t *testing.T) {
	for range 3 {
		nodes := nodesOn(t, 4)
		want := kids(t, nodes[0].Service)
		for i, n := range nodes {
			if got := kids(t, n.Service); !slices.Equal(got, want) || len(got) != 1 {
				t.Fatalf("node %d: %v, want %v", i, got, want)
			}
			s := n.signup(fmt.Sprintf("user%d@shop.example", i))
			for _, other := range nodes {
				other.mustVerify(s.AccessToken)
				if other.ParseRefresh(s.RefreshToken) != true {
					t.Error("a refresh token of another node is none")
				}
			}
		}
	}
}

func TestS40AKeyRotatedOnOneNodeIsTrustedByAll(t *testing.T) {
	nodes := nodesOn(t, 3)
	before := kids(t, nodes[0].Service)
	nodes[0].clock.add(90 * day)
	var wg sync.WaitGroup
	for _, n := range nodes { // all find that it is time
		wg.Go(func() {
			if err := n.Maintain(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	after := kids(t, nodes[0].Service)
	if len(after) != 2 || !slices.Contains(after, before[0]) {
		t.Fatalf("keys %v, before %v: want one more", after, before)
	}
	for _, n := range nodes[1:] {
		until(t, func() bool { return slices.Equal(kids(t, n.Service), after) })
	}
	nodes[0].clock.add(day + time.Minute) // it signs now
	s := nodes[0].signup("ann@shop.example")
	for i, n := range nodes {
		if p := n.mustVerify(s.AccessToken); p.UID == "" {
			t.Errorf("node %d", i)
		}
	}
}

func TestS40OfTwoFirstNodesWithDifferentKeysOneStarts(t *testing.T) {
	store, err := pebble.Open(pebble.Options{Dir: t.TempDir(), Durability: pebble.Relaxed, FreeFloor: 1})
	if err != nil {
		t.Fatal(err)
	}
	db := data.New(data.Options{Store: store, CursorKey: make([]byte, 32)})
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	hasher, err := auth.CheapHasher(rand.Reader, auth.HasherOptions{Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	errs := make([]error, 6)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = auth.New(t.Context(), auth.Options{
				System: db.System(auth.Collections()...), Counter: db.Counter(), Hasher: hasher,
				MasterKey: [32]byte{byte(i + 1)}, PublicURL: func() string { return "https://shop.example" },
			})
		})
	}
	wg.Wait()
	started := 0
	for _, err := range errs {
		if err == nil {
			started++
		} else if !errors.Is(err, auth.ErrMasterKey) {
			t.Error(err)
		}
	}
	if started != 1 {
		t.Errorf("%d nodes with different keys start", started)
	}
}

func TestS41TriesOnTwoNodesCountTogether(t *testing.T) {
	nodes := nodesOn(t, 2)
	nodes[0].signup("ann@shop.example")
	tested := 0
	for i := range 20 {
		switch code := nodes[i%2].try("ann@shop.example", "wrong", here(1)); code {
		case hutch.InvalidCredentials:
			tested++
		case hutch.OverRequestRateLimit:
		default:
			t.Fatal(code)
		}
	}
	if tested != 5 {
		t.Errorf("%d passwords were tested on two nodes, want 5", tested)
	}
}
