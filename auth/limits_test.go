package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data"
)

func at(addr string) auth.Client { return auth.Client{Addr: netip.MustParseAddr(addr)} }

func (b *bench) try(address, password string, c auth.Client) hutch.Code {
	_, err := b.signin(address, password, c)
	return hutch.CodeOf(err)
}

func (b *bench) tryOn(device, address, password string, c auth.Client) hutch.Code {
	_, err := b.SignIn(b.t.Context(), auth.PasswordRequest{Email: address, Password: password, Device: device}, c)
	return hutch.CodeOf(err)
}

// tries gives the codes of n wrong passwords.
func (b *bench) tries(n int, address string, c auth.Client) (codes []hutch.Code) {
	for range n {
		codes = append(codes, b.try(address, "wrong", c))
	}
	return codes
}

func TestS41APairIsSlowedAndDoubles(t *testing.T) {
	for _, address := range []string{"ann@shop.example", "nobody@shop.example"} {
		t.Run(address, func(t *testing.T) {
			b := setup(t)
			b.signup("ann@shop.example")
			for i, code := range b.tries(5, address, here(1)) {
				if code != hutch.InvalidCredentials {
					t.Fatalf("try %d: %s", i+1, code)
				}
			}
			wait := time.Second
			for i := range 14 {
				_, tested, _ := b.hash.counts()
				_, err := b.signin(address, "wrong", here(1))
				wantCode(t, err, hutch.OverRequestRateLimit)
				if got := hutch.AsError(err).RetryAfter; got != wait {
					t.Fatalf("wait %d: %v, want %v", i, got, wait)
				}
				if _, n, _ := b.hash.counts(); n != tested {
					t.Fatal("a refused try is hashed")
				}
				b.clock.add(wait - time.Millisecond)
				if code := b.try(address, password, here(1)); code != hutch.OverRequestRateLimit {
					t.Fatalf("before the wait is over: %s", code)
				}
				b.clock.add(time.Millisecond)
				if code := b.try(address, "wrong", here(1)); code != hutch.InvalidCredentials {
					t.Fatalf("after the wait: %s", code)
				}
				wait = min(2*wait, 15*time.Minute)
			}
			// Another network of the same account, and another account of the same network.
			if code := b.try("ann@shop.example", password, here(2)); code != "" {
				t.Errorf("the owner elsewhere: %s", code)
			}
			if code := b.try("bob@shop.example", "wrong", here(1)); code != hutch.InvalidCredentials {
				t.Errorf("another account: %s", code)
			}
		})
	}
}

func TestS41ARightPasswordClearsThePair(t *testing.T) {
	b := setup(t)
	b.signup("ann@shop.example")
	for range 20 {
		b.tries(4, "ann@shop.example", here(1))
		if code := b.try("ann@shop.example", password, here(1)); code != "" {
			t.Fatal(code)
		}
		b.clock.add(10 * time.Minute)
	}
}

func TestS41ParallelTriesGainNothing(t *testing.T) {
	b := setup(t)
	b.signup("ann@shop.example")
	var wg sync.WaitGroup
	codes := make([]hutch.Code, 50)
	for i := range codes {
		wg.Go(func() { codes[i] = b.try("ann@shop.example", "wrong", here(1)) })
	}
	wg.Wait()
	tested := 0
	for _, c := range codes {
		if c == hutch.InvalidCredentials {
			tested++
		} else if c != hutch.OverRequestRateLimit {
			t.Fatal(c)
		}
	}
	if tested != 5 {
		t.Errorf("%d passwords were tested, want 5", tested)
	}
}

