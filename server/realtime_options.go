package server

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/data/live"
)

// SocketLimits bound sockets; zero fields take the documented defaults.
type SocketLimits struct {
	Connections   int // of the node: 20,000
	Sockets       int // of guests of an address: 1,000
	Subscriptions int // of a signed-in socket: 100; guests have 20
}

// SocketAuth is what sockets need of auth.
type SocketAuth interface {
	Authenticate(ctx context.Context, c auth.Credentials) (p hutch.Principal, ends time.Time, err error)
	Watch(f func(auth.Change)) (stop func())
	// As is whom an operator looks through, "" a guest; Note tells the audit of it.
	As(ctx context.Context, operator hutch.Principal, uid string) (hutch.Principal, error)
	Note(ctx context.Context, a auth.Act) error
}

// SocketOperators is what sockets of the dashboard need of auth.
type SocketOperators interface {
	Verify(ctx context.Context, token string) (p hutch.Principal, ends time.Time, stale bool, err error)
}

// SocketTimes are how long sockets wait; zero fields take the documented defaults.
type SocketTimes struct {
	Hello time.Duration // for the first frame: 10 s
	Quiet time.Duration // without anything from the client: 75 s
	Stuck time.Duration // for a write that nobody reads: 30 s
	Grace time.Duration // after exp, for a new token: 60 s
}

// RealtimeOptions of a Realtime.
type RealtimeOptions struct {
	Hub  *live.Hub
	Auth SocketAuth
	// Operators verifies who sits at the dashboard; nil: nobody does.
	Operators SocketOperators
	Limits    SocketLimits
	Times     SocketTimes
	Log       *slog.Logger
	Now       func() time.Time
	// After calls a function later, unless stopped; nil: time.AfterFunc.
	After func(time.Duration, func()) (stop func() bool)
}

func (o *RealtimeOptions) complete() {
	o.Limits.Connections = cmp.Or(o.Limits.Connections, 20_000)
	o.Limits.Sockets = cmp.Or(o.Limits.Sockets, 1000)
	o.Limits.Subscriptions = cmp.Or(o.Limits.Subscriptions, 100)
	o.Times.Hello = cmp.Or(o.Times.Hello, 10*time.Second)
	o.Times.Quiet = cmp.Or(o.Times.Quiet, 75*time.Second)
	o.Times.Stuck = cmp.Or(o.Times.Stuck, 30*time.Second)
	o.Times.Grace = cmp.Or(o.Times.Grace, 60*time.Second)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.After == nil {
		o.After = func(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }
	}
}
