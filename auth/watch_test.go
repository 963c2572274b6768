package auth_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

// revocations end what a token may do.
var revocations = map[string]func(b *bench, s *auth.Session) error{
	"signed out": func(b *bench, s *auth.Session) error {
		return b.Logout(b.t.Context(), bearer(s.AccessToken), "local")
	},
	"signed out everywhere": func(b *bench, s *auth.Session) error {
		return b.Logout(b.t.Context(), bearer(b.signinOK(s.User.Email).AccessToken), "global")
	},
	"banned": func(b *bench, s *auth.Session) error {
		_, err := b.Ban(b.t.Context(), s.User.Email, b.clock.Now().Add(time.Hour))
		return err
	},
	"password changed elsewhere": func(b *bench, s *auth.Session) error {
		_, err := b.UpdateUser(b.t.Context(), bearer(b.signinOK(s.User.Email).AccessToken), auth.UpdateRequest{Password: "another password"}, here(1))
		return err
	},
	"refresh token reused": func(b *bench, s *auth.Session) error {
		n, err := b.refresh(s.RefreshToken)
		if err == nil {
			_, err = b.refresh(n.RefreshToken)
		}
		if err != nil {
			return err
		}
		_, err = b.refresh(s.RefreshToken)
		if hutch.CodeOf(err) == hutch.RefreshTokenAlreadyUsed {
			return nil
		}
		return fmt.Errorf("reuse: %w", err)
	},
	"erased": func(b *bench, s *auth.Session) error {
		return b.erase("_users", s.User.ID)
	},
	"session deleted by another node": func(b *bench, s *auth.Session) error {
		return b.erase("_sessions", claims(b.t, s.AccessToken)["session_id"].(string))
	},
}

// until waits for a condition that other goroutines bring about.
func until(t *testing.T, f func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for !f() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("it does not come about")
		}
	}
}

func TestS48WatchersHearOfRevocations(t *testing.T) {
	for name, revoke := range revocations {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			s := b.signup("ann@shop.example")
			b.store.settle(t)
			session := claims(t, s.AccessToken)["session_id"]
			var mu sync.Mutex
			told := false
			stop := b.Watch(func(c auth.Change) {
				// A socket asks again when it hears of itself; by then the answer is the new one.
				_, err := b.verify(s.AccessToken)
				mu.Lock()
				defer mu.Unlock()
				if c.Session == session || c.UID == s.User.ID && c.Session == "" {
					told = told || hutch.CodeOf(err) == hutch.Unauthenticated
				}
			})
			defer stop()
			if err := revoke(b, s); err != nil {
				t.Fatal(err)
			}
			b.store.settle(t)
			mu.Lock()
			defer mu.Unlock()
			if !told {
				t.Error("the socket would stay open")
			}
		})
	}
}

func TestWatchersHearOfWhatMatters(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	b.store.settle(t)
	var mu sync.Mutex
	var heard []auth.Change
	stop := b.Watch(func(c auth.Change) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, c)
	})
	take := func() []auth.Change {
		b.store.settle(t)
		mu.Lock()
		defer mu.Unlock()
		h := heard
		heard = nil
		return h
	}
	b.signinOK("ann@shop.example")
	n, err := b.refresh(s.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	b.mustVerify(n.AccessToken)
	if h := take(); len(h) != 0 {
		t.Errorf("sign-in and refresh change no principal: %v", h)
	}
	if _, err := b.SetRoles(t.Context(), "ann@shop.example", []string{"keeper"}); err != nil {
		t.Fatal(err)
	}
	if h := take(); !slices.Equal(h, []auth.Change{{UID: s.User.ID}}) {
		t.Errorf("roles: %v", h)
	}
	stop()
	if _, err := b.SetRoles(t.Context(), "ann@shop.example", nil); err != nil {
		t.Fatal(err)
	}
	if h := take(); len(h) != 0 {
		t.Errorf("heard after stop: %v", h)
	}
}

func TestS77StillValid(t *testing.T) {
	for name, revoke := range revocations {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			s := b.signup("ann@shop.example")
			p := b.mustVerify(s.AccessToken)
			if err := b.StillValid(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			b.store.hold() // the answer does not wait for the feed
			if err := revoke(b, s); err != nil {
				t.Fatal(err)
			}
			wantCode(t, b.StillValid(t.Context(), p), hutch.Unauthenticated)
			b.store.release()
		})
	}
	b := setup(t)
	if err := b.StillValid(t.Context(), hutch.Principal{}); err != nil {
		t.Errorf("a guest: %v", err)
	}
}

func TestS77WhatIsRememberedIsAsOldAsTheFeed(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	b.store.progress(t, b.clock.Now())
	b.mustVerify(s.AccessToken)
	spoke := b.clock.Now()
	b.store.hold()
	b.clock.add(2 * time.Second)
	b.mustVerify(s.AccessToken) // still remembered
	if got := b.Seen(); !got.Equal(spoke) {
		t.Errorf("seen at %v, want %v: a write would pass for verified just now", got, spoke)
	}
	o := b.opts
	o.Feed = nil
	n, err := auth.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if !n.Seen().IsZero() {
		t.Error("seen without a feed")
	}
}