func TestS41NetworksAndAccounts(t *testing.T) {
	t.Run("a network has 100 failures an hour", func(t *testing.T) {
		b := setup(t)
		b.signup("ann@shop.example")
		if _, err := b.signin("ann@shop.example", password, here(1)); err != nil { // seen from here
			t.Fatal(err)
		}
		for i := range 100 {
			if code := b.try(fmt.Sprintf("user%d@shop.example", i), "wrong", here(1)); code != hutch.InvalidCredentials {
				t.Fatalf("failure %d: %s", i, code)
			}
		}
		b.signup("bob@shop.example")
		if code := b.try("bob@shop.example", password, here(1)); code != hutch.OverRequestRateLimit {
			t.Errorf("an account never seen here: %s", code)
		}
		if code := b.try("ann@shop.example", password, here(1)); code != "" {
			t.Errorf("a right password from a network seen before: %s", code)
		}
		if code := b.try("bob@shop.example", password, here(2)); code != "" {
			t.Errorf("another network: %s", code)
		}
		b.clock.add(2 * time.Hour)
		if code := b.try("bob@shop.example", password, here(1)); code != "" {
			t.Errorf("two hours later: %s", code)
		}
	})
	t.Run("an account has 50 failures an hour", func(t *testing.T) {
		b := setup(t)
		bob := b.signup("bob@shop.example")
		b.signup("ann@shop.example")
		owner, err := b.signin("ann@shop.example", password, here(200))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			if code := b.try("ann@shop.example", "wrong", here(byte(i))); code != hutch.InvalidCredentials {
				t.Fatalf("failure %d: %s", i, code)
			}
		}
		if code := b.try("ann@shop.example", password, here(100)); code != hutch.OverRequestRateLimit {
			t.Errorf("a new network: %s", code)
		}
		if code := b.try("ann@shop.example", password, here(200)); code != "" {
			t.Errorf("the owner from a network seen before is locked out: %s", code)
		}
		device := owner.DeviceToken
		if got := b.tryOn(device, "ann@shop.example", password, here(101)); got != "" {
			t.Errorf("the owner on a device seen before, in a new network, is locked out: %s", got)
		}
		for name, mark := range map[string]string{
			"of another account": bob.DeviceToken, "cut": device[:len(device)-1], "none": "", "later": device[:3] + "AAAAAH_____" + device[14:],
		} {
			if got := b.tryOn(mark, "ann@shop.example", password, here(102)); got != hutch.OverRequestRateLimit {
				t.Errorf("a device's mark %s: %s", name, got)
			}
		}
		if got := b.tryOn(device, "ann@shop.example", "wrong", here(103)); got != hutch.InvalidCredentials {
			t.Errorf("a mark is no password: %s", got)
		}
		if code := b.try("eve@shop.example", "wrong", here(100)); code != hutch.InvalidCredentials {
			t.Errorf("another account: %s", code)
		}
	})
	t.Run("the pair's limit binds a network seen before too", func(t *testing.T) {
		b := setup(t)
		b.signup("ann@shop.example")
		if _, err := b.signin("ann@shop.example", password, here(1)); err != nil {
			t.Fatal(err)
		}
		b.tries(5, "ann@shop.example", here(1))
		if code := b.try("ann@shop.example", password, here(1)); code != hutch.OverRequestRateLimit {
			t.Error(code)
		}
	})
}

func TestS41SignUps(t *testing.T) {
	b := setup(t)
	n := 0
	signup := func(c auth.Client) hutch.Code {
		n++
		_, err := b.Signup(t.Context(), auth.SignupRequest{Email: fmt.Sprintf("u%d@shop.example", n), Password: password}, c)
		return hutch.CodeOf(err)
	}
	six := func(host string) auth.Client { return at("2001:db8:1:1::" + host) }
	for i := range 30 {
		if code := signup(here(1)); code != "" {
			t.Fatalf("%d: %s", i, code)
		}
		if code := signup(six(fmt.Sprintf("%x", i+1))); code != "" {
			t.Fatalf("%d: %s", i, code)
		}
	}
	for name, c := range map[string]auth.Client{
		"the same network": here(1), "as IPv4 in IPv6": at("::ffff:203.0.113.1"),
		"the same /64": six("ffff"), "the same /64 with a zone": {Addr: netip.MustParseAddr("2001:db8:1:1::9%eth0")},
	} {
		if code := signup(c); code != hutch.OverRequestRateLimit {
			t.Errorf("%s: %s", name, code)
		}
	}
	for name, c := range map[string]auth.Client{
		"another network": here(2), "another /64": at("2001:db8:1:2::1"), "a service key": {Addr: here(1).Addr, ServiceKey: true},
	} {
		if code := signup(c); code != "" {
			t.Errorf("%s: %s", name, code)
		}
	}
	b.clock.add(2 * time.Hour)
	if code := signup(here(1)); code != "" {
		t.Errorf("later: %s", code)
	}
}

