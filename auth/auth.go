package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Feed shows the commits of the store: *data.Feed.
type Feed interface {
	Read(ctx context.Context, after data.Position) iter.Seq2[data.Commit, error]
	Head() data.Position
}

// Lifetimes of tokens and sessions; zero fields take the defaults in brackets.
type Lifetimes struct {
	Access time.Duration // of an access token [15m]
	Idle   time.Duration // of a session without a refresh [30 days]
	Max    time.Duration // of a session [365 days]
}

// Options of a Service.
type Options struct {
	System    data.System   // over Collections()
	Feed      Feed          // nil: nothing is remembered
	Erasures  Erasures      // nil: nothing is kept but the System's documents
	Hasher    Hasher        // NewHasher
	MasterKey [32]byte      // seals _signing; nodes of one store share it
	PublicURL func() string // the issuer; constant once the first token is made
	Signup    bool          // false: accounts by invitation only
	Anonymous bool          // users without an address
	MinLength int           // of passwords, characters [10], at least 8
	Lifetimes Lifetimes
	Limits    Limits
	Counter   Counter // data.Service.Counter
	Lease     Lease   // of the node that sweeps; nil: this one
	Remember  int     // verifications remembered [32,768]
	Providers Providers
	Mail      MailOptions
	Passkeys  PasskeyOptions
	AnyLevel  bool       // a session counts without the second factor its user has
	Redirects *Redirects // where flows may send browsers beside the public URL
	Captcha   Captcha    // nil: off
	Hooks     Hooks      // nil: no function judges
	Profile   *Profile   // nil: accounts have no documents
	Operators OperatorOptions
	Now       func() time.Time
	Entropy   io.Reader
	Log       *slog.Logger
}

// Lease lets one node of all do what each could: *data.Lease.
type Lease interface {
	Acquire(ctx context.Context) (bool, error)
	Release(ctx context.Context) error
}

// SweepLease is how long a node that is gone keeps others from sweeping.
const SweepLease = 2 * sweepEvery

// Service signs users in and says who a request is. It is safe for concurrent
// use.
type Service struct {
	o     Options
	seal  *sealer
	keys  atomic.Pointer[keySet]
	cache *cache
	guest hutch.Principal // sealed
	looks int             // users that a search looks at

	loading sync.Mutex  // one loadKeys at a time
	stale   atomic.Bool // the keys in use may not be those of now

	mu       sync.Mutex // guards the rest
	watchers map[int]func(Change)
	watcher  int
	used     map[string]time.Time // service keys, since the last flush
	told     map[string]time.Time // what was told and is not repeated at once
	swept    time.Time
	failed   failures
}

// New opens the keys, and makes them in a new store. It fails where the master
// key does not open the seal. Run keeps the Service up to date.
func New(ctx context.Context, o Options) (*Service, error) {
	switch {
	case o.System == nil, o.Hasher == nil, o.Counter == nil, o.PublicURL == nil:
		return nil, errors.New("auth needs a system, a hasher, a counter and a public URL")
	case o.MasterKey == [32]byte{}:
		return nil, errors.New("auth needs a master key")
	}
	if o.MinLength == 0 {
		o.MinLength = 10
	}
	if o.MinLength < minPassword || o.MinLength > maxPassword {
		return nil, &hutch.Error{
			Code: hutch.InvalidArgument, Field: "auth.password.minLength",
			Message: fmt.Sprintf("minLength goes from %d to %d", minPassword, maxPassword),
		}
	}
	l := &o.Lifetimes
	for _, d := range []struct {
		to  *time.Duration
		def time.Duration
	}{{&l.Access, 15 * time.Minute}, {&l.Idle, 30 * 24 * time.Hour}, {&l.Max, 365 * 24 * time.Hour}} {
		if *d.to == 0 {
			*d.to = d.def
		}
		if *d.to < time.Second {
			return nil, &hutch.Error{Code: hutch.InvalidArgument, Field: "auth.session", Message: "a session lives for a second at least"}
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Entropy == nil {
		o.Entropy = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	switch o.Operators.MFA {
	case "":
		o.Operators.MFA = MFARequired
	case MFARequired, MFAOptional, MFAOff:
	default:
		return nil, &hutch.Error{Code: hutch.InvalidArgument, Field: "admin.mfa", Message: "mfa is required or optional"}
	}
	o.Limits = o.Limits.withDefaults()
	if err := o.Mail.check(); err != nil {
		return nil, err
	}
	if err := o.Passkeys.check(); err != nil {
		return nil, err
	}
	seal, err := newSealer(o.MasterKey, o.Entropy)
	if err != nil {
		return nil, fmt.Errorf("using the master key: %w", err)
	}
	s := &Service{
		o: o, seal: seal, cache: newCache(o.Remember), guest: hutch.Principal{}.Sealed(), looks: maxWalk,
		watchers: map[int]func(Change){}, used: map[string]time.Time{}, told: map[string]time.Time{},
	}
	if err := s.loadKeys(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// issuer is iss of our tokens: the public URL and nothing a request says.
func (s *Service) issuer() string { return strings.TrimRight(s.o.PublicURL(), "/") }

const (
	maintainEvery = time.Minute
	sweepEvery    = time.Hour
	leaveTime     = 5 * time.Second
)

// Run follows the feed and keeps keys and sessions in order until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	if s.o.Feed != nil {
		wg.Go(func() { s.follow(ctx) })
	}
	tick := time.NewTicker(maintainEvery)
	defer tick.Stop()
	wg.Go(func() { // a long sweep holds up no rotation
		each := time.NewTicker(maintainEvery)
		defer each.Stop()
		for ctx.Err() == nil {
			s.warn(ctx, s.sweepDue(ctx))
			select {
			case <-each.C:
			case <-ctx.Done():
			}
		}
	})
	for {
		s.warn(ctx, s.upkeep(ctx))
		select {
		case <-tick.C:
		case <-ctx.Done():
			wg.Wait()
			s.leave(context.WithoutCancel(ctx))
			return ctx.Err()
		}
	}
}

func (s *Service) warn(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		s.o.Log.Warn("maintenance of auth", slog.Any("error", err))
	}
}

// leave writes what is only in memory, and lets another node sweep.
func (s *Service) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, leaveTime)
	defer cancel()
	err := s.flushFailures(ctx, true)
	if s.o.Lease != nil {
		err = errors.Join(err, s.o.Lease.Release(ctx))
	}
	s.warn(ctx, err)
}

// Maintain does what is due: rotates signing keys, notes the last use of
// service keys and failed sign-ins, each hour deletes, on one node of all,
// sessions that have ended and old rows of the audit.
func (s *Service) Maintain(ctx context.Context) error {
	return errors.Join(s.upkeep(ctx), s.sweepDue(ctx))
}

func (s *Service) upkeep(ctx context.Context) error {
	return errors.Join(s.rotate(ctx), s.flushUses(ctx), s.flushFailures(ctx, false))
}

// sweepDue sweeps once an hour, where the lease is this node's.
func (s *Service) sweepDue(ctx context.Context) error {
	now := s.o.Now()
	s.mu.Lock()
	due := now.Sub(s.swept) >= sweepEvery
	if due {
		s.swept = now
	}
	s.mu.Unlock()
	if !due {
		return nil
	}
	if s.o.Lease != nil {
		if ok, err := s.o.Lease.Acquire(ctx); err != nil || !ok {
			return err
		}
	}
	return errors.Join(s.sweep(ctx), s.sweepWaiting(ctx), s.sweepOTPs(ctx), s.sweepAudit(ctx))
}
