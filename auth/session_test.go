package auth_test

import (
	"crypto/rand"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
)

func TestRefreshRotates(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	seen := map[string]bool{s.RefreshToken: true}
	for range 20 {
		b.clock.add(14 * time.Minute)
		n, err := b.refresh(s.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		if seen[n.RefreshToken] || n.User.ID != s.User.ID || claims(t, n.AccessToken)["session_id"] != claims(t, s.AccessToken)["session_id"] {
			t.Fatal("not a new token of the same session")
		}
		seen[n.RefreshToken] = true
		b.mustVerify(n.AccessToken)
		s = n
	}
	if n := b.store.count("_sessions"); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
	if all := b.store.all(); strings.Contains(all, s.RefreshToken) || strings.Contains(all, s.AccessToken) || strings.Contains(all, password) {
		t.Error("a token or password is stored in clear")
	}
}

func TestS34ParallelRefreshesGetOneSuccessor(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	for round := range 3 {
		got := make([]*auth.Session, 20)
		errs := make([]error, len(got))
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() { got[i], errs[i] = b.refresh(s.RefreshToken) })
		}
		wg.Wait()
		for i := range got {
			if errs[i] != nil {
				t.Fatalf("round %d: %v", round, errs[i])
			}
			if got[i].RefreshToken != got[0].RefreshToken {
				t.Fatalf("round %d: two successors", round)
			}
			b.mustVerify(got[i].AccessToken)
		}
		s = got[0]
	}
}

func TestS34SpentTokens(t *testing.T) {
	type step func(b *bench, first, second *auth.Session)
	wait := func(d time.Duration) step { return func(b *bench, _, _ *auth.Session) { b.clock.add(d) } }
	useAccess := func(b *bench, _, second *auth.Session) { b.mustVerify(second.AccessToken) }
	getUser := func(b *bench, _, second *auth.Session) {
		if _, err := b.User(b.t.Context(), bearer(second.AccessToken)); err != nil {
			b.t.Fatal(err)
		}
	}
	useOldAccess := func(b *bench, first, _ *auth.Session) { b.mustVerify(first.AccessToken) }
	useRefresh := func(b *bench, _, second *auth.Session) {
		if _, err := b.refresh(second.RefreshToken); err != nil {
			b.t.Fatal(err)
		}
	}
	again := func(b *bench, first, second *auth.Session) {
		n, err := b.refresh(first.RefreshToken)
		if err != nil || n.RefreshToken != second.RefreshToken {
			b.t.Fatalf("the lost answer is not given again: %v", err)
		}
	}
	for _, c := range []struct {
		name  string
		steps []step
		ends  bool
	}{
		{"at once", nil, false},
		{"within 10 s, its access token seen", []step{useAccess, wait(10 * time.Second)}, false},
		{"after 10 s, its access token seen", []step{useAccess, wait(11 * time.Second)}, true},
		{"after 10 s, its access token seen by GET user", []step{getUser, wait(11 * time.Second)}, true},
		{"after 10 s, nothing seen", []step{wait(11 * time.Second)}, false},
		{"after a day, nothing seen", []step{wait(24 * time.Hour)}, false},
		{"after 10 s, the older access token seen", []step{useOldAccess, wait(11 * time.Second)}, false},
		{"after 10 s, given again twice", []step{wait(11 * time.Second), again, wait(11 * time.Second), again}, false},
		{"after 10 s, given again and seen", []step{wait(11 * time.Second), again, useAccess, wait(time.Second)}, true},
		{"its successor was used at once", []step{useRefresh}, true},
		{"its successor was used later", []step{wait(11 * time.Second), useRefresh}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := setup(t)
			first := b.signup("ann@shop.example")
			second, err := b.refresh(first.RefreshToken)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range c.steps {
				s(b, first, second)
			}
			n, err := b.refresh(first.RefreshToken)
			if !c.ends {
				if err != nil || n.RefreshToken != second.RefreshToken {
					t.Fatalf("got %v, want the same successor", err)
				}
				return
			}
			wantCode(t, err, hutch.RefreshTokenAlreadyUsed)
			if _, err = b.verify(second.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
				t.Errorf("the access token outlives its session: %v", err)
			}
			_, err = b.refresh(second.RefreshToken)
			wantCode(t, err, hutch.RefreshTokenNotFound)
			_, err = b.refresh(first.RefreshToken)
			wantCode(t, err, hutch.RefreshTokenNotFound)
			if !strings.Contains(b.store.all(), "refresh_token_reused") {
				t.Error("no row in _audit")
			}
		})
	}
}

