// Package boot builds the app from its config and the lists of adapters: it
// turns a config.Config into the options of every room and plugs the rooms into
// each other. cmd/hutch and black-box tests use it.
//
// New opens store, auth, functions and server; Serve answers, brings indexes
// and seeds in, and then closes Ready; Reload switches to another config;
// Operate does what the command line asks of the data.
//
// On a store that is shared each App is a node: it writes itself to _nodes,
// configures the store and seeds it while no other does, and waits for a
// database that does not answer yet (shared.go, nodes.go).
//
// Guarantees: a config that does not work leaves the old one running; nothing
// is answered from documents before the first indexes and seeds are in; nodes
// with another master key do not start; an index is dropped when no live node
// names it.
//
// Limits: a reload takes over collections, rules, functions, pages and CORS;
// store, auth and limits hold until the next start.
package boot

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
	"github.com/hutch-dev/hutch/data/live"
	"github.com/hutch-dev/hutch/functions"
	"github.com/hutch-dev/hutch/internal/child"
	"github.com/hutch-dev/hutch/internal/history"
	"github.com/hutch-dev/hutch/server"
)

// StoreOptions is what a store gets to open.
type StoreOptions struct {
	URL        string // "" for the embedded one; a secret
	Database   string // where the URL names none
	Dir        string // a folder of its own in the data folder
	Durability string
	Log        *slog.Logger
	Now        func() time.Time
}

// Store is an adapter of data.Store.
type Store struct {
	Scheme string // of the URL; "" is the embedded one
	Shared bool   // by any number of nodes
	Open   func(context.Context, StoreOptions) (data.Store, error)
}

// RuntimeOptions is what a runtime gets to open.
type RuntimeOptions struct {
	Isolation child.Isolation
	Exe       string // what children run; "": this program
	Log       *slog.Logger
}

// Runtime is an adapter of functions.Runtime.
type Runtime struct {
	Name string
	Open func(RuntimeOptions) (functions.Runtime, error)
}

// Options of an App. Dir, DataDir and Config are needed.
type Options struct {
	Dir     string // the app folder
	FS      fs.FS  // the same, through os.Root
	DataDir string // private, held by the caller's lock
	Config  *config.Config

	Stores   []Store
	Runtimes []Runtime

	Providers OpenProvider // nil: none
	Mailer    OpenMailer   // nil: no mail
	Captcha   OpenCaptcha  // nil: none

	Dashboard fs.FS        // its files; nil: none
	Desk      net.Listener // the dashboard's own; nil: none

	Host      string        // what the others call this node: a name and a port
	Heartbeat time.Duration // of this node, on a store that is shared [5s]
	Base      string        // what the listener is reached by: the default of publicUrl
	MasterKey hutch.Secret  // HUTCH_MASTER_KEY; "": master.key in the data folder
	Dev       bool
	Exposed   bool              // dev off loopback
	Public    map[string]string // PUBLIC_ variables, for pages
	Exe       string            // what children run; "": this program
	Now       func() time.Time
	Entropy   io.Reader
	Log       *slog.Logger
}

// App is a Hutch that is wired up.
type App struct {
	o       Options
	log     *slog.Logger
	store   data.Store
	hashers *child.Pool // nil: hashing in this process

	Data      *data.Service
	Auth      *auth.Service
	Functions *functions.Service
	Server    *server.Server // nil with NewData

	jobs    *jobs.Pool       // nil with NewData
	past    *history.History // nil with NewData
	live    *live.Hub        // nil with NewData
	logs    *data.Journal    // nil with NewData
	lines   *data.Journal    // nil with NewData
	runs    *functions.Runs  // nil with NewData
	keeper  *keeper
	sockets *server.Realtime // nil with NewData; the server ends it

	scheme string // of the store's URL
	shared bool   // the store, by any number of nodes
	nodes  *nodes // nil: the store is not shared, or with NewData
	waits  bool   // for a database that does not answer yet

	groupKey [32]byte // names groups of live queries

	runtimes map[string]functions.Runtime
	confined map[string]error // why a runtime runs nothing
	metrics  *prometheus.Registry
	state    atomic.Pointer[state]

	reload  sync.Mutex // one Reload at a time; guards release
	release *release   // in use
	inUse   atomic.Pointer[config.Config]
	history configHistory // of configs, for the dashboard
	started time.Time

	ready    chan struct{} // closed when the first indexes and seeds are in
	seeding  atomic.Bool
	base     context.Context // ends with Close
	stop     context.CancelFunc
	upkeep   sync.WaitGroup
	shutdown sync.Once
}

