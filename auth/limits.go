package auth

import (
	"context"
	"encoding/hex"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
)

// Limits of tries; zero fields take DefaultLimits'.
type Limits struct {
	SignupsPerNetwork  int           // an hour
	FreeTries          int           // wrong passwords of a pair (account, network) without a wait
	Wait, MaxWait      time.Duration // after them: the first, doubled up to the last
	FailuresPerNetwork int           // an hour
	FailuresPerAccount int           // an hour
}

// DefaultLimits are the documented ones.
func DefaultLimits() Limits {
	return Limits{
		SignupsPerNetwork: 30, FreeTries: 5, Wait: time.Second, MaxWait: 15 * time.Minute,
		FailuresPerNetwork: 100, FailuresPerAccount: 50,
	}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ to, def *int }{
		{&l.SignupsPerNetwork, &d.SignupsPerNetwork},
		{&l.FreeTries, &d.FreeTries},
		{&l.FailuresPerNetwork, &d.FailuresPerNetwork},
		{&l.FailuresPerAccount, &d.FailuresPerAccount},
	} {
		if *f.to == 0 {
			*f.to = *f.def
		}
	}
	if l.Wait == 0 {
		l.Wait = d.Wait
	}
	if l.MaxWait == 0 {
		l.MaxWait = d.MaxWait
	}
	return l
}

// Client says where a request to /auth came from.
type Client struct {
	Addr       netip.Addr // as listed proxies have it; invalid: one network of its own
	Forwarded  bool       // carries a forwarding header that no listed proxy vouches for
	ServiceKey bool       // comes with a valid service key (Service.Exempt): no limits
}

// network is the address that limits count by: IPv6 as /64.
func (c Client) network() string {
	a := c.Addr.Unmap().WithZone("")
	if !a.IsValid() {
		return "unknown"
	}
	if a.Is6() {
		p, err := a.Prefix(64)
		if err != nil {
			return "unknown"
		}
		return p.String()
	}
	return a.String()
}

// counted reports whether limits by address apply.
func (c Client) counted() bool {
	return !c.ServiceKey && (c.Forwarded || !c.Addr.Unmap().IsLoopback())
}

func tooMany(wait time.Duration) error {
	return &hutch.Error{
		Code: hutch.OverRequestRateLimit, Message: "too many tries; wait",
		RetryAfter: max(wait, time.Second).Round(time.Second),
	}
}

// limitError turns a counter's answer into the request's.
func limitError(wait time.Duration, err error) error {
	if err != nil {
		return hutch.Errorf(hutch.Unavailable, "limits cannot be counted just now: %w", err)
	}
	if wait > 0 {
		return tooMany(wait)
	}
	return nil
}

// countSignup refuses sign-ups over the limit of their network.
func (s *Service) countSignup(ctx context.Context, c Client) error {
	if !c.counted() {
		return nil
	}
	return limitError(s.o.Counter.Hit(ctx, "signup "+c.network(), s.o.Limits.SignupsPerNetwork, time.Hour))
}

// try is one check of a password, counted as a failure until passed.
type try struct {
	s                      *Service
	pair, network, account string // "" where not counted
}

// begin counts a try of a password before it is checked, so that parallel ones
// gain nothing. known: the account signed in from that network before; then the
// limits of network and account do not refuse, the pair's always does.
func (s *Service) begin(ctx context.Context, c Client, key string, known bool) (*try, error) {
	t := &try{s: s}
	if c.ServiceKey {
		return t, nil
	}
	l, id := s.o.Limits, identityID(key)
	steps := []struct {
		name  *string
		key   string
		limit int
	}{{&t.account, "account " + id, l.FailuresPerAccount}}
	if c.counted() {
		steps = append(steps, steps[0])
		steps[0].name, steps[0].key, steps[0].limit = &t.network, "network "+c.network(), l.FailuresPerNetwork
		if err := limitError(s.o.Counter.Back(ctx, "pair "+c.network()+" "+id, l.FreeTries, l.Wait, l.MaxWait)); err != nil {
			return nil, err
		}
		t.pair = "pair " + c.network() + " " + id
	}
	for _, step := range steps {
		wait, err := s.o.Counter.Hit(ctx, step.key, step.limit, time.Hour)
		if err != nil || wait > 0 && !known {
			t.undo(ctx)
			return nil, limitError(wait, err)
		}
		if wait == 0 {
			*step.name = step.key
		}
	}
	return t, nil
}

// undo takes back what was counted: nothing was learned about the password.
func (t *try) undo(ctx context.Context) {
	for _, key := range []string{t.pair, t.network, t.account} {
		t.tell(key, func() error { return t.s.o.Counter.Undo(ctx, key) })
	}
}

// passed says that the password was right.
func (t *try) passed(ctx context.Context) {
	for _, key := range []string{t.network, t.account} {
		t.tell(key, func() error { return t.s.o.Counter.Undo(ctx, key) })
	}
	t.tell(t.pair, func() error { return t.s.o.Counter.Forget(ctx, t.pair) })
}

func (t *try) tell(key string, f func() error) {
	if key == "" {
		return
	}
	if err := f(); err != nil {
		t.s.o.Log.Warn("a counter of sign-ins did not answer", slog.Any("error", err))
	}
}

const knownNetworks = 16

// networkMark is what a user document keeps of a network.
func (s *Service) networkMark(c Client) string {
	return hex.EncodeToString(mac(s.keys.Load().refresh, "network", []byte(c.network()))[:8])
}

// noteNetwork remembers a network that a user signed in from.
func (u *userDoc) noteNetwork(mark string) {
	i := slices.Index(u.Networks, mark)
	kept := slices.Clone(u.Networks)
	if i >= 0 {
		kept = slices.Delete(kept, i, i+1)
	}
	kept = append(kept, mark)
	u.Networks = kept[max(len(kept)-knownNetworks, 0):]
}