// What was seen of one generation says nothing about the next one's answer.
func TestS34EachAnswerMayBeLost(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	for range 3 {
		n, err := b.refresh(s.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		b.clock.add(time.Minute)
		again, err := b.refresh(s.RefreshToken)
		if err != nil || again.RefreshToken != n.RefreshToken {
			t.Fatalf("a lost answer signs out: %v", err)
		}
		b.mustVerify(again.AccessToken)
		s = again
	}
}

func TestS34GrandparentEndsTheSession(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	tokens := []string{s.RefreshToken}
	for range 5 {
		n, err := b.refresh(tokens[len(tokens)-1])
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, n.RefreshToken)
	}
	_, err := b.refresh(tokens[1])
	wantCode(t, err, hutch.RefreshTokenAlreadyUsed)
	_, err = b.refresh(tokens[5])
	wantCode(t, err, hutch.RefreshTokenNotFound)
}

func TestS34GuessedTokensEndNothingAndReadNothing(t *testing.T) {
	b := setup(t)
	s := b.signup("ann@shop.example")
	session := claims(t, s.AccessToken)["session_id"].(string)
	before := b.store.reads
	for _, guess := range []string{
		b.GuessRefresh(session, rand.Reader), s.RefreshToken[:len(s.RefreshToken)-1] + "A", s.RefreshToken + "A",
		s.RefreshToken[1:], "A" + s.RefreshToken[1:], strings.ToLower(s.RefreshToken), "", "\n" + s.RefreshToken[1:], s.AccessToken,
	} {
		if guess == s.RefreshToken {
			continue
		}
		_, err := b.refresh(guess)
		wantCode(t, err, hutch.RefreshTokenNotFound)
	}
	if b.store.reads != before {
		t.Errorf("guesses cost %d reads", b.store.reads-before)
	}
	if _, err := b.refresh(s.RefreshToken); err != nil {
		t.Errorf("guesses ended the session: %v", err)
	}
}

// The first use is noted even if it runs beside a refresh, and a failure to note
// it does not keep the token out.
func TestS34FirstUseIsNotedLater(t *testing.T) {
	b := setup(t)
	first := b.signup("ann@shop.example")
	second, err := b.refresh(first.RefreshToken)
	if err != nil {
		t.Fatal(err)
	}
	b.store.mu.Lock()
	b.store.fail = func(coll string) error {
		if coll == "_sessions" {
			return &hutch.Error{Code: hutch.ResourceExhausted, Message: "disk"}
		}
		return nil
	}
	b.store.mu.Unlock()
	b.mustVerify(second.AccessToken)
	if n := b.Remembered(); n != 0 {
		t.Errorf("%d remembered without the note", n)
	}
	b.store.mu.Lock()
	b.store.fail = nil
	b.store.mu.Unlock()
	b.mustVerify(second.AccessToken)
	b.clock.add(11 * time.Second)
	_, err = b.refresh(first.RefreshToken)
	wantCode(t, err, hutch.RefreshTokenAlreadyUsed)
}

func TestSessionsEnd(t *testing.T) {
	b := setup(t, func(o *auth.Options) {
		o.Lifetimes = auth.Lifetimes{Access: 15 * time.Minute, Idle: time.Hour, Max: 3 * time.Hour}
	})
	s := b.signup("ann@shop.example")
	t.Run("idle", func(t *testing.T) {
		b.clock.add(time.Hour)
		_, err := b.refresh(s.RefreshToken)
		wantCode(t, err, hutch.SessionExpired)
		if hutch.AsError(err).Status() != 400 {
			t.Errorf("status %d", hutch.AsError(err).Status())
		}
	})
	s, err := b.signin("ann@shop.example", password, here(1))
	if err != nil {
		t.Fatal(err)
	}
	start := b.clock.Now()
	t.Run("absolute", func(t *testing.T) {
		for b.clock.Now().Sub(start) < 3*time.Hour-10*time.Minute {
			b.clock.add(10 * time.Minute)
			n, err := b.refresh(s.RefreshToken)
			if err != nil {
				t.Fatal(err)
			}
			if n.ExpiresAt > start.Add(3*time.Hour).Unix() {
				t.Fatal("a token outlives its session")
			}
			s = n
		}
		b.clock.add(10 * time.Minute)
		_, err := b.refresh(s.RefreshToken)
		wantCode(t, err, hutch.SessionExpired)
		if _, err := b.verify(s.AccessToken); hutch.CodeOf(err) != hutch.Unauthenticated {
			t.Errorf("got %v", err)
		}
	})
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := b.store.count("_sessions"); n != 0 {
		t.Errorf("%d ended sessions are kept", n)
	}
}

