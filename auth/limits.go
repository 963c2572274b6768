package auth

import (
	"context"
	"encoding/hex"
	"log/slog"
	"net/netip"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Limits of tries; zero fields take DefaultLimits'.
type Limits struct {
	SignupsPerNetwork   int           // an hour
	AnonymousPerNetwork int           // sign-ups without an address, an hour
	FreeTries           int           // wrong passwords of a pair (account, network) without a wait
	Wait, MaxWait       time.Duration // after them: the first, doubled up to the last
	FailuresPerNetwork  int           // an hour
	FailuresPerAccount  int           // an hour
	MailsPerAddress     int           // an hour
	MailsPerDay         int           // to an address
	MailsPerNetwork     int           // an hour
	Mails               int           // an hour to addresses nobody has proven; as many to proven ones, and as many notices
}

// DefaultLimits are the documented ones.
func DefaultLimits() Limits {
	return Limits{
		SignupsPerNetwork: 30, AnonymousPerNetwork: 10, FreeTries: 5, Wait: time.Second, MaxWait: 15 * time.Minute,
		FailuresPerNetwork: 100, FailuresPerAccount: 50,
		MailsPerAddress: 3, MailsPerDay: 10, MailsPerNetwork: 30, Mails: 5000,
	}
}

func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	for _, f := range []struct{ to, def *int }{
		{&l.SignupsPerNetwork, &d.SignupsPerNetwork},
		{&l.AnonymousPerNetwork, &d.AnonymousPerNetwork},
		{&l.FreeTries, &d.FreeTries},
		{&l.FailuresPerNetwork, &d.FailuresPerNetwork},
		{&l.FailuresPerAccount, &d.FailuresPerAccount},
		{&l.MailsPerAddress, &d.MailsPerAddress},
		{&l.MailsPerDay, &d.MailsPerDay},
		{&l.MailsPerNetwork, &d.MailsPerNetwork},
		{&l.Mails, &d.Mails},
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

	Agent       string      // the header User-Agent, kept with sessions
	Credentials Credentials // for what a grant may do for who is signed in
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

// sitesNetworks is how many networks' worth of a limit the /48 around an IPv6
// network has: one subscriber may own 65,536 networks, and a street share them.
const sitesNetworks = 10

// counts is a limit by network, and for IPv6 by the /48 around it.
func (c Client) counts(what string, n data.Count) []data.Count {
	if !c.counted() {
		return nil
	}
	n.Key = what + " " + c.network()
	cs := []data.Count{n}
	if a := c.Addr.Unmap().WithZone(""); a.Is6() {
		if p, err := a.Prefix(48); err == nil {
			n.Key, n.Limit = what+" "+p.String(), n.Limit*sitesNetworks
			cs = append(cs, n)
		}
	}
	return cs
}

// count refuses a try that is one too many of its network.
func (s *Service) count(ctx context.Context, c Client, what string, limit int) error {
	cs := c.counts(what, data.Count{Limit: limit, Window: time.Hour})
	if len(cs) == 0 {
		return nil
	}
	_, wait, err := s.o.Counter.Count(ctx, cs...)
	return limitError(wait, err)
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
	return s.count(ctx, c, "signup", s.o.Limits.SignupsPerNetwork)
}

// editsPerHour is how many small changes, each a row of the audit, the user of an
// account may make.
const editsPerHour = 60

// countEdit counts one.
func (s *Service) countEdit(ctx context.Context, user string) error {
	_, wait, err := s.o.Counter.Count(ctx, data.Count{Key: "edits " + user, Limit: editsPerHour, Window: time.Hour})
	return limitError(wait, err)
}

// try is one check of a password, counted as a failure until passed.
type try struct {
	s    *Service
	pair []string // keys of account and network, forgotten once passed
	keys []string // others that it counted under
}

// begin counts a try of a password before it is checked, so that parallel ones
// gain nothing. known: the account signed in from that network or device before; then the
// limits of network and account do not refuse, the pair's always does. A try
// that is refused is written nowhere.
func (s *Service) begin(ctx context.Context, c Client, key string, known bool) (*try, error) {
	t := &try{s: s}
	if c.ServiceKey {
		return t, nil
	}
	l, id := s.o.Limits, identityID(key)
	cs := []data.Count{{Key: "account " + id, Limit: l.FailuresPerAccount, Window: time.Hour, Pass: known}}
	if c.counted() {
		t.pair = []string{"pair " + c.network() + " " + id}
		cs = append(cs, c.counts("network", data.Count{Limit: l.FailuresPerNetwork, Window: time.Hour, Pass: known})...)
		cs = append(cs, data.Count{Key: t.pair[0], Free: l.FreeTries, Base: l.Wait, Most: l.MaxWait})
	}
	return t, t.count(ctx, cs)
}

func (t *try) count(ctx context.Context, cs []data.Count) error {
	counted, wait, err := t.s.o.Counter.Count(ctx, cs...)
	if err := limitError(wait, err); err != nil {
		return err
	}
	for i := range cs {
		if counted[i] && !slices.Contains(t.pair, cs[i].Key) {
			t.keys = append(t.keys, cs[i].Key)
		}
	}
	return nil
}

// undo takes back what was counted: nothing was learned about the password.
func (t *try) undo(ctx context.Context) {
	t.settle(ctx, slices.Concat(t.keys, t.pair), nil)
}

// passed says that the password was right.
func (t *try) passed(ctx context.Context) {
	t.settle(ctx, t.keys, t.pair)
}

// end ends the try of a factor: what is no answer to a guess, right or wrong, is
// taken back and clears nothing.
func (t *try) end(ctx context.Context, err error) {
	switch {
	case err == nil:
		t.passed(ctx)
	case hutch.CodeOf(err) != hutch.FactorRefused:
		t.undo(ctx)
	}
}

// settle goes on when the request ends: the next try is not to pay for it.
func (t *try) settle(ctx context.Context, undo, forget []string) {
	if len(undo)+len(forget) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	if err := t.s.o.Counter.Settle(ctx, undo, forget); err != nil {
		t.s.o.Log.Warn("a try of a sign-in stays counted", slog.Any("error", err))
	}
}

const settleTime = 5 * time.Second

const knownNetworks = 16

// networkMark is what a user document keeps of a network.
func (s *Service) networkMark(c Client) string {
	return hex.EncodeToString(mac(s.keys.Load().refresh, "network", []byte(c.network()))[:8])
}

// seenFrom reports whether the user signed in from a network before.
func (u *userDoc) seenFrom(mark string) bool { return seen(u.Networks, mark) }

func seen(networks []string, mark string) bool { return slices.Contains(networks, mark) }

// noteNetwork remembers a network that a user signed in from at a level, where
// that is the account's highest: who has but the first of two factors makes no
// network known, and drives none of the owner's out.
func (u *userDoc) noteNetwork(mark, level string) {
	if level == aal2 || !hasFactor(u) {
		u.Networks = noted(u.Networks, mark)
	}
}

// noted gives the networks with one as the newest.
func noted(networks []string, mark string) []string {
	kept := slices.DeleteFunc(slices.Clone(networks), func(m string) bool { return m == mark })
	kept = append(kept, mark)
	return kept[max(len(kept)-knownNetworks, 0):]
}
