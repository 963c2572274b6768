package boot

import (
	"log/slog"
	"time"

	"github.com/hutch-dev/hutch"
	"github.com/hutch-dev/hutch/auth"
	"github.com/hutch-dev/hutch/config"
)

// ProviderOptions is what a provider gets to open.
type ProviderOptions struct {
	Now func() time.Time
	Log *slog.Logger
}

// OpenProvider makes the adapter of one row of auth.providers. It asks nothing
// of the provider.
type OpenProvider func(row config.Provider, o ProviderOptions) (auth.Provider, error)

const codeProvider = "provider"

// providers opens those that have a secret; the log names the others.
func (a *App) providers() (auth.Providers, error) {
	out := auth.Providers{}
	for _, row := range a.o.Config.Auth.Providers {
		if row.Secret.Reveal() == "" {
			a.log.Warn("a provider is off: its clientSecret is empty", slog.String("provider", row.Name))
			continue
		}
		p, err := a.o.openProvider(row, a.log)
		if err != nil {
			return nil, err
		}
		out[row.Name] = p
	}
	return out, nil
}

func (o *Options) openProvider(row config.Provider, log *slog.Logger) (auth.Provider, error) {
	if o.Providers == nil {
		return nil, hutch.Errorf(hutch.InvalidArgument, "this version has no providers")
	}
	return o.Providers(row, ProviderOptions{Now: o.Now, Log: log})
}

// checkProviders finds rows that would not open.
func (b *compiler) checkProviders(o *Options) {
	for _, row := range b.c.Auth.Providers {
		if row.Secret.Reveal() == "" || o.Providers == nil {
			continue
		}
		if _, err := o.openProvider(row, slog.New(slog.DiscardHandler)); err != nil {
			e := hutch.AsError(err)
			b.errorf(b.c.Pos("auth.providers."+row.Name), codeProvider, e.Hint, "auth.providers.%s: %s", row.Name, e.Message)
		}
	}
}