func TestSweepKeepsLiveSessions(t *testing.T) {
	b := setup(t)
	var live []*auth.Session
	ended := b.signup("eve@shop.example")
	if err := b.Logout(t.Context(), bearer(b.signinOK("eve@shop.example").AccessToken), "global"); err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{"ann@shop.example", "bob@shop.example"} {
		live = append(live, b.signup(a), b.signinOK(a))
	}
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := b.store.count("_sessions"); n != len(live) {
		t.Errorf("%d sessions, want %d", n, len(live))
	}
	for _, s := range live {
		b.mustVerify(s.AccessToken)
	}
	_, err := b.refresh(ended.RefreshToken)
	wantCode(t, err, hutch.RefreshTokenNotFound)
}

func (b *bench) signinOK(address string) *auth.Session {
	b.t.Helper()
	s, err := b.signin(address, password, auth.Client{ServiceKey: true})
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func TestLogout(t *testing.T) {
	for _, c := range []struct {
		scope           string
		here, elsewhere bool // alive afterwards
	}{{"", false, false}, {"global", false, false}, {"local", false, true}, {"others", true, false}} {
		t.Run("scope "+c.scope, func(t *testing.T) {
			b := setup(t)
			one, two := b.signup("ann@shop.example"), b.signinOK("ann@shop.example")
			other := b.signup("bob@shop.example")
			for _, s := range []*auth.Session{one, two, other} {
				b.mustVerify(s.AccessToken)
			}
			if err := b.Logout(t.Context(), bearer(one.AccessToken), c.scope); err != nil {
				t.Fatal(err)
			}
			b.mustVerify(other.AccessToken)
			for _, s := range []struct {
				s     *auth.Session
				alive bool
			}{{one, c.here}, {two, c.elsewhere}} {
				_, err := b.verify(s.s.AccessToken)
				_, rerr := b.refresh(s.s.RefreshToken)
				if s.alive {
					if err != nil || rerr != nil {
						t.Errorf("a session that lives: %v, %v", err, rerr)
					}
					continue
				}
				wantCode(t, err, hutch.Unauthenticated)
				wantCode(t, rerr, hutch.RefreshTokenNotFound)
				_, err = b.User(t.Context(), bearer(s.s.AccessToken))
				wantCode(t, err, hutch.SessionNotFound)
				wantCode(t, b.Logout(t.Context(), bearer(s.s.AccessToken), c.scope), hutch.SessionNotFound)
			}
		})
	}
	b := setup(t)
	s := b.signup("ann@shop.example")
	wantCode(t, b.Logout(t.Context(), bearer(s.AccessToken), "all"), hutch.ValidationFailed)
	wantCode(t, b.Logout(t.Context(), auth.Credentials{}, ""), hutch.NoAuthorization)
	wantCode(t, b.Logout(t.Context(), bearer("anon"), ""), hutch.NoAuthorization)
	wantCode(t, b.Logout(t.Context(), bearer("x.y.z"), ""), hutch.BadJWT)
}

func TestParallelSignUpsOfOneAddressMakeOneAccount(t *testing.T) {
	b := setup(t)
	spellings := []string{"ann@shop.example", "ANN@shop.example", "Ann@SHOP.example", "anN@shop.Example"}
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = b.Signup(t.Context(), auth.SignupRequest{Email: spellings[i%4], Password: password}, auth.Client{ServiceKey: true})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantCode(t, err, hutch.UserAlreadyExists)
	}
	if won != 1 || b.store.count("_users") != 1 || b.store.count("_identities") != 1 || b.store.count("_sessions") != 1 {
		t.Errorf("%d accounts", won)
	}
}

func TestParallelSignInsAllSucceed(t *testing.T) {
	b := setup(t)
	b.signup("ann@shop.example")
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() { _, errs[i] = b.signin("ann@shop.example", password, auth.Client{ServiceKey: true}) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := b.store.count("_sessions"); n != 21 {
		t.Errorf("%d sessions", n)
	}
}
