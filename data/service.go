package data

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hutch-dev/hutch"
)

// Options of a Service.
type Options struct {
	Store     Store
	Limits    Limits
	CursorKey []byte // 32 bytes that all nodes share
	Now       func() time.Time
	Entropy   io.Reader // of ids
	Log       *slog.Logger
	Dev       bool // hints that name collections and indexes
	// Valid is asked right before a commit whether p's session still holds,
	// unless ctx says that this was seen within the last second (WithVerified).
	// Its error is the answer. nil: sessions are not asked for.
	Valid func(ctx context.Context, p hutch.Principal) error
	// Bypassed is told that an operator reads a collection without rules, once in
	// a quarter of an hour for each; its error is the answer. nil: nobody is told.
	Bypassed func(ctx context.Context, p hutch.Principal, coll string) error
	// Wrote gives the row that tells of an operator's commit and goes with it; its
	// error is the answer. nil: nobody is told.
	Wrote func(ctx context.Context, p hutch.Principal, w []Written) (Write, error)
}

// App is what a reload replaces as one: collections, rules and hooks.
// Collections whose name begins with "_" are the rooms' own: they get their
// indexes, and no principal reaches them.
type App struct {
	Version     string // of the config; part of live group keys
	Collections []Collection
	Guard       Guard
	Hooks       Hooks // nil: none
	Prune       bool  // indexes that Collections do not name go (Store.Configure)
}

// Service is the one door to the documents: every read and write of every
// principal passes it. The principal is the context's.
type Service struct {
	store  Store
	limits Limits
	now    func() time.Time
	log    *slog.Logger
	dev    bool
	valid  func(context.Context, hutch.Principal) error

	bypassed func(context.Context, hutch.Principal, string) error
	wrote    func(context.Context, hutch.Principal, []Written) (Write, error)
	erasers  atomic.Pointer[[]func(context.Context, []string) error]

	cursorKey []byte
	onceKey   []byte

	app   atomic.Pointer[app]
	usage sync.Mutex // one Use at a time

	ids      *IDs
	turns    turns
	twins    twins
	gate     gate
	kept     kept
	usages   usages
	bypasses bypasses
	refusals refusals
	feed     *Feed
	cancel   context.CancelFunc
	done     sync.WaitGroup
}

// app is an App as requests use it; never changed.
type app struct {
	App
	colls map[string]*Collection // of principals: no system collections
	info  RuleInfo               // nil: every rule may look up
}

// New returns a Service that denies everything until Use. Close stops it.
func New(o Options) *Service {
	s := &Service{
		store: o.Store, limits: o.Limits.filled(), now: o.Now, log: o.Log, dev: o.Dev, valid: o.Valid, bypassed: o.Bypassed, wrote: o.Wrote,
		cursorKey: bytes.Clone(o.CursorKey), onceKey: derivedKey(o.CursorKey, "idempotency"),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.ids = NewIDs(s.now, o.Entropy)
	s.app.Store(&app{})
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	s.feed = newFeed(s.store, s.now, s.log)
	s.done.Go(func() { s.feed.run(ctx) })
	s.done.Go(func() { s.sweepOnce(ctx) })
	return s
}

// Use configures the store for app (indexes are ready when it returns) and
// switches to it; running requests end under what they began with.
func (s *Service) Use(ctx context.Context, a App) error {
	s.usage.Lock()
	defer s.usage.Unlock()
	next := &app{App: a, colls: make(map[string]*Collection, len(a.Collections))}
	next.info, _ = a.Guard.(RuleInfo)
	all := make([]Collection, 0, len(a.Collections)+1)
	for i := range a.Collections {
		c := &a.Collections[i]
		all = append(all, *c)
		if !strings.HasPrefix(c.Name, "_") {
			next.colls[c.Name] = c
		}
	}
	all = append(append(all, onceCollection), ownCollections...)
	if err := s.store.Configure(ctx, all, a.Prune); err != nil {
		return err
	}
	s.app.Store(next)
	return nil
}

// Feed is the one reader of the store's changes on this node.
func (s *Service) Feed() *Feed { return s.feed }

// Collection is one of the app's, as it is in use; ok is false for any other name.
func (s *Service) Collection(name string) (c Collection, ok bool) {
	if in := s.app.Load().colls[name]; in != nil {
		return *in, true
	}
	return Collection{}, false
}

// Info describes the store.
func (s *Service) Info(ctx context.Context) (Info, error) { return s.store.Info(ctx) }

// Close stops the feed and the sweeper; the store stays open.
func (s *Service) Close() error {
	s.cancel()
	s.done.Wait()
	return nil
}

type verifiedKey struct{}

// WithVerified returns a context that says when the principal's session was
// last seen to be valid; a commit asks Options.Valid when that is older than 1 s.
func WithVerified(ctx context.Context, at time.Time) context.Context {
	return context.WithValue(ctx, verifiedKey{}, at)
}

type actorKey struct{}

// WithActor returns a context whose commits need p to hold as well, who lets the
// context's principal act.
func WithActor(ctx context.Context, p hutch.Principal) context.Context {
	return context.WithValue(ctx, actorKey{}, &p)
}

// byOperator reports whether an operator asks, as one or as a user that they try.
func byOperator(ctx context.Context, p *hutch.Principal) bool {
	actor, ok := ctx.Value(actorKey{}).(*hutch.Principal)
	return p.Kind == hutch.Operator || ok && actor.Kind == hutch.Operator
}

// verify asks Valid where the principal's session was not just seen to be valid.
func (s *Service) verify(ctx context.Context, p *hutch.Principal) error {
	if s.valid == nil || p.Kind == hutch.System {
		return nil
	}
	if at, ok := ctx.Value(verifiedKey{}).(time.Time); ok && s.now().Sub(at) < time.Second {
		return nil
	}
	if actor, ok := ctx.Value(actorKey{}).(*hutch.Principal); ok {
		if err := s.valid(ctx, *actor); err != nil {
			return err
		}
	}
	if p.Kind == hutch.Guest {
		return nil
	}
	return s.valid(ctx, *p)
}

// deadline gives ctx a deadline if it has none.
func deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, 30*time.Second)
}
