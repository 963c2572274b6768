package auth_test

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/pebble"
)

// disk is a Service on the embedded store.
type disk struct {
	*bench
	dir   string
	close func()
}

func onDisk(t *testing.T, dir string) *disk {
	t.Helper()
	d := &disk{dir: dir, bench: &bench{t: t, log: &lockedBuffer{}, clock: &clock{now: time.Now()}}}
	store, err := pebble.Open(pebble.Options{Dir: dir, FreeFloor: 1})
	if err != nil {
		t.Fatal(err)
	}
	db := data.New(data.Options{Store: store, CursorKey: make([]byte, 32), Entropy: rand.Reader})
	var colls []data.Collection
	for _, name := range auth.Collections() {
		colls = append(colls, data.Collection{Name: name})
	}
	if err = db.Use(t.Context(), data.App{Collections: colls}); err != nil {
		t.Fatal(err)
	}
	cheap, err := auth.CheapHasher(rand.Reader, auth.HasherOptions{Workers: 4})
	if err != nil {
		t.Fatal(err)
	}
	d.opts = auth.Options{
		System: db.System(auth.Collections()...), Feed: db.Feed(), Counter: db.Counter(), Hasher: cheap, MasterKey: [32]byte{1}, Signup: true,
		PublicURL: func() string { return "https://shop.example" }, Now: d.clock.Now,
	}
	if d.Service, err = auth.New(t.Context(), d.opts); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = d.Run(ctx) }()
	d.close = sync.OnceFunc(func() {
		cancel()
		<-done
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(d.close)
	return d
}

func (d *disk) collection(t *testing.T, name string) (n int) {
	t.Helper()
	for _, err := range d.opts.System.Find(t.Context(), data.Query{From: name}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestOnTheEmbeddedStore(t *testing.T) {
	d := onDisk(t, t.TempDir())
	s := d.signup("ann@shop.example")
	d.mustVerify(s.AccessToken)

	t.Run("20 parallel refreshes give one successor", func(t *testing.T) {
		got := make([]*auth.Session, 20)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() {
				var err error
				if got[i], err = d.refresh(s.RefreshToken); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, n := range got {
			if n == nil || n.RefreshToken != got[0].RefreshToken {
				t.Fatal("two successors")
			}
		}
		s = got[0]
		d.mustVerify(s.AccessToken)
	})
	t.Run("20 parallel sign-ups of one address make one account", func(t *testing.T) {
		before := d.collection(t, "_users")
		var mu sync.Mutex
		won := 0
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				_, err := d.Signup(t.Context(), auth.SignupRequest{Email: "bob@shop.example", Password: password}, auth.Client{ServiceKey: true})
				if err == nil {
					mu.Lock()
					won++
					mu.Unlock()
				} else if hutch.CodeOf(err) != hutch.UserAlreadyExists {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := d.collection(t, "_users") - before; won != 1 || n != 1 {
			t.Errorf("%d won, %d accounts", won, n)
		}
	})
	t.Run("the feed brings roles and revocations", func(t *testing.T) {
		until(t, func() bool { d.mustVerify(s.AccessToken); return d.Remembered() > 0 })
		// Another Service on the store changes the account: only the feed tells.
		o := d.opts
		o.Feed = nil
		other, err := auth.New(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := other.SetRoles(t.Context(), "ann@shop.example", []string{"keeper"}); err != nil {
			t.Fatal(err)
		}
		until(t, func() bool { return slices.Equal(d.mustVerify(s.AccessToken).Roles, []string{"keeper"}) })
		if err := other.Logout(t.Context(), bearer(s.AccessToken), "global"); err != nil {
			t.Fatal(err)
		}
		until(t, func() bool {
			_, err := d.verify(s.AccessToken)
			return hutch.CodeOf(err) == hutch.Unauthenticated
		})
	})
	t.Run("service keys", func(t *testing.T) {
		key, _, err := d.CreateKey(t.Context(), "ci", "data", 0)
		if err != nil {
			t.Fatal(err)
		}
		d.mustVerify(key)
		if keys, err := d.ListKeys(t.Context()); err != nil || len(keys) != 1 || keys[0].LastUsedAt == nil {
			t.Errorf("%+v, %v", keys, err)
		}
		if _, err := d.RevokeKey(t.Context(), "ci"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.verify(key); hutch.CodeOf(err) != hutch.Unauthenticated {
			t.Error(err)
		}
	})
	t.Run("keys rotate and ended sessions go", func(t *testing.T) {
		for range 1100 { // more than a page and a commit
			d.signinOK("bob@shop.example")
		}
		d.clock.add(91 * day)
		live := d.signinOK("bob@shop.example")
		if err := d.Maintain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := kids(t, d.Service); len(got) != 2 {
			t.Errorf("keys: %v", got)
		}
		if n := d.collection(t, "_sessions"); n != 1 {
			t.Errorf("%d sessions, want 1", n)
		}
		d.mustVerify(live.AccessToken)
	})
}

func TestS40ASecondStartReadsTheKeys(t *testing.T) {
	d := onDisk(t, t.TempDir())
	s := d.signup("ann@shop.example")
	d.close()
	d = onDisk(t, d.dir)
	d.mustVerify(s.AccessToken)
	if _, err := d.refresh(s.RefreshToken); err != nil {
		t.Error(err)
	}
	o := d.opts
	o.MasterKey[0]++
	if _, err := auth.New(t.Context(), o); err == nil || !strings.Contains(err.Error(), auth.ErrMasterKey.Error()) {
		t.Errorf("another master key: %v", err)
	}
}
