package functions

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/data"
)

// Options of a Service.
type Options struct {
	Data     *data.Service
	Runtimes map[string]Runtime // by the name that a Function gives
	Slots    int                // runs at the same time; 0: 8
	Users    Users              // nil: ctx.auth is unimplemented
	Mail     Mail               // nil: ctx.mail is unimplemented
	Runs     *Runs              // nil: runs are in the log alone
	// Request bounds waiting, runs and reruns of a call; 0: 30 s.
	Request time.Duration
	Now     func() time.Time
	Entropy io.Reader
	Log     *slog.Logger
}

// Allow judges a function's `auth:`. input is the body as sent, the zero Value
// where there is none.
type Allow func(name string, p hutch.Principal, r data.Request, input data.Value) error

// Service runs the functions of the app.
type Service struct {
	o       Options
	queue   *queue
	breaker *breaker
	tallies tallies
	set     atomic.Pointer[Set]
}

// New returns a Service without functions.
func New(o Options) *Service {
	if o.Slots == 0 {
		o.Slots = 8
	}
	if o.Request == 0 {
		o.Request = 30 * time.Second
	}
	s := &Service{o: o, queue: newQueue(o.Slots), breaker: newBreaker(o.Now)}
	s.set.Store(&Set{service: s})
	return s
}

// Set is the functions of one release. It implements data.Hooks.
type Set struct {
	service *Service
	allow   Allow
	byName  map[string]*loaded
	routes  []Route
	before  map[string][]*loaded // collection -> hooks in order of name
	events  map[string][]*loaded // event of auth -> functions in order of name
	closed  sync.Once
}

type loaded struct {
	Function
	info    TriggerInfo
	runtime Runtime
	module  Module
}

// Route is an http trigger.
type Route struct {
	Method, Path, Function string
}

// Load prepares functions without switching to them. An error names the
// function; nothing stays loaded then.
func (s *Service) Load(ctx context.Context, fs []Function, allow Allow) (*Set, error) {
	set := &Set{service: s, allow: allow, byName: map[string]*loaded{}, before: map[string][]*loaded{}, events: map[string][]*loaded{}}
	fs = slices.Clone(fs)
	slices.SortFunc(fs, func(a, b Function) int { return compare(a.Name, b.Name) })
	for _, f := range fs {
		info, ok := f.Trigger.Kind.Info()
		if !ok {
			set.Close()
			return nil, hutch.Errorf(hutch.InvalidArgument, "function %s: unknown trigger %q", f.Name, f.Trigger.Kind)
		}
		if f.Timeout == 0 {
			f.Timeout = info.Timeout
		}
		rt := s.o.Runtimes[f.Runtime]
		if rt == nil {
			set.Close()
			return nil, hutch.Errorf(hutch.InvalidArgument, "function %s: unknown runtime %q", f.Name, f.Runtime)
		}
		f.Admin = f.Admin || !info.Caller
		f.Bundle.Function, f.Bundle.Admin = f.Name, f.Admin
		m, err := rt.Load(ctx, f.Bundle)
		if err != nil {
			set.Close()
			e := *hutch.AsError(err)
			e.Message = "function " + f.Name + ": " + e.Message
			return nil, &e
		}
		l := &loaded{Function: f, info: info, runtime: rt, module: m}
		set.byName[f.Name] = l
		switch f.Trigger.Kind {
		case TriggerHTTP:
			set.routes = append(set.routes, Route{f.Trigger.Method, f.Trigger.Path, f.Name})
		case TriggerBefore:
			set.before[f.Trigger.Collection] = append(set.before[f.Trigger.Collection], l)
		case TriggerJudge, TriggerHear:
			set.events[f.Trigger.Event] = append(set.events[f.Trigger.Event], l)
		case TriggerCall:
		}
	}
	return set, nil
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// retirement is how long a former set stays loaded: calls and writes that began
// under it end with it.
const retirement = time.Minute

// Use switches calls and routes to set; running calls end under the former one,
// which is closed a minute later.
func (s *Service) Use(set *Set) {
	if old := s.set.Swap(set); old != set {
		time.AfterFunc(max(retirement, s.o.Request), old.Close)
	}
}

// Close gives the modules back, once. Running calls are not disturbed.
func (set *Set) Close() {
	set.closed.Do(func() {
		for _, l := range set.byName {
			l.module.Release()
		}
	})
}

// Routes lists the http triggers.
func (s *Service) Routes() []Route { return s.set.Load().routes }

// Close releases what is loaded; the runtimes stay open.
func (s *Service) Close() { s.set.Swap(&Set{service: s}).Close() }

// who is the share of the queue that a caller draws from: a principal, for
// guests their network.
func who(p *hutch.Principal, ip string) string {
	if !p.IsGuest() {
		return p.Kind.String() + ":" + p.UID
	}
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return "guest:" + ip
	}
	if addr = addr.Unmap(); addr.Is6() {
		if net, err := addr.Prefix(64); err == nil {
			return "guest:" + net.String()
		}
	}
	return "guest:" + addr.String()
}

func (s *Service) newID() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(s.o.Entropy, b[:]); err != nil {
		return "", hutch.Errorf(hutch.Internal, "making an id: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}
