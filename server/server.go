package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/hutch-dev/hutch"
)

// Server answers HTTP and websockets.
type Server struct {
	o      Options
	app    *fiber.App
	routes []*Route
	parts  atomic.Pointer[parts]
	ids    idSource
	stats  *stats
	pages  *Route // what r.page answers, in logs and metrics
	files  *web   // of the dashboard; nil: none
	public publicURL

	deskRoute *Route // what deskPage answers, in logs and metrics
	log       *slog.Logger

	base     context.Context //nolint:containedctx // parent of every request's
	end      context.CancelFunc
	now      func() time.Time
	inner    func(*request) // Fiber's routing
	live     atomic.Bool    // false once Shutdown began
	tails    tails
	searches struct{ operators, keys gate } // of the journals
	hosts    hosts
	fresh    peers
	told     told
	closed   sync.Once
}

// New makes a Server; invalid_argument for options that cannot be.
func New(o Options) (*Server, error) {
	if o.Data == nil || o.Auth == nil {
		return nil, hutch.Errorf(hutch.InvalidArgument, "a server needs Data and Auth")
	}
	d := DefaultLimits()
	o.Limits.Body = cmp.Or(o.Limits.Body, d.Body)
	o.Limits.Request = cmp.Or(o.Limits.Request, d.Request)
	o.Limits.Head = cmp.Or(o.Limits.Head, d.Head)
	o.Limits.Upload = cmp.Or(o.Limits.Upload, d.Upload)
	if o.Limits.Body > maxRead {
		return nil, hutch.Errorf(hutch.InvalidArgument, "limits.body is at most 16MiB")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	if o.Ready == nil {
		o.Ready = func() error { return nil }
	}
	s := &Server{o: o, log: o.Log, now: o.Now, routes: table(o.Limits)}
	var err error
	if s.public, err = parsePublicURL(o.PublicURL); err != nil {
		return nil, err
	}
	s.base, s.end = context.WithCancel(context.Background())
	s.ids.seed()
	s.stats = newStats(o.Metrics, s.routes)
	s.pages = &Route{Method: http.MethodGet, Path: "/", Service: ServiceApp, App: true, Name: "pages"}
	s.stats.add(s.pages)
	if err := s.openDesk(); err != nil {
		return nil, err
	}
	if err := s.Use(o.Parts); err != nil {
		return nil, err
	}
	s.build()
	s.live.Store(true)
	return s, nil
}

// build makes the Fiber app: the table, then what is not in it.
func (s *Server) build() {
	s.app = fiber.New(fiber.Config{
		DisableStartupMessage:        true,
		CaseSensitive:                true,
		StrictRouting:                true,
		EnableTrustedProxyCheck:      true,
		DisablePreParseMultipartForm: true,
		BodyLimit:                    maxRead,
		ReadBufferSize:               maxHead,
		ReadTimeout:                  s.o.Limits.Head,
		WriteTimeout:                 writeTime,
		IdleTimeout:                  idleTime,
		ErrorHandler:                 failFiber,
	})
	for _, route := range s.routes {
		h := func(c *fiber.Ctx) error {
			r := c.Context().UserValue(requestKey{}).(*request)
			r.route = route
			for i, name := range route.names {
				r.params[i] = c.Params(name)
			}
			r.serve()
			return nil
		}
		s.app.Add(route.Method, route.fiber, h)
		if route.Method == http.MethodGet {
			s.app.Add(http.MethodHead, route.fiber, h)
		}
	}
	s.app.Use(func(c *fiber.Ctx) error {
		c.Context().UserValue(requestKey{}).(*request).unrouted()
		return nil
	})
	web := s.app.Server()
	fiberHandler := s.app.Handler() // builds the routing tree
	s.inner = func(r *request) { fiberHandler(r.fctx) }
	web.Handler = s.handle
	web.ErrorHandler = s.broken
	web.HeaderReceived = s.headerReceived
	web.KeepHijackedConns = true // ws_upgrade.go serves them
	web.CloseOnShutdown = true
}

// Use replaces what a reload changes; requests in flight end with what they
// began with.
func (s *Server) Use(p Parts) error {
	next, err := s.newParts(p)
	if err != nil {
		return err
	}
	s.parts.Store(next)
	return nil
}

// Serve answers on ln until ctx ends or Shutdown is called, then drains as
// Shutdown does with 10 s. nil is a clean end.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	if !s.live.Load() {
		return ln.Close()
	}
	s.hosts.listen(ln.Addr())
	stop := context.AfterFunc(ctx, func() {
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
		defer cancel()
		if err := s.Shutdown(drain); err != nil {
			s.log.Warn("requests were cut off at shutdown", slog.Any("error", err))
		}
	})
	defer stop()
	defer s.closing(ln)()
	err := s.app.Listener(listener{ln, &s.fresh, false})
	if !s.live.Load() { // the listener was closed by Shutdown
		<-s.base.Done()
		return nil
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return hutch.Errorf(hutch.Unavailable, "listening: %w", err)
	}
	return nil
}

// closing closes ln at the end of Shutdown, which ends only what listens by then.
func (s *Server) closing(ln net.Listener) (stop func() bool) {
	return context.AfterFunc(s.base, func() { _ = ln.Close() })
}

const drainTime = 10 * time.Second

// Shutdown stops accepting, says bye to sockets, waits for running requests
// until ctx ends, and then ends their contexts.
func (s *Server) Shutdown(ctx context.Context) error {
	s.live.Store(false)
	var err error
	s.closed.Do(func() {
		defer s.end()
		if s.o.Sockets != nil {
			err = s.o.Sockets.Shutdown(ctx)
		}
		s.fresh.close()
		err = errors.Join(err, s.app.ShutdownWithContext(ctx))
	})
	<-s.base.Done()
	return err
}