// New wires everything up. Nothing listens and nothing is configured in the
// store until Serve.
func New(ctx context.Context, o Options) (*App, error) {
	a, err := open(ctx, &o, false)
	if err != nil {
		return nil, err
	}
	if err := a.openServer(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// NewData opens store and auth alone, for Operate beside no server.
func NewData(ctx context.Context, o Options) (*App, error) { return open(ctx, &o, true) }

func open(ctx context.Context, o *Options, dataOnly bool) (_ *App, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Entropy == nil {
		o.Entropy = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	keeper := newKeeper(o.Log.Handler())
	o.Log = slog.New(keeper)
	a := &App{
		o: *o, log: o.Log, keeper: keeper, ready: make(chan struct{}), metrics: prometheus.NewRegistry(), started: o.Now(),
		runtimes: map[string]functions.Runtime{}, confined: map[string]error{},
	}
	a.state.Store(&state{})
	base, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	keys, err := a.masterKey()
	if err != nil {
		return nil, err
	}
	a.groupKey = keys.groups
	if err := a.openStore(ctx, dataOnly); err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	a.Data = data.New(data.Options{
		Store: a.store, Limits: dataLimits(o.Config), CursorKey: keys.cursor[:], Now: o.Now, Entropy: entropyOf(o.Entropy), Log: o.Log, Dev: o.Dev,
		Valid: func(ctx context.Context, p hutch.Principal) error { return a.Auth.StillValid(ctx, p) },
		Bypassed: func(ctx context.Context, p hutch.Principal, coll string) error {
			return a.Auth.Note(hutch.WithPrincipal(ctx, p), auth.Act{What: "documents_read", Target: coll})
		},
		Wrote: a.wrote,
	})
	colls := systemCollections()
	if dataOnly { // a server brings the app's in when it serves
		if colls, err = withProfiles(colls, o); err != nil {
			return nil, err
		}
	}
	err = a.patient(ctx, "opening the system's collections", func() error {
		return a.Data.Use(ctx, data.App{Collections: colls})
	})
	if err != nil {
		return nil, fmt.Errorf("opening the system's collections: %w", err)
	}
	if err := a.openAuth(ctx, &keys, dataOnly); err != nil {
		return nil, fmt.Errorf("opening auth: %w", err)
	}
	if dataOnly {
		return a, nil
	}
	a.base = base
	a.openJobs()
	a.openJournals()
	a.upkeep.Go(func() {
		if err := a.Auth.Run(base); err != nil && base.Err() == nil {
			a.log.Error("auth stopped", slog.Any("error", err))
		}
	})
	return a, nil
}

// Ready is closed once requests are answered from the data.
func (a *App) Ready() <-chan struct{} { return a.ready }

// Close ends everything but the server, which Serve ends.
func (a *App) Close() error {
	var errs []error
	a.shutdown.Do(func() {
		a.stop()
		if a.live != nil {
			a.live.Close()
		}
		a.closeJobs() // first, as they run functions
		if a.Functions != nil {
			a.Functions.Close()
		}
		for _, rt := range a.runtimes {
			errs = append(errs, rt.Close())
		}
		if a.Auth != nil {
			// what is noted in memory, e.g. the last use of keys
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			errs = append(errs, a.Auth.Maintain(ctx))
			cancel()
		}
		a.upkeep.Wait()
		if a.nodes != nil {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			if err := a.nodes.leave(ctx); err != nil {
				a.log.Warn("the other nodes will miss this one for a while", slog.Any("error", err))
			}
			cancel()
		}
		if a.hashers != nil {
			a.hashers.Close()
		}
		if a.Data != nil {
			errs = append(errs, a.Data.Close())
		}
		if a.store != nil {
			errs = append(errs, a.store.Close())
		}
	})
	return errors.Join(errs...)
}