func TestS41LoopbackIsExemptUnlessForwarded(t *testing.T) {
	for _, addr := range []string{"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"} {
		b := setup(t)
		b.signup("ann@shop.example")
		c := at(addr)
		for i, code := range b.tries(49, "ann@shop.example", c) {
			if code != hutch.InvalidCredentials {
				t.Fatalf("%s, try %d: %s", addr, i+1, code)
			}
		}
		if code := b.try("ann@shop.example", password, c); code != "" {
			t.Errorf("%s: %s", addr, code)
		}
		b.tries(2, "ann@shop.example", c)
		if code := b.try("ann@shop.example", "wrong", here(9)); code != hutch.OverRequestRateLimit {
			t.Errorf("%s: the account's limit is not by address: %s", addr, code)
		}
		c.Forwarded = true
		b.tries(5, "bob@shop.example", c)
		if code := b.try("bob@shop.example", "wrong", c); code != hutch.OverRequestRateLimit {
			t.Errorf("%s with a forwarding header of nobody: %s", addr, code)
		}
	}
	b := setup(t)
	for range 6 {
		b.try("ann@shop.example", "wrong", auth.Client{})
	}
	if code := b.try("ann@shop.example", "wrong", auth.Client{}); code != hutch.OverRequestRateLimit {
		t.Errorf("an unknown address: %s", code)
	}
}

func TestS41ServiceKeysAreExempt(t *testing.T) {
	b := setup(t)
	b.signup("ann@shop.example")
	c := here(1)
	c.ServiceKey = true
	for _, code := range b.tries(120, "ann@shop.example", c) {
		if code != hutch.InvalidCredentials {
			t.Fatal(code)
		}
	}
	if code := b.try("ann@shop.example", password, here(1)); code != "" {
		t.Errorf("its tries count for others: %s", code)
	}
}

type brokenCounter struct{ auth.Counter }

func (brokenCounter) Count(context.Context, ...data.Count) ([]bool, time.Duration, error) {
	return nil, 0, errors.New("no counter")
}

func TestS41LimitsFailClosed(t *testing.T) {
	b := setup(t)
	b.signup("ann@shop.example")
	o := b.opts
	o.Counter, o.Feed = brokenCounter{}, nil
	s, err := auth.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	_, tested, _ := b.hash.counts()
	_, err = s.SignIn(t.Context(), auth.PasswordRequest{Email: "ann@shop.example", Password: password}, here(1))
	wantCode(t, err, hutch.Unavailable)
	_, err = s.Signup(t.Context(), auth.SignupRequest{Email: "bob@shop.example", Password: password}, here(1))
	wantCode(t, err, hutch.Unavailable)
	if hashed, n, _ := b.hash.counts(); n != tested || hashed != 1 {
		t.Error("a password was hashed")
	}
}

func TestS41TheCountsAreBounded(t *testing.T) {
	counts := newMemory()
	b := setup(t, func(o *auth.Options) { o.Counter = data.NewCounter(counts, []byte("key"), o.Now) })
	const flood = 500
	for i := range flood {
		b.try(fmt.Sprintf("user%d@shop.example", i), "wrong", here(1))
	}
	// 100 failures of the network: an account and a pair each, and the network
	if n := counts.count("_limits"); n != 201 {
		t.Errorf("%d counts after %d tries of one network, want 201: one that is refused is written nowhere", n, flood)
	}
	b.signup("ann@shop.example")
	before := counts.count("_limits")
	if code := b.try("ann@shop.example", password, here(2)); code != "" {
		t.Fatal(code)
	}
	if n := counts.count("_limits"); n != before {
		t.Errorf("%d counts are left by a sign-in", n-before)
	}
}
