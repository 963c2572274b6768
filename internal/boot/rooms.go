package boot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"

	"github.com/oklog/ulid/v2"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/config"
	"github.com/hutch-dev/hutch/data"
	"github.com/hutch-dev/hutch/data/jobs"
	"github.com/hutch-dev/hutch/data/transfer"
	"github.com/hutch-dev/hutch/internal/child"
	"github.com/hutch-dev/hutch/internal/history"
	"github.com/hutch-dev/hutch/server"
)

// storeFolder is the embedded store's in the data folder.
const storeFolder = "store"

// openStore opens the store of the URL; a shared one is waited for.
func (a *App) openStore(ctx context.Context, dataOnly bool) error {
	c := a.o.Config
	url, err := config.ParseStore(c.Store.Reveal())
	if err != nil {
		return err
	}
	for _, s := range a.o.Stores {
		if s.Scheme != url.Scheme {
			continue
		}
		a.scheme, a.waits = s.Scheme, s.Shared && !dataOnly
		err := a.patient(ctx, "opening the store", func() (err error) {
			a.store, err = s.Open(ctx, StoreOptions{
				URL: c.Store.Reveal(), Database: config.DatabaseOf(c.Name),
				Dir: filepath.Join(a.o.DataDir, storeFolder), Durability: c.Durability, Log: a.log, Now: a.o.Now,
			})
			return err
		})
		if err != nil {
			a.store = nil // not one that holds nothing
			return err
		}
		a.shared = s.Shared
		return nil
	}
	return hutch.Errorf(hutch.InvalidArgument, "this version has no store for the URL in `store`").
		WithHint("leave `store` empty for the embedded one")
}

// dataLimits are the limits of documents and queries.
func dataLimits(c *config.Config) data.Limits {
	l := data.DefaultLimits()
	l.MaxScan, l.ScanBytes, l.AnswerBytes = c.Limits.MaxScan, c.Limits.ScanBytes, c.Limits.Answer
	return l
}

// entropyOf gives what ids are made of: ulid's own is faster than a system call an id.
func entropyOf(r io.Reader) io.Reader {
	if r == nil {
		return ulid.DefaultEntropy()
	}
	return r
}

// systemCollections are the rooms' own.
func systemCollections() []data.Collection {
	var cs []data.Collection
	for _, name := range append(auth.Collections(), seedsCollection, nodesCollection, server.ViewsCollection, history.Collection) {
		cs = append(cs, data.Collection{Name: name, Indexes: auth.Indexes()[name]})
	}
	for _, name := range journalCollections() {
		cs = append(cs, data.Collection{Name: name})
	}
	cs = append(cs, data.Collection{Name: transfer.Collection, Indexes: transfer.Indexes()})
	return append(cs, jobs.Collections()...)
}

func (a *App) openAuth(ctx context.Context, keys *secrets, inProcess bool) error {
	c := a.o.Config
	params := auth.DefaultParams()
	params.Memory, params.Time = uint32(c.Auth.HashMemory>>10), uint32(c.Auth.HashTime)
	hash := auth.HasherOptions{Params: params, Entropy: a.o.Entropy}
	if !inProcess {
		cores := runtime.GOMAXPROCS(0)
		pool, err := a.childPool(child.Options{
			Children: cores, Nice: 10, Memory: auth.HashMemory(params), Exe: a.o.Exe, Log: a.log,
		})
		if err != nil {
			return fmt.Errorf("starting the processes that hash passwords: %w", err)
		}
		a.hashers, hash.Pool, hash.Workers = pool, pool, cores
	}
	hasher, err := auth.NewHasher(hash)
	if err != nil {
		return err
	}
	providers, err := a.providers()
	if err != nil {
		return err
	}
	mail, err := a.o.mail(a.log)
	if err != nil {
		return err
	}
	captcha, err := a.o.captcha(a.publicURL)
	if err != nil {
		return err
	}
	redirects, err := auth.ParseRedirects(c.Auth.Redirects)
	if err != nil {
		return err
	}
	err = a.patient(ctx, "reading the signing keys", func() (err error) {
		a.Auth, err = auth.New(ctx, auth.Options{
			System: a.Data.System(a.o.authCollections()...), Feed: a.Data.Feed(), Counter: a.Data.Counter(), Erasures: a.Data,
			Lease:     a.Data.Lease("auth sweep", auth.SweepLease),
			Providers: providers, Mail: mail, Redirects: redirects, Passkeys: auth.PasskeyOptions{Origins: c.Auth.PasskeyOrigins}, Captcha: captcha,
			Hasher: hasher, MasterKey: keys.master, PublicURL: a.publicURL, Signup: c.Auth.Signup, Anonymous: c.Auth.Anonymous, MinLength: int(c.Auth.MinLength),
			Hooks: hooks{a}, Profile: a.profile(), AnyLevel: c.Auth.MFA == "optional",
			Operators: a.operators(),
			Lifetimes: auth.Lifetimes{Access: c.Auth.AccessToken, Idle: c.Auth.Idle, Max: c.Auth.Max},
			Now:       a.o.Now, Entropy: a.o.Entropy, Log: a.log,
		})
		return err
	})
	if errors.Is(err, auth.ErrMasterKey) {
		return a.otherKey(keys, err)
	}
	return err
}

// childPool starts children that hold no secrets but their work's: where the
// kernel cannot confine them, that is told and they run all the same.
func (a *App) childPool(o child.Options) (*child.Pool, error) {
	if a.o.Config.Isolation == "off" {
		o.Isolation = child.Off
	}
	pool, err := child.NewPool(o)
	if errors.Is(err, child.ErrIsolation) {
		a.log.Warn("password hashing is not confined", slog.Any("error", err))
		o.Isolation = child.Off
		pool, err = child.NewPool(o)
	}
	return pool, err
}

// publicURL is the base of issuers and links.
func (a *App) publicURL() string {
	if u := a.o.Config.PublicURL.Reveal(); u != "" {
		return u
	}
	return a.o.Base
}
