package boot

import (
	"context"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/config"
)

// Reload switches to another config of the same folder: collections, rules,
// functions, pages, CORS. With errors among the findings the old one runs on.
func (a *App) Reload(ctx context.Context, c *config.Config) ([]hutch.Diagnostic, error) {
	a.reload.Lock()
	defer a.reload.Unlock()
	begun := time.Now()
	ds, err := a.reloadTo(ctx, c)
	if err == nil {
		a.history.use(c, ds)
		a.log.Info("reloaded", slog.Duration("took", time.Since(begun).Round(time.Millisecond)))
	}
	a.history.note(a.o.Now(), slices.Concat(c.Warnings(), ds), err)
	a.told(ctx, err)
	return ds, err
}

func (a *App) reloadTo(ctx context.Context, c *config.Config) ([]hutch.Diagnostic, error) {
	if err := a.outside(c); err != nil {
		return nil, err
	}
	r, ds := compile(ctx, &a.o, c)
	if r == nil {
		return ds, &ConfigError{ds}
	}
	var err error
	if r.code, err = a.Functions.Load(ctx, r.functions, r.judge); err != nil {
		return ds, err
	}
	old := a.release
	if err := a.use(ctx, r); err != nil {
		r.code.Close()
		return ds, err
	}
	a.Functions.Use(r.code)
	if err := a.Server.Use(a.parts(r)); err != nil {
		return ds, err
	}
	a.sockets.Rebind()
	a.release = r
	a.inUse.Store(c)
	next := &state{warnings: ds, restart: needRestart(a.o.Config, c)}
	a.state.Store(next)
	for _, key := range needRestart(old.config, c) {
		a.log.Warn("this change takes effect at the next start", slog.String("key", key))
	}
	return ds, nil
}

// needRestart names the keys that differ and are read at the start only.
func needRestart(old, now *config.Config) (keys []string) {
	for key, differs := range map[string]bool{
		"admin": old.Admin != now.Admin, "auth": !reflect.DeepEqual(old.Auth, now.Auth), "limits": old.Limits != now.Limits, "logs": old.Logs != now.Logs, "store": old.Store != now.Store,
		"durability": old.Durability != now.Durability, "publicUrl": old.PublicURL != now.PublicURL, "isolation": old.Isolation != now.Isolation,
		"proxies": !slices.Equal(old.Proxies, now.Proxies), "name": old.Name != now.Name,
	} {
		if differs {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
